//! now
