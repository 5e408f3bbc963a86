//! Who calls: the token of a request, and what may be done with it.

use super::fault::Fault;
use crate::{route::Client, site::Site};
use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use model::{
    id::AccountId,
    permission::{Action, Place, Subject},
};
use std::{net::IpAddr, time::Instant};
use store::Bearer;

/// Whoever calls: a program with a token, or a visitor without.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// What they may do.
    pub(crate) subject: Subject,
    /// Whose token it is.
    pub(crate) bearer: Option<Bearer>,
    /// By what they are counted.
    pub(crate) key: IpAddr,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Site: FromRef<S>,
{
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let site = Site::from_ref(state);
        let client = parts.extensions.get::<Client>().map_or(IpAddr::from([127, 0, 0, 1]), |client| client.0);
        Self::of(&site, &parts.headers, client).await
    }
}

impl Caller {
    /// Who sent those headers from that address.
    pub(crate) async fn of(site: &Site, headers: &HeaderMap, client: IpAddr) -> Result<Self, Fault> {
        let Some(token) = token_in(headers)? else {
            site.api().asked.take(client, Instant::now()).map_err(Fault::too_many)?;
            return Ok(Self { subject: Subject::visitor(site.now()), bearer: None, key: client });
        };
        let Some(bearer) = known(site, token).await? else {
            // Guessing is counted as the visitor's.
            site.api().asked.take(client, Instant::now()).map_err(Fault::too_many)?;
            return Err(Fault::unknown_caller("The token is unknown, revoked or over"));
        };
        // Each token counts by itself. What tells networks apart is the upper half of an address.
        let key = IpAddr::from(bearer.token.id.0.as_u128().rotate_left(64).to_be_bytes());
        site.api().asked.take(key, Instant::now()).map_err(Fault::too_many)?;
        Ok(Self { subject: bearer.subject(site.now()), bearer: Some(bearer), key })
    }

    /// Refuses a visitor.
    pub(crate) fn known(&self) -> Result<(AccountId, &Bearer), Fault> {
        match &self.bearer {
            Some(bearer) => Ok((bearer.account.id, bearer)),
            None => Err(Fault::unknown_caller("This needs a token")),
        }
    }

    /// Refuses when they may not do that to what stands there.
    pub(crate) fn may(&self, action: Action, place: &Place) -> Result<(), Fault> {
        self.known()?;
        self.subject.may(action, place).map_err(|refusal| Fault::forbidden(&refusal))
    }

    /// Refuses when the owner of the token may not do that: for reading what only they may read who may change it.
    pub(crate) fn may_read(&self, action: Action, place: &Place) -> Result<(), Fault> {
        self.reader()?.may(action, place).map_err(|refusal| Fault::forbidden(&refusal))
    }

    /// The owner of the token, for reading what only they may read who may change it. Refuses a visitor.
    pub(crate) fn reader(&self) -> Result<Subject, Fault> {
        self.known()?;
        Ok(Subject { token: None, ..self.subject.clone() })
    }

    /// Refuses a visitor, and a token that only reads.
    pub(crate) fn may_write(&self) -> Result<(AccountId, &Bearer), Fault> {
        let known = self.known()?;
        self.subject.may_write().map_err(|refusal| Fault::forbidden(&refusal))?;
        Ok(known)
    }

    /// The same caller as their token stands now; `None` when it is good for nothing any more.
    pub(crate) async fn again(&self, site: &Site, headers: &HeaderMap) -> Result<Option<Subject>, Fault> {
        match token_in(headers)? {
            None => Ok(Some(Subject::visitor(site.now()))),
            Some(token) => Ok(known(site, token).await?.map(|bearer| bearer.subject(site.now()))),
        }
    }
}

/// The token that a request carries (RFC 6750, section 2.1).
fn token_in(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    token.map(Some).ok_or_else(|| Fault::unknown_caller("The header Authorization holds no bearer token"))
}

/// Whose token it is. While nothing was written to the record, what it said of a token still holds.
async fn known(site: &Site, token: &str) -> Result<Option<Bearer>, Fault> {
    let head = *site.store().watch().borrow();
    let now = site.now();
    if let Some(bearer) = site.api().bearer(token, head) {
        return Ok(Some(bearer).filter(|bearer| bearer.token.holds(now)));
    }
    let Some(bearer) = site.store().bearer(token, now).await? else { return Ok(None) };
    site.api().remember(token, head, &bearer);
    let (store, id) = (site.store().clone(), bearer.token.id);
    // Nobody waits for a note in their own list.
    tokio::spawn(async move {
        if let Err(error) = store.token_used(id).await {
            tracing::warn!(%error, "it could not be noted that a token was used");
        }
    });
    Ok(Some(bearer))
}
