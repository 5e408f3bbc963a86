//! Amendments of calls, and questions about them with their answers: published to everybody at once.

use crate::{
    Error, Result, Store,
    access::manageable,
    account as accounts,
    account::fact,
    call as calls,
    content::note,
    edition as editions,
    entity::{account, amendment, author, proposal, question},
    holding::Holding,
    lookup::among,
    mail::{self, Notice},
    save::upsert,
    tx::Tx,
};
use jiff::Timestamp;
use model::{
    Refusal,
    address::Address,
    call::{Amendment, Call, Phase, Question},
    edition::Edition,
    id::{AccountId, AmendmentId, CallId, EditionId, QuestionId},
    permission::Subject,
    text::{Line, RichText},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How many unanswered questions about one call one person may have.
const UNANSWERED_MAX: u64 = 10;

/// What was published about a call since it is public, and what waits for an answer.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The amendments by their numbers.
    pub amendments: Vec<Amendment>,
    /// The questions in the order in which they were asked, answered or not.
    pub questions: Vec<Question>,
}

impl Store {
    /// The amendments of a call, and all questions about it. Two queries.
    pub async fn exchange(&self, edition: EditionId, call: CallId) -> Result<Exchange> {
        let db = self.read().await?;
        let exchange = Exchange {
            amendments: amendments(&db, edition, call).await?,
            questions: questions(&db, edition, call).await?,
        };
        db.commit().await?;
        Ok(exchange)
    }

    /// The name of the person who asked each question of a call, for those who answer. One query.
    pub async fn askers(&self, edition: EditionId, call: CallId) -> Result<BTreeMap<QuestionId, Line>> {
        let asked: Vec<(Uuid, Option<Uuid>)> = question::Entity::find()
            .select_only()
            .columns([question::Column::Id, question::Column::Account])
            .filter(question::Column::Edition.eq(edition.0))
            .filter(question::Column::Call.eq(call.0))
            .into_tuple()
            .all(self.readers())
            .await?;
        let ids: BTreeSet<Uuid> = asked.iter().filter_map(|(_, account)| *account).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: BTreeMap<Uuid, String> = account::Entity::find()
            .select_only()
            .columns([account::Column::Id, account::Column::Name])
            .filter(among(account::Column::Id, ids))
            .into_tuple::<(Uuid, String)>()
            .all(self.readers())
            .await?
            .into_iter()
            .collect();
        Ok(asked
            .into_iter()
            .filter_map(|(id, account)| Some((QuestionId(id), Line::clean(names.get(&account?)?))))
            .collect())
    }

    /// Publishes a change of what a call says, and mails everybody who asked about it or has begun a proposal to it.
    /// `base_url` is the site's address. Gives how many were told.
    pub async fn amend_call(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        body: &RichText,
        base_url: &str,
    ) -> Result<usize> {
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            let open = manageable(tx.db(), subject, edition, call).await?;
            let number = amendment::Entity::find()
                .filter(amendment::Column::Edition.eq(edition.id.0))
                .filter(amendment::Column::Call.eq(call.0))
                .count(tx.db())
                .await?;
            let new = Amendment {
                id: AmendmentId(Uuid::now_v7()),
                call,
                number: u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1),
                at: tx.at(),
                body: body.clone(),
            };
            new.check(&open.call, tx.at())?;
            let row = amendment::Model {
                edition: edition.id.0,
                call: call.0,
                id: new.id.0,
                number: i32::try_from(new.number).unwrap_or(i32::MAX),
                at: to_micros(new.at),
                body: new.body.to_string(),
            };
            upsert::<amendment::Entity>(tx.db(), vec![row]).await?;
            note(tx, (AmendmentId::KIND, new.id.0), edition.id, None, Some(&new)).await?;
            let mut concerned = askers(tx.db(), edition.id, call).await?;
            concerned.extend(authors(tx.db(), edition.id, call).await?);
            let notice = Notice {
                subject: &format!("amendment {} to {}", new.number, open.call.name),
                body: new.body.as_str(),
                link: &page_of(base_url, edition, &open.call),
                once: &format!("amendment {}", new.id),
            };
            mail::notify(tx, edition.id, concerned.into_iter().collect(), &notice).await
        })
        .await
    }

    /// Asks a question about a call that is public. Everybody reads it once it is answered, without who asked.
    pub async fn ask(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        body: &RichText,
    ) -> Result<Question> {
        subject.may_write()?;
        let nobody = || Refusal::new("account", "you are not signed in", "Sign in first");
        let account = subject.account.ok_or_else(nobody)?;
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            let open = calls::find(tx.db(), edition.id, call).await?.ok_or_else(calls::gone)?;
            if open.call.phase(tx.at()) == Phase::Hidden {
                return Err(calls::gone());
            }
            let waiting = question::Entity::find()
                .filter(question::Column::Account.eq(account.0))
                .filter(question::Column::Call.eq(call.0))
                .filter(question::Column::AnsweredAt.is_null())
                .count(tx.db())
                .await?;
            if waiting >= UNANSWERED_MAX {
                let problem = format!("{waiting} questions of yours wait for an answer");
                return Err(Refusal::new("question", problem, "Wait until some are answered").into());
            }
            accounts::active(tx.db(), account).await?;
            let new = Question {
                id: QuestionId(Uuid::now_v7()),
                call,
                account: Some(account),
                asked: tx.at(),
                body: body.clone(),
                answer: RichText::default(),
                answered: None,
            };
            new.check(&open.call, tx.at())?;
            put(tx, edition.id, None, &new).await?;
            Ok(new)
        })
        .await
    }

    /// Answers a question, or betters its answer. Whoever asked is mailed with the first one, and everybody reads both.
    pub async fn answer_question(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: QuestionId,
        answer: &RichText,
        base_url: &str,
    ) -> Result<Question> {
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            let row = question::Entity::find_by_id(id.0).one(tx.db()).await?;
            let row = row.filter(|row| row.edition == edition.id.0);
            let row = row.ok_or_else(|| {
                Refusal::new("question", "it is not there any more", "Look in the list of questions")
            })?;
            let before = question_of(&row)?;
            let open = manageable(tx.db(), subject, edition, before.call).await?;
            let after = before.clone().answer(answer.clone(), tx.at())?;
            put(tx, edition.id, Some(&before), &after).await?;
            if before.answered.is_none()
                && let Some(account) = after.account
            {
                let notice = Notice {
                    subject: &format!("your question about {} is answered", open.call.name),
                    body: &format!("{}\n\n---\n\n{}", after.body, after.answer),
                    link: &page_of(base_url, edition, &open.call),
                    once: &format!("answer {id}"),
                };
                mail::notify(tx, edition.id, vec![account], &notice).await?;
            }
            Ok(after)
        })
        .await
    }
}

async fn amendments(db: &impl ConnectionTrait, edition: EditionId, call: CallId) -> Result<Vec<Amendment>> {
    let rows = amendment::Entity::find()
        .filter(amendment::Column::Edition.eq(edition.0))
        .filter(amendment::Column::Call.eq(call.0))
        .order_by_asc(amendment::Column::Number)
        .all(db)
        .await?;
    rows.iter().map(amendment_of).collect()
}

async fn questions(db: &impl ConnectionTrait, edition: EditionId, call: CallId) -> Result<Vec<Question>> {
    let rows = question::Entity::find()
        .filter(question::Column::Edition.eq(edition.0))
        .filter(question::Column::Call.eq(call.0))
        .order_by_asc(question::Column::AskedAt)
        .order_by_asc(question::Column::Id)
        .all(db)
        .await?;
    rows.iter().map(question_of).collect()
}

/// Who asked about a call.
async fn askers(db: &impl ConnectionTrait, edition: EditionId, call: CallId) -> Result<BTreeSet<AccountId>> {
    let rows: Vec<Option<Uuid>> = question::Entity::find()
        .select_only()
        .distinct()
        .column(question::Column::Account)
        .filter(question::Column::Edition.eq(edition.0))
        .filter(question::Column::Call.eq(call.0))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().flatten().map(AccountId).collect())
}

/// Who has begun a proposal to a call.
async fn authors(db: &impl ConnectionTrait, edition: EditionId, call: CallId) -> Result<BTreeSet<AccountId>> {
    let of_call = sea_orm::sea_query::Query::select()
        .column(proposal::Column::Id)
        .from(proposal::Entity)
        .and_where(proposal::Column::Edition.eq(edition.0))
        .and_where(proposal::Column::Call.eq(call.0))
        .take();
    let rows: Vec<Option<Uuid>> = author::Entity::find()
        .select_only()
        .distinct()
        .column(author::Column::Account)
        .filter(author::Column::Proposal.in_subquery(of_call))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().flatten().map(AccountId).collect())
}

/// The page of a call, for mails.
fn page_of(base_url: &str, edition: &Edition, call: &Call) -> String {
    let page = Address::Call(call.slug.as_str()).path(&edition.slug);
    format!("{}{page}", base_url.trim_end_matches('/'))
}

async fn put(tx: &Tx, edition: EditionId, before: Option<&Question>, after: &Question) -> Result<()> {
    let row = question::Model {
        edition: edition.0,
        call: after.call.0,
        id: after.id.0,
        account: after.account.map(|account| account.0),
        asked_at: to_micros(after.asked),
        body: after.body.to_string(),
        answer: after.answer.to_string(),
        answered_at: after.answered.map(to_micros),
    };
    upsert::<question::Entity>(tx.db(), vec![row]).await?;
    note(tx, (QuestionId::KIND, after.id.0), edition, before, Some(after)).await
}

fn amendment_of(row: &amendment::Model) -> Result<Amendment> {
    let damaged = |what: &dyn std::fmt::Display| Error::damaged(format!("amendment {}", row.id), what);
    Ok(Amendment {
        id: AmendmentId(row.id),
        call: CallId(row.call),
        number: u32::try_from(row.number).map_err(|error| damaged(&error))?,
        at: from_micros(row.at).ok_or_else(|| damaged(&"no such instant"))?,
        body: RichText::clean(&row.body),
    })
}

fn question_of(row: &question::Model) -> Result<Question> {
    let instant = |micros: i64| {
        from_micros(micros).ok_or_else(|| Error::damaged(format!("question {}", row.id), "no such instant"))
    };
    Ok(Question {
        id: QuestionId(row.id),
        call: CallId(row.call),
        account: row.account.map(AccountId),
        asked: instant(row.asked_at)?,
        body: RichText::clean(&row.body),
        answer: RichText::clean(&row.answer),
        answered: row.answered_at.map(instant).transpose()?,
    })
}

impl Holding for question::Entity {
    const KIND: &'static str = QuestionId::KIND;
    const ACCOUNT: Self::Column = question::Column::Account;
    const ID: Self::Column = question::Column::Id;

    fn id(row: &question::Model) -> Uuid {
        row.id
    }

    fn edition(row: &question::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &question::Model) -> Result<Value> {
        fact(&question_of(row)?)
    }

    fn of_account(row: question::Model, account: Uuid) -> question::Model {
        question::Model { account: Some(account), ..row }
    }

    /// What everybody has read stays, without the person.
    fn kept(row: question::Model, _at: Timestamp, _by: &str) -> Option<question::Model> {
        row.answered_at.is_some().then_some(question::Model { account: None, ..row })
    }
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in amendment::Entity::find().all(db).await? {
        let said = fact(&amendment_of(&row)?)?;
        state.insert((Some(row.edition), AmendmentId::KIND.to_owned(), row.id), said);
    }
    for row in question::Entity::find().all(db).await? {
        let said = fact(&question_of(&row)?)?;
        state.insert((Some(row.edition), QuestionId::KIND.to_owned(), row.id), said);
    }
    Ok(())
}
