//! Whether the record is sound: what must hold whenever and however a server was stopped.

use crate::{
    Result, Store, account as accounts, announced, calendar as calendars, credential as credentials,
    date_plan as plans,
    entity::{
        account, account_merge, announced as told, calendar, credential, date_plan, edition, identity, mail,
        mail_sender, mail_template, opt_out, registration, release, role_grant, sign_in, star, star_list,
        suppression, viewing,
    },
    feed, grant as grants, handed_in, load, mail as mailing, release as releases, save, search, session_type,
    sign_in as sign_ins, star as stars, token, webhook,
};
use model::{
    feed::{Deed, Entry},
    id::{
        AccountId, CalendarId, CredentialId, EditionId, GrantId, IdentityId, MailId, MergeId, RegistrationId,
        SessionTypeId, SignInId, TemplateId, TokenId, ViewingId, WebhookId,
    },
    mail::Suppression,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QueryOrder,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Feed entries that are read at once.
const CHUNK: u64 = 2_000;

/// What the feed says that the record holds: by edition, kind and thing.
type State = BTreeMap<(Option<Uuid>, String, Uuid), Value>;

/// Looks for broken invariants in one state of the record; a sound one has none. Each line says what is wrong
/// and where. Reads everything, so it takes its time on a large record.
///
/// - The feed ascends, each entry begins where the thing's entry before it ended, and replaying it from the
///   beginning gives exactly the working state, the releases, the lists of stars, the accounts and their roles, the
///   pages, posts and who subscribed, and what became of each mail.
/// - Releases are numbered from 1 without a gap, and each can be read.
/// - What is said about a message follows it in its room.
/// - No webhook is ahead of the feed, and none has queued what lies beyond its cursor.
/// - No follower is ahead of the feed, and the search index holds the newest release as far as it has come.
/// - The working state is in its canonical form, and no row belongs to nothing.
/// - Addresses belong to accounts that are in use or blocked, browsers to such as are in use, and each account has one
///   primary address.
/// - Each file that a proposal names is known.
/// - No role waits for an address that an account has.
pub async fn verify(store: &Store) -> Result<Vec<String>> {
    let db = store.read().await?;
    let broken = verify_in(&db).await?;
    db.commit().await?;
    Ok(broken)
}

/// See [`verify()`]; of a record that is not committed yet.
pub(crate) async fn verify_in(db: &DatabaseTransaction) -> Result<Vec<String>> {
    let mut broken = vec![];
    let told = replay(db, &mut broken).await?;
    let held = state(db, &mut broken).await?;
    compare(&told, &held, &mut broken);
    followers(db, &mut broken).await?;
    broken.extend(webhook::broken(db).await?);
    handed_in::broken(db, &mut broken).await?;
    orphans(db, &mut broken).await?;
    accounts_in_order(db, &mut broken).await?;
    Ok(broken)
}

async fn replay(db: &DatabaseTransaction, broken: &mut Vec<String>) -> Result<State> {
    let mut state = State::new();
    let mut last = 0;
    loop {
        let entries = feed::entries(db, last, CHUNK).await?;
        if entries.is_empty() {
            return Ok(state);
        }
        for entry in entries {
            if entry.seq <= last {
                broken.push(format!("change {}: follows change {last}", entry.seq));
            }
            last = entry.seq;
            apply(entry, &mut state, broken);
        }
    }
}

fn apply(entry: Entry<Value>, state: &mut State, broken: &mut Vec<String>) {
    let Entry { seq, edition, kind, thing, deed, before, after, .. } = entry;
    let fits = match deed {
        Deed::Created => before.is_none() && after.is_some(),
        Deed::Changed => before.is_some() && after.is_some() && before != after,
        Deed::Removed => before.is_some() && after.is_none(),
    };
    if !fits {
        broken.push(format!("change {seq}: {kind} {thing} is said to be {} and is not", deed.as_str()));
    }
    let key = (edition.map(|edition| edition.0), kind, thing);
    let previous = match after {
        Some(after) => state.insert(key.clone(), after),
        None => state.remove(&key),
    };
    if previous != before {
        broken.push(format!("change {seq}: {} {thing} was something else before", key.1));
    }
}

/// What the rows hold, in the feed's words.
async fn state(db: &DatabaseTransaction, broken: &mut Vec<String>) -> Result<State> {
    let mut state = State::new();
    for edition in edition::Entity::find().order_by_asc(edition::Column::Slug).all(db).await? {
        let id = edition.id;
        let Some(rows) = load::load(db, edition::Column::Id.eq(id)).await? else {
            continue;
        };
        let programme = rows.programme()?;
        let positions = rows.positions();
        for thing in save::things(&programme, &positions) {
            let (kind, thing_id) = thing.key();
            state.insert((Some(id), kind.to_owned(), thing_id), thing.json()?);
        }
        let counts = [
            (
                "participations",
                rows.participations.len(),
                programme.sessions.iter().map(|session| session.people.len()).sum(),
            ),
            ("slots", rows.slots.len(), programme.slots().count()),
            ("sessions", rows.sessions.len(), programme.sessions.len()),
        ];
        for (what, rows, used) in counts {
            if rows != used {
                broken.push(format!(
                    "{}: {rows} {what} are kept, {used} belong to the programme",
                    edition.slug
                ));
            }
        }
        if crate::rows::Rows::of(&programme, &positions)?.edition != edition {
            broken.push(format!("{}: the edition is not in its canonical form", edition.slug));
        }
        release_state(db, &edition, &mut state, broken).await?;
        crate::call::state(db, EditionId(id), &mut state).await?;
        for row in session_type::rows(db, EditionId(id)).await? {
            let key = (Some(id), SessionTypeId::KIND.to_owned(), row.id);
            state.insert(key, session_type::fact(&row)?);
        }
        if let Some(row) = told::Entity::find_by_id(id).one(db).await? {
            state.insert((Some(id), announced::KIND.to_owned(), id), announced::fact(&row)?);
        }
    }
    for list in star_list::Entity::find().all(db).await? {
        let fact = stars::fact(&stars::starred(db, &list).await?);
        state.insert((Some(list.edition), stars::KIND.to_owned(), list.id), fact);
    }
    people(db, &mut state, broken).await?;
    planning(db, &mut state, broken).await?;
    programs(db, &mut state).await?;
    mails(db, &mut state).await?;
    crate::content::state(db, &mut state, broken).await?;
    crate::proposal::state(db, &mut state, broken).await?;
    crate::live_room::state(db, &mut state).await?;
    crate::meeting::state(db, &mut state).await?;
    crate::chat::state(db, &mut state, broken).await?;
    Ok(state)
}

/// Calendars of other conferences, what editions plan with, registrations.
async fn planning(db: &DatabaseTransaction, state: &mut State, broken: &mut Vec<String>) -> Result<()> {
    for row in calendar::Entity::find().all(db).await? {
        let fact = accounts::fact(&calendars::calendar_of(&row)?)?;
        state.insert((Some(row.edition), CalendarId::KIND.to_owned(), row.id), fact);
        broken.extend(calendars::broken(&row)?);
    }
    let mut addresses = BTreeSet::new();
    for row in registration::Entity::find().all(db).await? {
        if !addresses.insert((row.edition, row.email.clone())) {
            broken.push(format!("registration {}: another of the edition has its address", row.id));
        }
        let registration = crate::registration::registration_of(&row)?;
        if registration.searched() != row.searched {
            broken.push(format!("registration {}: it is not found by what it says", row.id));
        }
        let fact = accounts::fact(&registration)?;
        state.insert((Some(row.edition), RegistrationId::KIND.to_owned(), row.id), fact);
    }
    for (edition, fact) in crate::registration::caps::state(db).await? {
        let kind = crate::registration::caps::CAPS_KIND.to_owned();
        state.insert((Some(edition), kind, edition), fact);
    }
    for row in date_plan::Entity::find().all(db).await? {
        let fact = accounts::fact(&plans::plan_of(&row)?)?;
        state.insert((Some(row.edition), plans::KIND.to_owned(), row.edition), fact);
    }
    Ok(())
}

/// Mail, from whom it comes, what it says, and who wants none.
async fn mails(db: &DatabaseTransaction, state: &mut State) -> Result<()> {
    for row in mail::Entity::find().all(db).await? {
        state.insert((row.edition, MailId::KIND.to_owned(), row.id), mailing::fact(&row));
    }
    for row in mail_sender::Entity::find().all(db).await? {
        let thing = mailing::sender_thing(EditionId(row.edition));
        let fact = mailing::sender_fact(&mailing::sender_of(&row)?)?;
        state.insert((Some(row.edition), mailing::SENDER_KIND.to_owned(), thing), fact);
    }
    for row in mail_template::Entity::find().all(db).await? {
        let thing = mailing::template_thing(EditionId(row.edition), &row.kind);
        let fact = mailing::template_fact(&row.kind, &row.subject, &row.body);
        state.insert((Some(row.edition), TemplateId::KIND.to_owned(), thing), fact);
    }
    for row in suppression::Entity::find().all(db).await? {
        let thing = Suppression::thing(&row.address);
        state.insert((None, Suppression::KIND.to_owned(), thing), mailing::suppression_fact(&row));
    }
    for row in opt_out::Entity::find().all(db).await? {
        state.insert((None, mailing::OPT_OUT_KIND.to_owned(), row.id), mailing::opt_out_fact(&row));
    }
    Ok(())
}

/// Accounts, identities, sign-ins, roles and invitations.
async fn people(db: &DatabaseTransaction, state: &mut State, broken: &mut Vec<String>) -> Result<()> {
    for row in account::Entity::find().all(db).await? {
        let fact = accounts::fact(&accounts::account_of(&row)?)?;
        state.insert((None, AccountId::KIND.to_owned(), row.id), fact);
    }
    for row in identity::Entity::find().all(db).await? {
        let fact = accounts::fact(&accounts::identity_of(&row)?)?;
        state.insert((None, IdentityId::KIND.to_owned(), row.id), fact);
    }
    for row in sign_in::Entity::find().all(db).await? {
        state.insert((None, SignInId::KIND.to_owned(), row.id), sign_ins::fact(&row));
    }
    for row in credential::Entity::find().all(db).await? {
        state.insert((None, CredentialId::KIND.to_owned(), row.id), credentials::fact(&row));
    }
    for row in role_grant::Entity::find().all(db).await? {
        let grant = grants::grant_of(&row)?;
        let edition = grant.scope.edition().map(|id| id.0);
        state.insert((edition, GrantId::KIND.to_owned(), row.id), accounts::fact(&grant)?);
    }
    for (edition, id, fact) in crate::invitation::state(db, broken).await? {
        state.insert((edition, model::invitation::KIND.to_owned(), id), fact);
    }
    for row in account_merge::Entity::find().all(db).await? {
        let merge = crate::account_merge::merge_of(&row)?;
        state.insert((None, MergeId::KIND.to_owned(), row.id), accounts::fact(&merge)?);
    }
    for row in viewing::Entity::find().all(db).await? {
        let view = crate::viewing::viewing_of(&row)?;
        state.insert((None, ViewingId::KIND.to_owned(), row.id), accounts::fact(&view)?);
    }
    Ok(())
}

/// What belongs to an account that is in use no more, and accounts with addresses of which not exactly one is primary.
async fn accounts_in_order(db: &DatabaseTransaction, broken: &mut Vec<String>) -> Result<()> {
    let mut states = BTreeMap::new();
    for row in account::Entity::find().all(db).await? {
        states.insert(row.id, row.state);
    }
    let mut primaries: BTreeMap<Uuid, usize> = BTreeMap::new();
    for row in identity::Entity::find().all(db).await? {
        if states.get(&row.account).is_none_or(|state| !accounts::HERE.contains(&state.as_str())) {
            broken.push(format!("identity {}: its account {} is in use no more", row.id, row.account));
        }
        if row.kind == "email" {
            *primaries.entry(row.account).or_default() += usize::from(row.primary);
        }
    }
    for (account, count) in primaries.into_iter().filter(|(_, count)| *count != 1) {
        broken.push(format!("account {account}: {count} of its addresses are the primary one"));
    }
    for row in sign_in::Entity::find().all(db).await? {
        if states.get(&row.account).is_none_or(|state| state != "active") {
            broken.push(format!("sign-in {}: its account {} is in use no more", row.id, row.account));
        }
    }
    Ok(())
}

async fn programs(db: &DatabaseTransaction, state: &mut State) -> Result<()> {
    for (id, fact) in token::facts(db).await? {
        state.insert((None, TokenId::KIND.to_owned(), id), fact);
    }
    for (edition, id, fact) in webhook::facts(db).await? {
        state.insert((edition, WebhookId::KIND.to_owned(), id), fact);
    }
    Ok(())
}

async fn release_state(
    db: &DatabaseTransaction,
    edition: &edition::Model,
    state: &mut State,
    broken: &mut Vec<String>,
) -> Result<()> {
    let heads = release::Entity::find()
        .filter(release::Column::Edition.eq(edition.id))
        .order_by_asc(release::Column::Number)
        .into_partial_model::<releases::HeadRow>()
        .all(db)
        .await?;
    for (head, expected) in heads.into_iter().zip(1..) {
        let head = head.head()?;
        if head.number != expected {
            broken.push(format!("{}: release {} stands where {expected} should", edition.slug, head.number));
        }
        // One at a time: all bodies together may be large.
        let number = i32::try_from(head.number).unwrap_or(i32::MAX);
        match release::Entity::find_by_id((edition.id, number)).one(db).await? {
            Some(row) => match releases::read(&row) {
                Ok(release) if release.programme.edition.id.0 == edition.id => {}
                Ok(_) => {
                    broken.push(format!("{}: release {} is of another edition", edition.slug, head.number));
                }
                Err(error) => broken.push(error.to_string()),
            },
            None => broken
                .push(format!("{}: release {} cannot be found by its number", edition.slug, head.number)),
        }
        let key = (
            Some(edition.id),
            releases::KIND.to_owned(),
            releases::thing(EditionId(edition.id), head.number),
        );
        state.insert(key, releases::fact(&head)?);
    }
    Ok(())
}

fn compare(told: &State, held: &State, broken: &mut Vec<String>) {
    let keys: BTreeSet<_> = told.keys().chain(held.keys()).collect();
    for key in keys {
        let (_, kind, thing) = key;
        match (told.get(key), held.get(key)) {
            (Some(told), Some(held)) if told == held => {}
            (Some(_), Some(_)) => {
                broken.push(format!("{kind} {thing}: the feed says something else than the record"));
            }
            (Some(_), None) => broken.push(format!("{kind} {thing}: the feed has it, the record has not")),
            (None, _) => broken.push(format!("{kind} {thing}: the record has it, the feed has not")),
        }
    }
}

async fn followers(db: &DatabaseTransaction, broken: &mut Vec<String>) -> Result<()> {
    let head = crate::tx::head(db).await?;
    for row in crate::entity::follower::Entity::find().all(db).await? {
        if row.seq > head {
            broken.push(format!("follower {}: stands at {}, and the feed ends at {head}", row.name, row.seq));
        }
    }
    for slug in search::stale(db).await? {
        broken.push(format!("{slug}: the search index is not that of the newest release"));
    }
    Ok(())
}

async fn orphans(db: &DatabaseTransaction, broken: &mut Vec<String>) -> Result<()> {
    let lists: BTreeSet<Uuid> =
        star_list::Entity::find().all(db).await?.into_iter().map(|list| list.id).collect();
    for row in star::Entity::find().all(db).await? {
        if !lists.contains(&row.list) {
            broken.push(format!("star of session {}: its list {} is gone", row.session, row.list));
        }
    }
    // PostgreSQL cannot hold a row that breaks a foreign key; SQLite can, when somebody else wrote the file.
    if db.get_database_backend() == DbBackend::Sqlite {
        for (statement, sound) in [("PRAGMA foreign_key_check", None), ("PRAGMA quick_check", Some("ok"))] {
            let rows =
                db.query_all_raw(sea_orm::Statement::from_string(DbBackend::Sqlite, statement)).await?;
            for row in rows {
                let said: String = row.try_get_by_index(0)?;
                if Some(said.as_str()) != sound {
                    broken.push(format!("{statement}: {said}"));
                }
            }
        }
    }
    Ok(())
}
