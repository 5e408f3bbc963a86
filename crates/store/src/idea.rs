//! Ideas for microconferences: posted, found interesting, adopted.

use crate::{
    Error, Result, Store, account as accounts,
    content::{allowed, note},
    edition as editions,
    entity::{idea, idea_interest},
    holding::Holding,
    mail::{self, Notice},
    proposal as proposals,
    review::names_of,
    save::upsert,
    tx::Tx,
};
use jiff::Timestamp;
use model::{
    Refusal,
    call::{CallKind, Phase},
    edition::Edition,
    id::{AccountId, CallId, EditionId, IdeaId, ProposalId},
    idea::Idea,
    permission::{Action, Subject},
    proposal::Content,
    text::{Line, RichText},
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The word for somebody's interest in the feed.
pub(crate) const INTEREST_KIND: &str = "idea-interest";

/// An idea as pages show it.
#[derive(Clone, Debug)]
pub struct IdeaView {
    /// The idea.
    pub idea: Idea,
    /// How its poster is called; empty once they have no account any more.
    pub by: Line,
    /// How many are interested.
    pub interested: usize,
    /// Whether whoever asks is among them.
    pub mine: bool,
}

impl Store {
    /// The ideas of an edition, as `viewer` sees them: those that wait first, the most wanted first. Three queries.
    pub async fn ideas(&self, edition: EditionId, viewer: Option<AccountId>) -> Result<Vec<IdeaView>> {
        let db = self.read().await?;
        let rows = idea::Entity::find()
            .filter(idea::Column::Edition.eq(edition.0))
            .order_by_desc(idea::Column::At)
            .all(&db)
            .await?;
        let interests = idea_interest::Entity::find()
            .filter(idea_interest::Column::Edition.eq(edition.0))
            .all(&db)
            .await?;
        let names = names_of(&db, rows.iter().filter_map(|row| row.account)).await?;
        db.commit().await?;
        let mut out: Vec<IdeaView> = rows
            .iter()
            .map(|row| {
                let of = || interests.iter().filter(|one| one.idea == row.id);
                Ok(IdeaView {
                    by: row.account.and_then(|id| names.get(&id).cloned()).unwrap_or_default(),
                    interested: of().count(),
                    mine: of().any(|one| viewer == Some(AccountId(one.account))),
                    idea: of_row(row)?,
                })
            })
            .collect::<Result<_>>()?;
        // Stable: what is equally wanted keeps the newest first.
        out.sort_by_key(|one| (one.idea.adopted.is_some(), std::cmp::Reverse(one.interested)));
        Ok(out)
    }

    /// Posts an idea.
    pub async fn post_idea(
        &self,
        subject: &Subject,
        edition: EditionId,
        title: &Line,
        text: &RichText,
    ) -> Result<Idea> {
        let account = proposals::signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition).await?;
            accounts::active(tx.db(), account).await?;
            let own = idea::Entity::find()
                .filter(idea::Column::Edition.eq(edition.0))
                .filter(idea::Column::Account.eq(account.0))
                .filter(idea::Column::Adopted.is_null())
                .all(tx.db())
                .await?;
            let new = Idea {
                id: IdeaId(Uuid::now_v7()),
                account: Some(account),
                title: title.clone(),
                text: text.clone(),
                at: tx.at(),
                adopted: None,
            };
            new.check(own.len())?;
            put(tx, edition, None, Some(&new)).await?;
            Ok(new)
        })
        .await
    }

    /// Says that an idea interests whoever asks, or no longer.
    pub async fn set_interest(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: IdeaId,
        interested: bool,
    ) -> Result<()> {
        let account = proposals::signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            let one = find(tx.db(), edition, id).await?;
            if interested {
                one.waits()?;
            }
            accounts::active(tx.db(), account).await?;
            let before = idea_interest::Entity::find()
                .filter(idea_interest::Column::Idea.eq(id.0))
                .filter(idea_interest::Column::Account.eq(account.0))
                .one(tx.db())
                .await?;
            match (before, interested) {
                (None, true) => {
                    let row = idea_interest::Model {
                        edition: edition.0,
                        id: Uuid::now_v7(),
                        idea: id.0,
                        account: account.0,
                        at: to_micros(tx.at()),
                    };
                    upsert::<idea_interest::Entity>(tx.db(), vec![row.clone()]).await?;
                    note(tx, (INTEREST_KIND, row.id), edition, None, Some(&interest_said(&row))).await
                }
                (Some(row), false) => drop_interest(tx, edition, &row).await,
                _ => Ok(()),
            }
        })
        .await
    }

    /// Takes an idea back: its poster, or whoever makes calls.
    pub async fn remove_idea(&self, subject: &Subject, edition: EditionId, id: IdeaId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            subject.may_write()?;
            let before = find(tx.db(), edition, id).await?;
            if subject.account.is_none() || before.account != subject.account {
                allowed(tx.db(), subject, Action::ManageCalls, edition, None).await?;
            }
            for row in interests(tx.db(), id).await? {
                drop_interest(tx, edition, &row).await?;
            }
            put(tx, edition, Some(&before), None).await
        })
        .await
    }

    /// Makes a draft of one's own of an idea, in the edition's call for microconferences that is open; everybody who was
    /// interested is told who leads it. `base_url` is the site's address. Two writes: a draft that was begun is never lost.
    pub async fn adopt_idea(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: IdeaId,
        base_url: &str,
    ) -> Result<ProposalId> {
        let account = proposals::signed_in(subject)?;
        let waiting = find(self.readers(), edition.id, id).await?;
        waiting.waits()?;
        let call = self.open_call(edition.id).await?;
        let content = Content {
            title: waiting.title.clone(),
            summary: waiting.text.clone(),
            form: call.1,
            ..Content::default()
        };
        let begun = self.begin_proposal(subject, edition.id, call.0, &content, None).await?.proposal.id;
        let adopted = self
            .write(&subject.actor, async |tx| {
                let before = find(tx.db(), edition.id, id).await?;
                // Somebody else may have been faster.
                before.waits()?;
                let after = Idea { adopted: Some(begun), ..before.clone() };
                put(tx, edition.id, Some(&before), Some(&after)).await?;
                tell(tx, edition, (&after, account), base_url).await
            })
            .await;
        if let Err(error) = adopted {
            self.delete_draft(subject, edition.id, begun).await?;
            return Err(error);
        }
        Ok(begun)
    }

    /// The call for microconferences in which an idea can become a draft, with the version of its form.
    async fn open_call(&self, edition: EditionId) -> Result<(CallId, u32)> {
        let calls = self.calls(edition).await?;
        let now = self.now();
        let of_kind = calls.iter().filter(|one| one.call.kind == CallKind::Microconferences);
        let open = of_kind
            .filter(|one| matches!(one.call.phase(now), Phase::Announced(_) | Phase::Open(_)))
            .map(|one| (one.call.id, one.form.version))
            .next();
        open.ok_or_else(|| {
            let problem = "no call for microconferences is open";
            Refusal::new("idea", problem, "Wait until one opens, or write to the committee").into()
        })
    }
}

/// Tells everybody whom an idea interests, and its poster, that somebody leads it.
async fn tell(tx: &Tx, edition: &Edition, (one, lead): (&Idea, AccountId), base_url: &str) -> Result<()> {
    let name = accounts::active(tx.db(), lead).await?.name;
    let mut whom: Vec<AccountId> =
        interests(tx.db(), one.id).await?.iter().map(|row| AccountId(row.account)).collect();
    whom.extend(one.account);
    whom.sort();
    whom.dedup();
    whom.retain(|account| *account != lead);
    let path = model::address::Address::Ideas.path(&edition.slug);
    let notice = Notice {
        subject: &format!("somebody leads \"{}\"", one.title),
        body: &format!("{name} makes a proposal for a microconference of the idea \"{}\".", one.title),
        link: &format!("{}{path}", base_url.trim_end_matches('/')),
        once: &format!("idea {} {lead}", one.id),
    };
    mail::notify(tx, edition.id, whom, &notice).await?;
    Ok(())
}

/// Lets an idea wait again whose draft is deleted.
pub(crate) async fn release(tx: &Tx, edition: EditionId, proposal: ProposalId) -> Result<()> {
    let rows = idea::Entity::find()
        .filter(idea::Column::Edition.eq(edition.0))
        .filter(idea::Column::Adopted.eq(proposal.0))
        .all(tx.db())
        .await?;
    for row in &rows {
        let before = of_row(row)?;
        put(tx, edition, Some(&before), Some(&Idea { adopted: None, ..before.clone() })).await?;
    }
    Ok(())
}

async fn find(db: &impl ConnectionTrait, edition: EditionId, id: IdeaId) -> Result<Idea> {
    let row = idea::Entity::find_by_id(id.0).filter(idea::Column::Edition.eq(edition.0)).one(db).await?;
    let gone = || Refusal::new("idea", "it is not there any more", "Look at the others");
    of_row(&row.ok_or_else(gone)?)
}

async fn interests(db: &impl ConnectionTrait, id: IdeaId) -> Result<Vec<idea_interest::Model>> {
    Ok(idea_interest::Entity::find().filter(idea_interest::Column::Idea.eq(id.0)).all(db).await?)
}

async fn drop_interest(tx: &Tx, edition: EditionId, row: &idea_interest::Model) -> Result<()> {
    idea_interest::Entity::delete_by_id(row.id).exec(tx.db()).await?;
    note(tx, (INTEREST_KIND, row.id), edition, Some(&interest_said(row)), None).await
}

async fn put(tx: &Tx, edition: EditionId, before: Option<&Idea>, after: Option<&Idea>) -> Result<()> {
    let Some(id) = after.or(before).map(|one| one.id) else { return Ok(()) };
    match after {
        Some(after) => upsert::<idea::Entity>(tx.db(), vec![row_of(edition, after)]).await?,
        None => {
            idea::Entity::delete_by_id(id.0).exec(tx.db()).await?;
        }
    }
    note(tx, (IdeaId::KIND, id.0), edition, before, after).await
}

fn row_of(edition: EditionId, one: &Idea) -> idea::Model {
    idea::Model {
        edition: edition.0,
        id: one.id.0,
        account: one.account.map(|account| account.0),
        title: one.title.to_string(),
        text: one.text.to_string(),
        at: to_micros(one.at),
        adopted: one.adopted.map(|proposal| proposal.0),
    }
}

fn of_row(row: &idea::Model) -> Result<Idea> {
    Ok(Idea {
        id: IdeaId(row.id),
        account: row.account.map(AccountId),
        title: Line::clean(&row.title),
        text: RichText::clean(&row.text),
        at: from_micros(row.at)
            .ok_or_else(|| Error::damaged(format!("idea {}", row.id), "no such instant"))?,
        adopted: row.adopted.map(ProposalId),
    })
}

/// What the feed says of somebody's interest.
fn interest_said(row: &idea_interest::Model) -> Value {
    json!({ "idea": row.idea, "account": row.account })
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in idea::Entity::find().all(db).await? {
        let fact = crate::account::fact(&of_row(&row)?)?;
        state.insert((Some(row.edition), IdeaId::KIND.to_owned(), row.id), fact);
    }
    for row in idea_interest::Entity::find().all(db).await? {
        state.insert((Some(row.edition), INTEREST_KIND.to_owned(), row.id), interest_said(&row));
    }
    Ok(())
}

impl Holding for idea::Entity {
    const KIND: &'static str = IdeaId::KIND;
    const ACCOUNT: Self::Column = idea::Column::Account;
    const ID: Self::Column = idea::Column::Id;

    fn id(row: &idea::Model) -> Uuid {
        row.id
    }

    fn edition(row: &idea::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &idea::Model) -> Result<Value> {
        crate::account::fact(&of_row(row)?)
    }

    fn of_account(row: idea::Model, account: Uuid) -> idea::Model {
        idea::Model { account: Some(account), ..row }
    }

    /// Others are interested in it: it stays, without the person.
    fn kept(row: idea::Model, _at: Timestamp, _by: &str) -> Option<idea::Model> {
        Some(idea::Model { account: None, ..row })
    }
}

impl Holding for idea_interest::Entity {
    const KIND: &'static str = INTEREST_KIND;
    const ACCOUNT: Self::Column = idea_interest::Column::Account;
    const ID: Self::Column = idea_interest::Column::Id;

    fn id(row: &idea_interest::Model) -> Uuid {
        row.id
    }

    fn edition(row: &idea_interest::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &idea_interest::Model) -> Result<Value> {
        Ok(interest_said(row))
    }

    fn of_account(row: idea_interest::Model, account: Uuid) -> idea_interest::Model {
        idea_interest::Model { account, ..row }
    }

    /// Where both are interested, one is enough.
    fn stays(row: &idea_interest::Model, others: &[idea_interest::Model]) -> bool {
        others.iter().any(|other| other.idea == row.idea)
    }
}
