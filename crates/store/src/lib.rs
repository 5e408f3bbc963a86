//! The record, on SQLite or PostgreSQL: rows, releases, the change feed, the search index.
//!
//! Everybody who reads or writes the record does so through [`Store`]; no entity, statement or connection
//! leaves this crate. The signatures that other crates build on:
//!
//! ```text
//! pub type Result<T, E = Error> = std::result::Result<T, E>;
//! pub enum Error { Refused(model::Refusal), Busy{..}, Full{..}, NewerSchema{..}, CannotConnect{..}, Damaged{..}, Database{..} }  // Display: what, and the remedy
//!
//! pub enum Location { Sqlite(PathBuf), Postgres(String) }
//! Location::from_data_dir(dir: &Path) -> Location                    // dir/plenary.sqlite
//! Location::from_url(url: &str) -> Result<Location, Refusal>         // sqlite:FILE, postgres://...
//!
//! #[derive(Clone)] pub struct Store;
//! Store::open(location: &Location, clock: SharedClock) -> Result<Store>                      // async, as everything below
//! store.clock() -> &SharedClock                                                             // (not async)
//! store.ping() -> Result<()>;   store.close()
//!
//! pub struct EditionHead { pub edition: Edition, pub latest: Option<ReleaseHead> }
//! store.editions() -> Result<Vec<EditionHead>>                                              // newest first
//! store.edition(slug: &Slug) -> Result<Option<EditionHead>>
//! store.programme(edition: EditionId) -> Result<Option<Programme>>                          // the working state
//!
//! store.latest_release(slug: &Slug) -> Result<Option<Release>>
//! store.release(edition: EditionId, number: u32) -> Result<Option<Release>>
//! store.releases(edition: EditionId) -> Result<Vec<ReleaseHead>>                            // newest first
//! store.publish(actor: &Actor, edition: EditionId, note: &str) -> Result<Option<ReleaseHead>>   // None: nothing differs from the latest
//!
//! pub struct ImportOptions { pub take_theirs: bool, pub release: bool, pub note: String }   // Default: false, false, ""
//! pub struct ImportOutcome { pub merged: model::merge::Merged, pub release: Option<ReleaseHead> }
//! store.import(actor: &Actor, incoming: &Programme, carries: &Carries, options: &ImportOptions) -> Result<ImportOutcome>
//! store.preview_import(incoming: &Programme, carries: &Carries, take_theirs: bool) -> Result<Merged>
//! store.change(actor: &Actor, edition: EditionId, rule: impl FnOnce(Programme) -> Result<Programme, Refusal> + Send) -> Result<Programme>
//!
//! pub struct Hit { pub session: SessionId }
//! store.search(edition: EditionId, query: &str, limit: usize) -> Result<Vec<Hit>>           // best first, over the newest indexed release
//! search::follow(store: Store)                                                             // a task: spawn it once per server
//! search::catch_up(&store) -> Result<usize>                                                // once, e.g. before an export
//!
//! store.put_stars(edition: EditionId, token: Option<&str>, sessions: &[SessionId]) -> Result<String>   // the token of the list
//! store.stars(edition: EditionId, token: &str) -> Result<Option<Vec<SessionId>>>
//!
//! store.head() -> Result<Sequence>
//! store.changes_since(after: Sequence, limit: usize) -> Result<Vec<Entry<serde_json::Value>>>   // kinds: edition room track person session sponsor release stars
//! store.watch() -> tokio::sync::watch::Receiver<Sequence>                                  // (not async) head of the feed; wakes on every commit
//! store.cursor(follower: &str) -> Result<Sequence>;   store.advance(follower: &str, to: Sequence) -> Result<()>
//!
//! verify(&store) -> Result<Vec<String>>                                                    // broken invariants, empty when sound
//! ```
