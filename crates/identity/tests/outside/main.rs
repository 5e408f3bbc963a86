//! Providers and directories that are real: an OpenID Connect provider (`oidc-provider` on Node.js) and OpenLDAP's slapd,
//! each started here on a free port with a configuration of its own. Where the program is missing a test says that it was
//! skipped, except in continuous integration, where it fails.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects")]

mod directory;
mod provider;
#[path = "../support/slapd.rs"]
mod slapd;

use std::path::Path;

/// The repository.
fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
