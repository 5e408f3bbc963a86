//! Series and editions: the conference over the years, and one year of it.

use crate::{
    Refusal,
    id::{EditionId, SponsorId},
    sponsor::UploadName,
    text::{Colour, Line, RichText, Slug, WebUrl},
    time::Zone,
};
use jiff::{Span, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// The most days that an edition's own dates may span; longer spans come from broken files.
pub const DAYS_MAX: i32 = 60;

/// Names in front of which no edition can stand: the first part of addresses that are not an edition's.
///
/// The second half names the desk's own pages, beside which each edition has its desk.
pub const RESERVED: [&str; 19] = [
    "account",
    "api",
    "assets",
    "desk",
    "event",
    "export",
    "healthz",
    "mail",
    "metrics",
    "p",
    "people",
    "setup",
    "sign-in",
    "sign-out",
    "well-known",
    "grants",
    "log",
    "new",
    "webhooks",
];

/// One edition of a series: what is true of the whole conference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Its identifier.
    pub id: EditionId,
    /// Its place in every address: `/lpc-2021/`. Also the acronym in schedule files.
    pub slug: Slug,
    /// The series it belongs to, such as "Linux Plumbers Conference"; the title where none is known.
    pub series: Line,
    /// Its title, such as "Linux Plumbers Conference 2021".
    pub title: Line,
    /// A line under the title.
    #[serde(default)]
    pub subtitle: Line,
    /// The welcome text of the front page.
    #[serde(default)]
    pub description: RichText,
    /// The zone in which its days and its timetable are meant.
    pub zone: Zone,
    /// Its first day, in its zone.
    pub first_day: Date,
    /// Its last day, in its zone.
    pub last_day: Date,
    /// When a conference day ends and the next begins, in minutes after midnight (0 to 1,439): a party at
    /// 01:00 belongs to the evening before where this is 240.
    #[serde(default)]
    pub day_change: u16,
    /// The building.
    #[serde(default)]
    pub venue: Line,
    /// The city.
    #[serde(default)]
    pub city: Line,
    /// The country.
    #[serde(default)]
    pub country: Line,
    /// Its main web site, where that is elsewhere.
    #[serde(default)]
    pub url: Option<WebUrl>,
    /// Its logo.
    #[serde(default)]
    pub logo: Option<WebUrl>,
    /// The main language as a BCP 47 tag; empty where unknown.
    #[serde(default)]
    pub language: Line,
    /// The colour of its pages.
    #[serde(default)]
    pub colour: Option<Colour>,
    /// The grid of its timetable in minutes, as schedule files state it.
    #[serde(default = "five")]
    pub timeslot_minutes: u16,
}

fn five() -> u16 {
    5
}

/// One conference day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// 1 for the first day.
    pub index: u32,
    /// The date in the edition's zone.
    pub date: Date,
    /// When the day begins: `date` at the edition's day change.
    pub start: Timestamp,
    /// When the next day begins.
    pub end: Timestamp,
}

impl Edition {
    /// Whether it can be served under its slug.
    pub fn check(&self) -> Result<(), Refusal> {
        if RESERVED.contains(&self.slug.as_str()) {
            return Err(Refusal::new(
                "edition",
                format!("\"{}\" is an address of Plenary itself", self.slug),
                format!("Name another with --edition, such as {}-{}", self.slug, self.first_day.year()),
            ));
        }
        Ok(())
    }

    /// The conference day that `instant` belongs to.
    pub fn day_of(&self, instant: Timestamp) -> Date {
        let local = self.zone.local(instant).datetime();
        // Wall-clock arithmetic: a DST change in the night must not move a session to another day.
        local
            .checked_sub(Span::new().minutes(i64::from(self.day_change)))
            .map_or(local.date(), jiff::civil::DateTime::date)
    }

    /// The instant at which the conference day `date` begins.
    pub fn day_start(&self, date: Date) -> Timestamp {
        let change = self.day_change.min(1_439);
        let local = date.at((change / 60) as i8, (change % 60) as i8, 0, 0);
        self.zone.instant(local).unwrap_or(if date.year() < 1970 { Timestamp::MIN } else { Timestamp::MAX })
    }

    /// The edition's days: its own dates, joined by the `extra` dates on which something takes place.
    pub fn days(&self, extra: impl IntoIterator<Item = Date>) -> Vec<Day> {
        let mut dates: Vec<Date> = extra.into_iter().collect();
        let mut date = self.first_day;
        for _ in 0..DAYS_MAX {
            if date > self.last_day {
                break;
            }
            dates.push(date);
            match date.tomorrow() {
                Ok(next) => date = next,
                Err(_) => break,
            }
        }
        dates.sort_unstable();
        dates.dedup();
        dates
            .into_iter()
            .zip(1..)
            .map(|(date, index)| Day {
                index,
                date,
                start: self.day_start(date),
                end: date.tomorrow().map_or(Timestamp::MAX, |next| self.day_start(next)),
            })
            .collect()
    }
}

/// A sponsor of an edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sponsor {
    /// Its identifier.
    pub id: SponsorId,
    /// The company or foundation.
    pub name: Line,
    /// The kind of sponsorship, such as "Platinum" or "Catchbox".
    pub level: Line,
    /// The order of the levels: 0 is shown first.
    pub rank: u16,
    /// Its site.
    #[serde(default)]
    pub url: Option<WebUrl>,
    /// Its logo, where it stands on another site.
    #[serde(default)]
    pub logo: Option<WebUrl>,
    /// Its logo, where it was uploaded; it goes before one that stands elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadName>,
    /// A line or two about it.
    #[serde(default)]
    pub description: RichText,
}
