//! A whole programme in one column: JSON of [`Programme`], compressed with zstd (RFC 8878).

use crate::{Error, Result};
use model::programme::Programme;
use sha2::{Digest, Sha256};

/// A level at which a large programme takes some milliseconds.
const LEVEL: i32 = 3;

/// The column's bytes for `programme`.
pub(crate) fn encode(programme: &Programme) -> Result<Vec<u8>> {
    let json =
        serde_json::to_vec(programme).map_err(|error| Error::damaged("a programme to be written", error))?;
    zstd::encode_all(&json[..], LEVEL).map_err(|error| Error::damaged("a programme to be written", error))
}

/// The programme of a column's bytes; `place` names the row for messages.
pub(crate) fn decode(bytes: &[u8], place: &str) -> Result<Programme> {
    let json = zstd::decode_all(bytes).map_err(|error| Error::damaged(place, error))?;
    serde_json::from_slice(&json).map_err(|error| Error::damaged(place, error))
}

/// SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}
