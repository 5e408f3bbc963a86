//! Outside system: receivers of webhooks. Signs and delivers entries of the change feed.
//!
//! Deliveries follow the Standard Webhooks specification, version 1.0.0 (standardwebhooks.com): the headers
//! `webhook-id`, `webhook-timestamp` and `webhook-signature`, and a body with `type`, `timestamp` and `data`. **A
//! receiver may get the same `webhook-id` more than once** (the server was killed after sending, or the receiver's
//! answer was lost) and takes it once.
//!
//! [`Deliverer::run`] is the loop; [`payload`] says what is sent and [`sign`] how it is signed, both without I/O.

mod deliver;
pub mod payload;
pub mod sign;

pub use deliver::Deliverer;
