//! Deadlines: a time on the clocks of a zone, or of the last place on Earth where it comes about.

use crate::{Refusal, time::Zone};
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Serialize};

/// On whose clocks a deadline stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineZone {
    /// Those of a zone.
    Zone(Zone),
    /// The deadline has not passed while it has not passed somewhere: UTC−12, as IEEE 802.16 was the first to use.
    AnywhereOnEarth,
}

impl DeadlineZone {
    /// What forms send for "anywhere on Earth".
    pub const AOE: &'static str = "AoE";

    /// Reads what a form sends: a zone's name, or `AoE`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.trim().eq_ignore_ascii_case(Self::AOE) {
            return Ok(Self::AnywhereOnEarth);
        }
        Zone::parse(text).map(Self::Zone).map_err(|refusal| Refusal {
            remedy: "Name one like Europe/Brussels, or AoE for anywhere on Earth".to_owned(),
            ..refusal
        })
    }

    /// What forms send for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Zone(zone) => zone.name(),
            Self::AnywhereOnEarth => Self::AOE,
        }
    }
}

/// A time at which something opens or closes. Its instant belongs to what comes after: at 12:00:00 a call that closes at
/// 12:00 is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The date and time that clocks show.
    pub local: DateTime,
    /// Which clocks.
    pub zone: DeadlineZone,
}

impl Deadline {
    /// When it is.
    pub fn instant(&self) -> Timestamp {
        let fixed;
        let rules = match &self.zone {
            DeadlineZone::Zone(zone) => zone.rules(),
            DeadlineZone::AnywhereOnEarth => {
                fixed = TimeZone::fixed(Offset::constant(-12));
                &fixed
            }
        };
        // As for slots: in a gap the time after it, in a fold the earlier. At the ends of time, the end.
        rules.to_ambiguous_timestamp(self.local).compatible().unwrap_or(Timestamp::MAX)
    }

    /// As pages show it: `1 April 2027, 23:59 anywhere on Earth (UTC−12)`, `1 April 2027, 18:00 CEST (Europe/Berlin)`.
    pub fn shown(&self) -> String {
        let local = self.local.strftime("%-d %B %Y, %H:%M");
        match &self.zone {
            DeadlineZone::AnywhereOnEarth => format!("{local} anywhere on Earth (UTC−12)"),
            DeadlineZone::Zone(zone) if zone.name() == "UTC" => format!("{local} UTC"),
            DeadlineZone::Zone(zone) => {
                format!("{local} {} ({})", zone.abbreviation(self.instant()), zone.name())
            }
        }
    }

    /// What is left until it at `now`, in the largest two units that matter: `3 days 4 hours`, `12 minutes`; `None` once it has
    /// passed.
    pub fn left(&self, now: Timestamp) -> Option<String> {
        let seconds = self.instant().duration_since(now).as_secs();
        if seconds <= 0 {
            return None;
        }
        let some = |number: i64, unit: &str| {
            (number > 0).then(|| format!("{number} {unit}{}", if number == 1 { "" } else { "s" }))
        };
        let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3_600, seconds % 3_600 / 60);
        let parts = match (days, hours) {
            (1.., _) => [some(days, "day"), some(hours, "hour")],
            (0, 1..) => [some(hours, "hour"), some(minutes, "minute")],
            _ => [some(minutes, "minute"), None],
        };
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Some(if text.is_empty() { "less than a minute".to_owned() } else { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anywhere_on_earth_is_twelve_hours_behind_utc() {
        let deadline = Deadline {
            local: "2027-04-01T23:59".parse().unwrap(),
            zone: DeadlineZone::parse("aoe").unwrap(),
        };
        assert_eq!(deadline.instant().to_string(), "2027-04-02T11:59:00Z");
        assert_eq!(deadline.shown(), "1 April 2027, 23:59 anywhere on Earth (UTC−12)");
    }

    #[test]
    fn a_deadline_names_its_zone_and_keeps_to_its_clocks_over_a_change() {
        let berlin = DeadlineZone::parse("Europe/Berlin").unwrap();
        let summer = Deadline { local: "2027-07-01T18:00".parse().unwrap(), zone: berlin.clone() };
        assert_eq!(summer.shown(), "1 July 2027, 18:00 CEST (Europe/Berlin)");
        let gap = Deadline { local: "2027-03-28T02:30".parse().unwrap(), zone: berlin };
        assert_eq!(gap.instant().to_string(), "2027-03-28T01:30:00Z", "02:30 is skipped; 03:30 CEST");
        assert_eq!(DeadlineZone::parse("Mars/Base").unwrap_err().field, "time zone");
    }

    #[test]
    fn what_is_left_is_said_in_the_units_that_matter() {
        let deadline =
            Deadline { local: "2027-04-05T00:00".parse().unwrap(), zone: DeadlineZone::Zone(Zone::utc()) };
        let left = |text: &str| deadline.left(text.parse().unwrap());
        assert_eq!(left("2027-04-01T20:00:00Z").as_deref(), Some("3 days 4 hours"));
        assert_eq!(left("2027-04-04T22:59:00Z").as_deref(), Some("1 hour 1 minute"));
        assert_eq!(left("2027-04-04T23:59:30Z").as_deref(), Some("less than a minute"));
        assert_eq!(left("2027-04-05T00:00:00Z"), None);
    }
}
