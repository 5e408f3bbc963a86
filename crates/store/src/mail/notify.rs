//! Notices: mails to people about something of theirs that has happened.

use super::queue;
use crate::{Result, account as accounts, tx::Tx};
use model::{
    id::{AccountId, EditionId},
    mail::{MailKind, Mailbox, NewMail},
};

/// What a notice says.
pub(crate) struct Notice<'a> {
    /// What it is about, as the end of the subject.
    pub(crate) subject: &'a str,
    /// What happened, in Markdown.
    pub(crate) body: &'a str,
    /// Where more stands: an address, or nothing.
    pub(crate) link: &'a str,
    /// What keeps it from being sent twice to one person.
    pub(crate) once: &'a str,
}

/// Mails a notice to accounts, at their primary addresses, once to each. Who has no address, or no account any more, gets
/// none. Gives how many were queued.
pub(crate) async fn notify(
    tx: &Tx,
    edition: EditionId,
    accounts: Vec<AccountId>,
    notice: &Notice<'_>,
) -> Result<usize> {
    let mut mails = vec![];
    for account in accounts {
        mails.extend(notice_to(tx, edition, account, notice).await?);
    }
    Ok(queue(tx, mails).await?.queued.len())
}

/// The mail that tells somebody; `None` for who has no address, or no account any more. For notices that say something else to
/// each person, which are then queued together.
pub(crate) async fn notice_to(
    tx: &Tx,
    edition: EditionId,
    account: AccountId,
    notice: &Notice<'_>,
) -> Result<Option<NewMail>> {
    let Some(known) = accounts::known(tx.db(), account).await? else { return Ok(None) };
    let Some(email) = known.email() else { return Ok(None) };
    let mut mail = NewMail::new(MailKind::Notice, Mailbox::new(&known.account.name, email)).about(edition);
    mail = mail
        .with("name", known.account.name.as_str())
        .with("subject", notice.subject)
        .with("body", notice.body)
        .with("link", notice.link);
    mail.account = Some(account);
    mail.once = Some(format!("{} {account}", notice.once));
    Ok(Some(mail))
}
