//! Outside system: receivers of webhooks. Signs and delivers entries of the change feed.
