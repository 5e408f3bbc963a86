//! `plenary user`: accounts, from the command line of the server.

use crate::{
    config::{Config, actor},
    output,
};
use anyhow::anyhow;
use jiff::SignedDuration;
use model::{account::Proof, address::Account as Address, email::Email, text::Line, time::SystemClock};
use std::sync::Arc;
use store::{KnownAccount, NewAccount, Purpose, Store};

/// So long a link made here is good: it goes through somebody's hands.
const LINK_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// What to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Makes an account for somebody whose address you vouch for, or gives the one that they have.
    Create {
        /// Their e-mail address.
        email: String,
        /// Their public name; they can change it.
        #[arg(long, default_value = "")]
        name: String,
        /// Also print a link with which they sign in, once, within a day.
        #[arg(long)]
        link: bool,
    },
    /// Prints a link that signs somebody in, once, within a day: for who cannot get mail, or has lost everything else.
    Link {
        /// Their e-mail address or handle.
        who: String,
    },
    /// Signs somebody out of all browsers.
    SignOut {
        /// Their e-mail address or handle.
        who: String,
    },
    /// Shows an account: its addresses, roles and browsers.
    Show {
        /// Their e-mail address or handle.
        who: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let store = config.open(Arc::new(SystemClock)).await?;
    let outcome = act(args.deed, &store, config).await;
    store.close().await;
    outcome
}

async fn act(deed: Deed, store: &Store, config: &Config) -> anyhow::Result<()> {
    match deed {
        Deed::Create { email, name, link } => {
            let proof = Proof::Email(Email::parse(&email)?);
            let known = store.account_of(&proof).await?;
            let new = NewAccount { name: Line::clean(&name), ..NewAccount::default() };
            let id = store.account_for(&actor(), &proof, &new).await?;
            let account = store.account(id).await?.ok_or_else(|| nobody(&email))?.account;
            let deed = if known.is_some() { "has an account already" } else { "has an account now" };
            output::line(format_args!("{email} {deed}: {} (@{}).", account.name, account.handle));
            if link {
                print_link(store, config, id).await?;
            }
        }
        Deed::Link { who } => {
            let known = named(store, &who).await?;
            print_link(store, config, known.account.id).await?;
        }
        Deed::SignOut { who } => {
            let known = named(store, &who).await?;
            let browsers = store.sign_out(&actor(), known.account.id, None).await?;
            output::line(format_args!("@{} was signed out of {browsers} browsers.", known.account.handle));
        }
        Deed::Show { who, json } => {
            let known = named(store, &who).await?;
            let grants = store.grants_of(known.account.id).await?;
            let browsers = store.sign_ins(known.account.id).await?;
            if json {
                return output::json(&serde_json::json!({
                    "account": known.account,
                    "identities": known.identities,
                    "grants": grants,
                    "browsers": browsers.len(),
                }));
            }
            let account = &known.account;
            output::line(format_args!(
                "{} (@{}), since {}",
                account.name,
                account.handle,
                account.created.strftime("%F")
            ));
            for identity in &known.identities {
                let primary = if identity.primary { ", where mail goes" } else { "" };
                output::line(format_args!("  {}{primary}", shown(&identity.proof)));
            }
            for grant in &grants {
                output::line(format_args!("  {}", super::grant::told(store, grant).await?));
            }
            output::line(format_args!("  signed in in {} browsers", browsers.len()));
        }
    }
    Ok(())
}

/// A link for the account, on the standard output alone: it is as good as a password until it is used.
async fn print_link(store: &Store, config: &Config, id: model::id::AccountId) -> anyhow::Result<()> {
    let token = store.make_link(Purpose::Account, None, Some(id), "/", LINK_LIFE).await?;
    output::line(format_args!("{}{}", config.origin(), Address::SignInToken(&token).path()));
    Ok(())
}

/// What somebody has proved, in words.
fn shown(proof: &Proof) -> String {
    match proof {
        Proof::Email(email) => email.to_string(),
        Proof::Oidc { issuer, subject } => format!("{subject} at {issuer}"),
        Proof::Ldap { directory, dn } => format!("{dn} in the directory {directory}"),
    }
}

/// The account of that e-mail address or handle.
pub(super) async fn named(store: &Store, who: &str) -> anyhow::Result<KnownAccount> {
    store.person_named(who).await?.ok_or_else(|| nobody(who))
}

/// What to say where nobody is meant.
pub(super) fn nobody(who: &str) -> anyhow::Error {
    anyhow!("account: nobody has \"{who}\". Make an account with `plenary user create EMAIL`.")
}
