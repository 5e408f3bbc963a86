//! Links of sessions and persons.

use super::field::{field, same_words};
use model::{
    Refusal, programme as p,
    text::{Line, WebUrl},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A link on a session or a person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Link {
    /// What it leads to.
    #[serde(default)]
    kind: LinkKind,
    /// What it is called.
    #[serde(default)]
    title: String,
    /// Where it leads: an `http:` or `https:` address.
    url: String,
}

/// What a link leads to.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LinkKind {
    /// Something related.
    #[default]
    Related,
    /// Slides.
    Slides,
    /// A paper.
    Paper,
    /// A recording.
    Video,
    /// A file that belongs to the session.
    Attachment,
    /// A chat room.
    Chat,
    /// The live stream or video room.
    Stream,
    /// A web page.
    Web,
}

same_words!(LinkKind = p::LinkKind { Related, Slides, Paper, Video, Attachment, Chat, Stream, Web });

impl From<&p::Link> for Link {
    fn from(link: &p::Link) -> Self {
        Self { kind: link.kind.into(), title: link.title.to_string(), url: link.url.to_string() }
    }
}

/// The links that an input decides.
pub(super) fn links(links: &[Link]) -> Result<Vec<p::Link>, Refusal> {
    let read = |link: &Link| {
        let url = field("links", &link.url, WebUrl::parse)?;
        let title = Line::clean(&link.title);
        let title = if title.is_empty() { Line::clean(url.as_str()) } else { title };
        Ok(p::Link { kind: link.kind.into(), title, url })
    };
    links.iter().map(read).collect()
}
