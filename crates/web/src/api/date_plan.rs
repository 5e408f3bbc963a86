//! What an edition plans with, its candidate dates compared with other conferences, and hours compared with where people
//! are.

use super::{
    answer::{self, Answer, Page, Paging, Seen},
    body::{Json, Query},
    caller::Caller,
    fault::Fault,
    field::{field, line, optional, same_words, shown},
    programme,
    resource::Desk,
};
use crate::{
    desk::{dates, hours},
    error::Failure,
    site::Site,
};
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::{Timestamp, civil::Date};
use model::{
    Refusal, calendar as c,
    edition::Edition,
    permission::{Action, Place},
    time::Zone,
};
use planner::{
    dates::{Comparison, Judged, Severity},
    hours::{Question, Window},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(get, set)).routes(routes!(candidates)).routes(routes!(compare))
}

/// What the organisers of an edition plan with.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct DatePlan {
    /// Days that somebody proposed.
    #[serde(default)]
    #[schema(max_items = 100)]
    candidates: Vec<DateCandidate>,
    /// Every week of a season; null for the weeks around the edition's own dates.
    #[serde(default)]
    season: Option<DateSeason>,
    /// What the edition is about, in words that lists of conferences use.
    #[serde(default)]
    #[schema(max_items = 100)]
    topics: Vec<String>,
    /// The country where it would be; empty for the edition's own.
    #[serde(default)]
    country: String,
    /// Whether conferences on the same continent count as near.
    #[serde(default)]
    continent: bool,
    /// Within how many days before and after a conference counts as too near.
    #[serde(default)]
    #[schema(maximum = 30)]
    margin: u8,
    /// Where how many people are expected; empty for where those are who are registered.
    #[serde(default)]
    #[schema(max_items = 600)]
    expected: Vec<ExpectedPeople>,
    /// Further zones in which the conference's day could be kept, such as `Europe/Prague`.
    #[serde(default)]
    #[schema(max_items = 50)]
    zones: Vec<String>,
    /// The lengths of a conference day to compare, in minutes from 30 to 1440; empty for the usual ones.
    #[serde(default)]
    #[schema(max_items = 4)]
    lengths: Vec<u16>,
}

/// Days on which the edition could take place.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
struct DateCandidate {
    /// The first of them.
    #[schema(value_type = String, format = Date)]
    first_day: Date,
    /// How many.
    #[schema(minimum = 1, maximum = 30)]
    days: u8,
}

impl From<c::Candidate> for DateCandidate {
    fn from(one: c::Candidate) -> Self {
        Self { first_day: one.first_day, days: one.days }
    }
}

/// Every week of a season.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
struct DateSeason {
    /// No candidate begins before.
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// No candidate ends after.
    #[schema(value_type = String, format = Date)]
    to: Date,
    /// On which day of the week each begins.
    weekday: Weekday,
    /// How many days each lasts.
    #[schema(minimum = 1, maximum = 30)]
    days: u8,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

same_words!(Weekday = c::Weekdays { Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday });

/// How many people are expected in a zone.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct ExpectedPeople {
    /// The zone, such as `America/Halifax`.
    zone: String,
    /// How many.
    #[schema(maximum = 10_000_000)]
    people: u32,
}

impl From<&c::DatePlan> for DatePlan {
    fn from(plan: &c::DatePlan) -> Self {
        Self {
            candidates: plan.candidates.iter().map(|one| DateCandidate::from(*one)).collect(),
            season: plan.season.map(|season| DateSeason {
                from: season.from,
                to: season.to,
                weekday: season.weekday.into(),
                days: season.days,
            }),
            topics: plan.topics.iter().map(ToString::to_string).collect(),
            country: plan.country.to_string(),
            continent: plan.continent,
            margin: plan.margin,
            expected: plan.expected.iter().map(ExpectedPeople::from).collect(),
            zones: plan.zones.iter().map(ToString::to_string).collect(),
            lengths: plan.lengths.clone(),
        }
    }
}

impl From<&c::Expected> for ExpectedPeople {
    fn from(one: &c::Expected) -> Self {
        Self { zone: one.zone.to_string(), people: one.people }
    }
}

impl DatePlan {
    fn read(&self) -> Result<c::DatePlan, Refusal> {
        let candidate = |one: &DateCandidate| c::Candidate { first_day: one.first_day, days: one.days };
        let expected = |one: &ExpectedPeople| {
            Ok(c::Expected { zone: field("expected", &one.zone, Zone::parse)?, people: one.people })
        };
        let zone = |text: &String| field("zones", text, Zone::parse);
        let plan = c::DatePlan {
            candidates: self.candidates.iter().map(candidate).collect(),
            season: self.season.map(|season| c::Season {
                from: season.from,
                to: season.to,
                weekday: season.weekday.into(),
                days: season.days,
            }),
            topics: self.topics.iter().map(|topic| line("topics", topic)).collect::<Result<_, _>>()?,
            country: optional("country", Some(&self.country), dates::country_of)?.unwrap_or_default(),
            continent: self.continent,
            margin: self.margin,
            expected: self.expected.iter().map(expected).collect::<Result<_, Refusal>>()?,
            zones: self.zones.iter().map(zone).collect::<Result<_, _>>()?,
            lengths: self.lengths.clone(),
        };
        plan.check().map(|()| plan)
    }
}

/// The edition, for a caller who may see what is planned.
async fn planned(site: &Site, caller: &Caller, key: &str) -> Result<Edition, Fault> {
    let edition = programme::desk(site, caller, key).await?.edition;
    caller.may_read(Action::PlanDates, &Place::edition(&edition))?;
    Ok(edition)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/date-plan", operation_id = "getDatePlan", tag = "Planning",
    summary = "Shows what the edition plans with.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "The plan", body = DatePlan),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get(Held(site): Held<Site>, caller: Caller, headers: HeaderMap, Path(key): Path<String>) -> Answer {
    let edition = planned(&site, &caller, &key).await?;
    answer::thing(&headers, &DatePlan::from(&site.store().date_plan(edition.id).await?.0))
}

#[utoipa::path(
    put, path = "/api/v1/editions/{edition}/date-plan", operation_id = "setDatePlan", tag = "Planning",
    summary = "Sets what the edition plans with, as a whole.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the plan"),
    ),
    request_body = DatePlan,
    responses((status = 200, description = "The plan as it is now", body = DatePlan)),
    security(("token" = [])),
)]
async fn set(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
    Json(wanted): Json<DatePlan>,
) -> Answer {
    let desk = Desk::enter(site, caller, &key).await?;
    desk.may(Action::PlanDates)?;
    let (store, id) = (desk.site.store(), desk.edition.id);
    let (present, version) = store.date_plan(id).await?;
    Seen::required(&headers)?.check(&DatePlan::from(&present))?;
    let plan = wanted.read()?;
    let shown = DatePlan::from(&plan);
    let done = store.change_date_plan(&desk.caller.subject.actor, id, version, |_| Ok(plan)).await;
    done.map_err(|error| match error {
        // Somebody saved between our look and our write.
        store::Error::Refused(refusal) if refusal.field == "plan" => Fault::outdated(),
        other => other.into(),
    })?;
    answer::changed(&shown)
}

/// Days on which the edition could take place, and what clashes with them.
#[derive(Debug, Serialize, ToSchema)]
struct JudgedDates {
    /// The days.
    #[serde(flatten)]
    days: DateCandidate,
    /// Whether nothing serious or notable clashes.
    clear: bool,
    /// How many conferences clash badly: at the same time, for the same people.
    serious: usize,
    /// How many clash notably.
    notable: usize,
    /// How many clash slightly.
    slight: usize,
    /// The worst of the clashes.
    #[schema(max_items = 30)]
    clashes: Vec<DateClash>,
}

/// Another conference at the same time or too near.
#[derive(Debug, Serialize, ToSchema)]
struct DateClash {
    /// Its name.
    name: String,
    /// Its site.
    url: Option<String>,
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    first_day: Date,
    /// Its last day.
    #[schema(value_type = String, format = Date)]
    last_day: Date,
    /// Where it takes place.
    place: String,
    /// `serious`, `notable` or `slight`.
    severity: String,
    /// Why, in words.
    why: String,
    /// The list that names it.
    source: String,
}

impl From<&Judged<'_>> for JudgedDates {
    fn from(judged: &Judged<'_>) -> Self {
        let clashes = judged.clashes.iter().take(dates::LISTED).map(|clash| DateClash {
            name: clash.other.name.to_string(),
            url: shown(clash.other.url.as_ref()),
            first_day: clash.other.first_day,
            last_day: clash.other.last_day,
            place: clash.other.place(),
            severity: clash.severity.shown().to_owned(),
            why: clash.why(),
            source: clash.other.source.to_string(),
        });
        Self {
            days: judged.candidate.into(),
            clear: judged.is_clear(),
            serious: judged.count(Severity::Serious),
            notable: judged.count(Severity::Notable),
            slight: judged.count(Severity::Slight),
            clashes: clashes.collect(),
        }
    }
}

impl JudgedDates {
    /// By what a page of the list ends with it: no two candidates are of the same days.
    fn place(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{} {}", self.days.first_day, self.days.days).as_bytes())
    }
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/date-plan/candidates", operation_id = "compareDates", tag = "Planning",
    summary = "Compares the edition's dates, the candidates and the weeks of the season with other conferences, the best first.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<JudgedDates>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn candidates(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(key): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let edition = planned(&site, &caller, &key).await?;
    let (plan, _) = site.store().date_plan(edition.id).await?;
    let others = site.store().other_conferences(edition.id).await?;
    let judging = tokio::task::spawn_blocking(move || {
        let ours = dates::ours(&plan, &edition);
        let ranked = Comparison::new(&ours, &others).rank(dates::all_candidates(&plan, &edition));
        ranked.iter().map(JudgedDates::from).collect::<Vec<_>>()
    });
    let all = judging.await.map_err(|_| Failure::Internal)?;
    answer::list(&headers, &uri, &paging.cut(all, JudgedDates::place)?)
}

/// For which days and in which zone hours are compared.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct WantedHours {
    /// For the candidate that begins on this day; for the edition's own dates where it is left out or none does.
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date)]
    first_day: Option<Date>,
    /// For a day that is kept in this zone alone, such as `Europe/Prague`.
    #[serde(default)]
    zone: Option<String>,
}

/// Hours of the conference day compared with where people are.
#[derive(Debug, Serialize, ToSchema)]
struct ComparedHours {
    /// The days for which they are compared.
    days: DateCandidate,
    /// Where people are.
    people: Vec<ExpectedPeople>,
    /// Whether these are the people who are registered; else the plan says where they are expected.
    registered: bool,
    /// What was found for each length of the day.
    lengths: Vec<HoursOfLength>,
}

/// The best hours of one length.
#[derive(Debug, Serialize, ToSchema)]
struct HoursOfLength {
    /// The length, in minutes.
    minutes: u16,
    /// The best windows, the best first.
    #[schema(max_items = 12)]
    windows: Vec<HoursWindow>,
}

/// Hours of a conference day, and how people sit in them.
#[derive(Debug, Serialize, ToSchema)]
struct HoursWindow {
    /// When the first day begins.
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// How many people sit between 08:00 and 22:00 on their own clocks for the whole of every day.
    seated: u32,
    /// The same in percent of all.
    percent: u64,
    /// Hours of an average day that people spend in it between 08:00 and 22:00, summed over all people.
    person_hours: f64,
    /// The hours on the clocks of zones in which the day could be kept, the most ordinary first.
    names: Vec<HoursIn>,
    /// How the people of each zone sit, the most people first.
    seats: Vec<HoursSeat>,
}

/// Hours on the clocks of a zone.
#[derive(Debug, Serialize, ToSchema)]
struct HoursIn {
    /// The zone.
    zone: String,
    /// When the day begins there, such as `09:00`.
    begins: String,
    /// When it ends there.
    ends: String,
}

/// How the people of one zone sit.
#[derive(Debug, Serialize, ToSchema)]
struct HoursSeat {
    /// The hours on their clocks.
    #[serde(flatten)]
    hours: HoursIn,
    /// How many they are.
    people: u32,
    /// Whether the whole of every day lies between 08:00 and 22:00 for them.
    whole: bool,
    /// How much of an average day does, in minutes.
    minutes: u32,
}

impl From<&Window> for HoursWindow {
    fn from(window: &Window) -> Self {
        let at = |zone: &Zone, begins: &dyn ToString, ends: &dyn ToString| HoursIn {
            zone: zone.to_string(),
            begins: begins.to_string(),
            ends: ends.to_string(),
        };
        Self {
            start: window.start,
            seated: window.seated,
            percent: window.percent(),
            person_hours: window.person_hours,
            names: window.names.iter().map(|name| at(&name.zone, &name.begins, &name.ends)).collect(),
            seats: window
                .seats
                .iter()
                .map(|seat| HoursSeat {
                    hours: at(&seat.zone, &seat.begins, &seat.ends),
                    people: seat.people,
                    whole: seat.whole,
                    minutes: seat.minutes,
                })
                .collect(),
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/date-plan/hours", operation_id = "compareHours", tag = "Planning",
    summary = "Compares hours of the conference day with where people are. Where nobody is known there are none.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), WantedHours),
    responses(
        (status = 200, description = "The best hours of each length", body = ComparedHours),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn compare(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
    Query(wanted): Query<WantedHours>,
) -> Answer {
    let edition = planned(&site, &caller, &key).await?;
    let unreadable = |refusal: Refusal| Fault::unreadable(format!("zone: {}", refusal.problem));
    let only = wanted.zone.as_deref().map(Zone::parse).transpose().map_err(unreadable)?;
    let base = hours::compared(&site, &edition).await?;
    let candidates = dates::all_candidates(&base.plan, &edition);
    let chosen = hours::chosen(&candidates, wanted.first_day).ok_or(Failure::Internal)?;
    let comparing = tokio::task::spawn_blocking(move || {
        let zones =
            only.map_or_else(|| hours::zones_of(&base.plan, &edition, &base.people), |zone| vec![zone]);
        let days = hours::days_of(chosen);
        let of_length = |minutes: u16| {
            let all = hours::windows((minutes, &days), &base.people, zones.clone(), Question::every_hour());
            HoursOfLength {
                minutes,
                windows: all.iter().take(hours::LISTED).map(HoursWindow::from).collect(),
            }
        };
        let lengths = if base.people.is_empty() { vec![] } else { hours::lengths_of(&base.plan) };
        ComparedHours {
            days: chosen.into(),
            people: base.people.iter().map(ExpectedPeople::from).collect(),
            registered: base.registered,
            lengths: lengths.into_iter().map(of_length).collect(),
        }
    });
    answer::thing(&headers, &comparing.await.map_err(|_| Failure::Internal)?)
}
