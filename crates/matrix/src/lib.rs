//! x

pub mod appservice;
#[cfg(feature = "client")]
pub mod client;
pub mod error;
pub mod id;
pub mod message;
pub mod plan;
pub mod registration;
pub mod secret;
pub mod state;
pub mod synapse;
