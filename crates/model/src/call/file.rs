//! Files that are handed in with a form: which kinds there are, how they are told apart, and what one is.
//!
//! **What a file is, its bytes say.** Neither the end of its name nor the type that a browser claims counts, and nothing is
//! ever unpacked: of an archive only the list of its entries is read.

use super::FieldKey;
use crate::{
    Refusal,
    id::FileId,
    text::{Line, excerpt},
    words::words,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The folder within that of the uploads in which the files lie, each under its digest.
pub const HANDED_IN: &str = "handed-in";

/// The most megabytes that any field may allow, whatever the server does.
pub const MEGABYTES_MAX: u16 = 50;

/// A megabyte, in bytes.
pub const MEGABYTE: u64 = 1_000_000;

/// The most bytes of files that one person keeps within an edition. What no proposal names any more does not count for long.
pub const PERSON_MAX: u64 = 250 * MEGABYTE;

/// The most files that one person keeps within an edition.
pub const PERSON_FILES_MAX: u64 = 200;

/// The most characters of a file's name that are kept.
const NAME_MAX: usize = 120;

words! {
    /// A kind of file that a field may take.
    FileKind {
        /// Portable Document Format.
        Pdf = "pdf", "PDF";
        /// A PNG picture.
        Png = "png", "PNG picture";
        /// A JPEG picture.
        Jpeg = "jpeg", "JPEG picture";
        /// A WebP picture.
        Webp = "webp", "WebP picture";
        /// Text without formatting, Markdown too.
        Text = "text", "Plain text or Markdown";
        /// Slides as LibreOffice Impress writes them.
        Odp = "odp", "OpenDocument slides";
        /// Slides as PowerPoint writes them.
        Pptx = "pptx", "PowerPoint slides";
        /// A text document as LibreOffice Writer writes it.
        Odt = "odt", "OpenDocument text";
        /// A text document as Word writes it.
        Docx = "docx", "Word text";
    }
}

impl FileKind {
    /// Its media type, with which it is served.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Text => "text/plain; charset=utf-8",
            Self::Odp => ODP,
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Odt => ODT,
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    }

    /// The ends of names that browsers offer to choose from.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &[".pdf"],
            Self::Png => &[".png"],
            Self::Jpeg => &[".jpg", ".jpeg"],
            Self::Webp => &[".webp"],
            Self::Text => &[".txt", ".md"],
            Self::Odp => &[".odp"],
            Self::Pptx => &[".pptx"],
            Self::Odt => &[".odt"],
            Self::Docx => &[".docx"],
        }
    }

    /// The kind of these bytes, by what they are. Refused: what is none of the kinds, and documents with macros, which are
    /// programs.
    ///
    /// The signatures are those of WHATWG MIME Sniffing, section 6; OpenDocument begins with an entry `mimetype` that is not
    /// compressed (OpenDocument 1.3, part 2, section 3.3); Office Open XML is known by its main part (ECMA-376, part 2).
    pub fn recognise(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |problem: &str, remedy: &str| Err(Refusal::new("file", problem, remedy));
        let at = |from: usize, text: &[u8]| bytes.get(from..from + text.len()) == Some(text);
        if bytes.is_empty() {
            return refuse("it is empty", "Choose another");
        }
        if at(0, b"%PDF-") {
            return Ok(Self::Pdf);
        }
        if at(0, b"\x89PNG\r\n\x1a\n") {
            return Ok(Self::Png);
        }
        if at(0, b"\xff\xd8\xff") {
            return Ok(Self::Jpeg);
        }
        if at(0, b"RIFF") && at(8, b"WEBPVP") {
            return Ok(Self::Webp);
        }
        if at(0, b"PK\x03\x04") {
            return Self::of_archive(bytes);
        }
        let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}');
        if std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(plain)) {
            return Ok(Self::Text);
        }
        refuse("nobody can tell what it is", "Send it as PDF, or as another kind that is asked for")
    }

    fn of_archive(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |problem: &str, remedy: &str| Err(Refusal::new("file", problem, remedy));
        let Some(entries) = entries(bytes) else {
            return refuse("it is damaged", "Export it anew, or send it as PDF");
        };
        let has = |name: &[u8]| entries.contains(&name);
        let begins = |name: &[u8]| entries.iter().any(|entry| entry.starts_with(name));
        let macros = entries.iter().any(|entry| entry.ends_with(b"vbaProject.bin"))
            || begins(b"Basic/")
            || begins(b"Scripts/");
        if macros {
            return refuse("it holds macros, which are programs", "Save it without them, or send it as PDF");
        }
        // The first entry is called `mimetype` and not compressed, so its content stands at byte 38.
        let open = |media: &str| {
            bytes.get(30..38) == Some(b"mimetype".as_slice())
                && bytes.get(38..38 + media.len()) == Some(media.as_bytes())
                && bytes.get(38 + media.len()..).is_some_and(|rest| !rest.starts_with(b"-template"))
        };
        match () {
            () if open(ODP) => Ok(Self::Odp),
            () if open(ODT) => Ok(Self::Odt),
            () if has(b"[Content_Types].xml") && has(b"ppt/presentation.xml") => Ok(Self::Pptx),
            () if has(b"[Content_Types].xml") && has(b"word/document.xml") => Ok(Self::Docx),
            () => refuse("it is an archive, or a document of another kind", "Send what is in it, or a PDF"),
        }
    }
}

const ODP: &str = "application/vnd.oasis.opendocument.presentation";
const ODT: &str = "application/vnd.oasis.opendocument.text";

/// The names of the entries of a zip archive, from its central directory (PKWARE APPNOTE 6.3, sections 4.3.12 and 4.3.16);
/// `None` where it has none that can be read. Nothing is unpacked.
fn entries(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let short = |at: usize| {
        bytes.get(at..at.checked_add(2)?).and_then(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
    };
    let long = |at: usize| {
        bytes.get(at..at.checked_add(4)?).and_then(|four| Some(u32::from_le_bytes(four.try_into().ok()?)))
    };
    // The last record, before a comment of at most 65,535 bytes.
    let from = bytes.len().saturating_sub(22 + usize::from(u16::MAX));
    let end = from + bytes.get(from..)?.windows(4).rposition(|four| four == b"PK\x05\x06")?;
    bytes.get(end..end.checked_add(22)?)?;
    let count = usize::from(short(end.checked_add(10)?)?);
    let mut at = usize::try_from(long(end.checked_add(16)?)?).ok()?;
    let mut out = Vec::with_capacity(count.min(1_000));
    for _ in 0..count {
        if bytes.get(at..at.checked_add(4)?)? != b"PK\x01\x02" {
            return None;
        }
        let name = usize::from(short(at.checked_add(28)?)?);
        let (extra, comment) = (short(at.checked_add(30)?)?, short(at.checked_add(32)?)?);
        let begin = at.checked_add(46)?;
        out.push(bytes.get(begin..begin.checked_add(name)?)?);
        at = begin.checked_add(name + usize::from(extra) + usize::from(comment))?;
    }
    Some(out)
}

/// What a field that takes a file allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRule {
    /// The kinds, in the order in which they are shown; at least one.
    pub kinds: Vec<FileKind>,
    /// The most megabytes, 1 to [`MEGABYTES_MAX`]. The server may allow less.
    pub megabytes: u16,
}

impl FileRule {
    /// The rule of these words: refuses kinds that there are not, none at all, and a size that no server takes.
    pub fn parse<'a>(kinds: impl Iterator<Item = &'a str>, megabytes: Option<u32>) -> Result<Self, Refusal> {
        let mut out: Vec<FileKind> = vec![];
        for word in kinds.map(str::trim).filter(|word| !word.is_empty()) {
            let kind = FileKind::parse(word).ok_or_else(|| {
                let problem = format!("\"{}\" is no kind of file", excerpt(word, 30));
                Refusal::new("files", problem, "Choose some of the list")
            })?;
            if !out.contains(&kind) {
                out.push(kind);
            }
        }
        let megabytes = megabytes.unwrap_or(10);
        let rule = Self { kinds: out, megabytes: u16::try_from(megabytes).unwrap_or(u16::MAX) };
        rule.check().map(|()| rule)
    }

    /// Whether it allows something, and no more than there may be.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.kinds.is_empty() {
            return Err(Refusal::new("files", "it takes no kind of file", "Choose at least one"));
        }
        if !(1..=MEGABYTES_MAX).contains(&self.megabytes) {
            let remedy = format!("Give 1 to {MEGABYTES_MAX} megabytes");
            return Err(Refusal::new("megabytes", "that is no size of a file", remedy));
        }
        Ok(())
    }

    /// The most bytes, where the server takes files of `ceiling` megabytes at most.
    pub fn most(&self, ceiling: u16) -> u64 {
        u64::from(self.megabytes.min(ceiling)) * MEGABYTE
    }

    /// What it takes, as a sentence for those who choose a file.
    pub fn shown(&self, ceiling: u16) -> String {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.shown()).collect();
        format!("{}; at most {} MB.", kinds.join(", "), self.megabytes.min(ceiling))
    }

    /// What browsers offer to choose from.
    pub fn accept(&self) -> String {
        self.kinds.iter().flat_map(|kind| kind.endings()).copied().collect::<Vec<_>>().join(",")
    }

    /// What these bytes are, where they may be handed in by this rule.
    pub fn take(&self, bytes: &[u8], ceiling: u16) -> Result<FileKind, Refusal> {
        let most = self.most(ceiling);
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
            let problem = format!("it has {}", size(bytes.len() as u64));
            let remedy = format!("Send one of at most {} MB", most / MEGABYTE);
            return Err(Refusal::new("file", problem, remedy));
        }
        let kind = FileKind::recognise(bytes)?;
        if !self.kinds.contains(&kind) {
            let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.shown()).collect();
            let problem = format!("what it holds is of the kind \"{}\"", kind.shown());
            return Err(Refusal::new("file", problem, format!("Send one of these: {}", kinds.join(", "))));
        }
        Ok(kind)
    }
}

/// SHA-256 of a file, as 64 hexadecimal digits: by it the file is kept, so that it can stand in a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FileDigest(String);

impl FileDigest {
    /// Of these 32 bytes.
    pub fn new(digest: [u8; 32]) -> Self {
        use fmt::Write;
        let mut out = String::with_capacity(64);
        for byte in digest {
            // A String takes everything.
            let _ = write!(out, "{byte:02x}");
        }
        Self(out)
    }

    /// Reads one that was made by [`FileDigest::new`]; nothing else is one.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        hex.then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FileDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no digest of a file"))
    }
}

/// A file that somebody handed in. Its bytes are kept beside the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedIn {
    /// Which it is. The same bytes that are handed in twice are two files.
    pub id: FileId,
    /// What its bytes are known by.
    pub digest: FileDigest,
    /// How whoever handed it in called it: text to show and nothing else.
    pub name: Line,
    /// What its bytes are.
    pub kind: FileKind,
    /// How many bytes it has.
    pub bytes: u64,
}

impl HandedIn {
    /// The name of a file as it is shown and as it is saved: without folders, without what no disk takes, and never empty.
    pub fn name_of(sent: &str, kind: FileKind) -> Line {
        let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
        // What turns the direction of text would show another end than the name has.
        let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let odd =
            |c: char| c.is_control() || matches!(c, '"' | '<' | '>' | '|' | ':' | '*' | '?') || turns(c);
        let plain: String = last.chars().filter(|c| !odd(*c)).collect();
        let name = Line::clean(plain.trim().trim_start_matches('.'));
        let (stem, end) = name.as_str().rsplit_once('.').unwrap_or((name.as_str(), ""));
        let known = kind.endings();
        let ending = known
            .iter()
            .find(|known| known.trim_start_matches('.').eq_ignore_ascii_case(end))
            .or(known.first())
            .copied()
            .unwrap_or_default();
        // An end that the content does not have is no end but part of the name.
        let is_known = known.iter().any(|known| known.trim_start_matches('.').eq_ignore_ascii_case(end));
        let stem = if is_known { stem } else { name.as_str() };
        let stem: String = stem.chars().take(NAME_MAX).collect();
        let stem = if stem.trim().is_empty() { "file" } else { stem.trim() };
        Line::clean(&format!("{stem}{ending}"))
    }

    /// Under which name it stands in a public address: that of its field, with the end that its kind has.
    pub fn public_name(&self, key: &FieldKey) -> String {
        format!("{key}{}", self.kind.endings().first().copied().unwrap_or_default())
    }

    /// Its name, what it is and how large, for people.
    pub fn shown(&self) -> String {
        format!("{} ({}, {})", self.name, self.kind.shown(), size(self.bytes))
    }

    /// The value of `Content-Disposition` that has it saved under its name and never shown in the site's own place (RFC 6266,
    /// with the name in UTF-8 by RFC 8187).
    pub fn disposition(&self) -> String {
        use fmt::Write;
        let plain: String = self
            .name
            .as_str()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
            .collect();
        let mut out = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''");
        for byte in self.name.as_str().bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~') {
                out.push(char::from(byte));
            } else {
                // A String takes everything.
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    }
}

/// A number of bytes, for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / MEGABYTE, bytes % MEGABYTE / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zip archive whose entries hold nothing but `mimetype`, where one is given.
    fn archive(media: Option<&str>, names: &[&str]) -> Vec<u8> {
        let (mut out, mut directory, mut count) = (vec![], vec![], 0_u16);
        let mimetype = media.map(|media| ("mimetype", media));
        for (name, content) in mimetype.into_iter().chain(names.iter().map(|name| (*name, ""))) {
            let begin = u32::try_from(out.len()).unwrap();
            let size = u32::try_from(content.len()).unwrap().to_le_bytes();
            let length = u16::try_from(name.len()).unwrap().to_le_bytes();
            out.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
            out.extend(size.iter().chain(&size).chain(&length).chain(&[0, 0]));
            out.extend(name.as_bytes().iter().chain(content.as_bytes()));
            directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
            directory.extend(size.iter().chain(&size).chain(&length));
            directory.extend([0; 12]);
            directory.extend(begin.to_le_bytes());
            directory.extend(name.as_bytes());
            count += 1;
        }
        let begin = u32::try_from(out.len()).unwrap().to_le_bytes();
        let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
        out.extend(directory);
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend(count.to_le_bytes().iter().chain(&count.to_le_bytes()).chain(&length).chain(&begin));
        out.extend([0, 0]);
        out
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        let of = |bytes: &[u8]| FileKind::recognise(bytes).unwrap();
        assert_eq!(of(b"%PDF-1.7\n"), FileKind::Pdf);
        assert_eq!(of(b"\x89PNG\r\n\x1a\n..."), FileKind::Png);
        assert_eq!(of(b"\xff\xd8\xff\xe0"), FileKind::Jpeg);
        assert_eq!(of("# Größe\n\nText".as_bytes()), FileKind::Text);
        assert_eq!(of(b"<html><script>alert(1)</script>"), FileKind::Text, "served as text, it runs nothing");
        assert_eq!(of(&archive(Some(ODP), &["content.xml"])), FileKind::Odp);
        assert_eq!(of(&archive(Some(ODT), &["content.xml"])), FileKind::Odt);
        assert_eq!(of(&archive(None, &["[Content_Types].xml", "ppt/presentation.xml"])), FileKind::Pptx);
        assert_eq!(of(&archive(None, &["[Content_Types].xml", "word/document.xml"])), FileKind::Docx);
    }

    #[test]
    fn programs_archives_and_damaged_files_are_none() {
        let wrong = |bytes: &[u8]| FileKind::recognise(bytes).unwrap_err().problem;
        assert!(wrong(b"").contains("empty"));
        assert!(wrong(b"MZ\x90\0\x03").contains("nobody can tell"));
        assert!(wrong(b"\x7fELF\x02\x01").contains("nobody can tell"));
        assert!(wrong(&archive(None, &["evil.exe"])).contains("archive"));
        let names = ["[Content_Types].xml", "ppt/presentation.xml", "ppt/vbaProject.bin"];
        assert!(wrong(&archive(None, &names)).contains("macros"));
        assert!(wrong(&archive(Some(ODP), &["Basic/Standard/Module1.xml"])).contains("macros"));
        let whole = archive(Some(ODP), &["content.xml"]);
        for end in 0..whole.len() {
            // Cut anywhere, it is refused and nothing panics.
            assert!(end < 4 || FileKind::recognise(&whole[..end]).is_err(), "cut at {end}");
        }
        let mut far = whole;
        let at = far.len() - 6;
        far[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(wrong(&far).contains("damaged"));
    }

    #[test]
    fn a_rule_takes_its_kinds_up_to_the_smaller_of_two_sizes() {
        let rule = FileRule::parse(["pdf", "odp", "pdf"].into_iter(), Some(2)).unwrap();
        assert_eq!(rule.kinds, [FileKind::Pdf, FileKind::Odp]);
        let mut large = b"%PDF-1.7".to_vec();
        large.resize(1_500_000, b' ');
        assert_eq!(rule.take(&large, 20), Ok(FileKind::Pdf));
        assert_eq!(rule.take(&large, 1).unwrap_err().problem, "it has 1.5 MB");
        assert!(rule.take(b"text", 20).unwrap_err().remedy.contains("PDF, OpenDocument slides"));
        assert!(FileRule::parse(["exe"].into_iter(), None).is_err());
        assert!(FileRule::parse([].into_iter(), None).is_err());
        assert!(FileRule::parse(["pdf"].into_iter(), Some(51)).is_err());
    }

    #[test]
    fn a_name_is_text_that_ends_as_its_content_does() {
        let of = |name: &str, kind| HandedIn::name_of(name, kind).to_string();
        assert_eq!(of("../../etc/passwd", FileKind::Text), "passwd.txt");
        assert_eq!(of("C:\\Users\\Ada\\My Talk.PDF", FileKind::Pdf), "My Talk.pdf");
        assert_eq!(of("notes.md", FileKind::Text), "notes.md");
        assert_eq!(of("page.html", FileKind::Text), "page.html.txt");
        assert_eq!(of("invoice\u{202e}fdp.exe", FileKind::Pdf), "invoicefdp.exe.pdf");
        assert_eq!(of(".htaccess", FileKind::Text), "htaccess.txt");
        assert_eq!(of("\"\r\n", FileKind::Png), "file.png");
        assert!(of(&"x".repeat(500), FileKind::Pdf).len() < 130);
    }

    #[test]
    fn a_header_says_the_name_in_ascii_and_in_full() {
        let file = HandedIn {
            id: FileId(uuid::Uuid::nil()),
            digest: FileDigest::new([0xab; 32]),
            name: Line::from("Größe; \u{201c}x\u{201d}.pdf"),
            kind: FileKind::Pdf,
            bytes: 1_234_567,
        };
        let said = file.disposition();
        assert!(
            said.starts_with("attachment; filename=\"Gr__e_ _x_.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%3B"),
            "{said}"
        );
        assert!(said.is_ascii());
        assert!(file.shown().ends_with("(PDF, 1.2 MB)"), "{}", file.shown());
        assert_eq!(FileDigest::parse(file.digest.as_str()), Some(file.digest));
        assert_eq!(FileDigest::parse("../../x"), None);
    }
}
