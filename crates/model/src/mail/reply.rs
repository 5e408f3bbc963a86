//! Answers that come by mail: to which thread they belong, what is no answer of a person, and what of a mail its writer wrote.
//!
//! Each mail about a thread that can be answered has an address of its own to answer to, `reply+TOKEN@domain`. The token
//! names the thread and the person, and is signed; it lies with the mail for as long as the mail lies somewhere. So **an
//! answer is taken only with a good token and from an address that the token's person has proved to be theirs**.

use crate::{email::Email, text::Line};

/// The most bytes of a mail that is read.
pub const MAIL_MAX: usize = 25 * 1_024 * 1_024;

/// The most characters of an answer that is kept.
pub const ANSWER_MAX: usize = 20_000;

/// The most lines below `--` that are taken for a signature.
const SIGNATURE_MAX: usize = 12;

/// A mail that came, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The addresses that it says it is from.
    pub from: Vec<String>,
    /// What names it: its Message-ID; empty where it has none.
    pub message_id: String,
    /// Why it is no answer of a person, where it is none.
    pub automatic: Option<&'static str>,
    /// Its text, quoted text and all.
    pub text: String,
    /// How many files are attached.
    pub attachments: usize,
}

/// Where answers go to: the address that the mail server hands over, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyDomain(Email);

impl ReplyDomain {
    /// Whether `address` can be it: with a token of 52 letters and the plus it must still be one that SMTP knows (RFC 5321,
    /// section 4.5.3.1.1: 64 octets before the `@`).
    pub fn new(address: Email) -> Result<Self, crate::Refusal> {
        let local = address.as_str().rsplit_once('@').map_or("", |(local, _)| local);
        if local.len() > 11 || local.contains('+') || !local.is_ascii() {
            return Err(crate::Refusal::new(
                "replies",
                format!("\"{local}\" leaves no room for what tells answers apart"),
                "Name an address with at most 11 letters before the @, such as reply@conf.example.org",
            ));
        }
        Ok(Self(address))
    }

    /// The address without a token.
    pub fn address(&self) -> &Email {
        &self.0
    }

    /// The address to answer to, with that token.
    pub fn with(&self, token: &str) -> String {
        let (local, domain) = self.0.as_str().rsplit_once('@').unwrap_or_default();
        format!("{local}+{token}@{domain}")
    }

    /// The token in an address, where it is one of these. Mail servers may change the case of letters.
    pub fn token_in(&self, address: &str) -> Option<String> {
        token_in(address, self.0.as_str())
    }
}

fn token_in(address: &str, base: &str) -> Option<String> {
    let address = address.trim().trim_start_matches('<').trim_end_matches('>').to_ascii_lowercase();
    let (local, domain) = base.rsplit_once('@')?;
    let (own, at) = address.rsplit_once('@')?;
    let token = own.strip_prefix(&local.to_ascii_lowercase())?.strip_prefix('+')?;
    let fits = at == domain.to_ascii_lowercase() && !token.is_empty();
    fits.then(|| token.to_owned())
}

/// What its writer wrote of a mail: without the mail that they answer to and without a signature. What cannot be told for sure
/// stays: it is better to read a line twice than to lose one. So quoted text between the writer's own stays, and only what
/// follows their last word goes.
pub fn own_words(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\u{a0}', " ");
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if let Some(at) = (0..lines.len()).find(|at| begins_forwarded(&lines, *at)) {
        lines.truncate(at);
    }
    drop_signature(&mut lines);
    drop_quoted(&mut lines);
    drop_attribution(&mut lines);
    // A signature above the quoted text.
    drop_signature(&mut lines);
    drop_empty(&mut lines);
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let mut out = lines[first..].join("\n");
    while out.contains("\n\n\n") {
        out = out.replace("\n\n\n", "\n\n");
    }
    out
}

/// Whether from this line on stands the mail that is answered, as programs write it that do not mark each line: Outlook's
/// header, Apple's and Gmail's line above text that lost its marks.
fn begins_forwarded(lines: &[&str], at: usize) -> bool {
    let line = lines[at].trim();
    let dashes = line.trim_matches(['-', '_', ' ']);
    if line.starts_with("-----")
        && ["Original Message", "Ursprüngliche Nachricht", "Message d'origine"].contains(&dashes)
    {
        return true;
    }
    // From:, Sent: and To: below one another, in whatever order.
    let is_header = |line: &str, names: &[&str]| {
        let plain = line.trim().replace('*', "");
        names.iter().any(|name| plain.starts_with(name))
    };
    if is_header(line, &["From:", "Von:", "De :", "De:"]) {
        let below = &lines[at + 1..lines.len().min(at + 6)];
        let dated = below.iter().any(|line| {
            is_header(line, &["Sent:", "Date:", "Gesendet:", "Datum:", "Envoyé", "Enviado", "Date :"])
        });
        let addressed =
            below.iter().any(|line| is_header(line, &["To:", "An:", "À :", "Para:", "Subject:", "Betreff:"]));
        return dated && addressed;
    }
    // A rule above such a header. Rules below one another lead nowhere: to follow each would double the work with each.
    let is_rule = |line: &str| line.len() >= 20 && line.chars().all(|c| c == '_');
    if is_rule(line) {
        let mut below = at + 1..lines.len().min(at + 3);
        return below.any(|next| !is_rule(lines[next]) && begins_forwarded(lines, next));
    }
    false
}

/// Removes a signature at the end (RFC 3676, section 4.3), and the line that telephones put there.
fn drop_signature(lines: &mut Vec<&str>) {
    drop_empty(lines);
    // Trailing blanks are gone already, so that the mark is two dashes.
    if let Some(at) = lines.iter().rposition(|line| *line == "--")
        && lines.len() - at - 1 <= SIGNATURE_MAX
        && lines[at..].iter().all(|line| !line.starts_with('>'))
    {
        lines.truncate(at);
    }
    drop_empty(lines);
    let device = |line: &str| {
        [
            "Sent from my ",
            "Sent from Outlook",
            "Get Outlook for ",
            "Von meinem ",
            "Envoyé de mon ",
            "Sent with ",
        ]
        .iter()
        .any(|begin| line.starts_with(begin))
            && line.len() < 80
    };
    if lines.last().is_some_and(|line| device(line)) {
        lines.pop();
    }
    drop_empty(lines);
}

/// Removes quoted text that ends the mail, with the line that says who wrote it.
fn drop_quoted(lines: &mut Vec<&str>) {
    drop_empty(lines);
    if !lines.last().is_some_and(|line| line.starts_with('>')) {
        return;
    }
    while lines.last().is_some_and(|line| line.starts_with('>') || line.is_empty()) {
        lines.pop();
    }
    drop_attribution(lines);
}

/// Removes the line above quoted text that says who wrote it and when; programs fold it into up to four.
fn drop_attribution(lines: &mut Vec<&str>) {
    drop_empty(lines);
    if !lines.last().is_some_and(|line| line.ends_with(':')) {
        return;
    }
    let from = lines.iter().rposition(|line| line.is_empty()).map_or(0, |empty| empty + 1);
    let paragraph = lines[from..].join(" ");
    let says_who =
        ["wrote:", "schrieb:", "a écrit :", "a écrit:", "escribió:", "ha scritto:", "schreef:", "napsal(a):"];
    let german = paragraph.contains(" schrieb ");
    let dated = paragraph.chars().any(|c| c.is_ascii_digit());
    if lines.len() - from <= 4 && dated && (german || says_who.iter().any(|end| paragraph.ends_with(end))) {
        lines.truncate(from);
    }
    drop_empty(lines);
}

fn drop_empty(lines: &mut Vec<&str>) {
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
}

/// Whose of these addresses a mail is from; `None` where it says none of them, or several authors.
pub fn sender_among<'a>(from: &[String], known: impl Iterator<Item = &'a Email>) -> Option<&'a Email> {
    let [only] = from else { return None };
    let only = Email::parse(only).ok()?;
    let mut known = known;
    known.find(|address| **address == only)
}

/// The address of the first of them, as text for whoever is told that it was not taken.
pub fn shown_sender(from: &[String]) -> Line {
    from.first().map(|address| Line::clean(&crate::text::excerpt(address, 200))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_the_address_whatever_the_servers_between_did_to_it() {
        let domain = ReplyDomain::new(Email::parse("reply@Conf.example.org").unwrap()).unwrap();
        let token = "0123456789abcdef".repeat(3) + "0123";
        let address = domain.with(&token);
        assert!(address.split('@').next().unwrap().len() <= 64, "{address}");
        assert_eq!(domain.token_in(&address), Some(token.clone()));
        assert_eq!(domain.token_in(&format!("<{}>", address.to_uppercase())), Some(token));
        for other in
            ["reply@conf.example.org", "reply+x@elsewhere.example", "nobody", "reply+@conf.example.org"]
        {
            assert_eq!(domain.token_in(other), None, "{other}");
        }
        assert!(ReplyDomain::new(Email::parse("answers-to-plenary@x.example").unwrap()).is_err());
        assert!(ReplyDomain::new(Email::parse("a+b@x.example").unwrap()).is_err());
    }

    #[test]
    fn what_follows_the_last_own_word_goes() {
        for (mail, words) in [
            ("Yes, I can.\n\nAda\n", "Yes, I can.\n\nAda"),
            ("Yes.\r\n\r\n-- \r\nAda Lovelace\r\nEngines Ltd\r\n", "Yes."),
            (
                "Yes.\n\nOn Mon, 3 May 2027 at 10:00, Garden <reply+1@x.org>\nwrote:\n\n> Could you?\n>\n> Thanks\n",
                "Yes.",
            ),
            ("Yes.\n\nAm 03.05.27 um 10:00 schrieb Garden:\n> Kannst du?\n", "Yes."),
            (
                "Yes.\n\nSent from my iPhone\n\n> On 3 May 2027, at 10:00, Garden <g@x.org> wrote:\n> \n> Could you?\n",
                "Yes.",
            ),
            (
                "Yes.\n\n________________________________\nFrom: Garden <g@x.org>\nSent: Monday, May 3, 2027 10:00\nTo: Ada\nSubject: Comment\n\nCould you?\n",
                "Yes.",
            ),
            ("Yes.\n\n-----Original Message-----\nFrom: Garden\n\nCould you?\n", "Yes."),
            ("Yes.\n\n*From:* Garden\n*Date:* Monday\n*To:* Ada\n\nCould you?", "Yes."),
        ] {
            assert_eq!(own_words(mail), words, "{mail}");
        }
    }

    #[test]
    fn what_may_be_the_writers_own_stays() {
        let between = "On 3 May 2027 Garden wrote:\n> First?\n\nYes.\n\n> Second?\n\nNo: see below.";
        assert_eq!(own_words(between), between);
        for mail in [
            "The steps are:\n\n> quoted because it is a quotation\n\nand that is all.",
            "From: here to there is 5 km.\nThat is all.",
            "It breaks in three cases:",
            "We wrote: nothing.",
            "a\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13",
        ] {
            assert_eq!(own_words(mail), mail);
        }
        assert_eq!(own_words("> Only quoted\n"), "");
    }

    #[test]
    fn a_mail_is_from_somebody_only_where_it_names_one_author() {
        let known = [Email::parse("ada@x.example").unwrap()];
        let from = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        assert!(sender_among(&from(&["ADA@x.example"]), known.iter()).is_some());
        assert!(sender_among(&from(&["eve@x.example"]), known.iter()).is_none());
        assert!(sender_among(&from(&["ada@x.example", "eve@x.example"]), known.iter()).is_none());
        assert!(sender_among(&[], known.iter()).is_none());
    }
}
