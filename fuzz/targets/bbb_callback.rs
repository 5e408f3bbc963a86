#![no_main]

//! Callbacks of BigBlueButton, as if their checksum had been right: what is read is bounded by what came, a text becomes
//! plain once, and no message comes out twice.

use bigbluebutton::{
    Secret,
    callback::{
        end,
        events::{self, What},
        inbox::Inbox,
        recording,
    },
    chat,
};
use jiff::Timestamp;
use std::collections::HashSet;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now = Timestamp::UNIX_EPOCH;
    assert!(recording::read(bytes, &Secret::new("secret"), now).is_err(), "nobody signed this");
    let ended = end::read(&String::from_utf8_lossy(bytes));
    assert!(ended.meeting.len() <= bytes.len() * 3);
    let Ok(delivery) = events::read(bytes) else { return };
    let mut inbox = Inbox::default();
    for event in delivery.events {
        if let What::Chat(message) = event.what {
            for part in chat::split(&message.text) {
                let units: usize = part.chars().map(char::len_utf16).sum();
                assert!((1..=chat::LONGEST).contains(&units), "a part of {units}");
            }
            inbox.offer(message, now);
        }
    }
    let out = inbox.take(Timestamp::MAX);
    let ids: HashSet<&str> = out.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(ids.len(), out.len(), "a message came out twice");
    assert!(out.is_sorted_by_key(|message| (message.at, message.id.clone())), "out of order");
    assert_eq!(inbox.due(), None);
});
