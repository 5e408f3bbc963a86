//! How mail leaves the record: with leases, so that of several nodes one sends each mail, and with a note before and
//! after, so that a kill at any moment neither loses a mail nor sends one twice.
//!
//! A worker
//!
//! 1. *claims* some mails that are due. They stay queued, and belong to it until the lease ends; a worker that is killed
//!    now has sent nothing, so they are simply claimed again afterwards;
//! 2. goes through the envelope with the server, which binds nobody to anything (RFC 5321, section 4.1.1.4: a server is
//!    responsible for a mail once it has answered to the end of its text);
//! 3. *begins*: notes in the record that the mail is being sent, and only then sends its text;
//! 4. *settles*: notes what the server answered.
//!
//! A process that lives *holds* what it has claimed and begun: it makes the lease longer before it ends, so that the lease
//! can be short, however slow a server is.
//!
//! A mail that began and was not settled when its lease is over is [in doubt](Store::doubt_mail): it may have arrived. It
//! is never claimed again by itself.

use super::{Editions, Place, change, choice, mail_of};
use crate::{
    Error, Result, Store,
    entity::{mail, mail_attempt, mail_server},
    rows,
    save::upsert,
    sign_in::{Purpose, make_link},
    tx::{Change, Tx},
};
use jiff::{SignedDuration, Timestamp};
use model::{
    feed::Actor,
    id::{EditionId, MailId},
    mail::{Mail, MailKind, Opens, Outcome, Sender, Stage, State, with_link},
    text::{Line, excerpt},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func},
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Mails that are set aside in one write.
const CHUNK: u64 = 500;

/// A mail that a worker may send.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The mail. It has a recipient.
    pub mail: Mail,
    /// From whom it comes: its edition's sender, else that of the settings.
    pub sender: Sender,
    /// The title of its edition; empty without one.
    pub conference: Line,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The text, with its link.
    pub body: String,
}

/// That the SMTP server cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTrouble {
    /// Since when.
    pub since: Timestamp,
    /// When it is tried next.
    pub retry: Timestamp,
    /// What is wrong.
    pub error: String,
}

impl Store {
    /// When the next mail is due, or the next lease ends; `None` when nothing waits. One query.
    pub async fn next_mail(&self) -> Result<Option<Timestamp>> {
        let at = Expr::col(mail::Column::At);
        let lease = Expr::col(mail::Column::LeaseUntil);
        let due = Expr::case(
            Condition::all().add(lease.clone().is_not_null()).add(lease.clone().gt(at.clone())),
            lease,
        )
        .finally(at);
        let earliest: Option<Option<i64>> = mail::Entity::find()
            .select_only()
            .expr_as(Func::min(due), "due")
            .filter(mail::Column::Stage.is_in([Stage::Queued.as_str(), Stage::Sending.as_str()]))
            .into_tuple()
            .one(self.readers())
            .await?;
        Ok(earliest.flatten().and_then(from_micros))
    }

    /// Claims at most `most` mails that are due for `worker`, for as long as `hold`: first what somebody waits for, last
    /// what goes to many. `default` is the sender of those whose edition has none. Mails whose time is over, and those
    /// that are not to be sent any more, are set aside on the way.
    pub async fn claim_mail(
        &self,
        worker: Uuid,
        most: u64,
        hold: SignedDuration,
        default: &Sender,
    ) -> Result<Vec<Claimed>> {
        self.write(&Actor::System, async |tx| {
            let now = tx.at();
            let free = Condition::any()
                .add(mail::Column::LeaseUntil.is_null())
                .add(mail::Column::LeaseUntil.lte(to_micros(now)));
            let due = mail::Entity::find()
                .filter(mail::Column::Stage.eq(Stage::Queued.as_str()))
                .filter(mail::Column::At.lte(to_micros(now)))
                .filter(free)
                .order_by_asc(mail::Column::Rank)
                .order_by_asc(mail::Column::At)
                .limit(most)
                .all(tx.db())
                .await?;
            if due.is_empty() {
                return Ok(vec![]);
            }
            let editions =
                Editions::of(tx.db(), due.iter().filter_map(|row| row.edition.map(EditionId))).await?;
            let mut stops = stopped(tx, &due, &editions).await?;
            let mut claimed = vec![];
            for row in due {
                let why = stops.remove(&row.id);
                match why {
                    Some((stage, why)) => set_aside(tx, row, stage, why).await?,
                    None => claimed.push(row),
                }
            }
            mail::Entity::update_many()
                .col_expr(mail::Column::Lease, Expr::value(worker))
                .col_expr(mail::Column::LeaseUntil, Expr::value(to_micros(after(now, hold))))
                .filter(mail::Column::Id.is_in(claimed.iter().map(|row| row.id)))
                .exec(tx.db())
                .await?;
            claimed
                .into_iter()
                .map(|row| {
                    let edition = row.edition.map(|id| editions.get(EditionId(id))).transpose()?;
                    let mail = mail_of(row)?;
                    let own = edition.and_then(|edition| edition.sender.clone());
                    let conference =
                        edition.map_or_else(Line::default, |edition| Line::clean(&edition.title));
                    Ok(Claimed { sender: own.unwrap_or_else(|| default.clone()), conference, mail })
                })
                .collect()
        })
        .await
    }

    /// Makes the lease of these mails end `hold` from now, as far as they are still `worker`'s: claimed or being sent.
    pub async fn hold_mail(
        &self,
        worker: Uuid,
        mails: &BTreeSet<MailId>,
        hold: SignedDuration,
    ) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let until = Expr::value(to_micros(after(tx.at(), hold)));
            let held = || {
                mail::Entity::update_many()
                    .col_expr(mail::Column::LeaseUntil, until.clone())
                    .filter(mail::Column::Id.is_in(mails.iter().map(|id| id.0)))
                    .filter(mail::Column::Lease.eq(worker))
            };
            held().filter(mail::Column::Stage.eq(Stage::Queued.as_str())).exec(tx.db()).await?;
            // What is being sent is in doubt from the instant in `at` on.
            held()
                .col_expr(mail::Column::At, until.clone())
                .filter(mail::Column::Stage.eq(Stage::Sending.as_str()))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    /// Notes that the text of a claimed mail is sent now, which is in doubt after `within` that time unless it is held
    /// longer, and gives the text. The link of a mail that has one is made in the same write. `None`: it is not this
    /// worker's any more, and must not be sent.
    pub async fn begin_mail(
        &self,
        claimed: &Claimed,
        worker: Uuid,
        within: SignedDuration,
        message_id: &str,
    ) -> Result<Option<Outgoing>> {
        let mail = &claimed.mail;
        let sender = rows::json(&claimed.sender)?;
        self.write(&Actor::System, async |tx| {
            let until = to_micros(after(tx.at(), within));
            let begun = mail::Entity::update_many()
                .col_expr(mail::Column::Stage, Expr::value(Stage::Sending.as_str()))
                .col_expr(mail::Column::At, Expr::value(until))
                .col_expr(mail::Column::LeaseUntil, Expr::value(until))
                .col_expr(mail::Column::Sender, Expr::value(sender.clone()))
                .col_expr(mail::Column::MessageId, Expr::value(message_id))
                .filter(mail::Column::Id.eq(mail.id.0))
                .filter(mail::Column::Stage.eq(Stage::Queued.as_str()))
                .filter(mail::Column::Lease.eq(worker))
                .filter(mail::Column::LeaseUntil.gt(to_micros(tx.at())))
                .exec(tx.db())
                .await?;
            if begun.rows_affected != 1 {
                return Ok(None);
            }
            let body = match (&mail.link, &mail.to) {
                (Some(link), Some(to)) => {
                    let (purpose, account) = match link.opens {
                        Opens::SignIn => (Purpose::SignIn, None),
                        Opens::Verify => (Purpose::Verify, mail.account),
                        Opens::Merge => (Purpose::Merge, mail.account),
                    };
                    let life = SignedDuration::from_mins(link.minutes.into());
                    let token = make_link(tx, purpose, Some(&to.address), account, &link.next, life).await?;
                    with_link(&mail.body, &format!("{}{token}{}", link.before, link.after))
                }
                _ => mail.body.clone(),
            };
            Ok(Some(Outgoing { body }))
        })
        .await
    }

    /// Notes how an attempt of `worker` ended. Whether it counted: it does not when the mail has become another's.
    pub async fn settle_mail(&self, id: MailId, worker: Uuid, outcome: &Outcome) -> Result<bool> {
        self.write(&Actor::System, async |tx| {
            let row = mail::Entity::find_by_id(id.0).filter(mail::Column::Lease.eq(worker)).one(tx.db());
            let Some(row) = row.await? else { return Ok(false) };
            let open = [Stage::Queued, Stage::Sending, Stage::Uncertain];
            if !open.iter().any(|stage| stage.as_str() == row.stage) {
                return Ok(false);
            }
            let address = row.to_address.clone();
            settle(tx, row, outcome, false).await?;
            if outcome.no_such_mailbox() && !address.is_empty() {
                choice::no_mailbox(tx, &address, outcome.said().as_str()).await?;
            }
            Ok(true)
        })
        .await
    }

    /// Gives back what a worker has claimed and not begun.
    pub async fn release_mail(&self, worker: Uuid) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            mail::Entity::update_many()
                .col_expr(mail::Column::Lease, Expr::value(Option::<Uuid>::None))
                .col_expr(mail::Column::LeaseUntil, Expr::value(Option::<i64>::None))
                .filter(mail::Column::Stage.eq(Stage::Queued.as_str()))
                .filter(mail::Column::Lease.eq(worker))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    /// Gives back one of them.
    pub async fn give_back_mail(&self, id: MailId, worker: Uuid) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            mail::Entity::update_many()
                .col_expr(mail::Column::Lease, Expr::value(Option::<Uuid>::None))
                .col_expr(mail::Column::LeaseUntil, Expr::value(Option::<i64>::None))
                .filter(mail::Column::Id.eq(id.0))
                .filter(mail::Column::Stage.eq(Stage::Queued.as_str()))
                .filter(mail::Column::Lease.eq(worker))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    /// Makes uncertain whatever began and was not settled in its time: its worker was killed, or could not reach the
    /// record. How many they were. A worker that settles late after all is believed.
    pub async fn doubt_mail(&self) -> Result<usize> {
        let now = to_micros(self.now());
        let overdue = || {
            mail::Entity::find()
                .filter(mail::Column::Stage.eq(Stage::Sending.as_str()))
                .filter(mail::Column::At.lt(now))
                .limit(CHUNK)
        };
        // Looked for without writing first: nearly always there is none.
        if overdue().one(self.readers()).await?.is_none() {
            return Ok(0);
        }
        self.write(&Actor::System, async |tx| {
            let rows = overdue().all(tx.db()).await?;
            let found = rows.len();
            let outcome = Outcome::unknown("This server stopped before the mail server's answer was noted");
            for row in rows {
                settle(tx, row, &outcome, true).await?;
            }
            Ok(found)
        })
        .await
    }

    /// Sets aside what waits while no server is configured. How many they were.
    pub async fn keep_mail(&self) -> Result<usize> {
        let waiting = || {
            mail::Entity::find()
                .filter(mail::Column::Stage.eq(Stage::Queued.as_str()))
                .filter(mail::Column::At.lte(to_micros(self.now())))
                .limit(CHUNK)
        };
        if waiting().one(self.readers()).await?.is_none() {
            return Ok(0);
        }
        self.write(&Actor::System, async |tx| {
            let rows = waiting().all(tx.db()).await?;
            mail::Entity::update_many()
                .col_expr(mail::Column::Stage, Expr::value(Stage::Kept.as_str()))
                .col_expr(mail::Column::At, Expr::value(to_micros(tx.at())))
                .filter(mail::Column::Id.is_in(rows.iter().map(|row| row.id)))
                .exec(tx.db())
                .await?;
            tx.note(rows.iter().filter_map(|row| change(row, Stage::Kept)).collect()).await?;
            Ok(rows.len())
        })
        .await
    }

    /// Notes that the server cannot be used, or that it can again.
    pub async fn note_mail_server(&self, trouble: Option<&ServerTrouble>) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let Some(trouble) = trouble else {
                mail_server::Entity::delete_by_id(1).exec(tx.db()).await?;
                return Ok(());
            };
            let row = mail_server::Model {
                id: 1,
                failing_since: to_micros(trouble.since),
                retry_at: to_micros(trouble.retry),
                error: excerpt(&trouble.error, 500),
            };
            upsert::<mail_server::Entity>(tx.db(), vec![row]).await
        })
        .await
    }

    /// What is wrong with the mail server, as the mailer noted it last; `None` when it works.
    pub async fn mail_server_trouble(&self) -> Result<Option<ServerTrouble>> {
        let row = mail_server::Entity::find_by_id(1).one(self.readers()).await?;
        Ok(row.and_then(|row| {
            Some(ServerTrouble {
                since: from_micros(row.failing_since)?,
                retry: from_micros(row.retry_at)?,
                error: row.error,
            })
        }))
    }
}

/// Which of these mails are not to be sent, and why: two statements at most.
async fn stopped(
    tx: &Tx,
    due: &[mail::Model],
    editions: &Editions,
) -> Result<std::collections::HashMap<Uuid, (Stage, &'static str)>> {
    let addresses: BTreeSet<String> = due.iter().map(|row| row.to_address.clone()).collect();
    let suppressions = choice::suppressions_of(tx.db(), &addresses).await?;
    let listed = due.iter().filter(|row| row.list.is_some());
    let account = |row: &mail::Model| row.account.map(model::id::AccountId);
    let opt_outs =
        choice::opt_outs_of(tx.db(), listed.map(|row| (row.to_address.as_str(), account(row)))).await?;
    let mut stops = std::collections::HashMap::new();
    for row in due {
        let kind = MailKind::parse(&row.kind);
        let list = row.list.as_deref().and_then(model::mail::List::parse);
        let series = row.edition.map(|id| editions.get(EditionId(id))).transpose()?;
        let series = series.map_or("", |edition| edition.series.as_str());
        let suppression = suppressions
            .get(&row.to_address)
            .filter(|suppression| kind.is_none_or(|kind| suppression.reason.stops(kind)));
        let why = if row.to_address.is_empty() {
            (Stage::GivenUp, "The recipient had their address deleted")
        } else if row.good_until.is_some_and(|until| until <= to_micros(tx.at())) {
            (Stage::GivenUp, "Its time was over before it could be sent")
        } else if let Some(suppression) = suppression {
            (Stage::Suppressed, suppression.reason.shown())
        } else if list.is_some_and(|list| opt_outs.has_left(&row.to_address, account(row), series, list)) {
            (Stage::Suppressed, choice::HAS_LEFT)
        } else {
            continue;
        };
        stops.insert(row.id, why);
    }
    Ok(stops)
}

/// Ends a mail without an attempt.
async fn set_aside(tx: &Tx, row: mail::Model, stage: Stage, why: &str) -> Result<()> {
    let feed: Vec<Change> = change(&row, stage).into_iter().collect();
    let update = mail::ActiveModel {
        id: Set(row.id),
        stage: Set(stage.as_str().to_owned()),
        at: Set(to_micros(tx.at())),
        answer: Set(why.to_owned()),
        lease: Set(None),
        lease_until: Set(None),
        ..mail::ActiveModel::default()
    };
    mail::Entity::update_many().set(update).filter(mail::Column::Id.eq(row.id)).exec(tx.db()).await?;
    tx.note(feed).await
}

/// Notes the end of an attempt. With `hold` the lease stays, so that its worker is believed if it comes back.
async fn settle(tx: &Tx, row: mail::Model, outcome: &Outcome, hold: bool) -> Result<()> {
    let now = tx.at();
    let place = Place(row.id);
    let good_until = row.good_until.map(|at| place.known("good_until", from_micros(at))).transpose()?;
    let failed = match outcome {
        Outcome::Accepted(_) => row.failed,
        _ => row.failed + 1,
    };
    let spread = row.id.as_u128() as u64;
    let state: State = outcome.settle(failed.unsigned_abs(), good_until, now, spread);
    let feed: Vec<Change> = change(&row, state.stage()).into_iter().collect();
    let attempt = mail_attempt::Model {
        mail: row.id,
        number: row.attempts + 1,
        at: to_micros(now),
        outcome: outcome.as_str().to_owned(),
        answer: outcome.said().to_string(),
    };
    upsert::<mail_attempt::Entity>(tx.db(), vec![attempt]).await?;
    let update = mail::ActiveModel {
        stage: Set(state.stage().as_str().to_owned()),
        at: Set(to_micros(state.at())),
        answer: Set(outcome.said().to_string()),
        attempts: Set(row.attempts + 1),
        failed: Set(failed),
        lease: Set(row.lease.filter(|_| hold)),
        lease_until: Set(None),
        ..mail::ActiveModel::default()
    };
    mail::Entity::update_many().set(update).filter(mail::Column::Id.eq(row.id)).exec(tx.db()).await?;
    tx.note(feed).await
}

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}

/// The attempts of a row.
pub(super) fn attempt_of(row: &mail_attempt::Model) -> Result<model::mail::Attempt> {
    let place = |what: &str| Error::damaged(format!("mail_attempt of {}", row.mail), what.to_owned());
    let said = Line::clean(&row.answer);
    let outcome = match row.outcome.as_str() {
        "accepted" => Outcome::Accepted(said),
        "refused" => Outcome::Refused(said),
        "later" => Outcome::Later(said),
        "unknown" => Outcome::Unknown(said),
        _ => return Err(place("no such outcome")),
    };
    Ok(model::mail::Attempt {
        number: u32::try_from(row.number).map_err(|_| place("no such number"))?,
        at: from_micros(row.at).ok_or_else(|| place("no such instant"))?,
        outcome,
    })
}
