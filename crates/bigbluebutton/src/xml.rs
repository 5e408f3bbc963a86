//! Answers as small trees: what of XML BigBlueButton uses, read leniently, nothing expanded, everything bounded.

use quick_xml::{Reader, escape::resolve_xml_entity, events::Event};

/// The most elements that are read: 300 people in each of 100 meetings stay below.
const ELEMENTS_MAX: usize = 600_000;
/// The most elements inside one another; the deepest that BigBlueButton writes is nine.
const DEPTH_MAX: usize = 32;

/// Why bytes are no answer of BigBlueButton.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotXml {
    /// Not XML, or XML that ends early.
    #[error("it is not XML")]
    Broken,
    /// More than is read.
    #[error("it has more elements than any answer of BigBlueButton")]
    TooLarge,
    /// A document type is never part of an answer; an HTML page has one.
    #[error("it is a document of another kind, such as a web page")]
    Other,
}

/// An element: its name, its own text, what is inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name as written; BigBlueButton uses no prefixes.
    pub(crate) name: String,
    /// Its own text, trimmed.
    pub(crate) text: String,
    /// The values of its attributes.
    pub(crate) attributes: Vec<(String, String)>,
    /// The elements inside.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The root element of a document.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NotXml> {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::from_str(&text);
        reader.config_mut().allow_dangling_amp = true;
        let mut stack: Vec<Self> = vec![];
        let mut elements = 0_usize;
        loop {
            let closed = match reader.read_event().map_err(|_| NotXml::Broken)? {
                Event::Start(start) => {
                    elements += 1;
                    if elements > ELEMENTS_MAX || stack.len() >= DEPTH_MAX {
                        return Err(NotXml::TooLarge);
                    }
                    stack.push(opened(&start));
                    continue;
                }
                Event::Empty(start) => {
                    elements += 1;
                    if elements > ELEMENTS_MAX {
                        return Err(NotXml::TooLarge);
                    }
                    Some(opened(&start))
                }
                Event::End(_) => stack.pop(),
                Event::Text(text) => {
                    append(&mut stack, &text);
                    continue;
                }
                Event::CData(text) => {
                    append(&mut stack, &text);
                    continue;
                }
                Event::GeneralRef(reference) => {
                    let name: &str = &reference;
                    match reference.resolve_char_ref() {
                        Ok(Some(character)) => append(&mut stack, character.encode_utf8(&mut [0; 4])),
                        Ok(None) => match resolve_xml_entity(name) {
                            Some(known) => append(&mut stack, known),
                            None => append(&mut stack, &format!("&{name};")),
                        },
                        Err(_) => {}
                    }
                    continue;
                }
                Event::DocType(_) => return Err(NotXml::Other),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => continue,
                Event::Eof => return Err(NotXml::Broken),
            };
            let Some(mut whole) = closed else { return Err(NotXml::Broken) };
            whole.text.truncate(whole.text.trim_end().len());
            whole.text.drain(..whole.text.len() - whole.text.trim_start().len());
            match stack.last_mut() {
                Some(parent) => parent.children.push(whole),
                None => return Ok(whole),
            }
        }
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name; empty where it is not there.
    pub(crate) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }

    /// The elements called `name` inside the first child called `list`.
    pub(crate) fn listed<'e>(&'e self, list: &str, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.child(list)
            .into_iter()
            .flat_map(|list| list.children.iter())
            .filter(move |child| child.name == name)
    }

    /// The number in the first child of that name; zero where there is none, which is what servers mean by silence.
    pub(crate) fn number<N: std::str::FromStr + Default>(&self, name: &str) -> N {
        self.text_of(name).parse().unwrap_or_default()
    }

    /// Whether the first child of that name says `true`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text_of(name).eq_ignore_ascii_case("true")
    }
}

fn opened(start: &quick_xml::events::BytesStart<'_>) -> Element {
    let mut attributes = start.attributes();
    let attributes = attributes.with_checks(false).flatten().take(16).map(|attribute| {
        let value: &str = &attribute.value;
        let plain = quick_xml::escape::unescape(value)
            .map_or_else(|_| value.to_owned(), std::borrow::Cow::into_owned);
        (attribute.key.as_ref().to_owned(), plain)
    });
    Element { name: start.name().as_ref().to_owned(), attributes: attributes.collect(), ..Element::default() }
}

fn append(stack: &mut [Element], text: &str) {
    if let Some(open) = stack.last_mut() {
        open.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_with_its_references_and_cdata() {
        let root = Element::parse(
            b"<?xml version=\"1.0\"?>\n<response> <name>A &amp; B &#x41;&uml;</name><m><![CDATA[<b>]]></m><e/><n> 7 </n>\
              <list><x>1</x><y/><x>2</x></list></response>",
        )
        .unwrap();
        assert_eq!(root.name, "response");
        assert_eq!(root.text_of("name"), "A & B A&uml;");
        assert_eq!(root.text_of("m"), "<b>");
        assert_eq!((root.text_of("e"), root.number::<u32>("n"), root.number::<u32>("e")), ("", 7, 0));
        assert_eq!(root.listed("list", "x").map(|x| x.text.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert_eq!(Element::parse(b"<!DOCTYPE html><html></html>"), Err(NotXml::Other));
        assert_eq!(Element::parse(b"<response><a>"), Err(NotXml::Broken));
        assert_eq!(Element::parse(b""), Err(NotXml::Broken));
        assert_eq!(Element::parse(b"502 Bad Gateway"), Err(NotXml::Broken));
        assert_eq!(Element::parse("<a>".repeat(40).as_bytes()), Err(NotXml::TooLarge));
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>";
        assert_eq!(Element::parse(bomb.as_bytes()), Err(NotXml::Other));
    }
}
