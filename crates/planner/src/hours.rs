//! Candidate hours of a conference day against where people are.
//!
//! A conference day is a window: it begins at a time on the clocks of a zone and lasts so long. For each window this
//! counts who sits between 08:00 and 22:00 on their own clocks for the whole of it, and how many hours of it people
//! spend within those hours. Zones change their clocks on different dates, so the count is made on the days on which
//! the edition takes place, one by one; whoever sits well on all of them counts as seated.
//!
//! The same hours have a name in every zone: 09:00 in Halifax is 14:00 in Berlin. They are counted once, and shown
//! under the name at which the day begins most like an ordinary one, at 09:00.

use jiff::{Span, Timestamp, civil::Date};
use model::time::Zone;
use std::{cmp::Reverse, collections::HashMap, fmt};

/// When people are awake and free, on their own clocks, in minutes after midnight: 08:00.
pub const FROM: i32 = 8 * 60;

/// Until when: 22:00.
pub const UNTIL: i32 = 22 * 60;

/// When an ordinary conference day begins, in minutes after midnight. Among names for the same hours, the nearest to
/// this is shown.
const ORDINARY: i32 = 9 * 60;

/// The most days that are compared, so that no question takes long.
const DAYS_MAX: usize = 31;

/// A time of day on somebody's clock, in minutes after midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clock(pub i32);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.rem_euclid(24 * 60);
        write!(f, "{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// How many people are in a zone.
#[derive(Clone, Debug)]
pub struct People {
    /// The zone.
    pub zone: Zone,
    /// How many.
    pub count: u32,
}

/// What is compared.
#[derive(Clone, Debug)]
pub struct Question {
    /// The days on which the edition takes place.
    pub days: Vec<Date>,
    /// Where people are.
    pub people: Vec<People>,
    /// In which zones the day could be kept.
    pub zones: Vec<Zone>,
    /// When it could begin, in minutes after midnight on the clocks of the zone.
    pub starts: Vec<u16>,
    /// How long it could last, in minutes.
    pub lengths: Vec<u16>,
}

impl Question {
    /// Every hour of the day as a beginning.
    pub fn every_hour() -> Vec<u16> {
        (0..24).map(|hour| hour * 60).collect()
    }
}

/// How the people of one zone sit in a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// Their zone.
    pub zone: Zone,
    /// How many they are.
    pub people: u32,
    /// When it begins for them on the edition's first day.
    pub begins: Clock,
    /// When it ends for them.
    pub ends: Clock,
    /// Whether the whole window lies between 08:00 and 22:00 for them, on every day.
    pub whole: bool,
    /// How much of it does, in minutes of an average day.
    pub minutes: u32,
}

/// A name for the hours of a window: in which zone they begin when.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The zone.
    pub zone: Zone,
    /// When the day begins on its clocks on the first day.
    pub begins: Clock,
    /// When it ends.
    pub ends: Clock,
}

/// A window and how people sit in it.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its names, the most ordinary first.
    pub names: Vec<Name>,
    /// How long it lasts, in minutes.
    pub length: u16,
    /// When it begins on the first day.
    pub start: Timestamp,
    /// Who sits between 08:00 and 22:00 for the whole of it on every day.
    pub seated: u32,
    /// Hours of an average day that people spend in it between 08:00 and 22:00, summed over all people.
    pub person_hours: f64,
    /// How the people of each zone sit, the most people first.
    pub seats: Vec<Seat>,
}

impl Window {
    /// How many people there are in all.
    pub fn people(&self) -> u64 {
        self.seats.iter().map(|seat| u64::from(seat.people)).sum()
    }

    /// The share of all people who are seated, in percent.
    pub fn percent(&self) -> u64 {
        let all = self.people();
        (u64::from(self.seated) * 100 + all / 2).checked_div(all).unwrap_or_default()
    }

    /// The zones that are left out, the most people first.
    pub fn left_out(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(|seat| !seat.whole && seat.people > 0)
    }
}

/// All windows, the best first: most people seated, then most person-hours, then the most ordinary beginning.
/// Windows that are the same hours on every day are one, with all their names.
///
/// Empty without a day, a zone, a beginning or a length. A length is at least 30 minutes and at most 24 hours.
pub fn compare(question: &Question) -> Vec<Window> {
    let days: Vec<Date> = question.days.iter().copied().take(DAYS_MAX).collect();
    if days.is_empty() {
        return vec![];
    }
    let awake: Vec<Awake> = question.people.iter().map(|people| Awake::of(people, &days)).collect();

    // By the hours that UTC's clocks show on each of the days: 00:00 in Auckland is 09:00 in Halifax of the day before,
    // and for whoever plans those are the same hours. What is counted are the days of the most ordinary name.
    let mut windows: Vec<(u16, Vec<Named>)> = vec![];
    let mut known: HashMap<(Vec<i64>, u16), usize> = HashMap::new();
    for zone in &question.zones {
        for start in &question.starts {
            let Some(begins) = beginnings(zone, i32::from(*start), &days) else { continue };
            let of_day: Vec<i64> = begins.iter().map(|second| second.rem_euclid(24 * 3_600)).collect();
            for length in question.lengths.iter().map(|length| (*length).clamp(30, 24 * 60)) {
                let at = *known.entry((of_day.clone(), length)).or_insert_with(|| {
                    windows.push((length, vec![]));
                    windows.len() - 1
                });
                let names = &mut windows[at].1;
                if names.iter().any(|(name, _)| name.zone == *zone) {
                    continue;
                }
                let ends =
                    begins.first().map_or(Clock(0), |begin| clock_at(zone, begin + 60 * i64::from(length)));
                names.push((
                    Name { zone: zone.clone(), begins: Clock(i32::from(*start)), ends },
                    begins.clone(),
                ));
            }
        }
    }
    let at_home: HashMap<&str, u32> =
        question.people.iter().map(|people| (people.zone.name(), people.count)).collect();
    let mut out: Vec<Window> = windows
        .into_iter()
        .map(|(length, mut names)| {
            names.sort_by_key(|(name, _)| {
                let people = at_home.get(name.zone.name()).copied().unwrap_or_default();
                (unusual(name.begins), Reverse(people), name.zone.name().to_owned())
            });
            let begins = names.first().map(|(_, begins)| begins.clone()).unwrap_or_default();
            let names = names.into_iter().map(|(name, _)| name).collect();
            seat(&begins, length, names, &awake)
        })
        .collect();
    out.sort_by(|one, other| {
        let ordinary = |window: &Window| window.names.first().map_or(i32::MAX, |name| unusual(name.begins));
        other
            .seated
            .cmp(&one.seated)
            .then(other.person_hours.total_cmp(&one.person_hours))
            .then(other.length.cmp(&one.length))
            .then(ordinary(one).cmp(&ordinary(other)))
            .then(one.start.cmp(&other.start))
    });
    out
}

/// A name, and the seconds at which the window begins under it on each of the days.
type Named = (Name, Vec<i64>);

/// How far a beginning is from an ordinary one, in minutes.
fn unusual(begins: Clock) -> i32 {
    (begins.0 - ORDINARY).abs()
}

/// The seconds at which clocks of `zone` show `start` on each of the days.
fn beginnings(zone: &Zone, start: i32, days: &[Date]) -> Option<Vec<i64>> {
    days.iter().map(|day| moment(zone, *day, start)).collect()
}

/// The second at which clocks of `zone` show that many minutes after midnight of `day`.
fn moment(zone: &Zone, day: Date, minutes: i32) -> Option<i64> {
    let time = day.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0);
    zone.instant(time).map(Timestamp::as_second)
}

/// What clocks of `zone` show at that second.
fn clock_at(zone: &Zone, second: i64) -> Clock {
    let instant = Timestamp::from_second(second).unwrap_or_default();
    let local = zone.local(instant);
    Clock(i32::from(local.hour()) * 60 + i32::from(local.minute()))
}

/// When the people of a zone are between 08:00 and 22:00, as seconds.
struct Awake {
    zone: Zone,
    people: u32,
    spans: Vec<(i64, i64)>,
}

impl Awake {
    fn of(people: &People, days: &[Date]) -> Self {
        // Two days around each: zones lie up to 26 hours apart, and a window lasts up to 24.
        let mut dates: Vec<Date> = days
            .iter()
            .flat_map(|day| (-2..=2).filter_map(|more| day.checked_add(Span::new().days(more)).ok()))
            .collect();
        dates.sort_unstable();
        dates.dedup();
        let spans = dates
            .into_iter()
            .filter_map(|date| Some((moment(&people.zone, date, FROM)?, moment(&people.zone, date, UNTIL)?)))
            .collect();
        Self { zone: people.zone.clone(), people: people.count, spans }
    }

    /// Seconds of the window that lie between 08:00 and 22:00.
    fn within(&self, begin: i64, end: i64) -> i64 {
        let first = self.spans.partition_point(|(_, until)| *until <= begin);
        self.spans[first..]
            .iter()
            .take_while(|(from, _)| *from < end)
            .map(|(from, until)| (end.min(*until) - begin.max(*from)).max(0))
            .sum()
    }
}

fn seat(begins: &[i64], length: u16, names: Vec<Name>, awake: &[Awake]) -> Window {
    let seconds = 60 * i64::from(length);
    let first = begins.first().copied().unwrap_or_default();
    let mut person_hours = 0.0;
    let mut seats: Vec<Seat> = awake
        .iter()
        .map(|zone| {
            let within: Vec<i64> = begins.iter().map(|begin| zone.within(*begin, begin + seconds)).collect();
            let average = within.iter().sum::<i64>() as f64 / begins.len().max(1) as f64;
            person_hours += average / 3_600.0 * f64::from(zone.people);
            Seat {
                zone: zone.zone.clone(),
                people: zone.people,
                begins: clock_at(&zone.zone, first),
                ends: clock_at(&zone.zone, first + seconds),
                whole: within.iter().all(|within| *within == seconds),
                minutes: (average / 60.0).round() as u32,
            }
        })
        .collect();
    seats.sort_by(|one, other| {
        other.people.cmp(&one.people).then_with(|| one.zone.name().cmp(other.zone.name()))
    });
    Window {
        names,
        length,
        start: Timestamp::from_second(first).unwrap_or_default(),
        seated: seats.iter().filter(|seat| seat.whole).map(|seat| seat.people).fold(0, u32::saturating_add),
        person_hours,
        seats,
    }
}

/// Zones over the whole world, one for each usual offset: where a conference day can be kept besides where its
/// people are.
pub const AROUND_THE_WORLD: [&str; 25] = [
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Halifax",
    "America/Sao_Paulo",
    "Atlantic/Azores",
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Sydney",
    "Pacific/Noumea",
    "Pacific/Auckland",
];

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn people(list: &[(&str, u32)]) -> Vec<People> {
        list.iter().map(|(name, count)| People { zone: zone(name), count: *count }).collect()
    }

    fn around_the_world() -> Vec<Zone> {
        AROUND_THE_WORLD.iter().map(|name| zone(name)).collect()
    }

    /// LPC 2020, 24 to 28 August.
    fn lpc_days() -> Vec<Date> {
        (24..=28).map(|day| date(2020, 8, day)).collect()
    }

    /// How the 809 people who registered for LPC 2020 may have been spread.
    ///
    /// Assumed: the conference published how many they were (survey of 2020), not where. The spread takes kernel
    /// developers to be where the hosts of LPC's years were, the American coasts and Europe, with about a tenth in Asia;
    /// DebConf of the same summer counted 33 % in the Americas, 45 % in Europe and Africa and 21 % in Asia. The test
    /// below this one shows how far the spread can change before the answer does.
    const LPC: [(&str, u32); 10] = [
        ("America/New_York", 170),
        ("America/Chicago", 50),
        ("America/Los_Angeles", 170),
        ("America/Sao_Paulo", 19),
        ("Europe/London", 90),
        ("Europe/Berlin", 190),
        ("Europe/Helsinki", 35),
        ("Asia/Kolkata", 40),
        ("Asia/Shanghai", 25),
        ("Asia/Tokyo", 20),
    ];

    fn lpc(people: Vec<People>) -> Question {
        Question {
            days: lpc_days(),
            people,
            zones: around_the_world(),
            starts: Question::every_hour(),
            lengths: vec![8 * 60],
        }
    }

    #[test]
    fn a_full_day_for_lpc_2020_is_best_kept_an_hour_ahead_of_us_eastern_and_five_behind_central_europe() {
        assert_eq!(LPC.iter().map(|(_, count)| count).sum::<u32>(), 809);
        let windows = compare(&lpc(people(&LPC)));
        let best = &windows[0];
        // No other hours seat as many, and only on clocks of UTC-3 do these look like an ordinary day.
        let ordinary: Vec<_> = best.names.iter().filter(|name| name.begins == Clock(540)).collect();
        let names: Vec<_> = ordinary.iter().map(|name| (name.zone.name(), name.ends.to_string())).collect();
        assert_eq!(
            names,
            [("America/Sao_Paulo", "17:00".to_owned()), ("America/Halifax", "17:00".to_owned())]
        );
        assert_eq!(best.names[0].begins, Clock(540));
        let offset = |name: &str| zone(name).rules().to_offset(best.start).seconds() / 3_600;
        assert_eq!(offset("America/Halifax") - offset("America/New_York"), 1);
        assert_eq!(offset("Europe/Berlin") - offset("America/Halifax"), 5);
        assert!(best.seated > windows[1].seated);
        // And this is why: both ends of the Atlantic fit into it to the minute, and an hour either way loses one.
        let seat = |name: &str| best.seats.iter().find(|seat| seat.zone.name() == name).unwrap();
        let clocks =
            |name: &str| (seat(name).begins.to_string(), seat(name).ends.to_string(), seat(name).whole);
        assert_eq!(clocks("America/New_York"), ("08:00".into(), "16:00".into(), true));
        assert_eq!(clocks("Europe/Berlin"), ("14:00".into(), "22:00".into(), true));
        assert_eq!(clocks("America/Los_Angeles"), ("05:00".into(), "13:00".into(), false));
        assert_eq!(clocks("Asia/Kolkata"), ("17:30".into(), "01:30".into(), false));
        let at = |hour: i32| {
            windows
                .iter()
                .find(|window| {
                    window
                        .names
                        .iter()
                        .any(|name| name.zone.name() == "America/Halifax" && name.begins == Clock(hour * 60))
                })
                .unwrap()
        };
        let seated_at = |window: &Window, name: &str| {
            window.seats.iter().any(|seat| seat.zone.name() == name && seat.whole)
        };
        assert!(!seated_at(at(8), "America/New_York") && seated_at(at(8), "Europe/Berlin"));
        assert!(seated_at(at(10), "America/New_York") && !seated_at(at(10), "Europe/Berlin"));
    }

    fn at_nine(window: &Window, zone: &str) -> bool {
        window.names.iter().any(|name| name.zone.name() == zone && name.begins == Clock(540))
    }

    #[test]
    fn the_answer_for_lpc_stays_as_long_as_more_people_are_in_europe_than_in_the_american_west() {
        for (west, europe) in [(100, 200), (200, 210), (250, 300), (50, 120)] {
            let spread = people(&[
                ("America/New_York", 150),
                ("America/Los_Angeles", west),
                ("Europe/Berlin", europe),
                ("Asia/Kolkata", 60),
                ("Asia/Shanghai", 60),
            ]);
            let best = compare(&lpc(spread)).remove(0);
            assert!(at_nine(&best, "America/Halifax"), "{west} {europe}");
        }
        let western =
            people(&[("America/New_York", 150), ("America/Los_Angeles", 300), ("Europe/Berlin", 200)]);
        let best = compare(&lpc(western)).remove(0);
        assert!(best.seats.iter().any(|seat| seat.zone.name() == "America/Los_Angeles" && seat.whole));
    }

    #[test]
    fn the_hours_that_lpc_2020_announced_for_a_microconference_seat_the_east_and_europe() {
        // "10am-2pm US EDT on Friday 28 August 2020" (minutes of OpenPrinting, 11 August 2020).
        let question = Question {
            days: vec![date(2020, 8, 28)],
            people: people(&LPC),
            zones: vec![zone("America/New_York")],
            starts: vec![600],
            lengths: vec![240],
        };
        let window = compare(&question).remove(0);
        assert_eq!(window.start.to_string(), "2020-08-28T14:00:00Z");
        let seated: Vec<_> =
            window.seats.iter().filter(|seat| seat.whole).map(|seat| seat.zone.name()).collect();
        assert_eq!(
            seated,
            [
                "Europe/Berlin",
                "America/New_York",
                "Europe/London",
                "America/Chicago",
                "Europe/Helsinki",
                "America/Sao_Paulo"
            ]
        );
    }

    #[test]
    fn the_same_hours_are_counted_once_with_a_name_in_every_zone() {
        let question = Question {
            days: vec![date(2027, 6, 1)],
            people: people(&[("Europe/Berlin", 10)]),
            zones: vec![zone("Europe/Berlin"), zone("UTC"), zone("Europe/Paris")],
            starts: Question::every_hour(),
            lengths: vec![60],
        };
        let windows = compare(&question);
        assert_eq!(windows.len(), 24);
        let names: Vec<_> =
            windows[0].names.iter().map(|name| (name.zone.name(), name.begins.to_string())).collect();
        assert_eq!(
            names,
            [
                ("Europe/Berlin", "09:00".into()),
                ("Europe/Paris", "09:00".into()),
                ("UTC", "07:00".to_owned())
            ]
        );
    }

    #[test]
    fn clocks_that_change_during_the_conference_or_apart_from_one_another_count() {
        // Between the changes of 2027, on 14 March there and on 28 March here, New York is five hours behind Berlin.
        let between = |day: Date| {
            let question = Question {
                days: vec![day],
                people: people(&[("America/New_York", 1)]),
                zones: vec![zone("Europe/Berlin")],
                starts: vec![13 * 60],
                lengths: vec![60],
            };
            let window = compare(&question).remove(0);
            (window.seats[0].begins.to_string(), window.seated)
        };
        assert_eq!(between(date(2027, 3, 10)), ("07:00".to_owned(), 0));
        assert_eq!(between(date(2027, 3, 20)), ("08:00".to_owned(), 1));
        assert_eq!(between(date(2027, 3, 30)), ("07:00".to_owned(), 0));
        // Over the weekend of the change, nobody is seated who sits well on one of the days only.
        let question = Question {
            days: vec![date(2027, 3, 27), date(2027, 3, 28)],
            people: people(&[("America/New_York", 4)]),
            zones: vec![zone("Europe/Berlin")],
            starts: vec![13 * 60],
            lengths: vec![60],
        };
        let window = compare(&question).remove(0);
        assert_eq!((window.seated, window.seats[0].minutes), (0, 30));
        assert!((window.person_hours - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_window_over_somebodys_night_counts_evening_and_morning() {
        let question = Question {
            days: vec![date(2027, 6, 1)],
            people: people(&[("UTC", 2)]),
            zones: vec![zone("UTC")],
            starts: vec![20 * 60],
            lengths: vec![14 * 60],
        };
        let window = compare(&question).remove(0);
        // 20:00 to 22:00 and 08:00 to 10:00.
        assert_eq!((window.seated, window.seats[0].minutes), (0, 240));
        assert!((window.person_hours - 8.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_to_compare_is_no_error() {
        let nothing =
            Question { days: vec![], people: vec![], zones: vec![], starts: vec![], lengths: vec![] };
        assert!(compare(&nothing).is_empty());
        let nobody = Question {
            days: vec![date(2027, 6, 1)],
            people: vec![],
            zones: vec![zone("UTC")],
            starts: vec![0],
            lengths: vec![0],
        };
        let windows = compare(&nobody);
        assert_eq!((windows.len(), windows[0].percent(), windows[0].length), (1, 0, 30));
        let ends = Question {
            days: vec![Date::MIN, Date::MAX],
            people: people(&[("Pacific/Auckland", 1)]),
            zones: around_the_world(),
            starts: Question::every_hour(),
            lengths: vec![1_440],
        };
        compare(&ends);
    }
}
