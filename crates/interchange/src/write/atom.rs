//! Atom (RFC 4287): the feed of an edition's releases, newest first, each with what it changed; and that of its posts.

use super::{Export, xml::Xml};
use jiff::Timestamp;
use model::{address::Address, id::derived, post::Post, release::ReleaseHead, text::Line};

/// The feed of `releases`; each comes with a line for every thing that it changed.
pub fn atom(export: &Export<'_>, releases: &[(ReleaseHead, Vec<String>)]) -> String {
    let edition = &export.programme.edition;
    let slug = edition.slug.as_str();
    let updated = releases.iter().map(|(head, _)| head.at).max().unwrap_or(export.release.at);
    let mut xml = Xml::new(2_048 + releases.len() * 2_048);
    xml.open("feed", &[("xmlns", "http://www.w3.org/2005/Atom")]);
    xml.leaf("id", &format!("urn:uuid:{}", derived(slug, "feed", "releases")));
    xml.leaf("title", &format!("{}: schedule releases", edition.title));
    xml.leaf("updated", &date_time(updated));
    let own = export.url(&Address::File("releases.atom"));
    xml.leaf_with("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", &own)], "");
    let page = export.url(&Address::Releases);
    xml.leaf_with("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &page)], "");
    xml.leaf_with("generator", &[("version", super::VERSION)], "Plenary");
    xml.open("author", &[]);
    xml.leaf("name", edition.title.non_empty().unwrap_or(slug));
    xml.close();
    let mut newest_first: Vec<&(ReleaseHead, Vec<String>)> = releases.iter().collect();
    newest_first.sort_by_key(|(head, _)| std::cmp::Reverse(head.number));
    for (head, lines) in newest_first {
        xml.open("entry", &[]);
        // Not the address: that may move to another host, the identifier may not.
        xml.leaf("id", &format!("urn:uuid:{}", derived(slug, "release", &head.number.to_string())));
        xml.leaf("title", &format!("Release {}", head.number));
        xml.leaf("updated", &date_time(head.at));
        xml.leaf("published", &date_time(head.at));
        let page = export.url(&Address::Release(head.number));
        xml.leaf_with("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &page)], "");
        xml.leaf_with("summary", &[("type", "text")], &summary(head));
        xml.leaf_with("content", &[("type", "html")], &content(head, lines));
        xml.close();
    }
    xml.finish()
}

/// A post in the feed of posts.
#[derive(Clone, Debug)]
pub struct PostEntry<'a> {
    /// The post.
    pub post: &'a Post,
    /// When it was published.
    pub published: Timestamp,
    /// Its text as safe HTML.
    pub html: String,
}

/// The feed of `posts`, the newest first.
pub fn post_atom(export: &Export<'_>, posts: &[PostEntry<'_>]) -> String {
    let edition = &export.programme.edition;
    let slug = edition.slug.as_str();
    let updated = posts.iter().map(|entry| entry.published).max().unwrap_or(export.release.at);
    let mut xml = Xml::new(2_048 + posts.iter().map(|entry| entry.html.len() + 1_024).sum::<usize>());
    xml.open("feed", &[("xmlns", "http://www.w3.org/2005/Atom")]);
    xml.leaf("id", &format!("urn:uuid:{}", derived(slug, "feed", "posts")));
    xml.leaf("title", edition.title.non_empty().unwrap_or(slug));
    xml.leaf("updated", &date_time(updated));
    let own = export.url(&Address::PostFeed);
    xml.leaf_with("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", &own)], "");
    let page = export.url(&Address::Posts);
    xml.leaf_with("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &page)], "");
    xml.leaf_with("generator", &[("version", super::VERSION)], "Plenary");
    xml.open("author", &[]);
    xml.leaf("name", edition.title.non_empty().unwrap_or(slug));
    xml.close();
    for entry in posts {
        let post = entry.post;
        xml.open("entry", &[]);
        xml.leaf("id", &format!("urn:uuid:{}", post.id));
        xml.leaf("title", post.title.as_str());
        xml.leaf("updated", &date_time(entry.published));
        xml.leaf("published", &date_time(entry.published));
        if let Some(author) = post.author.non_empty() {
            xml.open("author", &[]);
            xml.leaf("name", author);
            xml.close();
        }
        xml.leaf_with("category", &[("term", post.kind.as_str()), ("label", post.kind.shown())], "");
        let page = export.url(&Address::Post(post.slug.as_str()));
        xml.leaf_with("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &page)], "");
        if let Some(summary) = post.summary.non_empty() {
            xml.leaf_with("summary", &[("type", "text")], summary);
        }
        xml.leaf_with("content", &[("type", "html")], &entry.html);
        xml.close();
    }
    xml.finish()
}

fn summary(head: &ReleaseHead) -> String {
    let counts = head.counts;
    let told = format!("{} added, {} changed, {} removed", counts.added, counts.changed, counts.removed);
    match Line::clean(&head.note).non_empty() {
        Some(note) => format!("{note} ({told})"),
        None => told,
    }
}

/// HTML, escaped once for itself here and once more by the XML around it.
fn content(head: &ReleaseHead, lines: &[String]) -> String {
    use quick_xml::escape::escape;
    let mut out = String::with_capacity(64 + lines.iter().map(|line| line.len() + 16).sum::<usize>());
    out.push_str("<p>");
    out.push_str(&escape(summary(head)));
    out.push_str("</p>");
    if !lines.is_empty() {
        out.push_str("<ul>");
        for line in lines {
            out.push_str("<li>");
            out.push_str(&escape(Line::clean(line).as_str()));
            out.push_str("</li>");
        }
        out.push_str("</ul>");
    }
    out
}

fn date_time(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
