//! What somebody wrote in a meeting's chat, as plain text.
//!
//! 2.x sends HTML: characters as references, line ends as `<br/>`, links in `<a>` and `<u>`. 3.0 and later send what was
//! typed, sometimes with references too. So references are resolved once, those few tags are taken for what they
//! mean, and **everything else stays as it is**: it is text, and whoever shows it escapes it.

use quick_xml::escape::resolve_html5_entity;

/// The longest reference that is looked for, in bytes: `CounterClockwiseContourIntegral`.
const NAME_MAX: usize = 32;

/// The plain text of a message.
pub fn plain(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(['&', '<']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let taken = if from.starts_with('&') { reference(from, &mut out) } else { tag(from, &mut out) };
        // What is neither stands for itself; both characters are one byte.
        if taken == 0 {
            out.push_str(&from[..1]);
        }
        rest = &from[taken.max(1)..];
    }
    out.push_str(rest);
    out
}

/// Resolves the reference with which `text` begins, and says how long it is; zero for none.
fn reference(text: &str, out: &mut String) -> usize {
    let Some(end) = text.bytes().take(NAME_MAX + 2).position(|byte| byte == b';') else { return 0 };
    let name = &text[1..end];
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        let Some(c) =
            code.ok().and_then(char::from_u32).filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
        else {
            return 0;
        };
        out.push(c);
        return end + 1;
    }
    let Some(known) = resolve_html5_entity(name) else { return 0 };
    out.push_str(known);
    end + 1
}

/// Takes one of the tags that 2.x writes, and says how long it is; zero for none.
fn tag(text: &str, out: &mut String) -> usize {
    let Some(end) = text.find('>') else { return 0 };
    let inside = text[1..end].trim_end_matches('/').trim();
    match inside {
        "br" | "BR" => out.push('\n'),
        "u" | "/u" | "/a" => {}
        // A link's own text is its address.
        inside if inside.starts_with("a href=") => {}
        _ => return 0,
    }
    end + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn references_are_resolved_once() {
        assert_eq!(plain("1 &lt; 2 &amp;&amp; a&#39;b &quot;&eacute;&quot;"), "1 < 2 && a'b \"é\"");
        assert_eq!(plain("&amp;lt;script&amp;gt;"), "&lt;script&gt;");
        assert_eq!(plain("AT&T; &nothing; & &#0; &#x110000;"), "AT&T; &nothing; & &#0; &#x110000;");
    }

    #[test]
    fn the_tags_of_2_are_taken_for_what_they_mean_and_others_stay() {
        let link = "see <a href='https://x.org' rel=\"nofollow\"><u>https://x.org</u></a><br/>bye";
        assert_eq!(plain(link), "see https://x.org\nbye");
        assert_eq!(plain("if a<b then <b>bold</b>"), "if a<b then <b>bold</b>");
        assert_eq!(plain("<script>x</script>"), "<script>x</script>");
    }

    proptest! {
        #[test]
        fn what_was_escaped_comes_back(text in "(?s).{0,80}") {
            // The characters that the server escapes.
            let escaped = quick_xml::escape::escape(text.as_str());
            prop_assert_eq!(plain(&escaped), text);
        }

        #[test]
        fn no_text_breaks_it(text in "(?s)[&<>#x;a-z0-9é/ ]{0,60}") {
            prop_assert!(plain(&text).len() <= text.len() * 2);
        }
    }
}
