#![no_main]

//! Answers of BigBlueButton: nothing that a server sends breaks the reader, and it makes no more of it than there is.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(things) = bigbluebutton::api::count(bytes) {
        // The shortest element has four bytes: `<a/>`.
        assert!(things <= bytes.len() / 4, "{things} things in {} bytes", bytes.len());
    }
});
