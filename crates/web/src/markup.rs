//! User text, safely: Markdown or HTML from elsewhere becomes HTML that holds no script, no foreign style and
//! no picture, and that fits below the headings of the page it stands on.
//!
//! comrak reads the Markdown and lets HTML pass; ammonia then keeps what is harmless of it. Nothing from
//! outside reaches a page by any other way than through here or through the templates' escaping.

use ammonia::{Builder, UrlRelative};
use comrak::{Arena, Options, nodes::NodeValue};
use model::text::{Markup, RichText, Slug};
use std::{borrow::Cow, fmt::Write as _, sync::LazyLock};

/// HTML that a template may write as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SafeHtml(String);

impl SafeHtml {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is to be shown.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for SafeHtml {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for SafeHtml {}

/// The text as safe HTML. Its outermost headings become headings of `level` (1 to 6), those below them follow
/// without a gap.
pub fn html(text: &RichText, level: u8) -> SafeHtml {
    if text.is_empty() {
        return SafeHtml::default();
    }
    let source = match text.markup() {
        Markup::Html => Cow::Borrowed(text.as_str()),
        Markup::Markdown => Cow::Owned(from_markdown(text.as_str())),
    };
    if depth(&source) > DEPTH_MAX {
        let bare = ammonia::clean_text(text.as_str());
        return SafeHtml(format!("<p>{}</p>", bare.replace("&#10;", "<br>")));
    }
    SafeHtml(with_headings_from(CLEANER.clean(&source).to_string().trim(), level))
}

/// A message of a chat as safe HTML: emphasis, code, lists, links. A line end is a line end, `<` is a letter like any
/// other, and nothing is larger than the text around it.
pub fn chat(text: &RichText) -> SafeHtml {
    static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
        let mut builder = builder();
        builder.tags(
            ["p", "br", "em", "strong", "s", "code", "pre", "a", "ul", "ol", "li", "blockquote"].into(),
        );
        builder
    });
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.render.escape = true;
    options.render.hardbreaks = true;
    let source = comrak::markdown_to_html(text.as_str(), &options);
    if depth(&source) > DEPTH_MAX {
        return SafeHtml(format!("<p>{}</p>", ammonia::clean_text(text.as_str())));
    }
    SafeHtml(CLEANER.clean(&source).to_string().trim().to_owned())
}

/// A heading of a page that organisers wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Its anchor, without `#`.
    pub id: String,
    /// What it says.
    pub text: String,
    /// Whether it is one of the outermost.
    pub outer: bool,
}

/// The text of a page that organisers wrote, as safe HTML with its outermost headings at `level`, and the headings.
/// Beside what [`html`] keeps, it may link within this site (`#anchor`, `/path`), every heading has an anchor made from
/// what it says, and the links are the organisers' own: they vouch for them. `to` writes paths of this site as the page
/// needs them.
pub fn page(
    text: &RichText,
    level: u8,
    to: impl Fn(&str) -> String + Send + Sync,
) -> (SafeHtml, Vec<Heading>) {
    if text.is_empty() {
        return (SafeHtml::default(), vec![]);
    }
    let source = match text.markup() {
        Markup::Html => Cow::Borrowed(text.as_str()),
        Markup::Markdown => Cow::Owned(from_markdown(text.as_str())),
    };
    if depth(&source) > DEPTH_MAX {
        return (html(text, level), vec![]);
    }
    let within = move |url: &str| -> Option<Cow<'static, str>> {
        let anchor = url.strip_prefix('#').is_some_and(|id| !id.is_empty());
        match url.split_once('#') {
            _ if anchor => Some(Cow::Owned(url.to_owned())),
            Some((path, id)) => {
                model::address::local_path(path).map(|path| format!("{}#{id}", to(path)).into())
            }
            None => model::address::local_path(url).map(|path| to(path).into()),
        }
    };
    let mut cleaner = builder();
    cleaner.url_relative(UrlRelative::Custom(Box::new(Within(within)))).link_rel(Some("noopener"));
    let clean = cleaner.clean(&source).to_string();
    let (out, headings) = with_anchors(&with_headings_from(clean.trim(), level), level);
    (SafeHtml(out), headings)
}

/// Which addresses without a scheme stay, and as what.
struct Within<F>(F);

impl<'a, F: Fn(&str) -> Option<Cow<'static, str>> + Send + Sync + 'a> ammonia::UrlRelativeEvaluate<'a>
    for Within<F>
{
    fn evaluate<'url>(&self, url: &'url str) -> Option<Cow<'url, str>> {
        (self.0)(url)
    }
}

/// Anchors that the pages around the text have.
const TAKEN: [&str; 8] = [
    "main",
    "tz",
    "zones",
    "zones-heading",
    "feeds-heading",
    "release-heading",
    "sponsors-heading",
    "contents",
];

/// The same HTML with an anchor at every heading, each its own, and the headings.
fn with_anchors(html: &str, level: u8) -> (String, Vec<Heading>) {
    let mut out = String::with_capacity(html.len() + 256);
    let mut headings: Vec<Heading> = vec![];
    let mut rest = html;
    while let Some(at) = rest.find("<h") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let digit = rest.as_bytes().get(2).filter(|d| (b'1'..=b'6').contains(d)).map(|d| d - b'0');
        let inner = digit.and_then(|digit| {
            let open = rest.find('>')? + 1;
            let end = open + rest[open..].find(&format!("</h{digit}>"))?;
            Some((digit, open, end))
        });
        let Some((digit, open, end)) = inner else {
            out.push_str("<h");
            rest = &rest[2..];
            continue;
        };
        let text = bare(&rest[open..end]);
        let base = Slug::from_text(&text).map_or_else(|| "section".to_owned(), |slug| slug.to_string());
        let free = |id: &str| !TAKEN.contains(&id) && headings.iter().all(|heading| heading.id != id);
        // One of so many is free: there are no more headings and other anchors than that.
        let most = headings.len() + TAKEN.len() + 2;
        let id = std::iter::once(base.clone())
            .chain((2..=most).map(|number| format!("{base}-{number}")))
            .find(|id| free(id))
            .unwrap_or(base);
        let _ = write!(out, "<h{digit} id=\"{id}\"");
        out.push_str(&rest[3..end]);
        headings.push(Heading { id, text, outer: digit == level });
        rest = &rest[end..];
    }
    out.push_str(rest);
    (out, headings)
}

/// The text without any markup, on one line.
pub fn plain(text: &RichText) -> String {
    bare(html(text, 2).as_str())
}

/// The text of safe HTML, on one line.
fn bare(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('>') else { break };
        // Only what ends a word for the eye ends a word here: `<b>a</b>b` is one.
        let name = rest[open..].trim_start_matches(['<', '/']);
        if !["b>", "i>", "em>", "strong>", "code>", "a ", "a>", "span", "sub>", "sup>"]
            .iter()
            .any(|tag| name.starts_with(tag))
        {
            out.push(' ');
        }
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    let text = out
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of a plain text, cut at a word, with an ellipsis where something was cut.
pub fn beginning(text: &str, max: usize) -> String {
    let Some((cut, _)) = text.char_indices().nth(max) else { return text.to_owned() };
    let end = text[..cut].rfind(' ').filter(|end| *end > cut / 2).unwrap_or(cut);
    format!("{}…", text[..end].trim_end_matches([' ', ',', '.', ';', ':']))
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(builder);

/// What is harmless, for everybody's texts.
fn builder<'a>() -> Builder<'a> {
    let mut builder = Builder::default();
    builder
        .rm_tags([
            "img",
            "area",
            "map",
            "article",
            "aside",
            "header",
            "footer",
            "nav",
            "hgroup",
            "figure",
            "figcaption",
        ])
        .add_tags(["s"])
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow noopener ugc"));
    builder
}

/// The deepest nesting that is drawn. An HTML parser's time grows with the square of it, and no prose gets near:
/// a text that goes deeper is shown as it was written.
const DEPTH_MAX: usize = 256;

/// How deep the elements of `html` nest at most, not counting those that close by themselves.
fn depth(html: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        let (closing, name) = tag.strip_prefix('/').map_or((false, tag), |name| (true, name));
        let name: String = name.chars().take(8).take_while(char::is_ascii_alphanumeric).collect();
        let counts = !matches!(
            name.to_ascii_lowercase().as_str(),
            "" | "p"
                | "li"
                | "br"
                | "hr"
                | "img"
                | "td"
                | "th"
                | "tr"
                | "dt"
                | "dd"
                | "input"
                | "wbr"
                | "col"
        );
        match (counts, closing) {
            (true, true) => depth = depth.saturating_sub(1),
            (true, false) => depth += 1,
            (false, _) => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn from_markdown(text: &str) -> String {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.render.r#unsafe = true;
    options.render.hardbreaks = !is_wrapped(text);
    let arena = Arena::new();
    let document = comrak::parse_document(&arena, text, &options);
    for node in document.descendants() {
        let link = match &node.data.borrow().value {
            NodeValue::Image(link) => link.clone(),
            _ => continue,
        };
        // A picture from elsewhere would tell that site who reads this page: it becomes a link to it, unless it
        // stands in one already.
        if !node.ancestors().skip(1).any(|above| matches!(above.data.borrow().value, NodeValue::Link(_))) {
            node.data.borrow_mut().value = NodeValue::Link(link);
        }
    }
    let mut out = String::with_capacity(text.len() * 2);
    match comrak::format_html(document, &options, &mut out) {
        Ok(()) => out,
        // Writing into a string does not fail; if it ever does, the bare text is shown.
        Err(_) => ammonia::clean_text(text),
    }
}

/// Whether the text was wrapped at a fixed width by a mail program or an editor, so that its line ends mean
/// nothing; elsewhere a line end is meant.
fn is_wrapped(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let inner: Vec<usize> = lines
        .windows(2)
        .filter(|pair| !pair[0].is_empty() && !pair[1].is_empty())
        .map(|pair| pair[0].chars().count())
        .collect();
    !inner.is_empty() && inner.iter().all(|n| *n <= 100) && inner.iter().sum::<usize>() / inner.len() >= 55
}

/// The same HTML with its headings renumbered so that the outermost is `level` and none skips a step.
fn with_headings_from(html: &str, level: u8) -> String {
    let mut out = String::with_capacity(html.len());
    // The levels as written that enclose the present place, and the renumbered headings that are open.
    let (mut outline, mut open): (Vec<u8>, Vec<u8>) = (vec![], vec![]);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let bytes = rest.as_bytes();
        let (closing, h) = if bytes.get(1) == Some(&b'/') { (true, 2) } else { (false, 1) };
        let digit =
            bytes.get(h + 1).copied().filter(|d| bytes.get(h) == Some(&b'h') && (b'1'..=b'6').contains(d));
        match (digit, closing) {
            (Some(digit), false) => {
                while outline.last().is_some_and(|last| *last >= digit) {
                    outline.pop();
                }
                outline.push(digit);
                let new = (level + outline.len() as u8 - 1).min(6);
                open.push(new);
                let _ = write!(out, "<h{new}");
                rest = &rest[3..];
            }
            (Some(_), true) => {
                let _ = write!(out, "</h{}", open.pop().unwrap_or(level));
                rest = &rest[4..];
            }
            (None, _) => {
                out.push('<');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> String {
        html(&RichText::clean(text), 2).0
    }

    #[test]
    fn script_style_and_handlers_are_gone_whatever_the_markup() {
        for hostile in [
            "<script>alert(1)</script>",
            "hello <img src=x onerror=alert(1)>",
            "<p onclick=\"alert(1)\" style=\"position:fixed\">x</p>",
            "[x](javascript:alert(1))",
            "<a href=\"java&#10;script:alert(1)\">x</a>",
            "<svg><script>alert(1)</script></svg>",
            "<iframe src=\"https://evil.example\"></iframe>",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        ] {
            let out = drawn(hostile).to_ascii_lowercase();
            for word in [
                "<script",
                "onerror=\"",
                "onerror=a",
                "onclick",
                "style=",
                "javascript:",
                "<iframe",
                "<svg",
                "<img",
            ] {
                assert!(!out.contains(word) || out.contains("&lt;img"), "{hostile} became {out}");
            }
        }
    }

    #[test]
    fn a_chat_message_has_no_markup_but_that_of_a_line() {
        let said = |text: &str| chat(&RichText::clean(text)).0;
        assert_eq!(
            said("a < b\n**so** `x<y>`"),
            "<p>a &lt; b<br>\n<strong>so</strong> <code>x&lt;y&gt;</code></p>"
        );
        let hostile = said("<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>");
        assert!(!hostile.contains("<script") && !hostile.contains("<img"), "{hostile}");
        assert!(!said("# Loud").contains("<h1"), "nobody shouts in headings");
        let link = said("[x](javascript:alert(1)) https://example.org");
        assert!(!link.contains("javascript") && link.contains("href=\"https://example.org\""), "{link}");
        assert!(!said("![x](https://example.org/a.png)").contains("<img"), "no picture tells who reads");
    }

    #[test]
    fn headings_fit_below_those_of_the_page() {
        assert_eq!(drawn("# A\n\n### B\n\n# C"), "<h2>A</h2>\n<h3>B</h3>\n<h2>C</h2>");
        assert_eq!(drawn("<h4>A</h4><h1>B</h1>"), "<h2>A</h2><h2>B</h2>");
    }

    #[test]
    fn a_page_has_anchors_of_its_own_and_links_within_the_site() {
        let (html, headings) = page(
            &RichText::clean(
                "# Getting there\n\nSee [tickets](/x/pages/tickets/#prices), [below](#main-2).\n\n## Main\n\n## Main",
            ),
            2,
            |path| format!("..{path}"),
        );
        let html = html.0;
        assert!(html.contains("<h2 id=\"getting-there\">Getting there</h2>"), "{html}");
        assert!(html.contains("<h3 id=\"main-2\">") && html.contains("<h3 id=\"main-3\">"), "{html}");
        assert!(
            html.contains("href=\"../x/pages/tickets/#prices\"") && html.contains("href=\"#main-2\""),
            "{html}"
        );
        assert_eq!(headings.iter().filter(|heading| heading.outer).count(), 1);
        let hostile = "[a](//evil.example) [b](/\\evil.example) [c](javascript:alert(1)) <h2 id=\"main\" onclick=x>T</h2>";
        let (html, _) = page(&RichText::clean(hostile), 2, str::to_owned);
        assert!(
            // Encoded, a backslash is a letter of a path of this site and no slash.
            !html.0.contains("//evil")
                && !html.0.contains("\\evil")
                && !html.0.contains("javascript:")
                && !html.0.contains("onclick"),
            "{}",
            html.0
        );
        assert!(!html.0.contains("id=\"main\""), "{}", html.0);
        let (table, _) = page(&RichText::clean("| a | b |\n|---|---|\n| 1 | 2 |"), 2, str::to_owned);
        assert!(table.0.contains("<table>"), "{}", table.0);
    }

    #[test]
    fn links_lead_out_without_vouching_for_what_is_there() {
        assert_eq!(
            drawn("https://example.org/x"),
            "<p><a href=\"https://example.org/x\" rel=\"nofollow noopener ugc\">https://example.org/x</a></p>"
        );
        assert!(
            drawn("![a map](https://example.org/m.png)").contains("<a href=\"https://example.org/m.png\"")
        );
    }

    #[test]
    fn line_ends_are_kept_where_they_are_meant() {
        assert!(drawn("one\ntwo").contains("<br>"));
        let wrapped = "This paragraph was wrapped by a mail program at seventy-two columns, so\nits line ends mean nothing.";
        assert!(!drawn(wrapped).contains("<br>"));
    }

    #[test]
    fn plain_text_has_no_markup_and_its_beginning_ends_at_a_word() {
        assert_eq!(plain(&RichText::clean("**Bold**ly & <b>more</b>\n\n- a\n- b")), "Boldly & more a b");
        assert_eq!(beginning("one two three", 9), "one two…");
        assert_eq!(beginning("one", 9), "one");
    }

    #[test]
    fn hostile_nesting_is_drawn_in_bounded_time() {
        let start = std::time::Instant::now();
        for unit in [">", "- ", "[", "<b>", "*a _", "<div>", "`", "![](", "> - "] {
            drawn(&unit.repeat(60_000 / unit.len()));
        }
        assert!(start.elapsed().as_secs() < 60, "took {:?}", start.elapsed());
    }
}
