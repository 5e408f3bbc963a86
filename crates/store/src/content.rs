//! What of an edition is public beside its releases: pages, the menu, posts, sponsors. It becomes public when it is
//! saved, and has no release number: a release is a state of the timetable.

use crate::{
    Error, Result, Store,
    account::fact,
    call as calls,
    entity::{call_form, change, edition, menu, post, proposal, sponsor, sponsor_plan, web_page},
    lookup::among,
    page, post as posts, proposal as proposals, rows, sponsor as sponsors,
    tx::{Change, Tx},
};
use model::{
    call::{Answer, FieldKey, Reader, readable},
    edition::{Edition, Sponsor},
    feed::{Deed, Sequence},
    id::{EditionId, PostId, ProposalId, SessionId, SponsorId, TrackId, WebPageId},
    page::{Menu, WebPage},
    permission::{Action, Place, Subject},
    post::{Post, Publication},
    proposal::State,
    text::Line,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The kinds of things in the feed that change what is public without a release.
const KINDS: [&str; 5] = [WebPageId::KIND, page::MENU_KIND, PostId::KIND, SponsorId::KIND, ProposalId::KIND];

/// The kinds that [`restore`] brings back. Sponsors are part of the programme and come back with it.
pub(crate) const CAN_UNDO: [&str; 4] = [WebPageId::KIND, page::MENU_KIND, PostId::KIND, sponsors::PLAN_KIND];

/// What of an edition is public beside its newest release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The published pages, in their order.
    pub pages: Vec<WebPage>,
    /// The menu; an empty one where none was made.
    pub menu: Menu,
    /// The published posts, the newest first.
    pub posts: Vec<Post>,
    /// The sponsors, by rank.
    pub sponsors: Vec<Sponsor>,
    /// What the authors of accepted proposals said to everybody, by the session that each became, in the order of the form.
    pub said: BTreeMap<SessionId, Vec<PublicAnswer>>,
}

/// An answer that everybody reads, as its proposal is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicAnswer {
    /// The name of the field.
    pub key: FieldKey,
    /// What it asks.
    pub asked: Line,
    /// What was said, without what of it is private.
    pub answer: Answer,
}

impl Store {
    /// What of an edition is public beside its releases. Six queries.
    pub async fn content(&self, id: EditionId) -> Result<Content> {
        let db = self.read().await?;
        let pages = web_page::Entity::find()
            .filter(web_page::Column::Edition.eq(id.0))
            .filter(web_page::Column::Published.eq(true))
            .order_by_asc(web_page::Column::Position)
            .order_by_asc(web_page::Column::Title)
            .all(&db)
            .await?;
        let published = post::Entity::find()
            .filter(post::Column::Edition.eq(id.0))
            .filter(post::Column::Publication.eq(posts::PUBLISHED))
            .order_by_desc(post::Column::At)
            .order_by_desc(post::Column::Id)
            .all(&db)
            .await?;
        let sponsored = sponsor::Entity::find()
            .filter(sponsor::Column::Edition.eq(id.0))
            .order_by_asc(sponsor::Column::Rank)
            .order_by_asc(sponsor::Column::Position)
            .all(&db)
            .await?;
        let content = Content {
            pages: pages.iter().map(page::page_of).collect::<Result<_>>()?,
            menu: page::menu_of(&db, id).await?.unwrap_or_default(),
            posts: published.iter().map(posts::post_of).collect::<Result<_>>()?,
            sponsors: sponsored.iter().map(rows::sponsor).collect::<Result<_>>()?,
            said: said(&db, id).await?,
        };
        db.commit().await?;
        Ok(content)
    }

    /// The editions of which something that is public without a release changed after entry `after` of the feed. One
    /// query over what was written since.
    pub async fn content_changed_since(&self, after: Sequence) -> Result<Vec<EditionId>> {
        let editions: Vec<Option<Uuid>> = change::Entity::find()
            .select_only()
            .distinct()
            .column(change::Column::Edition)
            .filter(change::Column::Seq.gt(after))
            .filter(change::Column::Kind.is_in(KINDS))
            .into_tuple()
            .all(self.readers())
            .await?;
        Ok(editions.into_iter().flatten().map(EditionId).collect())
    }
}

/// What the authors of accepted proposals said to everybody. Two queries.
async fn said(db: &impl ConnectionTrait, id: EditionId) -> Result<BTreeMap<SessionId, Vec<PublicAnswer>>> {
    let taking = State::ALL.iter().filter(|state| state.takes_place()).map(|state| state.as_str());
    let rows = proposal::Entity::find()
        .filter(proposal::Column::Edition.eq(id.0))
        .filter(proposal::Column::Session.is_not_null())
        .filter(proposal::Column::State.is_in(taking))
        .all(db)
        .await?;
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let forms = call_form::Entity::find()
        .filter(call_form::Column::Edition.eq(id.0))
        .filter(among(call_form::Column::Call, rows.iter().map(|row| row.call)))
        .all(db)
        .await?;
    let mut of = BTreeMap::new();
    for row in &forms {
        let form = calls::form_of(row)?;
        of.insert((row.call, form.version), form);
    }
    let mut out = BTreeMap::new();
    for row in &rows {
        let one = proposals::proposal_of(row)?;
        let (Some(session), Some(form)) = (one.session, of.get(&(row.call, one.content.form))) else {
            continue;
        };
        let answers = readable(form, &one.content.answers, Reader::Public).map(|(field, answer)| {
            PublicAnswer { key: field.key.clone(), asked: field.label.clone(), answer: answer.public() }
        });
        let answers: Vec<PublicAnswer> = answers.filter(|one| !one.answer.plain().is_empty()).collect();
        if !answers.is_empty() {
            out.insert(session, answers);
        }
    }
    Ok(out)
}

/// The edition, when `subject` may do that in it, or in that track of it.
pub(crate) async fn allowed(
    db: &impl ConnectionTrait,
    subject: &Subject,
    action: Action,
    id: EditionId,
    track: Option<TrackId>,
) -> Result<Edition> {
    let row = edition::Entity::find_by_id(id.0).one(db).await?.ok_or_else(|| Error::no_edition(id))?;
    let edition = rows::edition(&row)?;
    subject.may(action, &Place::edition(&edition).in_track(track))?;
    Ok(edition)
}

/// Notes a thing of an edition that was `before` and is `after`; nothing where they are the same.
pub(crate) async fn note<T: Serialize + PartialEq>(
    tx: &Tx,
    (kind, thing): (&'static str, Uuid),
    edition: EditionId,
    before: Option<&T>,
    after: Option<&T>,
) -> Result<()> {
    let deed = match (before, after) {
        (None, None) => return Ok(()),
        (Some(before), Some(after)) if before == after => return Ok(()),
        (None, Some(_)) => Deed::Created,
        (Some(_), Some(_)) => Deed::Changed,
        (Some(_), None) => Deed::Removed,
    };
    let (before, after) = (before.map(fact).transpose()?, after.map(fact).transpose()?);
    tx.note(vec![Change { kind, thing, edition: Some(edition), deed, before, after }]).await
}

/// Makes a thing of these kinds what it was `before`, if it still is what it was `after`; gives whether it was.
pub(crate) async fn restore(
    tx: &Tx,
    edition: EditionId,
    kind: &str,
    thing: Uuid,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<bool> {
    let db = tx.db();
    let same = |present: Option<Value>| present == after;
    match kind {
        WebPageId::KIND => {
            let present = page::find(db, edition, WebPageId(thing)).await?;
            if !same(present.as_ref().map(fact).transpose()?) {
                return Ok(false);
            }
            page::put_page(tx, edition, present.as_ref(), read(before)?.as_ref()).await?;
        }
        page::MENU_KIND => {
            let present = page::menu_of(db, edition).await?;
            if !same(present.as_ref().map(fact).transpose()?) {
                return Ok(false);
            }
            page::put_menu(tx, edition, present.as_ref(), read(before)?.as_ref()).await?;
        }
        PostId::KIND => {
            let present = posts::find(db, edition, PostId(thing)).await?;
            if !same(present.as_ref().map(fact).transpose()?) {
                return Ok(false);
            }
            posts::put_post(tx, edition, present.as_ref(), read(before)?.as_ref()).await?;
        }
        _ => {
            let present = sponsors::stored(db, edition).await?;
            if !same(present.as_ref().map(fact).transpose()?) {
                return Ok(false);
            }
            sponsors::put_plan(tx, edition, present.as_ref(), read(before)?.as_ref()).await?;
        }
    }
    Ok(true)
}

fn read<T: serde::de::DeserializeOwned>(value: Option<Value>) -> Result<Option<T>> {
    value.map(serde_json::from_value).transpose().map_err(|error| Error::damaged("feed", error))
}

/// What the rows hold, in the feed's words, for [`crate::verify()`]; broken invariants go to `broken`.
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
    broken: &mut Vec<String>,
) -> Result<()> {
    for row in web_page::Entity::find().all(db).await? {
        let page = page::page_of(&row)?;
        state.insert((Some(row.edition), WebPageId::KIND.to_owned(), row.id), fact(&page)?);
    }
    for row in menu::Entity::find().all(db).await? {
        let menu = page::menu_from(&row)?;
        for (item, _) in menu.rows() {
            if let model::page::MenuTarget::Page(id) = item.target
                && web_page::Entity::find_by_id((row.edition, id.0)).one(db).await?.is_none()
            {
                broken.push(format!("menu of edition {}: leads to page {id}, which is gone", row.edition));
            }
        }
        state.insert((Some(row.edition), page::MENU_KIND.to_owned(), row.edition), fact(&menu)?);
    }
    for row in post::Entity::find().all(db).await? {
        let post = posts::post_of(&row)?;
        if matches!(post.publication, Publication::Draft) != row.at.is_none() {
            broken.push(format!("post {}: its time does not fit its state", row.id));
        }
        state.insert((Some(row.edition), PostId::KIND.to_owned(), row.id), fact(&post)?);
    }
    for row in sponsor_plan::Entity::find().all(db).await? {
        let plan = sponsors::plan_of(&row)?;
        state.insert((Some(row.edition), sponsors::PLAN_KIND.to_owned(), row.edition), fact(&plan)?);
    }
    crate::toot::state(db, state, broken).await?;
    crate::audience::state(db, state).await
}
