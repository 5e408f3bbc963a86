//! What protects the visitor stands on every answer.

use super::{Access, ROUTES, Two, is_stream, path};

#[tokio::test]
async fn every_answer_protects_the_visitor() {
    let two = Two::new().await;
    let mut paths = vec!["/no/such/page/".to_owned(), "/garden-2027/schedule".to_owned()];
    for route in ROUTES.iter().filter(|route| !is_stream(route)) {
        paths.push(path(&two, route));
    }
    for path in paths {
        for (who, method) in
            [(None, "GET"), (Some(&two.ours), "GET"), (Some(&two.ours), "POST"), (None, "PUT")]
        {
            let answer = two.ask(who, method, &path).await;
            let seen = format!("{method} {path}: {}", answer.status);
            let policy = answer.header("content-security-policy");
            for part in [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "form-action 'self'",
            ] {
                assert!(policy.contains(part), "{seen} lacks {part}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{seen}: {policy}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{seen}");
            assert!(!answer.header("referrer-policy").is_empty(), "{seen}");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{seen}");
            assert!(!answer.header("strict-transport-security").is_empty(), "{seen}");
            assert!(!answer.header("cache-control").is_empty(), "{seen}");
            for cookie in answer.headers.get_all("set-cookie") {
                let cookie = cookie.to_str().unwrap();
                for part in ["__Host-", "HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
                    assert!(cookie.contains(part), "{seen}: {cookie} lacks {part}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_belongs_to_one_person_is_kept_nowhere_and_no_other_site_reads_it() {
    let two = Two::new().await;
    for route in ROUTES.iter().filter(|route| route.access != Access::Public && !is_stream(route)) {
        let path = path(&two, route);
        for (who, method) in [(None, "GET"), (Some(&two.ours), "GET"), (Some(&two.nobody), "POST")] {
            let answer = two.ask(who, method, &path).await;
            let seen = format!("{method} {path}: {}", answer.status);
            assert!(
                answer.header("cache-control").contains("no-store"),
                "{seen}: {}",
                answer.header("cache-control")
            );
            assert_eq!(answer.header("access-control-allow-origin"), "", "{seen}");
        }
        // Also the way there without the slash at the end.
        let bare = path.trim_end_matches('/');
        if bare != path && !bare.is_empty() {
            let answer = two.ask(Some(&two.ours), "GET", bare).await;
            assert!(
                answer.header("cache-control").contains("no-store"),
                "{bare}: {}",
                answer.header("cache-control")
            );
        }
    }
}

#[tokio::test]
async fn a_page_holds_no_script_or_style_of_its_own() {
    let two = Two::new().await;
    for route in ROUTES.iter().filter(|route| !is_stream(route)) {
        let path = path(&two, route);
        let answer = two.ask(Some(&two.ours), "GET", &path).await;
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        let page = answer.text();
        for tag in page.split("<script").skip(1) {
            let (head, rest) = tag.split_once('>').unwrap();
            assert!(head.contains("src=") && rest.starts_with("</script>"), "{path}: <script{head}>");
        }
        assert!(!page.contains("<style"), "{path}");
        for attribute in [" style=\"", " onclick=", " onload=", " onerror=", " onsubmit=", "javascript:"] {
            assert!(!page.contains(attribute), "{path} holds {attribute}");
        }
    }
}
