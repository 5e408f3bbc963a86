//! Posts: writing them, publishing them now or at a time, mailing them.
//!
//! **A post becomes public by one write**, whoever does it: somebody at the desk, or the clock ([`Store::publish_due`]).
//! In the same write its mail is queued and its way to Mastodon begins, so that after a kill either all of it is there
//! or nothing. A second node that finds the same post due finds it published.

use crate::{
    Error, Result, Store, audience,
    content::{allowed, note},
    entity::{edition, post, track},
    rows::{self, json},
    save::upsert,
    toot,
    tx::Tx,
};
use jiff::Timestamp;
use model::{
    Refusal,
    address::Address,
    edition::Edition,
    feed::Actor,
    id::{EditionId, PostId, TrackId},
    permission::{Action, Subject},
    post::{Post, PostKind, Publication, Segment},
    text::{Line, RichText, Slug},
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

pub(crate) const PUBLISHED: &str = "published";
const SCHEDULED: &str = "scheduled";
const DRAFT: &str = "draft";

/// What may be done with a post beside writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostStep {
    /// Publish it now.
    Publish,
    /// Publish it at that instant.
    Schedule(Timestamp),
    /// Make a draft of it again.
    TakeBack,
}

/// What came of publishing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// The post as it is now.
    pub post: Post,
    /// How many mails were queued with it.
    pub mails: usize,
}

impl Store {
    /// All posts of an edition: drafts and what is scheduled first, then the published, each the newest first. One query.
    pub async fn posts(&self, edition: EditionId) -> Result<Vec<Post>> {
        let rows = post::Entity::find()
            .filter(post::Column::Edition.eq(edition.0))
            .order_by_desc(post::Column::CreatedAt)
            .all(self.readers())
            .await?;
        let mut posts: Vec<Post> = rows.iter().map(post_of).collect::<Result<_>>()?;
        // Stable: what is equal keeps the newest first.
        posts.sort_by_key(|post| std::cmp::Reverse(post.published().map_or(i64::MAX, to_micros)));
        Ok(posts)
    }

    /// One post.
    pub async fn post(&self, edition: EditionId, id: PostId) -> Result<Option<Post>> {
        find(self.readers(), edition, id).await
    }

    /// Adds a draft. Its identifier and time are made here.
    pub async fn add_post(&self, subject: &Subject, edition: EditionId, new: Post) -> Result<Post> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::WritePosts, edition, new.track).await?;
            let post = Post {
                id: PostId(Uuid::now_v7()),
                created: tx.at(),
                publication: Publication::Draft,
                ..new.clone()
            };
            put_post(tx, edition, None, Some(&post)).await?;
            Ok(post)
        })
        .await
    }

    /// Changes what a post says: `rule` gets it as it is and answers with the new one. Whether it is public stays. A
    /// post that is public or scheduled is changed only by those who may publish.
    pub async fn change_post(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: PostId,
        rule: impl Fn(Post) -> Result<Post, Refusal> + Send + Sync,
    ) -> Result<Post> {
        self.write(&subject.actor, async |tx| {
            let before = find(tx.db(), edition, id).await?.ok_or_else(gone)?;
            may_write(tx.db(), subject, edition, &before).await?;
            let after = Post {
                id,
                created: before.created,
                publication: before.publication,
                ..rule(before.clone())?
            };
            may_write(tx.db(), subject, edition, &after).await?;
            put_post(tx, edition, Some(&before), Some(&after)).await?;
            Ok(after)
        })
        .await
    }

    /// Publishes a post, schedules it, or takes it back. `base_url` is the site's address, for links in mail.
    pub async fn step_post(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: PostId,
        step: PostStep,
        base_url: &str,
    ) -> Result<Stepped> {
        self.write(&subject.actor, async |tx| {
            let before = find(tx.db(), edition, id).await?.ok_or_else(gone)?;
            let edition = allowed(tx.db(), subject, Action::PublishPosts, edition, before.track).await?;
            match step {
                PostStep::Publish => publish(tx, &edition, &before, base_url).await,
                PostStep::Schedule(at) => {
                    // The record keeps whole microseconds, and the feed says what the record keeps.
                    let at = from_micros(to_micros(at)).unwrap_or(at);
                    let after = before.clone().schedule(at, tx.at())?;
                    put_post(tx, edition.id, Some(&before), Some(&after)).await?;
                    Ok(Stepped { post: after, mails: 0 })
                }
                PostStep::TakeBack => {
                    let after = before.clone().take_back();
                    put_post(tx, edition.id, Some(&before), Some(&after)).await?;
                    Ok(Stepped { post: after, mails: 0 })
                }
            }
        })
        .await
    }

    /// Removes a post. One that is public or scheduled is removed only by those who may publish.
    pub async fn remove_post(&self, subject: &Subject, edition: EditionId, id: PostId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let before = find(tx.db(), edition, id).await?.ok_or_else(gone)?;
            may_write(tx.db(), subject, edition, &before).await?;
            put_post(tx, edition, Some(&before), None).await
        })
        .await
    }

    /// When the next post is to be published; `None` when none is scheduled. One query, which an index answers.
    pub async fn next_post(&self) -> Result<Option<Timestamp>> {
        let at: Option<Option<i64>> = post::Entity::find()
            .select_only()
            .column(post::Column::At)
            .filter(post::Column::Publication.eq(SCHEDULED))
            .order_by_asc(post::Column::At)
            .into_tuple()
            .one(self.readers())
            .await?;
        Ok(at.flatten().and_then(from_micros))
    }

    /// Publishes every post whose time has come, as if somebody had done it at this moment. Each is published once,
    /// however many nodes do this at once: whoever comes second finds it published.
    pub async fn publish_due(&self, base_url: &str) -> Result<Vec<Post>> {
        if self.next_post().await?.is_none_or(|at| at > self.now()) {
            return Ok(vec![]);
        }
        self.write(&Actor::System, async |tx| {
            let due = post::Entity::find()
                .filter(post::Column::Publication.eq(SCHEDULED))
                .filter(post::Column::At.lte(to_micros(tx.at())))
                .order_by_asc(post::Column::At)
                .all(tx.db())
                .await?;
            let mut published = vec![];
            for row in due {
                let home = edition::Entity::find_by_id(row.edition).one(tx.db()).await?;
                let home = home.ok_or_else(|| Error::damaged(format!("post {}", row.id), "no edition"))?;
                let stepped = publish(tx, &rows::edition(&home)?, &post_of(&row)?, base_url).await?;
                published.push(stepped.post);
            }
            Ok(published)
        })
        .await
    }

    /// Mails a published post to more people. Nobody gets it twice.
    pub async fn mail_post(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: PostId,
        segments: &[Segment],
        base_url: &str,
    ) -> Result<usize> {
        self.write(&subject.actor, async |tx| {
            let post = find(tx.db(), edition, id).await?.ok_or_else(gone)?;
            let edition = allowed(tx.db(), subject, Action::PublishPosts, edition, post.track).await?;
            if post.published().is_none() {
                let problem = "it is not published yet, and its mail links to it";
                return Err(Refusal::new("post", problem, "Publish it first").into());
            }
            audience::send(tx, &edition, &post, segments, &link(base_url, &edition, &post)).await
        })
        .await
    }
}

/// Makes a post public and begins all that belongs to it.
pub(crate) async fn publish(tx: &Tx, edition: &Edition, before: &Post, base_url: &str) -> Result<Stepped> {
    let after = before.clone().publish(tx.at())?;
    put_post(tx, edition.id, Some(before), Some(&after)).await?;
    if before.published().is_some() {
        return Ok(Stepped { post: after, mails: 0 });
    }
    let link = link(base_url, edition, &after);
    let mails = audience::send(tx, edition, &after, &after.mail_to, &link).await?;
    if after.mastodon {
        toot::begin(tx, edition.id, after.id).await?;
    }
    Ok(Stepped { post: after, mails })
}

fn link(base_url: &str, edition: &Edition, post: &Post) -> String {
    format!("{}{}", base_url.trim_end_matches('/'), Address::Post(post.slug.as_str()).path(&edition.slug))
}

async fn may_write(
    db: &impl ConnectionTrait,
    subject: &Subject,
    edition: EditionId,
    post: &Post,
) -> Result<()> {
    let action =
        if post.publication == Publication::Draft { Action::WritePosts } else { Action::PublishPosts };
    allowed(db, subject, action, edition, post.track).await?;
    Ok(())
}

/// Makes a post what `after` says, and notes it. Sends nothing. Refused when its address belongs to another, or its track
/// is not there.
pub(crate) async fn put_post(
    tx: &Tx,
    edition: EditionId,
    before: Option<&Post>,
    after: Option<&Post>,
) -> Result<()> {
    let Some(id) = after.or(before).map(|post| post.id) else { return Ok(()) };
    if let Some(after) = after {
        after.check()?;
        let other = post::Entity::find()
            .filter(post::Column::Edition.eq(edition.0))
            .filter(post::Column::Slug.eq(after.slug.as_str()))
            .filter(post::Column::Id.ne(id.0))
            .one(tx.db())
            .await?;
        if let Some(other) = other {
            let problem = format!("\"{}\" is the address of the post {}", after.slug, other.title);
            return Err(Refusal::new("slug", problem, "Choose another").into());
        }
        if let Some(id) = after.track
            && before.is_none_or(|before| before.track != after.track)
            && track::Entity::find_by_id((edition.0, id.0)).one(tx.db()).await?.is_none()
        {
            return Err(Refusal::new("track", "it is not there any more", "Choose another").into());
        }
        upsert::<post::Entity>(tx.db(), vec![row_of(edition, after)?]).await?;
    } else {
        toot::forget(tx, edition, id).await?;
        post::Entity::delete_by_id((edition.0, id.0)).exec(tx.db()).await?;
    }
    note(tx, (PostId::KIND, id.0), edition, before, after).await
}

pub(crate) async fn find(db: &impl ConnectionTrait, edition: EditionId, id: PostId) -> Result<Option<Post>> {
    let row = post::Entity::find_by_id((edition.0, id.0)).one(db).await?;
    row.as_ref().map(post_of).transpose()
}

pub(crate) fn gone() -> Error {
    Refusal::new("post", "it is not there any more", "Look in the list, or bring it back from the log").into()
}

fn row_of(edition: EditionId, post: &Post) -> Result<post::Model> {
    let (publication, at) = match post.publication {
        Publication::Draft => (DRAFT, None),
        Publication::Scheduled(at) => (SCHEDULED, Some(to_micros(at))),
        Publication::Published(at) => (PUBLISHED, Some(to_micros(at))),
    };
    Ok(post::Model {
        edition: edition.0,
        id: post.id.0,
        slug: post.slug.to_string(),
        title: post.title.to_string(),
        kind: post.kind.as_str().to_owned(),
        summary: post.summary.to_string(),
        body: post.body.to_string(),
        author: post.author.to_string(),
        track: post.track.map(|track| track.0),
        created_at: to_micros(post.created),
        publication: publication.to_owned(),
        at,
        mail_to: json(&post.mail_to)?,
        mastodon: post.mastodon,
    })
}

/// The post of a row.
pub(crate) fn post_of(row: &post::Model) -> Result<Post> {
    let damaged = |what: &str| Error::damaged(format!("post {}", row.id), what);
    let instant = |micros: i64| from_micros(micros).ok_or_else(|| damaged("no such instant"));
    let at = row.at.map(instant).transpose()?;
    let publication = match (row.publication.as_str(), at) {
        (DRAFT, _) => Publication::Draft,
        (SCHEDULED, Some(at)) => Publication::Scheduled(at),
        (PUBLISHED, Some(at)) => Publication::Published(at),
        _ => return Err(damaged("no such state")),
    };
    Ok(Post {
        id: PostId(row.id),
        slug: Slug::parse(&row.slug).map_err(|_| damaged("no address"))?,
        title: Line::clean(&row.title),
        kind: PostKind::parse(&row.kind).ok_or_else(|| damaged("no such kind"))?,
        summary: Line::clean(&row.summary),
        body: RichText::clean(&row.body),
        author: Line::clean(&row.author),
        track: row.track.map(TrackId),
        created: instant(row.created_at)?,
        publication,
        mail_to: serde_json::from_str(&row.mail_to).map_err(|_| damaged("no list of segments"))?,
        mastodon: row.mastodon,
    })
}
