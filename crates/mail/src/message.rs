//! A mail as it goes over the wire (RFC 5322): its headers and its text.

use crate::settings::{ascii_domain, mailbox};
use lettre::{
    Message,
    message::{
        SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use model::{
    id::MailId,
    mail::{List, Mailbox, Sender, footer},
    text::Line,
};
use std::time::{Duration, SystemTime};

/// How its recipient leaves the list that a mail goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave {
    /// The list.
    pub list: List,
    /// The conference whose list it is.
    pub conference: Line,
    /// The page that leaves it.
    pub link: String,
}

/// What is said at the end of a mail that can be answered.
const ANSWER: &str = "You can answer by replying to this mail. What you write is put beside the proposal, for the committee to read.\n";

/// The Message-ID of a mail: the same for each attempt, unlike that of any other mail.
pub(crate) fn message_id(mail: MailId, sender: &Sender) -> String {
    let domain = ascii_domain(sender.address.domain()).unwrap_or_else(|| "plenary.invalid".to_owned());
    format!("<{}@{domain}>", mail.0.simple())
}

/// The mail as text of the wire.
///
/// Nothing that a person typed can add a header: a [`Line`] holds no line end, and what a header cannot hold is encoded
/// (RFC 2047). The text is encoded so that it passes through any server (RFC 2045). `Auto-Submitted` keeps holiday
/// notices away (RFC 3834); what goes to a list has the headers by which mail programs offer to leave it, with one click
/// where the link is encrypted (RFC 2369, RFC 8058).
///
/// `reply` is the address of a thread in which it can be answered; the mail then says so.
///
/// Fails with what is wrong when an address is none that SMTP knows.
pub fn message(
    sender: &Sender,
    to: &Mailbox,
    subject: &Line,
    body: &str,
    message_id: &str,
    at: jiff::Timestamp,
    (leave, reply): (Option<&Leave>, Option<&str>),
) -> Result<Vec<u8>, String> {
    let known = |name: &Line, address: &model::email::Email| {
        mailbox(name, address).ok_or_else(|| format!("no mail can be sent for the address {address}"))
    };
    let mut message = Message::builder()
        .from(known(&sender.name, &sender.address)?)
        .to(known(&to.name, &to.address)?)
        .subject(subject.as_str())
        .date(system_time(at))
        .message_id(Some(message_id.to_owned()));
    // An address of ours holds a token: it goes into the header as it is.
    if let Some(reply) = reply {
        message = message.raw_header(raw("Reply-To", &format!("<{reply}>"))?);
    } else if let Some(reply_to) = &sender.reply_to {
        message = message.reply_to(known(&Line::default(), reply_to)?);
    }
    message = message.raw_header(raw("Auto-Submitted", "auto-generated")?);
    let mut text = body.to_owned();
    if reply.is_some() {
        text.push('\n');
        text.push_str(ANSWER);
    }
    if let Some(leave) = leave {
        text.push('\n');
        text.push_str(&footer(leave.conference.as_str(), leave.list, &leave.link));
        message = message.raw_header(raw("List-Unsubscribe", &format!("<{}>", leave.link))?);
        if leave.link.starts_with("https://") {
            message = message.raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?);
        }
    }
    let message = message.singlepart(SinglePart::plain(text)).map_err(|error| error.to_string())?;
    Ok(message.formatted())
}

/// A header whose value is ours, as it is: an address in it must not be folded in the middle.
fn raw(name: &str, value: &str) -> Result<HeaderValue, String> {
    if !value.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return Err(format!("the header {name} cannot hold what it should"));
    }
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|error| error.to_string())?;
    Ok(HeaderValue::dangerous_new_pre_encoded(name, value.to_owned(), value.to_owned()))
}

fn system_time(at: jiff::Timestamp) -> SystemTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::email::Email;

    fn made(name: &str, subject: &str, leave: Option<&Leave>) -> String {
        let email = |text: &str| Email::parse(text).unwrap();
        let sender = Sender {
            name: Line::clean("Café: the \"conference\""),
            address: email("info@example.org"),
            reply_to: Some(email("desk@example.org")),
        };
        let to = Mailbox { name: Line::clean(name), address: email("ada@example.org") };
        let id = message_id(MailId(uuid::Uuid::from_u128(7)), &sender);
        let at = "2027-10-03T12:00:00Z".parse().unwrap();
        let bytes =
            message(&sender, &to, &Line::clean(subject), "Grüße\n.\nEnd\n", &id, at, (leave, None)).unwrap();
        assert!(bytes.is_ascii());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn nothing_that_a_person_types_adds_a_header() {
        let hostile = "x\r\nBcc: everybody@example.org\r\n\r\nHello";
        let text = made(hostile, hostile, None);
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let names: Vec<&str> = head
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .filter_map(|line| line.split_once(':').map(|(name, _)| name))
            .collect();
        assert!(!names.contains(&"Bcc"), "{head}");
        assert_eq!(names.iter().filter(|name| **name == "Subject").count(), 1);
    }

    #[test]
    fn a_mail_says_when_it_was_sent_from_whom_and_that_no_person_waits_for_an_answer() {
        let text = made("Ada", "Hello", None);
        assert!(text.contains("Date: Sun, 03 Oct 2027 12:00:00 +0000\r\n"), "{text}");
        assert!(text.contains("Message-ID: <00000000000000000000000000000007@example.org>\r\n"), "{text}");
        assert!(text.contains("Reply-To: desk@example.org\r\n"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"), "{text}");
        assert!(!text.contains("List-Unsubscribe"), "{text}");
    }

    #[test]
    fn what_goes_to_a_list_can_be_left_with_one_click_where_the_link_is_encrypted() {
        let link = format!("https://conf.example.org/mail/unsubscribe/{}/", "a".repeat(90));
        let leave = Leave { list: List::Blog, conference: Line::clean("Garden 2030"), link: link.clone() };
        let text = made("Ada", "Hello", Some(&leave));
        assert!(text.contains(&format!("List-Unsubscribe: <{link}>\r\n")), "{text}");
        assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");
        let open = Leave { link: link.replace("https", "http"), ..leave };
        assert!(!made("Ada", "Hello", Some(&open)).contains("One-Click"));
    }
}
