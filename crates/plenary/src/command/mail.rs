//! `plenary mail`: what a mail server calls.
//!
//! A mail server reads from the exit code what to do with a mail (sysexits.h). 0: it is dealt with. 75 (`EX_TEMPFAIL`): try
//! again later; so whatever is wrong with this installation loses no mail. 65 (`EX_DATAERR`): this is no mail. **Nothing that
//! a mail says makes the mail server write to somebody**: what is not taken ends here with 0, and whom we know is told by us.

use crate::{config::Config, output};
use anyhow::Context;
use mail::inbound;
use model::mail::reply::{MAIL_MAX, ReplyDomain};
use std::{io::Read, process::ExitCode};
use store::{KeptOut, Reply};

/// Whatever is wrong with us: the mail server keeps the mail and tries again (sysexits.h, `EX_TEMPFAIL`).
pub(crate) const TRY_AGAIN: u8 = 75;

/// What came is no mail (sysexits.h, `EX_DATAERR`).
const NO_MAIL: u8 = 65;

/// What to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Takes one mail from standard input: an author's reply to a comment. For mail servers, see docs/mail.md.
    Receive {
        /// From whom the mail server has it: the sender of the envelope, which may be empty.
        #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
        from: Option<String>,
        /// For whom it is: the recipient of the envelope. Without it the headers are asked.
        #[arg(long, value_name = "ADDRESS")]
        to: Vec<String>,
    },
}

/// Does it. Fails where the mail server shall try again.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<ExitCode> {
    let Deed::Receive { from, to } = args.deed;
    let domain = domain(config)?.context(
        "smtp.replies: no address for replies is named. Name it in the section [smtp] of the settings; see docs/mail.md.",
    )?;
    let mut bytes = vec![];
    let most = u64::try_from(MAIL_MAX).unwrap_or(u64::MAX) + 1;
    std::io::stdin().lock().take(most).read_to_end(&mut bytes).context("the mail cannot be read")?;
    if bytes.len() > MAIL_MAX {
        return Ok(left_out("it is larger than a reply can be"));
    }
    let Some(read) = inbound::read(&bytes, from.as_deref(), &domain) else {
        output::line("This is no mail.");
        return Ok(ExitCode::from(NO_MAIL));
    };
    let store = config.open(config.clock()).await?;
    let mut tokens: Vec<String> = to.iter().filter_map(|address| domain.token_in(address)).collect();
    if to.is_empty() {
        tokens = read.tokens;
    }
    let base = config.base_url.as_deref().unwrap_or_default();
    let mut outcome = Reply::NoAddress;
    for token in tokens {
        let Some(id) = store.reply_of_token(&token) else { continue };
        outcome = store.receive_reply(id, &read.mail, base).await?;
        if outcome != Reply::NoAddress {
            break;
        }
    }
    store.close().await;
    Ok(match outcome {
        Reply::Taken => {
            output::line("The reply was taken.");
            ExitCode::SUCCESS
        }
        Reply::Known => left_out("it came before"),
        Reply::Automatic(why) => left_out(why),
        Reply::KeptOut(KeptOut::Stranger) => left_out("it is not from an address of the person"),
        Reply::KeptOut(KeptOut::Empty) => left_out("it holds nothing but the mail that it answers to"),
        Reply::KeptOut(KeptOut::Long) => left_out("it is too long"),
        Reply::KeptOut(KeptOut::Over) => left_out("its proposal takes no answers any more"),
        Reply::NoAddress => left_out("its address is none, or none any more"),
    })
}

/// Where replies come to, by the settings.
pub(crate) fn domain(config: &Config) -> anyhow::Result<Option<ReplyDomain>> {
    let Some(text) = config.smtp.as_ref().and_then(|smtp| smtp.replies.as_deref()) else { return Ok(None) };
    let read = model::email::Email::parse(text).and_then(ReplyDomain::new);
    Ok(Some(read.map_err(|refusal| anyhow::anyhow!("smtp.replies: {refusal}"))?))
}

/// Says why a mail was not taken: for the mail server's log. Nothing of what the mail says stands there.
fn left_out(why: &str) -> ExitCode {
    output::line(format_args!("The mail was left out: {why}."));
    ExitCode::SUCCESS
}
