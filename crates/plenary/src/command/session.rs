//! `plenary session`: what organisers do to a session on the day.

use crate::{
    config::{Config, actor},
    output,
};
use clap::Subcommand;
use jiff::{Timestamp, civil::DateTime};
use model::{
    diff::diff,
    edit::{self, Edit},
    edition::Edition,
    text::Line,
};

/// Which session, and what to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    deed: Deed,
    /// The edition, where the record holds several.
    #[arg(long, global = true, value_name = "SLUG")]
    edition: Option<String>,
    /// The number of the slot, where the session has several.
    #[arg(long, global = true, value_name = "NUMBER")]
    slot: Option<u32>,
    /// Publish the change at once, with this note.
    #[arg(long, global = true, value_name = "NOTE", num_args = 0..=1, default_missing_value = "")]
    release: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// It does not take place; it stays on the programme, marked.
    Cancel {
        /// The session's code: it stands in its address.
        code: String,
    },
    /// It begins later than planned.
    Delay {
        /// The session's code.
        code: String,
        /// By how many minutes.
        minutes: u16,
    },
    /// It takes place as planned after all.
    Restore {
        /// The session's code.
        code: String,
    },
    /// It takes place at another time or in another room.
    Move {
        /// The session's code.
        code: String,
        /// The new begin: 2027-10-02T10:30 in the conference's zone, or an instant.
        #[arg(long, required_unless_present = "room")]
        start: Option<String>,
        /// The new room, by name.
        #[arg(long)]
        room: Option<String>,
    },
    /// It has another title.
    Retitle {
        /// The session's code.
        code: String,
        /// The new title.
        title: String,
    },
}

/// Changes the session, and says what that changed.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let store = config.open(config.clock()).await?;
    let edition = super::edition(&store, args.edition.as_deref()).await?;
    let (code, wanted) = parse(args.deed, &edition)?;
    let before = store.programme(edition.id).await?;
    let after = store
        .change(&actor(), edition.id, |programme| edit::edit(&programme, &code, args.slot, &wanted))
        .await?;
    if let Some(before) = before {
        super::release::show(&diff(&before, &after), &edition.zone);
    }
    match args.release {
        Some(note) => super::release::publish(&store, &edition, &note).await?,
        None => output::line("Not published yet: `plenary release` publishes it, or add --release."),
    }
    store.close().await;
    Ok(())
}

fn parse(deed: Deed, edition: &Edition) -> anyhow::Result<(String, Edit)> {
    Ok(match deed {
        Deed::Cancel { code } => (code, Edit::Cancel),
        Deed::Delay { code, minutes } => (code, Edit::Delay(minutes)),
        Deed::Restore { code } => (code, Edit::Restore),
        Deed::Move { code, start, room } => {
            let start = start.map(|text| instant(&text, edition)).transpose()?;
            (code, Edit::Move { start, room })
        }
        Deed::Retitle { code, title } => (code, Edit::Retitle(Line::clean(&title))),
    })
}

/// An instant, or a wall-clock time in the edition's zone.
pub(crate) fn instant(text: &str, edition: &Edition) -> anyhow::Result<Timestamp> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let local: Option<DateTime> = text.trim().replace(' ', "T").parse().ok();
    local.and_then(|local| edition.zone.instant(local)).ok_or_else(|| {
        anyhow::anyhow!(
            "time: \"{text}\" is no time. Write it like {}T10:30 (in {}).",
            edition.first_day,
            edition.zone
        )
    })
}
