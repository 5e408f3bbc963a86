//! Webhooks: what is queued for whom, in which order, and when one is stopped.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::SignedDuration;
use model::{
    feed::Actor,
    id::{AccountId, WebhookId},
    permission::{Role, Scope, Subject},
    programme::Programme,
    text::{Line, WebUrl},
    webhook::DeliveryState,
};
use store::{Due, NewGrant, Outcome, WebhookEdit};

on_both!(
    a_webhook_is_told_of_what_it_wants_from_its_beginning_on_in_order,
    a_delivery_that_fails_is_tried_again_and_holds_back_those_after_it,
    an_owner_without_the_right_is_told_nothing_more,
    a_receiver_that_is_gone_stops_its_webhook_and_nothing_is_forgotten,
    a_secret_is_rotated_with_an_overlap_and_stands_in_no_feed,
    a_removed_webhook_leaves_nothing,
    old_deliveries_are_forgotten,
);

fn edit(kinds: &[&str]) -> WebhookEdit {
    WebhookEdit {
        name: Line::from("Mirror"),
        url: WebUrl::parse("https://example.org/hook?key=hidden").unwrap(),
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
    }
}

fn operator(world: &World) -> Subject {
    Subject::operator("test".to_owned(), world.store.clock().now())
}

async fn person(world: &World, address: &str, role: Role, scope: Scope) -> (AccountId, Subject) {
    let id = somebody(world, address).await;
    world.store.give(&operator(world), &NewGrant::new(id, role, scope)).await.unwrap();
    let grants = world.store.grants_of(id).await.unwrap();
    (id, Subject::person(id, grants, world.store.clock().now()))
}

/// Gives the sessions other titles, one change for each call.
async fn retitle(world: &World, programme: &Programme, title: &str) {
    let session = programme.sessions[0].id;
    world
        .store
        .change(&Actor::System, programme.edition.id, |mut programme| {
            let session = programme.sessions.iter_mut().find(|one| one.id == session).unwrap();
            session.title = Line::from(title);
            Ok(programme)
        })
        .await
        .unwrap();
}

/// Queues all there is, as the deliverer does.
async fn queue(world: &World, id: WebhookId) {
    let mut from = 0;
    loop {
        let (to, more) = world.store.queue_deliveries(id, from).await.unwrap();
        from = to;
        if !more {
            return;
        }
    }
}

fn answer(world: &World, status: u16) -> Outcome {
    Outcome { at: world.store.clock().now(), status: Some(status), answer: "an answer".to_owned(), took: 12 }
}

async fn due(world: &World, id: WebhookId) -> Option<Due> {
    world.store.due_delivery(id).await.unwrap()
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn a_webhook_is_told_of_what_it_wants_from_its_beginning_on_in_order(world: World) {
    let (garden, orchard) = (sample::programme("garden", 5), sample::programme("orchard", 5));
    import(&world, &garden).await;
    import(&world, &orchard).await;
    let edition = Some(garden.edition.id);
    let (id, secret) =
        world.store.add_webhook(&operator(&world), edition, &edit(&["session"])).await.unwrap();
    assert!(secret.starts_with("whsec_"));
    queue(&world, id).await;
    assert!(due(&world, id).await.is_none(), "what was before is not told");
    retitle(&world, &garden, "First").await;
    retitle(&world, &orchard, "Of another edition").await;
    retitle(&world, &garden, "Second").await;
    queue(&world, id).await;
    queue(&world, id).await;
    let mut heard = vec![];
    while let Some(due) = due(&world, id).await {
        let told = due.told.clone().unwrap();
        assert_eq!(
            (due.delivery.event.as_str(), due.secrets.as_slice()),
            ("session.changed", &[secret.clone()][..])
        );
        heard.push(told.after.unwrap()["title"].as_str().unwrap().to_owned());
        world.store.finish_attempt(&due, &answer(&world, 204)).await.unwrap();
    }
    assert_eq!(heard, ["First", "Second"]);
    let log = world.store.deliveries(id, None, 10).await.unwrap();
    assert_eq!(log.len(), 2);
    assert!(log[0].0.seq > log[1].0.seq && log.iter().all(|(one, _)| one.state == DeliveryState::Delivered));
    assert_eq!((log[0].1[0].status, log[0].1[0].took), (Some(204), 12));
    assert_eq!(world.store.deliveries(id, Some(log[0].0.id), 10).await.unwrap().len(), 1);
    sound(&world).await;
}

async fn a_delivery_that_fails_is_tried_again_and_holds_back_those_after_it(world: World) {
    let garden = sample::programme("garden", 3);
    import(&world, &garden).await;
    let (id, _) = world.store.add_webhook(&operator(&world), None, &edit(&[])).await.unwrap();
    retitle(&world, &garden, "First").await;
    retitle(&world, &garden, "Second").await;
    queue(&world, id).await;
    // The webhook's own making is the first entry after its beginning.
    let made = due(&world, id).await.unwrap();
    assert_eq!(made.delivery.event, "webhook.created");
    world.store.finish_attempt(&made, &answer(&world, 200)).await.unwrap();
    let first = due(&world, id).await.unwrap();
    world.store.finish_attempt(&first, &answer(&world, 500)).await.unwrap();
    assert!(due(&world, id).await.is_none(), "nothing overtakes it");
    let log = world.store.deliveries(id, None, 10).await.unwrap();
    let (waiting, attempts) = log.iter().find(|(one, _)| one.id == first.delivery.id).unwrap();
    assert_eq!((waiting.state, waiting.attempts, attempts.len()), (DeliveryState::Pending, 1, 1));
    assert!(waiting.next.unwrap() >= world.store.clock().now() + SignedDuration::from_secs(8));
    let hook = world.store.webhook(&operator(&world), id).await.unwrap().unwrap();
    assert!(hook.webhook.failing_since.is_some() && hook.pending == 2);
    // By hand it is sent at once, under the same identifier.
    world.store.redeliver(&operator(&world), id, first.delivery.id).await.unwrap();
    let again = due(&world, id).await.unwrap();
    assert_eq!(again.delivery.id, first.delivery.id);
    world.store.finish_attempt(&again, &answer(&world, 200)).await.unwrap();
    assert_eq!(due(&world, id).await.unwrap().told.unwrap().after.unwrap()["title"], "Second");
    let hook = world.store.webhook(&operator(&world), id).await.unwrap().unwrap();
    assert!(hook.webhook.failing_since.is_none());
    // A test goes before what waits, and its failure says nothing about the webhook.
    world.store.ping_webhook(&operator(&world), id).await.unwrap();
    let ping = due(&world, id).await.unwrap();
    assert!(ping.told.is_none() && ping.delivery.event == "ping");
    world.store.finish_attempt(&ping, &answer(&world, 500)).await.unwrap();
    let log = world.store.deliveries(id, None, 10).await.unwrap();
    assert_eq!(
        log.iter().find(|(one, _)| one.id == ping.delivery.id).unwrap().0.state,
        DeliveryState::Failed
    );
    assert!(
        world.store.webhook(&operator(&world), id).await.unwrap().unwrap().webhook.failing_since.is_none()
    );
    sound(&world).await;
}

async fn an_owner_without_the_right_is_told_nothing_more(world: World) {
    let (garden, orchard) = (sample::programme("garden", 3), sample::programme("orchard", 3));
    import(&world, &garden).await;
    import(&world, &orchard).await;
    let scope = Scope::Edition(garden.edition.id);
    let (ada, organiser) = person(&world, "ada@example.org", Role::Organiser, scope.clone()).await;
    let (_, editor) = person(&world, "eve@example.org", Role::Editor, scope).await;
    let edition = Some(garden.edition.id);
    assert!(world.store.add_webhook(&editor, edition, &edit(&[])).await.is_err());
    assert!(world.store.add_webhook(&organiser, None, &edit(&[])).await.is_err(), "not of everything");
    assert!(world.store.add_webhook(&organiser, Some(orchard.edition.id), &edit(&[])).await.is_err());
    let (id, _) = world.store.add_webhook(&organiser, edition, &edit(&["session"])).await.unwrap();
    assert!(world.store.webhook(&editor, id).await.unwrap().is_none());
    assert!(world.store.webhooks(&editor).await.unwrap().is_empty());
    assert!(world.store.remove_webhook(&editor, id).await.is_err());
    retitle(&world, &garden, "First").await;
    queue(&world, id).await;
    let role = world.store.grants_of(ada).await.unwrap()[0].id;
    world.store.revoke(&operator(&world), role).await.unwrap();
    assert!(due(&world, id).await.is_none(), "what was queued is left out");
    assert_eq!(world.store.deliveries(id, None, 10).await.unwrap()[0].0.state, DeliveryState::Skipped);
    retitle(&world, &garden, "Second").await;
    queue(&world, id).await;
    let hook = world.store.webhook(&operator(&world), id).await.unwrap().unwrap();
    assert!(hook.webhook.stopped.unwrap().as_str().contains("owner"));
    // Whoever lets it go on answers for it from then on, and nothing was forgotten.
    world.store.resume_webhook(&operator(&world), id, false).await.unwrap();
    queue(&world, id).await;
    assert_eq!(due(&world, id).await.unwrap().told.unwrap().after.unwrap()["title"], "Second");
    sound(&world).await;
}

async fn a_receiver_that_is_gone_stops_its_webhook_and_nothing_is_forgotten(world: World) {
    let garden = sample::programme("garden", 3);
    import(&world, &garden).await;
    let store = &world.store;
    let (id, _) = store.add_webhook(&operator(&world), None, &edit(&["session"])).await.unwrap();
    retitle(&world, &garden, "First").await;
    queue(&world, id).await;
    let first = due(&world, id).await.unwrap();
    store.finish_attempt(&first, &answer(&world, 410)).await.unwrap();
    let stopped = async || store.webhook(&operator(&world), id).await.unwrap().unwrap().webhook.stopped;
    assert!(stopped().await.unwrap().as_str().contains("410"));
    assert!(store.webhooks_with_work().await.unwrap().is_empty());
    retitle(&world, &garden, "Second").await;
    queue(&world, id).await;
    assert!(due(&world, id).await.is_none());
    store.resume_webhook(&operator(&world), id, false).await.unwrap();
    queue(&world, id).await;
    assert_eq!(due(&world, id).await.unwrap().delivery.id, first.delivery.id);
    // Three days without one success.
    let long_ago = world.store.clock().now() - SignedDuration::from_hours(73);
    world
        .meddle(&format!("UPDATE webhook SET failing_since = {}", model::time::to_micros(long_ago)))
        .await
        .unwrap();
    let first = due(&world, id).await.unwrap();
    store.finish_attempt(&first, &answer(&world, 503)).await.unwrap();
    assert!(stopped().await.unwrap().as_str().contains("72 hours"));
    store.resume_webhook(&operator(&world), id, true).await.unwrap();
    queue(&world, id).await;
    assert!(due(&world, id).await.is_none(), "what waited is left out by choice");
    retitle(&world, &garden, "Third").await;
    queue(&world, id).await;
    assert_eq!(due(&world, id).await.unwrap().told.unwrap().after.unwrap()["title"], "Third");
    sound(&world).await;
}

async fn a_secret_is_rotated_with_an_overlap_and_stands_in_no_feed(world: World) {
    let store = &world.store;
    let (id, old) = store.add_webhook(&operator(&world), None, &edit(&[])).await.unwrap();
    let new = store.rotate_webhook_secret(&operator(&world), id).await.unwrap();
    store.ping_webhook(&operator(&world), id).await.unwrap();
    assert_eq!(due(&world, id).await.unwrap().secrets, [new.clone(), old.clone()]);
    world.meddle("UPDATE webhook SET old_until = 1").await.unwrap();
    assert_eq!(due(&world, id).await.unwrap().secrets, std::slice::from_ref(&new));
    let other = WebhookEdit { url: WebUrl::parse("https://example.org/other").unwrap(), ..edit(&["room"]) };
    store.edit_webhook(&operator(&world), id, &other).await.unwrap();
    let feed = serde_json::to_string(&store.changes_since(0, 1_000).await.unwrap()).unwrap();
    for secret in [&old[6..], &new[6..], "hidden", "/other"] {
        assert!(!feed.contains(secret), "{secret}");
    }
    let unknown = WebhookEdit { kinds: ["stars".to_owned()].into(), ..other };
    assert!(store.edit_webhook(&operator(&world), id, &unknown).await.is_err());
    sound(&world).await;
}

async fn a_removed_webhook_leaves_nothing(world: World) {
    let store = &world.store;
    let (id, _) = store.add_webhook(&operator(&world), None, &edit(&[])).await.unwrap();
    queue(&world, id).await;
    let first = due(&world, id).await.unwrap();
    store.finish_attempt(&first, &answer(&world, 500)).await.unwrap();
    store.remove_webhook(&operator(&world), id).await.unwrap();
    assert!(store.webhook(&operator(&world), id).await.unwrap().is_none());
    assert!(store.deliveries(id, None, 10).await.unwrap().is_empty());
    // The answer to what was under way comes too late and does no harm.
    store.finish_attempt(&first, &answer(&world, 200)).await.unwrap();
    assert!(store.remove_webhook(&operator(&world), id).await.is_err());
    sound(&world).await;
}

async fn old_deliveries_are_forgotten(world: World) {
    let store = &world.store;
    let (id, _) = store.add_webhook(&operator(&world), None, &edit(&[])).await.unwrap();
    queue(&world, id).await;
    let first = due(&world, id).await.unwrap();
    store.ping_webhook(&operator(&world), id).await.unwrap();
    store.finish_attempt(&first, &answer(&world, 200)).await.unwrap();
    assert_eq!(store.forget_deliveries(SignedDuration::from_hours(1)).await.unwrap(), 0);
    assert_eq!(store.forget_deliveries(SignedDuration::from_secs(-1)).await.unwrap(), 1);
    assert_eq!(store.deliveries(id, None, 10).await.unwrap().len(), 1, "what waits stays");
}
