//! Sponsors: the levels at which an edition is sponsored, when its sponsors may be changed, and logos.
//!
//! What is promised to a sponsor holds for the year that was sponsored. So the sponsors of an edition are frozen once
//! it is over: whoever signs up next year, or leaves, changes nothing on last year's pages. An organiser can open
//! them again, with a reason that stays in the audit log.

use crate::{
    Refusal,
    edition::{Edition, Sponsor},
    text::Line,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The largest logo that may be uploaded, in bytes.
pub const LOGO_MAX: usize = 512 * 1_024;

/// The most levels of an edition.
pub const LEVELS_MAX: usize = 20;

/// How an edition is sponsored, beside who sponsors it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SponsorPlan {
    /// The levels, the highest first: "Platinum", "Gold". A sponsor's `rank` is its level's place in this list.
    #[serde(default)]
    pub levels: Vec<Line>,
    /// Why and by whom the sponsors of an edition that is over were opened again; `None` while they are frozen.
    #[serde(default)]
    pub reopened: Option<Reopened>,
}

/// That frozen sponsors were opened again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Line,
}

impl SponsorPlan {
    /// The plan with these levels. Empty and repeated names are left out.
    pub fn with_levels(&self, names: impl IntoIterator<Item = Line>) -> Result<Self, Refusal> {
        let mut levels: Vec<Line> = vec![];
        for name in names {
            if !name.is_empty() && !levels.contains(&name) {
                levels.push(name);
            }
        }
        if levels.len() > LEVELS_MAX {
            let problem = format!("{} levels are too many", levels.len());
            return Err(Refusal::new("levels", problem, format!("Keep at most {LEVELS_MAX}")));
        }
        Ok(Self { levels, ..self.clone() })
    }

    /// The levels that forms offer: those of the plan, and those that sponsors have without it standing there, as
    /// after an import.
    pub fn offered(&self, sponsors: &[Sponsor]) -> Vec<Line> {
        let mut levels = self.levels.clone();
        for sponsor in sponsors {
            if !sponsor.level.is_empty() && !levels.contains(&sponsor.level) {
                levels.push(sponsor.level.clone());
            }
        }
        levels
    }

    /// The rank of that level: its place in the plan; behind all others where it does not stand there.
    pub fn rank(&self, level: &Line) -> u16 {
        let place = self.levels.iter().position(|known| known == level).unwrap_or(self.levels.len());
        u16::try_from(place).unwrap_or(u16::MAX)
    }
}

/// Whether the sponsors of the edition are frozen at `now`: it is over, and nobody has opened them again.
pub fn is_frozen(edition: &Edition, plan: &SponsorPlan, now: Timestamp) -> bool {
    plan.reopened.is_none() && edition.day_of(now) > edition.last_day
}

/// Refuses a change of frozen sponsors.
pub fn may_change(edition: &Edition, plan: &SponsorPlan, now: Timestamp) -> Result<(), Refusal> {
    if is_frozen(edition, plan, now) {
        return Err(Refusal::new(
            "sponsors",
            format!("{} is over, so its sponsors are frozen", edition.title),
            "Open them again with a reason, and freeze them when you are done",
        ));
    }
    Ok(())
}

/// Whether a sponsor can be kept: it has a name and a level.
pub fn check(sponsor: &Sponsor) -> Result<(), Refusal> {
    if sponsor.name.is_empty() {
        return Err(Refusal::new("name", "it is empty", "Give the name of the company or foundation"));
    }
    if sponsor.level.is_empty() {
        return Err(Refusal::new("level", "none was chosen", "Choose the level at which they sponsor"));
    }
    Ok(())
}

/// A kind of picture that may be uploaded. SVG is none of them: it is a document that can hold scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// AVIF.
    Avif,
}

impl Picture {
    const ALL: [Self; 5] = [Self::Png, Self::Jpeg, Self::Gif, Self::Webp, Self::Avif];

    /// The kind of these bytes, by what they are and not by what their name or sender says. Refused: what is none of
    /// the kinds, and what is larger than [`LOGO_MAX`].
    ///
    /// The signatures are those of WHATWG MIME Sniffing, section 6.1, and of ISO/IEC 23008-12 for AVIF.
    pub fn recognise(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |problem: String, remedy: &str| Err(Refusal::new("logo file", problem, remedy));
        if bytes.len() > LOGO_MAX {
            let kilobytes = bytes.len().div_ceil(1_024);
            return refuse(format!("it has {kilobytes} kB"), "Send a picture of at most 512 kB");
        }
        let at = |from: usize, text: &[u8]| bytes.get(from..from + text.len()) == Some(text);
        if at(0, b"\x89PNG\r\n\x1a\n") {
            return Ok(Self::Png);
        }
        if at(0, b"\xff\xd8\xff") {
            return Ok(Self::Jpeg);
        }
        if at(0, b"GIF87a") || at(0, b"GIF89a") {
            return Ok(Self::Gif);
        }
        if at(0, b"RIFF") && at(8, b"WEBPVP") {
            return Ok(Self::Webp);
        }
        if at(4, b"ftypavif") || at(4, b"ftypavis") {
            return Ok(Self::Avif);
        }
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1_024)]).to_ascii_lowercase();
        if head.contains("<svg") {
            return refuse(
                "it is an SVG, which can hold scripts".to_owned(),
                "Export the logo as PNG or WebP, twice as large as it is to be shown",
            );
        }
        refuse("it is no picture that browsers know".to_owned(), "Send a PNG, JPEG, WebP, AVIF or GIF")
    }

    /// The end of its file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Avif => "avif",
        }
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
        }
    }
}

/// The name of an uploaded file: 32 random hexadecimal digits and the end that its content has. It is made by the
/// server and holds nothing that anybody typed, so that it can stand in a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UploadName(String);

impl UploadName {
    /// The name of a picture with these random bits.
    pub fn new(random: u128, picture: Picture) -> Self {
        Self(format!("{random:032x}.{}", picture.extension()))
    }

    /// Reads a name that was made by [`UploadName::new`]; nothing else is one.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, end) = text.split_once('.')?;
        let hex = digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let known = Picture::ALL.into_iter().any(|picture| picture.extension() == end);
        (hex && known).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind of picture that stands under it.
    pub fn picture(&self) -> Picture {
        let end = self.0.rsplit('.').next().unwrap_or_default();
        Picture::ALL.into_iter().find(|picture| picture.extension() == end).unwrap_or(Picture::Png)
    }
}

impl fmt::Display for UploadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UploadName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no name of an uploaded file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes_and_svg_is_refused() {
        assert_eq!(Picture::recognise(b"\x89PNG\r\n\x1a\nrest").unwrap(), Picture::Png);
        assert_eq!(Picture::recognise(b"\xff\xd8\xff\xe0rest").unwrap(), Picture::Jpeg);
        assert_eq!(Picture::recognise(b"RIFF\0\0\0\0WEBPVP8 ").unwrap(), Picture::Webp);
        assert_eq!(Picture::recognise(b"\0\0\0\x20ftypavif").unwrap(), Picture::Avif);
        let svg = Picture::recognise(b"<?xml version=\"1.0\"?><SVG onload=\"alert(1)\">").unwrap_err();
        assert!(svg.problem.contains("SVG"), "{svg}");
        for nonsense in [&b""[..], b"<html><script>", b"%PDF-1.7", b"GIF", b"RIFF\0\0\0\0WAVE"] {
            assert!(Picture::recognise(nonsense).is_err());
        }
        let mut large = b"\x89PNG\r\n\x1a\n".to_vec();
        large.resize(LOGO_MAX + 1, 0);
        assert!(Picture::recognise(&large).is_err());
    }

    #[test]
    fn no_path_is_the_name_of_an_uploaded_file() {
        let name = UploadName::new(7, Picture::Webp);
        assert_eq!(UploadName::parse(name.as_str()), Some(name.clone()));
        assert_eq!(name.picture(), Picture::Webp);
        let digits = "0".repeat(32);
        for path in
            ["", "../plenary.sqlite", "x.png", &format!("{digits}.svg"), &format!("{digits}.png/.."), &digits]
        {
            assert_eq!(UploadName::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_level_has_the_rank_of_its_place_and_unknown_ones_stand_behind() {
        let plan =
            SponsorPlan::default().with_levels(["Gold", "", "Silver", "Gold"].map(Line::from)).unwrap();
        assert_eq!(plan.levels.len(), 2);
        assert_eq!([plan.rank(&"Silver".into()), plan.rank(&"Tin".into())], [1, 2]);
    }
}
