//! What an edition looks like.

use super::super::field::{field, line, optional, same_words, shown, url};
use jiff::civil::Date;
use model::{
    Refusal, edition,
    text::{Colour, Line, RichText, Slug},
    time::Zone,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One edition of a series.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Edition {
    /// Its identifier.
    pub(super) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(super) input: EditionInput,
    /// Whether it is still being made.
    state: State,
    /// The number of its newest release; null while nothing is published.
    pub(super) release: Option<u32>,
}

/// What one decides of an edition.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct EditionInput {
    /// Its place in every address, such as `lpc-2027`.
    #[schema(min_length = 1, max_length = 80)]
    pub(super) slug: String,
    /// The conference over the years, without the year.
    #[schema(min_length = 1, max_length = 300)]
    pub(super) series: String,
    /// Its title.
    #[schema(min_length = 1, max_length = 300)]
    pub(super) title: String,
    /// A line under the title.
    #[serde(default)]
    subtitle: String,
    /// The welcome text of the front page. Markdown.
    #[serde(default)]
    description: String,
    /// The zone in which its days and its timetable are meant, such as `Europe/Prague`.
    zone: String,
    /// Its first day, in its zone.
    #[schema(value_type = String, format = Date)]
    first_day: Date,
    /// Its last day, in its zone.
    #[schema(value_type = String, format = Date)]
    last_day: Date,
    /// When a conference day ends and the next begins, in minutes after midnight.
    #[serde(default)]
    #[schema(maximum = 1_439)]
    day_change: u16,
    /// The building.
    #[serde(default)]
    venue: String,
    /// The city.
    #[serde(default)]
    city: String,
    /// The country.
    #[serde(default)]
    country: String,
    /// Its own site, where it has another.
    #[serde(default)]
    url: Option<String>,
    /// Its logo.
    #[serde(default)]
    logo: Option<String>,
    /// The main language as a BCP 47 tag; empty where unknown.
    #[serde(default)]
    language: String,
    /// The colour of its pages, such as `#0055aa`.
    #[serde(default)]
    colour: Option<String>,
    /// Where people take part.
    #[serde(default)]
    mode: Mode,
    /// A line at the top of its front page, such as that its dates have changed; empty for none.
    #[serde(default)]
    notice: String,
}

/// Where people take part.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EditionMode)]
pub(super) enum Mode {
    /// At the venue.
    #[default]
    InPerson,
    /// At the venue and from elsewhere by video.
    Hybrid,
    /// By video only.
    Virtual,
}

same_words!(Mode = edition::Mode { InPerson, Hybrid, Virtual });

/// Whether an edition is still being made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EditionState)]
pub(super) enum State {
    /// It is planned, runs, or is being tidied up after.
    Open,
    /// It is over, and nothing of its programme changes any more.
    Archived,
}

same_words!(State = edition::EditionState { Open, Archived });

impl Edition {
    /// As it is shown, with its newest release.
    pub(super) fn of(edition: &edition::Edition, release: Option<u32>) -> Self {
        Self {
            id: edition.id.0,
            input: EditionInput {
                slug: edition.slug.to_string(),
                series: edition.series.to_string(),
                title: edition.title.to_string(),
                subtitle: edition.subtitle.to_string(),
                description: edition.description.to_string(),
                zone: edition.zone.to_string(),
                first_day: edition.first_day,
                last_day: edition.last_day,
                day_change: edition.day_change,
                venue: edition.venue.to_string(),
                city: edition.city.to_string(),
                country: edition.country.to_string(),
                url: shown(edition.url.as_ref()),
                logo: shown(edition.logo.as_ref()),
                language: edition.language.to_string(),
                colour: shown(edition.colour.as_ref()),
                mode: edition.mode.into(),
                notice: edition.notice.to_string(),
            },
            state: edition.state.into(),
            release,
        }
    }
}

impl EditionInput {
    /// The edition that it decides, in the place of `present`.
    pub(super) fn read(&self, present: &edition::Edition) -> Result<edition::Edition, Refusal> {
        if self.last_day < self.first_day {
            return Err(Refusal::new(
                "last_day",
                "it is before the first day",
                "Give the same day or a later one",
            ));
        }
        if self.day_change > 1_439 {
            return Err(Refusal::new("day_change", "a day has 1440 minutes", "Give 0 to 1439"));
        }
        Ok(edition::Edition {
            slug: field("slug", &self.slug, Slug::parse)?,
            series: line("series", &self.series)?,
            title: line("title", &self.title)?,
            subtitle: Line::clean(&self.subtitle),
            description: RichText::clean(&self.description),
            zone: field("zone", &self.zone, Zone::parse)?,
            first_day: self.first_day,
            last_day: self.last_day,
            day_change: self.day_change,
            venue: Line::clean(&self.venue),
            city: Line::clean(&self.city),
            country: Line::clean(&self.country),
            url: url("url", self.url.as_deref())?,
            logo: url("logo", self.logo.as_deref())?,
            language: Line::clean(&self.language),
            colour: optional("colour", self.colour.as_deref(), Colour::parse)?,
            mode: self.mode.into(),
            notice: Line::clean(&self.notice),
            ..present.clone()
        })
    }
}
