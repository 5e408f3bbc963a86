//! One BigBlueButton server: where it is, and how calls to it are signed.

use crate::{checksum::Algorithm, secret::Secret};
use form_urlencoded::Serializer;
use std::fmt;
use url::Url;

/// The path of the API where an address names only the host.
const USUAL: &str = "/bigbluebutton/api";

/// Why an address is none of a BigBlueButton server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAServer {
    /// It cannot be read.
    #[error(
        "this is not a web address ({0}). Copy the line \"URL\" that `bbb-conf --secret` prints on the server"
    )]
    Address(String),
    /// It begins with something else than `https://` or `http://`.
    #[error("an address that begins with {0}: is not one of BigBlueButton. Use https://")]
    Scheme(String),
    /// It has a name and password, a query or a fragment.
    #[error("the address has a name, a password, a ? or a #. Leave them out")]
    Extra,
    /// The secret is missing.
    #[error("the secret is missing. Copy the line \"Secret\" that `bbb-conf --secret` prints on the server")]
    Secret,
}

/// A server, or a balancer that answers like one.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    base: Url,
    secret: Secret,
    algorithm: Algorithm,
}

impl Server {
    /// A server by the two lines that `bbb-conf --secret` prints. The address may stop at the host, at
    /// `/bigbluebutton/`, or go on to `/api`.
    pub fn new(address: &str, secret: Secret, algorithm: Algorithm) -> Result<Self, NotAServer> {
        let mut base = Url::parse(address.trim()).map_err(|error| NotAServer::Address(error.to_string()))?;
        if !matches!(base.scheme(), "https" | "http") {
            return Err(NotAServer::Scheme(base.scheme().to_owned()));
        }
        let named = !base.username().is_empty() || base.password().is_some();
        if named || base.query().is_some() || base.fragment().is_some() {
            return Err(NotAServer::Extra);
        }
        if secret.is_empty() {
            return Err(NotAServer::Secret);
        }
        let path = base.path().trim_end_matches('/');
        let path = match path {
            "" => USUAL.to_owned(),
            path if path.ends_with("/api") => path.to_owned(),
            path => format!("{path}/api"),
        };
        base.set_path(&path);
        Ok(Self { base, secret, algorithm })
    }

    /// The address of its API, without a `/` at its end.
    pub fn base(&self) -> &str {
        self.base.as_str()
    }

    /// Its host and port, for messages.
    pub fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Its secret, with which its callbacks are verified.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// With what calls are signed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The address of a call, signed.
    pub(crate) fn signed(&self, call: &str, query: Query) -> String {
        let query = query.0;
        let checksum = self.algorithm.checksum(&[call.as_bytes(), query.as_bytes()], &self.secret);
        let joint = if query.is_empty() { "" } else { "&" };
        format!("{}/{call}?{query}{joint}checksum={checksum}", self.base)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, secret, algorithm } = self;
        let base = base.as_str();
        f.debug_struct("Server")
            .field("base", &base)
            .field("secret", secret)
            .field("algorithm", algorithm)
            .finish()
    }
}

/// The parameters of a call, encoded once: what is signed is what is sent. A text and not its serializer, so that calls can be
/// made from any thread.
pub(crate) struct Query(String);

impl Query {
    /// No parameters yet.
    pub(crate) fn new() -> Self {
        Self(String::new())
    }

    /// Adds one.
    pub(crate) fn add(self, name: &str, value: &str) -> Self {
        Self(Serializer::new(self.0).append_pair(name, value).finish())
    }

    /// Adds one unless it is empty, which means that the server decides.
    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.add(name, value) }
    }

    /// Adds one where there is a value; without, the server decides.
    pub(crate) fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.add(name, &value.to_string()),
            None => self,
        }
    }

    /// Adds a list, separated by commas, unless it is empty.
    pub(crate) fn list<'a>(self, name: &str, values: impl Iterator<Item = &'a str>) -> Self {
        self.text(name, &values.collect::<Vec<_>>().join(","))
    }

    /// Adds each under `prefix` and its own name.
    pub(crate) fn each<'a>(
        self,
        prefix: &str,
        values: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Self {
        values.into_iter().fold(self, |query, (name, value)| query.add(&format!("{prefix}{name}"), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: &str) -> Result<Server, NotAServer> {
        Server::new(address, Secret::new("secret"), Algorithm::Sha1)
    }

    #[test]
    fn the_address_may_stop_at_the_host_or_go_on_to_the_api() {
        for address in [
            "https://bbb.example.org",
            " https://bbb.example.org/bigbluebutton/ ",
            "https://bbb.example.org/bigbluebutton/api/",
        ] {
            assert_eq!(server(address).unwrap().base(), "https://bbb.example.org/bigbluebutton/api");
        }
        let tenant = server("https://b3lb.example.org/b3lb/t/lpc/bbb/api").unwrap();
        assert_eq!(tenant.base(), "https://b3lb.example.org/b3lb/t/lpc/bbb/api");
        assert_eq!(server("http://127.0.0.1:8133").unwrap().host(), "127.0.0.1:8133");
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_remedy() {
        for address in
            ["bbb", "ftp://bbb.example.org", "https://a:b@bbb.example.org", "https://bbb.example.org/?x"]
        {
            let refusal = server(address).unwrap_err().to_string();
            assert!(refusal.contains(". "), "{refusal}");
        }
        let none = Server::new("https://bbb.example.org", Secret::new(""), Algorithm::Sha256);
        assert_eq!(none, Err(NotAServer::Secret));
    }

    #[test]
    fn what_is_signed_is_what_is_sent() {
        let server = server("https://bbb.example.org").unwrap();
        let url = server.signed("create", Query::new().add("name", "Ä & b+c*").maybe("duration", Some(5)));
        let (query, checksum) = url.split_once('?').unwrap().1.rsplit_once("&checksum=").unwrap();
        assert_eq!(query, "name=%C3%84+%26+b%2Bc*&duration=5");
        let secret = Secret::new("secret");
        assert!(crate::checksum::verify(&[b"create", query.as_bytes()], &secret, checksum));
        assert!(server.signed("getMeetings", Query::new()).contains("/getMeetings?checksum="));
    }

    #[test]
    fn the_secret_does_not_show() {
        let text = format!("{:?}", server("https://bbb.example.org").unwrap());
        assert!(!text.contains("\"secret\"") && text.contains("***"), "{text}");
    }
}
