//! The public site over HTTP: a real server on a real record.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails is a test that fails")]

mod accounts;
mod api;
mod api_mail;
mod api_people;
mod api_planning;
mod caching;
mod calls;
mod compat;
mod connections;
mod content;
mod desk;
mod desk_programme;
mod failing;
mod forwards;
mod handed_in;
mod identity;
mod ldap;
mod live;
mod mail;
mod meetings;
mod microconferences;
mod ops;
mod pages;
mod planner;
mod registration;
mod reviews;
mod rooms;
mod security;
#[path = "../../../identity/tests/support/slapd.rs"]
mod slapd;
mod stars;
mod static_copy;
mod world;
