//! How fields of requests become what the model knows, and are shown again.

use model::{
    Refusal,
    text::{Line, Slug, WebUrl},
};
use uuid::Uuid;

/// Reads a field with a rule of the model, and says at which field it was refused.
pub(super) fn field<T>(
    name: &str,
    text: &str,
    rule: impl FnOnce(&str) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    rule(text).map_err(|refusal| Refusal { field: name.to_owned(), ..refusal })
}

/// The same for a field that may be left out.
pub(super) fn optional<T>(
    name: &str,
    text: Option<&str>,
    rule: impl FnOnce(&str) -> Result<T, Refusal>,
) -> Result<Option<T>, Refusal> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(|text| field(name, text, rule)).transpose()
}

/// One line that must not be empty.
pub(super) fn line(name: &str, text: &str) -> Result<Line, Refusal> {
    let line = Line::clean(text);
    if line.is_empty() { Err(Refusal::new(name, "it is empty", "Fill it in")) } else { Ok(line) }
}

/// A web address that may be left out.
pub(super) fn url(name: &str, text: Option<&str>) -> Result<Option<WebUrl>, Refusal> {
    optional(name, text, WebUrl::parse)
}

/// How a field is shown that may be empty.
pub(super) fn shown<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

/// The place in addresses that was asked for, else one made from the name.
pub(super) fn slug(text: Option<&str>, name: &Line, kind: &str, id: Uuid) -> Result<Slug, Refusal> {
    let asked = optional("slug", text, Slug::parse)?;
    Ok(asked.unwrap_or_else(|| Slug::from_any(&[name.as_str()], kind, id)))
}

/// The words of the API for a choice of the model, which are the model's own.
macro_rules! same_words {
    ($ours:ident = $theirs:path { $($variant:ident),+ $(,)? }) => {
        impl From<$theirs> for $ours {
            fn from(one: $theirs) -> Self {
                use $theirs as T;
                match one { $(T::$variant => Self::$variant,)+ }
            }
        }

        impl From<$ours> for $theirs {
            fn from(one: $ours) -> Self {
                match one { $($ours::$variant => Self::$variant,)+ }
            }
        }
    };
}

pub(super) use same_words;
