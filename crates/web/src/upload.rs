//! Uploaded files: kept outside everything that is served, under names that nobody typed, and served with the type that
//! their content has, so that nothing of them ever runs in a visitor's browser.

use crate::{
    error::Failure,
    form::UploadedFile,
    headers::{self, Policy},
    site::Site,
};
use axum::{
    body::Body as HttpBody,
    http::{HeaderValue, Response, header},
    response::IntoResponse,
};
use bytes::Bytes;
use model::{
    Refusal,
    call::{FileDigest, FileRule, HANDED_IN, HandedIn},
    edition::Edition,
    id::FileId,
    permission::Subject,
    sponsor::{Picture, UploadName},
};
use sha2::{Digest, Sha256};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{fs, io::AsyncWriteExt};
use uuid::Uuid;

/// How long a file lies there of which nobody knows: it may just have been written.
const UNKNOWN: Duration = Duration::from_hours(24);

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

/// The folder of what was handed in, and the place of the file with that digest.
fn place_of(site: &Site, digest: &FileDigest) -> Option<(PathBuf, PathBuf)> {
    let folder = site.options().uploads.as_ref()?.join(HANDED_IN);
    // The digest is 64 hexadecimal digits, so the file stays in the folder.
    let place = folder.join(digest.as_str());
    Some((folder, place))
}

/// Keeps a file that was sent with the form of a proposal, where it is what the field takes and its sender has room for it.
/// The same bytes lie on the disk once, whoever sends them and however often.
pub(crate) async fn hand_in(
    site: &Site,
    (subject, edition): (&Subject, &Edition),
    rule: &FileRule,
    sent: &UploadedFile,
) -> Result<HandedIn, Failure> {
    let kind = rule.take(&sent.bytes, site.options().file_megabytes)?;
    let bytes = u64::try_from(sent.bytes.len()).unwrap_or(u64::MAX);
    site.store().room_for_file(subject, edition.id, bytes).await?;
    let digest = FileDigest::new(Sha256::digest(&sent.bytes).into());
    let Some((folder, place)) = place_of(site, &digest) else {
        let remedy = "Give the address of the file instead, or ask the organisers";
        return Err(Refusal::new("file", "this server keeps no files", remedy).into());
    };
    let failed = |error: io::Error| {
        tracing::error!(%error, place = %place.display(), "a file that was handed in could not be kept");
        Failure::Unavailable
    };
    let file = HandedIn {
        id: FileId(Uuid::now_v7()),
        digest,
        name: HandedIn::name_of(&sent.name, kind),
        kind,
        bytes,
    };
    put(&folder, &place, &sent.bytes).await.map_err(failed)?;
    site.store().keep_handed_in(subject, edition.id, &file).await?;
    // Between the two it may have been swept away as one that nobody knew.
    if !fs::try_exists(&place).await.map_err(failed)? {
        put(&folder, &place, &sent.bytes).await.map_err(failed)?;
    }
    Ok(file)
}

/// Writes `bytes` to their place, all or nothing, so that they survive a power cut once the record names them. What lies there
/// already is written anew: it may be old enough to be swept away.
async fn put(folder: &Path, place: &Path, bytes: &Bytes) -> io::Result<()> {
    fs::create_dir_all(folder).await?;
    let unfinished = folder.join(format!("{}.part", Uuid::now_v7()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&unfinished).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    drop(file);
    fs::rename(&unfinished, place).await
}

/// The bytes of a file that was handed in; `None` where they are not there, or are not those that were handed in.
pub(crate) async fn handed_in(site: &Site, file: &HandedIn) -> Option<Bytes> {
    let (_, place) = place_of(site, &file.digest)?;
    let bytes = match fs::read(&place).await {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) => {
            tracing::error!(%error, place = %place.display(), "a file that was handed in cannot be read");
            return None;
        }
    };
    if FileDigest::new(Sha256::digest(&bytes).into()) != file.digest {
        tracing::error!(place = %place.display(), "a file that was handed in is damaged; take it from a backup");
        return None;
    }
    Some(bytes)
}

/// Answers with a file that was handed in, for somebody who may read it: to be saved, never shown in the site's own place,
/// and whatever it holds runs nothing.
pub(crate) async fn download(site: &Site, file: &HandedIn) -> Result<Response<HttpBody>, Failure> {
    let bytes = handed_in(site, file).await.ok_or_else(|| Failure::no("file", file.name.as_str()))?;
    let mut response = bytes.into_response();
    let disposition = HeaderValue::from_str(&file.disposition()).map_err(|_| Failure::Internal)?;
    let headers = response.headers_mut();
    headers.extend(headers::of(Policy::Download));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind.media_type()));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// Forgets files that no proposal names and that have waited long enough, and removes from the folder what nobody knows.
pub(crate) async fn sweep(site: &Site) {
    match site.store().tidy_handed_in().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "files that no proposal names were forgotten"),
        Err(error) => return tracing::warn!(%error, "files that no proposal names could not be looked up"),
    }
    let Some(folder) = site.options().uploads.as_ref().map(|folder| folder.join(HANDED_IN)) else { return };
    if let Err(error) = sweep_folder(site, &folder).await {
        tracing::warn!(%error, folder = %folder.display(), "files that nobody needs could not be removed");
    }
}

async fn sweep_folder(site: &Site, folder: &Path) -> io::Result<()> {
    let mut entries = match fs::read_dir(folder).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut old = vec![];
    while let Some(entry) = entries.next_entry().await? {
        let (path, digest) = (entry.path(), entry.file_name().to_str().and_then(FileDigest::parse));
        // Only what is named as we name files: what else lies here is not ours to remove.
        let is_ours = digest.is_some() || path.extension().is_some_and(|end| end == "part");
        if is_ours && is_old(&path).await? {
            old.push((path, digest));
        }
    }
    if old.is_empty() {
        return Ok(());
    }
    let kept = site.store().kept_digests().await.map_err(io::Error::other)?;
    for (path, digest) in old {
        // Asked again: it may have been handed in a second time meanwhile.
        if digest.is_none_or(|digest| !kept.contains(&digest)) && is_old(&path).await? {
            fs::remove_file(&path).await?;
        }
    }
    Ok(())
}

async fn is_old(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path).await?.modified()?.elapsed().is_ok_and(|age| age > UNKNOWN))
}
