//! Planning dates and hours at the desk.

use crate::world::{Answer, World, options};
use model::{
    account::Proof,
    email::Email,
    feed::Actor,
    id::AccountId,
    permission::{Role, Scope, Subject},
    text::{Line, Slug},
    time::SystemClock,
};
use std::{fmt::Write, sync::Arc};
use store::{LINK_LIFE, NewAccount, NewGrant, Purpose};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use web::SiteOptions;

/// Somebody with a browser, who has that role in the edition of that slug.
pub(crate) struct Browser {
    pub(crate) account: AccountId,
    cookie: String,
}

impl Browser {
    pub(crate) async fn of(world: &World, name: &str, role: Option<(Role, &str)>) -> Self {
        let store = &world.store;
        let email = Email::parse(&format!("{name}@example.org")).unwrap();
        let new = NewAccount { name: Line::clean(name), ..NewAccount::default() };
        let account = store.account_for(&Actor::System, &Proof::Email(email.clone()), &new).await.unwrap();
        if let Some((role, slug)) = role {
            let head = store.edition(&Slug::parse(slug).unwrap()).await.unwrap().unwrap();
            let operator = Subject::operator("test".to_owned(), store.clock().now());
            let grant = NewGrant::new(account, role, Scope::Edition(head.edition.id));
            store.give(&operator, &grant).await.unwrap();
        }
        let token = store.make_link(Purpose::SignIn, Some(&email), None, "/desk/", LINK_LIFE).await.unwrap();
        let secret = store.redeem(&token, "test", "192.0.2.1").await.unwrap().secret.unwrap();
        let signature = store.secret().sign("sign-in cookie", &secret);
        Self { account, cookie: format!("__Host-plenary={secret}.{signature}") }
    }

    pub(crate) async fn get(&self, world: &World, path: &str) -> Answer {
        world.get_with(path, &[("cookie", &self.cookie)]).await
    }

    pub(crate) async fn post(&self, world: &World, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded(fields);
        if body.is_empty() {
            body.push('&');
        }
        self.send(world, path, "application/x-www-form-urlencoded", &body).await
    }

    /// Sends a form with a file in it.
    pub(crate) async fn upload(
        &self,
        world: &World,
        path: &str,
        fields: &[(&str, &str)],
        file: (&str, &str, &str),
    ) -> Answer {
        let mut body = String::new();
        for (name, value) in fields {
            write!(body, "--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .unwrap();
        }
        let (field, name, text) = file;
        write!(
            body,
            "--b\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\ncontent-type: application/octet-stream\r\n\r\n{text}\r\n--b--\r\n"
        )
        .unwrap();
        self.send(world, path, "multipart/form-data; boundary=b", &body).await
    }

    async fn send(&self, world: &World, path: &str, kind: &str, body: &str) -> Answer {
        let headers =
            [("cookie", self.cookie.as_str()), ("content-type", kind), ("sec-fetch-site", "same-origin")];
        world.send("POST", path, &headers, body).await
    }
}

fn form_urlencoded(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect::<Vec<_>>()
        .join("&")
}

const DATES: &str = "/desk/garden-2027/dates/";

const LIST: &str = r#"[
    {"name": "Soil Days <b>", "url": "https://soil.example.org", "startDate": "2027-05-01", "endDate": "2027-05-03", "city": "Ghent", "country": "Belgium", "topics": ["soil"]},
    {"name": "Concrete Week", "startDate": "2027-05-08", "endDate": "2027-05-09", "city": "Austin, TX"},
    {"name": "Undated"}
]"#;

/// The form of the dates, as a browser sends it.
fn plan(candidates: &str) -> Vec<(&'static str, String)> {
    [
        ("topics", "soil, water"),
        ("country", "be"),
        ("continent", "yes"),
        ("margin", "2"),
        ("from", "2027-04-01"),
        ("to", "2027-06-30"),
        ("weekday", "saturday"),
        ("days", "2"),
        ("candidates", candidates),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

async fn save(world: &World, browser: &Browser, fields: &[(&'static str, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(world, DATES, &fields).await
}

#[tokio::test]
async fn a_committee_sees_which_conferences_clash_and_why_and_which_weeks_are_clear() {
    let world = World::new().await;
    let ada = Browser::of(&world, "ada", Some((Role::Committee, "garden-2027"))).await;
    let empty = ada.get(&world, DATES).await;
    assert_eq!(empty.status, 200, "{}", empty.text());
    assert!(empty.text().contains("No other conference is known yet"));
    let upload = format!("{DATES}calendars/upload/");
    let answer = ada.upload(&world, &upload, &[("topics", "")], ("file", "list.json", LIST)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let answer = save(&world, &ada, &plan("2027-05-08 2")).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let page = ada.get(&world, DATES).await;
    let text = page.text();
    for said in [
        "Also about soil; in Belgium too; on all 2 of our days.",
        "Soil Days &#60;b&#62;",
        "the edition's dates",
        "1 serious",
        "<strong>clear</strong>",
        "8–9 May 2027",
        "Undated has no first day. It was left out.",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    // What is kept in the record is what the form shows.
    assert!(text.contains("value=\"soil, water\"") && text.contains("value=\"Belgium\""), "{text}");
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_is_said_at_its_field_and_what_was_typed_stays() {
    let world = World::new().await;
    let ada = Browser::of(&world, "ada", Some((Role::Organiser, "garden-2027"))).await;
    let answer = save(&world, &ada, &plan("soon")).await;
    assert_eq!(answer.status, 422);
    assert!(
        answer.text().contains("id=\"e-candidates\"") && answer.text().contains("soon"),
        "{}",
        answer.text()
    );
    let mut fields = plan("");
    fields.retain(|(name, _)| *name != "to");
    fields.push(("to", "2031-01-01".to_owned()));
    let answer = save(&world, &ada, &fields).await;
    assert!(answer.text().contains("longer than two years"), "{}", answer.text());
    let upload = format!("{DATES}calendars/upload/");
    for (name, content) in [("a.html", "<html>"), ("a.json", "[{"), ("a.csv", "Oak,green\n")] {
        let answer = ada.upload(&world, &upload, &[], ("file", name, content)).await;
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.text().contains("id=\"e-file\""), "{}", answer.text());
    }
    let answer =
        ada.post(&world, &format!("{DATES}calendars/address/"), &[("address", "javascript:x")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("id=\"e-address\""));
}

#[tokio::test]
async fn two_who_plan_at_once_lose_nothing() {
    let world = World::new().await;
    let ada = Browser::of(&world, "ada", Some((Role::Organiser, "garden-2027"))).await;
    assert_eq!(save(&world, &ada, &plan("")).await.status, 303);
    // Both had the page open on which the topics were these.
    let with = |topics: &str, margin: &str| {
        let mut fields = plan("");
        fields.retain(|(name, _)| *name != "topics" && *name != "margin");
        fields.extend([("topics", topics.to_owned()), ("margin", margin.to_owned())]);
        fields.extend([("was:topics", "soil, water".to_owned()), ("was:margin", "2".to_owned())]);
        fields
    };
    assert_eq!(save(&world, &ada, &with("soil, trees", "2")).await.status, 303);
    // Who changed another field keeps the first one's topics.
    assert_eq!(save(&world, &ada, &with("soil, water", "5")).await.status, 303);
    let text = ada.get(&world, DATES).await;
    assert!(text.text().contains("value=\"soil, trees\"") && text.text().contains("value=\"5\""));
    // Who changed the same one is shown both.
    let answer = save(&world, &ada, &with("stones", "5")).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("<pre>soil, trees</pre>") && answer.text().contains("value=\"stones\""));
}

#[tokio::test]
async fn planning_is_for_those_who_may_and_ends_at_the_edition() {
    let world = World::with(&["garden-2027", "orchard-2027"], options(), Arc::new(SystemClock)).await;
    let visitor = world.get(DATES).await;
    assert!(visitor.status.is_redirection() || visitor.status == 401, "{}", visitor.status);
    let guest = Browser::of(&world, "guest", None).await;
    let reviewer = Browser::of(&world, "reviewer", Some((Role::Editor, "garden-2027"))).await;
    let other = Browser::of(&world, "other", Some((Role::Organiser, "orchard-2027"))).await;
    let ada = Browser::of(&world, "ada", Some((Role::Organiser, "garden-2027"))).await;
    for path in [DATES, "/desk/garden-2027/hours/"] {
        assert_eq!(guest.get(&world, path).await.status, 404);
        assert_eq!(other.get(&world, path).await.status, 404);
        assert_eq!(reviewer.get(&world, path).await.status, 403);
        assert_eq!(reviewer.post(&world, path, &[]).await.status, 403);
        assert_eq!(ada.get(&world, path).await.status, 200);
    }
    let upload = format!("{DATES}calendars/upload/");
    assert_eq!(reviewer.upload(&world, &upload, &[], ("file", "l.json", LIST)).await.status, 403);
    assert_eq!(ada.upload(&world, &upload, &[], ("file", "l.json", LIST)).await.status, 303);
    let garden = world.store.edition(&Slug::parse("garden-2027").unwrap()).await.unwrap().unwrap().edition;
    let id = world.store.calendars(garden.id).await.unwrap()[0].calendar.id;
    for end in ["fetch", "remove"] {
        let theirs = format!("/desk/orchard-2027/dates/calendars/{id}/{end}/");
        assert_eq!(other.post(&world, &theirs, &[]).await.status, 404, "{end}");
        let path = format!("{DATES}calendars/{id}/{end}/");
        assert_eq!(other.post(&world, &path, &[]).await.status, 404, "{end}");
        assert_eq!(reviewer.post(&world, &path, &[]).await.status, 403, "{end}");
    }
    assert_eq!(ada.post(&world, &format!("{DATES}calendars/{id}/remove/"), &[]).await.status, 303);
    assert!(world.store.calendars(garden.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_hours_show_that_both_sides_of_the_atlantic_fit_into_one_day_an_hour_ahead_of_us_eastern() {
    let world = World::new().await;
    let ada = Browser::of(&world, "ada", Some((Role::Organiser, "garden-2027"))).await;
    let path = "/desk/garden-2027/hours/";
    assert!(ada.get(&world, path).await.text().contains("Nobody is registered with a zone yet"));
    let answer = ada.post(&world, path, &[("expected", "Berlin 3"), ("lengths", "8")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("names no zone"), "{}", answer.text());
    let expected = "America/New_York 170\nEurope/Berlin 190\nAmerica/Los_Angeles 120\nAsia/Kolkata 40";
    let answer = ada
        .post(&world, path, &[("expected", expected), ("zones", "America/Halifax"), ("lengths", "8")])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let page = ada.get(&world, path).await;
    let text = page.text();
    let best = text.split("<tbody>").nth(1).unwrap().split("</tr>").next().unwrap();
    for said in [
        "09:00–17:00 Halifax",
        "UTC\u{2212}3",
        "14:00 in Berlin",
        "08:00 in New York",
        "360 (69 %)",
        "Los Angeles (120, 05:00–13:00)",
    ] {
        assert!(best.contains(said), "{said} is not in\n{best}");
    }
    // On the clocks of one zone alone.
    let berlin = ada.get(&world, &format!("{path}?zone=Europe/Berlin&days=2027-05-01")).await;
    assert!(berlin.text().contains("14:00–22:00 Berlin"), "{}", berlin.text());
    // A zone or a day that is not there is no fault.
    assert_eq!(ada.get(&world, &format!("{path}?zone=x&days=2027-13-77")).await.status, 200);
}

#[tokio::test]
async fn a_calendar_is_followed_at_its_address_and_says_when_that_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/all.ics", listener.local_addr().unwrap());
    let (asked, mut requests) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut number = 0;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).await.unwrap();
            asked.send(String::from_utf8_lossy(&request[..read]).to_lowercase()).ok();
            number += 1;
            let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Soil Days\r\nDTSTART;VALUE=DATE:20270501\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
            let answer = match number {
                1 => format!(
                    "HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{calendar}",
                    calendar.len()
                ),
                2 => "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_owned(),
                _ => "HTTP/1.1 500 Broken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
            };
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.ok();
        }
    });
    let add = format!("{DATES}calendars/address/");
    // The server's own network is not called, and the page says so.
    let world = World::new().await;
    let ada = Browser::of(&world, "ada", Some((Role::Organiser, "garden-2027"))).await;
    assert_eq!(ada.post(&world, &add, &[("address", &address), ("name", "Inside")]).await.status, 303);
    assert!(requests.try_recv().is_err());
    assert!(ada.get(&world, DATES).await.text().contains("<span class=\"state bad\">failed"));

    let within = SiteOptions { fetch_private: true, ..options() };
    let world = World::with(&["garden-2027"], within, Arc::new(SystemClock)).await;
    let ada = Browser::of(&world, "ada", Some((Role::Organiser, "garden-2027"))).await;
    let answer =
        ada.post(&world, &add, &[("address", &address), ("name", "All"), ("calendar_topics", "soil")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let garden = world.store.edition(&Slug::parse("garden-2027").unwrap()).await.unwrap().unwrap().edition;
    let others = world.store.other_conferences(garden.id).await.unwrap();
    assert_eq!((others.len(), others[0].name.as_str(), others[0].topics.len()), (1, "Soil Days", 1));
    let known = world.store.calendars(garden.id).await.unwrap().remove(0);
    let again = format!("{DATES}calendars/{}/fetch/", known.calendar.id);
    assert_eq!(ada.post(&world, &again, &[]).await.status, 303);
    assert!(!requests.recv().await.unwrap().contains("if-none-match"));
    assert!(requests.recv().await.unwrap().contains("if-none-match: \"v1\""));
    assert_eq!(world.store.other_conferences(garden.id).await.unwrap(), others, "not modified");
    assert_eq!(ada.post(&world, &again, &[]).await.status, 303);
    let page = ada.get(&world, DATES).await;
    assert!(
        page.text().contains("<span class=\"state bad\">failed") && page.text().contains("500"),
        "{}",
        page.text()
    );
    assert_eq!(world.store.other_conferences(garden.id).await.unwrap(), others, "a failure loses nothing");
}
