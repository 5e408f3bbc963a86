//! Who takes how much room, by which way they come, and what a proxy may say about them.

use crate::world::{World, options};
use axum::http::StatusCode;
use model::{email::Email, time::SystemClock};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{fs, net::SocketAddr, path::Path, process::Command, sync::Arc, time::Duration};
use store::{LINK_LIFE, Purpose};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use web::{Site, SiteOptions, listen::Tls, proxy::TrustedProxies};

const HELLO: &str = "GET /garden-2027/ HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn world(options: SiteOptions) -> World {
    World::with(&["garden-2027"], options, Arc::new(SystemClock)).await
}

/// Opens a connection and asks for a page on it, which stays open.
async fn ask(address: SocketAddr) -> (TcpStream, usize) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(HELLO.as_bytes()).await;
    let mut bytes = [0; 64];
    let count =
        tokio::time::timeout(Duration::from_secs(5), stream.read(&mut bytes)).await.unwrap().unwrap_or(0);
    (stream, count)
}

#[tokio::test]
async fn one_client_holds_its_share_of_connections_and_no_more() {
    let world = world(SiteOptions { connections_per_client: 2, ..options() }).await;
    let (first, answered) = ask(world.address).await;
    assert!(answered > 0);
    let (_second, answered) = ask(world.address).await;
    assert!(answered > 0);
    assert_eq!(ask(world.address).await.1, 0, "the third is closed without an answer");
    drop(first);
    for _ in 0..100 {
        if ask(world.address).await.1 > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a place that was given back stays taken");
}

#[tokio::test]
async fn a_trusted_proxy_may_hold_them_all() {
    let trusted_proxies = TrustedProxies::parse(&["127.0.0.1".to_owned()]).unwrap();
    let world = world(SiteOptions { connections_per_client: 1, trusted_proxies, ..options() }).await;
    let mut held = vec![];
    for _ in 0..4 {
        let (stream, answered) = ask(world.address).await;
        assert!(answered > 0);
        held.push(stream);
    }
}

#[tokio::test]
async fn when_all_places_are_taken_others_wait_for_one() {
    let world = world(SiteOptions { connections: 1, ..options() }).await;
    let (first, answered) = ask(world.address).await;
    assert!(answered > 0);
    let waiting = tokio::spawn(ask(world.address));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    drop(first);
    assert!(waiting.await.unwrap().1 > 0);
}

#[tokio::test]
async fn one_client_holds_its_share_of_streams_and_others_get_theirs() {
    let trusted_proxies = TrustedProxies::parse(&["127.0.0.1".to_owned()]).unwrap();
    let world = world(SiteOptions { streams_per_client: 1, trusted_proxies, ..options() }).await;
    let open = async |client: &str| {
        world.open("GET", "/garden-2027/events", &[("x-forwarded-for", client)], "").await
    };
    let first = open("192.0.2.1").await;
    assert_eq!(first.status(), StatusCode::OK);
    let refused = open("192.0.2.1").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(open("192.0.2.2").await.status(), StatusCode::OK);
    drop(first);
    for _ in 0..100 {
        if open("192.0.2.1").await.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a stream that ended keeps its place");
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_https_only_where_they_came_by_it() {
    let plain = world(SiteOptions { base_url: None, ..options() }).await;
    assert_eq!(plain.get("/garden-2027/").await.header("strict-transport-security"), "");
    let forged = [("x-forwarded-proto", "https")];
    assert_eq!(plain.get_with("/healthz", &forged).await.header("strict-transport-security"), "");

    let trusted_proxies = TrustedProxies::parse(&["127.0.0.1".to_owned()]).unwrap();
    let proxied = world(SiteOptions { base_url: None, trusted_proxies, ..options() }).await;
    for path in ["/healthz", "/garden-2027/", "/garden-2027/"] {
        // Also a page that is in memory.
        let answer = proxied.get_with(path, &forged).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
    assert_eq!(proxied.get("/garden-2027/").await.header("strict-transport-security"), "");

    let public = world(options()).await;
    for _ in 0..2 {
        // Drawn, then from memory.
        let answer = public.get("/garden-2027/").await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    }
}

#[tokio::test]
async fn a_proxy_that_is_believed_makes_cookies_those_of_https_and_nobody_else_does() {
    let trusted_proxies = TrustedProxies::parse(&["127.0.0.1".to_owned()]).unwrap();
    let proxied = world(SiteOptions { base_url: None, trusted_proxies, ..options() }).await;
    let plain = world(SiteOptions { base_url: None, ..options() }).await;
    let https = ("x-forwarded-proto", "https");
    for (world, headers, secure) in
        [(&proxied, vec![https], true), (&proxied, vec![], false), (&plain, vec![https], false)]
    {
        let email = Email::parse("ada@example.org").unwrap();
        let token =
            world.store.make_link(Purpose::SignIn, Some(&email), None, "/account/", LINK_LIFE).await.unwrap();
        let form = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        let sent: Vec<_> = headers.iter().copied().chain(form).collect();
        let answer = world.send("POST", &format!("/sign-in/link/{token}/"), &sent, "a=b").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let mut cookies = answer.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap());
        let cookie = cookies.rfind(|one| one.contains("plenary=")).unwrap().to_owned();
        assert_eq!(
            (cookie.starts_with("__Host-plenary="), cookie.contains("Secure")),
            (secure, secure),
            "{cookie}"
        );
        let kept = cookie.split(';').next().unwrap();
        let bare = kept.trim_start_matches("__Host-");
        let prefixed = format!("__Host-{bare}");
        for (cookie, signed_in) in [(kept, true), (bare, !secure), (prefixed.as_str(), secure)] {
            let sent: Vec<_> = headers.iter().copied().chain([("cookie", cookie)]).collect();
            let page = world.get_with("/account/security/", &sent).await;
            assert_eq!(page.status == StatusCode::OK, signed_in, "{cookie} {headers:?}");
        }
    }
}

/// A certificate of its own authority for localhost.
fn certify(folder: &Path, name: &str) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "30",
        ])
        .args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(folder.join(format!("{name}.key")))
        .arg("-out")
        .arg(folder.join(format!("{name}.pem")))
        .output()
        .expect("openssl is installed (./test tools)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

async fn connect(address: SocketAddr, trusted: &Path, alpn: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// A server by HTTPS on the record of `world`, with the files `now.pem` and `now.key`.
async fn https(world: &World, folder: &Path) -> (SocketAddr, Tls) {
    let tls = Tls::open(&folder.join("now.pem"), &folder.join("now.key")).unwrap();
    let options = SiteOptions { base_url: None, ..options() };
    let site = Site::new(world.store.clone(), Arc::new(SystemClock), options).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(web::serve_tls(listener, tls.clone(), site, std::future::pending()));
    (address, tls)
}

fn install(folder: &Path, name: &str, ends: &[&str]) {
    for end in ends {
        fs::copy(folder.join(format!("{name}.{end}")), folder.join(format!("now.{end}"))).unwrap();
    }
}

#[tokio::test]
async fn https_is_spoken_with_the_certificate_in_the_files_and_a_renewed_one_is_taken_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certify(folder, "old");
    certify(folder, "new");
    install(folder, "old", &["pem", "key"]);
    let world = World::new().await;
    let (address, tls) = https(&world, folder).await;

    let mut stream = connect(address, &folder.join("old.pem"), b"http/1.1").await.unwrap();
    let request = HELLO.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
    let stream = connect(address, &folder.join("old.pem"), b"h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));

    assert!(!tls.look(), "nothing has changed");
    tokio::time::sleep(Duration::from_millis(20)).await;
    install(folder, "new", &["pem"]);
    assert!(!tls.look(), "the certificate is new and the key is old");
    assert!(connect(address, &folder.join("old.pem"), b"h2").await.is_ok(), "the one before stays in use");
    install(folder, "new", &["key"]);
    assert!(tls.look());
    assert!(connect(address, &folder.join("new.pem"), b"h2").await.is_ok());
    assert!(connect(address, &folder.join("old.pem"), b"h2").await.is_err());
}

#[tokio::test]
async fn files_that_do_not_belong_together_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certify(folder, "one");
    certify(folder, "two");
    let open =
        |chain: &str, key: &str| Tls::open(&folder.join(chain), &folder.join(key)).unwrap_err().to_string();
    assert!(open("one.pem", "two.key").contains("belong together"));
    assert!(open("one.key", "one.key").contains("no certificate"));
    assert!(open("one.pem", "none.key").contains("none.key"));
}
