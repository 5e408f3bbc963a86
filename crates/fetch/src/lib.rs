//! HTTP to addresses that people typed: time limits, size limits, and no way into the server's own network.
//!
//! Calendars of other conferences, receivers of webhooks, a Mastodon server: whoever runs a conference types an
//! address, and the server calls it. So that nobody makes it call what only the server can reach (its own ports, the
//! machines beside it, the metadata service of a cloud), **every such call goes through a [`Fetcher`]**. It resolves
//! names itself and connects only to the addresses that it judged ([`address::forbidden`]), so a name that resolves
//! to something else a moment later gains nothing; it follows redirects itself and judges every one of them alike.
//!
//! ```no_run
//! # async fn example() -> Result<(), fetch::Error> {
//! let fetcher = fetch::Fetcher::new(fetch::Options::new("https://conf.example.org"))?;
//! let answer = fetcher.get("https://other.example.org/calendar.ics").await?.success()?;
//! println!("{} bytes", answer.body.len());
//! # Ok(())
//! # }
//! ```

pub mod address;
mod error;
mod fetcher;
mod names;

pub use error::Error;
pub use fetcher::{Answer, Fetcher, Options, Request};
pub use reqwest::{
    Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
