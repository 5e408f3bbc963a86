//! Which proxies are believed, and what they say about the visitor.
//!
//! A proxy adds the address from which it was asked to `X-Forwarded-For`, at the right end. **What that header says is
//! believed only from an address on the operator's list**: anybody else may write what they like. So it is read from the
//! right: past every address on the list, and the first that is not on it is the visitor. What stands left of that is the
//! visitor's own claim.

use axum::http::HeaderMap;
use ipnet::IpNet;
use model::Refusal;
use std::net::{IpAddr, SocketAddr};

/// The proxies that stand before the server, as the operator lists them. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Accepts addresses (`127.0.0.1`, `::1`) and networks (`10.0.0.0/8`).
    pub fn parse(list: &[String]) -> Result<Self, Refusal> {
        let parsed = list.iter().map(|text| {
            let text = text.trim();
            let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            address.or_else(|_| text.parse::<IpNet>().map(|net| net.trunc())).map_err(|_| {
                Refusal::new(
                    "trusted_proxies",
                    format!("\"{}\" is no address and no network", model::text::excerpt(text, 60)),
                    "Give addresses such as 127.0.0.1 or networks such as 10.0.0.0/8",
                )
            })
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one is at that address.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// The visitor's address, for a connection from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if self.0.is_empty() {
            return peer;
        }
        let mut client = peer.to_canonical();
        let lists: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        for list in lists.into_iter().rev() {
            for entry in list.to_str().unwrap_or_default().rsplit(',') {
                if !self.trusts(client) {
                    return client;
                }
                // What is no address was written by nobody we trust: the proxy that passed it on is all we know.
                let Some(address) = address(entry.trim()) else { return client };
                client = address;
            }
        }
        client
    }

    /// Whether the visitor's own connection is encrypted, as far as a trusted proxy says so.
    pub fn says_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        if !self.trusts(peer) {
            return false;
        }
        let last =
            headers.get_all("x-forwarded-proto").iter().next_back().and_then(|value| value.to_str().ok());
        last.and_then(|list| list.rsplit(',').next())
            .is_some_and(|last| last.trim().eq_ignore_ascii_case("https"))
    }
}

/// An address; some proxies add the port, and write IPv6 in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|at| at.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn trusting(list: &[&str]) -> TrustedProxies {
        TrustedProxies::parse(&list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn forwarded(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn client(list: &[&str], peer: &str, values: &[&str]) -> String {
        trusting(list).client(peer.parse().unwrap(), &forwarded(values)).to_string()
    }

    #[test]
    fn a_visitor_without_a_trusted_proxy_cannot_choose_their_address() {
        assert_eq!(client(&[], "192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(client(&["127.0.0.1"], "192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert!(!trusting(&["127.0.0.1"]).says_https("192.0.2.9".parse().unwrap(), &HeaderMap::new()));
    }

    #[test]
    fn the_visitor_is_the_first_from_the_right_who_is_no_proxy() {
        let trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"];
        assert_eq!(client(&trusted, "127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(&trusted, "127.0.0.1", &["203.0.113.5, 198.51.100.1, 10.1.2.3"]), "198.51.100.1");
        assert_eq!(
            client(&trusted, "127.0.0.1", &["203.0.113.5", "198.51.100.1", "10.9.9.9"]),
            "198.51.100.1"
        );
        assert_eq!(client(&trusted, "::ffff:127.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client(&trusted, "10.0.0.1", &["[2001:db9::7]:443"]), "2001:db9::7");
        assert_eq!(client(&trusted, "10.0.0.1", &["10.0.0.2"]), "10.0.0.2", "a proxy that asks for itself");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(client(&["127.0.0.1"], "127.0.0.1", &["198.51.100.1, unknown"]), "127.0.0.1");
        assert_eq!(client(&["127.0.0.1"], "127.0.0.1", &[""]), "127.0.0.1");
    }

    #[test]
    fn a_trusted_proxy_says_whether_the_visitor_came_by_https() {
        let said = |peer: &str, value: &'static str| {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("x-forwarded-proto"),
                HeaderValue::from_static(value),
            )]);
            trusting(&["127.0.0.1"]).says_https(peer.parse().unwrap(), &headers)
        };
        assert!(said("127.0.0.1", "https"));
        assert!(said("127.0.0.1", "http, HTTPS"));
        assert!(!said("127.0.0.1", "https, http"), "the proxy's own word is the last");
        assert!(!said("192.0.2.1", "https"));
    }

    #[test]
    fn nonsense_on_the_list_is_refused_with_an_example() {
        let refusal = TrustedProxies::parse(&["10.0.0.0/99".to_owned()]).unwrap_err().to_string();
        assert!(refusal.contains("10.0.0.0/8"), "{refusal}");
    }
}
