//! Proposals that are passed on: through the pages, and between two Plenarys that are two real servers.

use crate::{
    calls::{Committee, DESK, last_part},
    world::{World, options},
};
use axum::http::StatusCode;
use jiff::Timestamp;
use model::{
    account::Proof,
    call::{Call, CallKind},
    email::Email,
    feed::Actor,
    forward::State,
    id::{CallId, ProposalId},
    partner::{Envelope, Message, PublicKey, edition_address},
    permission::{Role, Scope, Subject},
    proposal::{Content, State as Standing},
    text::{Line, RichText, Slug},
    time::SystemClock,
};
use partner::sign::Key;
use std::{sync::Arc, time::Duration};
use store::{ForwardAnswer, NewAccount, NewGrant, NewPartner, PartnerSeed, Target};
use uuid::Uuid;
use web::SiteOptions;

#[tokio::test]
async fn a_proposal_is_passed_on_through_the_pages_and_each_is_told_what_comes_next() {
    let all = Committee::new().await;
    let (world, olga) = (&all.world, &all.organiser);
    let page = async |who, path: &str| {
        let answer = world.get_as(who, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text().to_owned()
    };
    let edition = world.edition("garden-2027").await;
    let bofs = CallId::from_key("garden", "bofs");
    let operator = Subject::operator("test".to_owned(), world.store.clock().now());
    let new = Call { published: true, minutes: vec![15, 30], ..Call::usual(bofs, CallKind::Bofs) };
    world.store.put_call(&operator, edition.id, bofs, |_| Ok((new, vec![]))).await.unwrap();
    let ada = world.sign_in("ada@authors.example", &[]).await;
    let own = all.submit(&ada, "Compost for everybody").await;
    let desk = format!("{DESK}/proposals/{}/", last_part(&own));
    let shown = page(olga, &desk).await;
    assert!(
        shown.contains("Passing it on") && shown.contains("BoFs and hack sessions, Garden Days"),
        "{shown}"
    );

    // What was typed stays where nothing was chosen.
    let refused =
        world.post_as(olga, &format!("{desk}forward/"), &[("to", ""), ("note", "Small but good")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("No call is chosen") && refused.text().contains("Small but good"));
    let to = format!("here {} {bofs}", edition.id);
    let fields = [("to", to.as_str()), ("note", "Small *but* good")];
    let offered = world.post_as(olga, &format!("{desk}forward/"), &fields).await;
    assert_eq!(offered.status, StatusCode::SEE_OTHER, "{}", offered.text());
    let shown = page(olga, &desk).await;
    assert!(shown.contains("Waits for the authors") && !shown.contains("To which call"), "one at a time");
    assert!(page(olga, &format!("{DESK}/proposals/to-do/")).await.contains("Passed on by you"));

    let asked = page(&ada, &own).await;
    assert!(asked.contains("May it be passed on?") && asked.contains("Small <em>but</em> good"), "{asked}");
    let action = asked.split("forwards/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let answer = format!("{own}forwards/{action}/");
    let other = world.sign_in("other@authors.example", &[]).await;
    assert_eq!(world.post_as(&other, &answer, &[("do", "agree")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.post_as(&ada, &answer, &[]).await.status, StatusCode::NOT_FOUND, "she said nothing");
    world.post_as(&ada, &answer, &[("do", "agree"), ("note", "Why not")]).await;
    assert!(!page(&ada, &own).await.contains("May it be passed on?"));

    let to_do = page(olga, &format!("{DESK}/proposals/to-do/")).await;
    assert!(to_do.contains("Passed on to you"), "{to_do}");
    let forwards = format!("{DESK}/proposals/forwards/");
    let incoming = format!("{forwards}{action}/");
    assert!(page(olga, &forwards).await.contains(&incoming));
    let shown = page(olga, &incoming).await;
    assert!(shown.contains("<option value=\"30\" selected>") && shown.contains("Why not"), "{shown}");
    assert_eq!(world.get_as(&ada, &incoming).await.status, StatusCode::NOT_FOUND);
    let wrong =
        world.post_as(olga, &incoming, &[("do", "accept"), ("minutes", "20"), ("note", "Kept")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("no 20 minutes") && wrong.text().contains("Kept"));
    let taken =
        world.post_as(olga, &incoming, &[("do", "accept"), ("minutes", "15"), ("note", "Gladly")]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    let new = taken.header("location").to_owned();
    let shown = page(olga, &new).await;
    assert!(shown.contains("#2 Compost for everybody") && shown.contains("15 minutes"), "{shown}");
    assert!(shown.contains("ada agreed") && shown.contains("Gladly"), "the trail goes along: {shown}");
    let old = page(olga, &desk).await;
    assert!(old.contains("Forwarded") && old.contains(&new), "and says where it went: {old}");
    let mine = page(&ada, &own).await;
    assert!(mine.contains("Another call has it now") && mine.contains("The committee accepted it"), "{mine}");
    assert!(store::verify(&world.store).await.unwrap().is_empty());
}

/// A Plenary that is reached where it listens, and calls others on this machine.
async fn plenary(edition: &str) -> World {
    let options = SiteOptions { base_url: None, fetch_private: true, ..options() };
    World::with(&[edition], options, Arc::new(SystemClock)).await
}

struct Side {
    world: World,
    edition: model::edition::Edition,
    call: CallId,
    committee: Subject,
    address: String,
    key: PublicKey,
}

impl Side {
    async fn new(slug: &str, kind: CallKind) -> Self {
        let world = plenary(slug).await;
        let edition = world.edition(slug).await;
        let call = CallId::from_key(slug, "call");
        let new = Call { published: true, ..Call::usual(call, kind) };
        let operator = Subject::operator("test".to_owned(), world.store.clock().now());
        world.store.put_call(&operator, edition.id, call, |_| Ok((new, vec![]))).await.unwrap();
        let address = format!("chair@{slug}.example");
        let account = person(&world, &address).await.account.unwrap();
        let role = NewGrant::new(account, Role::Committee, Scope::Edition(edition.id));
        world.store.give(&operator, &role).await.unwrap();
        let grants = world.store.grants_of(account).await.unwrap();
        let committee = Subject::person(account, grants, world.store.clock().now());
        let about = world.get(&format!("/{slug}/forwards/")).await.json();
        let address = about["address"].as_str().unwrap().to_owned();
        let key = PublicKey::parse(about["key"].as_str().unwrap()).unwrap();
        Self { world, edition, call, committee, address, key }
    }

    /// Enters the other as a partner.
    async fn knows(&self, other: &Self) {
        let address = edition_address(&other.address).unwrap();
        let new = NewPartner { name: other.edition.title.clone(), address, key: other.key };
        self.world.store.add_partner(&self.committee, self.edition.id, &new).await.unwrap();
    }

    async fn their_calls(&self) -> Vec<String> {
        let known = self.world.store.partners(&self.committee, self.edition.id).await.unwrap();
        known[0].partner.calls.iter().map(|call| call.slug.to_string()).collect()
    }
}

async fn person(world: &World, address: &str) -> Subject {
    let name = Line::clean(address.split('@').next().unwrap());
    let new = NewAccount { name, ..NewAccount::default() };
    let proof = Proof::Email(Email::parse(address).unwrap());
    let account = world.store.account_for(&Actor::System, &proof, &new).await.unwrap();
    Subject::person(account, vec![], world.store.clock().now())
}

/// Waits until `rule` holds.
async fn until(what: &str, rule: impl AsyncFn() -> bool) {
    for _ in 0..150 {
        if rule().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} does not happen");
}

#[tokio::test]
async fn two_plenarys_pass_a_proposal_on_and_tell_each_other() {
    let (here, there) = (
        Side::new("garden-2027", CallKind::Presentations).await,
        Side::new("orchard-2027", CallKind::Bofs).await,
    );
    assert_ne!(here.key, there.key, "each has its own");
    there.knows(&here).await;
    here.knows(&there).await;
    until("that the garden knows the orchard's calls", async || here.their_calls().await == ["bofs"]).await;
    let store = &here.world.store;
    let ada = person(&here.world, "ada@authors.example").await;
    let content = Content {
        title: Line::from("Compost for all"),
        summary: RichText::clean("About heaps."),
        minutes: Some(45),
        form: 1,
        ..Content::default()
    };
    let begun = store.begin_proposal(&ada, here.edition.id, here.call, &content, Some("")).await.unwrap();
    let id = begun.proposal.id;
    let none = RichText::default();
    let offer = async || {
        let partner = store.partners(&here.committee, here.edition.id).await.unwrap()[0].partner.id;
        let to = Target::Away(partner, Slug::parse("bofs").unwrap());
        let note = RichText::clean("Better with you.");
        let forward =
            store.offer_forward(&here.committee, &here.edition, id, (&to, &note), "").await.unwrap();
        store.answer_forward(&ada, here.edition.id, (id, forward.id), (true, &none), "").await.unwrap();
        forward.id
    };
    let arrived =
        async || there.world.store.incoming_forwards(&there.committee, &there.edition).await.unwrap().pop();
    // Taken back before it is answered.
    let first = offer().await;
    until("that the offer arrives", async || arrived().await.is_some()).await;
    store.cancel_forward(&here.committee, &here.edition, first, &none, "").await.unwrap();
    until("that it is taken back there", async || arrived().await.is_none()).await;
    // Offered again, and taken.
    let second = offer().await;
    until("that the offer arrives again", async || arrived().await.is_some()).await;
    let incoming =
        there.world.store.incoming_forward(&there.committee, &there.edition, second).await.unwrap().unwrap();
    assert_eq!((incoming.title.as_str(), incoming.authors[0].as_str()), ("Compost for all", "ada"));
    let answer = ForwardAnswer { accept: true, minutes: None, note: RichText::clean("Gladly.") };
    let base = there.world.site.base_url().to_owned();
    let taken = there
        .world
        .store
        .decide_forward(&there.committee, &there.edition, second, &answer, &base)
        .await
        .unwrap();
    let state = async || store.own_proposal(&ada, here.edition.id, id).await.unwrap().unwrap().proposal.state;
    until("that the answer comes back", async || state().await == Standing::Forwarded).await;
    let own = store.own_forwards(&ada, here.edition.id, id).await.unwrap();
    assert_eq!((own[0].forward.state, own[1].forward.state), (State::Accepted, State::Cancelled));
    let new: ProposalId = taken.to.proposal().unwrap();
    let page = own[0].to.page.as_ref().unwrap().as_str();
    assert_eq!(page, format!("{base}/account/proposals/orchard-2027/{new}/"));
    // She proves the same address there, and finds herself invited.
    let ada_there = person(&there.world, "ada@authors.example").await;
    let invited = there.world.store.own_proposals(ada_there.account.unwrap()).await.unwrap();
    there.world.store.answer_invitation(&ada_there, invited[0].invited.unwrap(), true).await.unwrap();
    let filed = there.world.store.own_proposal(&ada_there, there.edition.id, new).await.unwrap().unwrap();
    assert_eq!((filed.proposal.state, filed.proposal.content.minutes), (Standing::Submitted, Some(45)));
    for side in [&here, &there] {
        assert_eq!(store::verify(&side.world.store).await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn only_a_partner_is_believed_and_only_once() {
    let side = Side::new("garden-2027", CallKind::Presentations).await;
    let world = &side.world;
    let path = "/garden-2027/forwards/";
    let key = Key::new(&PartnerSeed([3; 32])).unwrap();
    let from = edition_address("https://orchard.example/2027/").unwrap();
    let envelope =
        Envelope { id: Uuid::now_v7(), from: from.clone(), forward: None, message: Message::Calls };
    let body = serde_json::to_string(&envelope).unwrap();
    let target = format!("{}forwards/", side.address);
    let post = async |nonce: &str, now: Timestamp, sent: &str| {
        let signed = key.sign(&target, body.as_bytes(), now, nonce).unwrap();
        let headers = [
            ("content-type", "application/json"),
            ("content-digest", signed.digest.as_str()),
            ("signature-input", signed.input.as_str()),
            ("signature", signed.signature.as_str()),
        ];
        world.send("POST", path, &headers, sent).await
    };
    let unsigned = world.send("POST", path, &[("content-type", "application/json")], &body).await;
    assert_eq!(unsigned.status, StatusCode::UNAUTHORIZED, "{}", unsigned.text());
    let now = world.store.clock().now();
    let stranger = post("nonce-001", now, &body).await;
    assert_eq!(stranger.status, StatusCode::FORBIDDEN);
    assert!(stranger.json()["remedy"].as_str().unwrap().contains("Partners"), "{}", stranger.text());
    let new = NewPartner { name: Line::from("Orchard"), address: from, key: key.public().unwrap() };
    world.store.add_partner(&side.committee, side.edition.id, &new).await.unwrap();
    let known = post("nonce-001", now, &body).await;
    assert_eq!(known.status, StatusCode::OK, "{}", known.text());
    assert_eq!(known.json()["calls"][0]["slug"], "presentations");
    assert_eq!(post("nonce-001", now, &body).await.status, StatusCode::CONFLICT, "the same again");
    let changed = post("nonce-002", now, &body.replace("calls", "cancel")).await;
    assert_eq!(changed.status, StatusCode::UNAUTHORIZED);
    let old = post("nonce-003", now - jiff::SignedDuration::from_mins(6), &body).await;
    assert!(old.status == StatusCode::UNAUTHORIZED && old.text().contains("clocks"), "{}", old.text());
    let long = " ".repeat(model::partner::MESSAGE_MAX + 1);
    assert_eq!(post("nonce-004", now, &long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Nobody may keep the server busy with signatures.
    let mut limited = false;
    for _ in 0..80 {
        limited |= world.send("POST", path, &[], "").await.status == StatusCode::TOO_MANY_REQUESTS;
    }
    assert!(limited);
}
