//! The commands, one module each, and what several of them need.

pub(crate) mod backup;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod editions;
pub(crate) mod export;
pub(crate) mod grant;
pub(crate) mod import;
pub(crate) mod mail;
pub(crate) mod matrix;
mod password;
pub(crate) mod plan;
pub(crate) mod proposals;
pub(crate) mod release;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod token;
pub(crate) mod user;

use anyhow::bail;
use model::{edition::Edition, text::Slug};
use store::Store;

/// The edition that is meant: the one named, or the only one there is.
async fn edition(store: &Store, named: Option<&str>) -> anyhow::Result<Edition> {
    let editions = store.editions().await?;
    let list = || editions.iter().map(|head| head.edition.slug.to_string()).collect::<Vec<_>>().join(", ");
    let found = match named {
        Some(name) => {
            let slug = Slug::parse(name)?;
            editions.iter().find(|head| head.edition.slug == slug)
        }
        None if editions.len() > 1 => {
            bail!("edition: the record holds several. Name one with --edition: {}.", list())
        }
        None => editions.first(),
    };
    match found {
        Some(head) => Ok(head.edition.clone()),
        None if editions.is_empty() => {
            bail!("edition: the record is empty. Import one with `plenary import FILE`.")
        }
        None => {
            bail!("edition: there is no \"{}\". The record holds: {}.", named.unwrap_or_default(), list())
        }
    }
}
