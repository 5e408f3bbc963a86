//! Time: the clock that all code asks, zones, and how instants are kept.
//!
//! Instants are UTC. In the record they are whole microseconds since 1970 in an integer, because text
//! timestamps do not sort in SQLite. A zone is an IANA name that this build knows.

use crate::Refusal;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// What time it is. All code asks a clock, so that a rehearsal can move time for the whole system and a test
/// can stand at a DST change.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that was set to another instant and runs on from there at the machine's pace.
#[derive(Clone, Copy, Debug)]
pub struct ShiftedClock {
    /// Nanoseconds to add to the machine's clock.
    offset: jiff::SignedDuration,
}

impl ShiftedClock {
    /// A clock that shows `instant` at this moment.
    pub fn standing_at(instant: Timestamp) -> Self {
        Self { offset: instant.duration_since(SystemClock.now()) }
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().checked_add(self.offset).unwrap_or(Timestamp::MAX)
    }
}

/// A clock that stands still, for tests and for reproducible output.
#[derive(Clone, Copy, Debug)]
pub struct StoppedClock(pub Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// An instant as the record keeps it: whole microseconds since 1970-01-01T00:00:00Z.
pub fn to_micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// The instant that the record kept as microseconds; `None` outside the years -9999 to 9999.
pub fn from_micros(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// An IANA time zone that this build knows, such as `Europe/Brussels` or `UTC`.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// The zone of this IANA name, in any letter case.
    pub fn parse(name: &str) -> Result<Self, Refusal> {
        let name = name.trim();
        if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("etc/utc") {
            return Ok(Self::utc());
        }
        let zone = TimeZone::get(name).map_err(|_| {
            Refusal::new(
                "time zone",
                format!("\"{}\" is not a known IANA zone", crate::text::excerpt(name, 60)),
                "Name one like Europe/Brussels or UTC",
            )
        })?;
        let name = zone.iana_name().unwrap_or(name).to_owned();
        Ok(Self { name, zone })
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules, for arithmetic.
    pub fn rules(&self) -> &TimeZone {
        &self.zone
    }

    /// The wall-clock time of `instant` here.
    pub fn local(&self, instant: Timestamp) -> jiff::ZonedDateTime {
        instant.to_zoned_datetime(self.zone.clone())
    }

    /// The instant at which clocks here show `local`. In the hour that a DST change skips, the time after the
    /// gap; in the hour that it repeats, the earlier of the two (RFC 5545, section 3.3.5).
    pub fn instant(&self, local: jiff::civil::DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(local).compatible().ok()
    }

    /// The abbreviation in use at `instant`, such as `CEST`, or the offset where the zone has none.
    pub fn abbreviation(&self, instant: Timestamp) -> String {
        self.zone.to_offset_info(instant).abbreviation().to_owned()
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_time_that_dst_skips_or_repeats_still_names_one_instant() {
        let zone = Zone::parse("europe/berlin").unwrap();
        assert_eq!(zone.name(), "Europe/Berlin");
        let skipped = zone.instant(date(2027, 3, 28).at(2, 30, 0, 0)).unwrap();
        assert_eq!(zone.local(skipped).hour(), 3);
        let repeated = zone.instant(date(2027, 10, 31).at(2, 30, 0, 0)).unwrap();
        assert_eq!(zone.abbreviation(repeated), "CEST");
    }

    #[test]
    fn an_unknown_zone_is_refused_with_its_name() {
        let refusal = Zone::parse("Mars/Olympus").unwrap_err();
        assert!(refusal.to_string().contains("Mars/Olympus"));
    }

    #[test]
    fn a_shifted_clock_shows_the_instant_it_was_set_to() {
        let instant: Timestamp = "2027-10-03T00:00:00Z".parse().unwrap();
        let shown = ShiftedClock::standing_at(instant).now();
        assert!(shown.duration_since(instant).as_secs().abs() < 5);
    }
}
