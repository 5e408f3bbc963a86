//! Addresses as RFC 3986 has them: what schemas call `uri`.
//!
//! A [`WebUrl`] is what a browser follows; a schema is stricter. The difference is spelled out here once.

use model::text::WebUrl;
use std::borrow::Cow;

/// The address spelled as RFC 3986 allows it, `None` where no spelling of it is allowed (a port that is not a
/// number, a broken IPv6 address). Letters outside ASCII and stray characters are percent-encoded.
pub(crate) fn strict(url: &WebUrl) -> Option<Cow<'_, str>> {
    let text = url.as_str();
    let (scheme, rest) = text.split_once(':')?;
    let (head, tail) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            (Some(&rest[..end]), &rest[end..])
        }
        None => (None, rest),
    };
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str(scheme);
    out.push(':');
    if let Some(authority) = head {
        out.push_str("//");
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        if let Some(user) = user {
            encode(user, &mut out, |b| is_unreserved(b) || is_sub_delim(b) || b == b':');
            out.push('@');
        }
        let (host, port) = split_port(host)?;
        if let Some(inner) = host.strip_prefix('[') {
            let inner = inner.strip_suffix(']')?;
            inner.parse::<std::net::Ipv6Addr>().ok()?;
            out.push_str(host);
        } else if host.is_empty() {
            return None;
        } else {
            encode(host, &mut out, |b| is_unreserved(b) || is_sub_delim(b));
        }
        if let Some(port) = port {
            port.parse::<u16>().ok()?;
            out.push(':');
            out.push_str(port);
        }
    }
    let (path, fragment) =
        tail.split_once('#').map_or((tail, None), |(path, fragment)| (path, Some(fragment)));
    let in_path = |b: u8| is_unreserved(b) || is_sub_delim(b) || matches!(b, b':' | b'@' | b'/' | b'?');
    encode(path, &mut out, in_path);
    if let Some(fragment) = fragment {
        out.push('#');
        encode(fragment, &mut out, in_path);
    }
    Some(if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) })
}

/// [`strict`], for `http` and `https` only: what schedule XML calls `httpURI`.
pub(crate) fn strict_http(url: &WebUrl) -> Option<Cow<'_, str>> {
    strict(url).filter(|url| url.starts_with("http"))
}

fn split_port(host: &str) -> Option<(&str, Option<&str>)> {
    let from = host.rfind(']').map_or(0, |at| at + 1);
    match host[from..].split_once(':') {
        None => Some((host, None)),
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            Some((&host[..from + name.len()], Some(port)))
        }
        Some((name, "")) => Some((&host[..from + name.len()], None)),
        Some(_) => None,
    }
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

fn is_sub_delim(b: u8) -> bool {
    matches!(b, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

/// Appends `text` with everything percent-encoded that `keeps` does not keep; escapes that stand already stay.
fn encode(text: &str, out: &mut String, keeps: impl Fn(u8) -> bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = text.as_bytes();
    for (at, &b) in bytes.iter().enumerate() {
        let escape = b == b'%'
            && bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit)
            && bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit);
        if keeps(b) || escape {
            out.push(char::from(b));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(b >> 4)]));
            out.push(char::from(HEX[usize::from(b & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> Option<String> {
        strict(&WebUrl::parse(text).unwrap()).map(Cow::into_owned)
    }

    #[test]
    fn what_a_schema_allows_stays_as_it_is() {
        for text in [
            "https://example.org/a/b?c=d&e=%20#f",
            "http://user@example.org:8080/",
            "https://[2001:db8::1]:80/x",
            "mailto:a@example.org",
        ] {
            assert_eq!(spelled(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_a_schema_does_not_allow_is_encoded_or_left_out() {
        assert_eq!(
            spelled("https://example.org/ü[1]%zz#a#b").unwrap(),
            "https://example.org/%C3%BC%5B1%5D%25zz#a%23b"
        );
        assert_eq!(spelled("https://bücher.example/").unwrap(), "https://b%C3%BCcher.example/");
        assert_eq!(spelled("https://example.org:port/"), None);
        assert_eq!(spelled("https://example.org:99999/"), None);
        assert_eq!(spelled("https://[::1/"), None);
    }
}
