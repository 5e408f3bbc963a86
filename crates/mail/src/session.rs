//! One connection to the SMTP server, and one mail over it.
//!
//! The protocol is lettre's; the order of its steps is ours, because the record is written in the middle of them.

use crate::{
    message::{Leave, message, message_id},
    settings::{Security, Smtp, mailbox},
};
use lettre::transport::smtp::{
    Error as SmtpError,
    authentication::Mechanism,
    client::AsyncSmtpConnection,
    commands::{Data, Mail, Rcpt, Rset},
    extension::{Extension, MailParameter},
    response::Response,
};
use model::{
    mail::{Outcome, Sender},
    text::{Line, excerpt},
};
use std::{error::Error as _, future::Future, time::Duration};
use store::{Claimed, Outgoing};

/// Why a step of the protocol failed.
#[derive(Debug)]
enum Trouble {
    /// The server said no.
    Reply(u16, String),
    /// The server ended the connection in order, without an answer: it said nothing that has not arrived.
    Ended,
    /// The connection broke, or no answer came in time: an answer may have been lost.
    Broken(String),
}

impl Trouble {
    fn of(error: &SmtpError) -> Self {
        let detail = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        if let Some(code) = error.status() {
            let code = u16::from(code);
            return Self::Reply(code, detail.replace(['\r', '\n'], " "));
        }
        // The word with which lettre says that the stream ended where an answer should stand; a test watches over it.
        if error.is_response() && detail == "incomplete response" {
            return Self::Ended;
        }
        Self::Broken(excerpt(&error.to_string(), 300))
    }

    fn said(&self) -> String {
        match self {
            Self::Reply(code, text) => format!("{code} {text}"),
            Self::Ended => "the server ended the connection".to_owned(),
            Self::Broken(what) => what.clone(),
        }
    }
}

/// How sending one mail ended.
pub(crate) enum Sent {
    /// So, for this mail.
    Settled(Outcome),
    /// The mail had become another worker's before its text was sent; nothing was sent.
    NotOurs,
    /// The record could not be written before the text was sent; nothing was sent.
    Record(store::Error),
    /// The server cannot be used, whatever the mail.
    Server(String),
}

/// An open connection.
pub(crate) struct Session {
    connection: AsyncSmtpConnection,
    timeout: Duration,
    /// Whether a mail went over it before: it may have been closed since without our noticing.
    used: bool,
    /// Whether it can go on.
    healthy: bool,
}

/// Connects, encrypts and signs in, and leaves again: whether the settings work. Fails with what is wrong.
pub async fn check(smtp: &Smtp) -> Result<(), String> {
    Session::open(smtp).await?.close().await;
    Ok(())
}

impl Session {
    /// Connects, encrypts, and signs in. Fails with what is wrong, for people; never with a password.
    pub(crate) async fn open(smtp: &Smtp) -> Result<Self, String> {
        let said = |error: &SmtpError| format!("{}: {}", smtp.name(), excerpt(&chain(error), 400));
        let late = || format!("{}: no answer within {} s", smtp.name(), smtp.timeout.as_secs());
        let opening = async {
            let implicit = smtp.tls.clone().filter(|_| smtp.security == Security::Tls);
            let mut connection = AsyncSmtpConnection::connect_tokio1(
                (smtp.host.as_str(), smtp.port),
                Some(smtp.timeout),
                &smtp.hello,
                implicit,
                None,
            )
            .await?;
            if let (Security::Starttls, Some(tls)) = (smtp.security, &smtp.tls) {
                connection.starttls(tls.clone(), &smtp.hello).await?;
            }
            if let Some(credentials) = &smtp.credentials {
                connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
            }
            Ok::<_, SmtpError>(connection)
        };
        // All steps together: each has the time of one answer.
        match tokio::time::timeout(smtp.timeout * 2, opening).await {
            Ok(Ok(connection)) => Ok(Self { connection, timeout: smtp.timeout, used: false, healthy: true }),
            Ok(Err(error)) => Err(said(&error)),
            Err(_) => Err(late()),
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(mut self) {
        if self.healthy {
            let _ = tokio::time::timeout(Duration::from_secs(2), self.connection.quit()).await;
        }
    }

    /// Whether another mail can go over it.
    pub(crate) fn is_healthy(&self) -> bool {
        self.healthy
    }

    /// Whether a mail went over it before.
    pub(crate) fn is_used(&self) -> bool {
        self.used
    }

    /// Sends one mail. `begin` notes in the record that its text is sent now, and gives the text; it is called after the
    /// server has agreed to take the text, and nothing that would make the server responsible was sent before.
    pub(crate) async fn send<B, F>(
        &mut self,
        claimed: &Claimed,
        at: jiff::Timestamp,
        (leave, answer): (Option<&Leave>, Option<&str>),
        begin: B,
    ) -> Sent
    where
        B: FnOnce(String) -> F,
        F: Future<Output = store::Result<Option<Outgoing>>>,
    {
        let Sender { address, .. } = &claimed.sender;
        let Some(to) = &claimed.mail.to else {
            return Sent::Settled(Outcome::Refused("The recipient had their address deleted".into()));
        };
        let (Some(from), Some(recipient)) =
            (mailbox(&Line::default(), address), mailbox(&Line::default(), &to.address))
        else {
            return Sent::Settled(Outcome::Refused("SMTP has no such address".into()));
        };
        let mut parameters = vec![];
        if !from.email.to_string().is_ascii() || !recipient.email.to_string().is_ascii() {
            if !self.connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let why = "The mail server takes no addresses in such letters (it offers no SMTPUTF8)";
                return Sent::Settled(Outcome::Refused(why.into()));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let id = claimed.mail.message_id.clone();
        let id = id.unwrap_or_else(|| message_id(claimed.mail.id, &claimed.sender));

        let reused = std::mem::replace(&mut self.used, true);
        if let Err(trouble) = self.command(Mail::new(Some(from.email), parameters)).await {
            return match trouble {
                // Not signed in, or not allowed to use the server at all (RFC 4954, section 6); or it is closing.
                Trouble::Reply(421 | 530 | 534 | 535 | 538, _) => self.give_up(&trouble),
                // An edition's sender that the server does not take: organisers can mend that, so it is not the end.
                Trouble::Reply(..) => {
                    self.reset().await;
                    let why = format!("The mail server takes no mail from {address}: {}", trouble.said());
                    Sent::Settled(Outcome::later(&why))
                }
                // A connection that was closed while nobody used it says nothing about this mail.
                Trouble::Ended | Trouble::Broken(_) if reused => self.give_up(&trouble),
                Trouble::Ended | Trouble::Broken(_) => self.lost(&trouble),
            };
        }
        for step in [Step::Recipient(recipient.email), Step::Data] {
            let done = match step {
                Step::Recipient(address) => self.command(Rcpt::new(address, vec![])).await,
                Step::Data => self.command(Data).await,
            };
            if let Err(trouble) = done {
                return match &trouble {
                    Trouble::Reply(code, text) => {
                        if *code == 421 {
                            self.healthy = false;
                        }
                        self.reset().await;
                        Sent::Settled(Outcome::of_reply(*code, text))
                    }
                    Trouble::Ended | Trouble::Broken(_) => self.lost(&trouble),
                };
            }
        }

        // The server waits for the text. From here to the end of this function the connection is good for nothing else.
        self.healthy = false;
        let outgoing = match begin(id.clone()).await {
            Ok(Some(outgoing)) => outgoing,
            Ok(None) => return Sent::NotOurs,
            Err(error) => return Sent::Record(error),
        };
        let text = match message(
            &claimed.sender,
            to,
            &claimed.mail.subject,
            &outgoing.body,
            &id,
            at,
            (leave, answer),
        ) {
            Ok(text) => text,
            Err(why) => return Sent::Settled(Outcome::Refused(why.as_str().into())),
        };
        let answer = match tokio::time::timeout(self.timeout, self.connection.message(&text)).await {
            Ok(Ok(response)) => Ok(reply(&response)),
            Ok(Err(error)) => Err(Trouble::of(&error)),
            Err(_) => Err(Trouble::Broken("no answer came to the end of the text".to_owned())),
        };
        Sent::Settled(match answer {
            Ok((code, text)) => {
                self.healthy = true;
                Outcome::of_reply(code, &text)
            }
            Err(Trouble::Reply(code, text)) => {
                self.healthy = code != 421;
                Outcome::of_reply(code, &text)
            }
            Err(Trouble::Ended) => {
                Outcome::later("The mail server ended the connection without taking the mail over")
            }
            Err(Trouble::Broken(what)) => Outcome::unknown(&format!("After the text was sent: {what}")),
        })
    }

    async fn command(&mut self, command: impl std::fmt::Display) -> Result<(), Trouble> {
        match tokio::time::timeout(self.timeout, self.connection.command(command)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Trouble::of(&error)),
            Err(_) => Err(Trouble::Broken("no answer in time".to_owned())),
        }
    }

    /// Ends what was begun, so that the connection is good for the next mail.
    async fn reset(&mut self) {
        if self.healthy && self.command(Rset).await.is_err() {
            self.healthy = false;
        }
    }

    /// The connection was lost before the text was sent.
    fn lost(&mut self, trouble: &Trouble) -> Sent {
        self.healthy = false;
        Sent::Settled(Outcome::later(&format!("Before the text was sent: {}", trouble.said())))
    }

    /// The server is of no use for the moment.
    fn give_up(&mut self, trouble: &Trouble) -> Sent {
        self.healthy = false;
        Sent::Server(trouble.said())
    }
}

enum Step {
    Recipient(lettre::Address),
    Data,
}

fn reply(response: &Response) -> (u16, String) {
    (u16::from(response.code()), response.message().collect::<Vec<_>>().join(" "))
}

/// An error with what it came from.
fn chain(error: &SmtpError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = inner.source();
    }
    text.replace(['\r', '\n'], " ")
}
