//! Style sheet and scripts, embedded in the binary.
//!
//! They stand at `/assets/HASH/NAME`, where the hash is that of all of them together: it changes when any of
//! them does, so browsers keep them for ever, and modules import one another by relative address.

use crate::body::stem;
use bytes::Bytes;
use rust_embed::RustEmbed;
use std::{borrow::Cow, sync::LazyLock};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Embedded;

static BASE: LazyLock<String> = LazyLock::new(|| {
    let mut all = vec![];
    for name in names() {
        all.extend_from_slice(name.as_bytes());
        all.extend(Embedded::get(&name).map(|file| stem(&file.data)).unwrap_or_default().into_bytes());
    }
    format!("/assets/{}", &stem(&all)[..12])
});

/// Where the assets are, without a slash at its end: `/assets/HASH`.
pub fn base() -> &'static str {
    &BASE
}

/// The names of all assets, in order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = Embedded::iter().map(Cow::into_owned).collect();
    names.sort_unstable();
    names
}

/// The content of an asset.
pub fn get(name: &str) -> Option<Bytes> {
    Embedded::get(name).map(|file| match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    })
}

/// The media type of an asset, by the end of its name.
pub fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
