//! Outside system: SMTP. Delivers the record's queue.
//!
//! [`run`] follows the queue and sends what is due; [`Smtp`] is the server that it sends with, made from
//! [`SmtpSettings`]. What is sent is decided elsewhere: rules and texts in [`model::mail`], the queue in [`store`].
//!
//! # Why no mail is sent twice, and none is lost
//!
//! A server is responsible for a mail from the moment at which it answers "250" to the end of its text, and not before
//! (RFC 5321, section 4.1.1.4). So there is one moment that matters, and the record is written on both sides of it:
//!
//! | what is on its way | what the record says | after a kill |
//! |---|---|---|
//! | `MAIL`, `RCPT`, `DATA` up to the server's "354" | queued, claimed | it is claimed and sent again: no server had it |
//! | the text, the final dot, the server's "250" | sending | uncertain: it is shown to organisers and not sent again by itself |
//! | nothing more | sent | it stays sent |
//!
//! The middle line begins after the "354" and ends when the answer is in the record, some milliseconds later; SMTP offers
//! nothing that would close it. While we live, the same holds for a connection: a broken one after the final dot makes
//! the mail uncertain, since an answer may have been lost in it. Only where the server itself ended the connection in
//! order (TCP delivers in order, so that all that it said has arrived) has it certainly not answered, and the mail is
//! tried again.
//!
//! Each mail keeps its Message-ID over all attempts, so that what does arrive twice, since somebody asked for it to be
//! sent again, can be recognised.

pub mod inbound;
mod leave;
mod message;
mod run;
mod session;
mod settings;

pub use leave::{leave_token, mail_of_token};
pub use message::{Leave, message};
pub use run::run;
pub use session::check;
pub use settings::{Password, Security, Smtp, SmtpSettings};
