//! A microconference from an idea to its announced post, with its own call for topics and its block in order: what leads, the
//! committee and others see and do on the way.

use crate::world::{Answer, SignedIn, World};
use axum::http::StatusCode;
use model::{
    edit::{Command, Placing},
    id::{SessionId, SlotId},
    permission::{Role, Scope},
};
use uuid::Uuid;

const DESK: &str = "/desk/garden-2027";

fn last_part(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap()
}

/// Where an answer leads on to.
fn sent(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.header("location").to_owned()
}

/// A committee with an open call for microconferences, as it is usually made.
struct Rolling {
    world: World,
    chair: SignedIn,
    call: String,
}

impl Rolling {
    async fn new() -> Self {
        let world = World::new().await;
        let edition = world.edition("garden-2027").await;
        let chair =
            world.sign_in("chair@committee.example", &[(Role::Organiser, Scope::Edition(edition.id))]).await;
        let new = [("kind", "microconferences"), ("name", "Microconferences"), ("track", "")];
        let made = world.post_as(&chair, &format!("{DESK}/calls/new/"), &new).await;
        let call = made.header("location").to_owned();
        let id = model::id::CallId(last_part(&call).parse().unwrap());
        let subject = model::permission::Subject::operator("test".to_owned(), world.store.clock().now());
        let publish = |present: Option<&store::OpenCall>| {
            let present = present.unwrap();
            let closes = model::call::Deadline {
                local: "2099-03-01T12:00".parse().unwrap(),
                zone: model::call::DeadlineZone::AnywhereOnEarth,
            };
            let closes = Some(closes);
            let call = model::call::Call { published: true, places: Some(1), closes, ..present.call.clone() };
            Ok((call, present.form.fields.clone()))
        };
        world.store.put_call(&subject, edition.id, id, publish).await.unwrap();
        Self { world, chair, call }
    }

    async fn propose(&self, who: &SignedIn, title: &str, topics: &str) -> String {
        let fields = [
            ("title", title),
            ("abstract", "All about it."),
            ("answer_problem_statement", "Much is open."),
            ("answer_key_attendees", "Ada\nZebulon (private)"),
            ("answer_suggested_topics", topics),
            ("do", "submit"),
        ];
        let path = "/garden-2027/calls/microconferences/propose/";
        sent(&self.world.post_as(who, path, &fields).await)
    }

    async fn ready(&self, who: &SignedIn, own: &str) {
        let all = [
            ("check", "problem"),
            ("check", "people"),
            ("check", "leads"),
            ("check", "topics"),
            ("do", "ready"),
        ];
        sent(&self.world.post_as(who, &format!("{own}ready/"), &all).await);
        let page = self.world.get_as(who, own).await;
        assert!(page.text().contains("Not ready after all"), "{}", page.text());
    }

    async fn accept(&self, own: &str, format: &str) -> String {
        let page = format!("{DESK}/microconferences/{}/", last_part(own));
        let fields = [("format", format), ("topics_close", "2027-04-20T23:59"), ("topics_zone", "AoE")];
        sent(&self.world.post_as(&self.chair, &format!("{page}accept/"), &fields).await)
    }

    async fn text(&self, who: &SignedIn, path: &str) -> String {
        let page = self.world.get_as(who, path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
        page.text().to_owned()
    }

    async fn sound(&self) {
        assert_eq!(store::verify(&self.world.store).await.unwrap(), Vec::<String>::new());
    }
}

/// What stands behind `mark` in a page, up to a quote.
fn behind<'a>(page: &'a str, mark: &str) -> &'a str {
    page.split(mark).nth(1).unwrap_or_else(|| panic!("no {mark}: {page}")).split('"').next().unwrap()
}

#[tokio::test]
async fn one_goes_from_an_idea_to_its_announced_post_with_its_topics_in_their_block() {
    let all = Rolling::new().await;
    let world = &all.world;
    let ada = world.sign_in("ada@ideas.example", &[]).await;
    let lea = world.sign_in("lea@leads.example", &[]).await;
    // An idea, an interest, somebody who leads it.
    let idea = [("title", "Sheds"), ("text", "Who keeps what **where**?")];
    sent(&world.post_as(&ada, "/garden-2027/ideas/", &idea).await);
    let listed = world.get("/garden-2027/ideas/").await;
    assert!(listed.text().contains("<strong>where</strong>") && listed.text().contains("Sign in to post"));
    let page = all.text(&lea, "/garden-2027/ideas/").await;
    let adopt = format!("/garden-2027/ideas/{}", behind(&page, "action=\"/garden-2027/ideas/"));
    let adopt = adopt.replace("/interest/", "/adopt/");
    let own = sent(&world.post_as(&lea, &adopt, &[]).await);
    assert!(all.text(&lea, &own).await.contains("Draft"));
    assert!(all.text(&ada, "/garden-2027/ideas/").await.contains("Somebody leads it"));

    // Not ready before all is said, ticked and submitted.
    let early = world.post_as(&lea, &format!("{own}ready/"), &[("check", "problem"), ("do", "ready")]).await;
    let told = world.get_with(&own, &[("cookie", &format!("{}; {}", lea.cookie, cookie(&early)))]).await;
    assert!(told.text().contains("this is not ticked"), "{}", told.text());
    let filled = [
        ("title", "Sheds"),
        ("abstract", "Who keeps what where?"),
        ("answer_problem_statement", "Much is open."),
        ("answer_key_attendees", "Ada\nZebulon (private)"),
        ("answer_suggested_topics", "Doors\nRoofs\nFloors"),
        ("do", "submit"),
    ];
    sent(&world.post_as(&lea, &own, &filled).await);
    all.ready(&lea, &own).await;

    let queue = all.text(&all.chair, &format!("{DESK}/microconferences/")).await;
    assert!(queue.contains("Next to decide") && queue.contains("0 of 1 places taken, 1 left"), "{queue}");
    let page = format!("{DESK}/microconferences/{}/", last_part(&own));
    assert_eq!(world.get_as(&lea, &page).await.status, StatusCode::NOT_FOUND, "not its lead's before");
    let late = [("format", "full"), ("topics_close", "2027-04-30T12:00"), ("topics_zone", "AoE")];
    let refused = world.post_as(&all.chair, &format!("{page}accept/"), &late).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("24 April 2027") && refused.text().contains("2027-04-30T12:00"));
    assert_eq!(all.accept(&own, "half").await, page);

    // Both deadlines, each under its own name, for its lead and for everybody.
    for path in [&own, &page] {
        let shown = all.text(&lea, path).await;
        assert!(shown.contains("Microconferences can be proposed until 1 March 2099"), "{shown}");
        assert!(shown.contains("can be proposed until 20 April 2027"), "{shown}");
    }
    let public = world.get("/garden-2027/calls/sheds/").await;
    assert!(public.text().contains("Open until 20 April 2027"), "{}", public.text());
    assert!(public.text().contains("A microconference as a whole can be proposed"), "{}", public.text());

    // Topics: proposed by others, chosen by the lead as far as there are minutes.
    let topic = |title: &'static str, minutes: &'static str| {
        [
            ("title", title),
            ("abstract", "x"),
            ("minutes", minutes),
            ("answer_problem", "x"),
            ("answer_what_do_you_want_to_discuss", "x"),
            ("answer_how_will_you_take_part", "Remote"),
            ("do", "submit"),
        ]
    };
    let mut topics = vec![];
    for (title, minutes) in [("Doors", "45"), ("Roofs", "30"), ("Floors", "45")] {
        let answer = world.post_as(&ada, "/garden-2027/calls/sheds/propose/", &topic(title, minutes)).await;
        topics.push(last_part(&sent(&answer)).to_owned());
    }
    let choose = async |topic: &str, minutes: &str| {
        let fields = [("topic", topic), ("minutes", minutes), ("decision", "accept")];
        let answer = world.post_as(&lea, &format!("{page}topics/"), &fields).await;
        let headers = [("cookie", format!("{}; {}", lea.cookie, cookie(&answer)))];
        world.get_with(&page, &[("cookie", headers[0].1.as_str())]).await.text().to_owned()
    };
    choose(&topics[0], "45").await;
    assert!(choose(&topics[1], "30").await.contains("75 of 90 minutes"));
    let full = choose(&topics[2], "45").await;
    assert!(full.contains("the topics take 120 minutes and the block has 90"), "{full}");
    assert!(choose(&topics[2], "15").await.contains("90 of 90 minutes"));
    let stranger = [("topic", topics[0].as_str()), ("decision", "decline")];
    let tried = world.post_as(&ada, &format!("{page}topics/"), &stranger).await;
    assert_eq!(tried.status, StatusCode::NOT_FOUND, "who proposes a topic chooses none");

    // In their order, in the block, once it has its place.
    let edition = world.edition("garden-2027").await.id;
    let programme = world.store.programme(edition).await.unwrap().unwrap();
    let session = |title: &str| -> SessionId {
        programme.sessions.iter().find(|one| one.title.as_str() == title).unwrap().id
    };
    let block = Command::Place {
        session: session("Sheds"),
        slot: SlotId(Uuid::now_v7()),
        placing: Placing {
            room: Some(programme.rooms[0].id),
            start: "2027-05-02T14:00:00Z".parse().unwrap(),
            minutes: 90,
        },
    };
    world.store.change(&model::feed::Actor::System, edition, |all| block.apply(&all)).await.unwrap();
    let place = |title: &str| format!("order_{}", session(title));
    let minutes = |title: &str| format!("minutes_{}", session(title));
    let fields = |last: &'static str| {
        vec![
            (place("Doors"), "3"),
            (minutes("Doors"), "45"),
            (place("Roofs"), "1"),
            (minutes("Roofs"), "20"),
            (place("Floors"), "2"),
            (minutes("Floors"), last),
        ]
    };
    let arrange = async |fields: Vec<(String, &str)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        world.post_as(&lea, &format!("{page}agenda/"), &fields).await
    };
    let refused = arrange(fields("30")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("The topics take 95 minutes"), "{}", refused.text());
    sent(&arrange(fields("25")).await);
    let shown = all.text(&lea, &page).await;
    for time in ["16:00–16:20", "16:20–16:45", "16:45–17:30"] {
        assert!(shown.contains(time), "{time}: {shown}");
    }
    let foreign = format!("{DESK}/sessions/{}/", programme.sessions[0].id);
    let elsewhere =
        world.post_as(&lea, &format!("{foreign}slots/new/"), &[("start", "2027-05-02T10:00")]).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN, "a lead places nothing outside the block");

    // The post: the lead's to change, public once the committee has agreed.
    let held = world.post_as(&lea, &format!("{page}announce/"), &[]).await;
    let told = world.get_with(&page, &[("cookie", &format!("{}; {}", lea.cookie, cookie(&held)))]).await;
    assert!(told.text().contains("the committee has not agreed"), "{}", told.text());
    assert_eq!(world.get("/garden-2027/posts/sheds/").await.status, StatusCode::NOT_FOUND);
    sent(&world.post_as(&all.chair, &format!("{page}nod/"), &[("agreed", "yes")]).await);
    sent(&world.post_as(&lea, &format!("{page}announce/"), &[]).await);
    world.site.refresh().await.unwrap();
    let post = world.get("/garden-2027/posts/sheds/").await;
    assert_eq!(post.status, StatusCode::OK);
    for said in ["Much is open", "Doors", "lea", "/garden-2027/calls/sheds/propose/", "20 April 2027"] {
        assert!(post.text().contains(said), "{said}: {}", post.text());
    }
    assert!(!post.text().contains("Zebulon"), "who is private stays so");
    all.sound().await;
}

/// The notice that an answer sends along, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter();
    let notice = set.filter_map(|value| value.to_str().ok()).find(|value| value.contains("notice="));
    notice.unwrap_or_default().split(';').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn one_that_comes_back_begins_from_its_last_record() {
    let all = Rolling::new().await;
    let world = &all.world;
    // The last edition: the same series, a year before, with a block and its topics.
    let last = crate::world::conference("garden-2026", false);
    let mut programme = last.programme.clone();
    programme.edition.series = world.edition("garden-2027").await.series;
    programme.edition.first_day = "2026-05-01".parse().unwrap();
    programme.edition.last_day = "2026-05-02".parse().unwrap();
    let block = programme.sessions[0].id;
    programme.sessions[0].kind = model::programme::SessionKind::Microconference;
    programme.sessions[1].parent = Some(block);
    programme.normalise();
    let options = store::ImportOptions { release: true, ..store::ImportOptions::default() };
    world.store.import(&model::feed::Actor::System, &programme, last.carries, &options).await.unwrap();
    let lea = world.sign_in("lea@leads.example", &[]).await;
    let path = "/garden-2027/calls/microconferences/propose/";
    let page = all.text(&lea, path).await;
    assert!(page.contains("Begin from its record"), "{page}");
    let again = behind(&page, "<option value=\"").to_owned();
    let page = all.text(&lea, &format!("{path}?again={again}")).await;
    let stored = world.store.programme(programme.edition.id).await.unwrap().unwrap();
    let (title, topic) = {
        let block = stored.sessions.iter().find(|one| one.id == block).unwrap();
        let topic = stored.sessions.iter().find(|one| one.parent == Some(block.id)).unwrap();
        (block.title.to_string(), topic.title.to_string())
    };
    assert!(page.contains(&format!("value=\"{title}\"")) && page.contains("The last time"), "{page}");
    assert!(page.contains(&format!("- {topic}:")), "what came of each topic is asked: {page}");
    assert!(page.contains("What is new?"));
    let draft = [("title", title.as_str()), ("abstract", "x"), ("again", again.as_str()), ("do", "draft")];
    let own = sent(&world.post_as(&lea, path, &draft).await);
    assert!(all.text(&lea, &own).await.contains("The last time"), "it stays with the proposal");
    all.sound().await;
}

#[tokio::test]
async fn places_run_out_and_what_was_left_open_is_settled() {
    let all = Rolling::new().await;
    let world = &all.world;
    let ada = world.sign_in("ada@a.example", &[]).await;
    let bo = world.sign_in("bo@b.example", &[]).await;
    let first = all.propose(&ada, "Sheds", "a\nb\nc").await;
    let second = all.propose(&bo, "Fences", "a\nb\nc").await;
    all.ready(&ada, &first).await;
    all.ready(&bo, &second).await;
    let page = |own: &str| format!("{DESK}/microconferences/{}/", last_part(own));
    let shown = all.text(&all.chair, &page(&second)).await;
    assert!(shown.contains("#1 was ready before it") && !shown.contains(">Accept it<"), "{shown}");
    all.accept(&first, "").await;
    assert!(all.text(&ada, &first).await.contains("Provisionally accepted"));
    assert!(all.text(&ada, &page(&first)).await.contains("The committee settles it"));
    let full = [("format", "full"), ("topics_close", "2027-04-01T12:00"), ("topics_zone", "AoE")];
    let refused = world.post_as(&all.chair, &format!("{}accept/", page(&second)), &full).await;
    assert!(refused.text().contains("All 1 places of the call are taken"), "{}", refused.text());
    sent(
        &world.post_as(&all.chair, &format!("{}decide/", page(&second)), &[("decision", "wait_list")]).await,
    );
    assert!(all.text(&bo, &second).await.contains("Wait-listed"));
    sent(&world.post_as(&all.chair, &format!("{}format/", page(&first)), &[("format", "without_av")]).await);
    assert!(all.text(&ada, &first).await.contains("Please confirm"));
    // Merged, split: only what waits.
    let joined = [("other", last_part(&first)), ("title", "Both")];
    let answer = world.post_as(&all.chair, &format!("{}merge/", page(&second)), &joined).await;
    let told = [("cookie", format!("{}; {}", all.chair.cookie, cookie(&answer)))];
    let shown = world.get_with(&page(&second), &[("cookie", told[0].1.as_str())]).await;
    assert!(shown.text().contains("Only what waits for a decision"), "{}", shown.text());
    sent(&world.post_as(&all.chair, &format!("{}take-back/", page(&first)), &[]).await);
    assert_eq!(
        world.get_as(&ada, &page(&first)).await.status,
        StatusCode::OK,
        "the format was settled since"
    );
    all.sound().await;
}

#[tokio::test]
async fn the_terms_of_a_call_are_kept_and_refused_at_their_field() {
    let all = Rolling::new().await;
    let page = all.text(&all.chair, &all.call).await;
    assert_eq!(behind(&page, "name=\"days\" type=\"number\" value=\""), "7");
    let fields = [
        ("name", "Microconferences"),
        ("slug", "microconferences"),
        ("zone", "AoE"),
        ("grace", "5"),
        ("minutes", "180"),
        ("wanted", "0"),
        ("criteria", "Overall"),
        ("topics", "99"),
        ("days", "14"),
        ("passes", "2"),
    ];
    let refused = all.world.post_as(&all.chair, &all.call, &fields).await;
    assert!(refused.text().contains("href=\"#f-topics\""), "{}", refused.text());
    let mut sound = fields.to_vec();
    sound[7] = ("topics", "4");
    sent(&all.world.post_as(&all.chair, &all.call, &sound).await);
    let calls = all.world.store.calls(all.world.edition("garden-2027").await.id).await.unwrap();
    let terms = calls[0].call.terms;
    assert_eq!((terms.topics, terms.days, terms.passes), (4, 14, 2));
}
