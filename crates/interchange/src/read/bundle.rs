//! JSON, CSV and other exports of which several files may belong together.

use crate::read::{Imported, Options, ReadError, decode::Source};

/// Reads `sources`, joining those that are parts of one export.
pub(super) fn read(sources: Vec<Source>, _options: &Options) -> Result<Vec<Imported>, ReadError> {
    match sources.into_iter().next() {
        None => Ok(vec![]),
        Some(source) => Err(ReadError::Unrecognised {
            file: source.name,
            problem: "this is not a schedule in a format that is read".to_owned(),
            remedy: "Give schedule XML or JSON, iCalendar, or an export of pretalx, Indico, Sessionize or Open Event".to_owned(),
        }),
    }
}
