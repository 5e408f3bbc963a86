//! Dates of an edition against other conferences: the candidates, the season at a glance, the calendars behind them.

use super::{calendars, enter, form_at};
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
use jiff::Span;
use model::{
    Refusal,
    address::EditionDesk,
    calendar::{Candidate, DatePlan, OtherConference, Season, Weekdays, read_candidates, read_words},
    country::Country,
    edition::Edition,
    permission::{Action, Place},
    text::Line,
};
use planner::dates::{Comparison, Judged, Ours, Severity, candidates};

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/{edition}/dates/", get(page).post(save));
    calendars::routes(router)
}

const HELP: &str = "Days on which the edition could take place, compared with other conferences: what clashes, how badly and why, and which weeks are clear.";

/// Clashes of a candidate that are listed; the others are counted.
pub(crate) const LISTED: usize = 30;

/// Candidates that are shown with their clashes; of a long season only the best.
const SHOWN: usize = 30;

#[derive(Template)]
#[template(path = "desk/dates.html")]
pub(super) struct Dates {
    inner: Inner,
    form: Form,
    upload: Form,
    address: Form,
    weekdays: Vec<(String, String)>,
    /// How many other conferences are known.
    others: usize,
    topics: String,
    months: Vec<Month>,
    candidates: Vec<CandidateView>,
    more: usize,
    calendars: Vec<calendars::View>,
    to_calendars: String,
    open: bool,
}

/// A row of the season.
struct Month {
    name: String,
    weeks: Vec<WeekView>,
}

struct WeekView {
    days: String,
    heat: u8,
    told: String,
    clear: bool,
}

struct CandidateView {
    id: String,
    days: String,
    own: bool,
    clear: bool,
    serious: bool,
    counts: [usize; 3],
    clashes: Vec<ClashView>,
    more: usize,
}

struct ClashView {
    name: String,
    url: String,
    days: String,
    place: String,
    severity: &'static str,
    state: &'static str,
    why: String,
    source: String,
}

async fn page(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::PlanDates, &Place::edition(&edition))?;
    show(&draw(&site, &asked, &person, &edition, Forms::default()).await?)
}

/// Forms that were refused and are drawn again.
#[derive(Default)]
pub(super) struct Forms {
    pub(super) plan: Option<Form>,
    pub(super) upload: Option<Form>,
    pub(super) address: Option<Form>,
}

/// The page, with what was refused in its form.
pub(super) async fn draw(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    forms: Forms,
) -> Result<Dates, Failure> {
    let (plan, version) = site.store().date_plan(edition.id).await?;
    let calendars = site.store().calendars(edition.id).await?;
    let others = site.store().other_conferences(edition.id).await?;
    let path = EditionDesk::Dates.path(&edition.slug);
    let inner = Inner::edition(person, edition, &path, "Dates", HELP).noticing(site, &asked.headers);
    let open = forms.plan.is_some() || version == 0;
    let form = forms.plan.unwrap_or_else(|| filled(&plan, edition, version));
    let counted = others.len();
    let known = edition.clone();
    let judging = tokio::task::spawn_blocking(move || judge(&plan, &known, &others));
    let (months, candidates, more, topics) = judging.await.map_err(|_| Failure::Internal)?;
    Ok(Dates {
        inner,
        form,
        upload: forms.upload.unwrap_or_default(),
        address: forms.address.unwrap_or_default(),
        weekdays: Weekdays::ALL
            .iter()
            .map(|day| (day.shown().to_lowercase(), day.shown().to_owned()))
            .collect(),
        others: counted,
        topics,
        months,
        candidates,
        more,
        calendars: calendars.iter().map(|one| calendars::View::of(one, edition)).collect(),
        to_calendars: format!("{path}calendars/"),
        open,
    })
}

/// The season of a plan: its own, else eight weeks around the edition's dates, on the day of the week on which it
/// begins.
pub(crate) fn season_of(plan: &DatePlan, edition: &Edition) -> Season {
    plan.season.unwrap_or_else(|| {
        let weeks =
            |weeks: i64| edition.first_day.checked_add(Span::new().weeks(weeks)).unwrap_or(edition.first_day);
        Season {
            from: weeks(-8),
            to: weeks(9),
            weekday: Weekdays::of(edition.first_day),
            days: length_of(edition),
        }
    })
}

/// How many days the edition lasts.
fn length_of(edition: &Edition) -> u8 {
    let days = edition.first_day.until(edition.last_day).map_or(0, |span| span.get_days()) + 1;
    u8::try_from(days.clamp(1, 30)).unwrap_or(1)
}

/// The candidates of a plan, with the edition's own dates.
pub(crate) fn all_candidates(plan: &DatePlan, edition: &Edition) -> Vec<Candidate> {
    let own = Candidate { first_day: edition.first_day, days: length_of(edition) };
    std::iter::once(own)
        .chain(plan.candidates.iter().copied())
        .chain(candidates(&season_of(plan, edition)))
        .collect()
}

type Told = (Vec<Month>, Vec<CandidateView>, usize, String);

/// The edition as a plan has it compared.
pub(crate) fn ours(plan: &DatePlan, edition: &Edition) -> Ours {
    let country = plan.country.non_empty().unwrap_or(edition.country.as_str());
    Ours {
        series: edition.series.clone(),
        topics: plan.topics.clone(),
        city: if plan.country.is_empty() { edition.city.clone() } else { Line::default() },
        country: Country::parse(country).or_else(|| Country::of_place(country)),
        continent: plan.continent,
        margin: plan.margin,
    }
}

/// The country that somebody typed, as plans name it.
pub(crate) fn country_of(text: &str) -> Result<Line, Refusal> {
    Country::parse(text).map(|country| Line::clean(country.name())).ok_or_else(|| {
        let remedy = "Write its name in English, or its code of two letters";
        Refusal::new("country", "no country is called so", remedy)
    })
}

fn judge(plan: &DatePlan, edition: &Edition, others: &[OtherConference]) -> Told {
    let ours = ours(plan, edition);
    let comparison = Comparison::new(&ours, others);
    let season = season_of(plan, edition);
    let mut months: Vec<Month> = vec![];
    for week in comparison.weeks(season.from, season.to) {
        let name = week.monday.strftime("%B %Y").to_string();
        let sunday = week.monday.checked_add(Span::new().days(6)).unwrap_or(week.monday);
        let view = WeekView {
            days: format!("{}–{}", week.monday.day(), sunday.day()),
            heat: week.heat,
            told: told(week.counts),
            clear: week.is_clear(),
        };
        match months.last_mut() {
            Some(month) if month.name == name => month.weeks.push(view),
            _ => months.push(Month { name, weeks: vec![view] }),
        }
    }
    let mut ranked = comparison.rank(all_candidates(plan, edition));
    let more = ranked.len().saturating_sub(SHOWN);
    // The edition's own dates are shown however they do.
    let mut at = 0;
    ranked.retain(|judged| {
        at += 1;
        at <= SHOWN || judged.candidate.first_day == edition.first_day
    });
    let views = ranked.iter().map(|judged| candidate_view(judged, edition)).collect();
    let topics = plan.topics.iter().map(Line::as_str).collect::<Vec<_>>().join(", ");
    (months, views, more, topics)
}

/// "2 serious, 1 notable", the worst first; empty where there is nothing.
fn told(counts: [usize; 3]) -> String {
    let names = [Severity::Serious, Severity::Notable, Severity::Slight];
    names
        .iter()
        .map(|severity| (counts[*severity as usize], severity.shown()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn candidate_view(judged: &Judged<'_>, edition: &Edition) -> CandidateView {
    let Candidate { first_day, days } = judged.candidate;
    let clashes = judged.clashes.iter().take(LISTED).map(|clash| ClashView {
        name: clash.other.name.to_string(),
        url: clash.other.url.as_ref().map(ToString::to_string).unwrap_or_default(),
        days: date_span(clash.other.first_day, clash.other.last_day),
        place: clash.other.place(),
        severity: clash.severity.shown(),
        state: match clash.severity {
            Severity::Serious => "bad",
            Severity::Notable => "wait",
            Severity::Slight => "",
        },
        why: clash.why(),
        source: clash.other.source.to_string(),
    });
    CandidateView {
        id: format!("c-{first_day}-{days}"),
        days: date_span(first_day, judged.candidate.last_day()),
        own: first_day == edition.first_day && days == length_of(edition),
        clear: judged.is_clear(),
        serious: judged.count(Severity::Serious) > 0,
        counts: [Severity::Serious, Severity::Notable, Severity::Slight].map(|one| judged.count(one)),
        clashes: clashes.collect(),
        more: judged.clashes.len().saturating_sub(LISTED),
    }
}

/// The form with what a plan holds.
fn filled(plan: &DatePlan, edition: &Edition, version: i64) -> Form {
    let season = season_of(plan, edition);
    let candidates: Vec<String> =
        plan.candidates.iter().map(|one| format!("{} {}", one.first_day, one.days)).collect();
    let topics: Vec<&str> = plan.topics.iter().map(Line::as_str).collect();
    Form::default()
        .with("version", version)
        .with("topics", topics.join(", "))
        .with("country", &plan.country)
        .ticked("continent", plan.continent)
        .with("margin", plan.margin)
        .with("from", season.from)
        .with("to", season.to)
        .with("weekday", season.weekday.shown().to_lowercase())
        .with("days", season.days)
        .with("candidates", candidates.join("\n"))
}

/// What the form says; `None` when a field is refused, which then says why.
fn read(form: &mut Form) -> Option<DatePlan> {
    let from = form.date("from");
    let to = form.date("to");
    let days = form.number("days", 1, 30);
    let margin = form.number("margin", 0, 30);
    let weekday = form.read("weekday", |text| {
        Weekdays::parse(text).ok_or_else(|| Refusal::new("weekday", "it is no day of the week", "Choose one"))
    });
    let country = form.read_optional("country", country_of);
    let candidates = form.read("candidates", read_candidates);
    let season = Season { from: from?, to: to?, weekday: weekday?, days: u8::try_from(days?).unwrap_or(30) };
    Some(DatePlan {
        candidates: candidates?,
        season: Some(season),
        topics: read_words(form.value("topics")),
        country: country?.unwrap_or_default(),
        continent: form.is_ticked("continent"),
        margin: u8::try_from(margin?).unwrap_or(30),
        ..DatePlan::default()
    })
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
    if form.merge(&filled(&now, &edition, version))
        && let Some(plan) = read(&mut form)
    {
        // What concerns the hours stands on their page.
        let rule = |before: DatePlan| {
            Ok(DatePlan { expected: before.expected, zones: before.zones, lengths: before.lengths, ..plan })
        };
        match site.store().change_date_plan(&person.subject.actor, edition.id, version, rule).await {
            Ok(()) => {
                return done(&site, &EditionDesk::Dates.path(&edition.slug), "The dates are compared anew.");
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&draw(&site, &asked, &person, &edition, Forms { plan: Some(form), ..Forms::default() }).await?)
}
