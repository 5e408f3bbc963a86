//! No other site makes a visitor's browser do anything here (requests forged across sites).

use super::{ROUTES, Two, is_stream, path};
use axum::http::StatusCode;

#[tokio::test]
async fn a_request_of_another_site_changes_nothing_whoever_is_signed_in() {
    let two = Two::new().await;
    let before = two.world.store.head().await.unwrap();
    let mut tries = 0;
    for route in ROUTES {
        // Mail programs and the services behind them send this one, from wherever they are (RFC 8058): the token in the
        // address is the whole right to it, and no cookie counts.
        if route.pattern == "/mail/unsubscribe/{token}/" {
            continue;
        }
        let path = path(&two, route);
        for method in two.methods(&path).await.iter().filter(|method| *method != "GET" && *method != "HEAD") {
            for (name, value) in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "https://evil.example"),
                ("origin", "null"),
                ("origin", "https://conf.example.org.evil.example"),
            ] {
                for cookie in [None, Some(&two.ours.cookie)] {
                    let mut headers =
                        vec![(name, value), ("content-type", "application/x-www-form-urlencoded")];
                    headers.extend(cookie.map(|cookie| ("cookie", cookie.as_str())));
                    let answer = two.world.send(method, &path, &headers, "session=TALK01&name=x").await;
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path} with {name}: {value}");
                    tries += 1;
                }
            }
        }
    }
    assert!(tries > 10);
    assert_eq!(two.world.store.head().await.unwrap(), before);
}

#[tokio::test]
async fn reading_changes_nothing() {
    let two = Two::new().await;
    let before = two.world.store.head().await.unwrap();
    for route in ROUTES.iter().filter(|route| !is_stream(route)) {
        let path = path(&two, route);
        if two.methods(&path).await.iter().any(|method| method == "GET") {
            two.ask(Some(&two.ours), "GET", &path).await;
            two.ask(Some(&two.ours), "HEAD", &path).await;
        }
    }
    assert_eq!(two.world.store.head().await.unwrap(), before);
}
