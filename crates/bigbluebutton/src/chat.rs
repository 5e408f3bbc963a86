//! Texts for the public chat of a meeting: `sendChatMessage` takes 1 to 500 characters.

/// The most that one message holds, in UTF-16 code units, as the server's Java counts characters.
pub const LONGEST: usize = 500;

/// The most that a sender's name holds, counted likewise.
pub const NAME_LONGEST: usize = 255;

/// Cuts a text into messages of at most [`LONGEST`], between lines or words where it can, else between characters. Blank
/// texts give no message; nothing but space gets lost.
pub fn split(text: &str) -> Vec<String> {
    split_at(text, LONGEST)
}

/// The beginning of a name that fits.
pub fn sender(name: &str) -> String {
    let line = model::text::Line::clean(name);
    line.as_str()[..fitting(line.as_str(), NAME_LONGEST)].trim_end().to_owned()
}

fn split_at(text: &str, longest: usize) -> Vec<String> {
    let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let mut rest = clean.trim();
    let mut parts = vec![];
    while !rest.is_empty() {
        let fits = fitting(rest, longest);
        let cut = if fits == rest.len() { fits } else { place(rest, fits) };
        let (part, tail) = rest.split_at(cut);
        parts.push(part.trim_end().to_owned());
        rest = tail.trim_start();
    }
    parts
}

/// How many bytes of `text` are at most so many UTF-16 code units; at least one character.
fn fitting(text: &str, longest: usize) -> usize {
    let mut units = 0;
    let mut bytes = 0;
    for c in text.chars() {
        units += c.len_utf16();
        if units > longest && bytes > 0 {
            break;
        }
        bytes += c.len_utf8();
    }
    bytes
}

/// Where to cut the first `fits` bytes of a longer text: behind the last line that fills at least a half, else behind
/// the last word of that kind, else there.
fn place(text: &str, fits: usize) -> usize {
    // A space that comes just behind what fits ends a word too.
    let next = text[fits..].chars().next().map_or(0, char::len_utf8);
    let whole = &text[..fits + next];
    let half = fits / 2;
    let behind = |at: Option<usize>| at.filter(|at| *at >= half.max(1) && *at <= fits);
    behind(whole.rfind('\n')).or_else(|| behind(whole.rfind(char::is_whitespace))).unwrap_or(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_text_is_one_message_and_a_blank_one_none() {
        assert_eq!(split(" hello\nworld "), ["hello\nworld"]);
        assert!(split(" \n\u{0} ").is_empty());
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(split_at("one two three", 8), ["one two", "three"]);
        assert_eq!(split_at("one two three", 7), ["one two", "three"]);
        assert_eq!(split_at("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(split_at("a line\nanother one", 12), ["a line", "another one"]);
    }

    #[test]
    fn characters_are_counted_as_the_server_counts_them() {
        let parts = split(&"😀".repeat(300));
        assert_eq!(parts.iter().map(|part| part.chars().count()).collect::<Vec<_>>(), [250, 50]);
        assert_eq!(sender(&"😀".repeat(200)).chars().count(), 127);
    }

    proptest! {
        #[test]
        fn every_part_fits_and_nothing_but_space_is_lost(text in "(?s).{0,300}", longest in 2_usize..60) {
            let parts = split_at(&text, longest);
            for part in &parts {
                let units: usize = part.chars().map(char::len_utf16).sum();
                prop_assert!((1..=longest).contains(&units), "{units}");
                prop_assert!(!part.trim().is_empty());
            }
            let dense = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>();
            prop_assert_eq!(dense(&parts.concat()), dense(&text));
        }
    }
}
