//! Answers by mail: the address that each author has in each thread, and what becomes of a mail that comes to it.
//!
//! **A mail is taken once it is in the record, and the same mail is taken once**: what names it is kept in the same write. One
//! that is kept out is told of to the person whose address it came to, at an address that they have proved, and to nobody
//! else: whoever a mail says it is from may have nothing to do with it.

use crate::{
    Error, Result, Store, account as accounts,
    body::hexadecimal,
    content::note,
    edition as editions,
    entity::{edition, mail_received, proposal_comment, reply_address},
    holding::Holding,
    mail::{self, Notice},
    proposal as proposals, review, rows,
    save::upsert,
    tx::Tx,
};
use jiff::{SignedDuration, Timestamp};
use model::{
    feed::Actor,
    id::{AccountId, CommentId, EditionId, ProposalId, ReplyId},
    mail::reply::{ANSWER_MAX, Received, own_words, sender_among, shown_sender},
    text::{Line, RichText},
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What the token of an address is signed for.
const PURPOSE: &str = "reply by mail";

/// How long it is known that a mail came: far longer than a mail server tries to hand it over.
const KNOWN: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It stands in the thread.
    Taken,
    /// It came before, and became what it became then.
    Known,
    /// It is no answer of a person: it was left out, and nobody is told.
    Automatic(&'static str),
    /// It was left out, and the person whose address it came to is told why.
    KeptOut(KeptOut),
    /// Its address is none, or none any more: it was left out, and nobody is told.
    NoAddress,
}

/// Why a mail is kept out of its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptOut {
    /// It is not from an address of the person.
    Stranger,
    /// It says nothing but what it answers to.
    Empty,
    /// It says too much.
    Long,
    /// The person is no author of the proposal any more, or the edition is an archive.
    Over,
}

impl KeptOut {
    fn word(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Empty => "empty",
            Self::Long => "long",
            Self::Over => "over",
        }
    }
}

impl Store {
    /// The token in the address of that thread: its identifier, signed by this server.
    pub fn reply_token(&self, id: ReplyId) -> String {
        let id = id.0.simple().to_string();
        let signature = self.secret().sign_short(PURPOSE, &id);
        format!("{id}{signature}")
    }

    /// The thread for which a token was made; `None` for what is no token of this server.
    pub fn reply_of_token(&self, token: &str) -> Option<ReplyId> {
        let (id, signature) = token.split_at_checked(32)?;
        if !self.secret().verifies_short(PURPOSE, id, signature) {
            return None;
        }
        Uuid::try_parse(id).ok().map(ReplyId)
    }

    /// Takes a mail that came to the address of a thread. `base_url` is the site's address, for whoever is told.
    pub async fn receive_reply(&self, id: ReplyId, mail: &Received, base_url: &str) -> Result<Reply> {
        let row = reply_address::Entity::find_by_id(id.0).one(self.readers()).await?;
        let Some(row) = row else { return Ok(Reply::NoAddress) };
        if let Some(why) = mail.automatic {
            return Ok(Reply::Automatic(why));
        }
        // Before the write: nobody waits while a mail is read.
        let words = own_words(&mail.text);
        let actor = Actor::person(AccountId(row.account));
        self.write(&actor, async |tx| receive(tx, id, mail, &words, base_url).await).await
    }

    /// Makes the addresses void to which somebody replies by mail, in all threads. Mails that are sent from now on have others.
    pub async fn revoke_reply_addresses(&self, actor: &Actor, account: AccountId) -> Result<u64> {
        self.write(actor, async |tx| {
            let done = reply_address::Entity::delete_many()
                .filter(reply_address::Column::Account.eq(account.0))
                .exec(tx.db())
                .await?;
            Ok(done.rows_affected)
        })
        .await
    }
}

/// The thread of somebody and a proposal, made where there is none yet.
pub(crate) async fn address_of(
    tx: &Tx,
    edition: EditionId,
    proposal: ProposalId,
    account: AccountId,
) -> Result<ReplyId> {
    let known = reply_address::Entity::find()
        .filter(reply_address::Column::Proposal.eq(proposal.0))
        .filter(reply_address::Column::Account.eq(account.0))
        .one(tx.db())
        .await?;
    if let Some(known) = known {
        return Ok(ReplyId(known.id));
    }
    let row = reply_address::Model {
        edition: edition.0,
        id: Uuid::now_v7(),
        proposal: proposal.0,
        account: account.0,
        made_at: to_micros(tx.at()),
    };
    let id = ReplyId(row.id);
    upsert::<reply_address::Entity>(tx.db(), vec![row]).await?;
    Ok(id)
}

async fn receive(tx: &Tx, id: ReplyId, mail: &Received, words: &str, base_url: &str) -> Result<Reply> {
    let db = tx.db();
    let Some(row) = reply_address::Entity::find_by_id(id.0).one(db).await? else {
        return Ok(Reply::NoAddress);
    };
    let digest = digest(id, mail);
    if mail_received::Entity::find_by_id(digest.clone()).one(db).await?.is_some() {
        return Ok(Reply::Known);
    }
    let account = AccountId(row.account);
    // Whoever is blocked says nothing by mail either, and is told nothing.
    match accounts::active(db, account).await {
        Err(Error::Refused(_)) => return Ok(Reply::NoAddress),
        active => active?,
    };
    let known = proposals::addresses_of(db, account).await?;
    let over = words.chars().count() > ANSWER_MAX;
    let kept_out = match () {
        () if sender_among(&mail.from, known.iter()).is_none() => Some(KeptOut::Stranger),
        () if words.is_empty() => Some(KeptOut::Empty),
        () if over => Some(KeptOut::Long),
        () => None,
    };
    let kept_out = match kept_out {
        None => comment(tx, &row, words, mail.attachments).await?,
        kept_out => kept_out,
    };
    let old = tx.at().checked_sub(KNOWN).map_or(i64::MIN, to_micros);
    mail_received::Entity::delete_many().filter(mail_received::Column::At.lt(old)).exec(db).await?;
    let outcome = kept_out.map_or("taken", KeptOut::word);
    let received = mail_received::Model { digest, at: to_micros(tx.at()), outcome: outcome.to_owned() };
    upsert::<mail_received::Entity>(db, vec![received]).await?;
    let Some(why) = kept_out else { return Ok(Reply::Taken) };
    tell(tx, &row, why, &shown_sender(&mail.from), base_url).await?;
    Ok(Reply::KeptOut(why))
}

/// What names a mail within its thread: its Message-ID, or all that it says where it has none.
fn digest(id: ReplyId, mail: &Received) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(id.0.as_bytes());
    if mail.message_id.is_empty() {
        digest.update(mail.from.join(","));
        digest.update(&mail.text);
    } else {
        digest.update(&mail.message_id);
    }
    digest.finalize().to_vec()
}

/// Puts the answer into the thread; gives why not where it cannot.
async fn comment(
    tx: &Tx,
    row: &reply_address::Model,
    words: &str,
    attachments: usize,
) -> Result<Option<KeptOut>> {
    let (edition, proposal) = (EditionId(row.edition), ProposalId(row.proposal));
    match editions::open(tx.db(), edition).await {
        Err(Error::Refused(_)) => return Ok(Some(KeptOut::Over)),
        open => open?,
    };
    let authors = proposals::authors(tx.db(), proposal).await?;
    let is_author = authors.iter().any(|author| author.account == Some(AccountId(row.account)));
    if !is_author || proposals::find(tx.db(), edition, proposal).await?.is_none() {
        return Ok(Some(KeptOut::Over));
    }
    let body = match attachments {
        0 => words.to_owned(),
        1 => format!("{words}\n\n*One file was attached and not taken.*"),
        count => format!("{words}\n\n*{count} files were attached and not taken.*"),
    };
    let row = proposal_comment::Model {
        edition: edition.0,
        id: Uuid::now_v7(),
        proposal: proposal.0,
        account: Some(row.account),
        at: to_micros(tx.at()),
        to_authors: true,
        by_author: true,
        by_mail: true,
        body: RichText::clean(&body).to_string(),
    };
    upsert::<proposal_comment::Entity>(tx.db(), vec![row.clone()]).await?;
    note(tx, (CommentId::KIND, row.id), edition, None, Some(&review::comment_said(&row))).await?;
    Ok(None)
}

/// Tells the person to whose address a mail came that it was left out: once a day for each reason and thread at most.
async fn tell(
    tx: &Tx,
    row: &reply_address::Model,
    why: KeptOut,
    sender: &Line,
    base_url: &str,
) -> Result<()> {
    let home = edition::Entity::find_by_id(row.edition).one(tx.db()).await?;
    let Some(home) = home.as_ref().map(rows::edition).transpose()? else { return Ok(()) };
    let said = match why {
        KeptOut::Stranger => format!(
            "A mail from {sender} came to the address to which you reply. That is none of the addresses that you have verified, \
             so it was not taken. If it is yours, verify it in your account and send the mail again; if it is not, somebody \
             else knows the address: make it void in your account, below notifications."
        ),
        KeptOut::Empty => {
            "Your reply held nothing but the mail that it answers to. Please write above it, or on the page."
                .to_owned()
        }
        KeptOut::Long => format!(
            "Your reply was longer than {ANSWER_MAX} characters. Please shorten it, or add the rest to the proposal."
        ),
        KeptOut::Over => {
            "Your reply came to a proposal that takes no answers any more. Please write to the organisers."
                .to_owned()
        }
    };
    let day = tx.at().as_second().div_euclid(86_400);
    let notice = Notice {
        subject: "your reply was not taken",
        body: &said,
        link: &proposals::own_page(base_url),
        once: &format!("reply {} {} {day}", row.id, why.word()),
    };
    mail::notify(tx, home.id, vec![AccountId(row.account)], &notice).await?;
    Ok(())
}

impl Holding for reply_address::Entity {
    const KIND: &'static str = ReplyId::KIND;
    const ACCOUNT: Self::Column = reply_address::Column::Account;
    const ID: Self::Column = reply_address::Column::Id;

    fn id(row: &reply_address::Model) -> Uuid {
        row.id
    }

    fn edition(row: &reply_address::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    /// The feed says nothing of addresses: who has one can be read from what is sent to it.
    fn fact(_row: &reply_address::Model) -> Result<Value> {
        Ok(Value::Null)
    }

    fn of_account(row: reply_address::Model, account: Uuid) -> reply_address::Model {
        reply_address::Model { account, ..row }
    }

    /// Of one thread one person has one address.
    fn stays(row: &reply_address::Model, others: &[reply_address::Model]) -> bool {
        others.iter().any(|other| other.proposal == row.proposal)
    }

    fn kept(_row: reply_address::Model, _at: Timestamp, _by: &str) -> Option<reply_address::Model> {
        None
    }

    /// Without its token, which is made when it is needed.
    fn exported(row: &reply_address::Model) -> Result<Value> {
        Ok(
            json!({ "id": hexadecimal(row.id.as_bytes()), "proposal": row.proposal, "made": from_micros(row.made_at) }),
        )
    }
}
