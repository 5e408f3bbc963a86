//! Lists of stars: what a visitor without an account picked, behind a private address.
//!
//! The address holds a token of 144 random bits; the record keeps only its SHA-256, so that a copy of the
//! database opens nobody's list.

use crate::{
    Error, Result, Store, body,
    entity::{edition, session, star, star_list},
    save::upsert,
    tx::Change,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{
    feed::{Actor, Deed},
    id::{EditionId, SessionId, derived},
    time::to_micros,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The word for a list of stars in the feed.
pub(crate) const KIND: &str = "stars";

/// Bytes of a token: 24 letters in an address.
const TOKEN: usize = 18;

/// The most stars of one list.
const MOST: usize = 2_000;

impl Store {
    /// Keeps a visitor's stars and returns the token of their list: the one given, when it opens a list of
    /// this edition, else that of a new list. Sessions that the edition does not have are left out, and so is
    /// whatever exceeds 2,000.
    pub async fn put_stars(
        &self,
        id: EditionId,
        token: Option<&str>,
        sessions: &[SessionId],
    ) -> Result<String> {
        self.write(&Actor::Visitor, async |tx| {
            let db = tx.db();
            if edition::Entity::find_by_id(id.0).one(db).await?.is_none() {
                return Err(Error::no_edition(id));
            }
            let known: BTreeSet<Uuid> = session::Entity::find()
                .select_only()
                .column(session::Column::Id)
                .filter(session::Column::Edition.eq(id.0))
                .into_tuple::<Uuid>()
                .all(db)
                .await?
                .into_iter()
                .collect();
            let after: BTreeSet<Uuid> =
                sessions.iter().map(|id| id.0).filter(|id| known.contains(id)).take(MOST).collect();
            let list = match token {
                Some(token) => open(db, id, token).await?,
                None => None,
            };
            let (token, list, before) = if let (Some(token), Some(list)) = (token, list) {
                let before = starred(db, &list).await?;
                (token.to_owned(), list, Some(before))
            } else {
                let token = new_token()?;
                let digest = body::digest(token.as_bytes());
                let list = derived(&id.to_string(), KIND, &token);
                (token, star_list::Model { edition: id.0, id: list, digest, changed_at: 0 }, None)
            };
            if before.as_ref() == Some(&after) {
                return Ok(token);
            }
            upsert::<star_list::Entity>(
                db,
                vec![star_list::Model { changed_at: to_micros(tx.at()), ..list.clone() }],
            )
            .await?;
            let gone = before.iter().flatten().filter(|id| !after.contains(id)).copied();
            star::Entity::delete_many()
                .filter(star::Column::Edition.eq(id.0))
                .filter(star::Column::List.eq(list.id))
                .filter(star::Column::Session.is_in(gone))
                .exec(db)
                .await?;
            let new = after.iter().filter(|id| !before.iter().flatten().any(|old| old == *id));
            let rows =
                new.map(|session| star::Model { edition: id.0, list: list.id, session: *session }).collect();
            insert(db, rows).await?;
            tx.note(vec![Change {
                kind: KIND,
                thing: list.id,
                edition: Some(id),
                deed: if before.is_some() { Deed::Changed } else { Deed::Created },
                before: before.as_ref().map(fact),
                after: Some(fact(&after)),
            }])
            .await?;
            Ok(token)
        })
        .await
    }

    /// The stars of the list that this token opens; `None` when it opens none of this edition. May name
    /// sessions that were removed since.
    pub async fn stars(&self, id: EditionId, token: &str) -> Result<Option<Vec<SessionId>>> {
        match open(self.readers(), id, token).await? {
            Some(list) => {
                Ok(Some(starred(self.readers(), &list).await?.into_iter().map(SessionId).collect()))
            }
            None => Ok(None),
        }
    }
}

/// The JSON of a list in the feed.
pub(crate) fn fact(sessions: &BTreeSet<Uuid>) -> Value {
    json!({ "sessions": sessions })
}

/// The sessions of a list.
pub(crate) async fn starred(db: &impl ConnectionTrait, list: &star_list::Model) -> Result<BTreeSet<Uuid>> {
    let sessions = star::Entity::find()
        .select_only()
        .column(star::Column::Session)
        .filter(star::Column::Edition.eq(list.edition))
        .filter(star::Column::List.eq(list.id))
        .order_by_asc(star::Column::Session);
    Ok(sessions.into_tuple::<Uuid>().all(db).await?.into_iter().collect())
}

async fn open(db: &impl ConnectionTrait, id: EditionId, token: &str) -> Result<Option<star_list::Model>> {
    let digest = body::digest(token.as_bytes());
    let list = star_list::Entity::find()
        .filter(star_list::Column::Edition.eq(id.0))
        .filter(star_list::Column::Digest.eq(digest));
    Ok(list.one(db).await?)
}

/// [`upsert`] replaces what is beside the key, and a star has nothing beside it.
async fn insert(db: &impl ConnectionTrait, rows: Vec<star::Model>) -> Result<()> {
    use sea_orm::IntoActiveModel;
    for chunk in rows.chunks(MOST) {
        let rows = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
        star::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

fn new_token() -> Result<String> {
    let mut bytes = [0; TOKEN];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Database { detail: format!("no random numbers: {error}") })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
