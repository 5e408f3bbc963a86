//! The cookies of a browser, as they travel.
//!
//! Handlers set and read a cookie by its plain name. **How a browser keeps it is decided here, once for each request**: a
//! visitor who came by HTTPS, as far as the server or a trusted proxy knows, gets it with the prefix `__Host-` and the
//! word `Secure`, and only such ones are read from them, so that no neighbouring host and no page without TLS can plant
//! one (RFC 6265bis, section 4.1.3). Reading and setting switch together: a cookie is read under the name under which it
//! was set.

use axum::http::{HeaderMap, HeaderValue, header};

/// With this at its begin, a browser takes a cookie only by TLS, and from this host alone.
const PREFIX: &str = "__Host-";

/// Gives the cookies of a request their plain names. From a visitor who came by HTTPS only those with the prefix are left.
pub(crate) fn receive(headers: &mut HeaderMap, secure: bool) {
    if !secure || !headers.contains_key(header::COOKIE) {
        return;
    }
    let ours: Vec<&str> = pairs(headers).filter_map(|pair| pair.strip_prefix(PREFIX)).collect();
    let text = ours.join("; ");
    headers.remove(header::COOKIE);
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(header::COOKIE, value);
    }
}

/// Makes the cookies of an answer those of a visitor who came by HTTPS, where they did.
pub(crate) fn send(headers: &mut HeaderMap, secure: bool) {
    if !secure {
        return;
    }
    let set: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    for value in set {
        let text = value.to_str().unwrap_or_default();
        if let Ok(value) = HeaderValue::try_from(format!("{PREFIX}{text}; Secure")) {
            headers.append(header::SET_COOKIE, value);
        }
    }
}

/// The value of a cookie.
pub(crate) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    pairs(headers)
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// A cookie of ours: for the whole site, for this host alone, not for scripts, not for other sites' requests but links.
/// One of zero seconds is taken away.
pub(crate) fn set(name: &str, value: &str, seconds: i64) -> HeaderValue {
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    // Names and values are ours: base64 and digits.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn by_https_only_cookies_that_no_neighbour_can_plant_are_read() {
        let mut headers = asked(&["plenary=planted; __Host-plenary=ours", "__Host-notice=told; theme=dark"]);
        receive(&mut headers, true);
        assert_eq!((value(&headers, "plenary"), value(&headers, "notice")), (Some("ours"), Some("told")));
        assert_eq!(value(&headers, "theme"), None);
        let mut planted = asked(&["plenary=planted"]);
        receive(&mut planted, true);
        assert_eq!(value(&planted, "plenary"), None);
    }

    #[test]
    fn without_https_the_plain_names_are_read() {
        let mut headers = asked(&["__Host-plenary=other; plenary=ours"]);
        receive(&mut headers, false);
        assert_eq!(value(&headers, "plenary"), Some("ours"));
    }

    #[test]
    fn what_is_set_by_https_is_read_by_https_and_the_same_without() {
        for secure in [true, false] {
            let mut answer = HeaderMap::new();
            answer.append(header::SET_COOKIE, set("plenary", "secret", 60));
            answer.append(header::SET_COOKIE, set("notice", "", 0));
            send(&mut answer, secure);
            let sent: Vec<&str> =
                answer.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
            assert_eq!(sent.len(), 2);
            for one in &sent {
                assert_eq!(
                    (one.starts_with("__Host-"), one.ends_with("; Secure")),
                    (secure, secure),
                    "{one}"
                );
                assert!(one.contains("HttpOnly; SameSite=Lax") && one.contains("Path=/"), "{one}");
            }
            let kept = sent[0].split(';').next().unwrap();
            let mut next = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(kept).unwrap())]);
            receive(&mut next, secure);
            assert_eq!(value(&next, "plenary"), Some("secret"));
        }
    }
}
