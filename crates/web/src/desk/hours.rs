//! Hours of the conference day against where people are.

use super::{
    dates::{all_candidates, season_of},
    enter, form_at,
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    page::date_span,
    route::Asked,
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use jiff::{Span, Timestamp, civil::Date};
use model::{
    Refusal,
    address::EditionDesk,
    calendar::{Candidate, DatePlan, Expected, read_expected},
    edition::Edition,
    permission::{Action, Place},
    text::excerpt,
    time::Zone,
};
use planner::hours::{self, AROUND_THE_WORLD, Clock, People, Question, Window};

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    form_at(router, "/desk/{edition}/hours/", get(page).post(save))
}

const HELP: &str = "Hours of the conference day, compared with where people are: how many sit between 08:00 and 22:00 on their own clocks for the whole of it.";

/// Windows that are listed of each length.
pub(crate) const LISTED: usize = 12;

/// The lengths that are compared where none is chosen: half a day and a full one, in minutes.
const LENGTHS: [u16; 2] = [4 * 60, 8 * 60];

#[derive(Template)]
#[template(path = "desk/hours.html")]
struct Hours {
    inner: Inner,
    form: Form,
    open: bool,
    /// On which days the hours are compared.
    days: String,
    choices: Vec<(String, String, bool)>,
    zones: Vec<(String, bool)>,
    people: u64,
    /// Whether the people are those who are registered.
    registered: bool,
    lengths: Vec<LengthView>,
}

/// What was found for a length of the day.
struct LengthView {
    name: String,
    windows: Vec<WindowView>,
    /// How people sit in the best window.
    seats: Vec<SeatView>,
    best: String,
    /// A day that begins at 09:00 on the clocks of each zone.
    ordinary: Vec<OrdinaryView>,
}

struct WindowView {
    rank: usize,
    hours: String,
    zone: String,
    offset: String,
    also: String,
    seated: u32,
    percent: u64,
    person_hours: String,
    left_out: String,
}

struct SeatView {
    zone: String,
    people: u32,
    hours: String,
    whole: bool,
    minutes: u32,
    length: u16,
    told: String,
}

struct OrdinaryView {
    zone: String,
    offset: String,
    hours: String,
    seated: u32,
    percent: u64,
    left_out: String,
}

async fn page(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::PlanDates, &Place::edition(&edition))?;
    show(&draw(&site, &asked, &person, &edition, None).await?)
}

/// What the hours of an edition are compared by; for the API too.
pub(crate) struct Compared {
    pub(crate) plan: DatePlan,
    /// The version of the plan.
    version: i64,
    /// Where people are.
    pub(crate) people: Vec<Expected>,
    /// Whether they are those who are registered; else the plan says where they are expected.
    pub(crate) registered: bool,
}

/// See [`Compared`].
pub(crate) async fn compared(site: &Site, edition: &Edition) -> Result<Compared, Failure> {
    let (plan, version) = site.store().date_plan(edition.id).await?;
    let registered = plan.expected.is_empty();
    let people =
        if registered { site.store().people_by_zone(edition.id).await? } else { plan.expected.clone() };
    Ok(Compared { plan, version, people, registered })
}

/// The days for which hours are compared: those of the candidate that begins on `first_day`, else the edition's own.
pub(crate) fn chosen(candidates: &[Candidate], first_day: Option<Date>) -> Option<Candidate> {
    let asked_for = first_day.and_then(|day| candidates.iter().find(|one| one.first_day == day));
    asked_for.or_else(|| candidates.first()).copied()
}

/// The lengths of a day that a plan compares.
pub(crate) fn lengths_of(plan: &DatePlan) -> Vec<u16> {
    if plan.lengths.is_empty() { LENGTHS.to_vec() } else { plan.lengths.clone() }
}

/// The windows of one length for these people on these days, the best first, that begin at these minutes of the day in
/// one of these zones.
pub(crate) fn windows(
    (length, days): (u16, &[Date]),
    people: &[Expected],
    zones: Vec<Zone>,
    starts: Vec<u16>,
) -> Vec<Window> {
    let people = people.iter().map(|one| People { zone: one.zone.clone(), count: one.people }).collect();
    hours::compare(&Question { days: days.to_vec(), people, zones, starts, lengths: vec![length] })
}

async fn draw(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    refused: Option<Form>,
) -> Result<Hours, Failure> {
    let Compared { plan, version, people, registered } = compared(site, edition).await?;
    let path = EditionDesk::Hours.path(&edition.slug);
    let inner = Inner::edition(person, edition, &path, "Hours", HELP).noticing(site, &asked.headers);
    let open = refused.is_some() || people.is_empty();
    let form = refused.unwrap_or_else(|| filled(&plan, version));

    let candidates = all_candidates(&plan, edition);
    let chosen = chosen(&candidates, asked.value("days").and_then(|text| text.parse().ok()))
        .unwrap_or(Candidate { first_day: edition.first_day, days: season_of(&plan, edition).days });
    let mut choices: Vec<(String, String, bool)> = vec![];
    for candidate in &candidates {
        let value = candidate.first_day.to_string();
        if !choices.iter().any(|(known, ..)| *known == value) {
            let span = date_span(candidate.first_day, candidate.last_day());
            choices.push((value, span, candidate.first_day == chosen.first_day));
        }
    }
    let zone_asked = asked.value("zone").unwrap_or_default().to_owned();
    let all_zones = zones_of(&plan, edition, &people);
    let mut zones: Vec<(String, bool)> =
        all_zones.iter().map(|zone| (zone.name().to_owned(), zone.name() == zone_asked)).collect();
    zones.sort();
    let days = days_of(chosen);
    let counted = people.iter().map(|one| u64::from(one.people)).sum();
    let only = all_zones.iter().find(|zone| zone.name() == zone_asked).cloned();
    let lengths = lengths_of(&plan);
    let comparing = tokio::task::spawn_blocking(move || {
        lengths.iter().map(|length| compare(*length, &days, &people, &all_zones, only.as_ref())).collect()
    });
    let lengths = if counted == 0 { vec![] } else { comparing.await.map_err(|_| Failure::Internal)? };
    Ok(Hours {
        inner,
        form,
        open,
        days: date_span(chosen.first_day, chosen.last_day()),
        choices,
        zones,
        people: counted,
        registered,
        lengths,
    })
}

pub(crate) fn days_of(candidate: Candidate) -> Vec<Date> {
    (0..i64::from(candidate.days.max(1)))
        .filter_map(|more| candidate.first_day.checked_add(Span::new().days(more)).ok())
        .collect()
}

/// In which zones the day could be kept: the edition's, those of the plan, those of people, and one for each usual
/// offset around the world.
pub(crate) fn zones_of(plan: &DatePlan, edition: &Edition, people: &[Expected]) -> Vec<Zone> {
    let mut out: Vec<Zone> = vec![edition.zone.clone()];
    let world = AROUND_THE_WORLD.iter().filter_map(|name| Zone::parse(name).ok());
    let people = people.iter().map(|one| one.zone.clone());
    for zone in plan.zones.iter().cloned().chain(people).chain(world) {
        if out.len() < 120 && !out.contains(&zone) {
            out.push(zone);
        }
    }
    out
}

fn compare(
    length: u16,
    days: &[Date],
    people: &[Expected],
    zones: &[Zone],
    only: Option<&Zone>,
) -> LengthView {
    let ask = |zones: Vec<Zone>, starts: Vec<u16>| windows((length, days), people, zones, starts);
    let windows = ask(only.map_or_else(|| zones.to_vec(), |zone| vec![zone.clone()]), Question::every_hour());
    let ordinary = ask(zones.to_vec(), vec![9 * 60]);
    let best = windows.first();
    LengthView {
        name: named(length),
        seats: best.map(|best| seats(best, length)).unwrap_or_default(),
        best: best.map(|best| told(best, 0)).unwrap_or_default(),
        windows: windows.iter().take(LISTED).zip(1..).map(|(window, rank)| view(window, rank)).collect(),
        ordinary: ordinary
            .iter()
            .filter(|window| window.seated > 0)
            .take(LISTED)
            .map(|window| OrdinaryView {
                zone: place_names(
                    window.names.iter().filter(|name| name.begins == Clock(540)).map(|name| name.zone.name()),
                ),
                offset: window.names.first().map(|name| offset(&name.zone, window.start)).unwrap_or_default(),
                hours: window
                    .names
                    .first()
                    .map(|name| format!("{}–{}", name.begins, name.ends))
                    .unwrap_or_default(),
                seated: window.seated,
                percent: window.percent(),
                left_out: left_out(window),
            })
            .collect(),
    }
}

/// "8 hours", "7 hours 30 minutes".
fn named(minutes: u16) -> String {
    let (hours, rest) = (minutes / 60, minutes % 60);
    let hours = if hours == 1 { "1 hour".to_owned() } else { format!("{hours} hours") };
    if rest == 0 { hours } else { format!("{hours} {rest} minutes") }
}

/// `Halifax, Sao Paulo` of `America/Halifax` and `America/Sao_Paulo`.
fn place_names<'a>(zones: impl Iterator<Item = &'a str>) -> String {
    zones.take(4).map(short).collect::<Vec<_>>().join(", ")
}

fn short(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// `UTC−3`, `UTC+5:30`.
fn offset(zone: &Zone, at: Timestamp) -> String {
    let minutes = zone.rules().to_offset(at).seconds() / 60;
    let sign = if minutes < 0 { '\u{2212}' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    match (minutes, rest) {
        (0, _) => "UTC".to_owned(),
        (_, 0) => format!("UTC{sign}{hours}"),
        _ => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

/// The hours under one of their names.
fn told(window: &Window, name: usize) -> String {
    window
        .names
        .get(name)
        .map(|name| format!("{}–{} in {}", name.begins, name.ends, short(name.zone.name())))
        .unwrap_or_default()
}

fn left_out(window: &Window) -> String {
    let mut out: Vec<String> = window
        .left_out()
        .take(4)
        .map(|seat| format!("{} ({}, {}–{})", short(seat.zone.name()), seat.people, seat.begins, seat.ends))
        .collect();
    let more = window.left_out().count().saturating_sub(4);
    if more > 0 {
        out.push(format!("{more} more zones"));
    }
    out.join("; ")
}

fn view(window: &Window, rank: usize) -> WindowView {
    // The same hours where most people are.
    let also: Vec<String> = window
        .seats
        .iter()
        .filter(|seat| window.names.first().is_none_or(|name| name.zone != seat.zone))
        .take(3)
        .map(|seat| format!("{} in {}", seat.begins, short(seat.zone.name())))
        .collect();
    let first = window.names.first();
    WindowView {
        rank,
        hours: first.map(|name| format!("{}–{}", name.begins, name.ends)).unwrap_or_default(),
        zone: first.map(|name| short(name.zone.name())).unwrap_or_default(),
        offset: first.map(|name| offset(&name.zone, window.start)).unwrap_or_default(),
        also: also.join(", "),
        seated: window.seated,
        percent: window.percent(),
        person_hours: format!("{:.0}", window.person_hours),
        left_out: left_out(window),
    }
}

fn seats(window: &Window, length: u16) -> Vec<SeatView> {
    window
        .seats
        .iter()
        .take(60)
        .map(|seat| SeatView {
            zone: seat.zone.name().to_owned(),
            people: seat.people,
            hours: format!("{}–{}", seat.begins, seat.ends),
            whole: seat.whole,
            minutes: seat.minutes,
            length,
            told: if seat.minutes == 0 {
                "none of it".to_owned()
            } else {
                format!(
                    "{}:{:02} of {}:{:02} h",
                    seat.minutes / 60,
                    seat.minutes % 60,
                    length / 60,
                    length % 60
                )
            },
        })
        .collect()
}

/// The form with what a plan holds.
fn filled(plan: &DatePlan, version: i64) -> Form {
    let expected: Vec<String> =
        plan.expected.iter().map(|one| format!("{} {}", one.zone.name(), one.people)).collect();
    let zones: Vec<&str> = plan.zones.iter().map(Zone::name).collect();
    let lengths: Vec<String> =
        lengths_of(plan).iter().map(|minutes| format!("{}", f64::from(*minutes) / 60.0)).collect();
    Form::default()
        .with("version", version)
        .with("expected", expected.join("\n"))
        .with("zones", zones.join("\n"))
        .with("lengths", lengths.join(", "))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::PlanDates, &Place::edition(&edition))?;
    let (now, version) = site.store().date_plan(edition.id).await?;
    if form.merge(&filled(&now, version)) {
        let expected = form.read("expected", read_expected);
        let zones = form.read("zones", read_zones);
        let lengths = form.read("lengths", read_lengths);
        if let (Some(expected), Some(zones), Some(lengths)) = (expected, zones, lengths) {
            // What concerns the dates stands on their page.
            let rule = |before: DatePlan| Ok(DatePlan { expected, zones, lengths, ..before });
            match site.store().change_date_plan(&person.subject.actor, edition.id, version, rule).await {
                Ok(()) => {
                    let to = EditionDesk::Hours.path(&edition.slug);
                    return done(&site, &to, "The hours are compared anew.");
                }
                Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
                Err(error) => return Err(error.into()),
            }
        }
    }
    again(&draw(&site, &asked, &person, &edition, Some(form)).await?)
}

fn read_zones(text: &str) -> Result<Vec<Zone>, Refusal> {
    let words: Vec<&str> =
        text.split([',', ';', '\n']).map(str::trim).filter(|word| !word.is_empty()).collect();
    words.into_iter().map(|word| Zone::parse(&word.replace(' ', "_"))).collect()
}

/// Lengths in hours: `4, 7.5`.
fn read_lengths(text: &str) -> Result<Vec<u16>, Refusal> {
    let mut out = vec![];
    for word in text.split([',', ';', '\n', ' ']).map(str::trim).filter(|word| !word.is_empty()) {
        let hours: Option<f64> = word.parse().ok().filter(|hours| (0.5..=24.0).contains(hours));
        let Some(hours) = hours else {
            return Err(Refusal::new(
                "lengths",
                format!("\"{}\" is no length from 0.5 to 24 hours", excerpt(word, 30)),
                "Write hours, such as 4, 7.5",
            ));
        };
        out.push((hours * 60.0).round() as u16);
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_typed_in_hours() {
        assert_eq!(read_lengths("8, 4\n7.5").unwrap(), [240, 450, 480]);
        assert_eq!(named(450), "7 hours 30 minutes");
        for nonsense in ["0", "25", "four", "NaN"] {
            assert!(read_lengths(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn an_offset_is_written_as_people_say_it() {
        let at = |zone: &str| offset(&Zone::parse(zone).unwrap(), "2027-08-24T12:00:00Z".parse().unwrap());
        assert_eq!(
            [at("America/Halifax"), at("Asia/Kolkata"), at("UTC")],
            ["UTC\u{2212}3", "UTC+5:30", "UTC"]
        );
    }
}
