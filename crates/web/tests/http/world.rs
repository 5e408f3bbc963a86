//! The world of these tests: a small invented conference in a SQLite file, a real server, a client.

use axum::{
    body::Bytes,
    http::{HeaderMap, Request, Response, StatusCode, header},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use interchange::{Imported, Input, Options};
use model::{
    account::Proof,
    email::Email,
    feed::Actor,
    id::AccountId,
    permission::{Role, Scope, Subject},
    time::{SharedClock, StoppedClock, SystemClock},
};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc};
use store::{ImportOptions, Location, NewAccount, NewGrant, Store};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot};
use web::{Site, SiteOptions};

/// The address that the site is told it has.
pub(crate) const BASE: &str = "https://conf.example.org";

/// What these tests want of a site: nothing happens but what is asked for.
pub(crate) fn options() -> SiteOptions {
    SiteOptions { base_url: Some(BASE.to_owned()), ahead_after: None, ..SiteOptions::default() }
}

/// How many talks a conference of these tests has.
pub(crate) const TALKS: usize = 12;

/// A conference of two days in Berlin, in two rooms and two tracks; the first talk begins an hour later where it
/// has `moved`.
pub(crate) fn conference(slug: &str, moved: bool) -> Imported {
    let day = |date: &str, talks: std::ops::Range<usize>| {
        let mut rooms = serde_json::Map::new();
        for at in talks {
            let room = ["Great Hall", "Attic"][at % 2];
            let hour = 9 + at % 6 + usize::from(moved && at == 0) * 6;
            let talk = json!({
                "id": at + 1, "guid": format!("00000000-0000-4000-8000-{at:012}"), "code": format!("TALK{at:02}"),
                "date": format!("{date}T{hour:02}:00:00+02:00"), "start": format!("{hour:02}:00"), "duration": "00:45", "room": room,
                "slug": format!("{slug}-{at}-talk"), "url": format!("https://old.example.org/{slug}/talk/TALK{at:02}/"),
                "title": format!("Talk number {at} about gardening"), "subtitle": "", "language": "en", "type": "Talk",
                "track": (["Soil", "Water"][at % 2]), "abstract": "How plants grow. ".repeat(20), "description": "Long and **bold**. ".repeat(60),
                "links": [], "attachments": [], "recording_license": "", "do_not_record": false,
                "persons": [{ "id": at + 1, "code": format!("PERS{at:02}"), "public_name": format!("Person {at}"), "biography": "Grows things." }],
            });
            rooms.entry(room).or_insert_with(|| json!([])).as_array_mut().unwrap().push(talk);
        }
        json!({ "index": 1, "date": date, "day_start": format!("{date}T04:00:00+02:00"), "day_end": format!("{date}T23:59:00+02:00"), "rooms": rooms })
    };
    let file = json!({ "schedule": { "version": "1", "base_url": "https://old.example.org/", "conference": {
        "acronym": slug, "title": format!("Garden Days {slug}"), "start": "2027-05-01", "end": "2027-05-02", "daysCount": 2,
        "timeslot_duration": "00:05", "time_zone_name": "Europe/Berlin",
        "rooms": [{ "name": "Great Hall", "guid": null }, { "name": "Attic", "guid": null }],
        "tracks": [{ "name": "Soil", "color": "#aa5500" }, { "name": "Water", "color": "#0055aa" }],
        "days": [day("2027-05-01", 0..6), day("2027-05-02", 6..TALKS)],
    }}});
    let options = Options { edition: Some(model::text::Slug::parse(slug).unwrap()), ..Options::default() };
    let bytes = file.to_string().into_bytes();
    interchange::read(&[Input { name: "schedule.json", bytes: &bytes }], &options).unwrap().remove(0)
}

/// A server on a record in a folder that is removed in the end.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) site: Site,
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header's value, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    /// One edition, `garden-2027`, in its first release.
    pub(crate) async fn new() -> Self {
        Self::with(&["garden-2027"], options(), Arc::new(SystemClock)).await
    }

    /// One edition, as it is at that instant.
    pub(crate) async fn at(instant: &str) -> Self {
        let clock = Arc::new(StoppedClock(instant.parse().unwrap()));
        Self::with(&["garden-2027"], options(), clock).await
    }

    /// Those editions, each in its first release.
    pub(crate) async fn with(editions: &[&str], options: SiteOptions, clock: SharedClock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SiteOptions { uploads: Some(folder.path().join("uploads")), ..options };
        let store = Store::open(&Location::from_data_dir(folder.path()), clock.clone()).await.unwrap();
        for slug in editions {
            import(&store, &conference(slug, false)).await;
        }
        store::search::catch_up(&store).await.unwrap();
        let site = Site::new(store.clone(), clock, options).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(web::serve(listener, site.clone(), async {
            let _ = stopped.await;
        }));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { store, site, address, folder, client, stop: Some(stop), server: Some(server) }
    }

    /// Another way into the same record, as another process has it.
    pub(crate) async fn other_process(&self) -> Store {
        Store::open(&Location::from_data_dir(self.folder.path()), Arc::new(SystemClock)).await.unwrap()
    }

    /// Tells the server to stop and waits until it has.
    pub(crate) async fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.server.take().unwrap().await.unwrap().unwrap();
    }

    /// Sends a request and gives the answer whose body is still coming.
    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<hyper::body::Incoming> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.client.request(request.body(Full::from(body.to_owned())).unwrap()).await.unwrap()
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let (parts, body) = self.open(method, path, headers, body).await.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    /// The same with a body that is no text.
    pub(crate) async fn send_bytes(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body)).unwrap();
        let (parts, body) = self.client.request(request).await.unwrap().into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "").await
    }

    /// The address to which `path` moves.
    pub(crate) async fn moves_to(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert!(answer.status.is_redirection(), "{path}: {}", answer.status);
        answer.header(header::LOCATION.as_str()).to_owned()
    }

    /// Keeps a list of stars as a page's script does.
    pub(crate) async fn star(&self, body: &Value) -> Answer {
        let headers = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
        self.send("POST", "/garden-2027/stars/", &headers, &body.to_string()).await
    }
}

/// Somebody who is signed in, by the cookie of their browser.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) account: AccountId,
    pub(crate) cookie: String,
}

impl World {
    /// Signs somebody in who has those roles.
    pub(crate) async fn sign_in(&self, address: &str, roles: &[(Role, Scope)]) -> SignedIn {
        let name = model::text::Line::clean(address.split('@').next().unwrap());
        let new = NewAccount { name, ..NewAccount::default() };
        let proof = Proof::Email(Email::parse(address).unwrap());
        let account = self.store.account_for(&Actor::System, &proof, &new).await.unwrap();
        let operator = Subject::operator("test".to_owned(), self.store.clock().now());
        for (role, scope) in roles {
            self.store.give(&operator, &NewGrant::new(account, *role, scope.clone())).await.unwrap();
        }
        let secret = self.store.sign_in(account, &store::Way::Email, "test", "").await.unwrap();
        let signature = self.store.secret().sign("sign-in cookie", &secret);
        SignedIn { account, cookie: format!("__Host-plenary={secret}.{signature}") }
    }

    /// An organiser of the edition `garden-2027`.
    pub(crate) async fn organiser(&self) -> SignedIn {
        let edition = self.edition("garden-2027").await;
        self.sign_in("organiser@example.org", &[(Role::Organiser, Scope::Edition(edition.id))]).await
    }

    pub(crate) async fn edition(&self, slug: &str) -> model::edition::Edition {
        self.store.edition(&model::text::Slug::parse(slug).unwrap()).await.unwrap().unwrap().edition
    }

    pub(crate) async fn get_as(&self, who: &SignedIn, path: &str) -> Answer {
        self.get_with(path, &[("cookie", &who.cookie), ("accept", "text/html")]).await
    }

    /// Sends a form as the page's own button does.
    pub(crate) async fn post_as(&self, who: &SignedIn, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, &[("cookie", &who.cookie)], fields).await
    }

    /// The same with other headers, such as none of somebody signed in.
    pub(crate) async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let mut all = vec![
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
            ("accept", "text/html"),
        ];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, &body.finish()).await
    }
}

/// Imports and releases.
pub(crate) async fn import(store: &Store, file: &Imported) {
    let options = ImportOptions { release: true, ..ImportOptions::default() };
    let outcome = store.import(&Actor::System, &file.programme, file.carries, &options).await.unwrap();
    assert!(outcome.release.is_some());
}

/// What `html` links to: the values of `href`, `src` and `action`.
pub(crate) fn links(html: &str) -> Vec<String> {
    let mut out = vec![];
    for attribute in ["href=\"", "src=\"", "action=\""] {
        for part in html.split(attribute).skip(1) {
            let value = part.split('"').next().unwrap_or_default();
            out.push(value.replace("&#38;", "&").replace("&amp;", "&").replace("&#x2F;", "/"));
        }
    }
    out
}
