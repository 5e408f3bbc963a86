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
pub const RESERVED: [&str; 20] = [
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
    "import",
    "log",
    "new",
    "webhooks",
];

/// Where people take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// At the venue.
    #[default]
    InPerson,
    /// At the venue and from elsewhere by video.
    Hybrid,
    /// By video only.
    Virtual,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::InPerson, Self::Hybrid, Self::Virtual];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::Hybrid => "hybrid",
            Self::Virtual => "virtual",
        }
    }

    /// What people read.
    pub fn shown(self) -> &'static str {
        match self {
            Self::InPerson => "In person",
            Self::Hybrid => "Hybrid: in person and online",
            Self::Virtual => "Online only",
        }
    }

    /// The mode of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// Whether an edition is still being made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditionState {
    /// It is planned, runs, or is being tidied up after.
    #[default]
    Open,
    /// It is over. Everything of it stays at its addresses, and nothing of its programme changes any more.
    Archived,
}

impl EditionState {
    /// The word kept in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Archived => "archived",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Archived].into_iter().find(|state| state.as_str() == word)
    }
}

/// One edition of a series: what is true of the whole conference.
///
/// Fields that came later leave their default out of the JSON, so that what the feed said of an edition before they
/// came still is what the record says.
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
    /// Where people take part.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: Mode,
    /// Whether it is still being made. The same in every release: archiving is no news about the programme.
    #[serde(default, skip_serializing_if = "is_default")]
    pub state: EditionState,
    /// A line at the top of its front page, such as that its dates have changed; empty for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notice: Line,
}

fn five() -> u16 {
    5
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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

    /// Whether an organiser can have entered it: it has a name, days in their order, and an address of its own.
    pub fn check_entered(&self) -> Result<(), Refusal> {
        if self.title.is_empty() {
            return Err(Refusal::new("title", "it is empty", "Give the edition a title"));
        }
        if self.series.is_empty() {
            return Err(Refusal::new("series", "it is empty", "Name the conference, without the year"));
        }
        if self.last_day < self.first_day {
            return Err(Refusal::new(
                "last_day",
                "it is before the first day",
                "Give the same day or a later one",
            ));
        }
        let length = self.first_day.until(self.last_day).map_or(i32::MAX, |span| span.get_days());
        if length >= DAYS_MAX {
            return Err(Refusal::new(
                "last_day",
                format!("the conference would last {} days", length.saturating_add(1)),
                format!("Give at most {DAYS_MAX} days"),
            ));
        }
        if RESERVED.contains(&self.slug.as_str()) {
            return Err(Refusal::new(
                "slug",
                format!("\"{}\" is an address of Plenary itself", self.slug),
                format!("Choose another, such as {}-{}", self.slug, self.first_day.year()),
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
