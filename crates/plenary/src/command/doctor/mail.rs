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
            let takes = format!("{} takes mail from {}", smtp.name(), smtp.sender().address);
            vec![Finding::ok(WHAT, takes), replies(&smtp)]
        }
        Err(error) => vec![Finding::bad(
            WHAT,
            error,
            "Compare the section [smtp] with what the mail server's operator says, and look at its log",
        )],
    }
}

/// Whether people can reply. What the mail server does with replies it does by itself, so that it cannot be asked here.
fn replies(smtp: &mail::Smtp) -> Finding {
    Finding::ok(
        WHAT,
        match smtp.replies() {
            Some(domain) => format!(
                "comments can be answered by mail to {}; the mail server must hand that to `plenary mail receive`",
                domain.address()
            ),
            None => "comments are answered on the page: smtp.replies names no address".to_owned(),
        },
    )
}
