//! `plenary grant`: who may do what, from the command line of the server.

use crate::{
    config::{Config, operator},
    output,
};
use anyhow::{Context, bail};
use jiff::Timestamp;
use model::{
    edition::Edition,
    email::Email,
    id::GrantId,
    permission::{Grant, Role, Scope, Subject},
    text::{Line, Slug},
};
use serde_json::json;
use std::fmt::Write as _;
use store::{Grantee, KnownAccount, NewGrant, Store};

/// What to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Gives a role: everywhere, or where the flags say. For an address that nobody has proved the role waits.
    Give {
        /// Their e-mail address or handle.
        who: String,
        /// The role, such as organiser; docs/rights.md says what each may do.
        #[arg(value_parser = role)]
        role: Role,
        #[command(flatten)]
        place: Place,
        /// From when on: an instant (2027-05-01T09:00Z), or a time in the edition's zone (2027-05-01T09:00).
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Until when.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Why.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Takes a role away, or withdraws one that waits for an address.
    Revoke {
        /// Their e-mail address or handle.
        who: String,
        /// The role.
        #[arg(value_parser = role)]
        role: Role,
        #[command(flatten)]
        place: Place,
    },
    /// Lists who has which role.
    List {
        /// Only in this edition.
        #[arg(long, value_name = "SLUG")]
        edition: Option<String>,
        /// Also those that are over.
        #[arg(long)]
        past: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where a role holds; nothing said means in the whole installation.
#[derive(Debug, clap::Args)]
struct Place {
    /// In all editions of the series of this name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["edition", "track", "room"])]
    series: Option<String>,
    /// In this edition.
    #[arg(long, value_name = "SLUG")]
    edition: Option<String>,
    /// In this track of the edition.
    #[arg(long, value_name = "SLUG", requires = "edition", conflicts_with = "room")]
    track: Option<String>,
    /// In this room of the edition.
    #[arg(long, value_name = "SLUG", requires = "edition")]
    room: Option<String>,
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| {
        let all: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("there is no such role; there are: {}", all.join(", "))
    })
}

/// Does it.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let store = config.open(config.clock()).await?;
    let outcome = act(args.deed, &store).await;
    store.close().await;
    outcome
}

async fn act(deed: Deed, store: &Store) -> anyhow::Result<()> {
    let now = store.clock().now();
    let subject = Subject::operator(operator(), now);
    match deed {
        Deed::Give { who, role, place, from, until, note } => {
            let known = store.person_named(&who).await?;
            let to = match &known {
                Some(known) => Grantee::Account(known.account.id),
                None if who.contains('@') && !who.starts_with('@') => Grantee::Address(Email::parse(&who)?),
                None => return Err(super::user::nobody(&who)),
            };
            let (scope, edition) = place.scope(store).await?;
            let instant = |text: Option<String>, field: &str| {
                text.map(|text| {
                    instant(&text, edition.as_ref()).with_context(|| format!("{field}: \"{text}\""))
                })
                .transpose()
            };
            let new = NewGrant {
                from: instant(from, "from")?,
                until: instant(until, "until")?,
                note: Line::clean(&note),
                ..NewGrant::new(to, role, scope)
            };
            store.give(&subject, &new).await?;
            let place = place_of(store, &new.scope).await?;
            match known {
                Some(KnownAccount { account, .. }) => {
                    output::line(format_args!("{} (@{}) is {role} {place}.", account.name, account.handle));
                }
                None => output::line(format_args!(
                    "{who} is {role} {place} as soon as somebody signs in with that address. No mail was sent."
                )),
            }
        }
        Deed::Revoke { who, role, place } => {
            let known = store.person_named(&who).await?;
            let (scope, _) = place.scope(store).await?;
            let meant: Vec<GrantId> = if let Some(known) = &known {
                let mut grants = store.grants_of(known.account.id).await?;
                grants.retain(|one| one.revoked.is_none() && one.role == role && one.scope == scope);
                grants.iter().map(|grant| grant.id).collect()
            } else {
                let email = Email::parse(&who).map_err(|_| super::user::nobody(&who))?;
                let mut waiting = store.invitations_to(&email).await?;
                waiting.retain(|one| one.role == role && one.scope == scope);
                waiting.iter().map(|one| one.id).collect()
            };
            let place = place_of(store, &scope).await?;
            if meant.is_empty() {
                bail!("role: {who} is not {role} {place}. `plenary grant list` shows who has which role.");
            }
            for id in meant {
                store.revoke(&subject, id).await?;
            }
            output::line(format_args!("{who} is no longer {role} {place}."));
        }
        Deed::List { edition, past, json } => {
            let edition = match edition {
                Some(slug) => Some(super::edition(store, Some(&slug)).await?),
                None => None,
            };
            let mut grants = store.grants(edition.as_ref()).await?;
            if !past {
                let over =
                    |grant: &Grant| grant.revoked.is_some() || grant.until.is_some_and(|until| until <= now);
                grants.retain(|(grant, _)| !over(grant));
            }
            let waiting = store.invitations(edition.as_ref()).await?;
            if json {
                let given = grants.iter().map(|(grant, account)| {
                    json!({ "handle": account.handle, "name": account.name, "grant": grant })
                });
                // What waits for an address has it in the place of the account.
                let waiting = waiting.iter().map(|one| json!({ "handle": null, "name": null, "grant": one }));
                return output::json(&given.chain(waiting).collect::<Vec<_>>());
            }
            if grants.is_empty() && waiting.is_empty() {
                output::line("Nobody has a role. Give one with `plenary grant give EMAIL ROLE`.");
            }
            for (grant, account) in &grants {
                output::line(format_args!(
                    "@{} ({}): {}",
                    account.handle,
                    account.name,
                    told(store, grant).await?
                ));
            }
            for one in &waiting {
                let told = told_of(store, one.role, &one.scope, one.from, one.until).await?;
                output::line(format_args!("{} (waits for the address): {told}", one.email));
            }
        }
    }
    Ok(())
}

impl Place {
    /// The scope, and the edition in which it lies.
    async fn scope(&self, store: &Store) -> anyhow::Result<(Scope, Option<Edition>)> {
        if let Some(series) = &self.series {
            return Ok((Scope::Series(Line::clean(series)), None));
        }
        let Some(slug) = &self.edition else { return Ok((Scope::Everywhere, None)) };
        let edition = super::edition(store, Some(slug)).await?;
        let id = edition.id;
        if self.track.is_none() && self.room.is_none() {
            return Ok((Scope::Edition(id), Some(edition)));
        }
        let Some(programme) = store.programme(id).await? else {
            bail!("edition: {slug} has no programme yet.")
        };
        let scope = match (&self.track, &self.room) {
            (Some(name), _) => {
                let wanted = Slug::parse(name)?;
                let track = programme.tracks.iter().find(|track| track.slug == wanted);
                let names =
                    || programme.tracks.iter().map(|track| track.slug.to_string()).collect::<Vec<_>>();
                let track = track.ok_or_else(|| {
                    anyhow::anyhow!("track: there is no \"{name}\". There are: {}.", names().join(", "))
                })?;
                Scope::Track(id, track.id)
            }
            (None, name) => {
                let wanted = Slug::parse(name.as_deref().unwrap_or_default())?;
                let room = programme.rooms.iter().find(|room| room.slug == wanted);
                let names = || programme.rooms.iter().map(|room| room.slug.to_string()).collect::<Vec<_>>();
                let room = room.ok_or_else(|| {
                    anyhow::anyhow!("room: there is no \"{wanted}\". There are: {}.", names().join(", "))
                })?;
                Scope::Room(id, room.id)
            }
        };
        Ok((scope, Some(edition)))
    }
}

/// An instant, in the zone of the edition where it says none.
fn instant(text: &str, edition: Option<&Edition>) -> anyhow::Result<Timestamp> {
    match edition {
        Some(edition) => super::session::instant(text, edition),
        None => text.parse().context("give an instant such as 2027-05-01T09:00Z"),
    }
}

/// A grant in words.
pub(super) async fn told(store: &Store, grant: &Grant) -> anyhow::Result<String> {
    let mut out = told_of(store, grant.role, &grant.scope, grant.from, grant.until).await?;
    if let Some(revoked) = &grant.revoked {
        let _ = write!(out, ", revoked {}", revoked.at.strftime("%F %H:%M UTC"));
    }
    Ok(out)
}

/// A role in its scope and time, in words.
async fn told_of(
    store: &Store,
    role: Role,
    scope: &Scope,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> anyhow::Result<String> {
    let mut out = format!("{role} {}", place_of(store, scope).await?);
    if let Some(from) = from {
        let _ = write!(out, ", from {}", from.strftime("%F %H:%M UTC"));
    }
    if let Some(until) = until {
        let _ = write!(out, ", until {}", until.strftime("%F %H:%M UTC"));
    }
    Ok(out)
}

/// A scope in words.
async fn place_of(store: &Store, scope: &Scope) -> anyhow::Result<String> {
    let edition = match scope.edition() {
        Some(id) => store.editions().await?.into_iter().find(|head| head.edition.id == id),
        None => None,
    };
    let slug =
        edition.map_or_else(|| "an edition that is gone".to_owned(), |head| head.edition.slug.to_string());
    Ok(match scope {
        Scope::Everywhere => "everywhere".to_owned(),
        Scope::Series(name) => format!("in the series {name}"),
        Scope::Edition(_) => format!("in {slug}"),
        Scope::Track(id, track) => {
            let programme = store.programme(*id).await?;
            let found = programme.and_then(|all| all.tracks.into_iter().find(|one| one.id == *track));
            format!(
                "in the track {} of {slug}",
                found.map_or_else(|| track.to_string(), |track| track.slug.to_string())
            )
        }
        Scope::Room(id, room) => {
            let programme = store.programme(*id).await?;
            let found = programme.and_then(|all| all.rooms.into_iter().find(|one| one.id == *room));
            format!(
                "in the room {} of {slug}",
                found.map_or_else(|| room.to_string(), |room| room.slug.to_string())
            )
        }
        Scope::Call(_, call) => format!("in the call {call} of {slug}"),
    })
}
