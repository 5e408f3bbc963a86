//! From bytes to text: byte order marks, UTF-16, the encodings that old XML declares, and bytes that are none.

use crate::read::{MAX_INPUT, Note, ReadError};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The most broken characters in a text that is still read; beyond, it is taken for a binary file.
const BROKEN_MAX: usize = 100;

/// The text of a file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The file's name, as messages say it.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What was wrong with its characters.
    pub notes: Vec<Note>,
}

impl Source {
    /// Decodes `bytes`: by byte order mark, else UTF-16 where every other byte of the beginning is NUL, else as
    /// its XML declaration says, else UTF-8. A few invalid characters are replaced, with a note.
    pub(crate) fn decode(name: &str, bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > MAX_INPUT {
            return Err(ReadError::too_large(name, "", format!("{} MiB", MAX_INPUT >> 20)));
        }
        let (encoding, bytes) = match Encoding::for_bom(bytes) {
            Some((encoding, length)) => (encoding, &bytes[length..]),
            None => (unmarked(name, bytes)?, bytes),
        };
        let (text, broken) = encoding.decode_without_bom_handling(bytes);
        let mut notes = vec![];
        if broken {
            let places: Vec<usize> =
                text.match_indices('\u{FFFD}').map(|(at, _)| at).take(BROKEN_MAX + 1).collect();
            let first = places.first().copied().unwrap_or_default();
            let place = line_place(&text, first);
            if places.len() > BROKEN_MAX || text.len() < 4 * places.len() {
                return Err(ReadError::malformed(
                    name,
                    place,
                    format!("this is not text in {}", encoding.name()),
                    "Check that the file is a schedule and was saved in UTF-8",
                ));
            }
            notes.push(Note {
                file: name.to_owned(),
                place,
                problem: format!(
                    "{} characters are not valid {}, the first of them here",
                    places.len(),
                    encoding.name()
                ),
                remedy: "They were replaced by \u{FFFD}; save the file in UTF-8".to_owned(),
            });
        }
        Ok(Self { name: name.to_owned(), text: text.into_owned(), notes })
    }
}

/// The encoding of a text without byte order mark.
fn unmarked(name: &str, bytes: &[u8]) -> Result<&'static Encoding, ReadError> {
    match bytes {
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => return Ok(UTF_16BE),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => return Ok(UTF_16LE),
        _ => {}
    }
    let head = &bytes[..bytes.len().min(200)];
    let declared = head
        .strip_prefix(b"<?xml")
        .and_then(|rest| rest.split(|byte| *byte == b'>').next())
        .and_then(|declaration| std::str::from_utf8(declaration).ok())
        .and_then(|declaration| declaration.split_once("encoding"))
        .and_then(|(_, value)| value.trim_start().strip_prefix('='))
        .and_then(|value| value.trim_start().split(['"', '\'']).nth(1));
    match declared {
        None => Ok(UTF_8),
        Some(label) => match Encoding::for_label(label.as_bytes()) {
            // The declaration was read as bytes, so it cannot be in the encoding that it claims.
            Some(encoding) if encoding == UTF_16BE || encoding == UTF_16LE => Ok(UTF_8),
            Some(encoding) => Ok(encoding),
            None => Err(ReadError::malformed(
                name,
                "line 1",
                format!("the encoding \"{}\" is not known", model::text::excerpt(label, 40)),
                "Save the file in UTF-8",
            )),
        },
    }
}

/// Where byte `at` of `text` stands: "line 12". Past the end is the last line.
pub(crate) fn line_place(text: &str, at: usize) -> String {
    let before = &text.as_bytes()[..at.min(text.len())];
    format!("line {}", before.split(|byte| *byte == b'\n').count())
}
