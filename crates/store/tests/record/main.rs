//! The promises of the record, each kept on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects")]

mod account;
mod archive;
mod encrypted;
mod calendar;
mod credential;
mod feed;
mod harness;
mod import;
mod log;
mod lease;
mod mail;
mod migrate;
mod people;
mod programme;
mod release;
mod sample;
mod search;
mod stars;
mod tokens;
mod verify;
mod watch;
mod webhooks;
