//! Bodies of text reduced to plain text, for formats that show no markup (iCalendar, xCal, Atom).
//!
//! Markdown is made to be read as it is, so only HTML is taken apart: tags go, blocks become lines, the
//! commonest entities become their characters. What comes out is text, never shown as markup by anyone, so
//! nothing has to be sanitised here.

use model::text::RichText;
use std::fmt::Write as _;

/// The text without tags and entities; at most one empty line in a row, no tabs.
pub fn plain_text(text: &RichText) -> String {
    let source = text.as_str();
    if !source.contains(['<', '&', '\t', '\n']) {
        return source.to_owned();
    }
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find(['<', '&']) {
        push_text(&mut out, &rest[..at]);
        rest = &rest[at..];
        rest = if rest.starts_with('<') { take_tag(rest, &mut out) } else { take_entity(rest, &mut out) };
    }
    push_text(&mut out, rest);
    tidy(&out)
}

fn push_text(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| if c == '\t' { ' ' } else { c }));
}

/// Takes one tag or comment off the front of `rest`, which begins with `<`; a `<` that begins no tag is text.
fn take_tag<'a>(rest: &'a str, out: &mut String) -> &'a str {
    if let Some(comment) = rest.strip_prefix("<!--") {
        return comment.find("-->").map_or("", |end| &comment[end + 3..]);
    }
    let inner = &rest[1..];
    let named = inner.strip_prefix('/').unwrap_or(inner);
    let name_end = named.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(named.len());
    let name = &named[..name_end];
    let is_tag = (name.starts_with(|c: char| c.is_ascii_alphabetic()) || named.starts_with('!'))
        // `<https://example.org>` and `<a@example.org>` are Markdown links.
        && !named[name_end..].starts_with([':', '@', '.', '+']);
    let Some(end) = rest.find('>').filter(|_| is_tag) else {
        out.push('<');
        return inner;
    };
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        // Their content is not text.
        "script" | "style" if !inner.starts_with('/') => {
            let close = format!("</{lower}");
            let tail = &rest[end + 1..];
            let Some(at) = tail.to_ascii_lowercase().find(&close) else { return "" };
            return tail[at..].find('>').map_or("", |end| &tail[at + end + 1..]);
        }
        "li" if !inner.starts_with('/') => out.push_str("\n- "),
        "p" | "div" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "blockquote"
        | "table" => {
            out.push_str("\n\n");
        }
        "br" | "tr" | "hr" => out.push('\n'),
        "td" | "th" if !inner.starts_with('/') => out.push(' '),
        _ => {}
    }
    &rest[end + 1..]
}

/// Takes one entity off the front of `rest`, which begins with `&`; an `&` that begins none is text.
fn take_entity<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let Some(end) = rest.bytes().take(12).position(|b| b == b';') else {
        out.push('&');
        return &rest[1..];
    };
    let name = &rest[1..end];
    let decoded = match name {
        "nbsp" => Some(' '),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        "hellip" => Some('…'),
        "lsquo" => Some('‘'),
        "rsquo" => Some('’'),
        "ldquo" => Some('“'),
        "rdquo" => Some('”'),
        "copy" => Some('©'),
        "reg" => Some('®'),
        name => match name.strip_prefix('#') {
            Some(number) => {
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                };
                // Through the same cleaning as any text: no control character or override enters by this door.
                code.and_then(char::from_u32).and_then(|c| {
                    let mut buffer = [0; 4];
                    RichText::clean(c.encode_utf8(&mut buffer)).as_str().chars().next()
                })
            }
            None => quick_xml::escape::resolve_predefined_entity(name).and_then(|text| text.chars().next()),
        },
    };
    if let Some(c) = decoded {
        out.push(c);
        &rest[end + 1..]
    } else {
        out.push('&');
        &rest[1..]
    }
}

/// Trims lines and keeps at most one empty line in a row.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        if line.trim().is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        // A list item alone on its line keeps no mark.
        let _ = write!(out, "{line}");
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        plain_text(&RichText::clean(text))
    }

    #[test]
    fn html_becomes_lines_of_text() {
        assert_eq!(
            plain(
                "<p>One &amp; two<br>three</p><ul><li>four</li><li>five</li></ul><script>alert(1)</script>"
            ),
            "One & two\nthree\n\n- four\n- five"
        );
        assert_eq!(plain("a &#x202e;b &lt;i&gt; &nope; <!-- x -->c"), "a &#x202e;b <i> &nope; c");
    }

    #[test]
    fn markdown_and_plain_text_stay_as_they_are() {
        for text in
            ["1 < 2 & 3 > 2", "See <https://example.org> and <a@example.org>", "# A\n\n* b\n* c", "x <"]
        {
            assert_eq!(plain(text), text);
        }
    }
}
