//! The mail server.

use super::Finding;
use crate::config::Config;

const WHAT: &str = "mail";

/// Whether mail can be sent: connects, encrypts and signs in as the mailer does, and sends nothing.
pub(super) async fn server(config: &Config) -> Vec<Finding> {
    let smtp = match config.smtp() {
        Ok(Some(smtp)) => smtp,
        Ok(None) => {
            return vec![Finding::warn(
                WHAT,
                "no mail server is named, so mail is kept and goes nowhere",
                "Name one in the section [smtp] of the settings; see docs/mail.md",
            )];
        }
        Err(error) => return vec![Finding::bad(WHAT, error.to_string(), "Mend that setting")],
    };
    match mail::check(&smtp).await {
        Ok(()) => {
            vec![Finding::ok(WHAT, format!("{} takes mail from {}", smtp.name(), smtp.sender().address))]
        }
        Err(error) => vec![Finding::bad(
            WHAT,
            error,
            "Compare the section [smtp] with what the mail server's operator says, and look at its log",
        )],
    }
}
