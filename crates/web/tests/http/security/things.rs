//! One of each thing that an address can name, in `garden-2027` or of its organiser.

use crate::world::{SignedIn, World};
use model::{
    call::{Call, CallKind},
    edition::Sponsor,
    email::Email,
    feed::Actor,
    id::{CallId, PostId, RegistrationId, SessionTypeId, SponsorId, WebPageId},
    mail::{MailKind, Mailbox, NewMail},
    page::WebPage,
    permission::{Subject, TokenScope},
    post::{Post, PostKind, Publication},
    programme::SessionKind,
    proposal::Content,
    registration::{Attendance, Registration, RegistrationState, RegistrationType},
    session_type::SessionType,
    text::{Line, RichText, Slug, WebUrl},
};
use std::collections::{BTreeSet, HashMap};
use store::{NewToken, WebhookEdit};

pub(super) async fn make(world: &World, ours: &SignedIn) -> HashMap<&'static str, String> {
    let store = &world.store;
    let edition = world.edition("garden-2027").await;
    let id = edition.id;
    let programme = store.programme(id).await.unwrap().unwrap();
    let known = store.account(ours.account).await.unwrap().unwrap();
    let person = Actor::person(ours.account);
    let organiser =
        Subject::person(ours.account, store.grants_of(ours.account).await.unwrap(), store.clock().now());
    let address = |text: &str| Email::parse(text).unwrap();
    let url = |text: &str| WebUrl::parse(text).unwrap();

    let kind = SessionType {
        id: SessionTypeId::from_key("garden", "type"),
        name: Line::clean("Workshop"),
        kind: SessionKind::Talk,
        minutes: 90,
        description: RichText::default(),
    };
    let added = kind.clone();
    store.change_session_types(&person, id, |_| Ok(vec![added])).await.unwrap();
    let calendar = store
        .add_calendar(&person, id, &Line::clean("Others"), &url("https://others.example.org/a.ics"), &[])
        .await
        .unwrap();
    let registration = Registration {
        id: RegistrationId::from_key("garden", "registration"),
        edition: id,
        email: address("guest@example.org"),
        name: Line::clean("Guest"),
        kind: RegistrationType::Attendee,
        mode: Attendance::InPerson,
        affiliation: Line::default(),
        country: Line::default(),
        zone: None,
        code: Line::default(),
        state: RegistrationState::Active,
        account: None,
    };
    store.put_registration(&person, &registration).await.unwrap();
    let hook = WebhookEdit {
        name: Line::clean("Hook"),
        url: url("https://hook.example.org/"),
        kinds: BTreeSet::new(),
    };
    let (webhook, _) = store.add_webhook(&organiser, Some(id), &hook).await.unwrap();
    let delivery = store.ping_webhook(&organiser, webhook).await.unwrap();
    let mail = NewMail {
        edition: Some(id),
        ..NewMail::new(MailKind::Notice, Mailbox::bare(address("guest@example.org")))
            .with("subject", "Hello")
            .with("body", "Some words.")
            .with("link", "")
    };
    let mail = store.queue_mail(&person, vec![mail]).await.unwrap().queued[0];
    let token =
        NewToken { name: Line::clean("Script"), scope: TokenScope::Write, edition: None, expires: None };
    let (token, _) = store.add_token(&person, ours.account, &token).await.unwrap();
    let page = WebPage {
        id: WebPageId::from_key("garden", "page"),
        slug: Slug::parse("venue").unwrap(),
        title: Line::clean("The venue"),
        body: RichText::default(),
        published: true,
        position: 0,
    };
    let page = store.add_page(&organiser, id, page).await.unwrap();
    let post = Post {
        id: PostId::from_key("garden", "post"),
        slug: Slug::parse("news").unwrap(),
        title: Line::clean("News"),
        kind: PostKind::Blog,
        summary: Line::default(),
        body: RichText::clean("There is news."),
        author: Line::default(),
        track: None,
        created: store.clock().now(),
        publication: Publication::Draft,
        mail_to: vec![],
        mastodon: false,
    };
    let post = store.add_post(&organiser, id, post).await.unwrap();
    let sponsor = Sponsor {
        id: SponsorId::from_key("garden", "sponsor"),
        name: Line::clean("Spade Works"),
        level: Line::clean("Gold"),
        rank: 0,
        url: None,
        logo: None,
        upload: None,
        description: RichText::default(),
    };
    store.set_levels(&organiser, id, &[Line::clean("Gold")]).await.unwrap();
    store.save_sponsor(&organiser, id, &sponsor).await.unwrap();
    let call = CallId::from_key("garden", "call");
    let open = Call { published: true, ..Call::usual(call, CallKind::Presentations) };
    let slug = open.slug.to_string();
    store.put_call(&organiser, id, call, |_| Ok((open, vec![]))).await.unwrap();
    let content = Content {
        title: Line::clean("A talk"),
        summary: RichText::clean("About it."),
        minutes: Some(45),
        form: 1,
        ..Content::default()
    };
    // Submitted, so that the desk has it too.
    let submit = Some("");
    let proposal = store.begin_proposal(&organiser, id, call, &content, submit).await.unwrap().proposal.id;
    let rolling = CallId::from_key("garden", "microconferences");
    let open_too = Call { published: true, ..Call::usual(rolling, CallKind::Microconferences) };
    store.put_call(&organiser, id, rolling, |_| Ok((open_too, vec![]))).await.unwrap();
    let area = Content { title: Line::clean("An area"), minutes: Some(180), ..content.clone() };
    let begun = store.begin_proposal(&organiser, id, rolling, &area, submit).await.unwrap();
    let microconference = begun.proposal.id;
    let idea = store.post_idea(&organiser, id, &Line::clean("An idea"), &content.summary).await.unwrap();
    let name = Line::clean("Somebody");
    let invited = (&name, &address("somebody@friends.example"), true);
    let author =
        store.invite_author(&organiser, id, proposal, invited, "https://conf.example.org").await.unwrap();
    let question = store.ask(&organiser, &edition, call, &RichText::clean("Where?")).await.unwrap();
    // What somebody else proposes and agreed to pass on, so that the organiser decides it.
    let new = store::NewAccount { name: Line::clean("Author"), ..store::NewAccount::default() };
    let proof = model::account::Proof::Email(address("author@elsewhere.example"));
    let another = store.account_for(&Actor::System, &proof, &new).await.unwrap();
    let another = Subject::person(another, vec![], store.clock().now());
    let begun = store.begin_proposal(&another, id, call, &content, submit).await.unwrap();
    let passed = begun.proposal.id;
    let none = RichText::default();
    let to = (&store::Target::Here(id, rolling), &none);
    let forward = store.offer_forward(&organiser, &edition, passed, to, "").await.unwrap().id;
    store.answer_forward(&another, id, (passed, forward), (true, &none), "").await.unwrap();
    let other = store::NewPartner {
        name: Line::clean("Orchard"),
        address: model::partner::edition_address("https://orchard.example/2027/").unwrap(),
        key: model::partner::PublicKey([7; 32]),
    };
    let partner = store.add_partner(&organiser, id, &other).await.unwrap();
    let until = store.clock().now() + jiff::SignedDuration::from_hours(1);
    let (code, _) = store.add_access_code(&organiser, &edition, call, (&name, until)).await.unwrap();
    let entries = store.changes_since(0, 10_000).await.unwrap();
    let seq = entries.iter().find(|entry| entry.edition == Some(id)).unwrap().seq;
    let said = store::Saying {
        id: uuid::Uuid::now_v7(),
        edition: id,
        room: programme.rooms[0].id,
        spoke: model::chat::Spoke::Browser,
        author: model::chat::Author::Account(ours.account),
        name: name.clone(),
        rights: model::chat::Rights { moderates: false, locked: false },
        said: model::chat::Said::Message { text: RichText::clean("Hello"), reply_to: None },
        outside: None,
    };
    let said = store.say(&[said]).await.unwrap().remove(0).unwrap();
    let guest = world.sign_in("guest-of-rooms@friends.example", &[]).await.account;
    let visiting = Subject::person(guest, vec![], store.clock().now());
    store.report(&visiting, &edition, programme.rooms[0].id, said, &name).await.unwrap();
    let report = store.reports(&organiser, &edition).await.unwrap()[0].report.id;
    let ban = store.ban(&organiser, &edition, guest, None, &name).await.unwrap().id;
    let session = programme.sessions.iter().find(|session| !session.slots.is_empty()).unwrap();

    HashMap::from([
        ("edition", edition.slug.to_string()),
        ("call", slug),
        ("desk:call", call.to_string()),
        ("desk:question", question.id.to_string()),
        ("desk:code", code.id.to_string()),
        ("proposal", proposal.to_string()),
        ("author", author.id.to_string()),
        ("microconference", microconference.to_string()),
        ("idea", idea.id.to_string()),
        ("forward", forward.to_string()),
        ("partner", partner.to_string()),
        ("answer", "accept".to_owned()),
        ("track", programme.tracks[0].slug.to_string()),
        ("desk:track", programme.tracks[0].id.to_string()),
        ("room", programme.rooms[0].slug.to_string()),
        ("desk:room", programme.rooms[0].id.to_string()),
        ("report", report.to_string()),
        ("ban", ban.to_string()),
        ("session", session.code.to_string()),
        ("desk:session", session.id.to_string()),
        ("code", session.code.to_string()),
        ("slot", session.slots[0].id.to_string()),
        ("speaker", programme.persons[0].slug.to_string()),
        ("person", programme.persons[0].id.to_string()),
        ("type", kind.id.to_string()),
        ("shift", "up".to_owned()),
        ("day", "2027-05-01".to_owned()),
        ("number", "1".to_owned()),
        ("version", "1".to_owned()),
        ("page", page.slug.to_string()),
        ("desk:page", page.id.to_string()),
        ("post", post.slug.to_string()),
        ("desk:post", post.id.to_string()),
        ("sponsor", sponsor.id.to_string()),
        ("account", ours.account.to_string()),
        ("calendar", calendar.to_string()),
        ("registration", registration.id.to_string()),
        ("template", MailKind::Registered.template_id(id).to_string()),
        ("webhook", webhook.to_string()),
        ("delivery", delivery.to_string()),
        ("mail", mail.to_string()),
        ("seq", seq.to_string()),
        ("identity", known.identities[0].id.to_string()),
        ("handle", known.account.handle.to_string()),
        // Below `/account/` a token of programs; elsewhere a secret in an address, which nobody knows.
        ("token", token.id.to_string()),
        // What a homeserver names when it calls; the test's site has none.
        ("transaction", "1".to_owned()),
        ("user", "@plenary_a:example.org".to_owned()),
        ("alias", "plenary_a".to_owned()),
        // Made by pages alone: what is behind them is tried by the tests of their capability.
        ("credential", "01900000-0000-7000-8000-000000000001".to_owned()),
        ("upload", "01900000-0000-7000-8000-000000000002".to_owned()),
        ("server", "bbb1".to_owned()),
        ("provider", "nowhere".to_owned()),
        ("file", "event.ics".to_owned()),
        ("hash", "x".to_owned()),
        ("name", "x".to_owned()),
        ("field", "x".to_owned()),
        ("list", "x".to_owned()),
        ("key", "x".to_owned()),
    ])
}
