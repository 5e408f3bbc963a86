//! Posts on their way to Mastodon: on which account, what waits, what became of it.
//!
//! A post is waiting from the write that publishes it ([`begin`]). A worker *claims* what is due for a while
//! ([`Store::claim_toot`]), asks the server, and *settles* ([`Store::settle_toot`]). A worker that is killed in between
//! leaves a claim that ends by itself; the next one sends the same `Idempotency-Key`, so that Mastodon answers with the
//! status that it made, if it made one.

use crate::{
    Error, Result, Store,
    account::fact,
    content::allowed,
    entity::{edition, mastodon_account, post, toot},
    post as posts, rows,
    save::upsert,
    tx::{Change, Tx},
};
use jiff::{SignedDuration, Timestamp};
use model::{
    Refusal,
    edition::Edition,
    feed::{Actor, Deed},
    id::{EditionId, PostId},
    mastodon::{MastodonAccount, Toot, TootOutcome, TootState, Visibility},
    permission::{Action, Subject},
    post::Post,
    text::{Line, WebUrl, excerpt},
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The word for the account in the feed; it is known by its edition's identifier.
pub(crate) const ACCOUNT_KIND: &str = "mastodon";

/// The word in the feed for a post on its way; it is known by the post's identifier.
pub(crate) const TOOT_KIND: &str = "toot";

/// The longest answer that is kept, in characters.
const ANSWER: usize = 500;

const WAITING: &str = "waiting";
const PUBLISHED: &str = "published";
const FAILED: &str = "failed";

/// An access token: it can be used, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// Takes a token as typed.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if (8..=500).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        let remedy = "Copy it from your account on that server: Preferences, Development, your application";
        Err(Refusal::new("token", "this is no access token", remedy))
    }

    /// The token, to be sent to its server and nowhere else.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// A post that a worker may publish.
#[derive(Clone, Debug)]
pub struct ClaimedToot {
    /// The edition.
    pub edition: Edition,
    /// The post as it is now.
    pub post: Post,
    /// On which account.
    pub account: MastodonAccount,
    /// With which token.
    pub token: AccessToken,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

impl Store {
    /// The account on which an edition's posts are published, and since when its token is known.
    pub async fn mastodon(&self, id: EditionId) -> Result<Option<(MastodonAccount, Timestamp)>> {
        let row = mastodon_account::Entity::find_by_id(id.0).one(self.readers()).await?;
        row.as_ref()
            .map(|row| {
                let since = from_micros(row.token_since);
                Ok((account_of(row)?, since.ok_or_else(|| Error::damaged("mastodon", "no such instant"))?))
            })
            .transpose()
    }

    /// Sets the account; without a token the one that is known stays, which must have been given for the same server.
    pub async fn set_mastodon(
        &self,
        subject: &Subject,
        id: EditionId,
        account: &MastodonAccount,
        token: Option<&AccessToken>,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::EditEdition, id, None).await?;
            let before = mastodon_account::Entity::find_by_id(id.0).one(tx.db()).await?;
            let (token, since) = match (token, &before) {
                (Some(token), _) => (token.0.clone(), to_micros(tx.at())),
                // A token goes to the server for which it was given, and to no other.
                (None, Some(row)) if row.server == account.server.as_str() => {
                    (row.token.clone(), row.token_since)
                }
                (None, Some(_)) => {
                    let problem = "the token that is known belongs to another server";
                    return Err(Refusal::new("token", problem, "Give one of this server").into());
                }
                (None, None) => {
                    let remedy = "Give the access token of the account";
                    return Err(Refusal::new("token", "none is known yet", remedy).into());
                }
            };
            let after = mastodon_account::Model {
                edition: id.0,
                server: account.server.to_string(),
                visibility: account.visibility.as_str().to_owned(),
                token,
                token_since: since,
            };
            note_account(tx, id, before.as_ref(), Some(&after)).await?;
            upsert::<mastodon_account::Entity>(tx.db(), vec![after]).await
        })
        .await
    }

    /// Forgets the account and its token.
    pub async fn forget_mastodon(&self, subject: &Subject, id: EditionId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::EditEdition, id, None).await?;
            let before = mastodon_account::Entity::find_by_id(id.0).one(tx.db()).await?;
            note_account(tx, id, before.as_ref(), None).await?;
            mastodon_account::Entity::delete_by_id(id.0).exec(tx.db()).await?;
            Ok(())
        })
        .await
    }

    /// What became of a post on Mastodon; `None` for one that was never to be published there.
    pub async fn toot(&self, edition: EditionId, post: PostId) -> Result<Option<Toot>> {
        let row = toot::Entity::find_by_id((edition.0, post.0)).one(self.readers()).await?;
        row.as_ref().map(toot_of).transpose()
    }

    /// Publishes a post on Mastodon, or tries again what failed. Refused for a post that is not public, and without an
    /// account.
    pub async fn toot_post(&self, subject: &Subject, edition: EditionId, id: PostId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let post = posts::find(tx.db(), edition, id).await?.ok_or_else(posts::gone)?;
            allowed(tx.db(), subject, Action::PublishPosts, edition, post.track).await?;
            if post.published().is_none() {
                let problem = "the post is not published yet";
                return Err(Refusal::new("mastodon", problem, "Publish it first").into());
            }
            if mastodon_account::Entity::find_by_id(edition.0).one(tx.db()).await?.is_none() {
                let remedy = "Enter the account on the desk first";
                return Err(Refusal::new("mastodon", "no account is known", remedy).into());
            }
            begin(tx, edition, id).await?;
            if let Some(row) = toot::Entity::find_by_id((edition.0, id.0)).one(tx.db()).await?
                && row.state == FAILED
            {
                let again = toot::Model {
                    state: WAITING.to_owned(),
                    at: to_micros(tx.at()),
                    attempts: 0,
                    lease_until: None,
                    ..row.clone()
                };
                put(tx, Some(&row), Some(again)).await?;
            }
            Ok(())
        })
        .await
    }

    /// When something is to be tried next; `None` when nothing waits. One query, which an index answers.
    pub async fn next_toot(&self) -> Result<Option<Timestamp>> {
        let row = toot::Entity::find()
            .filter(toot::Column::State.eq(WAITING))
            .order_by_asc(toot::Column::At)
            .one(self.readers())
            .await?;
        Ok(row.and_then(|row| from_micros(row.at.max(row.lease_until.unwrap_or(i64::MIN)))))
    }

    /// Claims the post that has been due for longest, for as long as `hold`. What has no account any more fails on the way.
    pub async fn claim_toot(&self, hold: SignedDuration) -> Result<Option<ClaimedToot>> {
        if self.next_toot().await?.is_none_or(|at| at > self.now()) {
            return Ok(None);
        }
        self.write(&Actor::System, async |tx| {
            let now = to_micros(tx.at());
            let free = Condition::any()
                .add(toot::Column::LeaseUntil.is_null())
                .add(toot::Column::LeaseUntil.lte(now));
            let due = toot::Entity::find()
                .filter(toot::Column::State.eq(WAITING))
                .filter(toot::Column::At.lte(now))
                .filter(free)
                .order_by_asc(toot::Column::At)
                .all(tx.db())
                .await?;
            for row in due {
                let id = EditionId(row.edition);
                let account = mastodon_account::Entity::find_by_id(row.edition).one(tx.db()).await?;
                let post = posts::find(tx.db(), id, PostId(row.post)).await?;
                let home = edition::Entity::find_by_id(row.edition).one(tx.db()).await?;
                let why = match (&account, &post) {
                    (None, _) => "no account is known; enter it on the desk and try again",
                    (_, Some(post)) if post.published().is_none() => "the post was taken back",
                    _ => "",
                };
                let (Some(account), Some(post), Some(home), "") = (account, post, home, why) else {
                    let failed = toot::Model {
                        state: FAILED.to_owned(),
                        at: now,
                        answer: why.to_owned(),
                        ..row.clone()
                    };
                    put(tx, Some(&row), Some(failed)).await?;
                    continue;
                };
                let until = tx.at().checked_add(hold).map_or(now, to_micros);
                let attempt = u32::try_from(row.attempts).unwrap_or(0).saturating_add(1);
                let held =
                    toot::Model { lease_until: Some(until), attempts: row.attempts.saturating_add(1), ..row };
                upsert::<toot::Entity>(tx.db(), vec![held]).await?;
                return Ok(Some(ClaimedToot {
                    edition: rows::edition(&home)?,
                    post,
                    account: account_of(&account)?,
                    token: AccessToken(account.token),
                    attempt,
                }));
            }
            Ok(None)
        })
        .await
    }

    /// Notes how an attempt ended. An attempt that lost its claim meanwhile notes nothing, except that it published.
    pub async fn settle_toot(&self, claimed: &ClaimedToot, outcome: &TootOutcome) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let key = (claimed.edition.id.0, claimed.post.id.0);
            let Some(row) = toot::Entity::find_by_id(key).one(tx.db()).await? else { return Ok(()) };
            let ours = row.state == WAITING && u32::try_from(row.attempts) == Ok(claimed.attempt);
            let published = matches!(outcome, TootOutcome::Published(_));
            if row.state == PUBLISHED || !(ours || published) {
                return Ok(());
            }
            let state = outcome.settle(claimed.attempt, tx.at(), row.post.as_u64_pair().1);
            let answer = match outcome {
                TootOutcome::Published(_) => String::new(),
                TootOutcome::Later(said) | TootOutcome::Refused(said) => excerpt(said.as_str(), ANSWER),
            };
            let (word, at, url) = match state {
                TootState::Waiting { next } => (WAITING, next, None),
                TootState::Published { at, url } => (PUBLISHED, at, url),
                TootState::Failed { at } => (FAILED, at, None),
            };
            let after = toot::Model {
                state: word.to_owned(),
                at: to_micros(at),
                url: url.map(|url| url.to_string()),
                answer,
                lease_until: None,
                ..row.clone()
            };
            put(tx, Some(&row), Some(after)).await
        })
        .await
    }
}

/// Has a post wait for its way to Mastodon, unless it is on it or was.
pub(crate) async fn begin(tx: &Tx, edition: EditionId, post: PostId) -> Result<()> {
    if toot::Entity::find_by_id((edition.0, post.0)).one(tx.db()).await?.is_some() {
        return Ok(());
    }
    let row = toot::Model {
        edition: edition.0,
        post: post.0,
        state: WAITING.to_owned(),
        at: to_micros(tx.at()),
        url: None,
        answer: String::new(),
        attempts: 0,
        lease_until: None,
    };
    put(tx, None, Some(row)).await
}

/// Forgets what became of a post that is removed.
pub(crate) async fn forget(tx: &Tx, edition: EditionId, post: PostId) -> Result<()> {
    match toot::Entity::find_by_id((edition.0, post.0)).one(tx.db()).await? {
        Some(row) => put(tx, Some(&row), None).await,
        None => Ok(()),
    }
}

/// Writes what became of a post, and notes it where the feed sees a difference: attempts and answers stay out of it.
async fn put(tx: &Tx, before: Option<&toot::Model>, after: Option<toot::Model>) -> Result<()> {
    let Some((edition, post)) = after.as_ref().or(before).map(|row| (row.edition, row.post)) else {
        return Ok(());
    };
    let (was, is) = (before.map(toot_fact), after.as_ref().map(toot_fact));
    match after {
        Some(row) => upsert::<toot::Entity>(tx.db(), vec![row]).await?,
        None => {
            toot::Entity::delete_by_id((edition, post)).exec(tx.db()).await?;
        }
    }
    crate::content::note(tx, (TOOT_KIND, post), EditionId(edition), was.as_ref(), is.as_ref()).await
}

fn toot_fact(row: &toot::Model) -> Value {
    json!({ "state": row.state, "url": row.url })
}

async fn note_account(
    tx: &Tx,
    id: EditionId,
    before: Option<&mastodon_account::Model>,
    after: Option<&mastodon_account::Model>,
) -> Result<()> {
    if before == after {
        return Ok(());
    }
    let deed = match (before, after) {
        (None, _) => Deed::Created,
        (_, None) => Deed::Removed,
        _ => Deed::Changed,
    };
    let (before, after) = (before.map(account_fact).transpose()?, after.map(account_fact).transpose()?);
    if before == after {
        // Another token within the same microsecond: the feed tells nothing of a token but since when it is known.
        return Ok(());
    }
    let (kind, thing, edition) = (ACCOUNT_KIND, id.0, Some(id));
    tx.note(vec![Change { kind, thing, edition, deed, before, after }]).await
}

/// What the feed tells of an account: not its token, only since when one is known.
fn account_fact(row: &mastodon_account::Model) -> Result<Value> {
    let mut told = fact(&account_of(row)?)?;
    if let Some(fields) = told.as_object_mut() {
        fields.insert("token_since".to_owned(), json!(from_micros(row.token_since)));
    }
    Ok(told)
}

/// The accounts in the feed's words, for [`crate::verify()`]; posts on their way that are gone go to `broken`.
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
    broken: &mut Vec<String>,
) -> Result<()> {
    for row in mastodon_account::Entity::find().all(db).await? {
        state.insert((Some(row.edition), ACCOUNT_KIND.to_owned(), row.edition), account_fact(&row)?);
    }
    for row in toot::Entity::find().all(db).await? {
        state.insert((Some(row.edition), TOOT_KIND.to_owned(), row.post), toot_fact(&row));
        if post::Entity::find_by_id((row.edition, row.post)).one(db).await?.is_none() {
            broken.push(format!("post {}: is on its way to Mastodon and gone", row.post));
        }
    }
    Ok(())
}

fn account_of(row: &mastodon_account::Model) -> Result<MastodonAccount> {
    let damaged = |what: &str| Error::damaged(format!("mastodon of edition {}", row.edition), what);
    Ok(MastodonAccount {
        server: WebUrl::parse(&row.server).map_err(|_| damaged("no address"))?,
        visibility: Visibility::parse(&row.visibility).ok_or_else(|| damaged("no such visibility"))?,
    })
}

fn toot_of(row: &toot::Model) -> Result<Toot> {
    let damaged = |what: &str| Error::damaged(format!("toot of post {}", row.post), what);
    let at = from_micros(row.at).ok_or_else(|| damaged("no such instant"))?;
    let url = row.url.as_deref().and_then(|url| WebUrl::parse(url).ok());
    let state = match row.state.as_str() {
        WAITING => TootState::Waiting { next: at },
        PUBLISHED => TootState::Published { at, url },
        FAILED => TootState::Failed { at },
        _ => return Err(damaged("no such state")),
    };
    Ok(Toot {
        state,
        answer: Line::clean(&row.answer),
        attempts: u32::try_from(row.attempts).map_err(|_| damaged("a negative count"))?,
    })
}
