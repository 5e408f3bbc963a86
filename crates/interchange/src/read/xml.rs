//! XML as every reader of it sees it: elements as small trees, places as lines, nothing expanded.
//!
//! The document is streamed; only one subtree (an event, the conference) is held at a time. No entity that a
//! document declares is ever expanded and nothing outside it is ever fetched: the five entities of XML and
//! character references are resolved, the names that HTML gives to characters are taken for what they mean
//! there, and a document that declares entities is refused.

use crate::read::{MAX_DEPTH, Note, ReadError, decode::Source, draft::Notes};
use model::text::excerpt;
use quick_xml::{
    Reader,
    errors::Error,
    escape::{resolve_html5_entity, unescape_with},
    events::{BytesRef, BytesStart, Event},
};
use std::borrow::Cow;

/// The most elements in one subtree.
const ELEMENTS_MAX: usize = 200_000;
/// The most attributes read of one element.
const ATTRIBUTES_MAX: usize = 64;

/// An element with all that is inside.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Its name without namespace prefix.
    pub name: String,
    /// Its prefix, empty for none.
    pub prefix: String,
    /// Where it begins: "line 12".
    pub place: String,
    attributes: Vec<(String, String)>,
    /// Its own text, without that of its children.
    pub text: String,
    /// The elements inside, in order.
    pub children: Vec<Node>,
}

impl Node {
    /// The value of an attribute; empty where it is not there.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str())
    }

    /// The first child of that name.
    pub(super) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of that name.
    pub(super) fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Node> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of that name; empty where it is not there.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }

    /// The text of the first of those children that has any.
    pub(super) fn first_text(&self, names: &[&str]) -> &str {
        names.iter().map(|name| self.text_of(name)).find(|text| !text.trim().is_empty()).unwrap_or_default()
    }

    /// The elements of that name inside the first child called `list`.
    pub(super) fn listed<'n>(&'n self, list: &str, name: &'n str) -> impl Iterator<Item = &'n Node> {
        self.child(list).into_iter().flat_map(move |list| list.all(name))
    }
}

/// What comes next in a document.
#[derive(Debug)]
pub(super) enum Token {
    /// An element begins. Its text and its children are not read yet: go on with [`Xml::next`], or take all of it with
    /// [`Xml::subtree`].
    Open(Node),
    /// The element that was opened last ends.
    Close,
    /// A processing instruction: its target and its content.
    Instruction(String, String),
    /// The document ends.
    End,
}

/// The name of the root element, without prefix. Declarations of entities are refused here already.
pub(super) fn root(source: &Source) -> Result<String, ReadError> {
    let mut xml = Xml::new(source);
    loop {
        match xml.next()? {
            Token::Open(node) => return Ok(node.name),
            Token::Instruction(..) | Token::Close => {}
            Token::End => {
                return Err(ReadError::malformed(
                    &source.name,
                    "",
                    "this XML has no element",
                    "Export the file again",
                ));
            }
        }
    }
}

/// A document being read.
pub(super) struct Xml<'a> {
    file: &'a str,
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// The names of the elements that are open.
    open: Vec<String>,
    /// Whether an element that stands for itself, `<a/>`, still has to be closed.
    closing: bool,
    /// Events that were read whole, for the message about a file that ends early.
    pub events: usize,
    counted: (usize, usize),
    notes: Notes,
}

impl<'a> Xml<'a> {
    /// Begins to read `source`.
    pub(super) fn new(source: &'a Source) -> Self {
        let mut reader = Reader::from_str(&source.text);
        reader.config_mut().allow_dangling_amp = true;
        Self {
            file: &source.name,
            text: &source.text,
            reader,
            open: vec![],
            closing: false,
            events: 0,
            counted: (0, 1),
            notes: Notes::new(&source.name),
        }
    }

    /// What was wrong with the document.
    pub(super) fn into_notes(self) -> Vec<Note> {
        self.notes.into_list()
    }

    /// The next token between elements; text there is passed over.
    pub(super) fn next(&mut self) -> Result<Token, ReadError> {
        self.token(None)
    }

    /// Reads all that is inside `node`, which was opened last.
    pub(super) fn subtree(&mut self, node: Node) -> Result<Node, ReadError> {
        let mut stack = vec![node];
        let mut elements = 1;
        loop {
            let token = self.token(stack.last_mut())?;
            match token {
                Token::Open(child) => {
                    elements += 1;
                    if elements > ELEMENTS_MAX {
                        return Err(ReadError::too_large(
                            self.file,
                            child.place,
                            "200,000 elements inside one",
                        ));
                    }
                    stack.push(child);
                }
                Token::Close => match (stack.pop(), stack.last_mut()) {
                    (Some(child), Some(parent)) => parent.children.push(child),
                    (Some(whole), None) => return Ok(whole),
                    // One is on the stack until it is returned.
                    (None, _) => return Ok(Node::default()),
                },
                Token::Instruction(..) => {}
                Token::End => return Err(self.ends_early()),
            }
        }
    }

    /// Passes over all that is inside the element that was opened last.
    pub(super) fn skip(&mut self) -> Result<(), ReadError> {
        let depth = self.open.len();
        while self.open.len() >= depth {
            if let Token::End = self.token(None)? {
                return Err(self.ends_early());
            }
        }
        Ok(())
    }

    fn token(&mut self, mut into: Option<&mut Node>) -> Result<Token, ReadError> {
        if std::mem::take(&mut self.closing) {
            self.open.pop();
            return Ok(Token::Close);
        }
        loop {
            let at = self.reader.buffer_position() as usize;
            let event = self.reader.read_event().map_err(|error| self.broken(&error))?;
            match event {
                Event::Start(start) => return self.opened(&start, at),
                Event::Empty(start) => {
                    self.closing = true;
                    return self.opened(&start, at);
                }
                Event::End(_) => {
                    self.open.pop();
                    return Ok(Token::Close);
                }
                Event::Text(text) => {
                    if let Some(node) = &mut into {
                        node.text.push_str(&text);
                    }
                }
                Event::CData(text) => {
                    if let Some(node) = &mut into {
                        node.text.push_str(&text);
                    }
                }
                Event::GeneralRef(reference) => {
                    let text = self.reference(&reference, at);
                    if let Some(node) = &mut into {
                        node.text.push_str(&text);
                    }
                }
                Event::PI(instruction) => {
                    return Ok(Token::Instruction(
                        instruction.target().to_owned(),
                        instruction.content().trim().to_owned(),
                    ));
                }
                Event::DocType(declaration) => self.document_type(&declaration, at)?,
                Event::Decl(_) | Event::Comment(_) => {}
                Event::Eof if self.open.is_empty() => return Ok(Token::End),
                Event::Eof => return Err(self.ends_early()),
            }
        }
    }

    fn opened(&mut self, start: &BytesStart<'_>, at: usize) -> Result<Token, ReadError> {
        let place = self.place(at);
        if self.open.len() >= MAX_DEPTH {
            return Err(ReadError::too_large(
                self.file,
                place,
                format!("{MAX_DEPTH} elements inside one another"),
            ));
        }
        let full = start.name().as_ref().to_owned();
        let (prefix, name) = full.rsplit_once(':').unwrap_or(("", &full));
        let mut node = Node {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            place: place.clone(),
            ..Node::default()
        };
        for attribute in start.attributes().with_checks(false).take(ATTRIBUTES_MAX) {
            let Ok(attribute) = attribute else {
                let problem = format!("the attributes of <{}> are broken", excerpt(&full, 40));
                let remedy = "Those after the fault were passed over; write them like name=\"value\"";
                self.notes.add(place, problem, remedy);
                break;
            };
            let value = &*attribute.value;
            let value = unescape_with(value, html_or_xml).map_or_else(|_| value.to_owned(), Cow::into_owned);
            node.attributes.push((attribute.key.as_ref().to_owned(), value));
        }
        self.open.push(full);
        Ok(Token::Open(node))
    }

    /// What a reference in text stands for.
    fn reference(&mut self, reference: &BytesRef<'_>, at: usize) -> String {
        let name: &str = reference;
        match reference.resolve_char_ref() {
            Ok(Some(c)) => return c.to_string(),
            Ok(None) => {}
            Err(_) => {
                let problem = format!("\"&{};\" is no character", excerpt(name, 20));
                let place = self.place(at);
                self.notes.add(place, problem, "It was left out");
                return String::new();
            }
        }
        match name {
            "lt" => "<".to_owned(),
            "gt" => ">".to_owned(),
            "amp" => "&".to_owned(),
            "quot" => "\"".to_owned(),
            "apos" => "'".to_owned(),
            name => {
                let place = self.place(at);
                let problem = format!("\"&{};\" is not a character of XML", excerpt(name, 20));
                if let Some(found) = resolve_html5_entity(name) {
                    self.notes.add(place, problem, "It was read as in HTML");
                    found.to_owned()
                } else {
                    self.notes.add(place, problem, "It was kept as it stands");
                    format!("&{name};")
                }
            }
        }
    }

    fn document_type(&mut self, declaration: &str, at: usize) -> Result<(), ReadError> {
        let place = self.place(at);
        if declaration.contains("<!ENTITY") || declaration.contains('%') {
            return Err(ReadError::malformed(
                self.file,
                place,
                "the document declares entities, which are never expanded",
                "Remove the <!DOCTYPE ...> and write out what its entities stand for",
            ));
        }
        if declaration.trim().contains(char::is_whitespace) {
            let problem = "the document names a document type, which is never fetched or applied".to_owned();
            self.notes.add(place, problem, "It was passed over; the <!DOCTYPE ...> can be removed");
        }
        Ok(())
    }

    /// The error for a document that ends inside an element.
    fn ends_early(&self) -> ReadError {
        ReadError::Truncated {
            file: self.file.to_owned(),
            place: super::decode::line_place(self.text, self.text.trim_end().len()),
            events: self.events,
        }
    }

    fn broken(&mut self, error: &Error) -> ReadError {
        let unclosed = matches!(error, Error::Syntax(_));
        let tail = self.text.trim_end();
        let root = self.open.first().map(|root| format!("</{root}>")).unwrap_or_default();
        if unclosed && !tail.ends_with(&root) {
            return self.ends_early();
        }
        let place = self.place(self.reader.error_position() as usize);
        let problem = format!("this is not well-formed XML: {}", excerpt(&error.to_string(), 200));
        ReadError::malformed(self.file, place, problem, "Export the file again, or correct it there")
    }

    /// Where byte `at` stands. Asked for in rising order it costs the document once in all.
    fn place(&mut self, at: usize) -> String {
        let (counted, line) = self.counted;
        let at = at.min(self.text.len());
        if at < counted {
            return super::decode::line_place(self.text, at);
        }
        let passed = &self.text.as_bytes()[counted..at];
        self.counted = (at, line + passed.split(|byte| *byte == b'\n').count() - 1);
        format!("line {}", self.counted.1)
    }
}

/// What an entity in an attribute stands for.
fn html_or_xml(name: &str) -> Option<&'static str> {
    quick_xml::escape::resolve_predefined_entity(name).or_else(|| resolve_html5_entity(name))
}
