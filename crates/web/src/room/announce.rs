//! What the timetable says in the rooms: that a session begins soon, begins, or is over (requirement 80).
//!
//! Each notice has an identifier made from its slot, its kind and its minute, so that several nodes, or one that starts
//! again, say it once. What is long past is not said: nobody wants the day's notices at once after an outage.

use crate::{site::Site, snapshot::Snapshot};
use jiff::{SignedDuration, Timestamp};
use model::{
    chat::{Author, Rights, Said, Spoke},
    programme::{Session, SessionKind, Slot},
    text::{Line, RichText},
};
use std::time::Duration;
use store::Saying;
use uuid::Uuid;

/// How often the clock is looked at.
const OFTEN: Duration = Duration::from_secs(15);

/// How long before a session it is said that it begins soon.
const SOON: SignedDuration = SignedDuration::from_mins(5);

/// So long after its time a notice is still said.
const LATE: SignedDuration = SignedDuration::from_mins(2);

/// Says what is due until the server stops.
pub(crate) async fn run(site: Site) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(OFTEN) => {}
            () = site.stop().cancelled() => return,
        }
        if let Err(error) = due(&site).await {
            tracing::warn!(%error, "the timetable could not be told in the rooms; it is tried again");
        }
    }
}

async fn due(site: &Site) -> Result<(), crate::error::Failure> {
    let now = site.now();
    for live in site.editions() {
        let day = live.edition.zone.local(now).date();
        let near = |date: jiff::civil::Date| date.saturating_add(jiff::Span::new().days(1)) >= day;
        let begun = live.edition.first_day <= day.saturating_add(jiff::Span::new().days(1));
        if !begun || !near(live.edition.last_day) {
            continue;
        }
        let snapshot = site.snapshot(&live).await?;
        for notice in notices(&snapshot, now) {
            // It is in the room already, or the record says why not; neither is anybody's to mend.
            if let Err(unsaid) = site.venue().say(notice).await {
                tracing::debug!(%unsaid, "a notice was not said");
            }
        }
    }
    Ok(())
}

/// What is due at `now`.
fn notices(snapshot: &Snapshot, now: Timestamp) -> Vec<Saying> {
    let slots = snapshot.programme().slots();
    slots.flat_map(|(session, slot)| of_slot(snapshot, session, slot, now)).collect()
}

fn of_slot(snapshot: &Snapshot, session: &Session, slot: &Slot, now: Timestamp) -> Vec<Saying> {
    let Some(room) = slot.room else { return vec![] };
    if session.kind == SessionKind::Break || slot.is_cancelled() {
        return vec![];
    }
    let (start, end) = (slot.actual_start(), slot.actual_end());
    let soon = start.checked_sub(SOON).unwrap_or(start);
    let clock = snapshot.edition().zone.local(start).strftime("%H:%M");
    let title = session.title.as_str();
    // A topic of a block is announced when it begins; its block says the rest.
    let topic = session.parent.is_some();
    let all = [
        ("soon", soon, format!("In five minutes, at {clock}: {title}"), !topic),
        ("begins", start, format!("Now: {title}"), true),
        ("over", end, format!("This was: {title}. The conversation stays open."), !topic),
    ];
    all.into_iter()
        .filter(|(_, at, _, told)| *told && *at <= now && now.duration_since(*at) < LATE)
        .map(|(kind, at, text, _)| Saying {
            id: Uuid::new_v5(&slot.id.0, format!("{kind} {}", at.as_second()).as_bytes()),
            edition: snapshot.edition().id,
            room,
            spoke: Spoke::System,
            author: Author::System,
            name: Line::default(),
            rights: Rights { moderates: true, locked: false },
            said: Said::Message { text: RichText::clean(&escaped(&text)), reply_to: None },
            outside: None,
        })
        .collect()
}

/// The text so that Markdown shows it as it is: a title is no markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if "\\`*_{}[]()#+-.!|<>~&".contains(c) && !matches!(c, '.' | '-' | '(' | ')' | '!') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
