//! Taking a change back from the audit log.
//!
//! What is taken back is everything that one deed wrote: the entries of its transaction. Each thing must still be as the
//! deed left it, so that no later change is lost; then all of them become what they were before, in one transaction,
//! which the log shows as a change like every other, and which can be taken back too.

use crate::{
    Error, Result, Store, account, calendar, content, date_plan,
    entity::{account as account_entity, change, edition, role_grant},
    feed,
    forward::{self, STEP_KIND},
    grant, load, mail,
    microconference::undo as microconference,
    registration::{
        self,
        caps::{CAPS_KIND, restore_caps},
    },
    rows::Positions,
    save::{self, Thing},
    session_type,
    tx::Tx,
};
use model::{
    Refusal,
    account::Account,
    edition::{Edition, Sponsor},
    feed::{Deed, Entry, Sequence},
    forward::Step,
    id::{
        AccountId, CalendarId, EditionId, ForwardId, GrantId, MailId, MergeId, PersonId, ProposalId,
        RegistrationId, RoomId, SessionId, SessionTypeId, SponsorId, TemplateId, TrackId,
    },
    invitation,
    mail::Suppression,
    permission::{Action, Grant, Place, Role, Subject},
    programme::{Person, Programme, Room, Session, Track},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The kinds that belong to an edition's programme.
const PROGRAMME: [&str; 6] =
    [EditionId::KIND, RoomId::KIND, TrackId::KIND, PersonId::KIND, SessionId::KIND, SponsorId::KIND];

/// A thing that was changed: its edition, its kind and its identifier.
type Changed = (Option<EditionId>, String, Uuid);

/// What it was before the changes and after them.
type Sides = (Option<Value>, Option<Value>);

/// Whether what one deed wrote can be taken back, as far as the kinds of its entries go; else why not. What was done to a
/// microconference, and what a committee did with a forward, is taken back with all that it did.
///
/// What a deed mailed is no hindrance: mail that still waits is called off with the rest, and what was mailed stays
/// mailed.
pub fn can_undo(deed: &[Entry<Value>]) -> Result<(), Refusal> {
    let whole = is_whole(deed);
    let mut things = deed.iter().filter(|entry| entry.kind != MailId::KIND).peekable();
    if things.peek().is_none() && !deed.is_empty() {
        let remedy = "Send it again, or let it be, on its own page";
        return Err(Refusal::new("undo", "what was mailed stays mailed", remedy));
    }
    let answers = |entry: &Entry<Value>| {
        let step = entry.after.as_ref().and_then(|after| after.get("step")).and_then(Value::as_str);
        entry.kind == STEP_KIND && step.and_then(Step::parse).is_some_and(Step::is_of_authors)
    };
    if deed.iter().any(answers) {
        let remedy = "Cancel the forward on the page of the proposal";
        return Err(Refusal::new("undo", "what an author answered is theirs", remedy));
    }
    things
        .filter(|entry| !whole || microconference::order(&entry.kind).is_none())
        .try_for_each(can_undo_entry)
}

/// Whether that was done to a microconference as a whole.
fn is_whole(deed: &[Entry<Value>]) -> bool {
    microconference::is_one(deed.iter().map(|entry| entry.kind.as_str()))
}

fn can_undo_entry(entry: &Entry<Value>) -> Result<(), Refusal> {
    let (problem, remedy) = match entry.kind.as_str() {
        kind if PROGRAMME.contains(&kind) || [AccountId::KIND, GrantId::KIND].contains(&kind) => {
            return Ok(());
        }
        kind if content::CAN_UNDO.contains(&kind) => return Ok(()),
        SessionTypeId::KIND
        | RegistrationId::KIND
        | CAPS_KIND
        | invitation::KIND
        | mail::SENDER_KIND
        | TemplateId::KIND
        | date_plan::KIND => return Ok(()),
        Suppression::KIND if entry.deed == Deed::Created => return Ok(()),
        Suppression::KIND => ("the log does not name the address", "Enter it on the suppress list again"),
        CalendarId::KIND => return calendar::can_undo(entry.deed, entry.before.as_ref()),
        MergeId::KIND => ("a merge is undone as a whole", "Undo it on the page of the account that was kept"),
        "release" => {
            ("a release is never taken out of its numbers", "Take it back on the edition's page Release")
        }
        "sign-in" => ("nobody is signed in or out from the log", "The person signs in again"),
        "identity" => {
            ("what somebody has proved to be theirs is theirs", "The person removes it on their own page")
        }
        _ => ("changes of this kind cannot be taken back here", "Change it again on its own page"),
    };
    Err(Refusal::new("undo", problem, remedy))
}

impl Store {
    /// The entries that were written together with that one, itself among them, in their order.
    pub async fn written_together(&self, seq: Sequence) -> Result<Vec<Entry<Value>>> {
        together(self.readers(), seq).await
    }

    /// Takes back everything that was written together with the entry of that number, when `subject` may and nothing
    /// of it has changed since. Mail that the deed queued and that still waits is called off. Gives how many things
    /// became what they were.
    pub async fn undo(&self, subject: &Subject, seq: Sequence) -> Result<usize> {
        self.write(&subject.actor, async |tx| {
            let entries = together(tx.db(), seq).await?;
            if entries.is_empty() {
                return Err(
                    Refusal::new("undo", "there is no such entry", "Look it up in the log again").into()
                );
            }
            for entry in &entries {
                let place = place_of(tx.db(), entry.edition).await?;
                subject.may(Action::Undo, &place)?;
            }
            if is_whole(&entries) {
                free_of_conflicts(tx, subject, &entries).await?;
            }
            back(tx, subject, entries, true).await
        })
        .await
    }
}

/// Refuses whoever has a conflict with a proposal of the deed: they decide nothing about it, backwards neither.
async fn free_of_conflicts(tx: &Tx, subject: &Subject, deed: &[Entry<Value>]) -> Result<()> {
    let proposals: BTreeSet<(EditionId, Uuid)> = deed
        .iter()
        .filter(|entry| entry.kind == ProposalId::KIND)
        .filter_map(|entry| Some((entry.edition?, entry.thing)))
        .collect();
    for (id, proposal) in proposals {
        let Some(row) = edition::Entity::find_by_id(id.0).one(tx.db()).await? else { continue };
        let edition = crate::rows::edition(&row)?;
        let filed = crate::review::one(tx.db(), subject, &edition, ProposalId(proposal), tx.at()).await?;
        if let Some(conflict) = filed.and_then(|filed| filed.conflicts.first().copied()) {
            let problem = format!("you have a conflict with a proposal: {}", conflict.shown().to_lowercase());
            return Err(Refusal::new("conflict", problem, "Leave it to the others").into());
        }
    }
    for entry in deed.iter().filter(|entry| entry.kind == ForwardId::KIND) {
        if forward::has_conflict(tx.db(), subject.account, ForwardId(entry.thing)).await? {
            let problem = "you have a conflict with what is passed on";
            return Err(Refusal::new("conflict", problem, "Leave it to the others").into());
        }
    }
    Ok(())
}

/// Takes back everything that was written together with the entry of that number, for somebody of whom it was asked already
/// whether they may.
pub(crate) async fn take_back(tx: &Tx, subject: &Subject, seq: Sequence) -> Result<usize> {
    let entries = together(tx.db(), seq).await?;
    back(tx, subject, entries, false).await
}

/// Makes the things of these entries what they were before the first of them. `asks` says whether roles go only by whoever
/// may give them.
async fn back(tx: &Tx, subject: &Subject, entries: Vec<Entry<Value>>, asks: bool) -> Result<usize> {
    can_undo(&entries)?;
    let whole = is_whole(&entries);
    let (mails, entries): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.kind == MailId::KIND);
    let queued = mails.iter().filter(|entry| entry.deed == Deed::Created);
    mail::call_off(tx, queued.map(|entry| entry.thing)).await?;
    // A thing that one deed changed twice becomes what it was before the first.
    let mut things: BTreeMap<Changed, Sides> = BTreeMap::new();
    for entry in entries {
        let sides = things
            .entry((entry.edition, entry.kind, entry.thing))
            .or_insert_with(|| (entry.before.clone(), None));
        sides.1 = entry.after;
    }
    things.retain(|_, (before, after)| before != after);
    let count = things.len();
    let (programme, others): (Vec<_>, Vec<_>) =
        things.into_iter().partition(|((_, kind, _), _)| PROGRAMME.contains(&kind.as_str()));
    let (mut written, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|((_, kind, _), _)| content::CAN_UNDO.contains(&kind.as_str()));
    let (mut proposed, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|((_, kind, _), _)| whole && microconference::order(kind).is_some());
    for ((edition, kind, thing), (before, after)) in others {
        let same = match (kind.as_str(), edition) {
            (SessionTypeId::KIND, Some(edition)) => {
                session_type::restore(tx, edition, thing, before, after.as_ref()).await?
            }
            (CAPS_KIND, Some(edition)) => restore_caps(tx, edition, before, after.as_ref()).await?,
            (RegistrationId::KIND, _) => registration::restore(tx, thing, before, after.as_ref()).await?,
            (invitation::KIND, _) => {
                crate::invitation::restore(tx, subject, thing, before, after.as_ref()).await?
            }
            (mail::SENDER_KIND, Some(edition)) => {
                mail::restore_sender(tx, edition, before, after.as_ref()).await?
            }
            (TemplateId::KIND, Some(edition)) => mail::restore_text(tx, edition, before, after).await?,
            (Suppression::KIND, _) => mail::restore_suppression(tx, thing, after.as_ref()).await?,
            (CalendarId::KIND, Some(edition)) => {
                calendar::restore(tx, edition, CalendarId(thing), before, after).await?
            }
            (date_plan::KIND, Some(edition)) => {
                date_plan::restore(tx, edition, before, after.as_ref()).await?
            }
            _ => {
                restore(tx, subject, (&kind, thing), before, after, asks).await?;
                true
            }
        };
        if !same {
            return Err(changed_since(&kind));
        }
    }
    proposed.sort_by_key(|((_, kind, _), _)| microconference::order(kind));
    for ((edition, kind, thing), (before, after)) in proposed {
        let edition = edition.ok_or_else(|| Error::damaged("feed", "a proposal of no edition"))?;
        if !microconference::restore(tx, edition, (&kind, thing), before, after.as_ref()).await? {
            return Err(changed_since(&kind));
        }
    }
    // A menu comes back after the pages to which it leads.
    written.sort_by_key(|((_, kind, _), _)| kind == crate::page::MENU_KIND);
    for ((edition, kind, thing), (before, after)) in written {
        let edition = edition.ok_or_else(|| Error::damaged("feed", "a page or post of no edition"))?;
        if !content::restore(tx, edition, &kind, thing, before, after).await? {
            return Err(changed_since(&kind));
        }
    }
    let mut by_edition: BTreeMap<EditionId, Vec<Wanted>> = BTreeMap::new();
    for ((edition, kind, thing), (before, after)) in programme {
        let edition = edition.ok_or_else(|| Error::damaged("feed", "a programme's thing of no edition"))?;
        by_edition.entry(edition).or_default().push(Wanted { kind, thing, before, after });
    }
    for (edition, wanted) in by_edition {
        restore_programme(tx, edition, wanted).await?;
    }
    Ok(count)
}

/// One thing of a programme, as a deed left it and as it was before.
struct Wanted {
    kind: String,
    thing: Uuid,
    before: Option<Value>,
    after: Option<Value>,
}

/// See [`Store::written_together`]: entries of one transaction have its instant and its actor, and stand side by side.
async fn together(db: &impl ConnectionTrait, seq: Sequence) -> Result<Vec<Entry<Value>>> {
    let Some(row) = change::Entity::find_by_id(seq).one(db).await? else { return Ok(vec![]) };
    let rows = change::Entity::find()
        .filter(change::Column::At.eq(row.at))
        .filter(change::Column::Actor.eq(row.actor))
        .order_by_asc(change::Column::Seq)
        .all(db)
        .await?;
    let entries: Vec<Entry<Value>> = rows.into_iter().map(feed::entry).collect::<Result<_>>()?;
    // Two deeds of one person in the same microsecond are told apart by a gap only where there is one.
    let at = entries.iter().position(|entry| entry.seq == seq).unwrap_or_default();
    let first = (0..at).rev().take_while(|i| entries[*i].seq + 1 == entries[*i + 1].seq).last().unwrap_or(at);
    let last = (at + 1..entries.len())
        .take_while(|i| entries[*i - 1].seq + 1 == entries[*i].seq)
        .last()
        .unwrap_or(at);
    Ok(entries.into_iter().skip(first).take(last - first + 1).collect())
}

async fn place_of(db: &impl ConnectionTrait, edition: Option<EditionId>) -> Result<Place> {
    let Some(id) = edition else { return Ok(Place::installation()) };
    let row = edition::Entity::find_by_id(id.0).one(db).await?;
    let series = row.map(|row| model::text::Line::clean(&row.series));
    Ok(Place { series, edition: Some(id), ..Place::default() })
}

fn changed_since(kind: &str) -> Error {
    Refusal::new(
        "undo",
        format!("the {kind} was changed again since"),
        "Take the later change back first, or change it on its own page",
    )
    .into()
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| Error::damaged("feed", error))
}

/// Makes a thing outside the programme what it was.
async fn restore(
    tx: &Tx,
    subject: &Subject,
    (kind, thing): (&str, Uuid),
    before: Option<Value>,
    after: Option<Value>,
    asks: bool,
) -> Result<()> {
    if kind == AccountId::KIND {
        let row = account_entity::Entity::find_by_id(thing).one(tx.db()).await?;
        let present = row.as_ref().map(account::account_of).transpose()?;
        if present.as_ref().map(account::fact).transpose()? != after {
            return Err(changed_since(kind));
        }
        let before = before.map(read::<Account>).transpose()?;
        let state = |account: &Option<Account>| account.as_ref().map(|account| account.state);
        match before {
            // Browsers and tokens end with it, and the last administrator stays: none of that is undone by a log.
            Some(_) if state(&before) != state(&present) => Err(Refusal::new(
                "undo",
                "an account is not blocked, unblocked or merged from the log",
                "Do it on the account's own page",
            )
            .into()),
            Some(before) => account::put(tx, present.as_ref(), &before).await,
            None => Err(Refusal::new(
                "undo",
                "an account that came into being is its person's",
                "The person deletes it on their own page",
            )
            .into()),
        }
    } else {
        let row = role_grant::Entity::find_by_id(thing).one(tx.db()).await?;
        let present = row.as_ref().map(grant::grant_of).transpose()?;
        if present.as_ref().map(account::fact).transpose()? != after {
            return Err(changed_since(kind));
        }
        let Some(present) = present else { return Err(changed_since(kind)) };
        if asks {
            let series = grant::series_of(tx.db(), &present.scope).await?;
            subject.may_give(present.role, &present.scope, series.as_ref())?;
        }
        // A role that was given is revoked, not forgotten: who had it when stays in the record.
        let revoked = model::permission::Revoked { at: tx.at(), by: subject.actor.to_string() };
        let wanted = match before {
            Some(before) => read::<Grant>(before)?,
            None => Grant { revoked: Some(revoked), ..present.clone() },
        };
        grant::put(tx, Some(&present), &wanted).await?;
        // Where there is none to begin with, other roles come and go all the same.
        if present.role == Role::Administrator { grant::keep_an_administrator(tx).await } else { Ok(()) }
    }
}

/// Makes the things of one programme what they were.
async fn restore_programme(tx: &Tx, id: EditionId, wanted: Vec<Wanted>) -> Result<()> {
    let rows =
        load::load(tx.db(), edition::Column::Id.eq(id.0)).await?.ok_or_else(|| Error::no_edition(id))?;
    let mut programme = rows.programme()?;
    let mut positions = rows.positions();
    let present: BTreeMap<(&'static str, Uuid), Value> = save::things(&programme, &positions)
        .map(|thing: Thing<'_>| Ok((thing.key(), thing.json()?)))
        .collect::<Result<_>>()?;
    for Wanted { kind, thing, after, .. } in &wanted {
        let now = present.iter().find(|((k, id), _)| k == kind && id == thing).map(|(_, value)| value);
        if now != after.as_ref() {
            return Err(changed_since(kind));
        }
    }
    for Wanted { kind, thing, before, .. } in wanted {
        put(&mut programme, &mut positions, &kind, thing, before)?;
    }
    let whole = Refusal::new(
        "undo",
        "other things depend on what would go",
        "Take their changes back first, or change them on their own pages",
    );
    let rooms: Vec<RoomId> = programme.rooms.iter().map(|room| room.id).collect();
    let dangling = programme.slots().any(|(_, slot)| slot.room.is_some_and(|room| !rooms.contains(&room)));
    if dangling {
        return Err(whole.into());
    }
    programme.normalise();
    crate::edition::slug_may_become(tx.db(), &rows.edition, &programme.edition.slug).await?;
    save::save(tx, Some(&rows), &programme).await?;
    Ok(())
}

/// Puts a thing of a programme in the place of the present one; takes it out where there was none.
fn put(
    programme: &mut Programme,
    positions: &mut Positions,
    kind: &str,
    thing: Uuid,
    value: Option<Value>,
) -> Result<()> {
    let position = value.as_ref().and_then(|value| value.get("position")).and_then(Value::as_i64);
    if let Some(position) = position {
        positions.insert(thing, position);
    }
    match kind {
        EditionId::KIND => {
            let Some(value) = value else {
                return Err(Refusal::new("undo", "an edition is never removed", "Archive it instead").into());
            };
            programme.edition = read::<Edition>(value)?;
        }
        RoomId::KIND => replace(&mut programme.rooms, |room: &Room| room.id.0, thing, value)?,
        TrackId::KIND => replace(&mut programme.tracks, |track: &Track| track.id.0, thing, value)?,
        PersonId::KIND => replace(&mut programme.persons, |person: &Person| person.id.0, thing, value)?,
        SessionId::KIND => replace(&mut programme.sessions, |session: &Session| session.id.0, thing, value)?,
        _ => replace(&mut programme.sponsors, |sponsor: &Sponsor| sponsor.id.0, thing, value)?,
    }
    // What has an order stands where it stood.
    let at = |id: Uuid| positions.get(&id).copied().unwrap_or(i64::MAX);
    programme.rooms.sort_by_key(|room| at(room.id.0));
    programme.tracks.sort_by_key(|track| at(track.id.0));
    programme.sponsors.sort_by_key(|sponsor| at(sponsor.id.0));
    Ok(())
}

fn replace<T: DeserializeOwned>(
    list: &mut Vec<T>,
    id: impl Fn(&T) -> Uuid,
    thing: Uuid,
    value: Option<Value>,
) -> Result<()> {
    let present = list.iter().position(|one| id(one) == thing);
    match (value, present) {
        (Some(value), Some(at)) => list[at] = read(value)?,
        (Some(value), None) => list.push(read(value)?),
        (None, Some(at)) => {
            list.remove(at);
        }
        (None, None) => {}
    }
    Ok(())
}
