//! The document that describes the API (OpenAPI 3.1), generated from the operations.
//!
//! What can go wrong is the same for operations that take the same, so it is added here: an operation with a body may
//! refuse what it says, one with `If-Match` may find that somebody was faster.

use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use utoipa::OpenApi;

/// What the document says before any operation.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Plenary",
        description = "The programme and the record of conferences. Reading what is released needs no token. \
            A token is made at /account/tokens/ and sent as `Authorization: Bearer plenary_...`; it acts in its owner's \
            name, with their roles. Changes go to the working state and are public with the next release.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(super::fault::Problem)),
    tags(
        (name = "Editions", description = "Which editions there are, and their settings"),
        (name = "Sessions", description = "What is on the programme, when and where"),
        (name = "Programme", description = "Rooms, tracks, persons and session types"),
        (name = "Site", description = "Sponsors, pages and posts"),
        (name = "Registrations", description = "Who takes part"),
        (name = "Releases", description = "What is public, and publishing"),
        (name = "Mail", description = "What was sent to whom and what became of it, senders, texts, the suppress list"),
        (name = "Planning", description = "Dates and hours compared with other conferences and with where people are"),
        (name = "People", description = "Accounts and their roles"),
        (name = "Tokens", description = "The caller's own tokens"),
        (name = "Webhooks", description = "Who is told of changes"),
        (name = "Changes", description = "The change feed"),
    ),
)]
struct Head;

/// The document without operations.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

/// The problems, by status.
const PROBLEMS: [(&str, &str); 12] = [
    ("400", "The request cannot be read"),
    ("401", "It needs a token, or the token is good for nothing"),
    ("403", "The caller may not"),
    ("404", "There is nothing of that name, or the caller may not see it"),
    ("405", "The address takes other methods"),
    ("412", "Somebody changed it since the caller read it"),
    ("413", "The request is too large"),
    ("415", "The format of the request is not read here"),
    ("422", "A rule says no; the problem names the field and what to do"),
    ("428", "A change needs If-Match"),
    ("429", "Too many requests in a short time; Retry-After says when to ask again"),
    ("503", "The server cannot answer at the moment"),
];

/// The document as JSON, with a line end.
pub(super) fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let (_, document) = super::operations().split_for_parts();
        let mut document = serde_json::to_value(&document).unwrap_or_default();
        complete(&mut document);
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text + "\n"
    })
}

/// The operations: method, path and what is said of each.
pub(super) fn operations() -> Vec<(String, String, Value)> {
    let document: Value = serde_json::from_str(text()).unwrap_or_default();
    let mut all = vec![];
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            all.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    all
}

fn complete(document: &mut Value) {
    // Who sends no token is a visitor; what needs one says so itself.
    document["security"] = json!([{}, { "token": [] }]);
    document["components"]["securitySchemes"] = json!({ "token": {
        "type": "http", "scheme": "bearer", "bearerFormat": "plenary_",
        "description": "A token from /account/tokens/",
    }});
    let responses: Map<String, Value> = PROBLEMS
        .iter()
        .map(|(status, description)| {
            let mut response = json!({
                "description": description,
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            });
            let header = |text: &str| json!({ "description": text, "required": true, "schema": { "type": "string" } });
            match *status {
                "401" => response["headers"] = json!({ "WWW-Authenticate": header("How to say who one is") }),
                "429" => response["headers"] = json!({ "Retry-After": header("After how many seconds to ask again") }),
                _ => {}
            }
            (format!("Problem{status}"), response)
        })
        .collect();
    document["components"]["responses"] = Value::Object(responses);
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for methods in paths.values_mut() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            let takes_body = operation.get("requestBody").is_some();
            let conditional = operation["parameters"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["name"] == "If-Match"));
            let Some(answers) = operation["responses"].as_object_mut() else { continue };
            for (status, answer) in answers.iter_mut() {
                let header = |text: &str| json!({ "description": text, "schema": { "type": "string" } });
                let mut headers = Map::new();
                if status == "200" || status == "201" || status == "304" {
                    headers.insert("ETag".to_owned(), header("What to send with If-None-Match or If-Match"));
                }
                if status == "200"
                    && answer["content"]["application/json"]["schema"]["$ref"]
                        .as_str()
                        .is_some_and(|name| name.contains("/Page_"))
                {
                    headers.insert("Link".to_owned(), header("The next page, with rel=next"));
                }
                if status == "201" {
                    headers.insert("Location".to_owned(), header("Where it stands"));
                }
                if !headers.is_empty() && answer["content"].get("text/event-stream").is_none() {
                    answer["headers"] = Value::Object(headers);
                }
            }
            for (status, _) in PROBLEMS {
                let possible = match status {
                    "413" | "415" => takes_body,
                    // A rule may refuse every change, also one that says nothing more.
                    "422" => method != "get",
                    "412" | "428" => conditional,
                    _ => true,
                };
                if possible {
                    answers.entry(status).or_insert_with(
                        || json!({ "$ref": format!("#/components/responses/Problem{status}") }),
                    );
                }
            }
        }
    }
}
