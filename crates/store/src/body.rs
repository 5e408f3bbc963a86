//! A whole programme in one column, or another large value: its JSON, compressed with zstd (RFC 8878).

use crate::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A level at which a large programme takes some milliseconds.
const LEVEL: i32 = 3;

/// The column's bytes for `value`.
pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(value).map_err(|error| Error::damaged("a value to be written", error))?;
    zstd::encode_all(&json[..], LEVEL).map_err(|error| Error::damaged("a value to be written", error))
}

/// The value of a column's bytes; `place` names the row for messages.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], place: &str) -> Result<T> {
    let json = zstd::decode_all(bytes).map_err(|error| Error::damaged(place, error))?;
    serde_json::from_slice(&json).map_err(|error| Error::damaged(place, error))
}

/// SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// Bytes in hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string does not fail.
        write!(out, "{byte:02x}").ok();
        out
    })
}
