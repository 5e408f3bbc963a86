//! What a homeserver sends: whatever it is, it is read or refused, and one strange event stops nothing.
#![no_main]

use matrix::{
    appservice::{Listener, What},
    id::ServerName,
    registration::Namespace,
    secret::Secret,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let token = Secret::parse("0123456789abcdef0123456789abcdef").expect("a token");
    let server = ServerName::parse("example.org").expect("a name");
    let listener = Listener::new(token, Namespace::new(server));
    match listener.events(bytes) {
        Ok(events) => {
            let body: serde_json::Value = serde_json::from_slice(bytes).expect("what was read is JSON");
            let sent = body["events"].as_array().expect("a list").len();
            assert!(events.len() <= sent, "{} events out of {sent}", events.len());
            for event in &events {
                assert!(event.event.as_str().starts_with('$') && event.room.as_str().starts_with('!'));
                assert_eq!(
                    event.ours,
                    event.sender.server() == "example.org" && {
                        let name = event.sender.localpart();
                        name == "plenary" || name.starts_with("plenary_")
                    }
                );
                match &event.what {
                    What::Message { attached: Some(at), .. } => assert!(at.starts_with("mxc://")),
                    What::Other { kind } => assert!(kind.chars().count() <= 256),
                    _ => {}
                }
            }
        }
        Err(rejection) => {
            assert!((400..500).contains(&rejection.status) && rejection.body().contains(rejection.errcode));
        }
    }
});
