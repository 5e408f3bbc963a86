//! People and programs: pages, feeds, exports, live updates.

pub mod page;
pub mod snapshot;
