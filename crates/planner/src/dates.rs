//! Candidate dates of an edition against other conferences: which clash, how badly and why, and which weeks are clear.
//!
//! # How a clash is judged
//!
//! Two things make one bad: people who would want to be at both (*interest*, from the topics), and being at both is
//! hard (*place*). Interest is 0 to 100 points: 100 for the same series; else 40 for each shared topic and 30 for each
//! of our topics that the other's name holds, up to 90; a list's topic "general" counts 10. Place is 30 points in the
//! same city, 20 in the same country and, where asked for, 10 on the same continent.
//!
//! | severity | when |
//! |---|---|
//! | serious | interest of 40 or more, and at least one day in common |
//! | notable | interest of 10 or more or place of 20 or more on a common day; or interest of 40 or more within the margin |
//! | slight | everything else on a common day; lesser interest within the margin |
//!
//! A conference within the margin of days has no day in common, but whoever travels cannot be at both.

use jiff::{Span, civil::Date};
use model::{
    calendar::{Candidate, OtherConference, Season},
    country::Country,
    text::{Line, folded},
};
use std::{cmp::Reverse, collections::HashSet};

/// How bad a clash is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// At the same time, for other people elsewhere.
    Slight,
    /// Some people would want both.
    Notable,
    /// Many people would want both.
    Serious,
}

impl Severity {
    /// What people read.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Slight => "slight",
            Self::Notable => "notable",
            Self::Serious => "serious",
        }
    }

    /// How much it weighs when candidates and weeks are compared.
    fn weight(self) -> u32 {
        match self {
            Self::Slight => 1,
            Self::Notable => 5,
            Self::Serious => 25,
        }
    }
}

/// The edition, as far as dates are compared.
#[derive(Clone, Debug, Default)]
pub struct Ours {
    /// Its series: the same series elsewhere clashes most.
    pub series: Line,
    /// What it is about.
    pub topics: Vec<Line>,
    /// The city, where it is known.
    pub city: Line,
    /// The country, where it is known.
    pub country: Option<Country>,
    /// Whether the same continent counts.
    pub continent: bool,
    /// Within how many days another conference is too near to travel from one to the other.
    pub margin: u8,
}

/// How two conferences meet in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// On that many common days.
    Days(u16),
    /// The other ends that many days before ours begins; 1: the day before.
    Before(u16),
    /// The other begins that many days after ours ends; 1: the day after.
    After(u16),
}

/// Another conference at the same time or too near.
#[derive(Clone, Debug)]
pub struct Clash<'a> {
    /// Which.
    pub other: &'a OtherConference,
    /// How they meet.
    pub meeting: Meeting,
    /// How bad it is.
    pub severity: Severity,
    /// How much the two are about the same, 0 to 100.
    pub interest: u8,
    /// How near they are, 0 to 30.
    pub place: u8,
    /// Why, in words, the most telling first.
    pub reasons: Vec<String>,
}

impl Clash<'_> {
    /// The reasons as one sentence without a full stop.
    pub fn why(&self) -> String {
        let mut out = self.reasons.join("; ");
        if let Some(first) = out.get(..1).map(str::to_uppercase) {
            out.replace_range(..1, &first);
        }
        out
    }
}

/// A candidate and what clashes with it.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// The days.
    pub candidate: Candidate,
    /// What clashes, worst first.
    pub clashes: Vec<Clash<'a>>,
}

impl Judged<'_> {
    /// How many clashes there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.clashes.iter().filter(|clash| clash.severity == severity).count()
    }

    /// The sum that candidates are ranked by: 25 for a serious clash, 5 for a notable, 1 for a slight one.
    pub fn burden(&self) -> u32 {
        self.clashes.iter().map(|clash| clash.severity.weight()).sum()
    }

    /// Whether nothing serious or notable clashes.
    pub fn is_clear(&self) -> bool {
        self.clashes.iter().all(|clash| clash.severity == Severity::Slight)
    }
}

/// One week of the season at a glance: Monday to Sunday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub monday: Date,
    /// How many conferences of each severity touch it: slight, notable, serious.
    pub counts: [usize; 3],
    /// 0 for a clear week, up to 4 for the fullest of the season.
    pub heat: u8,
}

impl Week {
    /// Whether nothing serious or notable touches it.
    pub fn is_clear(&self) -> bool {
        self.counts[1] == 0 && self.counts[2] == 0
    }
}

/// The other conferences, prepared for many comparisons.
#[derive(Debug)]
pub struct Comparison<'a> {
    ours: &'a Ours,
    others: Vec<Other<'a>>,
}

/// What does not depend on the dates of ours.
#[derive(Debug)]
struct Other<'a> {
    conference: &'a OtherConference,
    interest: u8,
    place: u8,
    reasons: Vec<String>,
}

impl<'a> Comparison<'a> {
    /// Compares topics and places, once for all dates.
    pub fn new(ours: &'a Ours, others: impl IntoIterator<Item = &'a OtherConference>) -> Self {
        let topics: Vec<(&Line, String)> =
            ours.topics.iter().map(|topic| (topic, folded(topic.as_str()))).collect();
        let series = words(ours.series.as_str()).join(" ");
        let mut others: Vec<Other<'a>> = others
            .into_iter()
            .map(|conference| {
                let mut reasons = vec![];
                let interest = interest(&topics, &series, conference, &mut reasons);
                let place = place(ours, conference, &mut reasons);
                Other { conference, interest, place, reasons }
            })
            .collect();
        others.sort_by_key(|other| other.conference.first_day);
        Self { ours, others }
    }

    /// What clashes with a candidate, worst first.
    pub fn judge(&self, candidate: Candidate) -> Judged<'a> {
        let (first, last) = (candidate.first_day, candidate.last_day());
        let mut clashes: Vec<Clash<'a>> = self
            .others
            .iter()
            .take_while(|other| days(last, other.conference.first_day) <= i32::from(self.ours.margin))
            .filter_map(|other| {
                let meeting = meet(first, last, other.conference, self.ours.margin)?;
                let severity = severity(meeting, other.interest, other.place);
                let mut reasons = other.reasons.clone();
                reasons.push(said(meeting, candidate));
                Some(Clash {
                    other: other.conference,
                    meeting,
                    severity,
                    interest: other.interest,
                    place: other.place,
                    reasons,
                })
            })
            .collect();
        clashes.sort_by_key(|clash| {
            let common = match clash.meeting {
                Meeting::Days(days) => days,
                Meeting::Before(_) | Meeting::After(_) => 0,
            };
            (Reverse((clash.severity, clash.interest, common, clash.place)), clash.other.first_day)
        });
        Judged { candidate, clashes }
    }

    /// All candidates with what clashes, the least burdened first, then the earliest.
    pub fn rank(&self, candidates: impl IntoIterator<Item = Candidate>) -> Vec<Judged<'a>> {
        let mut seen = HashSet::new();
        let mut out: Vec<Judged<'a>> = candidates
            .into_iter()
            .filter(|candidate| seen.insert(*candidate))
            .map(|candidate| self.judge(candidate))
            .collect();
        out.sort_by_key(|judged| {
            (
                judged.count(Severity::Serious),
                judged.burden(),
                judged.candidate.first_day,
                judged.candidate.days,
            )
        });
        out
    }

    /// The weeks from the one of `from` to the one of `to`, with how full each is. A conference counts in every week
    /// that it touches, by how bad it would be on a common day.
    pub fn weeks(&self, from: Date, to: Date) -> Vec<Week> {
        let mut weeks = vec![];
        let mut monday = monday_of(from);
        while monday <= to && weeks.len() < 120 {
            let sunday = plus(monday, 6);
            let mut counts = [0; 3];
            for other in self.others.iter().take_while(|other| other.conference.first_day <= sunday) {
                if other.conference.last_day >= monday {
                    let severity = severity(Meeting::Days(1), other.interest, other.place);
                    counts[severity as usize] += 1;
                }
            }
            weeks.push(Week { monday, counts, heat: 0 });
            let next = plus(monday, 7);
            if next <= monday {
                break;
            }
            monday = next;
        }
        let burden = |week: &Week| -> u32 {
            let of = |at: usize, severity: Severity| {
                u32::try_from(week.counts[at]).unwrap_or(u32::MAX).saturating_mul(severity.weight())
            };
            of(0, Severity::Slight)
                .saturating_add(of(1, Severity::Notable))
                .saturating_add(of(2, Severity::Serious))
        };
        let most = weeks.iter().map(burden).max().unwrap_or_default().max(1);
        for week in &mut weeks {
            let share = burden(week);
            week.heat = match (week.is_clear(), share) {
                (true, 0) => 0,
                // However many slight ones there are, a week without others is never shown as a full one.
                (true, _) => 1,
                (false, share) => 2 + u8::from(share * 3 > most) + u8::from(share * 3 > 2 * most),
            };
        }
        weeks
    }
}

/// The candidates of a season: one in each of its weeks, on its day of the week.
pub fn candidates(season: &Season) -> Vec<Candidate> {
    let ahead = (Date::weekday(season.from).to_monday_zero_offset(), weekday_offset(season));
    let mut first = plus(season.from, i64::from((ahead.1 - ahead.0).rem_euclid(7)));
    let mut out = vec![];
    while out.len() < 120 {
        let candidate = Candidate { first_day: first, days: season.days.clamp(1, 30) };
        if candidate.last_day() > season.to {
            break;
        }
        out.push(candidate);
        let next = plus(first, 7);
        if next <= first {
            break;
        }
        first = next;
    }
    out
}

fn weekday_offset(season: &Season) -> i8 {
    model::calendar::Weekdays::ALL
        .iter()
        .zip(0..)
        .find_map(|(day, at)| (*day == season.weekday).then_some(at))
        .unwrap_or_default()
}

fn monday_of(date: Date) -> Date {
    plus(date, -i64::from(date.weekday().to_monday_zero_offset()))
}

/// `date` and so many days; the end of time where there are none.
fn plus(date: Date, days: i64) -> Date {
    date.checked_add(Span::new().days(days)).unwrap_or(if days < 0 { Date::MIN } else { Date::MAX })
}

/// Days from `from` to `to`.
fn days(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}

fn meet(first: Date, last: Date, other: &OtherConference, margin: u8) -> Option<Meeting> {
    let short = |days: i32| u16::try_from(days).unwrap_or(u16::MAX);
    let margin = i32::from(margin);
    let common = days(first.max(other.first_day), last.min(other.last_day)) + 1;
    if common >= 1 {
        return Some(Meeting::Days(short(common)));
    }
    let (before, after) = (days(other.last_day, first), days(last, other.first_day));
    if (1..=margin).contains(&before) {
        Some(Meeting::Before(short(before)))
    } else if (1..=margin).contains(&after) {
        Some(Meeting::After(short(after)))
    } else {
        None
    }
}

fn severity(meeting: Meeting, interest: u8, place: u8) -> Severity {
    match (meeting, interest, place) {
        (Meeting::Days(_), 40.., _) => Severity::Serious,
        (Meeting::Days(_), 10.., _) | (Meeting::Days(_), _, 20..) | (_, 40.., _) => Severity::Notable,
        _ => Severity::Slight,
    }
}

fn said(meeting: Meeting, candidate: Candidate) -> String {
    let counted = |days: u16| if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    match meeting {
        Meeting::Days(days) if days == u16::from(candidate.days) && days > 1 => {
            format!("on all {days} of our days")
        }
        Meeting::Days(days) => format!("{} in common", counted(days)),
        Meeting::Before(days) => format!("ends {} before", counted(days)),
        Meeting::After(days) => format!("begins {} after", counted(days)),
    }
}

/// The words of a text, folded, without what tells one year of a series from the next.
fn words(text: &str) -> Vec<String> {
    folded(text)
        .split(|c: char| !(c.is_alphanumeric() || c == '+' || c == '#'))
        .filter(|word| !word.is_empty() && (word.len() != 4 || !word.starts_with("20")))
        .map(str::to_owned)
        .collect()
}

fn interest(
    topics: &[(&Line, String)],
    series: &str,
    other: &OtherConference,
    reasons: &mut Vec<String>,
) -> u8 {
    let name = words(other.name.as_str());
    if !series.is_empty() && name.join(" ") == series {
        reasons.push("the same series".to_owned());
        return 100;
    }
    let theirs: Vec<String> = other.topics.iter().map(|topic| folded(topic.as_str())).collect();
    let (mut shared, mut named) = (vec![], vec![]);
    for (topic, ours) in topics {
        if theirs.contains(ours) {
            shared.push(topic.as_str());
        } else if holds(&name, &words(ours)) {
            named.push(topic.as_str());
        }
    }
    let mut points = 40 * shared.len() + 30 * named.len();
    if !shared.is_empty() {
        reasons.push(format!("also about {}", listed(&shared)));
    }
    if !named.is_empty() {
        reasons.push(format!("{} in its name", listed(&named)));
    }
    if points == 0 && theirs.iter().any(|topic| topic == "general") {
        points = 10;
        reasons.push("for everybody in the field".to_owned());
    }
    u8::try_from(points.min(90)).unwrap_or(90)
}

/// Whether the words of a topic stand in a row in a name.
fn holds(name: &[String], topic: &[String]) -> bool {
    !topic.is_empty() && name.windows(topic.len()).any(|part| part == topic)
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn place(ours: &Ours, other: &OtherConference, reasons: &mut Vec<String>) -> u8 {
    let theirs = other.land();
    let same_country = ours.country.is_some() && ours.country == theirs;
    let city = folded(ours.city.as_str());
    let their_city = folded(other.city.as_str().split(',').next().unwrap_or_default().trim());
    if !city.is_empty() && city == their_city && (same_country || theirs.is_none() || ours.country.is_none())
    {
        reasons.push(format!("in {} too", ours.city));
        return 30;
    }
    if same_country {
        let name = ours.country.map(Country::name).unwrap_or_default();
        reasons.push(format!("in {name} too"));
        return 20;
    }
    let continents = (ours.country.and_then(Country::continent), theirs.and_then(Country::continent));
    if let (true, (Some(here), Some(there))) = (ours.continent, continents)
        && here == there
    {
        reasons.push(format!("in {} too", here.name()));
        return 10;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use model::calendar::Weekdays;

    fn other(
        name: &str,
        first: Date,
        last: Date,
        city: &str,
        country: &str,
        topics: &[&str],
    ) -> OtherConference {
        OtherConference {
            name: name.into(),
            url: None,
            first_day: first,
            last_day: last,
            city: city.into(),
            country: country.into(),
            online: false,
            topics: topics.iter().map(|topic| Line::clean(topic)).collect(),
            cfp_end: None,
            source: Line::default(),
        }
    }

    fn ours() -> Ours {
        Ours {
            series: "Garden Conference".into(),
            topics: vec!["soil".into(), "tree nursery".into()],
            city: "Brussels".into(),
            country: Country::parse("Belgium"),
            continent: true,
            margin: 2,
        }
    }

    fn on(day: i8, days: u8) -> Candidate {
        Candidate { first_day: date(2027, 9, day), days }
    }

    #[test]
    fn a_clash_says_how_many_days_what_topic_and_what_country_the_two_share() {
        let others = [
            other("Soil Days", date(2027, 9, 14), date(2027, 9, 17), "Ghent", "Belgium", &["soil", "water"]),
            other("Tree Nursery Summit 2027", date(2027, 9, 15), date(2027, 9, 15), "Lille", "France", &[]),
            other("Concrete Week", date(2027, 9, 13), date(2027, 9, 15), "Austin, TX", "", &["concrete"]),
            other("Far away", date(2027, 9, 18), date(2027, 9, 19), "Ghent", "Belgium", &["soil"]),
        ];
        let ours = ours();
        let judged = Comparison::new(&ours, &others).judge(on(13, 3));
        let told: Vec<_> = judged
            .clashes
            .iter()
            .map(|clash| (clash.other.name.as_str(), clash.meeting, clash.severity, clash.why()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "Soil Days",
                    Meeting::Days(2),
                    Severity::Serious,
                    "Also about soil; in Belgium too; 2 days in common".to_owned()
                ),
                (
                    "Tree Nursery Summit 2027",
                    Meeting::Days(1),
                    Severity::Notable,
                    "Tree nursery in its name; in Europe too; 1 day in common".to_owned()
                ),
                ("Concrete Week", Meeting::Days(3), Severity::Slight, "On all 3 of our days".to_owned()),
            ]
        );
        assert_eq!(judged.burden(), 31);
    }

    #[test]
    fn one_cannot_travel_from_one_to_the_other_within_the_margin() {
        let others = [
            other("Soil Days", date(2027, 9, 10), date(2027, 9, 11), "Oslo", "Norway", &["soil"]),
            other("Next", date(2027, 9, 17), date(2027, 9, 17), "Brussels", "Belgium", &[]),
            other("Later", date(2027, 9, 18), date(2027, 9, 18), "Brussels", "Belgium", &["soil"]),
        ];
        let ours = ours();
        let judged = Comparison::new(&ours, &others).judge(on(13, 3));
        assert_eq!(judged.clashes.len(), 2);
        assert_eq!(
            (judged.clashes[0].meeting, judged.clashes[0].severity),
            (Meeting::Before(2), Severity::Notable)
        );
        assert_eq!(
            (judged.clashes[1].meeting, judged.clashes[1].severity),
            (Meeting::After(2), Severity::Slight)
        );
        assert_eq!(judged.clashes[1].place, 30);
    }

    #[test]
    fn the_same_series_in_another_year_is_the_same_series_and_a_word_within_a_word_is_no_topic() {
        let others = [
            other("Garden Conference 2027", date(2027, 9, 13), date(2027, 9, 13), "", "", &[]),
            other("Soiled Goods Fair", date(2027, 9, 13), date(2027, 9, 13), "", "", &[]),
            other("Meetup", date(2027, 9, 13), date(2027, 9, 13), "", "", &["general"]),
        ];
        let ours = ours();
        let judged = Comparison::new(&ours, &others).judge(on(13, 1));
        let interest: Vec<_> =
            judged.clashes.iter().map(|clash| (clash.other.name.as_str(), clash.interest)).collect();
        assert_eq!(interest, [("Garden Conference 2027", 100), ("Meetup", 10), ("Soiled Goods Fair", 0)]);
    }

    #[test]
    fn candidates_without_serious_clashes_come_first() {
        let others = [
            other("Soil Days", date(2027, 9, 6), date(2027, 9, 7), "", "", &["soil"]),
            other("A", date(2027, 9, 13), date(2027, 9, 14), "", "", &[]),
            other("B", date(2027, 9, 13), date(2027, 9, 14), "", "Belgium", &[]),
        ];
        let ours = Ours { margin: 0, ..ours() };
        let season =
            Season { from: date(2027, 9, 1), to: date(2027, 9, 23), weekday: Weekdays::Monday, days: 3 };
        let weeks = candidates(&season);
        assert_eq!(weeks, [on(6, 3), on(13, 3), on(20, 3)]);
        let ranked = Comparison::new(&ours, &others).rank(weeks.into_iter().chain([on(13, 3)]));
        let order: Vec<_> =
            ranked.iter().map(|one| (one.candidate.first_day.day(), one.is_clear())).collect();
        assert_eq!(order, [(20, true), (13, false), (6, false)]);
    }

    #[test]
    fn a_season_at_a_glance_tells_clear_weeks_from_full_ones() {
        let others = [
            other("Soil Days", date(2027, 9, 10), date(2027, 9, 13), "", "", &["soil"]),
            other("A", date(2027, 9, 20), date(2027, 9, 20), "", "", &[]),
            other("B", date(2027, 9, 27), date(2027, 9, 27), "", "Belgium", &[]),
        ];
        let ours = ours();
        let weeks = Comparison::new(&ours, &others).weeks(date(2027, 9, 1), date(2027, 10, 4));
        let told: Vec<_> =
            weeks.iter().map(|week| (week.monday.to_string(), week.counts, week.heat)).collect();
        assert_eq!(
            told,
            [
                ("2027-08-30".to_owned(), [0, 0, 0], 0),
                ("2027-09-06".to_owned(), [0, 0, 1], 4),
                ("2027-09-13".to_owned(), [0, 0, 1], 4),
                ("2027-09-20".to_owned(), [1, 0, 0], 1),
                ("2027-09-27".to_owned(), [0, 1, 0], 2),
                ("2027-10-04".to_owned(), [0, 0, 0], 0),
            ]
        );
        assert!(weeks[3].is_clear() && !weeks[4].is_clear());
    }

    #[test]
    fn the_ends_of_time_do_not_stop_a_comparison() {
        let ends = [
            other("First", Date::MIN, Date::MIN, "", "", &[]),
            other("Last", Date::MAX, Date::MAX, "", "", &[]),
        ];
        let ours = ours();
        let comparison = Comparison::new(&ours, &ends);
        for first_day in [Date::MIN, Date::MAX] {
            assert_eq!(comparison.judge(Candidate { first_day, days: 30 }).clashes.len(), 1);
            comparison.weeks(first_day, Date::MAX);
            candidates(&Season { from: first_day, to: Date::MAX, weekday: Weekdays::Friday, days: 30 });
        }
    }
}
