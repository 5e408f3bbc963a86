//! What a delivery says.

use jiff::Timestamp;
use model::{id::WebhookId, webhook::Told};
use serde_json::{Value, json};

/// The most bytes of a body. Receivers commonly refuse more than a few hundred kilobytes.
pub const LARGEST: usize = 256 * 1_024;

/// The body about a change: `type` such as `session.changed`, `timestamp` of the change, `data` with what
/// [`model::webhook::told`] allows. A thing that would make it larger than [`LARGEST`] is left out, and `truncated` says so:
/// the receiver then asks the API for it.
pub fn change(told: &Told<Value>) -> String {
    let body = |told: &Told<Value>, truncated: bool| {
        let mut data = serde_json::to_value(told).unwrap_or_default();
        if truncated && let Some(data) = data.as_object_mut() {
            data.insert("truncated".to_owned(), Value::Bool(true));
        }
        json!({ "type": told.event(), "timestamp": told.at.to_string(), "data": data }).to_string()
    };
    let whole = body(told, false);
    if whole.len() <= LARGEST {
        return whole;
    }
    body(&Told { before: None, after: None, ..told.clone() }, true)
}

/// The body of a test.
pub fn ping(webhook: WebhookId, at: Timestamp) -> String {
    json!({ "type": "ping", "timestamp": at.to_string(), "data": { "webhook": webhook } }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::feed::Deed;
    use uuid::Uuid;

    fn told(title: &str) -> Told<Value> {
        Told {
            seq: 42,
            at: Timestamp::UNIX_EPOCH,
            kind: "session".to_owned(),
            thing: Uuid::from_u128(1),
            edition: None,
            deed: Deed::Changed,
            actor: None,
            before: Some(json!({ "title": "Old" })),
            after: Some(json!({ "title": title })),
        }
    }

    #[test]
    fn a_body_names_its_type_and_time_and_carries_the_thing() {
        let body: Value = serde_json::from_str(&change(&told("New"))).unwrap();
        assert_eq!(body["type"], "session.changed");
        assert_eq!(body["timestamp"], "1970-01-01T00:00:00Z");
        assert_eq!((&body["data"]["seq"], &body["data"]["after"]["title"]), (&json!(42), &json!("New")));
        assert!(body["data"].get("actor").is_none() && body["data"].get("truncated").is_none());
    }

    #[test]
    fn a_thing_that_is_too_large_is_left_out_and_that_is_said() {
        let text = change(&told(&"x".repeat(LARGEST)));
        let body: Value = serde_json::from_str(&text).unwrap();
        assert!(
            text.len() < 1_000 && body["data"]["truncated"] == true && body["data"].get("after").is_none()
        );
        assert_eq!(body["data"]["seq"], 42);
    }

    #[test]
    fn the_same_entry_is_always_the_same_body() {
        assert_eq!(change(&told("New")), change(&told("New")));
    }
}
