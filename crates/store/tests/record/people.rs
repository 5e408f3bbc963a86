//! Merging accounts, viewing as another person, finding people, and one's own data.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    account::{AccountState, Handle, Proof, Visibility},
    email::Email,
    feed::Actor,
    id::{AccountId, IdentityId},
    mail::List,
    permission::{Action, Place, Role, Scope, Subject},
    text::{Line, RichText},
};
use store::{AccountEdit, LINK_LIFE, NewGrant, PeopleQuery, Purpose, Way, WaysIn};

on_both!(
    a_merge_moves_everything_and_undoing_gives_all_of_it_back,
    what_came_after_a_merge_stays_when_it_is_undone,
    lists_that_were_left_by_a_merge_alone_are_not_left_after_it_is_undone,
    merges_are_undone_in_the_order_in_which_they_are_nested,
    two_accounts_of_one_person_merge_with_a_link_and_only_for_who_asked,
    an_address_that_nobody_has_is_added_instead_of_merged,
    only_who_may_merge_accounts_of_others,
    the_last_way_into_an_account_stays_and_one_address_is_primary,
    an_account_with_the_same_address_without_its_tag_is_offered,
    viewing_as_another_reads_only_is_logged_and_ends,
    a_view_ends_when_a_role_on_either_side_says_so,
    people_are_found_by_name_handle_and_address,
    who_organises_a_series_is_known_there_without_any_edition,
    a_deleted_person_is_named_nowhere_in_the_record,
    the_last_administrator_cannot_delete_their_account,
    ones_own_data_holds_no_secret_and_what_was_done_is_told,
);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn operator(world: &World) -> Subject {
    Subject::operator("test".to_owned(), world.store.clock().now())
}

async fn subject(world: &World, id: AccountId) -> Subject {
    Subject::person(id, world.store.grants_of(id).await.unwrap(), world.store.clock().now())
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn addresses(world: &World, id: AccountId) -> Vec<String> {
    let known = world.store.account(id).await.unwrap().unwrap();
    known.identities.iter().filter_map(|one| one.proof.email()).map(ToString::to_string).collect()
}

async fn rename(world: &World, id: AccountId, name: &str, handle: &str) {
    let edit = AccountEdit {
        name: Line::from(name),
        handle: Handle::parse(handle).unwrap(),
        affiliation: Line::from("Analytical Engines"),
        biography: RichText::clean("Wrote the first program."),
        zone: None,
        visibility: Visibility::default(),
    };
    world.store.edit_account(&Actor::person(id), id, &edit).await.unwrap();
}

/// Somebody with an address, an outside account, a browser and a role.
async fn furnished(world: &World, address: &str, role: &NewGrant) -> (AccountId, String) {
    let store = &world.store;
    let id = somebody(world, address).await;
    let oidc = Proof::Oidc { issuer: "https://id.example.org".to_owned(), subject: address.to_owned() };
    store.add_identity(&Actor::person(id), id, &oidc).await.unwrap();
    let secret = store.sign_in(id, &Way::Email, "Firefox", "192.0.2.1").await.unwrap();
    store.give(&operator(world), &NewGrant { to: id.into(), ..role.clone() }).await.unwrap();
    (id, secret)
}

async fn a_merge_moves_everything_and_undoing_gives_all_of_it_back(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let edition = programme.edition.id;
    let any = AccountId(uuid::Uuid::nil());
    let lead = NewGrant::new(any, Role::Lead, Scope::Track(edition, programme.tracks[0].id));
    let crew = NewGrant::new(any, Role::Crew, Scope::Edition(edition));
    let (kept, kept_browser) = furnished(&world, "ada@example.org", &crew).await;
    let (gone, gone_browser) = furnished(&world, "ada@work.example", &lead).await;
    let second = Proof::Email(email("ada@home.example"));
    store.add_identity(&Actor::person(gone), gone, &second).await.unwrap();
    let before = (store.account(kept).await.unwrap(), store.account(gone).await.unwrap());

    let id = store.merge_accounts(&operator(&world), gone, kept).await.unwrap();
    sound(&world).await;
    assert_eq!(
        addresses(&world, kept).await,
        ["ada@example.org", "ada@work.example", "ada@home.example"],
        "the primary address of the account that is kept stays the primary one"
    );
    let merged = store.account(gone).await.unwrap().unwrap();
    assert_eq!((merged.account.state, merged.identities.len()), (AccountState::Merged(kept), 0));
    let browser = store.signed(&gone_browser).await.unwrap().unwrap();
    assert_eq!(browser.account.id, kept, "who was signed in to the other account still is");
    let place = Place::edition(&programme.edition).in_track(Some(programme.tracks[0].id));
    let both = subject(&world, kept).await;
    assert!(both.may(Action::EditSession, &place).is_ok() && both.may(Action::RunSession, &place).is_ok());
    assert!(store.account_by_handle(&merged.account.handle).await.unwrap().is_none());
    let merge = store.merges_of(kept).await.unwrap().remove(0);
    assert_eq!((merge.id, merge.moved.len()), (id, 5), "three identities, a browser, a role");

    store.undo_merge(&subject(&world, kept).await, id).await.unwrap();
    sound(&world).await;
    assert_eq!((store.account(kept).await.unwrap(), store.account(gone).await.unwrap()), before);
    for (secret, owner) in [(&kept_browser, kept), (&gone_browser, gone)] {
        assert_eq!(store.signed(secret).await.unwrap().unwrap().account.id, owner);
    }
    assert!(subject(&world, kept).await.may(Action::EditSession, &place).is_err());
    assert!(subject(&world, gone).await.may(Action::EditSession, &place).is_ok());
    assert!(store.undo_merge(&operator(&world), id).await.is_err(), "it is undone once");
}

async fn what_came_after_a_merge_stays_when_it_is_undone(world: World) {
    let store = &world.store;
    let (ada, old) = (somebody(&world, "ada@example.org").await, somebody(&world, "ada@old.example").await);
    let id = store.merge_accounts(&operator(&world), old, ada).await.unwrap();
    let later = Proof::Email(email("ada@later.example"));
    store.add_identity(&Actor::person(ada), ada, &later).await.unwrap();
    let moved = store.account_of(&Proof::Email(email("ada@old.example"))).await.unwrap();
    assert_eq!(moved, Some(ada));
    let identities = store.account(ada).await.unwrap().unwrap().identities;
    let old_address = identities.iter().find(|one| one.proof.email() == Some(&email("ada@old.example")));
    store.make_primary(&Actor::person(ada), ada, old_address.unwrap().id).await.unwrap();
    store.undo_merge(&operator(&world), id).await.unwrap();
    assert_eq!(addresses(&world, old).await, ["ada@old.example"]);
    assert_eq!(addresses(&world, ada).await, ["ada@example.org", "ada@later.example"]);
    sound(&world).await;
}

async fn lists_that_were_left_by_a_merge_alone_are_not_left_after_it_is_undone(world: World) {
    let store = &world.store;
    let (ada, old) = (somebody(&world, "ada@example.org").await, somebody(&world, "ada@old.example").await);
    let leave = async |who: AccountId, series: &str, left: bool| {
        let series = Line::from(series);
        let actor = Actor::person(who);
        store.set_opt_out(&actor, who, &[], &series, List::Announcements, left).await.unwrap();
    };
    let left = async |who| {
        let lists = store.opt_outs(who, &[]).await.unwrap();
        lists.into_iter().map(|one| one.series).collect::<Vec<_>>()
    };
    leave(ada, "own", true).await;
    for series in ["own", "brought", "returned", "decided"] {
        leave(old, series, true).await;
    }
    let id = store.merge_accounts(&operator(&world), old, ada).await.unwrap();
    assert_eq!(left(ada).await, ["brought", "decided", "own", "returned"]);
    leave(ada, "returned", false).await;
    // Who comes back to a list and leaves it again has decided it, whatever the merge did before.
    leave(ada, "decided", false).await;
    leave(ada, "decided", true).await;
    store.undo_merge(&operator(&world), id).await.unwrap();
    assert_eq!(left(ada).await, ["decided", "own"]);
    assert_eq!(left(old).await, ["brought", "decided", "own", "returned"], "as they had left them");
    sound(&world).await;
}

async fn merges_are_undone_in_the_order_in_which_they_are_nested(world: World) {
    let store = &world.store;
    let one = somebody(&world, "one@example.org").await;
    let two = somebody(&world, "two@example.org").await;
    let three = somebody(&world, "three@example.org").await;
    let inner = store.merge_accounts(&operator(&world), one, two).await.unwrap();
    let outer = store.merge_accounts(&operator(&world), two, three).await.unwrap();
    let refused = store.undo_merge(&operator(&world), inner).await.unwrap_err().to_string();
    assert!(refused.contains("undo that first"), "{refused}");
    store.undo_merge(&operator(&world), outer).await.unwrap();
    store.undo_merge(&operator(&world), inner).await.unwrap();
    for (id, address) in [(one, "one@example.org"), (two, "two@example.org"), (three, "three@example.org")] {
        assert_eq!(addresses(&world, id).await, [address]);
    }
    sound(&world).await;
}

async fn two_accounts_of_one_person_merge_with_a_link_and_only_for_who_asked(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada+lpc@example.org").await;
    let old = somebody(&world, "ada@example.org").await;
    let eve = somebody(&world, "eve@example.org").await;
    let link = async || {
        let address = email("ada@example.org");
        store.make_link(Purpose::Merge, Some(&address), Some(ada), "", LINK_LIFE).await.unwrap()
    };
    let token = link().await;
    assert!(store.redeem(&token, "", "").await.is_err(), "such a link signs nobody in");
    let token = link().await;
    let stranger = subject(&world, eve).await;
    assert!(store.merge_by_link(&stranger, eve, &token, true).await.is_err());
    let reader = Subject { viewing_as: Some(eve), ..subject(&world, ada).await };
    assert!(store.merge_by_link(&reader, ada, &token, true).await.is_err(), "viewing changes nothing");
    let token = if store.link(&token).await.unwrap().is_some() { token } else { link().await };
    let own = subject(&world, ada).await;
    assert_eq!(store.merge_by_link(&own, ada, &token, false).await.unwrap(), old);
    assert_eq!(addresses(&world, old).await, ["ada@example.org", "ada+lpc@example.org"]);
    sound(&world).await;
}

async fn an_address_that_nobody_has_is_added_instead_of_merged(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    let new = email("ada@new.example");
    let token = store.make_link(Purpose::Merge, Some(&new), Some(ada), "", LINK_LIFE).await.unwrap();
    let own = subject(&world, ada).await;
    assert_eq!(store.merge_by_link(&own, ada, &token, true).await.unwrap(), ada);
    assert_eq!(addresses(&world, ada).await, ["ada@example.org", "ada@new.example"]);
    sound(&world).await;
}

async fn only_who_may_merge_accounts_of_others(world: World) {
    let store = &world.store;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let organiser = NewGrant::new(bob, Role::Organiser, Scope::Everywhere);
    store.give(&operator(&world), &organiser).await.unwrap();
    let organiser = subject(&world, bob).await;
    assert!(store.merge_accounts(&organiser, ada, bob).await.is_err());
    let carl = somebody(&world, "carl@example.org").await;
    let id = store.merge_accounts(&operator(&world), ada, carl).await.unwrap();
    assert!(store.undo_merge(&organiser, id).await.is_err());
    assert!(store.merge_accounts(&operator(&world), carl, carl).await.is_err());
    sound(&world).await;
}

async fn the_last_way_into_an_account_stays_and_one_address_is_primary(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    let actor = Actor::person(ada);
    let first = store.account(ada).await.unwrap().unwrap().identities[0].id;
    assert!(store.remove_identity(&actor, ada, first, &WaysIn::default()).await.is_err());
    let second = Proof::Email(email("ada@work.example"));
    let second = store.add_identity(&actor, ada, &second).await.unwrap();
    store.make_primary(&actor, ada, second).await.unwrap();
    assert_eq!(store.account(ada).await.unwrap().unwrap().email(), Some(&email("ada@work.example")));
    store.remove_identity(&actor, ada, second, &WaysIn::default()).await.unwrap();
    assert_eq!(store.account(ada).await.unwrap().unwrap().email(), Some(&email("ada@example.org")));
    let eve = somebody(&world, "eve@example.org").await;
    let hers = store.account(eve).await.unwrap().unwrap().identities[0].id;
    assert!(
        store.remove_identity(&actor, ada, hers, &WaysIn::default()).await.is_err(),
        "of another account"
    );
    assert!(store.make_primary(&actor, ada, IdentityId(uuid::Uuid::nil())).await.is_err());
    sound(&world).await;
}

async fn an_account_with_the_same_address_without_its_tag_is_offered(world: World) {
    let store = &world.store;
    let plain = somebody(&world, "ada@example.org").await;
    let tagged = somebody(&world, "ada+lpc@example.org").await;
    let offer = store.alias_of(&email("Ada+LPC@example.org"), tagged).await.unwrap();
    assert_eq!(offer, Some(email("ada@example.org")));
    assert_eq!(store.alias_of(&email("ada@example.org"), plain).await.unwrap(), None);
    assert_eq!(store.alias_of(&email("eve+x@example.org"), tagged).await.unwrap(), None);
    assert_eq!(store.alias_of(&email("ada+lpc@example.org"), plain).await.unwrap(), None, "it is one's own");
}

async fn viewing_as_another_reads_only_is_logged_and_ends(world: World) {
    let store = &world.store;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    store.give(&operator(&world), &NewGrant::new(ada, Role::Administrator, Scope::Everywhere)).await.unwrap();
    let secret = store.sign_in(ada, &Way::Email, "Firefox", "").await.unwrap();
    let signed = store.signed(&secret).await.unwrap().unwrap();
    let now = store.clock().now();
    store.view_as(&signed.subject(now), signed.sign_in.id, bob).await.unwrap();
    let viewing = store.signed(&secret).await.unwrap().unwrap();
    assert_eq!((viewing.shown().id, viewing.account.id), (bob, ada));
    let subject = viewing.subject(now);
    assert!(subject.may_write().is_err() && subject.may(Action::SeePeople, &Place::installation()).is_err());
    let (view, viewer) = store.viewings_of(bob).await.unwrap().remove(0);
    assert_eq!((viewer.id, view.ended), (ada, None));
    assert_eq!(view.until.duration_since(view.begun), store::VIEW_LIFE);
    sound(&world).await;

    store.end_view(&subject, signed.sign_in.id).await.unwrap();
    let back = store.signed(&secret).await.unwrap().unwrap();
    assert!(back.viewing_as.is_none());
    assert!(store.viewings_of(bob).await.unwrap()[0].0.ended.is_some());
    let feed = store.changes_since(0, 1_000).await.unwrap();
    let told: Vec<_> = feed.iter().filter(|entry| entry.kind == "viewing").collect();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|entry| entry.actor == format!("person:{ada}")));

    store.view_as(&back.subject(now), back.sign_in.id, bob).await.unwrap();
    world.meddle("UPDATE sign_in SET viewing_until = 1 WHERE viewing_as IS NOT NULL").await.unwrap();
    assert!(store.signed(&secret).await.unwrap().unwrap().viewing_as.is_none(), "its hour is over");
    store.sign_out(&Actor::person(ada), ada, None).await.unwrap();
    sound(&world).await;
}

async fn a_view_ends_when_a_role_on_either_side_says_so(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let edition = programme.edition.id;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let give = async |who, role, scope| {
        store.give(&operator(&world), &NewGrant::new(who, role, scope)).await.unwrap().id
    };
    let own = give(ada, Role::Organiser, Scope::Edition(edition)).await;
    let secret = store.sign_in(ada, &Way::Email, "", "").await.unwrap();
    let signed = store.signed(&secret).await.unwrap().unwrap();
    let now = store.clock().now();
    let view = async || {
        let signed = store.signed(&secret).await.unwrap().unwrap();
        store.view_as(&signed.subject(now), signed.sign_in.id, bob).await
    };
    assert!(view().await.is_err(), "they know nobody who has nothing to do with their edition");
    give(bob, Role::Crew, Scope::Edition(edition)).await;
    view().await.unwrap();
    assert!(view().await.is_err(), "not from within a view");
    let viewing = async || store.signed(&secret).await.unwrap().unwrap().viewing_as.is_some();
    assert!(viewing().await);
    let more = give(bob, Role::Administrator, Scope::Everywhere).await;
    assert!(!viewing().await, "the other has become more than the viewer");
    give(ada, Role::Administrator, Scope::Everywhere).await;
    store.revoke(&operator(&world), more).await.unwrap();
    assert!(viewing().await);
    store.end_view(&signed.subject(now), signed.sign_in.id).await.unwrap();
    store.revoke(&operator(&world), own).await.unwrap();
    assert!(view().await.is_ok(), "an administrator knows everybody");
    sound(&world).await;
}

async fn people_are_found_by_name_handle_and_address(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let edition = programme.edition.id;
    let zoe = somebody(&world, "zoe@example.org").await;
    rename(&world, zoe, "Zoë O'Brien", "z_100").await;
    for number in 0..60 {
        somebody(&world, &format!("ada{number}@work.example")).await;
    }
    let find = async |words: &str, within: Option<Vec<_>>, page| {
        let query = PeopleQuery { words: words.to_owned(), within };
        let before = store.statements();
        let found = store.people(&query, page).await.unwrap();
        assert!(store.statements() - before <= 4, "a page takes the same few queries however full it is");
        found
    };
    for words in ["zoe", "ZOË o'b", "z_100", "zoe@EXAMPLE.org", "engines zoe"] {
        let found = find(words, None, 0).await;
        assert_eq!(found.people.iter().map(|one| one.known.account.id).collect::<Vec<_>>(), [zoe], "{words}");
    }
    for words in ["%", "nobody", "z%100"] {
        assert_eq!(find(words, None, 0).await.total, 0, "{words}");
    }
    let all = find("", None, 0).await;
    assert_eq!((all.total, all.people.len()), (61, 50));
    assert_eq!(find("", None, 1).await.people.len(), 11);
    // From place to place come the same people in the same order.
    let (mut last, mut read) = (None, vec![]);
    loop {
        let before = store.statements();
        let some = store.people_after(&PeopleQuery::default(), last, 7).await.unwrap();
        assert!(store.statements() - before <= 4);
        let Some(end) = some.last() else { break };
        last = Some(end.known.account.id);
        read.extend(some.iter().map(|one| one.known.account.id));
    }
    let pages = [all, find("", None, 1).await].into_iter().flat_map(|page| page.people);
    assert_eq!(read, pages.map(|one| one.known.account.id).collect::<Vec<_>>());
    assert_eq!(find("", Some(vec![edition]), 0).await.total, 0);
    let crew = NewGrant::new(zoe, Role::Crew, Scope::Edition(edition));
    store.give(&operator(&world), &crew).await.unwrap();
    let within = find("", Some(vec![edition]), 0).await;
    assert_eq!((within.total, within.people[0].grants.len()), (1, 1));
    for name in ["@z_100", "zoe@example.org"] {
        assert_eq!(store.person_named(name).await.unwrap().unwrap().account.id, zoe);
    }
    assert!(store.person_named("nobody@example.org").await.unwrap().is_none());
    assert!(store.person_named("not a handle!").await.is_err());
}

async fn a_deleted_person_is_named_nowhere_in_the_record(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let edition = programme.edition.id;
    let invited = NewGrant {
        note: Line::from("Lovelace was invited"),
        ..NewGrant::new(
            email("lovelace@example.org"),
            Role::Lead,
            Scope::Track(edition, programme.tracks[0].id),
        )
    };
    store.give(&operator(&world), &invited).await.unwrap();
    let old = somebody(&world, "lovelace@old.example").await;
    rename(&world, old, "Countess Lovelace", "countess-lovelace").await;
    let any = AccountId(uuid::Uuid::nil());
    let mut role = NewGrant::new(any, Role::Crew, Scope::Edition(edition));
    role.note = Line::from("Lovelace knows the engine");
    let (ada, secret) = furnished(&world, "lovelace@example.org", &role).await;
    rename(&world, ada, "Ada Lovelace", "lovelace").await;
    rename(&world, ada, "Ada King Lovelace", "ada-lovelace").await;
    let gone = Proof::Email(email("lovelace@gone.example"));
    let gone = store.add_identity(&Actor::person(ada), ada, &gone).await.unwrap();
    store.remove_identity(&Actor::person(ada), ada, gone, &WaysIn::default()).await.unwrap();
    store.merge_accounts(&operator(&world), old, ada).await.unwrap();
    let address = email("lovelace@example.org");
    let link = store.make_link(Purpose::SignIn, Some(&address), None, "", LINK_LIFE).await.unwrap();

    store.delete_account(&Actor::person(ada), ada).await.unwrap();
    sound(&world).await;
    assert!(store.signed(&secret).await.unwrap().is_none());
    assert!(store.link(&link).await.unwrap().is_none(), "a link under way opens nothing");
    let account = store.account(ada).await.unwrap().unwrap();
    assert_eq!((account.account.state, account.identities.len()), (AccountState::Deleted, 0));
    assert!(store.grants_of(ada).await.unwrap().iter().all(|grant| grant.revoked.is_some()));
    let feed = serde_json::to_string(&store.changes_since(0, 10_000).await.unwrap()).unwrap().to_lowercase();
    for word in ["lovelace", "countess", "knows the", "first program", "firefox"] {
        assert!(!feed.contains(word), "{word}");
    }
    let query = PeopleQuery { words: "lovelace".to_owned(), ..PeopleQuery::default() };
    assert_eq!(store.people(&query, 0).await.unwrap().total, 0);
    let data = serde_json::to_string(&store.own_data(ada).await.unwrap()).unwrap().to_lowercase();
    assert!(!data.contains("lovelace"), "{data}");
    assert!(store.delete_account(&Actor::person(ada), ada).await.is_err());
    let anew = somebody(&world, "lovelace@example.org").await;
    assert_ne!(anew, ada, "who comes back is somebody new");
    sound(&world).await;
}

async fn the_last_administrator_cannot_delete_their_account(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    store.give(&operator(&world), &NewGrant::new(ada, Role::Administrator, Scope::Everywhere)).await.unwrap();
    let bob = somebody(&world, "bob@example.org").await;
    store.delete_account(&Actor::person(bob), bob).await.unwrap();
    let refused = store.delete_account(&Actor::person(ada), ada).await.unwrap_err().to_string();
    assert!(refused.contains("administrator"), "{refused}");
    assert_eq!(addresses(&world, ada).await, ["ada@example.org"], "nothing was touched");
    sound(&world).await;
}

async fn ones_own_data_holds_no_secret_and_what_was_done_is_told(world: World) {
    let store = &world.store;
    let any = AccountId(uuid::Uuid::nil());
    let role = NewGrant::new(any, Role::Editor, Scope::Everywhere);
    let (ada, secret) = furnished(&world, "ada@example.org", &role).await;
    rename(&world, ada, "Ada King", "ada-king").await;
    let data = store.own_data(ada).await.unwrap().unwrap();
    assert_eq!(data["account"]["name"], "Ada King");
    assert_eq!(data["identity"].as_array().unwrap().len(), 2);
    assert_eq!(data["sign-in"][0]["client"], "192.0.2.1");
    assert_eq!(data["grant"][0]["role"], "editor");
    let text = data.to_string();
    assert!(!text.contains(&secret) && !text.contains("digest"));
    let history = store.history(ada, 100).await.unwrap();
    let kinds: Vec<&str> = history.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["account", "grant", "sign-in", "identity", "identity", "account"], "newest first");
    assert!(store.own_data(any).await.unwrap().is_none());
    assert!(store.history(any, 100).await.unwrap().is_empty());
}

async fn who_organises_a_series_is_known_there_without_any_edition(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    let series = Line::from("Plumbers");
    store
        .give(&operator(&world), &NewGrant::new(ada, Role::Organiser, Scope::Series(series.clone())))
        .await
        .unwrap();
    let places = store.places_of(ada).await.unwrap();
    assert_eq!(places, [Place::installation(), Place::series(&series)]);
    // So another organiser of the series sees their account.
    let bob = somebody(&world, "bob@example.org").await;
    store.give(&operator(&world), &NewGrant::new(bob, Role::Organiser, Scope::Series(series))).await.unwrap();
    let bob = Subject::person(bob, store.grants_of(bob).await.unwrap(), store.clock().now());
    assert!(places.iter().any(|place| bob.may(Action::SeePeople, place).is_ok()));
}
