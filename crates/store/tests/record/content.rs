//! Pages, the menu, posts and sponsors: what is public without a release, once, and to whom it is mailed.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::{SignedDuration, Timestamp, civil::date};
use model::{
    edition::{Edition, Sponsor},
    feed::Sequence,
    id::{AccountId, EditionId, PostId, SponsorId, WebPageId},
    mail::List,
    page::{BuiltIn, Menu, MenuItem, MenuTarget, WebPage},
    permission::{Role, Scope, Subject},
    post::{Post, PostKind, Publication, Segment},
    programme::{Participation, Role as Part, Standing},
    text::{Line, RichText, Slug},
    time::{Clock, StoppedClock, SystemClock},
};
use std::sync::Arc;
use store::{NewGrant, PostStep, Store};
use uuid::Uuid;

on_both!(
    a_page_comes_back_as_it_was_written_and_its_address_is_its_own,
    a_page_that_goes_takes_its_entries_from_the_menu_and_the_log_brings_both_back,
    the_feed_says_which_editions_show_something_else,
    only_what_is_published_is_public,
    a_lead_writes_about_their_track_and_nothing_else,
    what_is_public_is_changed_only_by_those_who_may_publish,
    a_scheduled_post_is_published_once_by_however_many_nodes,
    a_post_is_mailed_once_to_each_person_and_not_to_those_who_left,
    a_count_of_recipients_is_what_is_sent_then,
    sponsors_of_an_edition_that_is_over_are_frozen,
    levels_are_taken_over_from_the_year_before_and_rank_the_sponsors,
    a_subscription_begins_and_ends_once,
    speakers_are_those_whose_session_takes_place,
    organisers_are_those_of_the_edition_its_series_and_everywhere,
    who_is_blocked_gets_no_post,
    a_sponsor_is_changed_as_it_is_at_that_moment,
);

const BASE: &str = "https://conf.example.org";

fn operator() -> Subject {
    Subject::operator("test".to_owned(), SystemClock.now())
}

async fn edition(world: &World, slug: &str) -> Edition {
    let programme = sample::programme(slug, 6);
    import(world, &programme).await;
    world.store.edition(&programme.edition.slug).await.unwrap().unwrap().edition
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

fn page(slug: &str) -> WebPage {
    WebPage {
        id: WebPageId(Uuid::nil()),
        slug: Slug::parse(slug).unwrap(),
        title: Line::clean(&format!("Page {slug}")),
        body: RichText::clean("## One\n\nText."),
        published: true,
        position: 0,
    }
}

fn post(slug: &str) -> Post {
    Post {
        id: PostId(Uuid::nil()),
        slug: Slug::parse(slug).unwrap(),
        title: Line::clean(&format!("Post {slug}")),
        kind: PostKind::Announcement,
        summary: Line::default(),
        body: RichText::clean("Some **words**."),
        author: Line::default(),
        track: None,
        created: Timestamp::UNIX_EPOCH,
        publication: Publication::Draft,
        mail_to: vec![],
        mastodon: false,
    }
}

fn to_page(page: &WebPage) -> MenuItem {
    MenuItem { label: Line::default(), target: MenuTarget::Page(page.id) }
}

async fn newest_entry(store: &Store, kind: &str) -> Sequence {
    let entries = store.changes_since(0, 100_000).await.unwrap();
    entries.iter().rev().find(|entry| entry.kind == kind).unwrap().seq
}

/// Somebody with that role.
async fn with_role(world: &World, address: &str, role: Role, scope: Scope) -> (AccountId, Subject) {
    let account = somebody(world, address).await;
    world.store.give(&operator(), &NewGrant::new(account, role, scope)).await.unwrap();
    let grants = world.store.grants_of(account).await.unwrap();
    (account, Subject::person(account, grants, SystemClock.now()))
}

async fn a_page_comes_back_as_it_was_written_and_its_address_is_its_own(world: World) {
    let home = edition(&world, "garden").await;
    let me = operator();
    let venue = world.store.add_page(&me, home.id, page("venue")).await.unwrap();
    assert_eq!(world.store.page(home.id, venue.id).await.unwrap(), Some(venue.clone()));
    let refused = world.store.add_page(&me, home.id, page("venue")).await.unwrap_err();
    assert!(refused.to_string().starts_with("slug:"), "{refused}");
    // Another edition has its own addresses.
    let other = edition(&world, "orchard").await;
    world.store.add_page(&me, other.id, page("venue")).await.unwrap();
    assert_eq!(world.store.page(other.id, venue.id).await.unwrap(), None);
    let head = world.store.head().await.unwrap();
    world.store.change_page(&me, home.id, venue.id, Ok).await.unwrap();
    assert_eq!(world.store.head().await.unwrap(), head, "the same page is no change");
    sound(&world).await;
}

async fn a_page_that_goes_takes_its_entries_from_the_menu_and_the_log_brings_both_back(world: World) {
    let home = edition(&world, "garden").await;
    let me = operator();
    let venue = world.store.add_page(&me, home.id, page("venue")).await.unwrap();
    let schedule = MenuItem { label: Line::default(), target: MenuTarget::BuiltIn(BuiltIn::Schedule) };
    let menu = Menu::from_rows([(schedule, false), (to_page(&venue), true)]);
    world.store.change_menu(&me, home.id, |_| Ok(menu.clone())).await.unwrap();
    let nowhere = MenuItem { label: Line::default(), target: MenuTarget::Page(WebPageId(Uuid::now_v7())) };
    let dangling = Menu::from_rows([(nowhere, false)]);
    assert!(world.store.change_menu(&me, home.id, |_| Ok(dangling.clone())).await.is_err());
    world.store.remove_page(&me, home.id, venue.id).await.unwrap();
    assert_eq!(world.store.menu(home.id).await.unwrap().unwrap().rows().count(), 1);
    sound(&world).await;
    world.store.undo(&me, newest_entry(&world.store, "page").await).await.unwrap();
    assert_eq!(world.store.page(home.id, venue.id).await.unwrap(), Some(venue));
    assert_eq!(world.store.menu(home.id).await.unwrap(), Some(menu));
    sound(&world).await;
}

async fn the_feed_says_which_editions_show_something_else(world: World) {
    let (home, other) = (edition(&world, "garden").await, edition(&world, "orchard").await);
    let me = operator();
    let before = world.store.head().await.unwrap();
    assert_eq!(world.store.content_changed_since(before).await.unwrap(), Vec::<EditionId>::new());
    world.store.add_page(&me, other.id, page("venue")).await.unwrap();
    assert_eq!(world.store.content_changed_since(before).await.unwrap(), [other.id]);
    let then = world.store.head().await.unwrap();
    let draft = world.store.add_post(&me, home.id, post("news")).await.unwrap();
    world.store.step_post(&me, home.id, draft.id, PostStep::Publish, BASE).await.unwrap();
    assert_eq!(world.store.content_changed_since(then).await.unwrap(), [home.id]);
}

async fn only_what_is_published_is_public(world: World) {
    let home = edition(&world, "garden").await;
    let me = operator();
    world.store.add_page(&me, home.id, WebPage { published: false, ..page("secret") }).await.unwrap();
    world.store.add_page(&me, home.id, page("venue")).await.unwrap();
    world.store.add_post(&me, home.id, post("draft")).await.unwrap();
    let later = world.store.add_post(&me, home.id, post("later")).await.unwrap();
    let at = SystemClock.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    world.store.step_post(&me, home.id, later.id, PostStep::Schedule(at), BASE).await.unwrap();
    let out = world.store.add_post(&me, home.id, post("out")).await.unwrap();
    world.store.step_post(&me, home.id, out.id, PostStep::Publish, BASE).await.unwrap();
    let content = world.store.content(home.id).await.unwrap();
    let pages: Vec<&str> = content.pages.iter().map(|page| page.slug.as_str()).collect();
    let posts: Vec<&str> = content.posts.iter().map(|post| post.slug.as_str()).collect();
    assert_eq!((pages, posts), (vec!["venue"], vec!["out"]));
    assert!(!content.sponsors.is_empty());
    world.store.step_post(&me, home.id, out.id, PostStep::TakeBack, BASE).await.unwrap();
    assert!(world.store.content(home.id).await.unwrap().posts.is_empty());
    sound(&world).await;
}

async fn a_lead_writes_about_their_track_and_nothing_else(world: World) {
    let home = edition(&world, "garden").await;
    let programme = world.store.programme(home.id).await.unwrap().unwrap();
    let [own, others] = [0, 1].map(|at| programme.tracks[at].id);
    let (_, lead) = with_role(&world, "lead@example.org", Role::Lead, Scope::Track(home.id, own)).await;
    let mine = Post { track: Some(own), ..post("mine") };
    let mine = world.store.add_post(&lead, home.id, mine).await.unwrap();
    for track in [None, Some(others)] {
        let refused = world.store.add_post(&lead, home.id, Post { track, ..post("theirs") }).await;
        assert!(refused.is_err());
        // Nor can a post be moved to where its author may not write.
        let moved = world.store.change_post(&lead, home.id, mine.id, |post| Ok(Post { track, ..post })).await;
        assert!(moved.is_err());
    }
    assert!(world.store.step_post(&lead, home.id, mine.id, PostStep::Publish, BASE).await.is_err());
    sound(&world).await;
}

async fn what_is_public_is_changed_only_by_those_who_may_publish(world: World) {
    let home = edition(&world, "garden").await;
    let (_, writer) =
        with_role(&world, "committee@example.org", Role::Committee, Scope::Edition(home.id)).await;
    let (_, editor) = with_role(&world, "editor@example.org", Role::Editor, Scope::Edition(home.id)).await;
    let draft = world.store.add_post(&writer, home.id, post("news")).await.unwrap();
    let retitled = |post: Post| Ok(Post { title: Line::clean("Other"), ..post });
    world.store.change_post(&writer, home.id, draft.id, retitled).await.unwrap();
    world.store.step_post(&editor, home.id, draft.id, PostStep::Publish, BASE).await.unwrap();
    assert!(world.store.change_post(&writer, home.id, draft.id, Ok).await.is_err());
    assert!(world.store.remove_post(&writer, home.id, draft.id).await.is_err());
    world.store.change_post(&editor, home.id, draft.id, retitled).await.unwrap();
    assert!(world.store.add_page(&writer, home.id, page("venue")).await.is_err(), "pages are not theirs");
}

async fn a_scheduled_post_is_published_once_by_however_many_nodes(world: World) {
    let home = edition(&world, "garden").await;
    let me = operator();
    somebody(&world, "reader@example.org").await;
    let (reader, _) = with_role(&world, "reader@example.org", Role::Organiser, Scope::Edition(home.id)).await;
    assert!(world.store.account(reader).await.unwrap().is_some());
    let draft = Post { mail_to: vec![Segment::Organisers], mastodon: true, ..post("news") };
    let draft = world.store.add_post(&me, home.id, draft).await.unwrap();
    let at = SystemClock.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    world.store.step_post(&me, home.id, draft.id, PostStep::Schedule(at), BASE).await.unwrap();
    assert_eq!(world.store.publish_due(BASE).await.unwrap(), vec![], "its time has not come");
    let later = at.checked_add(SignedDuration::from_secs(5)).unwrap();
    let clock = || Arc::new(StoppedClock(later));
    let (one, two) = (
        Store::open(&world.location, clock()).await.unwrap(),
        Store::open(&world.location, clock()).await.unwrap(),
    );
    let (first, second) = tokio::join!(one.publish_due(BASE), two.publish_due(BASE));
    assert_eq!(first.unwrap().len() + second.unwrap().len(), 1);
    let shown = world.store.post(home.id, draft.id).await.unwrap().unwrap();
    assert_eq!(shown.published().map(jiff::Timestamp::as_second), Some(later.as_second()));
    assert_eq!(world.store.post_mails(home.id, draft.id).await.unwrap(), 1);
    assert!(world.store.toot(home.id, draft.id).await.unwrap().is_some());
    sound(&world).await;
}

async fn a_post_is_mailed_once_to_each_person_and_not_to_those_who_left(world: World) {
    let home = edition(&world, "garden").await;
    let me = operator();
    let both = with_role(&world, "both@example.org", Role::Organiser, Scope::Edition(home.id)).await;
    world.store.subscribe(&both.1, home.id, true).await.unwrap();
    let (_, left) = with_role(&world, "left@example.org", Role::Organiser, Scope::Edition(home.id)).await;
    let left = left.account.unwrap();
    world.store.set_opt_out(&me.actor, left, &[], &home.series, List::Announcements, true).await.unwrap();
    let reader = somebody(&world, "reader@example.org").await;
    let reader = Subject::person(reader, vec![], SystemClock.now());
    world.store.subscribe(&reader, home.id, true).await.unwrap();
    let draft = Post { mail_to: vec![Segment::Organisers], ..post("news") };
    let draft = world.store.add_post(&me, home.id, draft).await.unwrap();
    let stepped = world.store.step_post(&me, home.id, draft.id, PostStep::Publish, BASE).await.unwrap();
    assert_eq!(stepped.mails, 1, "who left the list gets none");
    let more = [Segment::Organisers, Segment::Subscribers];
    assert_eq!(world.store.mail_post(&me, home.id, draft.id, &more, BASE).await.unwrap(), 1);
    assert_eq!(world.store.mail_post(&me, home.id, draft.id, &more, BASE).await.unwrap(), 0);
    assert_eq!(world.store.post_mails(home.id, draft.id).await.unwrap(), 3, "two sent, one kept");
    sound(&world).await;
}

async fn a_count_of_recipients_is_what_is_sent_then(world: World) {
    let home = edition(&world, "garden").await;
    let me = operator();
    for number in 0..7 {
        let reader = somebody(&world, &format!("reader{number}@example.org")).await;
        let reader = Subject::person(reader, vec![], SystemClock.now());
        world.store.subscribe(&reader, home.id, true).await.unwrap();
        if number == 0 {
            let account = reader.account.unwrap();
            let left = List::Announcements;
            world.store.set_opt_out(&me.actor, account, &[], &home.series, left, true).await.unwrap();
        }
    }
    let draft = world.store.add_post(&me, home.id, post("news")).await.unwrap();
    let draft = world.store.step_post(&me, home.id, draft.id, PostStep::Publish, BASE).await.unwrap().post;
    let segments = [Segment::Subscribers, Segment::Leads];
    let counted = world.store.audience(&home, &draft, &segments).await.unwrap();
    assert_eq!((counted.reach, counted.known, counted.left), (6, 0, 1));
    let sent = world.store.mail_post(&me, home.id, draft.id, &segments, BASE).await.unwrap();
    assert_eq!(sent, counted.reach);
    let again = world.store.audience(&home, &draft, &segments).await.unwrap();
    assert_eq!((again.reach, again.known), (0, 7));
}

fn sponsor(name: &str, level: &str) -> Sponsor {
    Sponsor {
        id: SponsorId(Uuid::now_v7()),
        name: Line::clean(name),
        level: Line::clean(level),
        rank: 0,
        url: None,
        logo: None,
        upload: None,
        description: RichText::default(),
    }
}

async fn sponsors_of_an_edition_that_is_over_are_frozen(world: World) {
    let home = edition(&world, "garden").await;
    let (_, editor) = with_role(&world, "editor@example.org", Role::Editor, Scope::Edition(home.id)).await;
    let (_, organiser) =
        with_role(&world, "organiser@example.org", Role::Organiser, Scope::Edition(home.id)).await;
    let acme = sponsor("Acme", "Catchbox");
    world.store.save_sponsor(&editor, home.id, &acme).await.unwrap();
    world
        .store
        .change(&operator().actor, home.id, |mut programme| {
            programme.edition.first_day = date(2021, 9, 20);
            programme.edition.last_day = date(2021, 9, 24);
            Ok(programme)
        })
        .await
        .unwrap();
    let renamed = Sponsor { name: Line::clean("Acme Ltd"), ..acme.clone() };
    let refused = world.store.save_sponsor(&editor, home.id, &renamed).await.unwrap_err();
    assert!(refused.to_string().contains("frozen"), "{refused}");
    assert!(world.store.remove_sponsor(&editor, home.id, acme.id).await.is_err());
    let by = operator().actor;
    let around = world.store.change(&by, home.id, |mut programme| {
        programme.sponsors.clear();
        Ok(programme)
    });
    assert!(around.await.is_err(), "there is no way around");
    let reason = Line::clean("They merged");
    assert!(world.store.reopen_sponsors(&editor, home.id, Some(&reason)).await.is_err());
    assert!(world.store.reopen_sponsors(&organiser, home.id, Some(&Line::default())).await.is_err());
    world.store.reopen_sponsors(&organiser, home.id, Some(&reason)).await.unwrap();
    world.store.save_sponsor(&editor, home.id, &renamed).await.unwrap();
    world.store.reopen_sponsors(&organiser, home.id, None).await.unwrap();
    assert!(world.store.save_sponsor(&editor, home.id, &acme).await.is_err());
    let feed = serde_json::to_string(&world.store.changes_since(0, 100_000).await.unwrap()).unwrap();
    assert!(feed.contains("They merged"), "the reason stands in the log");
    sound(&world).await;
}

async fn levels_are_taken_over_from_the_year_before_and_rank_the_sponsors(world: World) {
    let (last, this) = (edition(&world, "garden").await, edition(&world, "orchard").await);
    let me = operator();
    for (id, year) in [(last.id, 2030), (this.id, 2031)] {
        world
            .store
            .change(&me.actor, id, |mut programme| {
                programme.edition.series = Line::clean("Garden Days");
                programme.edition.first_day = date(year, 5, 1);
                programme.edition.last_day = date(year, 5, 2);
                programme.sponsors.clear();
                Ok(programme)
            })
            .await
            .unwrap();
    }
    let levels = ["Platinum", "Gold", "Catchbox"].map(Line::from);
    world.store.set_levels(&me, last.id, &levels).await.unwrap();
    assert!(world.store.copy_levels(&me, this.id).await.unwrap().is_some());
    for (name, level) in [("C", "Catchbox"), ("P", "Platinum"), ("G", "Gold"), ("H", "Gold")] {
        world.store.save_sponsor(&me, this.id, &sponsor(name, level)).await.unwrap();
    }
    let names = async || -> String {
        let (_, sponsors) = world.store.sponsors(this.id).await.unwrap();
        sponsors.iter().map(|sponsor| sponsor.name.to_string()).collect()
    };
    assert_eq!(names().await, "PGHC");
    let (_, sponsors) = world.store.sponsors(this.id).await.unwrap();
    world.store.move_sponsor(&me, this.id, sponsors[2].id, true).await.unwrap();
    assert_eq!(names().await, "PHGC");
    world.store.move_sponsor(&me, this.id, sponsors[0].id, false).await.unwrap();
    assert_eq!(names().await, "PHGC", "nobody leaves their level by moving");
    sound(&world).await;
}

async fn a_subscription_begins_and_ends_once(world: World) {
    let home = edition(&world, "garden").await;
    let account = somebody(&world, "reader@example.org").await;
    let reader = Subject::person(account, vec![], SystemClock.now());
    world.store.subscribe(&reader, home.id, true).await.unwrap();
    world.store.subscribe(&reader, home.id, true).await.unwrap();
    assert!(world.store.is_subscribed(home.id, account).await.unwrap());
    assert!(world.store.subscribe(&operator(), home.id, true).await.is_err(), "nobody is signed in");
    world.store.subscribe(&reader, home.id, false).await.unwrap();
    assert!(!world.store.is_subscribed(home.id, account).await.unwrap());
    sound(&world).await;
}

/// How many would get a post that is mailed to that segment.
async fn reach(world: &World, home: &Edition, segment: Segment) -> usize {
    world.store.audience(home, &post("news"), &[segment]).await.unwrap().reach
}

async fn speakers_are_those_whose_session_takes_place(world: World) {
    let mut programme = sample::programme("garden", 3);
    let persons: Vec<_> = programme.persons.iter().map(|person| person.id).collect();
    let speaks = |at: usize| Participation { person: persons[at], role: Part::Speaker };
    let slots = programme.sessions[0].slots.clone();
    let cancelled: Vec<_> = programme.sessions[1]
        .slots
        .iter()
        .map(|slot| model::programme::Slot { standing: Standing::Cancelled, ..slot.clone() })
        .collect();
    assert!(!slots.is_empty() && !cancelled.is_empty());
    // The first takes place, the second is cancelled, the third has no time yet; the last person is in the first two.
    programme.sessions[0].people = vec![speaks(0), speaks(3)];
    (programme.sessions[1].people, programme.sessions[1].slots) = (vec![speaks(1), speaks(3)], cancelled);
    (programme.sessions[2].people, programme.sessions[2].slots) = (vec![speaks(2)], vec![]);
    import(&world, &programme).await;
    let home = world.store.edition(&programme.edition.slug).await.unwrap().unwrap().edition;
    assert_eq!(reach(&world, &home, Segment::Speakers).await, 0, "nobody is matched by name");
    for (at, person) in persons.iter().enumerate() {
        let account = somebody(&world, &format!("speaker{at}@example.org")).await;
        world.store.set_speaker_account(&operator(), home.id, *person, Some(account)).await.unwrap();
    }
    assert_eq!(
        reach(&world, &home, Segment::Speakers).await,
        3,
        "but the one whose only session is cancelled"
    );
    // One slot of two that takes place is enough.
    let actor = &operator().actor;
    world
        .store
        .change(actor, home.id, |mut all| {
            let at =
                all.sessions.iter().position(|one| one.people.iter().any(|part| part.person == persons[1]));
            let session = &mut all.sessions[at.unwrap()];
            let mut again = session.slots[0].clone();
            again.id = model::id::SlotId(Uuid::now_v7());
            again.number = 9_999;
            again.standing = Standing::Planned;
            session.slots.push(again);
            Ok(all)
        })
        .await
        .unwrap();
    assert_eq!(reach(&world, &home, Segment::Speakers).await, 4);
    sound(&world).await;
}

async fn organisers_are_those_of_the_edition_its_series_and_everywhere(world: World) {
    let home = edition(&world, "garden").await;
    let other = edition(&world, "orchard").await;
    let scopes = [
        Scope::Everywhere,
        Scope::Series(home.series.clone()),
        Scope::Edition(home.id),
        Scope::Edition(other.id),
        Scope::Series(Line::from("Another series")),
    ];
    for (at, scope) in scopes.into_iter().enumerate() {
        with_role(&world, &format!("organiser{at}@example.org"), Role::Organiser, scope).await;
    }
    assert_eq!(reach(&world, &home, Segment::Organisers).await, 3);
}

async fn who_is_blocked_gets_no_post(world: World) {
    let home = edition(&world, "garden").await;
    let (account, _) = with_role(&world, "ada@example.org", Role::Organiser, Scope::Edition(home.id)).await;
    assert_eq!(reach(&world, &home, Segment::Organisers).await, 1);
    world.store.block_account(&operator(), account).await.unwrap();
    assert_eq!(reach(&world, &home, Segment::Organisers).await, 0);
}

async fn a_sponsor_is_changed_as_it_is_at_that_moment(world: World) {
    let home = edition(&world, "garden").await;
    let me = operator();
    let (_, sponsors) = world.store.sponsors(home.id).await.unwrap();
    let first = &sponsors[0];
    let renamed = |name: &'static str| {
        move |present: Option<&Sponsor>| {
            Ok(present.map(|present| Sponsor { name: Line::from(name), ..present.clone() }))
        }
    };
    world.store.change_sponsor(&me, home.id, first.id, renamed("Renamed")).await.unwrap();
    // Who saw the old one and says so is refused, whatever was read before.
    let seen = first.clone();
    let refused = world.store.change_sponsor(&me, home.id, first.id, |present| {
        if present == Some(&seen) { Ok(None) } else { Err(model::Refusal::new("seen", "it changed", "Look")) }
    });
    assert!(refused.await.unwrap_err().to_string().contains("it changed"));
    let gone = world.store.change_sponsor(&me, home.id, first.id, |_| Ok(None)).await.unwrap();
    assert_eq!(gone, None);
    assert_eq!(world.store.sponsors(home.id).await.unwrap().1.len(), sponsors.len() - 1);
    sound(&world).await;
}
