use super::*;
use crate::id::ServerName;

fn listener() -> (Listener, String) {
    let token = Secret::random().unwrap();
    let header = format!("Bearer {}", token.secret());
    let ours = Namespace::new(ServerName::parse("example.org").unwrap());
    (Listener::new(token, ours), header)
}

fn event(kind: &str, content: Value) -> Value {
    let mut event = json!({
        "type": kind, "event_id": "$one", "room_id": "!room", "sender": "@ada:example.org",
        "origin_server_ts": 1_764_150_000_123_i64, "age": 12, "user_id": "@ada:example.org",
    });
    event["content"] = content;
    event
}

fn understood_as(event: &Value) -> Incoming {
    let (listener, _) = listener();
    let body = json!({ "events": [event] }).to_string();
    listener.events(body.as_bytes()).unwrap().pop().expect("the event is understood")
}

#[test]
fn only_the_homeserver_is_listened_to() {
    let (listener, header) = listener();
    let put = |header: Option<&str>| {
        listener.read("PUT", "/_matrix/app/v1/transactions/7", header, b"{\"events\":[]}")
    };
    assert_eq!(put(Some(&header)).unwrap(), Call::Transaction { id: "7".to_owned(), events: vec![] });
    assert_eq!(put(None).unwrap_err().status, 401);
    for wrong in
        ["", "Bearer", "Bearer ", "Basic x", &header[..header.len() - 1], &header.replace("Bearer", "Token")]
    {
        assert_eq!(put(Some(wrong)).unwrap_err().status, 403, "{wrong}");
    }
    let spelt = header.replace("Bearer", "bearer");
    assert!(put(Some(&spelt)).is_ok(), "the scheme's case does not matter");
}

#[test]
fn questions_and_pings_are_told_apart_and_nothing_else_is_answered() {
    let (listener, header) = listener();
    let read = |method, path: &str, body: &[u8]| listener.read(method, path, Some(&header), body);
    let user = UserId::parse("@plenary_1:example.org").unwrap();
    assert_eq!(
        read("GET", "/_matrix/app/v1/users/%40plenary_1%3Aexample.org", b"").unwrap(),
        Call::User(user)
    );
    let alias = Alias::parse("#plenary_hall:example.org").unwrap();
    assert_eq!(
        read("GET", "/_matrix/app/v1/rooms/%23plenary_hall:example.org", b"").unwrap(),
        Call::Room(alias)
    );
    assert_eq!(read("POST", "/_matrix/app/v1/ping", b"{\"transaction_id\":\"x\"}").unwrap(), Call::Ping);
    for (method, path, status) in [
        ("GET", "/_matrix/app/v1/transactions/1", 405),
        ("PUT", "/_matrix/app/v1/transactions/", 404),
        ("PUT", "/transactions/1", 404),
        ("GET", "/_matrix/app/v1/users/ada", 404),
        ("GET", "/_matrix/app/v1/users/%ff", 404),
        ("GET", "/_matrix/app/v1/thirdparty/protocol/x", 404),
    ] {
        assert_eq!(read(method, path, b"{}").unwrap_err().status, status, "{method} {path}");
    }
    for (body, status) in [(&b"{"[..], 400), (b"[]", 400), (b"{\"events\":{}}", 400)] {
        assert_eq!(read("PUT", "/_matrix/app/v1/transactions/1", body).unwrap_err().status, status);
    }
    assert_eq!(listener.events(&vec![b' '; BODY_BYTES + 1]).unwrap_err().status, 413);
    let body: Value = serde_json::from_str(&read("PUT", "/", b"").unwrap_err().body()).unwrap();
    assert_eq!(body["errcode"], "M_UNRECOGNIZED");
}

#[test]
fn one_strange_event_stops_nothing() {
    let (listener, _) = listener();
    let body = json!({ "events": [
        7, null, {}, { "type": "m.room.message" },
        event("m.room.message", json!({ "msgtype": "m.text" })),
        event("m.room.encrypted", json!({ "ciphertext": "x" })),
        event("m.room.member", json!({ "membership": "teleport" })),
        event("m.room.message", json!({ "msgtype": "m.text", "body": "hello" })),
    ] });
    let events = listener.events(body.to_string().as_bytes()).unwrap();
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| match &event.what {
            What::Other { kind } => kind.as_str(),
            What::Message { body, .. } => body,
            _ => "?",
        })
        .collect();
    assert_eq!(kinds, ["m.room.message", "m.room.encrypted", "m.room.member", "hello"]);
}

#[test]
fn an_answer_is_read_without_the_quotation_that_older_clients_put_before_it() {
    let content = json!({
        "msgtype": "m.text", "body": "> <@bob:example.org> one\n> two\n\nthree\n> four",
        "format": "org.matrix.custom.html", "formatted_body": "<mx-reply><blockquote>one</blockquote></mx-reply><b>three</b>",
        "m.relates_to": { "m.in_reply_to": { "event_id": "$asked" } },
    });
    let What::Message { body, html, reply_to, .. } = understood_as(&event("m.room.message", content)).what
    else {
        panic!("no message")
    };
    assert_eq!((body.as_str(), html.as_deref()), ("three\n> four", Some("<b>three</b>")));
    assert_eq!(reply_to.unwrap().as_str(), "$asked");
    let quoting = json!({ "msgtype": "m.text", "body": "> a quotation\n\nand no answer" });
    let What::Message { body, .. } = understood_as(&event("m.room.message", quoting)).what else {
        panic!("no message")
    };
    assert_eq!(body, "> a quotation\n\nand no answer", "who answers nothing meant the quotation");
}

#[test]
fn an_edit_is_read_with_its_new_text_and_what_it_replaces() {
    let content = json!({
        "msgtype": "m.text", "body": "* right", "m.new_content": { "msgtype": "m.notice", "body": "right" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": "$wrong" },
    });
    let What::Message { body, edits, manner, .. } = understood_as(&event("m.room.message", content)).what
    else {
        panic!("no message")
    };
    assert_eq!((body.as_str(), manner, edits.unwrap().as_str()), ("right", Manner::Notice, "$wrong"));
}

#[test]
fn reactions_redactions_and_memberships_are_read_in_old_and_new_room_versions() {
    let reaction = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": "$a", "key": "👍" } });
    assert!(
        matches!(understood_as(&event("m.reaction", reaction)).what, What::Reaction { with, .. } if with == "👍")
    );
    let mut old = event("m.room.redaction", json!({ "reason": "rude" }));
    old["redacts"] = json!("$bad");
    let new = event("m.room.redaction", json!({ "reason": "rude", "redacts": "$bad" }));
    assert_eq!(understood_as(&old).what, understood_as(&new).what);
    let mut ban = event("m.room.member", json!({ "membership": "ban" }));
    ban["state_key"] = json!("@eve:example.org");
    let What::Membership { user, now, .. } = understood_as(&ban).what else { panic!("no membership") };
    assert_eq!((user.as_str(), now), ("@eve:example.org", Membership::Ban));
}

#[test]
fn our_own_ghosts_are_recognised() {
    let mut echo = event("m.room.message", json!({ "msgtype": "m.text", "body": "hello" }));
    assert!(!understood_as(&echo).ours);
    for ours in ["@plenary_bbb-7:example.org", "@plenary:example.org"] {
        echo["sender"] = json!(ours);
        assert!(understood_as(&echo).ours, "{ours}");
    }
    echo["sender"] = json!("@plenary_bbb-7:elsewhere.example");
    assert!(!understood_as(&echo).ours, "a name on another server is somebody else");
}
