//! What organisers see of the mail, and what they do about it.

use super::{change, deliver, fact, mail_of};
use crate::{
    Error, Result, Store,
    entity::{mail, mail_attempt},
    lookup::{LOOKUP, among},
    save::upsert,
    tx::{Change, Tx},
};
use model::{
    Refusal,
    feed::{Actor, Deed},
    id::{EditionId, MailId},
    mail::{Attempt, Mail, MailKind, Stage},
    time::to_micros,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LikeExpr},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Which mails are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailFilter {
    /// Those about these editions; `None` for all, those about none included. Whoever asks sets it to what its viewer
    /// may see.
    pub editions: Option<Vec<EditionId>>,
    /// Those in that state.
    pub stage: Option<Stage>,
    /// Those of that kind.
    pub kind: Option<MailKind>,
    /// Those whose recipient's address or name holds this, or whose subject does.
    pub text: String,
}

/// Some mails of a list, newest first.
#[derive(Clone, Debug)]
pub struct MailPage {
    /// The mails.
    pub mails: Vec<Mail>,
    /// The identifier to ask for the next ones with; `None` at the end.
    pub next: Option<MailId>,
}

impl Store {
    /// At most `limit` mails that are older than `before`, newest first.
    pub async fn mails(&self, filter: &MailFilter, before: Option<MailId>, limit: u64) -> Result<MailPage> {
        let mut query = mail::Entity::find().filter(condition(filter)).order_by_desc(mail::Column::Id);
        if let Some(before) = before {
            query = query.filter(mail::Column::Id.lt(before.0));
        }
        let mut rows = query.limit(limit + 1).all(self.readers()).await?;
        let more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more).map(|row| MailId(row.id));
        Ok(MailPage { mails: rows.into_iter().map(mail_of).collect::<Result<_>>()?, next })
    }

    /// How many mails are in each state, among those that the filter leaves, whatever state it asks for.
    pub async fn mail_counts(&self, filter: &MailFilter) -> Result<BTreeMap<Stage, u64>> {
        let filter = MailFilter { stage: None, ..filter.clone() };
        let counts: Vec<(String, i64)> = mail::Entity::find()
            .select_only()
            .column(mail::Column::Stage)
            .expr_as(Expr::col(mail::Column::Id).count(), "count")
            .filter(condition(&filter))
            .group_by(mail::Column::Stage)
            .into_tuple()
            .all(self.readers())
            .await?;
        Ok(counts
            .into_iter()
            .filter_map(|(stage, count)| Some((Stage::parse(&stage)?, u64::try_from(count).ok()?)))
            .collect())
    }

    /// The mail of that identifier with its attempts, oldest first.
    pub async fn mail(&self, id: MailId) -> Result<Option<(Mail, Vec<Attempt>)>> {
        let Some(row) = mail::Entity::find_by_id(id.0).one(self.readers()).await? else { return Ok(None) };
        let attempts = mail_attempt::Entity::find()
            .filter(mail_attempt::Column::Mail.eq(id.0))
            .order_by_asc(mail_attempt::Column::Number)
            .all(self.readers())
            .await?;
        let attempts = attempts.iter().map(deliver::attempt_of).collect::<Result<_>>()?;
        Ok(Some((mail_of(row)?, attempts)))
    }

    /// Queues a mail again by an organiser's wish, and gives the one that is queued now. A mail that was sent stays what
    /// it is, and a copy is queued; any other is queued itself. Refused while it is on its way; see
    /// [`Mail::may_send_again`].
    pub async fn send_mail_again(&self, actor: &Actor, id: MailId) -> Result<MailId> {
        self.write(actor, async |tx| {
            let row = find(tx, id).await?;
            let mail = mail_of(row.clone())?;
            mail.may_send_again()?;
            let queued = mail::Model {
                stage: Stage::Queued.as_str().to_owned(),
                at: to_micros(tx.at()),
                failed: 0,
                lease: None,
                lease_until: None,
                answer: String::new(),
                // Somebody wants it sent now, whenever it was wanted first.
                good_until: None,
                ..row.clone()
            };
            if mail.state.stage() != Stage::Sent {
                // The same Message-ID: if it did arrive, the recipient's mail program may notice.
                let feed = change(&row, Stage::Queued);
                upsert::<mail::Entity>(tx.db(), vec![queued]).await?;
                tx.note(feed.into_iter().collect()).await?;
                return Ok(id);
            }
            let copy = mail::Model {
                id: Uuid::now_v7(),
                attempts: 0,
                message_id: None,
                once: None,
                created_at: to_micros(tx.at()),
                ..queued
            };
            let copied = Change {
                kind: MailId::KIND,
                thing: copy.id,
                edition: copy.edition.map(EditionId),
                deed: Deed::Created,
                before: None,
                after: Some(fact(&copy)),
            };
            let id = MailId(copy.id);
            mail::Entity::insert(copy.into_active_model()).exec_without_returning(tx.db()).await?;
            tx.note(vec![copied]).await?;
            Ok(id)
        })
        .await
    }

    /// Lets an uncertain mail be, by an organiser's wish: it counts as given up. Refused for any other.
    pub async fn let_mail_be(&self, actor: &Actor, id: MailId) -> Result<()> {
        self.write(actor, async |tx| {
            let row = find(tx, id).await?;
            if row.stage != Stage::Uncertain.as_str() {
                return Err(Error::Refused(Refusal::new(
                    "mail",
                    "nothing about it is uncertain",
                    "Look at what became of it meanwhile",
                )));
            }
            let feed = change(&row, Stage::GivenUp);
            let update = mail::ActiveModel {
                stage: Set(Stage::GivenUp.as_str().to_owned()),
                at: Set(to_micros(tx.at())),
                answer: Set("An organiser let it be".to_owned()),
                lease: Set(None),
                ..mail::ActiveModel::default()
            };
            mail::Entity::update_many().set(update).filter(mail::Column::Id.eq(id.0)).exec(tx.db()).await?;
            tx.note(feed.into_iter().collect()).await
        })
        .await
    }
}

/// Calls off those of these mails that still wait: what they tell of was taken back. What a server has, or may have, stays
/// what it is. Whoever is to be told of the same another time is told then.
pub(crate) async fn call_off(tx: &Tx, mails: impl Iterator<Item = Uuid>) -> Result<()> {
    let ids: Vec<Uuid> = mails.collect();
    for chunk in ids.chunks(LOOKUP) {
        let waiting = Condition::all()
            .add(among(mail::Column::Id, chunk.iter().copied()))
            .add(mail::Column::Stage.eq(Stage::Queued.as_str()));
        let rows = mail::Entity::find().filter(waiting.clone()).all(tx.db()).await?;
        let feed: Vec<Change> = rows.iter().filter_map(|row| change(row, Stage::GivenUp)).collect();
        let update = mail::ActiveModel {
            stage: Set(Stage::GivenUp.as_str().to_owned()),
            at: Set(to_micros(tx.at())),
            answer: Set("What it tells of was taken back".to_owned()),
            once: Set(None),
            lease: Set(None),
            ..mail::ActiveModel::default()
        };
        mail::Entity::update_many().set(update).filter(waiting).exec(tx.db()).await?;
        tx.note(feed).await?;
    }
    Ok(())
}

async fn find(tx: &Tx, id: MailId) -> Result<mail::Model> {
    mail::Entity::find_by_id(id.0).one(tx.db()).await?.ok_or_else(|| {
        Error::Refused(Refusal::new("mail", "there is no such mail", "Look for it in the list"))
    })
}

fn condition(filter: &MailFilter) -> Condition {
    let mut all = Condition::all();
    if let Some(editions) = &filter.editions {
        all = all.add(mail::Column::Edition.is_in(editions.iter().map(|id| id.0)));
    }
    if let Some(stage) = filter.stage {
        all = all.add(mail::Column::Stage.eq(stage.as_str()));
    }
    if let Some(kind) = filter.kind {
        all = all.add(mail::Column::Kind.eq(kind.as_str()));
    }
    let text = filter.text.trim();
    if !text.is_empty() {
        let escaped: String =
            text.chars().flat_map(|c| if "%_\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
        let pattern = |text: &str| LikeExpr::new(format!("%{text}%")).escape('\\');
        let lower = pattern(&escaped.to_lowercase());
        let folds =
            |column| Expr::expr(sea_orm::sea_query::Func::lower(Expr::col(column))).like(lower.clone());
        all = all.add(
            Condition::any()
                .add(folds(mail::Column::ToAddress))
                .add(folds(mail::Column::ToName))
                .add(folds(mail::Column::Subject)),
        );
    }
    all
}
