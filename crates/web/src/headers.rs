//! The headers of every answer: what protects the visitor, and for how long an answer may be kept.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// What kind of answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// A public page. May be shown for ten seconds without asking, and for fifty more while a newer one is
    /// fetched: nobody walks to a room that was changed a minute ago.
    Page,
    /// A public file or answer for programs, which any site's scripts may read. May be kept for a minute.
    File,
    /// An asset whose address changes with its content. May be kept for ever.
    Asset,
    /// An uploaded file: it may be kept for ever, since its name is its own, and whatever it holds runs nothing.
    Upload,
    /// A file that somebody handed in: kept nowhere, since who may read it can change, and whatever it holds runs nothing.
    Download,
    /// What belongs to one visitor or to one moment: kept nowhere, indexed nowhere, and its address is told to
    /// nobody, because it may hold a secret.
    Private,
    /// An answer that must be asked for each time, such as an error or the state of the server.
    Fresh,
}

/// What pages may load and do: only what this server sends, and pictures from `https:` (avatars and logos stand
/// elsewhere). No inline script or style, no frame around it.
const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// The headers that every answer carries.
const EVERYWHERE: [(HeaderName, HeaderValue); 4] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// The headers of an answer of that kind.
pub fn of(policy: Policy) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    let cache = match policy {
        Policy::Page => "public, max-age=10, stale-while-revalidate=50",
        Policy::File => "public, max-age=60, stale-while-revalidate=240",
        Policy::Asset | Policy::Upload => "public, max-age=31536000, immutable",
        Policy::Private | Policy::Download => "private, no-store",
        Policy::Fresh => "no-store",
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    match policy {
        Policy::File => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        Policy::Private => {
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            headers.insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
        }
        Policy::Upload | Policy::Download => {
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; sandbox"),
            );
        }
        Policy::Page | Policy::Asset | Policy::Fresh => {}
    }
    complete(&mut headers);
    headers
}

/// Whether these are the headers of an answer that nobody may keep.
pub(crate) fn is_private(headers: &HeaderMap) -> bool {
    let kept = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    kept.is_some_and(|kept| kept.contains("no-store"))
}

/// Tells the browser to come by HTTPS for the next year (RFC 6797), where the visitor did so now: a link or a bookmark
/// that says `http:` then costs no unencrypted request. Other hosts of the same domain are not ours to decide about.
pub fn only_encrypted(headers: &mut HeaderMap) {
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
}

/// Gives `headers` what every answer carries and they lack.
pub fn complete(headers: &mut HeaderMap) {
    for (name, value) in EVERYWHERE {
        headers.entry(name).or_insert(value);
    }
}
