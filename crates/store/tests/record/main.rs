//! The promises of the record, each kept on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects")]

mod account;
mod archive;
mod blocking;
mod calendar;
mod calls;
mod chat;
mod content;
mod credential;
mod desk;
mod encrypted;
mod feed;
mod forwards;
mod handed_in;
mod harness;
mod import;
mod invitations;
mod lease;
mod log;
mod mail;
mod meetings;
mod microconferences;
mod migrate;
mod people;
mod programme;
mod registration;
mod release;
mod reviews;
mod sample;
mod search;
mod stars;
mod tokens;
mod undo;
mod verify;
mod watch;
mod webhooks;
