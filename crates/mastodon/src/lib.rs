//! Outside system: Mastodon. Publishes posts through its API.
