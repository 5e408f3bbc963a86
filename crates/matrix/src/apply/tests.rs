//! What a real homeserver does only on a bad day. The rest is tried with a real one.

use super::*;
use crate::{client::Options, id::ServerName, registration::Namespace, secret::Secret};
use axum::{Router, body::Body, http::Request, routing::any};
use std::sync::{Arc, Mutex};

fn desired() -> Desired {
    let ours = Namespace::new(ServerName::parse("example.org").unwrap());
    let rooms = ["a", "b"].map(|key| Room::chat(key, "Room", &[])).to_vec();
    Desired::new(ours, "12", rooms).unwrap()
}

fn make(key: &str) -> Action {
    Action::Make { room: key.to_owned() }
}

/// A homeserver that answers each call with the next of these, and takes down what was asked.
async fn homeserver(answers: Vec<(u16, &'static str)>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (left, noted) = (Arc::new(Mutex::new(answers.into_iter())), Arc::clone(&asked));
    let answer = move |request: Request<Body>| {
        noted.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
        let (status, body) = left.lock().unwrap().next().unwrap_or((500, "{}"));
        async move { (axum::http::StatusCode::from_u16(status).unwrap(), body) }
    };
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, Router::new().fallback(any(answer))).await });
    (Client::new(Options::new(&address, &Secret::random().unwrap())).unwrap(), asked)
}

const MAKE: &str = "POST /_matrix/client/v3/createRoom";
const NOT_FOUND: &str = r#"{"errcode":"M_NOT_FOUND","error":"no such alias"}"#;

#[tokio::test]
async fn a_room_whose_making_failed_is_looked_for_before_it_is_made_again() {
    let (client, asked) =
        homeserver(vec![(500, "<html>"), (404, NOT_FOUND), (200, r#"{"room_id":"!made"}"#)]).await;
    let mut observed = Observed::default();
    let report = apply(&client, &desired(), &mut observed, &[make("a")], |_| {}).await;
    assert!(report.complete() && report.done == 1, "{report:?}");
    assert_eq!(observed.ids()["a"].as_str(), "!made");
    let look = "GET /_matrix/client/v3/directory/room/%23plenary_a:example.org";
    assert_eq!(*asked.lock().unwrap(), [MAKE, look, MAKE]);
}

#[tokio::test]
async fn what_is_refused_is_passed_over_with_what_depends_on_it_and_the_rest_is_done() {
    let refused = r#"{"errcode":"M_FORBIDDEN","error":"not you"}"#;
    let (client, _) = homeserver(vec![(403, refused), (200, r#"{"room_id":"!b"}"#), (200, "{}")]).await;
    let list = |key: &str| Action::List { room: key.to_owned(), listed: true };
    let actions = [make("a"), list("a"), make("b"), list("b")];
    let mut observed = Observed::default();
    let report = apply(&client, &desired(), &mut observed, &actions, |_| {}).await;
    assert_eq!((report.done, report.stopped), (2, None));
    let unmet: Vec<_> = report.unmet.iter().map(|unmet| (&unmet.action, unmet.why.is_some())).collect();
    assert_eq!(unmet, [(&actions[0], true), (&actions[1], false)]);
}

#[tokio::test]
async fn a_homeserver_that_keeps_failing_ends_it_and_nothing_is_lost() {
    let (client, asked) = homeserver(vec![(200, r#"{"room_id":"!a"}"#)]).await;
    let fact = Action::State { room: "a".to_owned(), fact: Fact::Name };
    let mut observed = Observed::default();
    let report = apply(&client, &desired(), &mut observed, &[make("a"), fact, make("b")], |_| {}).await;
    assert_eq!(report.done, 1);
    assert!(matches!(report.stopped, Some(Error::Failed { status: 500, .. })), "{report:?}");
    assert!(!report.complete() && observed.ids().contains_key("a"), "what was made is known");
    assert_eq!(asked.lock().unwrap().len(), 5, "once, and the second step four times");
}
