//! What is published: the post's title, its summary, the link to it, within the limit of the server.

use model::{address::Address, edition::Edition, post::Post};

/// What a server allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most characters of a status.
    pub characters: usize,
    /// As how many of them an address counts, however long it is.
    pub per_link: usize,
}

impl Default for Limits {
    /// What Mastodon allows where its operator changes nothing.
    fn default() -> Self {
        Self { characters: 500, per_link: 23 }
    }
}

/// The text of a status about `post`. Characters are counted as Unicode scalar values, of which a text never has fewer
/// than of the grapheme clusters that Mastodon counts.
pub fn status(post: &Post, link: &str, limits: Limits) -> String {
    const GAP: usize = 2;
    let counted = limits.per_link.max(1);
    let room = limits.characters.saturating_sub(counted + GAP);
    let title = cut(post.title.as_str(), room);
    let left = room.saturating_sub(title.chars().count() + GAP);
    let summary = if left < 20 { String::new() } else { cut(post.summary.as_str(), left) };
    [title, summary, link.to_owned()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// The public address of a post.
pub fn link(base_url: &str, edition: &Edition, post: &Post) -> String {
    format!("{}{}", base_url.trim_end_matches('/'), Address::Post(post.slug.as_str()).path(&edition.slug))
}

/// At most `most` characters of `text`, cut at a word where there is one.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    let end = kept.rfind(' ').filter(|end| *end > kept.len() / 2).unwrap_or(kept.len());
    format!("{}…", kept[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use model::{
        id::PostId,
        post::{PostKind, Publication},
        text::{Line, RichText, Slug},
    };
    use uuid::Uuid;

    fn post(title: &str, summary: &str) -> Post {
        Post {
            id: PostId(Uuid::nil()),
            slug: Slug::parse("call").unwrap(),
            title: Line::clean(title),
            kind: PostKind::Announcement,
            summary: Line::clean(summary),
            body: RichText::default(),
            author: Line::default(),
            track: None,
            created: Timestamp::UNIX_EPOCH,
            publication: Publication::Draft,
            mail_to: vec![],
            mastodon: true,
        }
    }

    /// As Mastodon counts: the link as the server says, everything else by characters.
    fn counted(status: &str, link: &str, limits: Limits) -> usize {
        status.strip_suffix(link).unwrap().chars().count() + limits.per_link
    }

    #[test]
    fn a_status_ends_with_the_link_and_stays_within_the_limit_of_the_server() {
        let link = format!("https://conf.example.org/{}/", "x".repeat(300));
        let long = "All of the words ".repeat(60);
        for characters in [60, 140, 500, 5_000] {
            for (title, summary) in
                [("Call", ""), ("Call", long.as_str()), (long.as_str(), long.as_str()), ("ж", "ü")]
            {
                let limits = Limits { characters, per_link: 23 };
                let status = status(&post(title, summary), &link, limits);
                assert!(counted(&status, &link, limits) <= characters, "{characters}: {status}");
                assert!(status.starts_with(&title.chars().take(10).collect::<String>()));
            }
        }
    }

    #[test]
    fn what_fits_is_said_in_full() {
        let status = status(&post("Call", "Send yours."), "https://conf.example.org/x/", Limits::default());
        assert_eq!(status, "Call\n\nSend yours.\n\nhttps://conf.example.org/x/");
    }
}
