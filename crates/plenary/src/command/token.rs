//! `plenary token`: tokens of the API, from the command line of the server.

use crate::{
    config::{Config, actor},
    output,
};
use anyhow::{Context, bail};
use jiff::{ToSpan, civil::Date};
use model::{permission::TokenScope, text::Line, time::Zone};
use store::{NewToken, Store};

/// What to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Makes a token in somebody's name and prints it, this once.
    Create {
        /// Their e-mail address or handle.
        who: String,
        /// What it is for.
        #[arg(long)]
        name: String,
        /// Let it change what they may change; else it only reads.
        #[arg(long)]
        write: bool,
        /// Good in this edition only.
        #[arg(long, value_name = "SLUG")]
        edition: Option<String>,
        /// Good until this day, inclusive, in UTC; until it is revoked where none is said.
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
    /// Lists somebody's tokens.
    List {
        /// Their e-mail address or handle.
        who: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revokes a token.
    Revoke {
        /// Their e-mail address or handle.
        who: String,
        /// The token's name, or its identifier as the list gives it.
        token: String,
    },
}

/// Does it.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let store = config.open(config.clock()).await?;
    let outcome = act(args.deed, &store).await;
    store.close().await;
    outcome
}

async fn act(deed: Deed, store: &Store) -> anyhow::Result<()> {
    match deed {
        Deed::Create { who, name, write, edition, until } => {
            let known = super::user::named(store, &who).await?;
            let edition = match edition {
                Some(slug) => Some(super::edition(store, Some(&slug)).await?.id),
                None => None,
            };
            let expires = match until {
                Some(text) => {
                    let day: Date = text.parse().with_context(|| {
                        format!("until: \"{text}\" is no date. Give one like 2027-12-31.")
                    })?;
                    Zone::utc().instant(day.saturating_add(1.day()).at(0, 0, 0, 0))
                }
                None => None,
            };
            let scope = if write { TokenScope::Write } else { TokenScope::Read };
            let new = NewToken { name: Line::clean(&name), scope, edition, expires };
            let (_, text) = store.add_token(&actor(), known.account.id, &new).await?;
            // Alone on the standard output, so that a script can take it.
            output::line(format_args!("{text}"));
        }
        Deed::List { who, json } => {
            let known = super::user::named(store, &who).await?;
            let tokens = store.tokens_of(known.account.id).await?;
            if json {
                let all: Vec<_> = tokens
                    .iter()
                    .map(|one| serde_json::json!({ "token": one.token, "used": one.used.map(|at| at.to_string()) }))
                    .collect();
                return output::json(&all);
            }
            let now = store.clock().now();
            for one in &tokens {
                let state = if one.token.holds(now) { "good" } else { "good no more" };
                output::line(format_args!(
                    "{}  {}  {}, {state}",
                    one.token.id,
                    one.token.name,
                    one.token.scope.shown().to_lowercase()
                ));
            }
            if tokens.is_empty() {
                output::line(format_args!("@{} has no token.", known.account.handle));
            }
        }
        Deed::Revoke { who, token } => {
            let known = super::user::named(store, &who).await?;
            let now = store.clock().now();
            let tokens = store.tokens_of(known.account.id).await?;
            let meant: Vec<_> = tokens
                .iter()
                .filter(|one| one.token.holds(now))
                .filter(|one| one.token.id.to_string() == token || one.token.name.as_str() == token)
                .collect();
            match meant.as_slice() {
                [one] => store.revoke_token(&actor(), known.account.id, one.token.id).await?,
                [] => bail!(
                    "token: @{} has no such token. `plenary token list {who}` lists them.",
                    known.account.handle
                ),
                _ => bail!(
                    "token: several have this name. Name one by its identifier; `plenary token list {who}` lists them."
                ),
            }
            output::line(format_args!("The token is revoked."));
        }
    }
    Ok(())
}
