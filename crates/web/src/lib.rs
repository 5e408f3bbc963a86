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
//!
//! # How a page for people who are signed in is added
//!
//! 1. Its address is a variant of [`model::address::Account`], [`Desk`](model::address::Desk) or
//!    [`EditionDesk`](model::address::EditionDesk).
//! 2. Open a module of the capability's name in `desk/` (or `route/`), with a `routes` function, its view structs and
//!    handlers. A handler takes `signed::Person`, enters the edition with `desk::enter`, asks `Subject::may`, calls the
//!    store, and answers with a page or, after a change, with `inner::done`, which leads on with a notice.
//! 3. Its template extends `inner.html` and takes its fields from the macros of `form.html`. A form's fields go through
//!    `form::Form`: what was typed is kept, refusals stand at their fields, and what others changed meanwhile is
//!    merged field by field. `desk/track.rs` is the one to read.
//!
//! 4. Addresses that other systems' tools expect stand in `compat/`, one file for each system.

mod account;
mod api;
pub mod assets;
pub mod body;
mod compat;
mod cookies;
mod deliver;
mod desk;
pub mod error;
mod form;
pub mod headers;
mod identity;
mod inner;
pub mod limit;
pub mod listen;
mod live;
pub mod markup;
mod meeting;
pub mod ops;
pub mod page;
mod proposing;
pub mod proxy;
mod refresh;
mod room;
mod route;
mod serve;
mod signed;
mod site;
pub mod snapshot;
pub mod static_site;
pub mod target;
mod timer;
mod token;
mod upload;

pub use api::openapi_document;
pub use listen::{serve, serve_tls};
pub use route::patterns;
pub use serve::Front;
pub use site::{Live, MailServer, Site, SiteOptions};
