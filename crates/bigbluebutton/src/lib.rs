//! Outside system: a pool of BigBlueButton servers.
pub mod api;
pub mod callback;
pub mod chat;
pub mod checksum;
pub mod meeting;
pub mod pool;
pub mod profile;
mod secret;
mod server;
pub mod simulator;
mod xml;

pub use secret::Secret;
pub use server::{NotAServer, Server};
