//! The client: what may be asked of it, and how it follows and reads.

use crate::{
    Error, address,
    names::{self, Guard, Lookup, Unresolved},
};
use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Method, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION},
    redirect::Policy,
};
use std::{error::Error as _, net::IpAddr, sync::Arc, time::Duration};

/// The limits of a [`Fetcher`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The site's own address: those who are called find in it whom to ask.
    pub base_url: String,
    /// Whether private addresses may be called, and without TLS: for laboratories and tests, decided by the operator.
    pub allow_private: bool,
    /// Whether `http:` addresses of the public Internet may be called too.
    pub allow_http: bool,
    /// How long connecting may take.
    pub connect_within: Duration,
    /// How long everything may take: names, redirects, the whole answer.
    pub answer_within: Duration,
    /// The most bytes of an answer, after decompression.
    pub body_bytes: usize,
    /// The most redirects that are followed.
    pub redirects: usize,
}

impl Options {
    /// The usual limits: HTTPS to the public Internet, 5 s to connect, 20 s in all, 8 MB, 5 redirects.
    pub fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            allow_private: false,
            allow_http: false,
            connect_within: Duration::from_secs(5),
            answer_within: Duration::from_secs(20),
            body_bytes: 8 * 1_024 * 1_024,
            redirects: 5,
        }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    cut: bool,
    redirects: Option<usize>,
    within: Option<Duration>,
}

impl Request {
    /// A request with that method.
    pub fn new(method: Method, url: &str) -> Self {
        Self {
            method,
            url: url.to_owned(),
            headers: vec![],
            body: Bytes::new(),
            cut: false,
            redirects: None,
            within: None,
        }
    }

    /// A GET.
    pub fn get(url: &str) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST of that body.
    pub fn post(url: &str, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, url).body(content_type, body)
    }

    /// Sends that body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    /// Sends that header too. `Authorization` and `Cookie` do not follow a redirect to another origin.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Reads an answer that is too large up to the limit instead of refusing it.
    #[must_use]
    pub fn cut_long_answer(mut self) -> Self {
        self.cut = true;
        self
    }

    /// Takes a redirect for the answer instead of following it.
    #[must_use]
    pub fn follow_nothing(mut self) -> Self {
        self.redirects = Some(0);
        self
    }

    /// Has another time for everything than the fetcher's requests have.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Where it came from, after redirects.
    pub url: Url,
    /// Its body, decompressed.
    pub body: Bytes,
    /// Whether the body was longer and was cut.
    pub cut: bool,
}

impl Answer {
    /// The answer, if its status means success (200 to 299).
    pub fn success(self) -> Result<Self, Error> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(Error::Status { host: host(&self.url), status: self.status })
    }

    /// The value of that header, where it is there once or more and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The beginning of the body as one line of at most `most` characters, for people to read.
    pub fn excerpt(&self, most: usize) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let mut line = String::new();
        for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty())
        {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            if line.len() > most * 4 {
                break;
            }
        }
        line.chars().take(most).collect()
    }
}

/// Calls addresses that people typed, within limits. Cloning it costs nothing, and connections are shared.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
    options: Arc<Options>,
}

impl Fetcher {
    /// A fetcher with those limits.
    pub fn new(options: Options) -> Result<Self, Error> {
        Self::with_lookup(options, names::system())
    }

    pub(crate) fn with_lookup(options: Options, lookup: Lookup) -> Result<Self, Error> {
        let agent = format!("Plenary/{} (+{})", env!("CARGO_PKG_VERSION"), options.base_url);
        let client = Client::builder()
            .user_agent(HeaderValue::from_str(&agent).map_err(|error| Error::Setup(error.to_string()))?)
            .connect_timeout(options.connect_within)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(2)
            // A proxy would resolve names by itself, and reach what it likes.
            .no_proxy()
            .redirect(Policy::none())
            .dns_resolver(Guard { lookup, allow_private: options.allow_private })
            .build()
            .map_err(|error| Error::Setup(innermost(&error)))?;
        Ok(Self { client, options: Arc::new(options) })
    }

    /// Whether the operator allows private addresses.
    pub fn allows_private(&self) -> bool {
        self.options.allow_private
    }

    /// Reads an address as typed, and says what is wrong with it without calling it. A host that is a name is judged
    /// only when it is called.
    pub fn check(&self, url: &str) -> Result<Url, Error> {
        let url = Url::parse(url.trim()).map_err(|error| Error::NotAnAddress(error.to_string()))?;
        self.judge(&url)?;
        Ok(url)
    }

    /// Gets what stands at an address.
    pub async fn get(&self, url: &str) -> Result<Answer, Error> {
        self.send(Request::get(url)).await
    }

    /// Sends a request and reads its answer, whatever its status.
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let url = self.check(&request.url)?;
        let first = host(&url);
        let after = request.within.unwrap_or(self.options.answer_within);
        match tokio::time::timeout(after, self.follow(request, url)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Timeout { host: first, after }),
        }
    }

    async fn follow(&self, request: Request, mut url: Url) -> Result<Answer, Error> {
        let Request { mut method, mut body, cut, redirects, headers, .. } = request;
        let mut headers = typed(headers)?;
        let limit = redirects.unwrap_or(self.options.redirects);
        let mut followed = 0;
        loop {
            let asked =
                self.client.request(method.clone(), url.clone()).headers(headers.clone()).body(body.clone());
            let response = asked.send().await.map_err(|error| self.explain(&url, &error))?;
            let Some(next) =
                redirect(response.status(), response.headers(), &url).filter(|_| redirects != Some(0))
            else {
                return self.read(response, url, cut).await;
            };
            if followed == limit {
                return Err(Error::Redirects { host: host(&url), limit });
            }
            followed += 1;
            self.judge(&next)?;
            // RFC 9110, section 15.4: only 307 and 308 keep the method and the body.
            let keeps =
                matches!(response.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
            if !keeps && method != Method::GET && method != Method::HEAD {
                method = Method::GET;
                body = Bytes::new();
                headers.remove(CONTENT_TYPE);
            }
            if next.origin() != url.origin() {
                headers.remove(AUTHORIZATION);
                headers.remove(COOKIE);
            }
            url = next;
        }
    }

    async fn read(&self, mut response: reqwest::Response, url: Url, cut: bool) -> Result<Answer, Error> {
        let limit = self.options.body_bytes;
        let mut body = BytesMut::new();
        let mut was_cut = false;
        while let Some(chunk) = response.chunk().await.map_err(|error| self.explain(&url, &error))? {
            let room = limit - body.len();
            if chunk.len() > room {
                if !cut {
                    return Err(Error::TooLarge { host: host(&url), limit });
                }
                body.extend_from_slice(&chunk[..room]);
                was_cut = true;
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            url,
            body: body.freeze(),
            cut: was_cut,
        })
    }

    /// Whether the address may be called, as far as its text tells. Names are judged when they are resolved.
    fn judge(&self, url: &Url) -> Result<(), Error> {
        let plain = self.options.allow_http || self.options.allow_private;
        if !(url.scheme() == "https" || plain && url.scheme() == "http") {
            return Err(Error::Scheme { scheme: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Credentials);
        }
        let host = host(url);
        if host.is_empty() {
            return Err(Error::NotAnAddress("it names no host".to_owned()));
        }
        let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if let Some(reason) = ip.ok().and_then(address::forbidden).filter(|_| !self.options.allow_private) {
            return Err(Error::Forbidden { host, reason });
        }
        Ok(())
    }

    /// What the client's error means. Its own text holds the whole address and is not used.
    fn explain(&self, url: &Url, error: &reqwest::Error) -> Error {
        let host = host(url);
        let mut source = error.source();
        while let Some(cause) = source {
            match cause.downcast_ref::<Unresolved>() {
                Some(Unresolved::Forbidden(reason)) => return Error::Forbidden { host, reason },
                Some(Unresolved::Unknown) => return Error::Unresolved { host },
                None => source = cause.source(),
            }
        }
        if error.is_timeout() {
            return Error::Timeout { host, after: self.options.connect_within };
        }
        if error.is_builder() {
            return Error::Request(innermost(error));
        }
        if error.is_connect() {
            return Error::NoConnection { host, detail: innermost(error) };
        }
        Error::Broken { host, detail: innermost(error) }
    }
}

/// Where the answer redirects to, if it does.
fn redirect(status: StatusCode, headers: &HeaderMap, url: &Url) -> Option<Url> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    url.join(headers.get(LOCATION)?.to_str().ok()?).ok()
}

fn typed(headers: Vec<(String, String)>) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let key = HeaderName::try_from(&name).map_err(|_| Error::Request(format!("the header {name}")))?;
        let value = HeaderValue::try_from(value)
            .map_err(|_| Error::Request(format!("the value of the header {name}")))?;
        map.insert(key, value);
    }
    Ok(map)
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// The innermost cause, which names no address.
fn innermost(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else { return "the connection failed".to_owned() };
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
