//! What a success answers: one thing with its ETag, or a page of a list with the way to the next.

use super::fault::Fault;
use crate::headers::{self, Policy};
use axum::{
    body::Body as HttpBody,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The answer of a handler.
pub(crate) type Answer = Result<Response<HttpBody>, Fault>;

/// The most items of one page.
const MOST: usize = 200;

/// The items of a page where the caller names no number.
const USUAL: usize = 50;

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Page<T> {
    /// The items, in the order of the list.
    pub(crate) items: Vec<T>,
    /// What to send as `after` for the next page; null on the last.
    pub(crate) next: Option<String>,
}

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many items at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before; it means nothing else.
    #[param(max_length = 200)]
    #[serde(default)]
    pub(crate) after: Option<String>,
}

impl Paging {
    /// How many items are asked for.
    pub(crate) fn limit(&self) -> Result<usize, Fault> {
        match self.limit {
            None => Ok(USUAL),
            Some(limit) if (1..=MOST as u32).contains(&limit) => Ok(limit as usize),
            Some(limit) => Err(Fault::unreadable(format!("limit: {limit} is not from 1 to {MOST}"))),
        }
    }

    /// The cursor's number and identifier.
    fn cursor(&self) -> Result<Option<(usize, Uuid)>, Fault> {
        let Some(after) = self.after.as_deref() else { return Ok(None) };
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(after).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            let (number, id) = text.split_once('.')?;
            Some((number.parse().ok()?, Uuid::try_parse(id).ok()?))
        };
        read().map(Some).ok_or_else(|| Fault::unreadable("after: this is no cursor of a list"))
    }

    /// The identifier of the last item of the page before.
    pub(crate) fn last(&self) -> Result<Option<Uuid>, Fault> {
        Ok(self.cursor()?.map(|(_, id)| id))
    }

    /// Cuts the page out of a whole list whose items are known by `id`. An item that was removed meanwhile does not
    /// matter: its place is known.
    pub(crate) fn cut<T>(&self, all: Vec<T>, id: impl Fn(&T) -> Uuid) -> Result<Page<T>, Fault> {
        let limit = self.limit()?;
        let begin = match self.cursor()? {
            None => 0,
            Some((number, last)) => {
                all.iter().position(|item| id(item) == last).map_or(number, |at| at.saturating_add(1))
            }
        };
        let more = all.len() > begin.saturating_add(limit);
        let items: Vec<T> = all.into_iter().skip(begin).take(limit).collect();
        let next =
            items.last().filter(|_| more).map(|last| cursor(begin.saturating_add(items.len()), id(last)));
        Ok(Page { items, next })
    }

    /// The page of items that were read one more than asked for.
    pub(crate) fn page<T>(&self, mut items: Vec<T>, id: impl Fn(&T) -> Uuid) -> Result<Page<T>, Fault> {
        let limit = self.limit()?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| cursor(0, id(last)));
        Ok(Page { items, next })
    }
}

/// The cursor that means what comes after that item.
fn cursor(number: usize, id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(format!("{number}.{id}"))
}

/// The entity tag of a representation.
pub(crate) fn tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]))
}

/// The entity tag of a thing as it is answered.
pub(crate) fn tag_of(thing: &impl Serialize) -> Result<String, Fault> {
    Ok(tag(&json(thing)?))
}

fn json(thing: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(thing).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Fault::busy("The answer cannot be written")
    })
}

/// 200, or 304 where the caller has it already.
pub(crate) fn thing(asked: &HeaderMap, thing: &impl Serialize) -> Answer {
    let body = json(thing)?;
    let tag = tag(&body);
    Ok(kept(asked, Bytes::from(body), &tag, None, Policy::Private))
}

/// A page of a list with a link to the next.
pub(crate) fn list<T: Serialize>(asked: &HeaderMap, uri: &axum::http::Uri, page: &Page<T>) -> Answer {
    let body = json(page)?;
    let tag = tag(&body);
    Ok(kept(asked, Bytes::from(body), &tag, link(uri, page.next.as_deref()), Policy::Private))
}

/// The header that leads to the next page (RFC 8288).
pub(crate) fn link(uri: &axum::http::Uri, next: Option<&str>) -> Option<HeaderValue> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if name != "after" {
            query.append_pair(&name, &value);
        }
    }
    query.append_pair("after", next?);
    HeaderValue::try_from(format!("<{}?{}>; rel=\"next\"", uri.path(), query.finish())).ok()
}

/// The answer with a body whose tag is known.
pub(crate) fn kept(
    asked: &HeaderMap,
    body: Bytes,
    tag: &str,
    link: Option<HeaderValue>,
    policy: Policy,
) -> Response<HttpBody> {
    let has = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|one| one.trim() == "*" || one.trim().trim_start_matches("W/") == tag);
    let mut response = if has { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    let headers = response.headers_mut();
    headers.extend(headers::of(policy));
    if policy == Policy::Private {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("authorization"));
    }
    if !has {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(link) = link {
        headers.insert(header::LINK, link);
    }
    response
}

/// 202 with what waits.
pub(crate) fn accepted(thing: &impl Serialize) -> Answer {
    let mut response = changed(thing)?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// 201 with where it stands.
pub(crate) fn created(place: &str, thing: &impl Serialize) -> Answer {
    let body = json(thing)?;
    let tag = tag(&body);
    let mut response = kept(&HeaderMap::new(), Bytes::from(body), &tag, None, Policy::Private);
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(place) = HeaderValue::try_from(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// 200 with the thing as it is now.
pub(crate) fn changed(thing: &impl Serialize) -> Answer {
    self::thing(&HeaderMap::new(), thing)
}

/// 204.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it, so it gives what they give")]
pub(crate) fn nothing() -> Answer {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().extend(headers::of(Policy::Fresh));
    Ok(response)
}

/// What a caller says that they saw, with `If-Match`.
#[derive(Clone, Debug)]
pub(crate) struct Seen(Vec<String>);

impl Seen {
    /// Reads the header; a change without it is refused.
    pub(crate) fn required(asked: &HeaderMap) -> Result<Self, Fault> {
        Self::given(asked).ok_or_else(Fault::unconditional)
    }

    /// Reads the header, if it is there.
    pub(crate) fn given(asked: &HeaderMap) -> Option<Self> {
        let tags: Vec<String> = asked
            .get_all(header::IF_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .map(|tag| tag.trim().to_owned())
            .filter(|tag| !tag.is_empty())
            .collect();
        (!tags.is_empty()).then_some(Self(tags))
    }

    /// Whether the thing still is what they saw.
    pub(crate) fn check(&self, present: &impl Serialize) -> Result<(), Fault> {
        let tag = tag_of(present)?;
        if self.0.iter().any(|seen| seen == "*" || *seen == tag) { Ok(()) } else { Err(Fault::outdated()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_page_by_page_to_its_end_also_when_items_go_meanwhile() {
        let all: Vec<Uuid> = (1..=7).map(Uuid::from_u128).collect();
        let mut paging = Paging { limit: Some(3), after: None };
        let mut read = vec![];
        loop {
            let page = paging.cut(all.clone(), |id| *id).unwrap();
            read.extend(page.items);
            let Some(next) = page.next else { break };
            paging.after = Some(next);
        }
        assert_eq!(read, all);
        let first = Paging { limit: Some(3), after: None }.cut(all.clone(), |id| *id).unwrap();
        let rest: Vec<Uuid> = all.iter().copied().filter(|id| *id != all[2]).collect();
        let after = Paging { limit: Some(3), after: first.next };
        let second = after.cut(rest, |id| *id).unwrap();
        assert_eq!(second.items.len(), 3, "the removed item's place is known");
    }

    #[test]
    fn nonsense_is_no_cursor_and_no_number() {
        let all: Vec<Uuid> = vec![];
        for after in ["x", "", "MA", "%%%"] {
            let paging = Paging { limit: None, after: Some(after.to_owned()) };
            assert!(paging.cut(all.clone(), |id| *id).is_err(), "{after}");
        }
        for limit in [0, 201, u32::MAX] {
            assert!(Paging { limit: Some(limit), after: None }.limit().is_err());
        }
    }

    #[test]
    fn a_change_is_refused_when_the_thing_is_not_what_was_seen() {
        let mut asked = HeaderMap::new();
        assert!(Seen::required(&asked).is_err());
        let thing = serde_json::json!({ "title": "A" });
        asked.insert(header::IF_MATCH, tag_of(&thing).unwrap().parse().unwrap());
        let seen = Seen::required(&asked).unwrap();
        assert!(seen.check(&thing).is_ok());
        assert!(seen.check(&serde_json::json!({ "title": "B" })).is_err());
    }
}
