//! `plenary user`: accounts, from the command line of the server.

use super::password;
use crate::{
    config::{Config, actor, operator},
    output,
};
use anyhow::anyhow;
use identity::password::{NewPassword, Passwords};
use jiff::SignedDuration;
use model::{
    account::{AccountState, Proof},
    address::Account as Address,
    email::Email,
    permission::Subject,
    text::Line,
};
use store::{FoundPerson, KnownAccount, NewAccount, PEOPLE_PER_PAGE, PeopleQuery, Purpose, Store};

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
    /// Lists accounts by name, with their roles; also those that are blocked.
    List {
        /// Only those whose name, handle, affiliation or address holds these words.
        words: Vec<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Blocks an account: nobody signs in to it in any way, its browsers are signed out, its tokens revoked.
    Block {
        /// Their e-mail address or handle.
        who: String,
    },
    /// Unblocks an account: its person signs in again as before.
    Unblock {
        /// Their e-mail address or handle.
        who: String,
    },
    /// Sets somebody's password, which is read from the terminal or from standard input, and signs them out of all
    /// browsers.
    SetPassword {
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
    let store = config.open(config.clock()).await?;
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
        Deed::List { words, json } => list(store, &words.join(" "), json).await?,
        Deed::Block { who } => {
            let known = named(store, &who).await?;
            store.block_account(&subject(store), known.account.id).await?;
            output::line(format_args!("@{} is blocked.", known.account.handle));
        }
        Deed::Unblock { who } => {
            let known = named(store, &who).await?;
            store.unblock_account(&subject(store), known.account.id).await?;
            output::line(format_args!("@{} can sign in again.", known.account.handle));
        }
        Deed::SetPassword { who } => {
            let known = named(store, &who).await?;
            let chosen = NewPassword::choose(&password::read()?, &words_of(&known))?;
            let hash = Passwords::new(1)?.hash(&chosen).await?;
            let id = known.account.id;
            store.set_password(&actor(), id, &hash, None).await?;
            let browsers = store.sign_out(&actor(), id, None).await?;
            output::line(format_args!(
                "The password of @{} is set. They were signed out of {browsers} browsers.",
                known.account.handle
            ));
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
            let blocked = if account.state == AccountState::Blocked { ", blocked" } else { "" };
            output::line(format_args!(
                "{} (@{}), since {}{blocked}",
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

/// Prints the accounts that hold the words, page by page, so that a large installation is no burden.
async fn list(store: &Store, words: &str, json: bool) -> anyhow::Result<()> {
    let mut all = vec![];
    for page in 0.. {
        let query = PeopleQuery { words: words.to_owned(), within: None };
        let found = store.people(&query, page).await?;
        let is_last = (page + 1) * PEOPLE_PER_PAGE >= found.total;
        for FoundPerson { known, grants } in found.people {
            if json {
                all.push(serde_json::json!({
                    "account": known.account, "email": known.email(), "grants": grants,
                }));
                continue;
            }
            let account = &known.account;
            let mut roles: Vec<&str> = grants.iter().map(|grant| grant.role.shown()).collect();
            roles.sort_unstable();
            roles.dedup();
            let blocked = (account.state == AccountState::Blocked).then_some("blocked");
            let email = known.email().map(ToString::to_string).unwrap_or_default();
            let more: Vec<&str> = blocked.into_iter().chain(roles).collect();
            output::line(
                format_args!("@{}  {}  {email}  {}", account.handle, account.name, more.join(", "))
                    .to_string()
                    .trim_end(),
            );
        }
        if is_last {
            break;
        }
    }
    if json { output::json(&all) } else { Ok(()) }
}

/// What must not stand in somebody's password: their names and addresses.
fn words_of(known: &KnownAccount) -> Vec<&str> {
    let addresses = known.identities.iter().filter_map(|identity| identity.proof.email().map(Email::as_str));
    [known.account.handle.as_str(), known.account.name.as_str()].into_iter().chain(addresses).collect()
}

/// Who is at the command line, who may do everything.
fn subject(store: &Store) -> Subject {
    Subject::operator(operator(), store.clock().now())
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
