//! The words by which a call becomes known: a text for mailing lists, and one to share (requirement 32).

use super::{Call, Deadline};
use crate::{edition::Edition, text::Markup};

/// A call's texts, in plain text with a direct link that needs no choosing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The subject of a mail.
    pub subject: String,
    /// A mail to a list, in lines of at most 72 characters where words allow it.
    pub mail: String,
    /// A sentence or two to share elsewhere, at most 280 characters where the names allow it.
    pub share: String,
}

/// The texts of a call that stands at `link`.
pub fn invitation(edition: &Edition, call: &Call, link: &str) -> Invitation {
    let subject = format!("{}: {}", edition.title, call.name);
    let closes = call.closes.as_ref().map(Deadline::shown);
    let until = closes.as_ref().map_or_else(String::new, |closes| format!(" until {closes}"));
    let mut mail = String::new();
    let mut paragraph = |text: &str| {
        if !mail.is_empty() {
            mail.push_str("\n\n");
        }
        mail.push_str(&wrapped(text, 72));
    };
    paragraph(&format!("{} invites proposals: {}.", edition.title, call.name));
    if !call.summary.is_empty() {
        paragraph(call.summary.as_str());
    }
    // Markdown reads as plain text; markup of a browser does not, and stays on the page.
    if call.text.markup() == Markup::Markdown {
        for part in call.text.as_str().split("\n\n").filter(|part| !part.trim().is_empty()) {
            paragraph(part.trim());
        }
    }
    if let Some(closes) = &closes {
        paragraph(&format!("The call closes on {closes}."));
    }
    mail.push_str("\n\nSubmit here:\n");
    mail.push_str(link);
    mail.push('\n');
    let share = format!("{}: {} is open{until}. {link}", edition.title, call.name);
    Invitation { subject, mail, share }
}

/// `text` with its lines broken so that none is longer than `width`, where words allow it. Lines that begin as those of a
/// list or of code stay as they are.
fn wrapped(text: &str, width: usize) -> String {
    let kept = |line: &str| {
        line.starts_with(['-', '*', '+', ' ', '\t', '>', '|', '#', '`'])
            || line.starts_with(|c: char| c.is_ascii_digit())
    };
    if text.lines().any(kept) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_mail_are_short_and_lists_stay_lists() {
        let text = "word ".repeat(40);
        assert!(wrapped(&text, 72).lines().all(|line| line.chars().count() <= 72));
        assert_eq!(wrapped("- one\n- two", 72), "- one\n- two");
    }
}
