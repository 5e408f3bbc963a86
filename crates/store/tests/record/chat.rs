//! The conversation of rooms.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    account::Proof,
    chat::{Author, Position, Rights, Said, Spoke, VOTE},
    edition::Edition,
    email::Email,
    feed::Actor,
    id::{AccountId, RoomId},
    permission::{Role, Scope, Subject},
    room::{LiveKind, LiveRoom, RoomAccess},
    text::{Line, RichText},
};
use store::{NewGrant, Saying, Store};
use uuid::Uuid;

on_both!(
    what_many_say_at_once_stands_in_one_order_and_nothing_twice,
    what_is_said_about_a_message_is_seen_with_it_and_refused_after_its_removal,
    another_process_hears_of_it,
    whoever_is_banned_says_nothing_until_the_ban_is_lifted,
    nothing_is_said_in_an_archived_edition,
    a_search_finds_what_messages_say_now,
    a_hack_room_has_a_name_of_its_own_and_is_closed_by_whoever_opened_it,
    what_somebody_said_follows_their_account_and_stays_without_it,
);

struct Room<'a> {
    store: &'a Store,
    edition: Edition,
    id: RoomId,
}

async fn a_room(world: &World) -> Room<'_> {
    import(world, &sample::programme("garden-2027", 3)).await;
    let slug = model::text::Slug::parse("garden-2027").unwrap();
    let edition = world.store.edition(&slug).await.unwrap().unwrap().edition;
    let programme = world.store.programme(edition.id).await.unwrap().unwrap();
    Room { store: &world.store, id: programme.rooms[0].id, edition }
}

fn message(text: &str) -> Said {
    Said::Message { text: RichText::clean(text), reply_to: None }
}

impl Room<'_> {
    fn saying(&self, who: AccountId, said: Said) -> Saying {
        Saying {
            id: Uuid::now_v7(),
            edition: self.edition.id,
            room: self.id,
            spoke: Spoke::Browser,
            author: Author::Account(who),
            name: Line::from("Ada"),
            rights: Rights { moderates: false, locked: false },
            said,
            outside: None,
        }
    }

    async fn say(&self, who: AccountId, said: Said) -> Result<Position, model::Refusal> {
        self.store.say(&[self.saying(who, said)]).await.unwrap().remove(0)
    }
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn what_many_say_at_once_stands_in_one_order_and_nothing_twice(world: World) {
    let room = a_room(&world).await;
    let ada = somebody(&world, "ada@example.org").await;
    let sayings: Vec<Saying> =
        (0..600).map(|number| room.saying(ada, message(&format!("Number {number}")))).collect();
    let said: Vec<Position> =
        room.store.say(&sayings).await.unwrap().into_iter().map(Result::unwrap).collect();
    assert!(said.windows(2).all(|pair| pair[0] < pair[1]));
    // A page whose connection broke sends all again, and something new.
    let mut again = sayings[500..].to_vec();
    again.push(room.saying(ada, message("New")));
    let outcome = room.store.say(&again).await.unwrap();
    assert_eq!(outcome[0], Ok(said[500]));
    assert_eq!(outcome[100].as_ref().unwrap(), &(said[599] + 1));
    let events = room.store.chat_since(0, 1_000).await.unwrap();
    assert_eq!(events.len(), 601);
    assert_eq!(room.store.chat_in(room.id, said[598], 10).await.unwrap().len(), 2);
    let (page, head) = room.store.chat_page(room.id, Some(said[10]), 5).await.unwrap();
    assert_eq!(page.iter().map(|one| one.position).collect::<Vec<_>>(), said[5..10]);
    assert_eq!(head, said[599] + 1);
    sound(&world).await;
}

async fn what_is_said_about_a_message_is_seen_with_it_and_refused_after_its_removal(world: World) {
    let room = a_room(&world).await;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let question = room.say(ada, Said::Question { text: "Why?".into() }).await.unwrap();
    let later = room.say(ada, Said::Question { text: "When?".into() }).await.unwrap();
    let vote = |given| Said::Reaction { target: later, emoji: VOTE.to_owned(), given };
    room.say(bob, vote(true)).await.unwrap();
    room.say(ada, Said::Edit { target: question, text: "Why though?".into() }).await.unwrap();
    assert!(room.say(bob, Said::Edit { target: question, text: "Mine".into() }).await.is_err());
    let questions = room.store.chat_questions(room.id).await.unwrap();
    assert_eq!(questions.iter().map(|one| one.position).collect::<Vec<_>>(), [later, question]);
    assert_eq!(questions[1].text, Some("Why though?".into()));
    // In one batch too, what was removed is gone for what follows.
    let reply = Said::Message { text: "Because".into(), reply_to: Some(question) };
    let both = [room.saying(ada, Said::Removal { target: question }), room.saying(bob, reply)];
    let outcome = room.store.say(&both).await.unwrap();
    assert!(outcome[0].is_ok() && outcome[1].is_err());
    assert!(room.say(bob, vote(false)).await.is_ok());
    let messages = room.store.chat_messages(&[question, later]).await.unwrap();
    assert_eq!((messages[0].text.clone(), messages[1].votes()), (None, 0));
    sound(&world).await;
}

async fn another_process_hears_of_it(world: World) {
    let room = a_room(&world).await;
    let ada = somebody(&world, "ada@example.org").await;
    let other = world.another().await;
    let mut head = other.watch_chat();
    let said = room.say(ada, message("Hello")).await.unwrap();
    let heard = tokio::time::timeout(std::time::Duration::from_secs(5), head.wait_for(|head| *head >= said));
    heard.await.expect("within five seconds").unwrap();
    assert_eq!(other.chat_since(0, 10).await.unwrap().len(), 1);
}

async fn whoever_is_banned_says_nothing_until_the_ban_is_lifted(world: World) {
    let room = a_room(&world).await;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let operator = Subject::operator("test".to_owned(), world.store.clock().now());
    let role = NewGrant::new(ada, Role::Moderator, Scope::Edition(room.edition.id));
    room.store.give(&operator, &role).await.unwrap();
    let moderator = Subject::person(ada, room.store.grants_of(ada).await.unwrap(), world.store.clock().now());
    let nobody = Subject::person(bob, vec![], world.store.clock().now());
    let reason = Line::from("Insults");
    assert!(room.store.ban(&nobody, &room.edition, ada, None, &reason).await.is_err());
    let ban = room.store.ban(&moderator, &room.edition, bob, None, &reason).await.unwrap();
    let refused = room.say(bob, message("Hello")).await.unwrap_err();
    assert!(!refused.to_string().contains("Insults"), "why is for those who moderate: {refused}");
    let spoken = room.say(ada, message("Peace")).await.unwrap();
    room.store.report(&nobody, &room.edition, room.id, spoken, &Line::from("Unfair")).await.unwrap();
    room.store.report(&nobody, &room.edition, room.id, spoken, &Line::from("Still")).await.unwrap();
    let reports = room.store.reports(&moderator, &room.edition).await.unwrap();
    assert_eq!(reports.len(), 1, "the same is reported once");
    assert!(room.store.reports(&nobody, &room.edition).await.is_err());
    room.store.settle_report(&moderator, &room.edition, reports[0].report.id).await.unwrap();
    assert!(room.store.reports(&moderator, &room.edition).await.unwrap().is_empty());
    room.store.lift_ban(&moderator, &room.edition, ban.id).await.unwrap();
    assert!(room.say(bob, message("Sorry")).await.is_ok());
    sound(&world).await;
}

async fn nothing_is_said_in_an_archived_edition(world: World) {
    let room = a_room(&world).await;
    let ada = somebody(&world, "ada@example.org").await;
    world.meddle("UPDATE edition SET state = 'archived'").await.unwrap();
    assert_eq!(room.say(ada, message("Hello")).await.unwrap_err().field, "edition");
}

async fn a_search_finds_what_messages_say_now(world: World) {
    let room = a_room(&world).await;
    let ada = somebody(&world, "ada@example.org").await;
    let first = room.say(ada, message("The Scheduler is slow")).await.unwrap();
    let second = room.say(ada, message("The allocator is fast, 100%")).await.unwrap();
    room.say(ada, Said::Edit { target: second, text: "The scheduler is fast".into() }).await.unwrap();
    let found = async |words: &str| -> Vec<Position> {
        let found = room.store.chat_search(room.id, words).await.unwrap();
        found.into_iter().map(|one| one.position).collect()
    };
    assert_eq!(found("scheduler").await, [second, first]);
    assert_eq!(found("SLOW sched").await, [first]);
    assert_eq!(found("100%").await, Vec::<Position>::new(), "it says so no more");
    assert_eq!(found("%").await, Vec::<Position>::new(), "it is a letter like any other");
    assert_eq!(found("  ").await, Vec::<Position>::new());
}

async fn a_hack_room_has_a_name_of_its_own_and_is_closed_by_whoever_opened_it(world: World) {
    let room = a_room(&world).await;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let subject = |who| Subject::person(who, vec![], world.store.clock().now());
    let open = async |who, name: &str| {
        room.store.open_hack_room(&subject(who), &room.edition, &Line::from(name), &RichText::default()).await
    };
    let one = open(ada, "Sheds").await.unwrap();
    let two = open(bob, "Sheds").await.unwrap();
    assert_ne!(one.slug, two.slug);
    assert!(room.store.close_live_room(&subject(bob), &room.edition, one.id, true).await.is_err());
    room.store.close_live_room(&subject(ada), &room.edition, one.id, true).await.unwrap();
    let known = room.store.live_room(room.edition.id, one.slug.as_str()).await.unwrap().unwrap();
    assert!(known.closed.is_some());
    for _ in 0..model::room::OWN_OPEN_MAX {
        open(ada, "More").await.unwrap();
    }
    assert!(open(ada, "Too many").await.is_err());
    // What is said of a room of the programme leaves its name to the programme.
    let operator = Subject::operator("test".to_owned(), world.store.clock().now());
    let programme = room.store.programme(room.edition.id).await.unwrap().unwrap();
    let said =
        LiveRoom { name: "Another".into(), access: RoomAccess::Private, ..LiveRoom::of(&programme.rooms[0]) };
    let put = room.store.put_live_room(&operator, &room.edition, &said).await.unwrap();
    assert_eq!((put.name, put.access), (programme.rooms[0].name.clone(), RoomAccess::Private));
    let gone = LiveRoom { id: RoomId(Uuid::now_v7()), ..said };
    assert!(room.store.put_live_room(&operator, &room.edition, &gone).await.is_err());
    let hallway = LiveRoom { kind: LiveKind::Hallway, name: "Hallway".into(), ..gone };
    assert!(room.store.put_live_room(&operator, &room.edition, &hallway).await.is_ok());
    sound(&world).await;
}

async fn what_somebody_said_follows_their_account_and_stays_without_it(world: World) {
    let room = a_room(&world).await;
    let ada = somebody(&world, "ada@example.org").await;
    let same = somebody(&world, "ada@other.example").await;
    let said = room.say(ada, message("Hello")).await.unwrap();
    let operator = Subject::operator("test".to_owned(), world.store.clock().now());
    room.store.merge_accounts(&operator, ada, same).await.unwrap();
    let edit = Said::Edit { target: said, text: "Hello!".into() };
    assert!(room.say(same, edit).await.is_ok(), "it is theirs");
    sound(&world).await;
    let proof = Proof::Email(Email::parse("ada@example.org").unwrap());
    assert_eq!(room.store.account_of(&proof).await.unwrap(), Some(same));
    room.store.delete_account(&Actor::person(same), same).await.unwrap();
    let messages = room.store.chat_messages(&[said]).await.unwrap();
    assert_eq!((messages[0].author.clone(), messages[0].name.as_str()), (Author::Gone, ""));
    assert_eq!(messages[0].text, Some("Hello!".into()));
    sound(&world).await;
}
