//! When to try again what an outside system refused: longer and longer apart, then no more.

use jiff::{SignedDuration, Timestamp};

/// How often something is tried, and how far apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How long after the first failure the second attempt comes.
    pub first: SignedDuration,
    /// No two attempts are further apart.
    pub longest: SignedDuration,
    /// After so many attempts it is given up.
    pub attempts: u32,
}

impl Schedule {
    /// When to try again after `failed` attempts, at least one, the last of which ended at `now`; `None` when it is
    /// given up. The pause doubles each time. `spread`, any number that differs from thing to thing, moves it by up
    /// to a tenth, so that what failed together is not tried again together.
    pub fn next(&self, failed: u32, now: Timestamp, spread: u64) -> Option<Timestamp> {
        if failed >= self.attempts {
            return None;
        }
        let doubled = 2_i64.checked_pow(failed.saturating_sub(1)).unwrap_or(i64::MAX);
        let pause = self.first.as_secs().saturating_mul(doubled).min(self.longest.as_secs());
        let more = pause / 10 * i64::try_from(spread % 100).unwrap_or(0) / 100;
        now.checked_add(SignedDuration::from_secs(pause.saturating_add(more))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_the_longest_and_then_it_is_given_up() {
        let schedule = Schedule {
            first: SignedDuration::from_mins(1),
            longest: SignedDuration::from_mins(5),
            attempts: 5,
        };
        let now = Timestamp::UNIX_EPOCH;
        let pauses: Vec<Option<i64>> =
            (1..=5).map(|failed| schedule.next(failed, now, 0).map(Timestamp::as_second)).collect();
        assert_eq!(pauses, [Some(60), Some(120), Some(240), Some(300), None]);
        let spread = schedule.next(1, now, 99).unwrap().as_second();
        assert!((60..=66).contains(&spread), "{spread}");
    }
}
