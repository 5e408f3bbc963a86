//! What a request carries: JSON, a JSON merge patch, a query.

use super::{BODY, fault::Fault};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use model::{Refusal, text::excerpt};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The media type of a merge patch (RFC 7396).
const PATCH: &str = "application/merge-patch+json";

/// JSON that a request carries.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON merge patch (RFC 7396): members that are there replace, null removes, the rest stays.
#[derive(Debug)]
pub(crate) struct Patch(Value);

/// The query of a request.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let value = read(request, state, &["application/json"]).await?;
        typed(value).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for Patch {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let value = read(request, state, &[PATCH, "application/json"]).await?;
        if !value.is_object() {
            return Err(Fault::refused(&Refusal::new("body", "it is no JSON object", "Send an object")));
        }
        Ok(Self(value))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|rejection| Fault::unreadable(rejection.body_text()))
    }
}

impl Patch {
    /// What `present` becomes by the patch.
    pub(crate) fn apply<T: Serialize + DeserializeOwned>(&self, present: &T) -> Result<T, Fault> {
        let mut value =
            serde_json::to_value(present).map_err(|error| Fault::unreadable(error.to_string()))?;
        merge(&mut value, &self.0);
        typed(value)
    }
}

/// RFC 7396, section 2. Parsing bounds how deep values are nested.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.shift_remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S, kinds: &[&str]) -> Result<Value, Fault> {
    if !is_one_of(request.headers(), kinds) {
        return Err(Fault::media_type(&kinds.join(" or ")));
    }
    let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::too_large(BODY),
        _ => Fault::unreadable("The body broke off"),
    })?;
    serde_json::from_slice(&bytes).map_err(|error| Fault::unreadable(format!("The body is no JSON: {error}")))
}

fn is_one_of(headers: &HeaderMap, kinds: &[&str]) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kinds.iter().any(|one| kind.eq_ignore_ascii_case(one))
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| {
        let problem = excerpt(&error.to_string(), 300);
        Fault::refused(&Refusal::new("body", problem, "Compare it with the schema in /api/v1/openapi.json"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn a_merge_patch_is_applied_as_its_rfc_says() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut out = target.clone();
            merge(&mut out, &patch);
            assert_eq!(out, result, "{target} {patch}");
        }
    }
}
