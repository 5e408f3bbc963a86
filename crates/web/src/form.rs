//! Forms: what somebody typed, what was wrong with it, and what others changed meanwhile.
//!
//! A [`Form`] is made from the thing that is edited, drawn, sent, read and, where a rule refuses, drawn again with all
//! that was typed and the refusal at its field. The macros of `templates/form.html` draw its fields.
//!
//! **Two people may edit the same thing.** Each field carries beside its value what stood in it when the form was drawn
//! (`was:NAME`). [`Form::merge`] compares the three: a field that only one of the two changed takes that change; one that
//! both changed differently is shown with both texts, and nothing is saved until somebody has decided.

use crate::error::Failure;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use axum_extra::extract::Multipart;
use jiff::civil::{Date, DateTime};
use model::{Refusal, text::Line, time::Zone};
use std::collections::BTreeMap;

/// The most bytes that a form may send, files included: texts twice, as they were and as they are.
pub(crate) const FORM_LIMIT: usize = 4 * 1_024 * 1_024;

/// The most bytes that the forms of a route may send, where that is not [`FORM_LIMIT`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormLimit(pub(crate) usize);

/// A form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
    files: Vec<UploadedFile>,
    errors: BTreeMap<String, String>,
    theirs: BTreeMap<String, String>,
}

/// A file that was sent with a form. Never trusted: its name and type are what the sender claims.
#[derive(Clone, Debug)]
pub(crate) struct UploadedFile {
    /// The field.
    pub(crate) field: String,
    /// The name that the sender gave it.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) bytes: Bytes,
}

impl Form {
    /// A form with a value in a field, and so on.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "most callers give what they made for this call")]
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.fields.push((name.to_owned(), value.to_string()));
        self
    }

    /// A form with a box ticked, or not.
    #[must_use]
    pub(crate) fn ticked(self, name: &str, ticked: bool) -> Self {
        if ticked { self.with(name, "yes") } else { self }
    }

    /// What is typed in a field; empty when nothing is.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    /// All values of a field that may have several.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What stood in a field when the form was drawn.
    pub(crate) fn was(&self, name: &str) -> &str {
        let key = format!("was:{name}");
        // A form that was not sent yet was drawn with what it holds.
        self.fields
            .iter()
            .find(|(other, _)| *other == key)
            .map_or_else(|| self.value(name), |(_, value)| value)
    }

    /// Whether a box is ticked.
    pub(crate) fn is_ticked(&self, name: &str) -> bool {
        !self.value(name).is_empty()
    }

    /// Whether that value is chosen in a field.
    pub(crate) fn is_chosen(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|chosen| chosen == value)
    }

    /// A file that was sent, if one was.
    pub(crate) fn file(&self, name: &str) -> Option<&UploadedFile> {
        self.files.iter().find(|file| file.field == name && !file.bytes.is_empty())
    }

    /// Shows what somebody else chose in a field in other words than those that the form sends.
    pub(crate) fn reword_theirs(&mut self, name: &str, shown: String) {
        if let Some(theirs) = self.theirs.get_mut(name) {
            *theirs = shown;
        }
    }

    /// What is wrong with a field.
    pub(crate) fn error(&self, name: &str) -> Option<&str> {
        self.errors.get(name).map(String::as_str)
    }

    /// What somebody else wrote in a field that was changed here too.
    pub(crate) fn theirs(&self, name: &str) -> Option<&str> {
        self.theirs.get(name).map(String::as_str)
    }

    /// All that is wrong, by field.
    pub(crate) fn errors(&self) -> impl Iterator<Item = (&str, &str)> {
        self.errors.iter().map(|(field, error)| (field.as_str(), error.as_str()))
    }

    /// Whether something is wrong, or has to be decided.
    pub(crate) fn is_refused(&self) -> bool {
        !self.errors.is_empty() || !self.theirs.is_empty()
    }

    /// Says at a field what a rule says about it.
    pub(crate) fn refuse(&mut self, name: &str, refusal: &Refusal) {
        self.errors.entry(name.to_owned()).or_insert_with(|| sentences(refusal));
    }

    /// Says what a rule says: at the field that the refusal names where the form has it, else at its head.
    pub(crate) fn refuse_by(&mut self, refusal: &Refusal) {
        let field = refusal.field.replace([' ', '-'], "_");
        let known = self.fields.iter().any(|(key, _)| *key == field);
        self.refuse(if known { &field } else { "" }, refusal);
    }

    /// Reads a field with a rule that makes a type of it. What it refuses is said at the field.
    pub(crate) fn read<T>(&mut self, name: &str, rule: impl FnOnce(&str) -> Result<T, Refusal>) -> Option<T> {
        match rule(self.value(name)) {
            Ok(value) => Some(value),
            Err(refusal) => {
                self.refuse(name, &refusal);
                None
            }
        }
    }

    /// The same for a field that may be left empty: `Some(None)` then, `None` when it is refused.
    #[expect(
        clippy::option_option,
        reason = "a field is refused, left empty or filled in, and `?` ends at the first"
    )]
    pub(crate) fn read_optional<T>(
        &mut self,
        name: &str,
        rule: impl FnOnce(&str) -> Result<T, Refusal>,
    ) -> Option<Option<T>> {
        if self.value(name).trim().is_empty() { Some(None) } else { self.read(name, rule).map(Some) }
    }

    /// One line that must not be empty.
    pub(crate) fn line(&mut self, name: &str) -> Option<Line> {
        self.read(name, |text| {
            let line = Line::clean(text);
            if line.is_empty() { Err(Refusal::new(name, "it is empty", "Fill it in")) } else { Ok(line) }
        })
    }

    /// A whole number within bounds.
    pub(crate) fn number(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        self.read(name, |text| {
            text.trim().parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| {
                Refusal::new(name, format!("it is no number from {least} to {most}"), "Type one")
            })
        })
    }

    /// A date, as browsers send it.
    pub(crate) fn date(&mut self, name: &str) -> Option<Date> {
        self.read(name, |text| {
            text.trim().parse().map_err(|_| Refusal::new(name, "it is no date", "Type one like 2027-10-02"))
        })
    }

    /// A time on the clocks of `zone`, as browsers send it (`2027-10-02T10:30`).
    pub(crate) fn instant(&mut self, name: &str, zone: &Zone) -> Option<jiff::Timestamp> {
        self.read(name, |text| {
            let local: Option<DateTime> = text.trim().parse().ok();
            local
                .and_then(|local| zone.instant(local))
                .ok_or_else(|| Refusal::new(name, "it is no time", "Type one like 2027-10-02T10:30"))
        })
    }

    /// Merges what others saved since the form was drawn. `current` is a form made from the thing as it stands now.
    /// Fields that only they changed take their text. Gives whether everything could be merged; if not, the form is to
    /// be drawn again: it then shows both texts at the fields in question, and takes what is sent next as the decision.
    pub(crate) fn merge(&mut self, current: &Self) -> bool {
        let names: Vec<String> =
            self.fields.iter().filter_map(|(key, _)| key.strip_prefix("was:")).map(str::to_owned).collect();
        for name in names {
            let (was, now, typed) =
                (self.was(&name).to_owned(), current.value(&name), self.value(&name).to_owned());
            let same =
                |a: &str, b: &str| a.replace("\r\n", "\n").trim_end() == b.replace("\r\n", "\n").trim_end();
            if same(now, &was) || same(now, &typed) {
                // Nobody else changed it, or both changed it alike.
            } else if same(&typed, &was) {
                self.put(&name, now);
            } else {
                self.theirs.insert(name.clone(), now.to_owned());
            }
            self.put(&format!("was:{name}"), now);
        }
        self.theirs.is_empty()
    }

    /// Puts a value into a field in place of what was there.
    pub(crate) fn put(&mut self, name: &str, value: &str) {
        match self.fields.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
    }
}

/// What is wrong and what to do, as two sentences.
pub(crate) fn sentences(refusal: &Refusal) -> String {
    capital(&format!("{}. {}.", refusal.problem, refusal.remedy))
}

/// `text` with a capital at its begin.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    out.extend(chars);
    out
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Failure;

    /// Reads a form as browsers send it, with or without files.
    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let limit = request.extensions().get().map_or(FORM_LIMIT, |FormLimit(limit)| *limit);
        let unread = |status: StatusCode| Failure::from_status(status, limit);
        if kind.starts_with("multipart/form-data") {
            let mut parts =
                Multipart::from_request(request, state).await.map_err(|_| unread(StatusCode::BAD_REQUEST))?;
            let mut form = Self::default();
            while let Some(part) = parts.next_field().await.map_err(|error| unread(error.status()))? {
                let field = part.name().unwrap_or_default().to_owned();
                let name = part.file_name().map(str::to_owned);
                let bytes = part.bytes().await.map_err(|error| unread(error.status()))?;
                match name {
                    Some(name) => form.files.push(UploadedFile { field, name, bytes }),
                    None => form.fields.push((field, String::from_utf8_lossy(&bytes).into_owned())),
                }
            }
            return Ok(form);
        }
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(unread(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| unread(rejection.status()))?;
        Ok(Self { fields: form_urlencoded::parse(&bytes).into_owned().collect(), ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser sends of a form that was drawn with `was` and in which `typed` was written.
    fn sent(was: &str, typed: &str) -> Form {
        Form::default().with("title", typed).with("was:title", was)
    }

    #[test]
    fn what_only_one_of_two_changed_is_taken() {
        let current = |text: &str| Form::default().with("title", text);
        let mut ours = sent("old", "ours");
        assert!(ours.merge(&current("old")));
        assert_eq!(ours.value("title"), "ours");
        let mut untouched = sent("old", "old");
        assert!(untouched.merge(&current("theirs")));
        assert_eq!(untouched.value("title"), "theirs");
        let mut alike = sent("old", "new");
        assert!(alike.merge(&current("new")));
    }

    #[test]
    fn what_both_changed_is_shown_with_both_texts_and_then_decided() {
        let theirs = Form::default().with("title", "theirs");
        let mut both = sent("old", "ours");
        assert!(!both.merge(&theirs));
        assert_eq!((both.value("title"), both.theirs("title")), ("ours", Some("theirs")));
        // The form is drawn again, and sent with the decision.
        let mut decided = sent(both.was("title"), "ours and theirs");
        assert!(decided.merge(&theirs));
        assert_eq!(decided.value("title"), "ours and theirs");
    }

    #[test]
    fn line_ends_of_browsers_are_no_change() {
        let mut form = sent("a\r\nb", "a\r\nb");
        assert!(form.merge(&Form::default().with("title", "a\nb")));
        assert!(form.theirs("title").is_none());
    }

    #[test]
    fn a_refusal_stands_at_its_field_and_what_was_typed_is_kept() {
        let mut form = Form::default().with("email", "nonsense");
        assert!(form.read("email", model::email::Email::parse).is_none());
        assert!(form.is_refused());
        assert_eq!(form.value("email"), "nonsense");
        assert_eq!(
            form.error("email"),
            Some("\"nonsense\" has no @. Type an address such as ada@example.org.")
        );
    }
}
