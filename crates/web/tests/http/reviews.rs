//! Assignments, bids, what waits, likely duplicates, the meeting and the export, through the pages; and that nobody with a
//! conflict learns anything of the reviews on any page at all.

use crate::{
    calls::{Committee, DESK, last_part},
    security::{ROUTES, is_stream},
    world::SignedIn,
};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use model::permission::{Role, Scope};
use std::time::Duration;

impl Committee {
    async fn page(&self, who: &SignedIn, path: &str) -> String {
        let answer = self.world.get_as(who, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text().to_owned()
    }

    async fn send(&self, who: &SignedIn, path: &str, fields: &[(&str, &str)]) {
        let answer = self.world.post_as(who, path, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.text());
    }

    fn assignment(&self) -> String {
        format!("{DESK}/assignment/{}/", self.call_id())
    }
}

#[tokio::test]
async fn reviews_are_bid_for_planned_locked_applied_and_come_first_in_the_list() {
    let all = Committee::new().await;
    let ada = all.world.sign_in("ada@authors.example", &[]).await;
    let id = last_part(&all.submit(&ada, "Compost for everybody").await).to_owned();
    let rita = all.reviewer("rita@reviewers.example").await;
    let sam = all.reviewer("sam@elsewhere.example").await;
    let bids = format!("{DESK}/proposals/bids/");
    assert!(all.page(&rita, &bids).await.contains("Compost for everybody"));
    let call = all.call_id().to_string();
    let bid = format!("bid_{id}");
    all.send(&rita, &bids, &[("call", &call), ("page", "1"), ("proposal", &id), (&bid, "eager")]).await;
    assert!(all.page(&rita, &bids).await.contains("<option value=\"eager\" selected>"));

    let assignment = all.assignment();
    assert!(all.page(&all.organiser, &assignment).await.contains("Nobody is planned."));
    all.send(&all.organiser, &format!("{assignment}run/"), &[]).await;
    let planned = all.page(&all.organiser, &assignment).await;
    assert!(planned.contains("from bid") && planned.contains("Planned"), "{planned}");
    assert!(!all.page(&rita, &format!("{DESK}/proposals/")).await.contains("My reviews to write"));
    // By hand, and back.
    let pair = |what: &'static str| {
        [("proposal", id.clone()), ("reviewer", sam.account.to_string()), ("do", what.to_owned())]
    };
    for (what, expected) in [("lock", true), ("out", false), ("lock", true)] {
        let fields = pair(what);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.send(&all.organiser, &format!("{assignment}settle/"), &fields).await;
        assert_eq!(all.page(&all.organiser, &assignment).await.contains("Locked"), expected, "{what}");
    }
    all.send(&all.organiser, &format!("{assignment}run/"), &[]).await;
    assert!(all.page(&all.organiser, &assignment).await.contains("Locked"), "a run keeps what is locked");
    all.send(&all.organiser, &format!("{assignment}apply/"), &[]).await;
    let list = all.page(&rita, &format!("{DESK}/proposals/")).await;
    assert!(list.find("My reviews to write").unwrap() < list.find("<select").unwrap(), "it stands first");
    all.review(&rita, &id, ("4", "4")).await;
    assert!(!all.page(&rita, &format!("{DESK}/proposals/")).await.contains("My reviews to write"));
    // A reviewer gets nowhere near it.
    assert_eq!(all.world.get_as(&rita, &assignment).await.status, StatusCode::NOT_FOUND);
    assert!(store::verify(&all.world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_makes_an_assignment_impossible_is_said_beside_the_limits() {
    let all = Committee::new().await;
    let ada = all.world.sign_in("ada@authors.example", &[]).await;
    all.submit(&ada, "Compost").await;
    let rita = all.reviewer("rita@reviewers.example").await;
    let assignment = all.assignment();
    let most = format!("most_{}", rita.account);
    let limits = [("needed", "2"), ("least", "0"), ("most", "5"), (most.as_str(), "1")];
    all.send(&all.organiser, &assignment, &limits).await;
    let refused = all.world.post_as(&all.organiser, &format!("{assignment}run/"), &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("#1") && refused.text().contains("ask for fewer"), "{}", refused.text());
    let wrong = [("needed", "9"), ("least", "7"), ("most", "5")];
    let refused = all.world.post_as(&all.organiser, &assignment, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("the call wants only 2"), "{}", refused.text());
    assert!(refused.text().contains("value=\"9\""), "what was typed is kept");
    let fewer = [("needed", "1"), ("least", "0"), ("most", "5"), (most.as_str(), "1")];
    all.send(&all.organiser, &assignment, &fewer).await;
    all.send(&all.organiser, &format!("{assignment}run/"), &[]).await;
    assert!(all.page(&all.organiser, &assignment).await.contains("each gets what it needs"));
}

#[tokio::test]
async fn likely_duplicates_are_shown_and_a_blind_call_tells_no_author_by_them() {
    let all = Committee::new().await;
    let ada = all.world.sign_in("ada@authors.example", &[]).await;
    let one = last_part(&all.submit(&ada, "Compost for everybody").await).to_owned();
    all.submit(&ada, "Everybody's heap of leaves").await;
    all.submit(&ada, "Compost, for EVERYBODY").await;
    let rita = all.reviewer("rita@reviewers.example").await;
    let list = all.page(&rita, &format!("{DESK}/proposals/")).await;
    assert!(list.contains("Like #3") && list.contains("Like #1"), "{list}");
    let page = all.page(&rita, &format!("{DESK}/proposals/{one}/")).await;
    assert!(page.contains("Likely the same") && page.contains("an author in common"), "{page}");
    all.save_call(&[("naming", "blind")]).await;
    let page = all.page(&rita, &format!("{DESK}/proposals/{one}/")).await;
    assert!(page.contains("Likely the same") && !page.contains("an author in common"), "{page}");
    let chair = all.page(&all.organiser, &format!("{DESK}/proposals/{one}/")).await;
    assert!(chair.contains("an author in common"), "who decides knows them");
}

#[tokio::test]
async fn what_waits_ages_and_reviewers_are_reminded_once() {
    let all = Committee::new().await;
    let ada = all.world.sign_in("ada@authors.example", &[]).await;
    let own = all.submit(&ada, "Compost").await;
    let rita = all.reviewer("rita@reviewers.example").await;
    let assignment = all.assignment();
    all.send(&all.organiser, &assignment, &[("needed", "1"), ("least", "0"), ("most", "5")]).await;
    all.send(&all.organiser, &format!("{assignment}run/"), &[]).await;
    all.send(&all.organiser, &format!("{assignment}apply/"), &[]).await;
    all.send(&ada, &format!("{own}comments/"), &[("body", "Is it read?")]).await;
    let to_do = format!("{DESK}/proposals/to-do/");
    let page = all.page(&all.organiser, &to_do).await;
    assert!(page.contains("Reviewers who are behind") && page.contains("rita"), "{page}");
    assert!(page.contains("Authors who wait for an answer") && page.contains("today"), "{page}");
    assert!(all.page(&rita, &to_do).await.contains("Reviews to write"));
    assert!(!all.page(&rita, &to_do).await.contains("Reviewers who are behind"));
    let mails = async || {
        let all = all.world.store.changes_since(0, 10_000).await.unwrap();
        all.iter().filter(|entry| entry.kind == "mail").count()
    };
    let before = mails().await;
    all.send(&all.organiser, &format!("{to_do}remind/"), &[]).await;
    all.send(&all.organiser, &format!("{to_do}remind/"), &[]).await;
    assert_eq!(mails().await, before + 1);
    let refused = all.world.post_as(&rita, &format!("{to_do}remind/"), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn everybody_sees_the_same_proposal_in_the_meeting_and_those_with_a_conflict_are_shown_out() {
    let all = Committee::new().await;
    let ada = all.world.sign_in("ada@authors.example", &[]).await;
    let id = last_part(&all.submit(&ada, "Compost").await).to_owned();
    let rita = all.reviewer("rita@reviewers.example").await;
    let fred = all.reviewer("fred@elsewhere.example").await;
    all.review(&rita, &id, ("4", "4")).await;
    all.send(&fred, &format!("{DESK}/proposals/{id}/conflict/"), &[("declared", "yes")]).await;
    let meeting = format!("{DESK}/proposals/meeting/");
    assert!(all.page(&rita, &meeting).await.contains("Nothing is before the committee"));
    let headers = [("cookie", rita.cookie.as_str()), ("accept", "text/event-stream")];
    let mut stream = all.world.open("GET", &format!("{meeting}events"), &headers, "").await.into_body();
    let mut next = async || {
        let frame = tokio::time::timeout(Duration::from_secs(10), stream.frame()).await.unwrap();
        String::from_utf8(frame.unwrap().unwrap().into_data().unwrap().to_vec()).unwrap()
    };
    assert!(next().await.contains("event: turn"));
    all.send(&all.organiser, &meeting, &[("do", "next")]).await;
    let told = next().await;
    assert!(told.contains("event: turn") && !told.contains("Compost") && !told.contains(&id), "{told}");
    let page = all.page(&rita, &meeting).await;
    assert!(page.contains("Compost") && page.contains("COMMITTEE-ONLY"), "{page}");
    let out = all.page(&fred, &meeting).await;
    assert!(out.contains("Please leave the room") && !out.contains("Compost"), "{out}");
    let prepare = [("decision", "accept"), ("then", "meeting")];
    let noted = all.world.post_as(&all.organiser, &format!("{DESK}/proposals/{id}/prepare/"), &prepare).await;
    assert_eq!(noted.header("location"), meeting, "the meeting goes on where it was");
    let wrong = all.world.post_as(&rita, &meeting, &[("do", "end")]).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    all.send(&all.organiser, &meeting, &[("do", "number"), ("number", "#77")]).await;
    assert!(
        all.page(&rita, &meeting).await.contains("Compost"),
        "there is no such number, and nothing changed"
    );
    all.send(&all.organiser, &meeting, &[("do", "end")]).await;
    assert!(all.page(&rita, &meeting).await.contains("Nothing is before the committee"));
}

#[tokio::test]
async fn the_export_holds_the_full_text_and_what_each_may_know() {
    let all = Committee::with(&[("naming", "blind")]).await;
    let ada = all.world.sign_in("adalovelace@authors.example", &[]).await;
    let id = last_part(&all.submit(&ada, "=Compost").await).to_owned();
    let rita = all.reviewer("rita@reviewers.example").await;
    let fred = all.reviewer("fred@elsewhere.example").await;
    all.review(&rita, &id, ("4", "4")).await;
    all.send(&fred, &format!("{DESK}/proposals/{id}/conflict/"), &[("declared", "yes")]).await;
    for name in ["proposals.csv", "proposals.json"] {
        let path = format!("{DESK}/proposals/{name}");
        let whole = all.page(&all.organiser, &path).await;
        for known in ["All about it.", "Peace", "SECRET-BUDGET", "adalovelace"] {
            assert!(whole.contains(known), "{name}: {known}: {whole}");
        }
        let reviewer = all.page(&rita, &path).await;
        assert!(reviewer.contains("Peace"), "{reviewer}");
        for hidden in ["SECRET-BUDGET", "adalovelace"] {
            assert!(!reviewer.contains(hidden), "{name} tells {hidden}: {reviewer}");
        }
        let without = all.page(&fred, &path).await;
        assert!(without.contains("All about it."));
        for hidden in ["COMMITTEE-ONLY", "FOR-AUTHORS", "rita", "75.0"] {
            assert!(!without.contains(hidden), "{name} tells {hidden}: {without}");
        }
    }
    let csv = all.page(&all.organiser, &format!("{DESK}/proposals/proposals.csv")).await;
    assert!(csv.contains("75.0") && !csv.contains(",=Compost"), "{csv}");
    let json = all.page(&all.organiser, &format!("{DESK}/proposals/proposals.json")).await;
    assert!(json.contains("COMMITTEE-ONLY") && json.contains("rita"), "{json}");
}

#[tokio::test]
async fn no_page_at_all_tells_somebody_with_a_conflict_of_the_reviews() {
    let all = Committee::new().await;
    let ada = all.world.sign_in("ada@authors.example", &[]).await;
    let id = last_part(&all.submit(&ada, "Compost").await).to_owned();
    let edition = all.world.edition("garden-2027").await;
    // A name that stands on no other page.
    let rita = all.reviewer("zebediah@reviewers.example").await;
    let chair =
        all.world.sign_in("chair@other.example", &[(Role::Committee, Scope::Edition(edition.id))]).await;
    let assignment = all.assignment();
    all.send(&chair, &assignment, &[("needed", "1"), ("least", "0"), ("most", "5")]).await;
    all.send(&chair, &format!("{assignment}run/"), &[]).await;
    let pair = [("proposal", id.as_str()), ("reviewer", &rita.account.to_string()), ("do", "lock")];
    all.send(&chair, &format!("{assignment}settle/"), &pair).await;
    all.send(&chair, &format!("{assignment}apply/"), &[]).await;
    all.review(&rita, &id, ("5", "4")).await;
    let say = format!("{DESK}/proposals/{id}/comments/");
    all.send(&rita, &say, &[("to", "committee"), ("body", "WITHIN-THE-COMMITTEE")]).await;
    all.send(&chair, &format!("{DESK}/proposals/{id}/prepare/"), &[("decision", "wait_list")]).await;
    all.send(&chair, &format!("{DESK}/proposals/meeting/"), &[("do", "next")]).await;
    let programme = all.world.store.programme(edition.id).await.unwrap().unwrap();
    let seq = all.world.store.head().await.unwrap();
    let path_of = |pattern: &str, seq: i64| {
        pattern
            .replace("{edition}", "garden-2027")
            .replace("{proposal}", &id)
            .replace("{call}", &all.call_id().to_string())
            .replace("{track}", &programme.tracks[0].id.to_string())
            .replace("{room}", &programme.rooms[0].id.to_string())
            .replace("{session}", &programme.sessions[0].id.to_string())
            .replace("{person}", &programme.persons[0].id.to_string())
            .replace("{seq}", &seq.to_string())
    };
    // The committee's member and the reviewer are of the author's organisation.
    let everywhere = [(Role::Committee, Scope::Edition(edition.id))];
    let colleague = all.world.sign_in("carl@mail.authors.example", &everywhere).await;
    let friend = all.reviewer("fred@authors.example").await;
    let told = [
        "COMMITTEE-ONLY",
        "FOR-AUTHORS",
        "WITHIN-THE-COMMITTEE",
        "92 of 100",
        "1 of 2",
        "Wait-list?",
        "Zebediah",
        "zebediah",
        "wait_list\" selected",
    ];
    let mut seen = 0;
    for route in ROUTES.iter().filter(|route| !is_stream(route)) {
        let mut paths = vec![path_of(route.pattern, seq)];
        if route.pattern.contains("{seq}") {
            paths = (1..=seq).map(|seq| path_of(route.pattern, seq)).collect();
        }
        if route.pattern.ends_with("/proposals/") && route.pattern.starts_with("/desk/") {
            paths.push(format!("{}?order=score", paths[0]));
        }
        for path in paths.iter().filter(|path| !path.contains('{')) {
            for who in [&colleague, &friend] {
                let answer = all.world.get_as(who, path).await;
                if answer.status != StatusCode::OK {
                    continue;
                }
                seen += 1;
                let Ok(text) = std::str::from_utf8(&answer.body) else { continue };
                for hidden in told {
                    // Who may plan sees who can be asked: names alone tell of no review.
                    let is_name = hidden.eq_ignore_ascii_case("zebediah");
                    let names_reviewers = route.pattern.contains("/assignment/{call}/") && is_name;
                    // The log tells that somebody reviewed something, not what.
                    let logs = route.pattern.contains("/log/") && is_name;
                    let told = text.contains(hidden) && !names_reviewers && !logs;
                    assert!(!told, "{path} tells {hidden}: {text}");
                }
            }
        }
    }
    assert!(seen > 60, "{seen} pages were read");
    // The others are told all of it, so that the test means something.
    let mut open = String::new();
    for path in ["proposals/", "proposals/meeting/", "assignment/"] {
        open += &all.page(&chair, &format!("{DESK}/{path}")).await;
    }
    open += &all.page(&chair, &format!("{DESK}/proposals/{id}/")).await;
    for hidden in told {
        assert!(open.contains(hidden) || hidden == "Zebediah", "{hidden} stands nowhere: {open}");
    }
}
