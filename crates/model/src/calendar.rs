//! Calendars of other conferences, and what an edition plans with: the facts behind the date planner.
//!
//! A calendar is a list that somebody else keeps: a file that was given, or an address that is fetched again and
//! again. Its conferences are not facts of ours, so the record keeps them as they were last read and never edits
//! them; what an edition's organisers typed themselves is their [`DatePlan`].

use crate::{
    Refusal,
    country::Country,
    id::{CalendarId, EditionId},
    text::{Line, WebUrl, excerpt, folded},
    time::Zone,
};
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// The most conferences of one calendar.
pub const CONFERENCES_MAX: usize = 20_000;

/// The most calendars of one edition.
pub const CALENDARS_MAX: usize = 50;

/// The most days that another conference may last; longer spans come from broken lists.
pub const LENGTH_MAX: i32 = 90;

/// Another conference, as a list tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherConference {
    /// Its name.
    pub name: Line,
    /// Its site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<WebUrl>,
    /// Its first day, where it takes place.
    pub first_day: Date,
    /// Its last day; never before the first, and at most [`LENGTH_MAX`] days long.
    pub last_day: Date,
    /// The city, or the whole place where the list does not tell the two apart.
    #[serde(default, skip_serializing_if = "Line::is_empty")]
    pub city: Line,
    /// The country as the list writes it.
    #[serde(default, skip_serializing_if = "Line::is_empty")]
    pub country: Line,
    /// Whether one can take part from afar.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub online: bool,
    /// What it is about, in the list's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Line>,
    /// The last day of its call for proposals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cfp_end: Option<Date>,
    /// The file of the list that names it.
    #[serde(default, skip_serializing_if = "Line::is_empty")]
    pub source: Line,
}

impl OtherConference {
    /// The country that it takes place in, where that is one.
    pub fn land(&self) -> Option<Country> {
        match self.country.non_empty() {
            Some(country) => Country::parse(country).or_else(|| Country::of_place(country)),
            None => self.city.as_str().contains(',').then(|| Country::of_place(self.city.as_str())).flatten(),
        }
    }

    /// City and country in one line.
    pub fn place(&self) -> String {
        match (self.city.non_empty(), self.country.non_empty()) {
            (Some(city), Some(country)) if city != country => format!("{city}, {country}"),
            (Some(one), _) | (None, Some(one)) => one.to_owned(),
            (None, None) if self.online => "Online".to_owned(),
            (None, None) => String::new(),
        }
    }
}

/// Puts a list into its canonical form: by date and name, and a conference that several lists or topics name stands
/// once, with all its topics.
pub fn normalise(conferences: &mut Vec<OtherConference>) {
    conferences.sort_by_cached_key(|one| (one.first_day, folded(one.name.as_str()), one.last_day));
    conferences.dedup_by(|later, kept| {
        let same =
            later.first_day == kept.first_day && folded(later.name.as_str()) == folded(kept.name.as_str());
        if same {
            kept.topics.append(&mut later.topics);
            kept.last_day = kept.last_day.max(later.last_day);
            kept.online |= later.online;
            if kept.url.is_none() {
                kept.url = later.url.take();
            }
            if kept.country.is_empty() {
                kept.country = std::mem::take(&mut later.country);
            }
            if kept.city.is_empty() {
                kept.city = std::mem::take(&mut later.city);
            }
            kept.cfp_end = kept.cfp_end.max(later.cfp_end);
        }
        same
    });
    for conference in conferences {
        conference.topics.sort_unstable();
        conference.topics.dedup();
    }
}

/// A list of other conferences that an edition is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Its identifier.
    pub id: CalendarId,
    /// Whose it is.
    pub edition: EditionId,
    /// What organisers call it.
    pub name: Line,
    /// Where it is fetched; `None` for a file that was given.
    #[serde(default)]
    pub address: Option<WebUrl>,
    /// Topics that all its conferences have, such as "python" for a calendar of Python conferences.
    #[serde(default)]
    pub topics: Vec<Line>,
    /// How many conferences it held when it was last read.
    pub conferences: u32,
    /// SHA-256 of what was last read from it, in hexadecimal; empty before the first time.
    #[serde(default)]
    pub digest: String,
}

/// Days on which the edition could take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// The first of them.
    pub first_day: Date,
    /// How many, from 1 to 30.
    pub days: u8,
}

impl Candidate {
    /// The last day.
    pub fn last_day(&self) -> Date {
        let more = i64::from(self.days.max(1)) - 1;
        self.first_day.checked_add(jiff::Span::new().days(more)).unwrap_or(Date::MAX)
    }
}

/// How many people are expected in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Where.
    pub zone: Zone,
    /// How many.
    pub people: u32,
}

/// Every week of a season, as candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Season {
    /// No candidate begins before.
    pub from: Date,
    /// No candidate ends after.
    pub to: Date,
    /// On which day of the week each begins.
    pub weekday: Weekdays,
    /// How many days each lasts.
    pub days: u8,
}

/// A day of the week, as the record writes it: `monday` to `sunday`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weekdays {
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

impl Weekdays {
    /// All, from Monday on.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// What people read.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        }
    }

    /// The day of that name, in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.shown().eq_ignore_ascii_case(text.trim()))
    }

    /// The day of the week on which `date` falls.
    pub fn of(date: Date) -> Self {
        match date.weekday() {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// The longest season, in days: two years.
pub const SEASON_MAX: i32 = 731;

/// What the organisers of an edition plan with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatePlan {
    /// Days that somebody proposed.
    pub candidates: Vec<Candidate>,
    /// Every week of a season.
    pub season: Option<Season>,
    /// What the edition is about, in words that lists use.
    pub topics: Vec<Line>,
    /// Where it would be, if that is not the edition's own country; empty for that.
    pub country: Line,
    /// Whether conferences on the same continent count as near.
    pub continent: bool,
    /// Within how many days before and after a conference counts as too near to travel from one to the other.
    pub margin: u8,
    /// How many people are expected where; empty: where the registrations are.
    pub expected: Vec<Expected>,
    /// Further zones in which the conference's day could be kept.
    pub zones: Vec<Zone>,
    /// The lengths of a conference day to compare, in minutes.
    pub lengths: Vec<u16>,
}

/// The most candidates that are compared.
const CANDIDATES_MAX: usize = 100;

/// The most zones in which people are expected.
const EXPECTED_MAX: usize = 600;

/// The most people who are expected in a zone.
const PEOPLE_MAX: u32 = 10_000_000;

/// The most words that say what an edition is about.
const TOPICS_MAX: usize = 100;

impl DatePlan {
    /// What is wrong with a plan, however it was entered.
    pub fn check(&self) -> Result<(), Refusal> {
        let refuse = |field: &str, problem: &str, remedy: &str| Err(Refusal::new(field, problem, remedy));
        let sensible = |date: Date| (1970..=9_000).contains(&date.year());
        let lengths = 1..=30;
        for Candidate { first_day, days } in &self.candidates {
            if !sensible(*first_day) || !lengths.contains(days) {
                let problem = "one is not of 1 to 30 days, or lies outside of the years that are planned";
                return refuse("candidates", problem, "Change it or leave it out");
            }
        }
        if self.candidates.len() > CANDIDATES_MAX {
            return refuse("candidates", "more than 100 candidates cannot be compared", "Leave some out");
        }
        if let Some(season) = &self.season {
            let ahead = season.from.until(season.to).map(|span| span.get_days());
            let possible = ahead.is_ok_and(|days| (0..=SEASON_MAX).contains(&days));
            if !possible || !sensible(season.from) || !sensible(season.to) {
                let problem = "the season ends before it begins, or is longer than two years";
                return refuse("to", problem, "Choose a later day");
            }
            if !lengths.contains(&season.days) {
                return refuse("days", "an edition lasts 1 to 30 days", "Give a number from 1 to 30");
            }
        }
        if self.topics.len() > TOPICS_MAX {
            return refuse("topics", "there are more than 100", "Leave some out");
        }
        if self.margin > 30 {
            return refuse("margin", "it is longer than 30 days", "Give a number from 0 to 30");
        }
        if self.expected.len() > EXPECTED_MAX {
            return refuse("expected", "more than 600 zones cannot be compared", "Leave some out");
        }
        if self.expected.iter().any(|one| one.people > PEOPLE_MAX) {
            return refuse("expected", "nowhere are more than 10,000,000 people", "Give a smaller number");
        }
        if self.zones.len() > 50 {
            return refuse("zones", "more than 50 zones cannot be compared", "Leave some out");
        }
        if self.lengths.iter().any(|minutes| !(30..=1_440).contains(minutes)) {
            let remedy = "Give 30 minutes to 24 hours";
            return refuse("lengths", "a day of the conference has half an hour to 24 hours", remedy);
        }
        if self.lengths.len() > 4 {
            return refuse("lengths", "more than four lengths cannot be compared", "Leave some out");
        }
        Ok(())
    }
}

/// Reads candidates as they are typed, one on each line: `2027-09-13 3` or `2027-09-13 to 2027-09-15`.
pub fn read_candidates(text: &str) -> Result<Vec<Candidate>, Refusal> {
    let mut out: Vec<Candidate> = vec![];
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let refuse = |problem: &str| {
            Refusal::new(
                "candidates",
                format!("line {number}, \"{}\", {problem}", excerpt(line, 60)),
                "Write a first day and how many days, such as 2027-09-13 3, or two days, such as 2027-09-13 to 2027-09-15",
            )
        };
        let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "to").collect();
        let first_day: Date =
            words[0].parse().map_err(|_| refuse("does not begin with a day as year-month-day"))?;
        let days = match words.get(1) {
            None => 1,
            Some(word) => match (word.parse::<u8>(), word.parse::<Date>()) {
                (Ok(days), _) => i32::from(days),
                (_, Ok(last)) => {
                    first_day.until(last).map_err(|_| refuse("ends before it begins"))?.get_days() + 1
                }
                _ => return Err(refuse("has neither a number of days nor a last day")),
            },
        };
        if !(1..=30).contains(&days) || words.len() > 2 {
            return Err(refuse("is not of 1 to 30 days"));
        }
        if !(1970..=9_000).contains(&first_day.year()) {
            return Err(refuse("lies outside of the years that are planned"));
        }
        out.push(Candidate { first_day, days: u8::try_from(days).unwrap_or(30) });
        if out.len() > CANDIDATES_MAX {
            return Err(refuse("is more than the 100 candidates that are compared"));
        }
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

/// Reads where people are expected, one zone on each line: `America/New_York 300`. Lines of one zone are added up.
pub fn read_expected(text: &str) -> Result<Vec<Expected>, Refusal> {
    let mut out: Vec<Expected> = vec![];
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim().trim_end_matches(':');
        if line.is_empty() {
            continue;
        }
        let refuse = |problem: String| {
            Refusal::new(
                "expected",
                format!("line {number}, \"{}\", {problem}", excerpt(line, 60)),
                "Write a zone and how many people, such as America/New_York 300",
            )
        };
        let Some((zone, people)) = line.rsplit_once(|c: char| c.is_whitespace() || c == ':' || c == '=')
        else {
            return Err(refuse("has no number".to_owned()));
        };
        let people: u32 = people
            .replace([',', '_'], "")
            .parse()
            .ok()
            .filter(|people| *people <= PEOPLE_MAX)
            .ok_or_else(|| refuse("does not end with a number of people".to_owned()))?;
        let zone = zone.trim().trim_end_matches([':', '=']).trim().replace(' ', "_");
        let zone =
            Zone::parse(&zone).map_err(|_| refuse(format!("names no zone: {}", excerpt(&zone, 40))))?;
        match out.iter_mut().find(|known| known.zone == zone) {
            Some(known) => known.people = known.people.saturating_add(people),
            None => out.push(Expected { zone, people }),
        }
        if out.len() > EXPECTED_MAX {
            return Err(refuse("is more than the 600 zones that are compared".to_owned()));
        }
    }
    Ok(out)
}

/// Words that people typed between commas or on lines, each once.
pub fn read_words(text: &str) -> Vec<Line> {
    let mut out: Vec<Line> = vec![];
    for word in text.split([',', ';', '\n']) {
        let word = Line::clean(word);
        if !word.is_empty()
            && !out.iter().any(|known| folded(known.as_str()) == folded(word.as_str()))
            && out.len() < TOPICS_MAX
        {
            out.push(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_plan_is_refused_by_the_name_of_what_is_wrong() {
        let field = |plan: DatePlan| plan.check().map_err(|refusal| refusal.field);
        let season = |to: Date, days: u8| {
            let season = Season { from: date(2027, 3, 1), to, weekday: Weekdays::Monday, days };
            DatePlan { season: Some(season), ..DatePlan::default() }
        };
        let candidate = |days: u8| Candidate { first_day: date(2027, 9, 13), days };
        assert_eq!(field(DatePlan::default()), Ok(()));
        assert_eq!(field(season(date(2027, 6, 1), 3)), Ok(()));
        for (plan, wrong) in [
            (season(date(2027, 2, 1), 3), "to"),
            (season(date(2029, 6, 1), 3), "to"),
            (season(date(2027, 6, 1), 0), "days"),
            (DatePlan { candidates: vec![candidate(31)], ..DatePlan::default() }, "candidates"),
            (DatePlan { candidates: vec![candidate(3); 101], ..DatePlan::default() }, "candidates"),
            (DatePlan { margin: 31, ..DatePlan::default() }, "margin"),
            (DatePlan { zones: vec![Zone::utc(); 51], ..DatePlan::default() }, "zones"),
            (DatePlan { lengths: vec![29], ..DatePlan::default() }, "lengths"),
            (DatePlan { lengths: vec![60; 5], ..DatePlan::default() }, "lengths"),
            (
                DatePlan {
                    expected: vec![Expected { zone: Zone::utc(), people: PEOPLE_MAX + 1 }],
                    ..DatePlan::default()
                },
                "expected",
            ),
        ] {
            assert_eq!(field(plan), Err(wrong.to_owned()));
        }
    }

    #[test]
    fn candidates_are_typed_as_a_length_or_as_a_last_day() {
        let read = read_candidates("2027-09-13 3\n\n 2027-09-13 to 2027-09-15 \n2027-10-04").unwrap();
        assert_eq!(
            read,
            [
                Candidate { first_day: date(2027, 9, 13), days: 3 },
                Candidate { first_day: date(2027, 10, 4), days: 1 }
            ]
        );
        assert_eq!(read[0].last_day(), date(2027, 9, 15));
    }

    #[test]
    fn a_candidate_that_cannot_be_is_refused_with_its_line() {
        for (text, said) in [
            ("2027-09-13 3\nsoon", "line 2"),
            ("2027-09-13 2027-09-12", "1 to 30"),
            ("2027-09-13 300", "neither"),
            ("2027-09-13 0", "1 to 30"),
            ("2027-09-13 3 4", "1 to 30"),
            ("2027-02-30 3", "line 1"),
            ("9999-12-31 3", "years"),
        ] {
            let refusal = read_candidates(text).unwrap_err().to_string();
            assert!(refusal.contains(said), "{text}: {refusal}");
        }
    }

    #[test]
    fn people_expected_are_added_up_by_zone() {
        let read =
            read_expected("america/new_york 300\nEurope/Berlin: 1,200\nAmerica/New York = 20\n").unwrap();
        let read: Vec<_> = read.iter().map(|one| (one.zone.name(), one.people)).collect();
        assert_eq!(read, [("America/New_York", 320), ("Europe/Berlin", 1_200)]);
        for (text, said) in
            [("Berlin 3", "names no zone"), ("Europe/Berlin", "no number"), ("UTC -3", "number of people")]
        {
            let refusal = read_expected(text).unwrap_err().to_string();
            assert!(refusal.contains(said) && refusal.contains("line 1"), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_conference_in_several_topics_stands_once_with_all_of_them() {
        let one = |name: &str, topic: &str, day: Date| OtherConference {
            name: name.into(),
            url: None,
            first_day: day,
            last_day: day,
            city: Line::default(),
            country: Line::default(),
            online: false,
            topics: vec![topic.into()],
            cfp_end: None,
            source: Line::default(),
        };
        let day = date(2027, 9, 13);
        let mut list = vec![
            one("Confoo", "php", day),
            one("CONFOO", "css", day),
            one("Confoo", "php", day.tomorrow().unwrap()),
        ];
        normalise(&mut list);
        assert_eq!(list.len(), 2);
        assert_eq!(list[0].topics, ["css".into(), "php".into()]);
    }

    #[test]
    fn the_country_is_found_where_a_list_writes_it() {
        let at = |city: &str, country: &str| {
            let day = date(2027, 9, 13);
            let one = OtherConference {
                name: "x".into(),
                url: None,
                first_day: day,
                last_day: day,
                city: city.into(),
                country: country.into(),
                online: false,
                topics: vec![],
                cfp_end: None,
                source: Line::default(),
            };
            (one.land().map(Country::code), one.place())
        };
        assert_eq!(at("Orlando, FL", ""), (Some("US"), "Orlando, FL".to_owned()));
        assert_eq!(at("Prague", "CZE"), (Some("CZ"), "Prague, CZE".to_owned()));
        assert_eq!(at("Somewhere", ""), (None, "Somewhere".to_owned()));
    }
}
