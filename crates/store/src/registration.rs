//! Registrations: keeping them, importing lists of them, and joining them to the accounts of those who prove their
//! address.
//!
//! **Nothing here reads or writes a role.** Being registered, as whatever, gives no right.

use crate::{
    Error, Result, Store, account as accounts,
    account::fact,
    entity::{edition, registration},
    tx::{Change, Tx},
};
use model::{
    Refusal,
    account::Proof,
    calendar::Expected,
    email::Email,
    feed::{Actor, Deed},
    id::{AccountId, EditionId, RegistrationId},
    registration::{
        Attendance, Counted, Difference, Mapping, Registration, RegistrationState, RegistrationType, Sheet,
        difference,
    },
    text::{Line, folded},
    time::Zone,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, LikeExpr},
};
use serde_json::{Map, Value};
use std::collections::HashMap;
use uuid::Uuid;

pub(crate) mod caps;

/// The most registrations of one edition.
const MOST: usize = 200_000;

/// Which registrations are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationFilter {
    /// Words that all stand in the name, the address, the affiliation or the code.
    pub words: String,
    /// As what they come.
    pub kind: Option<RegistrationType>,
    /// How they take part.
    pub mode: Option<Attendance>,
    /// Whether they hold.
    pub state: Option<RegistrationState>,
    /// Whether somebody has proved the address: `Some(false)` finds those who have not signed in yet.
    pub linked: Option<bool>,
}

/// How many registrations hold, by type and way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationCounts {
    /// Active ones by type and way.
    pub active: Counted,
    /// All that are active.
    pub total: u64,
    /// All that are cancelled.
    pub cancelled: u64,
    /// Active ones whose person has signed in.
    pub linked: u64,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrationImport {
    /// Who is new.
    pub added: Vec<Registration>,
    /// How many changed.
    pub changed: usize,
    /// How many were cancelled because the list has them no more.
    pub cancelled: usize,
}

impl Store {
    /// A page of an edition's registrations by name, and how many there are in all. Two queries.
    pub async fn registrations(
        &self,
        id: EditionId,
        filter: &RegistrationFilter,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<Registration>, u64)> {
        let find = registration::Entity::find().filter(matching(id, filter));
        let count = find.clone().count(self.readers()).await?;
        let rows = find
            .order_by_asc(registration::Column::Searched)
            .order_by_asc(registration::Column::Id)
            .offset(offset)
            .limit(limit)
            .all(self.readers())
            .await?;
        Ok((rows.iter().map(registration_of).collect::<Result<_>>()?, count))
    }

    /// All registrations of an edition, also cancelled ones, by name. One query.
    pub async fn all_registrations(&self, id: EditionId) -> Result<Vec<Registration>> {
        all(self.readers(), id).await
    }

    /// The registration of that identifier, if it is the edition's. One query.
    pub async fn registration(&self, edition: EditionId, id: RegistrationId) -> Result<Option<Registration>> {
        let row = registration::Entity::find_by_id(id.0)
            .filter(registration::Column::Edition.eq(edition.0))
            .one(self.readers())
            .await?;
        row.as_ref().map(registration_of).transpose()
    }

    /// The registrations of somebody, in all editions. One query.
    pub async fn registrations_of(&self, account: AccountId) -> Result<Vec<Registration>> {
        let rows = registration::Entity::find()
            .filter(registration::Column::Account.eq(account.0))
            .order_by_desc(registration::Column::Id)
            .all(self.readers())
            .await?;
        rows.iter().map(registration_of).collect()
    }

    /// How many registrations an edition has. One query.
    pub async fn registration_counts(&self, id: EditionId) -> Result<RegistrationCounts> {
        counts(self.readers(), id).await
    }

    /// Where the people are who are registered: in the zone that they said, else in that of their country. Whoever said
    /// neither is not counted. The most people first. One query.
    pub async fn people_by_zone(&self, id: EditionId) -> Result<Vec<Expected>> {
        let rows: Vec<(Option<String>, String, i64)> = registration::Entity::find()
            .select_only()
            .column(registration::Column::Zone)
            .column(registration::Column::Country)
            .column_as(registration::Column::Id.count(), "all")
            .filter(registration::Column::Edition.eq(id.0))
            .filter(registration::Column::State.eq(RegistrationState::Active.as_str()))
            .group_by(registration::Column::Zone)
            .group_by(registration::Column::Country)
            .into_tuple()
            .all(self.readers())
            .await?;
        let mut by_zone: HashMap<String, Expected> = HashMap::new();
        for (zone, country, count) in rows {
            let said = zone.as_deref().and_then(|name| Zone::parse(name).ok());
            let zone = said.or_else(|| model::country::Country::parse(&country)?.zone());
            let Some(zone) = zone else { continue };
            let one = by_zone.entry(zone.name().to_owned()).or_insert_with(|| Expected { zone, people: 0 });
            one.people = one.people.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        }
        let mut out: Vec<Expected> = by_zone.into_values().collect();
        out.sort_by(|one, other| {
            other.people.cmp(&one.people).then_with(|| one.zone.name().cmp(other.zone.name()))
        });
        Ok(out)
    }

    /// Enters a registration, or makes the one of its identifier what it says: see [`Store::change_registration`].
    pub async fn put_registration(&self, actor: &Actor, wanted: &Registration) -> Result<Registration> {
        self.change_registration(actor, wanted.edition, wanted.id, |_| Ok(wanted.clone())).await
    }

    /// Enters or changes a registration by hand: `rule` gets it as it is, `None` where there is none, and answers with the
    /// new one, or says no. One that is new, or whose address changed, is joined to the account of whoever has proved the
    /// address. Refused are an address that another registration of the edition has, and a place beyond a cap. Gives what
    /// is in the record then.
    pub async fn change_registration(
        &self,
        actor: &Actor,
        id: EditionId,
        registration: RegistrationId,
        rule: impl FnOnce(Option<&Registration>) -> Result<Registration, Refusal> + Send,
    ) -> Result<Registration> {
        self.write(actor, async |tx| {
            if edition::Entity::find_by_id(id.0).one(tx.db()).await?.is_none() {
                return Err(Error::no_edition(id));
            }
            let row = registration::Entity::find_by_id(registration.0).one(tx.db()).await?;
            let known = row.as_ref().map(registration_of).transpose()?;
            let is_known = known.is_some();
            let before = known.filter(|known| known.edition == id);
            let wanted = Registration { id: registration, edition: id, ..rule(before.as_ref())? };
            if is_known && before.is_none() {
                return Err(
                    Refusal::new("registration", "it is of another edition", "Load the page again").into()
                );
            }
            let same = registration::Entity::find()
                .filter(registration::Column::Edition.eq(id.0))
                .filter(registration::Column::Email.eq(wanted.email.as_str()))
                .filter(registration::Column::Id.ne(wanted.id.0))
                .one(tx.db())
                .await?;
            if let Some(same) = same {
                let name = if same.name.is_empty() { "somebody".to_owned() } else { same.name };
                return Err(Refusal::new(
                    "email",
                    format!("{name} is registered with {} already", wanted.email),
                    "Change that registration instead",
                )
                .into());
            }
            caps::room(tx, before.as_ref(), &wanted).await?;
            let account = accounts::owner(tx.db(), &Proof::Email(wanted.email.clone())).await?;
            let kept = before
                .as_ref()
                .filter(|before| before.email == wanted.email)
                .and_then(|before| before.account);
            let account = account.map(|row| AccountId(row.account)).or(kept);
            let after = Registration { account, ..wanted };
            write(tx, vec![(before, after.clone())]).await?;
            Ok(after)
        })
        .await
    }

    /// What a list would change now, without changing it.
    pub async fn registration_difference(
        &self,
        edition: EditionId,
        sheet: &Sheet,
        mapping: &Mapping,
    ) -> Result<Difference> {
        let present = all(self.readers(), edition).await?;
        Ok(difference(edition, &present, sheet, mapping, Uuid::now_v7))
    }

    /// Applies a list. `shown` is the difference that somebody saw and agreed to: when it is another one by now, nothing is
    /// written and they are told. With `cancel_missing`, those who are not in the list are cancelled; when that is more
    /// than half of all who are registered, `cancel_most` must say so too.
    pub async fn import_registrations(
        &self,
        actor: &Actor,
        edition: EditionId,
        sheet: &Sheet,
        mapping: &Mapping,
        agreed: &Agreed,
    ) -> Result<RegistrationImport> {
        self.write(actor, async |tx| {
            if edition::Entity::find_by_id(edition.0).one(tx.db()).await?.is_none() {
                return Err(Error::no_edition(edition));
            }
            let present = all(tx.db(), edition).await?;
            let active = present.iter().filter(|one| one.state == RegistrationState::Active).count();
            let difference = difference(edition, &present, sheet, mapping, Uuid::now_v7);
            if difference.seen() != agreed.seen {
                return Err(Refusal::new(
                    "import",
                    "registrations changed since this difference was drawn",
                    "Look at the new difference below, then apply it",
                )
                .into());
            }
            if present.len() + difference.added.len() > MOST {
                return Err(Refusal::new(
                    "import",
                    format!("the edition would have more than {MOST} registrations"),
                    "Check that the file is a list of registrations",
                )
                .into());
            }
            if agreed.cancel_missing && difference.cancels_most(active) && !agreed.cancel_most {
                return Err(Refusal::new(
                    "cancel_most",
                    format!("{} of {active} registrations would be cancelled", difference.missing.len()),
                    "Tick that you mean it, or import without cancelling",
                )
                .into());
            }
            if !agreed.over_caps
                && let Some(caps) = caps::stored(tx.db(), edition).await?
            {
                let counted = counts(tx.db(), edition).await?.active;
                let over = difference.over(&caps, &counted, agreed.cancel_missing);
                if !over.is_empty() {
                    let told: Vec<String> = over
                        .iter()
                        .map(|one| format!("{} {} of {}", one.of.shown(), one.count, one.most))
                        .collect();
                    return Err(Refusal::new(
                        "over_caps",
                        format!("it would go over a cap: {}", told.join(", ")),
                        "Tick that you mean it, or raise the cap under Registrations, Caps",
                    )
                    .into());
                }
            }
            let Difference { added, changed, missing, .. } = difference;
            let mut changes: Vec<(Option<Registration>, Registration)> = vec![];
            changes.extend(added.iter().map(|(_, one)| (None, one.clone())));
            let changed_count = changed.len();
            changes.extend(changed.into_iter().map(|one| (Some(one.before), one.after)));
            let cancelled = if agreed.cancel_missing { missing } else { vec![] };
            let cancelled_count = cancelled.len();
            changes.extend(cancelled.into_iter().map(|before| {
                let after = Registration { state: RegistrationState::Cancelled, ..before.clone() };
                (Some(before), after)
            }));
            join(tx, &mut changes).await?;
            write(tx, changes).await?;
            let added = added.into_iter().map(|(_, one)| one).collect();
            Ok(RegistrationImport { added, changed: changed_count, cancelled: cancelled_count })
        })
        .await
    }
}

/// What somebody agreed to when they applied a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// What [`Difference::seen`] gave when the difference was drawn.
    pub seen: String,
    /// Whether those who are not in the list are cancelled.
    pub cancel_missing: bool,
    /// Whether also most of all may be.
    pub cancel_most: bool,
    /// Whether it may go over a cap.
    pub over_caps: bool,
}

/// Joins to an account the registrations with an address that its person has just proved. Called wherever an address
/// becomes an identity, in the same transaction: who is registered signs in with their address, and is known at once.
pub(crate) async fn link_registrations(tx: &Tx, account: AccountId, email: &Email) -> Result<()> {
    let rows = registration::Entity::find()
        .filter(registration::Column::Email.eq(email.as_str()))
        .filter(registration::Column::Account.is_null())
        .all(tx.db())
        .await?;
    let mut changes = vec![];
    for row in &rows {
        let before = registration_of(row)?;
        let after = Registration { account: Some(account), ..before.clone() };
        changes.push((Some(before), after));
    }
    write(tx, changes).await
}

/// Gives new registrations, and those whose address changed, to whoever has proved the address. One query for each five
/// hundred.
async fn join(tx: &Tx, changes: &mut [(Option<Registration>, Registration)]) -> Result<()> {
    use crate::entity::identity;
    let open: Vec<String> = changes
        .iter()
        .filter(|(_, after)| after.account.is_none())
        .map(|(_, after)| after.email.to_string())
        .collect();
    let mut owners: HashMap<String, Uuid> = HashMap::new();
    for chunk in open.chunks(500) {
        let rows = identity::Entity::find()
            .filter(identity::Column::Kind.eq("email"))
            .filter(identity::Column::Subject.is_in(chunk.iter().cloned()))
            .all(tx.db())
            .await?;
        owners.extend(rows.into_iter().map(|row| (row.subject, row.account)));
    }
    for (_, after) in changes.iter_mut().filter(|(_, after)| after.account.is_none()) {
        after.account = owners.get(after.email.as_str()).copied().map(AccountId);
    }
    Ok(())
}

/// Writes registrations and notes those that differ.
async fn write(tx: &Tx, changes: Vec<(Option<Registration>, Registration)>) -> Result<()> {
    let (mut rows, mut notes) = (vec![], vec![]);
    for (before, after) in changes {
        if before.as_ref() == Some(&after) {
            continue;
        }
        rows.push(row_of(&after));
        notes.push(Change {
            kind: RegistrationId::KIND,
            thing: after.id.0,
            edition: Some(after.edition),
            deed: if before.is_some() { Deed::Changed } else { Deed::Created },
            before: before.as_ref().map(fact).transpose()?,
            after: Some(fact(&after)?),
        });
    }
    if rows.is_empty() {
        return Ok(());
    }
    crate::save::upsert::<registration::Entity>(tx.db(), rows).await?;
    tx.note(notes).await
}

/// Makes a registration what it was `before`, if it still is what it was `after`; gives whether it was. One that came into
/// being is cancelled, not forgotten.
pub(crate) async fn restore(
    tx: &Tx,
    thing: Uuid,
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let row = registration::Entity::find_by_id(thing).one(tx.db()).await?;
    let present = row.as_ref().map(registration_of).transpose()?;
    if present.as_ref().map(fact).transpose()?.as_ref() != after {
        return Ok(false);
    }
    let wanted: Option<Registration> =
        before.map(serde_json::from_value).transpose().map_err(|error| Error::damaged("feed", error))?;
    match (wanted, present) {
        (Some(wanted), present) => {
            let same = registration::Entity::find()
                .filter(registration::Column::Edition.eq(wanted.edition.0))
                .filter(registration::Column::Email.eq(wanted.email.as_str()))
                .filter(registration::Column::Id.ne(thing))
                .count(tx.db())
                .await?;
            if same > 0 {
                let problem = format!("somebody else is registered with {} meanwhile", wanted.email);
                return Err(Refusal::new("undo", problem, "Look at that registration first").into());
            }
            caps::room(tx, present.as_ref(), &wanted).await?;
            // The address may belong to another account by now.
            let mut changes = vec![(present, Registration { account: None, ..wanted })];
            join(tx, &mut changes).await?;
            write(tx, changes).await?;
        }
        (None, Some(present)) => {
            let cancelled = Registration { state: RegistrationState::Cancelled, ..present.clone() };
            write(tx, vec![(Some(present), cancelled)]).await?;
        }
        (None, None) => {}
    }
    Ok(true)
}

/// The address that stands in the place of an erased one: each its own, so that the rules hold.
fn erased(id: &str) -> String {
    format!("erased-{id}@erased.invalid")
}

/// A registration belongs to an account from when its address is proved. When the account is deleted, that somebody was
/// registered, as what and from which country, stays for the conference's figures; who it was does not.
impl crate::holding::Holding for registration::Entity {
    const KIND: &'static str = RegistrationId::KIND;
    const ACCOUNT: Self::Column = registration::Column::Account;
    const ID: Self::Column = registration::Column::Id;

    fn id(row: &registration::Model) -> Uuid {
        row.id
    }

    fn edition(row: &registration::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &registration::Model) -> Result<Value> {
        fact(&registration_of(row)?)
    }

    fn of_account(row: registration::Model, account: Uuid) -> registration::Model {
        registration::Model { account: Some(account), ..row }
    }

    fn kept(row: registration::Model, _at: jiff::Timestamp, _by: &str) -> Option<registration::Model> {
        let email = erased(&row.id.to_string());
        Some(registration::Model {
            // Nothing else is left to be found by.
            searched: format!(" {email}  "),
            email,
            name: String::new(),
            affiliation: String::new(),
            code: String::new(),
            ..row
        })
    }

    fn scrub(fact: &mut Map<String, Value>) {
        let id = fact.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        fact.insert("email".to_owned(), Value::String(erased(&id)));
        for field in ["name", "affiliation", "code"] {
            fact.insert(field.to_owned(), Value::String(String::new()));
        }
    }
}

/// Takes who it was out of every entry of the feed about registrations of these accounts, also of those from before the
/// address was proved, which name no account.
pub(crate) async fn scrub(tx: &Tx, ids: &[AccountId]) -> Result<()> {
    use crate::holding::Holding;
    let things: Vec<Uuid> = registration::Entity::find()
        .select_only()
        .column(registration::Column::Id)
        .filter(registration::Column::Account.is_in(ids.iter().map(|id| id.0)))
        .into_tuple()
        .all(tx.db())
        .await?;
    crate::holding::scrub_things(tx, RegistrationId::KIND, &things, <registration::Entity as Holding>::scrub)
        .await
}

/// Who is registered for an edition, of that type where one is named: their account where they have one, else name and
/// address.
pub(crate) async fn registered(
    db: &impl ConnectionTrait,
    edition: EditionId,
    kind: Option<RegistrationType>,
) -> Result<Vec<Registration>> {
    let mut find = registration::Entity::find()
        .filter(registration::Column::Edition.eq(edition.0))
        .filter(registration::Column::State.eq(RegistrationState::Active.as_str()));
    if let Some(kind) = kind {
        find = find.filter(registration::Column::Kind.eq(kind.as_str()));
    }
    find.all(db).await?.iter().map(registration_of).collect()
}

/// See [`Store::registration_counts`].
async fn counts(db: &impl ConnectionTrait, id: EditionId) -> Result<RegistrationCounts> {
    let rows: Vec<(String, String, String, i64, i64)> = registration::Entity::find()
        .select_only()
        .column(registration::Column::Kind)
        .column(registration::Column::Mode)
        .column(registration::Column::State)
        .column_as(registration::Column::Id.count(), "all")
        .column_as(registration::Column::Account.count(), "linked")
        .filter(registration::Column::Edition.eq(id.0))
        .group_by(registration::Column::Kind)
        .group_by(registration::Column::Mode)
        .group_by(registration::Column::State)
        .into_tuple()
        .all(db)
        .await?;
    let mut out = RegistrationCounts::default();
    for (kind, mode, state, count, linked) in rows {
        let [count, linked] = [count, linked].map(|number| u64::try_from(number).unwrap_or_default());
        if RegistrationState::parse(&state) != Some(RegistrationState::Active) {
            out.cancelled += count;
            continue;
        }
        out.total += count;
        out.linked += linked;
        if let (Some(kind), Some(mode)) = (RegistrationType::parse(&kind), Attendance::parse(&mode)) {
            *out.active.entry((kind, mode)).or_default() += count;
        }
    }
    Ok(out)
}

async fn all(db: &impl ConnectionTrait, id: EditionId) -> Result<Vec<Registration>> {
    let rows = registration::Entity::find()
        .filter(registration::Column::Edition.eq(id.0))
        .order_by_asc(registration::Column::Searched)
        .order_by_asc(registration::Column::Id)
        .all(db)
        .await?;
    rows.iter().map(registration_of).collect()
}

fn matching(id: EditionId, filter: &RegistrationFilter) -> Condition {
    let mut all = Condition::all().add(registration::Column::Edition.eq(id.0));
    if let Some(kind) = filter.kind {
        all = all.add(registration::Column::Kind.eq(kind.as_str()));
    }
    if let Some(mode) = filter.mode {
        all = all.add(registration::Column::Mode.eq(mode.as_str()));
    }
    if let Some(state) = filter.state {
        all = all.add(registration::Column::State.eq(state.as_str()));
    }
    match filter.linked {
        Some(true) => all = all.add(registration::Column::Account.is_not_null()),
        Some(false) => all = all.add(registration::Column::Account.is_null()),
        None => {}
    }
    for word in folded(&filter.words).split_whitespace().take(8) {
        // What people type is text, also where it is a sign of LIKE.
        let text = word.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let like = LikeExpr::new(format!("%{text}%")).escape('!');
        all = all.add(Expr::col(registration::Column::Searched).like(like));
    }
    all
}

fn row_of(one: &Registration) -> registration::Model {
    registration::Model {
        id: one.id.0,
        edition: one.edition.0,
        email: one.email.to_string(),
        name: one.name.to_string(),
        kind: one.kind.as_str().to_owned(),
        mode: one.mode.as_str().to_owned(),
        affiliation: one.affiliation.to_string(),
        country: one.country.to_string(),
        zone: one.zone.as_ref().map(|zone| zone.name().to_owned()),
        code: one.code.to_string(),
        state: one.state.as_str().to_owned(),
        account: one.account.map(|account| account.0),
        searched: one.searched(),
    }
}

/// The registration of a row.
pub(crate) fn registration_of(row: &registration::Model) -> Result<Registration> {
    let damaged = |what: &str| Error::damaged(format!("registration {}", row.id), what);
    Ok(Registration {
        id: RegistrationId(row.id),
        edition: EditionId(row.edition),
        email: Email::parse(&row.email).map_err(|refusal| damaged(&refusal.problem))?,
        name: Line::clean(&row.name),
        kind: RegistrationType::parse(&row.kind).ok_or_else(|| damaged("no such type"))?,
        mode: Attendance::parse(&row.mode).ok_or_else(|| damaged("no such way"))?,
        affiliation: Line::clean(&row.affiliation),
        country: Line::clean(&row.country),
        zone: row.zone.as_deref().and_then(|name| Zone::parse(name).ok()),
        code: Line::clean(&row.code),
        state: RegistrationState::parse(&row.state).ok_or_else(|| damaged("no such state"))?,
        account: row.account.map(AccountId),
    })
}
