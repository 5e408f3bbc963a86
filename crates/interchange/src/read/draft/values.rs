//! Single values of a file: addresses, languages, clock times, lengths.

use super::{Notes, RawLink};
use jiff::SignedDuration;
use model::{
    programme::{Link, LinkKind},
    text::{Line, WebUrl, excerpt},
};
use url::Url;

/// Resolves the addresses of a file.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    base: Option<Url>,
}

impl Addresses {
    /// Addresses relative to `base`, where that is absolute.
    pub(super) fn new(base: &str) -> Self {
        let base = Url::parse(base.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        Self { base }
    }

    /// The address `raw`; `None` for an empty one, and with a note for one that cannot be linked.
    pub(super) fn web(&self, raw: &str, place: &str, what: &str, notes: &mut Notes) -> Option<WebUrl> {
        let raw = raw.trim();
        // A form's placeholder that nobody filled in says nothing.
        if matches!(raw, "" | "http://" | "https://") {
            return None;
        }
        if raw.starts_with("www.") {
            return WebUrl::parse(&format!("https://{raw}")).ok();
        }
        if let Ok(url) = WebUrl::parse(raw) {
            return Some(url);
        }
        // A scheme that is not linked must not become a path below the base.
        let relative = Url::parse(raw).is_err();
        let joined = self.base.as_ref().filter(|_| relative).and_then(|base| base.join(raw).ok());
        if let Some(url) = joined.and_then(|url| WebUrl::parse(url.as_str()).ok()) {
            return Some(url);
        }
        let (problem, remedy) = if relative && self.base.is_none() {
            (
                "is not a full address, and the file names no base address",
                "It was left out; give a full address",
            )
        } else {
            ("is not an address that can be linked", "It was left out; give one that begins with https://")
        };
        notes.add(place, format!("the {what} \"{}\" {problem}", excerpt(raw, 80)), remedy);
        None
    }

    /// The link `raw`.
    pub(super) fn link(&self, raw: &RawLink, place: &str, notes: &mut Notes) -> Option<Link> {
        let url = self.web(&raw.url, place, "link", notes)?;
        let title = Line::clean(&raw.title);
        let title = if title.is_empty() { Line::clean(url.as_str()) } else { title };
        let kind = link_kind(&raw.kind, title.as_str(), url.as_str());
        Some(Link { kind, title, url })
    }
}

/// What a link leads to, by the file's word for it, else by its address and title.
fn link_kind(word: &str, title: &str, url: &str) -> LinkKind {
    match word.trim().to_ascii_lowercase().as_str() {
        "slides" | "presentation" => return LinkKind::Slides,
        "paper" => return LinkKind::Paper,
        "video" | "audio" | "recording" | "media" => return LinkKind::Video,
        "chat" | "matrix" => return LinkKind::Chat,
        "stream" | "livestream" | "bbb" => return LinkKind::Stream,
        "web" | "blog" | "article" => return LinkKind::Web,
        "attachment" | "other" | "file" => return LinkKind::Attachment,
        _ => {}
    }
    let url = url.to_ascii_lowercase();
    let title = title.to_ascii_lowercase();
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let ends = |tails: &[&str]| tails.iter().any(|tail| path.ends_with(tail));
    if ends(&[".webm", ".mp4", ".mkv", ".ogv", ".opus", ".mp3"]) || title.starts_with("video recording") {
        LinkKind::Video
    } else if url.contains("://matrix.to/") || url.contains("://chat.") || title.starts_with("chat") {
        LinkKind::Chat
    } else if title.contains("slides") && ends(&[".pdf", ".odp", ".pptx", ".ppt", ".key"]) {
        LinkKind::Slides
    } else {
        LinkKind::Related
    }
}

/// A language tag in its usual letter case (BCP 47, section 2.1.1): `En` is `en`, `pt_br` is `pt-BR`. Of several
/// the first.
pub(super) fn language(raw: &str, place: &str, notes: &mut Notes) -> Line {
    let mut tags = raw.split([',', ';', '/', ' ']).filter(|tag| !tag.trim().is_empty());
    let Some(first) = tags.next() else { return Line::default() };
    let subtags: Vec<&str> = first.split(['-', '_']).collect();
    let fits = |at: usize, subtag: &str| {
        let lengths = if at == 0 { 2..=3 } else { 2..=8 };
        lengths.contains(&subtag.len())
            && subtag.bytes().all(|b| b.is_ascii_alphabetic() || (at > 0 && b.is_ascii_digit()))
    };
    if !subtags.iter().enumerate().all(|(at, subtag)| fits(at, subtag)) {
        let problem = format!("the language \"{}\" is not a language tag", excerpt(raw, 40));
        notes.add(place, problem, "It was left out; write it like en or pt-BR");
        return Line::default();
    }
    if tags.next().is_some() {
        let problem = format!("\"{}\" names several languages", excerpt(raw, 40));
        notes.add(place, problem, "The first was taken");
    }
    let cased: Vec<String> = subtags
        .iter()
        .enumerate()
        .map(|(at, subtag)| match (at, subtag.len()) {
            (1.., 2) => subtag.to_ascii_uppercase(),
            (1.., 4) => subtag[..1].to_ascii_uppercase() + &subtag[1..].to_ascii_lowercase(),
            _ => subtag.to_ascii_lowercase(),
        })
        .collect();
    Line::clean(&cased.join("-"))
}

/// Minutes after midnight of `9:30`, `09:30`, `09:30:00`, `0930`.
pub(super) fn clock(raw: &str) -> Option<u16> {
    let raw = raw.trim();
    let (hours, minutes) = match raw.split_once(':') {
        Some((hours, rest)) => (hours, rest.split(':').next().unwrap_or(rest)),
        None if raw.len() == 4 && raw.is_ascii() => raw.split_at(2),
        None => return None,
    };
    let number =
        |text: &str| (!text.is_empty() && text.len() <= 2).then(|| text.parse::<u16>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// A length: `0:30`, `01:30`, `01:30:00`, `1:04:00:00` (days first), `PT1H30M`, or a bare number of minutes.
pub(super) fn length(raw: &str) -> Option<SignedDuration> {
    let raw = raw.trim();
    let (sign, digits) = match raw.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, raw),
    };
    if digits.contains(':') {
        let parts: Vec<i64> = digits
            .split(':')
            .map(|part| (part.len() <= 4).then(|| part.parse::<u16>().ok()).flatten().map(i64::from))
            .collect::<Option<_>>()?;
        let (days, hours, minutes, seconds) = match parts[..] {
            [hours, minutes] => (0, hours, minutes, 0),
            [hours, minutes, seconds] => (0, hours, minutes, seconds),
            [days, hours, minutes, seconds] => (days, hours, minutes, seconds),
            _ => return None,
        };
        return Some(SignedDuration::from_secs(sign * (((days * 24 + hours) * 60 + minutes) * 60 + seconds)));
    }
    if digits.starts_with(['P', 'p']) {
        return raw.parse::<SignedDuration>().ok();
    }
    let minutes: f64 = raw.parse().ok()?;
    (minutes.is_finite() && minutes.abs() < 1e7)
        .then(|| SignedDuration::from_secs((minutes * 60.0).round() as i64))
}
