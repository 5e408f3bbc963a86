use super::*;

fn headers(retry: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(retry) = retry {
        headers.insert(RETRY_AFTER, retry.parse().unwrap());
    }
    headers
}

#[test]
fn a_limit_says_when_to_come_again_in_whichever_way_the_homeserver_tells() {
    let limited = |header: Option<&str>, body: &str| match refusal(429, &headers(header), body.as_bytes()) {
        Error::Limited { after } => after.as_millis(),
        other => panic!("{other:?}"),
    };
    assert_eq!(limited(None, r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}"#), 1_500);
    assert_eq!(limited(Some("2"), r#"{"retry_after_ms":1500}"#), 1_500);
    assert_eq!(limited(Some("7"), "<html>"), 7_000);
    assert_eq!(limited(None, "not JSON"), 1_000);
    assert_eq!(limited(Some("99999999"), "{}"), 600_000, "nobody waits for years");
}

#[test]
fn a_refusal_keeps_the_code_and_a_failure_may_pass() {
    let refused =
        refusal(403, &headers(None), br#"{"errcode":"M_FORBIDDEN","error":"You are not in the room"}"#);
    assert!(refused.is("M_FORBIDDEN") && !refused.may_pass());
    assert_eq!(refused.to_string(), "the homeserver refuses (403 M_FORBIDDEN): You are not in the room");
    let failed = refusal(502, &headers(None), b"<html>\n<body>Bad gateway");
    assert!(failed.may_pass() && failed.to_string().contains("Bad gateway"));
}

#[test]
fn only_the_address_of_a_server_is_taken() {
    let secret = Secret::random().unwrap();
    for wrong in
        ["", "matrix.example.org", "ftp://a.example", "https://a.example/matrix", "https://me:pw@a.example"]
    {
        assert!(matches!(Client::new(Options::new(wrong, &secret)), Err(Error::NotAnAddress(_))), "{wrong}");
    }
    let client = Client::new(Options::new(" https://matrix.example.org/ ", &secret)).unwrap();
    assert_eq!(client.address(), "https://matrix.example.org");
    assert!(!format!("{client:?}").contains(secret.secret()));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_and_a_silent_one_times_out() {
    let secret = Secret::random().unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", taken.local_addr().unwrap());
    let mut options = Options::new(&address, &secret);
    options.answer_within = Duration::from_millis(200);
    let client = Client::new(options.clone()).unwrap();
    let error = client.whoami().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }) && error.may_pass(), "{error:?}");
    drop(taken);
    let error = client.whoami().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.may_pass(), "{error:?}");
    assert!(!error.to_string().contains(secret.secret()));
}
