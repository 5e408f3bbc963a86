//! Outside system: SMTP. Renders templates and delivers the record's queue.
