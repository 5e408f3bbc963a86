//! The fetcher against a server of this machine, one thread for each connection.

use super::*;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{Mutex, PoisonError},
};

/// A server that answers a path with whole HTTP text and keeps what it was asked.
struct Server {
    base: String,
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(vec![]));
        let asked = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut request, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                        break;
                    }
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    request.push_str(&line);
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                request.push_str(&String::from_utf8_lossy(&body));
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                asked.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                let text = answer(&path);
                if text == "wait" {
                    std::thread::sleep(Duration::from_secs(5));
                }
                let _ = stream.write_all(text.as_bytes());
            }
        });
        Self { base: format!("http://127.0.0.1:{port}"), port, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn moved(status: u16, to: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

fn lab() -> Options {
    Options { allow_private: true, body_bytes: 1_000, ..Options::new("https://conf.example.org/") }
}

fn fetcher(options: Options) -> Fetcher {
    Fetcher::new(options).unwrap()
}

/// Every name resolves to these, one after the other, and to the last for ever.
fn resolving(options: Options, answers: &[&[&str]]) -> Fetcher {
    let answers: Vec<Vec<IpAddr>> =
        answers.iter().map(|one| one.iter().map(|text| text.parse().unwrap()).collect()).collect();
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let lookup: Lookup = Arc::new(move |_| {
        let turn = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed).min(answers.len() - 1);
        let found = answers[turn].clone();
        Box::pin(async move { Ok(found) })
    });
    Fetcher::with_lookup(options, lookup).unwrap()
}

#[tokio::test]
async fn an_answer_comes_with_its_status_and_headers_and_tells_who_asked() {
    let server = Server::start(|_| ok("BEGIN:VCALENDAR"));
    let answer = fetcher(lab()).get(&format!("{}/a.ics", server.base)).await.unwrap().success().unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"BEGIN:VCALENDAR"[..]));
    assert_eq!(answer.header("content-length"), Some("15"));
    let agent = format!("user-agent: Plenary/{} (+https://conf.example.org)", env!("CARGO_PKG_VERSION"));
    assert!(server.seen()[0].contains(&agent), "{}", server.seen()[0]);
}

#[tokio::test]
async fn the_servers_own_network_is_not_called_by_address() {
    let server = Server::start(|_| ok("secret"));
    let open = fetcher(Options { allow_http: true, ..Options::new("https://conf.example.org") });
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "127.1"] {
        let error = open.get(&format!("http://{host}:{}/", server.port)).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { .. }), "{host}: {error:?}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_name_is_judged_by_the_address_that_is_connected_to() {
    let server = Server::start(|_| ok("secret"));
    let options = Options { allow_http: true, ..Options::new("https://conf.example.org") };
    // Public at the first look, private at the next: what a name was before counts for nothing.
    let rebinding = resolving(
        Options { connect_within: Duration::from_millis(200), ..options.clone() },
        &[&["192.0.2.1"], &["127.0.0.1"]],
    );
    for _ in 0..2 {
        let url = format!("http://rebind.example.org:{}/", server.port);
        let error = rebinding.get(&url).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { .. }), "{error:?}");
    }
    let nowhere = resolving(options, &[&[]]).get("http://nowhere.example.org/").await.unwrap_err();
    assert_eq!(nowhere, Error::Unresolved { host: "nowhere.example.org".to_owned() });
    assert!(server.seen().is_empty());
    // With the operator's leave the same name is called.
    let answer =
        resolving(lab(), &[&["127.0.0.1"]]).get(&format!("http://lab.example.org:{}/", server.port)).await;
    assert_eq!(&answer.unwrap().body[..], b"secret");
}

#[tokio::test]
async fn only_https_without_a_password_is_called() {
    let strict = fetcher(Options::new("https://conf.example.org"));
    for url in ["http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/"] {
        assert!(matches!(strict.get(url).await, Err(Error::Scheme { .. })), "{url}");
    }
    assert_eq!(strict.get("https://me:secret@example.org/").await.unwrap_err(), Error::Credentials);
    for nonsense in ["", "example.org", "https://", "https:///"] {
        let error = strict.get(nonsense).await.unwrap_err();
        assert!(matches!(error, Error::NotAnAddress(_)), "{nonsense}: {error:?}");
    }
}

#[tokio::test]
async fn redirects_are_followed_so_far_and_each_is_judged() {
    let server = Server::start(|path| match path {
        "/a" => moved(302, "/b"),
        "/b" => moved(308, "/c"),
        "/c" => ok("here"),
        "/file" => moved(301, "file:///etc/passwd"),
        "/secret" => moved(301, "http://a:b@example.org/"),
        _ => moved(307, path),
    });
    let lab = fetcher(lab());
    let answer = lab.get(&format!("{}/a", server.base)).await.unwrap();
    assert_eq!((&answer.body[..], answer.url.path()), (&b"here"[..], "/c"));
    let error = lab.get(&format!("{}/round", server.base)).await.unwrap_err();
    assert_eq!(error, Error::Redirects { host: "127.0.0.1".to_owned(), limit: 5 });
    assert!(matches!(lab.get(&format!("{}/file", server.base)).await, Err(Error::Scheme { .. })));
    assert_eq!(lab.get(&format!("{}/secret", server.base)).await.unwrap_err(), Error::Credentials);
    let kept = lab.send(Request::get(&format!("{}/a", server.base)).follow_nothing()).await.unwrap();
    assert_eq!(kept.status, 302);
}

#[tokio::test]
async fn a_redirect_into_the_own_network_is_refused() {
    let server = Server::start(|path| match path {
        "/" => moved(302, "http://169.254.169.254/latest/meta-data/"),
        _ => ok("no"),
    });
    // The first hop is allowed by a name's address, as a public one would be; the second is judged by the rules.
    let lookup: Lookup = Arc::new(|_| Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) }));
    let mut guarded = Fetcher::with_lookup(lab(), lookup).unwrap();
    guarded.options = Arc::new(Options { allow_private: false, allow_http: true, ..lab() });
    let error = guarded.get(&format!("http://public.example.org:{}/", server.port)).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { ref host, .. } if host == "169.254.169.254"), "{error:?}");
}

#[tokio::test]
async fn a_posted_body_survives_307_and_secrets_do_not_follow_to_another_origin() {
    let other = Server::start(|_| ok("taken"));
    let there = format!("{}/there", other.base);
    let server = Server::start(move |path| match path {
        "/keep" => moved(307, &there),
        _ => moved(303, &there),
    });
    let lab = fetcher(lab());
    for path in ["keep", "drop"] {
        let request = Request::post(&format!("{}/{path}", server.base), "text/plain", "hello")
            .header("authorization", "Bearer secret");
        lab.send(request).await.unwrap().success().unwrap();
    }
    let seen = other.seen();
    assert!(seen[0].starts_with("POST /there") && seen[0].ends_with("hello"), "{}", seen[0]);
    assert!(seen[1].starts_with("GET /there") && !seen[1].contains("hello"), "{}", seen[1]);
    assert!(seen.iter().all(|request| !request.contains("secret")));
    assert!(server.seen().iter().all(|request| request.contains("Bearer secret")));
}

#[tokio::test]
async fn a_large_answer_is_refused_or_cut_and_a_slow_one_given_up() {
    let server = Server::start(|path| match path {
        "/slow" => "wait".to_owned(),
        "/broken" => "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf".to_owned(),
        "/full" => ok(&"x".repeat(1_000)),
        _ => ok(&"x".repeat(1_001)),
    });
    let lab = fetcher(lab());
    let at = |path: &str| format!("{}/{path}", server.base);
    assert_eq!(lab.get(&at("full")).await.unwrap().body.len(), 1_000);
    assert!(matches!(lab.get(&at("large")).await, Err(Error::TooLarge { limit: 1_000, .. })));
    let cut = lab.send(Request::get(&at("large")).cut_long_answer()).await.unwrap();
    assert_eq!((cut.body.len(), cut.cut), (1_000, true));
    let broken = lab.get(&at("broken")).await.unwrap_err();
    assert!(matches!(broken, Error::Broken { .. }) && broken.may_pass(), "{broken:?}");
    let slow = lab.send(Request::get(&at("slow")).within(Duration::from_millis(200))).await.unwrap_err();
    assert!(matches!(slow, Error::Timeout { .. }) && slow.may_pass(), "{slow:?}");
}

#[tokio::test]
async fn an_error_names_the_host_and_never_the_rest_of_the_address() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = fetcher(lab()).get(&format!("http://127.0.0.1:{port}/hook?key=secret")).await.unwrap_err();
    assert!(matches!(error, Error::NoConnection { .. }), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1") && !error.to_string().contains("secret"), "{error}");
    let bad = Request::get("https://example.org/").header("x", "a\r\nb: c");
    assert!(matches!(fetcher(lab()).send(bad).await, Err(Error::Request(_))));
}
