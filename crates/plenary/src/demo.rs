//! The invented edition that `plenary demo` opens, so that a newcomer meets a whole conference at once.
//!
//! Its content is one file, `demo/edition.toml`, embedded in the binary; the comments at its top say how it is laid
//! out. `file.rs` holds its shapes, `build.rs` turns it into programmes, `content.rs` writes its pages and posts into a record, and
//! `calls.rs` the next edition with its calls.

mod build;
pub(crate) mod calls;
pub(crate) mod content;
mod file;
pub(crate) mod live;
mod standing;
#[cfg(test)]
mod tests;

pub(crate) use standing::Standing;

use jiff::Timestamp;
use model::{Refusal, programme::Programme};

/// The content, as it was compiled in.
const EDITION: &str = include_str!("../demo/edition.toml");

/// One release of the invented edition.
#[derive(Clone, Debug)]
pub(crate) struct DemoRelease {
    /// When it was published, by the story that the demo tells.
    pub(crate) published: Timestamp,
    /// What its publisher says about it, in Markdown.
    pub(crate) note: String,
    /// The whole programme as it stood then, normalised.
    pub(crate) programme: Programme,
}

/// Every release of the invented edition, oldest first; the last one is the present programme.
///
/// The same things have the same identifiers in all of them, so that their differences are what a visitor expects.
/// Fails only when the embedded file contradicts itself, and then says where.
pub(crate) fn releases() -> Result<Vec<DemoRelease>, Refusal> {
    read(EDITION)
}

/// The editions that a demo holds, by their places in addresses.
pub(crate) fn slugs() -> anyhow::Result<Vec<model::text::Slug>> {
    let first = releases()?.into_iter().map(|release| release.programme.edition.slug).next();
    Ok(first.into_iter().chain(std::iter::once(calls::slug()?)).collect())
}

/// The releases that a file of this layout describes.
fn read(text: &str) -> Result<Vec<DemoRelease>, Refusal> {
    let file: file::File = toml::from_str(text).map_err(|error| {
        Refusal::new(
            "edition.toml",
            format!("cannot be read: {}", error.to_string().trim_end()),
            "Compare with the layout described at its top",
        )
    })?;
    file.release
        .iter()
        .map(|release| {
            Ok(DemoRelease {
                published: release.published,
                note: release.note.clone(),
                programme: build::programme(&file, release)?,
            })
        })
        .collect()
}
