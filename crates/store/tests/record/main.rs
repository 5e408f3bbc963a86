//! The promises of the record, each kept on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects")]

mod account;
mod desk;
mod feed;
mod harness;
mod import;
mod migrate;
mod programme;
mod release;
mod sample;
mod search;
mod stars;
mod verify;
mod watch;
