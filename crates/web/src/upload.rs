//! Uploaded files: kept outside everything that is served, under names that nobody typed, and served with the type that
//! their content has, so that nothing of them ever runs in a visitor's browser.

use crate::{error::Failure, form::UploadedFile, site::Site};
use bytes::Bytes;
use model::{
    Refusal,
    sponsor::{Picture, UploadName},
};
use std::path::PathBuf;
use tokio::fs;

fn place(site: &Site, name: &UploadName) -> Option<PathBuf> {
    // The name holds digits, letters and one dot, so it stays in the folder.
    Some(site.options().uploads.as_ref()?.join(name.as_str()))
}

/// Keeps a picture that was sent with a form. What it is is read from its bytes; its name and the type that was claimed
/// count for nothing.
pub(crate) async fn keep(site: &Site, file: &UploadedFile) -> Result<UploadName, Failure> {
    let picture = Picture::recognise(&file.bytes)?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| {
        tracing::error!(%error, "no random numbers");
        Failure::Unavailable
    })?;
    let name = UploadName::new(u128::from_be_bytes(random), picture);
    let Some(place) = place(site, &name) else {
        let remedy = "Give the address of a logo that stands elsewhere instead";
        return Err(Refusal::new("logo file", "this server keeps no uploaded files", remedy).into());
    };
    let failed = |error: std::io::Error| {
        tracing::error!(%error, place = %place.display(), "an uploaded file could not be kept");
        Failure::Unavailable
    };
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).await.map_err(failed)?;
    }
    // Written beside its place and moved there: a half-written picture is never served.
    let unfinished = place.with_extension("part");
    fs::write(&unfinished, &file.bytes).await.map_err(failed)?;
    fs::rename(&unfinished, &place).await.map_err(failed)?;
    Ok(name)
}

/// What was uploaded under that name; `None` where it is not there.
pub(crate) async fn read(site: &Site, name: &UploadName) -> Option<Bytes> {
    match fs::read(place(site, name)?).await {
        Ok(bytes) => Some(Bytes::from(bytes)),
        Err(error) => {
            tracing::warn!(%error, %name, "an uploaded file cannot be read");
            None
        }
    }
}
