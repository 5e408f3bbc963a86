//! Mail that comes: what of it matters, read from its bytes as a mail server hands them over (RFC 5322, RFC 2045 to 2047).
//!
//! What comes by mail can hold anything. Reading it fails on nothing: what cannot be read is empty, and what is empty is
//! not taken.

use mail_parser::{Address, HeaderName, MessageParser};
use model::{
    mail::reply::{Received, ReplyDomain},
    text::excerpt,
};
use std::borrow::Cow;

/// A mail and for whom it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The mail.
    pub mail: Received,
    /// The tokens in the addresses that it was sent to, each once, in the order in which the headers are trusted.
    pub tokens: Vec<String>,
}

/// Reads a mail. `envelope` is from whom the mail server says it has it, where it says so: an empty one is that of a mail about
/// mail (RFC 5321, section 4.5.5). `None` where it is no mail at all.
pub fn read(bytes: &[u8], envelope: Option<&str>, domain: &ReplyDomain) -> Option<Inbound> {
    let message = MessageParser::default().parse(bytes)?;
    if message.headers().is_empty() {
        return None;
    }
    let all = |addresses: Option<&Address<'_>>| -> Vec<String> {
        let each = addresses.into_iter().flat_map(Address::iter);
        each.filter_map(|one| one.address()).map(|address| excerpt(address, 320)).collect()
    };
    // What the mail server itself notes comes before what the sender wrote.
    let mut to: Vec<String> = vec![];
    for name in ["Delivered-To", "X-Original-To", "Envelope-To"] {
        to.extend(texts(&message, name));
    }
    to.extend(message.all_to().chain(message.all_cc()).flat_map(|addresses| all(Some(addresses))));
    let mut tokens: Vec<String> = vec![];
    for token in to.iter().filter_map(|address| domain.token_in(address)) {
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    let text = message.body_text(0).map(Cow::into_owned).unwrap_or_default();
    let mail = Received {
        from: all(message.from()),
        message_id: message.message_id().map(|id| excerpt(id, 998)).unwrap_or_default(),
        automatic: automatic(&message, envelope),
        text,
        attachments: message.attachments().filter(|part| !part.is_text() || is_file(part)).count(),
    };
    Some(Inbound { mail, tokens })
}

fn is_file(part: &mail_parser::MessagePart<'_>) -> bool {
    use mail_parser::MimeHeaders;
    part.attachment_name().is_some()
}

/// The values of a header as they stand there.
fn texts(message: &mail_parser::Message<'_>, name: &'static str) -> Vec<String> {
    let values = message.headers_raw().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    values.map(|(_, value)| value.trim().to_owned()).collect()
}

/// Why a mail was not written by a person to be read here; `None` for one that was, as far as can be told (RFC 3834).
fn automatic(message: &mail_parser::Message<'_>, envelope: Option<&str>) -> Option<&'static str> {
    let first =
        |name: &'static str| texts(message, name).into_iter().next().map(|text| text.to_ascii_lowercase());
    if first("Auto-Submitted")
        .is_some_and(|said| said.split(';').next().is_none_or(|said| said.trim() != "no"))
    {
        return Some("it says that a program sent it");
    }
    if first("Precedence").is_some_and(|said| ["bulk", "junk", "list", "auto_reply"].contains(&said.as_str()))
    {
        return Some("it was sent to many");
    }
    let present = |name: &'static str| first(name).is_some();
    if present("X-Autoreply") || present("X-Autorespond") || present("X-Auto-Response-Suppress") {
        return Some("it is the answer of a program");
    }
    if message.header(HeaderName::ListId).is_some() {
        return Some("it came over a mailing list");
    }
    // Postfix hands an empty sender on as MAILER-DAEMON, unless it is told otherwise (pipe(8), null_sender).
    let empty = |path: &str| {
        let path = path.trim();
        matches!(path, "" | "<>") || path.eq_ignore_ascii_case("mailer-daemon")
    };
    if envelope.is_some_and(empty) || first("Return-Path").is_some_and(|path| empty(&path)) {
        return Some("it is about a mail that could not be delivered");
    }
    let report = first("Content-Type").is_some_and(|kind| kind.starts_with("multipart/report"));
    let from = first("From").unwrap_or_default();
    if report || from.contains("mailer-daemon@") || from.contains("postmaster@") {
        return Some("it is the report of a mail server");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::email::Email;

    fn read_at(bytes: &[u8], envelope: Option<&str>) -> Option<Inbound> {
        let domain = ReplyDomain::new(Email::parse("reply@conf.example.org").unwrap()).unwrap();
        read(bytes, envelope, &domain)
    }

    #[test]
    fn what_a_program_sent_is_known_by_what_it_says_of_itself() {
        let with = |header: &str| {
            let text =
                format!("From: ada@x.example\r\nTo: reply+abc@conf.example.org\r\n{header}\r\n\r\nYes.\r\n");
            read_at(text.as_bytes(), Some("ada@x.example")).unwrap().mail.automatic
        };
        assert_eq!(with("Subject: Re: it"), None);
        assert_eq!(with("Auto-Submitted: no"), None);
        for header in [
            "Auto-Submitted: auto-replied",
            "Auto-Submitted: auto-generated; owner=x",
            "Precedence: bulk",
            "X-Auto-Response-Suppress: All",
            "List-Id: <lists.example.org>",
            "Return-Path: <>",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
        ] {
            assert!(with(header).is_some(), "{header}");
        }
        let plain = b"From: ada@x.example\r\n\r\nYes.";
        assert!(read_at(plain, Some("")).unwrap().mail.automatic.is_some());
        assert!(read_at(plain, Some("<ada@x.example>")).unwrap().mail.automatic.is_none());
    }

    #[test]
    fn nothing_is_no_mail_and_rubbish_is_an_empty_one() {
        assert_eq!(read_at(b"", None), None);
        for rubbish in [&b"\0\xff\xfe"[..], b":::\r\n\r\n", b"Content-Type: multipart/mixed\r\n\r\n--"] {
            assert!(read_at(rubbish, None).is_none_or(|read| read.tokens.is_empty()));
        }
    }
}
