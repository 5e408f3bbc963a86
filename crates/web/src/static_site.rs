//! A static copy: the public site as plain files, which work from a folder and from any web server.
//!
//! The copy holds the pages, files and calendars of every release that is public, drawn from the same targets as
//! the server's, with relative links. What needs a server (search, live updates, private lists) is left out; the
//! list of sessions filters in the browser. It is written beside its place and moved there when it is whole, so
//! that a web server never shows half of it.

use crate::{
    assets,
    error::Failure,
    page::{Links, Page, Viewer},
    site::{Live, Site},
    snapshot::Snapshot,
    target::Target,
    upload,
};
use jiff::Timestamp;
use model::{Refusal, address::Address, text::Slug};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::fs;

/// The file that tells a static copy from a folder of something else.
const MARKER: &str = ".plenary-export";

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many editions.
    pub editions: usize,
    /// How many files.
    pub files: usize,
    /// How many bytes altogether.
    pub bytes: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let editions = if self.editions == 1 { "edition" } else { "editions" };
        let kilobytes = self.bytes.div_ceil(1_000);
        write!(f, "{} {editions} in {} files, {kilobytes} kB", self.editions, self.files)
    }
}

/// Why a static copy could not be written. What stood at its place before stands there still.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The command does not hold.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The record cannot be read.
    #[error(transparent)]
    Record(#[from] store::Error),
    /// A page could not be drawn.
    #[error("{path} could not be drawn: {failure}. Please report this.")]
    Draw {
        /// Its path on the site.
        path: String,
        /// What went wrong.
        failure: Failure,
    },
    /// A file could not be written.
    #[error("{} could not be written: {error}. Check the folder's rights and free space.", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Writes the public site into the folder `out`: all editions, or the one given.
///
/// `out` may be missing, empty, or an earlier copy, which is replaced; a folder with anything else in it is
/// refused. Addresses in feeds and calendars begin with the site's base address.
pub async fn write(site: &Site, edition: Option<&Slug>, out: &Path) -> Result<Summary, ExportError> {
    let chosen = choose(site, edition)?;
    check(out).await?;
    let name = out.file_name().map_or_else(|| "site".to_owned(), |name| name.to_string_lossy().into_owned());
    let beside = |what: &str| out.with_file_name(format!(".{name}.{what}-{}", std::process::id()));
    let (new, old) = (beside("new"), beside("old"));
    let mut copy = Copy { site, root: new.clone(), now: site.now(), summary: Summary::default() };
    let written = copy.write(&chosen).await;
    let summary = copy.summary;
    let moved = match written {
        Ok(()) => replace(&new, &old, out).await,
        Err(error) => Err(error),
    };
    if let Err(error) = moved {
        // The first error is the one to tell; the remains are hidden files beside the folder.
        let _ = fs::remove_dir_all(&new).await;
        return Err(error);
    }
    Ok(summary)
}

fn choose(site: &Site, edition: Option<&Slug>) -> Result<Vec<Arc<Live>>, ExportError> {
    let refuse =
        |problem: String, remedy: &str| ExportError::Refused(Refusal::new("edition", problem, remedy));
    let Some(slug) = edition else {
        let all = site.editions();
        let nothing =
            || refuse("nothing is published yet".to_owned(), "Import a schedule and release it first");
        return if all.is_empty() { Err(nothing()) } else { Ok(all) };
    };
    let missing =
        || refuse(format!("there is no release of an edition {slug}"), "Name one that is published");
    Ok(vec![site.edition(slug.as_str()).ok_or_else(missing)?])
}

/// Whether `out` may be replaced.
async fn check(out: &Path) -> Result<(), ExportError> {
    let mut entries = match fs::read_dir(out).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(file(out, error)),
    };
    let empty = entries.next_entry().await.map_err(|error| file(out, error))?.is_none();
    let ours = fs::try_exists(out.join(MARKER)).await.map_err(|error| file(out, error))?;
    if empty || ours {
        return Ok(());
    }
    let problem = format!("{} holds files that are no earlier copy of a site", out.display());
    Err(Refusal::new("output folder", problem, "Name a folder that is empty or does not exist").into())
}

async fn replace(new: &Path, old: &Path, out: &Path) -> Result<(), ExportError> {
    match fs::rename(out, old).await {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(file(out, error)),
    }
    if let Err(error) = fs::rename(new, out).await {
        // What stood there goes back to its place.
        let _ = fs::rename(old, out).await;
        return Err(file(out, error));
    }
    match fs::remove_dir_all(old).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file(old, error)),
        _ => Ok(()),
    }
}

fn file(path: &Path, error: io::Error) -> ExportError {
    ExportError::File { path: path.to_owned(), error }
}

/// A copy while it is being written.
struct Copy<'a> {
    site: &'a Site,
    root: PathBuf,
    now: Timestamp,
    summary: Summary,
}

impl Copy<'_> {
    async fn write(&mut self, editions: &[Arc<Live>]) -> Result<(), ExportError> {
        for live in editions {
            self.edition(live).await?;
            self.summary.editions += 1;
        }
        self.front_page(editions).await?;
        for name in assets::names() {
            if let Some(content) = assets::get(&name) {
                self.put(&format!("{}/{name}", assets::base()), &content).await?;
            }
        }
        self.put(
            &format!("/{MARKER}"),
            b"Written by `plenary export`; replaced as a whole by the next one.\n",
        )
        .await
    }

    async fn edition(&mut self, live: &Arc<Live>) -> Result<(), ExportError> {
        let failed = |path: &str| {
            let path = path.to_owned();
            move |failure| ExportError::Draw { path, failure }
        };
        let snapshot = self.site.snapshot(live).await.map_err(failed(&format!("/{}/", live.slug())))?;
        let mut targets = Target::all(&snapshot);
        let releases = self.site.store().releases(live.edition.id).await?;
        targets.extend(releases.iter().map(|head| Target::Release(head.number)));
        for target in targets {
            let path = target.address().path(live.slug());
            let drawn = target.draw(self.site, &snapshot, &self.viewer(&path)).await;
            match drawn {
                Ok(Some(bytes)) => self.put(&path, &bytes).await?,
                Ok(None) => {}
                Err(failure) => return Err(failed(&path)(failure)),
            }
        }
        self.uploads(live, &snapshot).await
    }

    /// The uploaded files that the pages show. One that is missing leaves a gap where it was missing before.
    async fn uploads(&mut self, live: &Arc<Live>, snapshot: &Snapshot) -> Result<(), ExportError> {
        for name in snapshot.content().sponsors.iter().filter_map(|sponsor| sponsor.upload.as_ref()) {
            if let Some(bytes) = upload::read(self.site, name).await {
                self.put(&Address::Upload(name.as_str()).path(live.slug()), &bytes).await?;
            }
        }
        for (session, answers) in &snapshot.content().said {
            let Some(session) = snapshot.session(*session) else { continue };
            let files = answers.iter().filter_map(|one| Some((&one.key, one.answer.as_file()?)));
            for (key, file) in files {
                if let Some(bytes) = upload::handed_in(self.site, file).await {
                    let name = file.public_name(key);
                    let address = Address::SessionFile(session.code.as_str(), &name);
                    self.put(&address.path(live.slug()), &bytes).await?;
                }
            }
        }
        Ok(())
    }

    /// The page at the root: that of the one edition, or the list of them.
    async fn front_page(&mut self, editions: &[Arc<Live>]) -> Result<(), ExportError> {
        let failed = |failure| ExportError::Draw { path: "/".to_owned(), failure };
        let viewer = self.viewer("/");
        let text = match editions {
            [only] => {
                let snapshot = self.site.snapshot(only).await.map_err(failed)?;
                Page::Home
                    .render(&snapshot, &viewer)
                    .map_err(|error| failed(error.into()))?
                    .unwrap_or_default()
            }
            several => Site::editions_page(several, &viewer).map_err(failed)?,
        };
        self.put("/", text.as_bytes()).await
    }

    /// A visitor of the page at `path`, for whom every link goes up to the root first.
    fn viewer(&self, path: &str) -> Viewer {
        let depth = path.matches('/').count().saturating_sub(1);
        let prefix = if depth == 0 { ".".to_owned() } else { vec![".."; depth].join("/") };
        let links = Links {
            assets: format!("{prefix}{}", assets::base()),
            prefix,
            folder: true,
            base: self.site.options().base_url.as_ref().map(|_| self.site.base_url().to_owned()),
        };
        Viewer { zone: None, now: self.now, links }
    }

    async fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let mut place = self.root.join(path.trim_start_matches('/'));
        if path.ends_with('/') {
            place.push("index.html");
        }
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).await.map_err(|error| file(folder, error))?;
        }
        fs::write(&place, bytes).await.map_err(|error| file(&place, error))?;
        self.summary.files += 1;
        self.summary.bytes += bytes.len() as u64;
        Ok(())
    }
}
