//! Signing in at an OpenID Connect provider.

use crate::{
    repository,
    slapd::{free_port, skipped},
};
use identity::{
    Health, Secret, Trouble,
    oidc::{Begun, Provider, Returned},
    settings::OidcSettings,
};
use model::account::Proof;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};
use url::Url;

/// Nobody listens there: the tests read the address that the browser is sent back to, and do not go.
const BACK: &str = "http://127.0.0.1:9/sign-in/oidc/test/return/";

struct Running {
    issuer: String,
    process: Child,
    /// Open as long as it runs: it ends when it writes to a closed one.
    _output: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Running {
    fn start(port: u16) -> Option<Self> {
        if !repository().join("node_modules/oidc-provider").is_dir() {
            skipped("the npm package oidc-provider is missing: run ./test tools");
            return None;
        }
        let started = Command::new("node")
            .arg(repository().join("crates/identity/tests/provider.mjs"))
            .args([&port.to_string(), BACK])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut process) = started else {
            skipped("Node.js is missing");
            return None;
        };
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut issuer = String::new();
        output.read_line(&mut issuer).unwrap();
        assert!(issuer.starts_with("http"), "it says where it listens");
        Some(Self { issuer: issuer.trim().to_owned(), process, _output: output })
    }

    async fn sign_in_as(&self, account: &str) {
        let client = reqwest::Client::new();
        client.put(format!("{}/as/{account}", self.issuer)).send().await.unwrap().error_for_status().unwrap();
    }

    fn settings(&self) -> OidcSettings {
        OidcSettings {
            name: "test".to_owned(),
            title: "Test provider".to_owned(),
            issuer: self.issuer.clone(),
            client_id: "plenary".to_owned(),
            client_secret: Secret::new("hush hush"),
            scopes: vec!["email".to_owned(), "profile".to_owned()],
        }
    }

    fn provider(&self) -> Provider {
        Provider::new(self.settings()).unwrap()
    }
}

/// Goes where a browser would, with its cookies, until it is sent back to us; gives what it would bring.
async fn browse(begun: &Begun) -> Returned {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut cookies: BTreeMap<String, String> = BTreeMap::new();
    let mut url = begun.url.clone();
    for _ in 0..10 {
        if url.as_str().starts_with(BACK) {
            let mut pairs: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
            return Returned {
                code: pairs.remove("code").map(Secret::new),
                state: pairs.remove("state"),
                error: pairs.remove("error"),
                iss: pairs.remove("iss"),
            };
        }
        let held: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = client.get(url.clone()).header("cookie", held.join("; ")).send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let next = answer.headers().get("location").expect("the provider sends the browser on");
        url = url.join(next.to_str().unwrap()).unwrap();
    }
    panic!("the provider sends the browser in circles");
}

#[tokio::test]
async fn a_person_is_known_by_issuer_and_subject_and_an_address_counts_only_where_it_is_verified() {
    let Some(running) = Running::start(0) else { return };
    let provider = running.provider();
    assert_eq!(provider.health(), Health::Unknown);
    let begun = provider.begin(BACK).await.unwrap();
    let asked: BTreeMap<_, _> = begun.url.query_pairs().into_owned().collect();
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["scope"], "openid email profile");
    assert!(!begun.url.as_str().contains("hush"), "no secret in an address");

    let proven = provider.finish(&begun.state, &browse(&begun).await).await.unwrap();
    let proof = Proof::Oidc { issuer: running.issuer.clone(), subject: "ada".to_owned() };
    assert_eq!(proven.proof, proof);
    assert_eq!(proven.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(proven.email.as_ref().map(model::email::Email::as_str), Some("ada@example.org"));
    assert_eq!(provider.health(), Health::Up);

    running.sign_in_as("mallory").await;
    let begun = provider.begin(BACK).await.unwrap();
    let proven = provider.finish(&begun.state, &browse(&begun).await).await.unwrap();
    assert_ne!(proven.proof, proof);
    assert_eq!(proven.email, None, "the provider has not checked that address");

    running.sign_in_as("nameless").await;
    let begun = provider.begin(BACK).await.unwrap();
    let proven = provider.finish(&begun.state, &browse(&begun).await).await.unwrap();
    assert_eq!((proven.name, proven.email), (None, None));
}

#[tokio::test]
async fn an_answer_that_was_used_forged_or_meant_for_another_browser_is_refused() {
    let Some(running) = Running::start(0) else { return };
    let provider = running.provider();
    let refused = async |state: &str, returned: &Returned| {
        let outcome = provider.finish(state, returned).await;
        assert!(matches!(outcome, Err(Trouble::Refused(_))), "{outcome:?}");
    };
    let begun = provider.begin(BACK).await.unwrap();
    let returned = browse(&begun).await;

    // Another browser's sign-in.
    let other = provider.begin(BACK).await.unwrap();
    refused(&other.state, &returned).await;
    refused(&begun.state, &Returned { state: None, ..returned.clone() }).await;
    // Another provider's answer (a mix-up).
    refused(&begun.state, &Returned { iss: Some("https://evil.example".to_owned()), ..returned.clone() })
        .await;
    refused(&begun.state.replace("\"test\"", "\"other\""), &returned).await;
    // A stolen code, put into the thief's own sign-in: the proof of possession is another.
    let stolen = Returned { code: returned.code.clone(), ..browse(&other).await };
    refused(&other.state, &stolen).await;

    let begun = provider.begin(BACK).await.unwrap();
    let returned = browse(&begun).await;
    // An id token that was made for another sign-in.
    let mut state: BTreeMap<String, String> = serde_json::from_str(&begun.state).unwrap();
    state.insert("nonce".to_owned(), "another".to_owned());
    refused(&serde_json::to_string(&state).unwrap(), &returned).await;
    // The code was used by now.
    refused(&begun.state, &returned).await;

    running.sign_in_as("nobody").await;
    let begun = provider.begin(BACK).await.unwrap();
    let returned = browse(&begun).await;
    let Err(Trouble::Refused(why)) = provider.finish(&begun.state, &returned).await else { panic!() };
    assert!(why.contains("access_denied"), "{why}");
}

#[tokio::test]
async fn a_provider_that_is_down_is_seen_to_be_and_recovers_even_with_new_keys() {
    let port = free_port();
    let Some(running) = Running::start(port) else { return };
    let provider = running.provider();
    let begun = provider.begin(BACK).await.unwrap();
    let returned = browse(&begun).await;
    let settings = running.settings();
    drop(running);

    // What was read of it is still known, so that people are sent there; what needs it fails and is seen.
    provider.begin(BACK).await.unwrap();
    let outcome = provider.finish(&begun.state, &returned).await;
    assert!(matches!(outcome, Err(Trouble::Down(_))), "{outcome:?}");
    assert!(matches!(provider.health(), Health::Down { .. }));
    let cold = Provider::new(settings).unwrap();
    assert!(cold.reach().await.is_err());
    let outcome = cold.begin(BACK).await;
    assert!(matches!(outcome, Err(Trouble::Down(ref why)) if why.contains("reached")), "{outcome:?}");

    let running = Running::start(port).unwrap();
    // Keys are asked for anew only when those that are known are ten seconds old.
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    let begun = provider.begin(BACK).await.unwrap();
    let proven = provider.finish(&begun.state, &browse(&begun).await).await.unwrap();
    assert_eq!(proven.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(provider.health(), Health::Up);
    let begun = cold.begin(BACK).await.unwrap();
    cold.finish(&begun.state, &browse(&begun).await).await.unwrap();
    cold.reach().await.unwrap();
    drop(running);
}

#[tokio::test]
async fn settings_that_the_provider_does_not_accept_are_named() {
    let Some(running) = Running::start(0) else { return };
    let wrong = OidcSettings { client_secret: Secret::new("wrong"), ..running.settings() };
    let provider = Provider::new(wrong).unwrap();
    let begun = provider.begin(BACK).await.unwrap();
    let outcome = provider.finish(&begun.state, &browse(&begun).await).await;
    assert!(matches!(outcome, Err(Trouble::Down(ref why)) if why.contains("client_secret")), "{outcome:?}");

    let issuer = Url::parse(&running.issuer).unwrap();
    let wrong = format!("http://localhost:{}", issuer.port().unwrap());
    let provider = Provider::new(OidcSettings { issuer: wrong.clone(), ..running.settings() }).unwrap();
    let outcome = provider.begin(BACK).await;
    let Err(Trouble::Down(why)) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains(&wrong) && why.contains(&running.issuer), "{why}");
}
