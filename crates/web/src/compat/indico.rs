//! Indico's addresses: `/export/timetable/ID.json` of its HTTP export API, which lpcfe and others read, and
//! `/event/ID/event.ics`. The identifier of an event is the slug of the edition. Parameters such as `pretty`,
//! `tz` and `detail` are taken and change nothing.

use crate::{
    error::Failure,
    headers::Policy,
    route::{Asked, at},
    site::Site,
    target::{File, Target},
};
use axum::{
    Router,
    body::Body as HttpBody,
    extract::{Path, State},
    http::Response,
    routing::get,
};
use serde_json::{Map, Value};

/// The most editions that one answer joins.
const EDITIONS_MAX: usize = 20;

type Answer = Result<Response<HttpBody>, Failure>;

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/export/timetable/{file}", get(timetable));
    at(router, "/event/{edition}/event.ics", get(calendar))
}

async fn calendar(State(site): State<Site>, asked: Asked, Path(edition): Path<String>) -> Answer {
    asked.show(&site, &edition, Target::File(File::Calendar)).await
}

async fn timetable(State(site): State<Site>, asked: Asked, Path(file): Path<String>) -> Answer {
    let ids = file.strip_suffix(".json").ok_or_else(|| {
        Failure::NotFound("Timetables are given as JSON only: /export/timetable/ID.json".to_owned())
    })?;
    let target = Target::File(File::IndicoTimetable);
    if site.edition(ids).is_some() {
        return asked.show(&site, ids, target).await;
    }
    let editions =
        split(ids, &|slug| site.edition(slug).is_some()).ok_or_else(|| Failure::no("edition", ids))?;
    if editions.len() > EDITIONS_MAX {
        return Err(Failure::NotFound(format!("At most {EDITIONS_MAX} timetables come in one answer")));
    }
    let mut joined: Option<Map<String, Value>> = None;
    for edition in editions {
        let live = site.live(edition)?;
        let Some(body) = site.body(&live, &target, None).await? else { continue };
        let answer: Map<String, Value> =
            serde_json::from_slice(body.plain()).map_err(|_| Failure::Internal)?;
        match &mut joined {
            None => joined = Some(answer),
            Some(joined) => join(joined, answer),
        }
    }
    let text = Value::Object(joined.unwrap_or_default()).to_string();
    Ok(asked.answer(site.passing(target.route(), Policy::File, "application/json", text)).await)
}

/// Adds the results of `other` to an answer, and their number to its count.
fn join(answer: &mut Map<String, Value>, other: Map<String, Value>) {
    for (name, value) in other {
        match (answer.get_mut(&name), value) {
            (Some(Value::Object(mine)), Value::Object(theirs)) => mine.extend(theirs),
            (Some(Value::Number(mine)), Value::Number(theirs)) if name == "count" => {
                *mine = (mine.as_u64().unwrap_or(0) + theirs.as_u64().unwrap_or(0)).into();
            }
            _ => {}
        }
    }
}

/// The identifiers that `ids` joins with hyphens. Slugs hold hyphens too, so the longest that is known is taken
/// at each step; `None` when a part is unknown.
fn split<'a>(ids: &'a str, known: &dyn Fn(&str) -> bool) -> Option<Vec<&'a str>> {
    let mut out = vec![];
    let mut rest = ids;
    loop {
        let ends = rest.match_indices('-').map(|(at, _)| at).chain([rest.len()]);
        let end = ends.filter(|end| known(&rest[..*end])).last()?;
        out.push(&rest[..end]);
        match rest.get(end + 1..) {
            Some(more) => rest = more,
            None => return Some(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_identifiers_are_told_apart_although_slugs_hold_hyphens() {
        let known = |slug: &str| ["a", "a-2027", "b-c"].contains(&slug);
        assert_eq!(split("a-2027-b-c-a", &known), Some(vec!["a-2027", "b-c", "a"]));
        assert_eq!(split("a-b", &known), None);
        assert_eq!(split("a-", &known), None);
        assert_eq!(split("", &known), None);
    }

    #[test]
    fn joined_answers_hold_the_results_of_both() {
        let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let mut answer = object(r#"{"count": 1, "complete": true, "results": {"a": {"x": 1}}}"#);
        join(&mut answer, object(r#"{"count": 1, "complete": true, "results": {"b": {"y": 2}}}"#));
        assert_eq!(
            Value::Object(answer),
            serde_json::json!({"count": 2, "complete": true, "results": {"a": {"x": 1}, "b": {"y": 2}}})
        );
    }
}
