//! Providers and directories that are real: an OpenID Connect provider (`oidc-provider` on Node.js) and OpenLDAP's slapd,
//! each started here on a free port with a configuration of its own. Where the program is missing a test says that it was
//! skipped, except in continuous integration, where it fails.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects")]

mod directory;
mod provider;

use std::{net::TcpListener, path::Path};

/// Says that a test was skipped; in continuous integration nothing is.
#[expect(clippy::print_stderr, reason = "the reader of a test must see that it did not run")]
fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("skipped: {why}");
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The repository.
fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
