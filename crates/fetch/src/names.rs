//! How names become addresses: by the system, and only those that may be called.

use crate::address;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

/// Finds the addresses of a name.
pub(crate) type Lookup =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

/// As the system resolves names.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Why a name was not resolved, as the HTTP client carries it through.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Unresolved {
    #[error("the name has no address")]
    Unknown,
    #[error("{0}")]
    Forbidden(&'static str),
}

/// The resolver of the HTTP client: what it answers with is what is connected to.
pub(crate) struct Guard {
    pub(crate) lookup: Lookup,
    pub(crate) allow_private: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = (self.lookup)(name.as_str().to_owned());
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = lookup.await.map_err(|_| Unresolved::Unknown)?;
            let mut reason = None;
            let mut allowed = Vec::with_capacity(found.len());
            for ip in found {
                match address::forbidden(ip).filter(|_| !allow_private) {
                    Some(why) => reason = Some(why),
                    None => allowed.push(SocketAddr::new(ip, 0)),
                }
            }
            match (allowed.is_empty(), reason) {
                (true, Some(why)) => Err(Unresolved::Forbidden(why).into()),
                (true, None) => Err(Unresolved::Unknown.into()),
                (false, _) => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}
