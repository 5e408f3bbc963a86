//! People and programs: pages, feeds, exports, live updates.
//!
//! [`serve`] answers on a listener until it is told to stop; [`Front`] is the same as a service, for tests and
//! benchmarks. What is public comes from a [`Site`]: see there how a release gets from the record into memory,
//! and in [`body`] how it is answered from there.
//!
//! # How a page or file is added
//!
//! 1. Give it an address in [`model::address::Address`]; no path is written anywhere else.
//! 2. Make it a [`page::Page`] (see there) or a [`target::File`], and name its route in [`target::Target`].
//! 3. Add a line to the routes in `route/`. The body cache, conditional requests, codings, security headers,
//!    metrics and the static copy then know it.
//! 4. Addresses that other systems' tools expect stand in `compat/`, one file for each system.

pub mod assets;
pub mod body;
mod compat;
pub mod error;
pub mod headers;
pub mod limit;
pub mod listen;
mod live;
pub mod markup;
pub mod ops;
pub mod page;
pub mod proxy;
mod route;
mod serve;
mod site;
pub mod snapshot;
pub mod static_site;
pub mod target;

pub use listen::{serve, serve_tls};
pub use serve::Front;
pub use site::{Live, Site, SiteOptions};
