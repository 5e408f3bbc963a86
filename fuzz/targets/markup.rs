//! Text from elsewhere, as a page shows it: nothing in it may run, load or style, whatever was written.
//!
//! The judge is the tokenizer that browsers' rules are written as (html5ever), not a search for words.
#![no_main]

use html5ever::{
    tendril::StrTendril,
    tokenizer::{BufferQueue, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
};
use model::text::RichText;

// The file itself and not its crate: `web` would bring the database along.
#[path = "../../crates/web/src/markup.rs"]
#[allow(dead_code, unreachable_pub)]
mod markup;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = RichText::clean(&String::from_utf8_lossy(bytes));
    for level in [2, 6] {
        let shown = markup::html(&text, level);
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(shown.as_str()));
        let tokenizer = Tokenizer::new(Judge, TokenizerOpts::default());
        let _ = tokenizer.feed(&input);
        tokenizer.end();
    }
    let plain = markup::plain(&text);
    assert!(!plain.contains('\n'));
    assert!(markup::beginning(&plain, 160).chars().count() <= 161);
});

struct Judge;

impl TokenSink for Judge {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let TagToken(tag) = token {
            const NEVER: [&str; 26] = [
                "script", "style", "iframe", "object", "embed", "svg", "math", "img", "image", "picture",
                "video", "audio", "source", "track", "link", "meta", "base", "form", "input", "button",
                "textarea", "select", "template", "html", "body", "frame",
            ];
            assert!(!NEVER.contains(&&*tag.name), "<{}> is shown", tag.name);
            for attribute in &tag.attrs {
                let name = &*attribute.name.local;
                assert!(
                    !name.starts_with("on")
                        && !["style", "class", "id", "name", "srcset", "src"].contains(&name),
                    "{name} is shown"
                );
                if ["href", "cite"].contains(&name) {
                    // As a browser reads an address: without control characters and spaces, in any letter case.
                    let address: String = attribute
                        .value
                        .chars()
                        .filter(|c| !c.is_control() && *c != ' ')
                        .collect::<String>()
                        .to_ascii_lowercase();
                    assert!(
                        ["http:", "https:", "mailto:"].iter().any(|scheme| address.starts_with(scheme)),
                        "{name} leads to {address}"
                    );
                }
            }
        }
        TokenSinkResult::Continue
    }
}
