//! Where the open data lies that some benchmarks read.

use std::path::PathBuf;

/// `$PLENARY_TEST_DATA`, else `../shared/data` beside the checkout.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("PLENARY_TEST_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    )
}
