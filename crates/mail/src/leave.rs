//! The token in the link with which a list is left: the mail's identifier, signed, so that nobody can leave for others by
//! guessing, and no address stands in a link.

use model::id::MailId;
use store::Secret;
use uuid::Uuid;

/// What it is signed for.
const PURPOSE: &str = "leave a list";

/// The token for the recipient of that mail. It is good for ever: a mail may be read years later.
pub fn leave_token(secret: &Secret, mail: MailId) -> String {
    let id = mail.0.simple().to_string();
    let signature = secret.sign(PURPOSE, &id);
    format!("{id}.{signature}")
}

/// The mail that a token was made for; `None` for what is no token of this server.
pub fn mail_of_token(secret: &Secret, token: &str) -> Option<MailId> {
    let (id, signature) = token.split_once('.')?;
    if !secret.verifies(PURPOSE, id, signature) {
        return None;
    }
    Uuid::try_parse(id).ok().map(MailId)
}
