//! HTTP to addresses that people typed: time limits, size limits, and no way into the server's own network.
