//! What the client makes of what is no BigBlueButton server, and of what does not come.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

mod support;

use axum::{
    Router,
    http::{StatusCode, header},
    response::{Html, IntoResponse},
};
use bigbluebutton::{
    Secret, Server,
    api::{Client, CreateMeeting, Document, Error, MessageKey},
    checksum::Algorithm,
    meeting::MeetingId,
};
use std::{net::SocketAddr, time::Duration};
use support::{Receiver, SECRET, anywhere, fetcher};

/// A client of somebody who answers everything alike.
async fn of<R: IntoResponse + Clone + Send + Sync + 'static>(answer: R) -> Client {
    let listener = tokio::net::TcpListener::bind(anywhere()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(move || async move { answer });
    tokio::spawn(async move { axum::serve(listener, router).await });
    client(address)
}

fn client(address: SocketAddr) -> Client {
    let server = Server::new(&format!("http://{address}"), Secret::new(SECRET), Algorithm::Sha256).unwrap();
    Client::new(fetcher(), server).within(Duration::from_millis(300))
}

async fn failure<R: IntoResponse + Clone + Send + Sync + 'static>(answer: R) -> Error {
    let error = of(answer).await.meetings().await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains(SECRET) && !text.contains("checksum="), "{text}");
    assert!(!error.remedy().is_empty());
    error
}

#[tokio::test]
async fn a_page_of_html_is_told_from_an_answer() {
    let page = failure(Html("<!DOCTYPE html><html><body>Welcome to nginx!</body></html>")).await;
    assert!(matches!(page, Error::NotBigBlueButton { .. }) && page.is_missed(), "{page}");
    let xhtml = failure("<html><body>Hello</body></html>").await;
    assert!(xhtml.to_string().ends_with("is not BigBlueButton (<html>)"), "{xhtml}");
    let json = failure("{\"response\": {}}").await;
    assert!(matches!(json, Error::NotBigBlueButton { .. }), "{json}");
    let nothing = failure("<response/>").await;
    assert!(matches!(nothing, Error::NotBigBlueButton { .. }), "{nothing}");
    let missing = failure(StatusCode::NOT_FOUND).await;
    assert!(matches!(missing, Error::NotBigBlueButton { .. }), "{missing}");
}

#[tokio::test]
async fn a_failing_proxy_may_pass() {
    for status in [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS] {
        let error = failure((status, Html("<h1>busy</h1>"))).await;
        assert!(matches!(error, Error::Failing { .. }) && error.may_pass(), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_checksum() {
    let receiver = Receiver::start().await;
    let error = failure((StatusCode::FOUND, [(header::LOCATION, receiver.url("/elsewhere"))])).await;
    assert!(matches!(error, Error::NotBigBlueButton { .. }), "{error}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(receiver.calls("/").is_empty());
}

#[tokio::test]
async fn nobody_and_silence_are_told_apart() {
    let listener = tokio::net::TcpListener::bind(anywhere()).await.unwrap();
    let address = listener.local_addr().unwrap();
    // It takes the connection and says nothing.
    let silent = client(address).meetings().await.unwrap_err();
    assert!(
        matches!(silent, Error::TimedOut { after, .. } if after == Duration::from_millis(300)),
        "{silent}"
    );
    drop(listener);
    let nobody = client(address).meetings().await.unwrap_err();
    assert!(matches!(nobody, Error::Unreachable { .. }), "{nobody}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let endless = format!("<response><returncode>SUCCESS</returncode>{}", "<a/>".repeat(2_500_000));
    let error = of(endless).await.within(Duration::from_secs(20)).meetings().await.unwrap_err();
    assert!(error.to_string().contains("more than 8388608 bytes"), "{error}");
}

#[tokio::test]
async fn both_words_for_what_is_gone_are_understood_and_others_are_refusals() {
    let said = |key: &str| {
        format!(
            "<response><returncode>FAILED</returncode><messageKey>{key}</messageKey><message>no\u{7}</message></response>"
        )
    };
    for key in ["notFound", "meetingNotFound", "invalidMeetingIdentifier"] {
        assert!(failure(said(key)).await.is_gone(), "{key}");
    }
    let refused = failure(said("idNotUnique")).await;
    assert!(
        matches!(&refused, Error::Refused { key: MessageKey::IdNotUnique, message, .. } if message.as_str() == "no")
    );
    assert!(!refused.may_pass());
    assert!(failure(said("serverUnavailable")).await.may_pass(), "a balancer may find a server later");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_it_is_sent() {
    let receiver = Receiver::start().await;
    let client = client(receiver.address);
    let id = MeetingId::parse("track-a").unwrap();
    let room = CreateMeeting { welcome: "x".repeat(8_000), ..CreateMeeting::new("Track A") };
    assert!(matches!(client.create(&id, &room).await, Err(Error::TooLong { limit: 7_800, .. })));
    let slides = Document::Inline { name: "a.pdf".to_owned(), bytes: vec![0; 1_600_000] };
    assert!(matches!(client.insert_documents(&id, &[slides]).await, Err(Error::TooLong { .. })));
    assert!(receiver.calls("/").is_empty());
}
