//! Proposals from elsewhere, filed in a call.

use crate::{
    Result, Store, call as calls, edition as editions,
    entity::proposal,
    lookup::among,
    proposal::{next_number, proposal_of, put, put_author},
};
use model::{
    Refusal,
    call::Incoming,
    edition::Edition,
    id::{AuthorId, CallId, ProposalId},
    permission::{Action, Subject},
    proposal::{Author, Proposal, State},
};
use sea_orm::{EntityTrait, QueryFilter};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What came of filing proposals from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FiledElsewhere {
    /// How many are new.
    pub created: usize,
    /// How many say something else than before: they have a new revision.
    pub changed: usize,
    /// How many were there already and say the same.
    pub same: usize,
}

impl Store {
    /// Files proposals from elsewhere in a call, as submitted, whether or not the call is open: for those who manage the call
    /// and decide. One that was filed before, by its key, is revised where it says something else, and its authors are left
    /// as they are. Authors with an address take part once they sign in with it; no mail is sent. `dry` writes nothing.
    pub async fn file_proposals(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        incoming: &[Incoming],
        dry: bool,
    ) -> Result<FiledElsewhere> {
        self.write(&subject.actor, async |tx| {
            subject.may_write()?;
            editions::open(tx.db(), edition.id).await?;
            let open = calls::find(tx.db(), edition.id, call).await?.ok_or_else(calls::gone)?;
            let place = calls::place(edition, &open.call);
            subject.may(Action::ManageCalls, &place)?;
            subject.may(Action::DecideProposals, &place)?;
            if open.call.kind.is_sealed() {
                let problem = "offers are sealed, and each supplier submits their own";
                return Err(Refusal::new("call", problem, "Choose another call").into());
            }
            let key =
                |one: &Incoming| ProposalId::from_key(edition.slug.as_str(), &format!("{call} {}", one.key));
            let mut known: BTreeMap<Uuid, Proposal> = BTreeMap::new();
            for chunk in incoming.chunks(crate::lookup::LOOKUP) {
                let rows = proposal::Entity::find()
                    .filter(among(proposal::Column::Id, chunk.iter().map(|one| key(one).0)))
                    .all(tx.db())
                    .await?;
                for row in &rows {
                    known.insert(row.id, proposal_of(row)?);
                }
            }
            let mut number = next_number(tx.db(), edition.id).await?;
            let mut out = FiledElsewhere::default();
            for one in incoming {
                let id = key(one);
                if let Some(before) = known.get(&id.0) {
                    let after = before.clone().revise(one.content.clone(), &open.call, tx.at())?;
                    if after == *before {
                        out.same += 1;
                        continue;
                    }
                    out.changed += 1;
                    if !dry {
                        put(tx, edition.id, Some(before), Some(&after)).await?;
                    }
                    known.insert(id.0, after);
                    continue;
                }
                let filed = Proposal {
                    id,
                    call,
                    number,
                    state: State::Submitted,
                    content: one.content.clone(),
                    revision: 1,
                    created: tx.at(),
                    changed: tx.at(),
                    submitted: Some(tx.at()),
                    prepared: None,
                    session: None,
                    confirmation: None,
                };
                number += 1;
                out.created += 1;
                if dry {
                    known.insert(id.0, filed);
                    continue;
                }
                put(tx, edition.id, None, Some(&filed)).await?;
                for (position, (name, email)) in (0..).zip(&one.authors) {
                    let author = Author {
                        id: AuthorId(Uuid::now_v7()),
                        account: None,
                        name: name.clone(),
                        email: email.clone(),
                        speaks: true,
                    };
                    put_author(tx, edition.id, id, None, Some((&author, position))).await?;
                }
                known.insert(id.0, filed);
            }
            Ok(out)
        })
        .await
    }
}
