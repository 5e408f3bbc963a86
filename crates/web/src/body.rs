//! Bodies: what a page or file is once it has been drawn. Drawn once, compressed once per coding, answered from
//! memory ever after.
//!
//! A [`Body`] knows for how long it holds ([`Stamp`]): as long as its release is the newest and, for pages that
//! show the present, as long as the minute. [`Bodies`] keeps them under their address within a bounded weight.
//!
//! Answering a kept body reads no database, draws nothing and compresses nothing. It allocates three times: the
//! two tables of the answer's headers and the box of its body (`bench public` counts them).

use crate::headers::{self, Policy};
use arc_swap::ArcSwapOption;
use axum::{
    body::Body as HttpBody,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};
use bytes::Bytes;
use jiff::Timestamp;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

/// Bodies below this many bytes are sent as they are: a coding would save less than a packet.
const TOO_SMALL_TO_ENCODE: usize = 1_024;

/// Bodies up to this many bytes are compressed where they are asked for (about a millisecond); larger ones on a
/// thread for such work.
const ENCODE_AT_ONCE: usize = 64 * 1_024;

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
    /// Gzip (RFC 1952).
    Gzip,
}

impl Coding {
    /// Every coding, the one preferred at equal quality first.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// Its name in `Accept-Encoding` and `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }
}

/// How much time a compression may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Somebody waits for it.
    Quick,
    /// Nobody waits: after a release, in the background.
    Thorough,
}

/// For how long a body holds.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The version it was drawn from.
    pub version: u64,
    /// The present version of what it was drawn from.
    pub current: Arc<AtomicU64>,
    /// The second since 1970 from which on it must be looked at again; [`i64::MAX`] for one that does not show
    /// the present.
    pub until: i64,
}

/// A page or file as it goes out.
#[derive(Debug)]
pub struct Body {
    /// The route it belongs to, for metrics and logs.
    pub route: &'static str,
    stamp: Stamp,
    until: AtomicI64,
    /// The present that it shows; see [`crate::page::Page::moment`].
    pub moment: i64,
    /// The first 128 bits of its SHA-256 in hexadecimal: the part of its entity tags that all codings share.
    stem: String,
    modified: Option<Timestamp>,
    common: HeaderMap,
    plain: Variant,
    encoded: [ArcSwapOption<Variant>; 3],
    /// Held while a large body is being compressed, so that it is compressed once.
    encoding: tokio::sync::Mutex<()>,
}

/// A body in one coding, with all headers of its answer.
#[derive(Debug)]
struct Variant {
    bytes: Bytes,
    headers: HeaderMap,
}

/// What a body is made of.
#[derive(Debug)]
pub struct Draft {
    /// The route it belongs to.
    pub route: &'static str,
    /// What is sent.
    pub bytes: Bytes,
    /// Its media type, with its charset where it has one.
    pub content_type: HeaderValue,
    /// Which headers it gets.
    pub policy: Policy,
    /// When it last changed.
    pub modified: Option<Timestamp>,
    /// For how long it holds.
    pub stamp: Stamp,
    /// The present that it shows, 0 for one that shows none.
    pub moment: i64,
}

impl Body {
    /// A body from its parts. Compresses nothing yet.
    pub fn new(draft: Draft) -> Self {
        let stem = stem(&draft.bytes);
        let mut common = headers::of(draft.policy);
        common.insert(header::CONTENT_TYPE, draft.content_type);
        common.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(date) = draft.modified.and_then(http_date) {
            common.insert(header::LAST_MODIFIED, date);
        }
        let plain =
            Variant { headers: headers_of(&common, &stem, None, draft.bytes.len()), bytes: draft.bytes };
        Self {
            route: draft.route,
            until: AtomicI64::new(draft.stamp.until),
            stamp: draft.stamp,
            moment: draft.moment,
            stem,
            modified: draft.modified,
            common,
            plain,
            encoded: Default::default(),
            encoding: tokio::sync::Mutex::new(()),
        }
    }

    /// Whether it is still right at `second` since 1970. The clock is asked only for bodies that show the
    /// present.
    pub fn is_fresh(&self, second: impl FnOnce() -> i64) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        self.stamp.version == self.stamp.current.load(Ordering::Acquire)
            && (until == i64::MAX || second() < until)
    }

    /// Whether it was drawn from the present version, whatever the minute.
    pub fn is_current(&self) -> bool {
        self.stamp.version == self.stamp.current.load(Ordering::Acquire)
    }

    /// Lets it hold until another second, because it would be drawn the same again.
    pub fn extend(&self, until: i64) {
        self.until.store(until, Ordering::Relaxed);
    }

    /// What is sent without a coding.
    pub fn plain(&self) -> &Bytes {
        &self.plain.bytes
    }

    /// The answer to a request that asks for this body, if it can be given without compressing anything first.
    pub fn answer_at_once(&self, method: &Method, request: &HeaderMap) -> Option<Response<HttpBody>> {
        if let Some(answer) = self.not_modified(request) {
            return Some(answer);
        }
        match self.negotiate(request) {
            None => Some(answer(method, &self.plain)),
            Some(coding) => {
                self.encoded[coding as usize].load().as_ref().map(|variant| answer(method, variant))
            }
        }
    }

    /// The answer to a request that asks for this body.
    pub async fn answer(self: &Arc<Self>, method: &Method, request: &HeaderMap) -> Response<HttpBody> {
        if let Some(answer) = self.answer_at_once(method, request) {
            return answer;
        }
        match self.negotiate(request) {
            None => answer(method, &self.plain),
            Some(coding) => match self.encode(coding, Effort::Quick).await {
                Some(variant) => answer(method, &variant),
                None => answer(method, &self.plain),
            },
        }
    }

    /// Compresses the body in every coding with good effort, on a thread for such work, one after the other.
    pub async fn precompress(self: &Arc<Self>) {
        if self.plain.bytes.len() < TOO_SMALL_TO_ENCODE {
            return;
        }
        for coding in Coding::ALL {
            let body = Arc::clone(self);
            let done = tokio::task::spawn_blocking(move || body.compress(coding, Effort::Thorough)).await;
            if let Ok(Some(variant)) = done {
                self.encoded[coding as usize].store(Some(variant));
            }
        }
    }

    /// The 304 answer, when the request holds what this body is (RFC 9110, sections 13.1.2, 13.1.3, 13.2.2).
    fn not_modified(&self, request: &HeaderMap) -> Option<Response<HttpBody>> {
        let held = match request.get(header::IF_NONE_MATCH) {
            Some(tags) => tags.to_str().is_ok_and(|tags| self.is_named_by(tags)),
            None => match (request.get(header::IF_MODIFIED_SINCE), self.modified) {
                (Some(since), Some(modified)) => {
                    parse_http_date(since).is_some_and(|since| modified.as_second() <= since)
                }
                _ => false,
            },
        };
        if !held {
            return None;
        }
        let variant = self.negotiate(request).and_then(|coding| self.encoded[coding as usize].load_full());
        let mut headers =
            variant.as_ref().map_or_else(|| self.plain.headers.clone(), |variant| variant.headers.clone());
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_ENCODING);
        let mut response = Response::new(HttpBody::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.headers_mut() = headers;
        Some(response)
    }

    /// Whether one of the entity tags names this body in any coding: they all say the same, and the weak
    /// comparison that `If-None-Match` asks for is about that.
    fn is_named_by(&self, tags: &str) -> bool {
        tags.split(',').map(str::trim).any(|tag| {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
            tag == "*" || opaque.get(..self.stem.len()) == Some(&self.stem)
        })
    }

    fn negotiate(&self, request: &HeaderMap) -> Option<Coding> {
        if self.plain.bytes.len() < TOO_SMALL_TO_ENCODE {
            return None;
        }
        preferred(request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()))
    }

    async fn encode(self: &Arc<Self>, coding: Coding, effort: Effort) -> Option<Arc<Variant>> {
        let place = &self.encoded[coding as usize];
        let _one_at_a_time = self.encoding.lock().await;
        if let Some(variant) = place.load_full() {
            return Some(variant);
        }
        let variant = if self.plain.bytes.len() <= ENCODE_AT_ONCE {
            self.compress(coding, effort)
        } else {
            let body = Arc::clone(self);
            tokio::task::spawn_blocking(move || body.compress(coding, effort)).await.ok().flatten()
        }?;
        place.store(Some(Arc::clone(&variant)));
        Some(variant)
    }

    fn compress(&self, coding: Coding, effort: Effort) -> Option<Arc<Variant>> {
        let bytes = Bytes::from(compress(&self.plain.bytes, coding, effort)?);
        // Strong entity tags differ where the bytes do: per coding, and per effort.
        let tail = match effort {
            Effort::Quick => coding.name().to_owned(),
            Effort::Thorough => format!("{}+", coding.name()),
        };
        let mut headers = headers_of(&self.common, &self.stem, Some(&tail), bytes.len());
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        Some(Arc::new(Variant { bytes, headers }))
    }
}

fn answer(method: &Method, variant: &Variant) -> Response<HttpBody> {
    let body = if method == Method::HEAD { HttpBody::empty() } else { HttpBody::from(variant.bytes.clone()) };
    let mut response = Response::new(body);
    *response.headers_mut() = variant.headers.clone();
    response
}

fn headers_of(common: &HeaderMap, stem: &str, tail: Option<&str>, length: usize) -> HeaderMap {
    let mut headers = common.clone();
    let tag = match tail {
        None => format!("\"{stem}\""),
        Some(tail) => format!("\"{stem}-{tail}\""),
    };
    let mut put = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    put(header::ETAG, tag);
    put(header::CONTENT_LENGTH, length.to_string());
    headers
}

/// The first 128 bits of the SHA-256 of `bytes`, in hexadecimal.
pub fn stem(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).fold(String::with_capacity(32), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// An instant as HTTP writes it (RFC 9110, section 5.6.7).
pub fn http_date(instant: Timestamp) -> Option<HeaderValue> {
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&instant).ok()?;
    HeaderValue::try_from(text).ok()
}

/// The second since 1970 that an HTTP date names.
fn parse_http_date(value: &HeaderValue) -> Option<i64> {
    let text = value.to_str().ok()?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(Timestamp::as_second)
}

/// The coding that a client likes best of ours by its `Accept-Encoding` (RFC 9110, section 12.5.3): the highest
/// quality, at equal quality the smallest result. `None`: send it as it is, which also answers a client that
/// takes none of ours.
pub fn preferred<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Coding> {
    let mut given: [Option<u16>; 3] = [None; 3];
    let (mut any, mut identity) = (None, None);
    for item in headers.flat_map(|header| header.split(',')) {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let name = name.trim();
        let quality = quality(parameters);
        if name == "*" {
            any = Some(quality);
        } else if name.eq_ignore_ascii_case("identity") {
            identity = Some(quality);
        } else if name.eq_ignore_ascii_case("x-gzip") {
            given[Coding::Gzip as usize] = Some(quality);
        } else if let Some(coding) =
            Coding::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name()))
        {
            given[coding as usize] = Some(quality);
        }
    }
    let mut best: Option<(Coding, u16)> = None;
    for coding in Coding::ALL {
        let quality = given[coding as usize].or(any).unwrap_or(0);
        if quality > best.map_or(0, |(_, best)| best) {
            best = Some((coding, quality));
        }
    }
    // A client that likes the plain body better than any coding says so with a quality for it.
    best.filter(|(_, quality)| identity.is_none_or(|plain| plain <= *quality)).map(|(coding, _)| coding)
}

/// The weight of `;q=0.8` in thousandths; 1,000 where none is given, 0 where it cannot be read.
fn quality(parameters: &str) -> u16 {
    let given = parameters
        .split(';')
        .filter_map(|p| p.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    match given {
        None => 1_000,
        Some((_, value)) => value
            .trim()
            .parse::<f32>()
            .ok()
            .filter(|q| (0.0..=1.0).contains(q))
            .map_or(0, |q| (q * 1_000.0) as u16),
    }
}

/// Compresses `bytes`; `None` when that does not make them smaller.
///
/// Quick levels take about 1 ms for 50 kB; thorough ones about 1 s for 5 MB.
pub fn compress(bytes: &[u8], coding: Coding, effort: Effort) -> Option<Vec<u8>> {
    let thorough = effort == Effort::Thorough;
    let out = match coding {
        Coding::Brotli => {
            let parameters = brotli::enc::BrotliEncoderParams {
                quality: if thorough { 9 } else { 4 },
                // A window of the body's size: a larger one only takes memory. At most 1 MiB.
                lgwin: (usize::BITS - bytes.len().leading_zeros()).clamp(16, 20) as i32,
                size_hint: bytes.len(),
                ..Default::default()
            };
            let mut out = Vec::with_capacity(bytes.len() / 4);
            brotli::BrotliCompress(&mut &*bytes, &mut out, &parameters).ok()?;
            out
        }
        // A window above 8 MB is refused by browsers (RFC 9659); these levels stay below.
        Coding::Zstd => zstd::bulk::compress(bytes, if thorough { 12 } else { 3 }).ok()?,
        Coding::Gzip => {
            let level = flate2::Compression::new(if thorough { 9 } else { 5 });
            let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 4), level);
            encoder.write_all(bytes).ok()?;
            encoder.finish().ok()?
        }
    };
    (out.len() < bytes.len()).then_some(out)
}

/// The bodies kept, by the path and query under which they are asked for.
#[derive(Debug)]
pub struct Bodies(Cache<String, Arc<Body>, Weight>);

/// What a body weighs in memory: itself, the three codings that it may get (each a fifth to a quarter of HTML,
/// XML and JSON), headers and keys.
#[derive(Clone, Debug)]
struct Weight;

impl Weighter<String, Arc<Body>> for Weight {
    fn weight(&self, key: &String, body: &Arc<Body>) -> u64 {
        let plain = body.plain.bytes.len() as u64;
        let encodings = if plain < TOO_SMALL_TO_ENCODE as u64 { 0 } else { plain * 7 / 10 };
        plain + encodings + key.len() as u64 + 2_000
    }
}

impl Bodies {
    /// Room for bodies of `capacity` bytes altogether.
    pub fn new(capacity: u64) -> Self {
        // One shard: a body may be as large as the whole room, and a lookup holds its lock for nanoseconds.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(((capacity / 16_384) as usize).max(64))
            .weight_capacity(capacity)
            .build();
        let cache = match options {
            Ok(options) => Cache::with_options(
                options,
                Weight,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            Err(_) => Cache::with_weighter(1_024, capacity, Weight),
        };
        Self(cache)
    }

    /// The body kept under this path and query, fresh or not.
    pub fn get(&self, target: &str) -> Option<Arc<Body>> {
        self.0.get(target)
    }

    /// The body under this path and query; `draw` makes it when there is none that holds. However many ask at
    /// once, it is drawn once.
    pub async fn get_or_draw<E>(
        &self,
        target: &str,
        holds: impl Fn(&Body) -> bool,
        draw: impl Future<Output = Result<Arc<Body>, E>>,
    ) -> Result<Arc<Body>, E> {
        self.0.remove_if(target, |body| !holds(body));
        self.0.get_or_insert_async(target, draw).await
    }

    /// Lets go of every body that was drawn from a version that is not the present one.
    pub fn drop_outdated(&self) {
        self.0.retain(|_, body| body.is_current());
    }

    /// How many bodies are kept, and their weight in bytes.
    pub fn size(&self) -> (usize, u64) {
        (self.0.len(), self.0.weight())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Arc<Body> {
        Arc::new(Body::new(Draft {
            route: "/",
            bytes: Bytes::from(text.to_owned()),
            content_type: HeaderValue::from_static("text/plain; charset=utf-8"),
            policy: Policy::Page,
            modified: "2027-05-01T10:00:00.5Z".parse().ok(),
            stamp: Stamp { version: 1, current: Arc::new(AtomicU64::new(1)), until: i64::MAX },
            moment: 0,
        }))
    }

    fn request(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn like(header: &str) -> Option<Coding> {
        preferred([header].into_iter())
    }

    #[test]
    fn the_coding_that_the_client_likes_best_is_chosen() {
        assert_eq!(like("gzip, deflate, br, zstd"), Some(Coding::Brotli));
        assert_eq!(like("gzip;q=1.0, br;q=0.5"), Some(Coding::Gzip));
        assert_eq!(like("br;q=0, zstd;q=0.3, *;q=0.1"), Some(Coding::Zstd));
        assert_eq!(like("*"), Some(Coding::Brotli));
        assert_eq!(like("identity"), None);
        assert_eq!(like("identity;q=1, gzip;q=0.5"), None);
        assert_eq!(like("*;q=0"), None);
        assert_eq!(like("deflate, compress"), None);
        assert_eq!(like("GZIP;Q=0.4, br;q=nonsense"), Some(Coding::Gzip));
        assert_eq!(like(""), None);
    }

    #[tokio::test]
    async fn every_coding_has_its_own_strong_tag_and_any_of_them_is_recognised() {
        let body = body(&"plenary ".repeat(1_000));
        let mut tags = std::collections::HashSet::new();
        for coding in ["identity", "br", "zstd", "gzip"] {
            let answer = body.answer(&Method::GET, &request(&[(header::ACCEPT_ENCODING, coding)])).await;
            let tag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
            assert!(!tag.starts_with("W/"));
            assert!(tags.insert(tag.clone()), "{coding} has a tag of its own");
            for sent in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
                let again = body.answer(&Method::GET, &request(&[(header::IF_NONE_MATCH, &sent)])).await;
                assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{sent}");
                assert!(again.headers().contains_key(header::ETAG));
            }
        }
        body.precompress().await;
        let thorough = body.answer(&Method::GET, &request(&[(header::ACCEPT_ENCODING, "br")])).await;
        assert!(tags.insert(thorough.headers()[header::ETAG].to_str().unwrap().to_owned()));
    }

    #[tokio::test]
    async fn a_date_decides_only_where_no_tag_is_given() {
        let body = body("short");
        let status =
            async |pairs: &[(HeaderName, &str)]| body.answer(&Method::GET, &request(pairs)).await.status();
        let same = (header::IF_MODIFIED_SINCE, "Sat, 01 May 2027 10:00:00 GMT");
        assert_eq!(status(std::slice::from_ref(&same)).await, StatusCode::NOT_MODIFIED);
        assert_eq!(
            status(&[(header::IF_MODIFIED_SINCE, "Sat, 01 May 2027 09:59:59 GMT")]).await,
            StatusCode::OK
        );
        assert_eq!(status(&[(header::IF_MODIFIED_SINCE, "yesterday")]).await, StatusCode::OK);
        assert_eq!(status(&[same, (header::IF_NONE_MATCH, "\"other\"")]).await, StatusCode::OK);
    }

    #[test]
    fn what_compression_makes_larger_stays_as_it_is() {
        let noise: Vec<u8> = (0..64).flat_map(|n: u32| Sha256::digest(n.to_le_bytes()).to_vec()).collect();
        for coding in Coding::ALL {
            assert_eq!(compress(&noise, coding, Effort::Quick), None, "{coding:?}");
        }
    }

    #[tokio::test]
    async fn a_body_of_an_older_version_is_drawn_anew() {
        let bodies = Bodies::new(1 << 20);
        let kept = body("one");
        let draw = async |text| {
            bodies.get_or_draw("/", Body::is_current, async { Ok::<_, ()>(body(text)) }).await.unwrap()
        };
        bodies.get_or_draw("/", Body::is_current, async { Ok::<_, ()>(Arc::clone(&kept)) }).await.unwrap();
        assert_eq!(draw("two").await.plain(), "one");
        kept.stamp.current.store(2, Ordering::Release);
        assert_eq!(draw("two").await.plain(), "two");
    }
}
