//! Nobody is led away from this site, and no header is written by a visitor.

use super::{ROUTES, Two, is_stream, path};

pub(super) const ELSEWHERE: &[&str] = &[
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https://evil.example/",
    "https:evil.example",
    "%2F%2Fevil.example/",
    "/%2Fevil.example/",
    "/%5Cevil.example/",
    "%09//evil.example",
    "/%09/evil.example",
    "/%0D%0A/evil.example",
    "javascript:alert(1)",
    "/desk/%0D%0AX-Evil:%20yes",
    "%0D%0ASet-Cookie:%20evil=1",
    "/%00//evil.example",
];

/// Whether a browser that is sent there stays on this site (WHATWG URL: a backslash is a slash, control characters vanish).
pub(super) fn stays(location: &str) -> bool {
    let clean: String = location.chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect();
    let clean = clean.trim().replace('\\', "/");
    (clean.starts_with('/') && !clean.starts_with("//")) || clean.starts_with("https://conf.example.org/")
}

#[tokio::test]
async fn no_route_leads_to_another_site_whatever_its_query_says() {
    let two = Two::new().await;
    for route in ROUTES.iter().filter(|route| !is_stream(route)) {
        let path = path(&two, route);
        for elsewhere in ELSEWHERE {
            for who in [None, Some(&two.ours)] {
                let answer = two.ask(who, "GET", &format!("{path}?next={elsewhere}")).await;
                let location = answer.header("location");
                assert!(
                    location.is_empty() || stays(location),
                    "{path}?next={elsewhere} leads to {location}"
                );
                assert_eq!(answer.header("x-evil"), "", "{path}?next={elsewhere}");
                let cookies = answer.headers.get_all("set-cookie");
                assert!(cookies.iter().all(|cookie| !cookie.to_str().unwrap().starts_with("evil")), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_path_that_looks_like_another_site_leads_nowhere() {
    let two = Two::new().await;
    for path in [
        "//evil.example",
        "//evil.example/desk",
        "/\\evil.example",
        "/%5Cevil.example/x",
        "///evil.example/x",
        "/.//evil.example/x",
    ] {
        let answer = two.ask(Some(&two.ours), "GET", path).await;
        let location = answer.header("location");
        assert!(location.is_empty() || stays(location), "{path} leads to {location}");
    }
}
