//! From an open call to a confirmed session: what authors, reviewers and the committee see and do, and what they must not.

use crate::world::{Answer, SignedIn, World};
use axum::http::StatusCode;
use model::{
    id::CallId,
    permission::{Role, Scope},
};

pub(crate) const DESK: &str = "/desk/garden-2027";

/// A committee with a call for presentations that is open, in its usual form.
pub(crate) struct Committee {
    pub(crate) world: World,
    pub(crate) organiser: SignedIn,
    pub(crate) call: String,
}

pub(crate) fn last_part(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap()
}

/// The value of an input or the text of a hidden field in a page.
fn value(page: &str, name: &str) -> String {
    let from = page.split(&format!("name=\"{name}\"")).nth(1).unwrap_or_else(|| panic!("no {name}: {page}"));
    from.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

impl Committee {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With these fields of the call in place of the usual ones.
    pub(crate) async fn with(changed: &[(&str, &str)]) -> Self {
        let world = World::new().await;
        let edition = world.edition("garden-2027").await;
        let organiser =
            world.sign_in("olga@committee.example", &[(Role::Organiser, Scope::Edition(edition.id))]).await;
        let new = [("kind", "presentations"), ("name", "Talks"), ("track", "")];
        let made = world.post_as(&organiser, &format!("{DESK}/calls/new/"), &new).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
        let call = made.header("location").to_owned();
        let committee = Self { world, organiser, call };
        committee.save_call(changed).await;
        committee
    }

    /// Saves the call's form as it stands, public, with `changed`.
    pub(crate) async fn save_call(&self, changed: &[(&str, &str)]) {
        let mut fields: Vec<(&str, &str)> = vec![
            ("name", "Talks"),
            ("slug", "talks"),
            ("summary", "Tell everybody."),
            ("text", "What we **seek**."),
            ("published", "yes"),
            ("zone", "AoE"),
            ("grace", "5"),
            ("minutes", "45"),
            ("naming", "named"),
            ("comments", "at_once"),
            ("criteria", "Relevance x2\nQuality"),
            ("wanted", "2"),
            ("key_0", "outcome"),
            ("order_0", "1"),
            ("label_0", "Outcome"),
            ("kind_0", "text"),
            ("words_0", "5"),
            ("required_0", "yes"),
            ("reader_0", "reviewers"),
            ("key_1", "secret"),
            ("order_1", "2"),
            ("label_1", "Budget"),
            ("kind_1", "line"),
            ("reader_1", "committee"),
        ];
        for (name, value) in changed {
            fields.retain(|(other, _)| other != name);
            fields.push((name, value));
        }
        let saved = self.world.post_as(&self.organiser, &self.call, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    }

    pub(crate) fn call_id(&self) -> CallId {
        CallId(last_part(&self.call).parse().unwrap())
    }

    pub(crate) async fn reviewer(&self, address: &str) -> SignedIn {
        let edition = self.world.edition("garden-2027").await.id;
        self.world.sign_in(address, &[(Role::Reviewer, Scope::Call(edition, self.call_id()))]).await
    }

    /// Submits a proposal; gives its author's page.
    pub(crate) async fn submit(&self, who: &SignedIn, title: &str) -> String {
        let fields = [
            ("title", title),
            ("abstract", "All about it."),
            ("answer_outcome", "Peace"),
            ("answer_secret", "SECRET-BUDGET"),
            ("do", "submit"),
        ];
        let sent = self.world.post_as(who, "/garden-2027/calls/talks/propose/", &fields).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
        sent.header("location").to_owned()
    }

    pub(crate) async fn review(&self, who: &SignedIn, proposal: &str, scores: (&str, &str)) -> Answer {
        let fields = [
            ("score_relevance", scores.0),
            ("score_quality", scores.1),
            ("to_committee", "COMMITTEE-ONLY"),
            ("to_authors", "FOR-AUTHORS"),
            ("do", "submit"),
        ];
        self.world.post_as(who, &format!("{DESK}/proposals/{proposal}/review/"), &fields).await
    }
}

#[tokio::test]
async fn a_talk_goes_from_the_call_to_a_confirmed_session() {
    let all = Committee::new().await;
    let world = &all.world;
    let listed = world.get("/garden-2027/calls/").await;
    assert!(
        listed.text().contains("Talks") && listed.text().contains("Referees choose"),
        "{}",
        listed.text()
    );
    assert!(world.get("/garden-2027/calls/talks/").await.text().contains("<strong>seek</strong>"));

    let ada = world.sign_in("ada@authors.example", &[]).await;
    let own = all.submit(&ada, "Compost for everybody").await;
    let id = last_part(&own).to_owned();
    assert!(world.get_as(&ada, &own).await.text().contains("Submitted"));

    let rita = all.reviewer("rita@reviewers.example").await;
    let reviewed = all.review(&rita, &id, ("5", "3")).await;
    assert_eq!(reviewed.status, StatusCode::SEE_OTHER, "{}", reviewed.text());
    assert!(world.get_as(&ada, &own).await.text().contains("Under review"));
    let page = world.get_as(&all.organiser, &format!("{DESK}/proposals/{id}/")).await;
    assert!(
        page.text().contains("83 of 100 in one review"),
        "two thirds of 100, one third of 50: {}",
        page.text()
    );

    let prepare = format!("{DESK}/proposals/{id}/prepare/");
    world.post_as(&all.organiser, &prepare, &[("decision", "accept")]).await;
    assert!(
        world.get_as(&ada, &own).await.text().contains("Under review"),
        "nobody learns of what is prepared"
    );
    let decided =
        world.post_as(&all.organiser, &format!("{DESK}/proposals/decide/"), &[("proposal", &id)]).await;
    assert_eq!(decided.status, StatusCode::SEE_OTHER);
    assert!(world.get_as(&ada, &own).await.text().contains("Please confirm"));

    let edition = world.edition("garden-2027").await;
    let programme = world.store.programme(edition.id).await.unwrap().unwrap();
    let session =
        programme.sessions.iter().find(|one| one.title.as_str() == "Compost for everybody").unwrap();
    assert!(session.slots.is_empty());
    let person = programme.persons.iter().find(|one| one.id == session.people[0].person).unwrap();
    assert_eq!(person.name.as_str(), "ada");
    assert_eq!(world.store.speaker_accounts(edition.id).await.unwrap()[&person.id], ada.account);

    let confirmed = [("presence", "remote"), ("recording", "yes"), ("availability", "after 15:00")];
    world.post_as(&ada, &format!("{own}confirm/"), &confirmed).await;
    let page = world.get_as(&all.organiser, &format!("{DESK}/proposals/{id}/")).await;
    assert!(
        page.text().contains("Confirmed") && page.text().contains("presents from afar"),
        "{}",
        page.text()
    );
    assert!(store::verify(&world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_draft_is_kept_as_it_is_and_a_submission_says_all_that_lacks() {
    let all = Committee::new().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let empty = world.post_as(&ada, "/garden-2027/calls/talks/propose/", &[("do", "submit")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["f-title", "f-abstract", "f-answer_outcome"] {
        assert!(empty.text().contains(&format!("href=\"#{field}\"")), "{field}: {}", empty.text());
    }
    let kept = world
        .post_as(&ada, "/garden-2027/calls/talks/propose/", &[("title", "An idea"), ("do", "draft")])
        .await;
    let own = kept.header("location").to_owned();
    let rita = all.reviewer("rita@reviewers.example").await;
    assert_eq!(
        world.get_as(&rita, &format!("{DESK}/proposals/{}/", last_part(&own))).await.status,
        StatusCode::NOT_FOUND,
        "a draft is its authors' alone"
    );
    assert_eq!(world.get_as(&rita, &own).await.status, StatusCode::NOT_FOUND);
    let long = [
        ("title", "An idea"),
        ("abstract", "x"),
        ("answer_outcome", "one two three four five six"),
        ("do", "submit"),
    ];
    let refused = world.post_as(&ada, &own, &long).await;
    assert!(refused.text().contains("6 words, and 5 are allowed"), "{}", refused.text());
    assert!(refused.text().contains("one two three four five six"), "what was typed is kept");
    world.post_as(&ada, &format!("{own}delete/"), &[]).await;
    assert_eq!(world.get_as(&ada, &own).await.status, StatusCode::NOT_FOUND);
    assert!(store::verify(&world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn somebody_with_a_conflict_learns_nothing_of_the_reviews_on_any_page() {
    let all = Committee::new().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let id = last_part(&all.submit(&ada, "Compost").await).to_owned();
    let rita = all.reviewer("rita@reviewers.example").await;
    assert_eq!(all.review(&rita, &id, ("4", "4")).await.status, StatusCode::SEE_OTHER);
    let edition = world.edition("garden-2027").await.id;
    // A colleague of the author's, on the committee; and a reviewer who declares one.
    let colleague =
        world.sign_in("carl@mail.authors.example", &[(Role::Committee, Scope::Edition(edition))]).await;
    let friend = all.reviewer("fred@elsewhere.example").await;
    world.post_as(&friend, &format!("{DESK}/proposals/{id}/conflict/"), &[("declared", "yes")]).await;
    world
        .post_as(&all.organiser, &format!("{DESK}/proposals/{id}/prepare/"), &[("decision", "decline")])
        .await;
    let pages = [
        format!("{DESK}/proposals/"),
        format!("{DESK}/proposals/?order=score"),
        format!("{DESK}/proposals/{id}/"),
        format!("{DESK}/proposals/decide/"),
        format!("{DESK}/log/"),
        format!("{DESK}/"),
    ];
    for who in [&colleague, &friend] {
        for path in &pages {
            let page = world.get_as(who, path).await;
            for hidden in ["COMMITTEE-ONLY", "FOR-AUTHORS", "75 of 100", "1 of 2", "Decline?"] {
                assert!(!page.text().contains(hidden), "{path} tells {hidden}: {}", page.text());
            }
        }
        let refused = all.review(who, &id, ("1", "1")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("conflict"), "{}", refused.text());
        world.post_as(who, &format!("{DESK}/proposals/{id}/prepare/"), &[("decision", "accept")]).await;
    }
    let applied = world.post_as(&colleague, &format!("{DESK}/proposals/decide/"), &[("proposal", &id)]).await;
    assert!(applied.header("location").ends_with("/decide/"), "a colleague applies nothing");
    let theirs = world.get_as(&all.organiser, &format!("{DESK}/proposals/")).await;
    assert!(theirs.text().contains("Decline?"), "what the others prepared stands: {}", theirs.text());
    assert!(store::verify(&world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn reviewers_of_a_blind_call_learn_no_author_and_nobody_learns_what_is_for_fewer() {
    let all = Committee::with(&[("naming", "blind")]).await;
    let world = &all.world;
    let ada = world.sign_in("adalovelace@authors.example", &[]).await;
    let own = all.submit(&ada, "Compost").await;
    let id = last_part(&own).to_owned();
    world.post_as(&ada, &format!("{own}comments/"), &[("body", "Please read this first.")]).await;
    let rita = all.reviewer("rita@reviewers.example").await;
    for path in [format!("{DESK}/proposals/"), format!("{DESK}/proposals/{id}/")] {
        let page = world.get_as(&rita, &path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text().contains("adalovelace"), "{path}: {}", page.text());
        assert!(!page.text().contains("SECRET-BUDGET"), "{path}: {}", page.text());
    }
    let committee = world.get_as(&all.organiser, &format!("{DESK}/proposals/{id}/")).await;
    assert!(committee.text().contains("adalovelace") && committee.text().contains("SECRET-BUDGET"));
    // Authors never learn who reviews.
    all.review(&rita, &id, ("4", "4")).await;
    let page = world.get_as(&ada, &own).await;
    assert!(page.text().contains("FOR-AUTHORS"), "{}", page.text());
    assert!(!page.text().contains("rita") && !page.text().contains("COMMITTEE-ONLY"), "{}", page.text());
}

#[tokio::test]
async fn a_changed_form_breaks_nothing_that_was_filed_and_a_changed_proposal_makes_reviews_stale() {
    let all = Committee::new().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let own = all.submit(&ada, "Compost").await;
    let id = last_part(&own).to_owned();
    let rita = all.reviewer("rita@reviewers.example").await;
    all.review(&rita, &id, ("4", "4")).await;
    let page = world.get_as(&all.organiser, &all.call).await;
    assert_eq!(value(page.text(), "key_0"), "outcome");
    all.save_call(&[("label_0", ""), ("label_1", "Costs")]).await;
    let page = world.get_as(&all.organiser, &all.call).await;
    assert!(page.text().contains("This is version 2"), "{}", page.text());
    let filed = world.get_as(&rita, &format!("{DESK}/proposals/{id}/")).await;
    assert!(filed.text().contains("Outcome") && filed.text().contains("Peace"), "{}", filed.text());
    let changed = [("title", "Better compost"), ("abstract", "All about it."), ("do", "save")];
    let saved = world.post_as(&ada, &own, &changed).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let filed = world.get_as(&rita, &format!("{DESK}/proposals/{id}/")).await;
    assert!(filed.text().contains("since your review"), "{}", filed.text());
    assert!(filed.text().contains("Written of an earlier revision"));
    assert!(world.get_as(&rita, &format!("{DESK}/proposals/")).await.text().contains("1 of 2, 1 stale"));
    assert!(store::verify(&world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_co_author_accepts_by_the_address_that_was_invited_and_edits_with_equal_right() {
    let all = Committee::new().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let own = all.submit(&ada, "Compost").await;
    let invited = [("name", "Bo"), ("email", "Bo@Friends.example"), ("speaks", "yes")];
    world.post_as(&ada, &format!("{own}authors/"), &invited).await;
    let stranger = world.sign_in("eve@friends.example", &[]).await;
    let bo = world.sign_in("bo@friends.example", &[]).await;
    assert!(!world.get_as(&stranger, "/account/proposals/").await.text().contains("Compost"));
    let page = world.get_as(&bo, "/account/proposals/").await;
    let accept = page.text().split("action=\"").find(|part| part.contains("/accept/")).unwrap();
    let accept = accept.split('"').next().unwrap().to_owned();
    assert_eq!(world.get_as(&bo, &own).await.status, StatusCode::NOT_FOUND, "not before it is accepted");
    world.post_as(&stranger, &accept, &[]).await;
    assert_eq!(world.get_as(&stranger, &own).await.status, StatusCode::NOT_FOUND);
    world.post_as(&bo, &accept, &[]).await;
    let changed = [
        ("title", "Compost, by two"),
        ("abstract", "All about it."),
        ("answer_outcome", "Peace"),
        ("do", "save"),
    ];
    assert_eq!(world.post_as(&bo, &own, &changed).await.status, StatusCode::SEE_OTHER);
    assert!(world.get_as(&ada, &own).await.text().contains("Compost, by two"));
    assert!(store::verify(&world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_call_is_refused_at_the_field_that_does_not_hold() {
    let all = Committee::new().await;
    let fields = [
        ("name", ""),
        ("zone", "Mars/Base"),
        ("grace", "5"),
        ("wanted", "2"),
        ("criteria", ""),
        ("minutes", "x"),
    ];
    let refused = all.world.post_as(&all.organiser, &all.call, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["name", "zone", "criteria", "minutes"] {
        assert!(refused.text().contains(&format!("href=\"#f-{field}\"")), "{field}: {}", refused.text());
    }
    assert!(refused.text().contains("Mars/Base"), "what was typed is kept");
}

#[tokio::test]
async fn two_tabs_never_overwrite_one_another() {
    let all = Committee::new().await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let own = all.submit(&ada, "First").await;
    let tab = |title: &'static str| {
        [
            ("title", title),
            ("was:title", "First"),
            ("abstract", "All about it."),
            ("was:abstract", "All about it."),
            ("answer_outcome", "Peace"),
            ("do", "save"),
        ]
    };
    assert_eq!(world.post_as(&ada, &own, &tab("Second")).await.status, StatusCode::SEE_OTHER);
    let met = world.post_as(&ada, &own, &tab("Third")).await;
    assert_eq!(met.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(met.text().contains("Second") && met.text().contains("Third"), "both texts are shown");
}

#[tokio::test]
async fn a_closed_call_takes_no_proposal_and_an_unpublished_one_is_not_there() {
    let all = Committee::with(&[("closes", "2020-01-01T12:00")]).await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let late = [("title", "Late"), ("abstract", "x"), ("answer_outcome", "y"), ("do", "submit")];
    let refused = world.post_as(&ada, "/garden-2027/calls/talks/propose/", &late).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("anywhere on Earth"), "{}", refused.text());
    let mine =
        world.post_as(&ada, "/garden-2027/calls/talks/propose/", &[("title", "L"), ("do", "draft")]).await;
    assert_eq!(mine.status, StatusCode::SEE_OTHER, "the text is kept as a draft");
    all.save_call(&[("published", "")]).await;
    assert_eq!(world.get("/garden-2027/calls/").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get_as(&ada, "/garden-2027/calls/talks/propose/").await.status, StatusCode::NOT_FOUND);
}

/// The text of the element with the class `value`, which is shown once.
fn shown_once(page: &str) -> String {
    let from =
        page.split("<pre class=\"value\"").nth(1).unwrap_or_else(|| panic!("nothing is shown: {page}"));
    from.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn who_has_an_access_code_submits_after_the_call_has_closed() {
    let all = Committee::with(&[("closes", "2020-01-01T12:00")]).await;
    let world = &all.world;
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let codes = format!("{}codes/", all.call);
    assert_eq!(world.get_as(&ada, &codes).await.status, StatusCode::NOT_FOUND);
    let made = world.post_as(&all.organiser, &codes, &[("note", "Ada"), ("until", "2099-01-01T12:00")]).await;
    let code = shown_once(made.text());
    let listed = world.get_as(&all.organiser, &codes).await;
    assert!(listed.text().contains("Good until") && !listed.text().contains(&code), "it is shown once");
    let past = world.post_as(&all.organiser, &codes, &[("note", "Bea"), ("until", "2020-01-01T12:00")]).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(past.text().contains("Bea") && past.text().contains("It is in the past"), "{}", past.text());

    let own = "/garden-2027/calls/talks/propose/";
    assert!(world.get_as(&ada, own).await.text().contains("Access code"));
    let late = [("title", "Late"), ("abstract", "x"), ("answer_outcome", "y"), ("do", "submit")];
    let mut wrong = late.to_vec();
    wrong.push(("code", "AAAA-BBBB-CCCC"));
    let refused = world.post_as(&ada, own, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("href=\"#f-code\""), "{}", refused.text());
    // Kept as a draft first, and submitted from its own page.
    let draft = world.post_as(&ada, own, &[("title", "Late"), ("do", "draft")]).await;
    let page = draft.header("location").to_owned();
    assert!(world.get_as(&ada, &page).await.text().contains("Access code"));
    let mut right = late.to_vec();
    right.push(("code", &code));
    let sent = world.post_as(&ada, &page, &right).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert!(world.get_as(&ada, &page).await.text().contains("Submitted"));
}

#[tokio::test]
async fn what_is_asked_about_a_call_is_answered_to_everybody_without_a_name() {
    let all = Committee::new().await;
    let world = &all.world;
    let public = "/garden-2027/calls/talks/";
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let asked =
        world.post_as(&ada, &format!("{public}questions/"), &[("question", "Is there *a piano*?")]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
    assert!(!world.get(public).await.text().contains("piano"), "it waits for its answer");
    assert!(world.get_as(&ada, public).await.text().contains("it waits for an answer"));
    let empty = world.post_as(&ada, &format!("{public}questions/"), &[("question", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);

    let desk = format!("{}questions/", all.call);
    let page = world.get_as(&all.organiser, &desk).await;
    assert!(page.text().contains("Waiting for an answer") && page.text().contains("ada"), "{}", page.text());
    let answer = page.text().split("class=\"form\" method=\"post\" action=\"").nth(1).unwrap();
    let answer = answer.split('"').next().unwrap().to_owned();
    assert_eq!(world.post_as(&ada, &answer, &[("answer", "No")]).await.status, StatusCode::NOT_FOUND);
    let blank = world.post_as(&all.organiser, &answer, &[("answer", "")]).await;
    assert_eq!(blank.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told =
        world.post_as(&all.organiser, &answer, &[("answer", "Two <script>alert(1)</script>pianos.")]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text());
    let amended = [("amendment", "The stage is *smaller*.")];
    let amended = world.post_as(&all.organiser, &format!("{}amend/", all.call), &amended).await;
    assert_eq!(amended.status, StatusCode::SEE_OTHER, "{}", amended.text());
    let shown = world.get(public).await;
    for part in ["<em>a piano</em>", "Amendment 1", "<em>smaller</em>"] {
        assert!(shown.text().contains(part), "{part}: {}", shown.text());
    }
    assert!(!shown.text().contains("alert(1)") && !shown.text().contains("ada@"), "{}", shown.text());
}
