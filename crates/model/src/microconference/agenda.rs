//! What happens in a block: its topics in their order, each with its minutes, and the break.
//!
//! **The order and the minutes are the fact; the times of the topics follow from them and from the place of the block**, so
//! that a block that moves takes its topics along and a topic is never where its block is not.

use super::Format;
use crate::{
    Refusal,
    id::{SessionId, SlotId},
    programme::{Programme, Slot, Standing},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The shortest topic, in minutes.
const LEAST: u16 = 5;

/// A topic in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The topic's session.
    pub session: SessionId,
    /// How long it takes.
    pub minutes: u16,
}

/// The topics of a block in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agenda {
    /// The topics.
    pub items: Vec<Item>,
    /// The topic after which the break comes; where none is said, the one that ends nearest to the middle.
    #[serde(default)]
    pub pause: Option<SessionId>,
}

impl Agenda {
    /// How many minutes the topics take together.
    pub fn minutes(&self) -> u32 {
        self.items.iter().map(|item| u32::from(item.minutes)).sum()
    }

    /// Whether it fits into a block that has that many minutes for topics. The refusal says how many are too many.
    pub fn check(&self, content: u32) -> Result<(), Refusal> {
        if let Some(item) = self.items.iter().find(|item| item.minutes < LEAST) {
            let problem = format!("{} minutes are too few for a topic", item.minutes);
            return Err(Refusal::new("minutes", problem, format!("Give at least {LEAST}")));
        }
        if (1..self.items.len())
            .any(|at| self.items[..at].iter().any(|one| one.session == self.items[at].session))
        {
            return Err(Refusal::new("order", "a topic stands there twice", "Name each once"));
        }
        let taken = self.minutes();
        if taken > content {
            return Err(Refusal::new(
                "minutes",
                format!("the topics take {taken} minutes and the block has {content} for them"),
                format!("Shorten some by {} minutes together, or take one out", taken - content),
            ));
        }
        Ok(())
    }

    /// After how many topics the break comes in a block of that format; `None` for no break.
    fn pause_after(&self, format: Format) -> Option<usize> {
        if format.break_minutes() == 0 || self.items.len() < 2 {
            return None;
        }
        if let Some(at) = self.pause.and_then(|id| self.items.iter().position(|item| item.session == id)) {
            return Some(at + 1);
        }
        let middle = format.content_minutes() / 2;
        let mut end = 0;
        let ends = self.items.iter().map(|item| {
            end += u32::from(item.minutes);
            end
        });
        // Of two that are equally near the later: a break too late is better than none before lunch.
        ends.enumerate().min_by_key(|(at, end)| (end.abs_diff(middle), usize::MAX - at)).map(|(at, _)| at + 1)
    }

    /// When each topic begins and ends in a block of that format that begins at `start`. Those for which there is no time
    /// left are not among them.
    pub fn times(&self, format: Format, start: Timestamp) -> Vec<(SessionId, Timestamp, Timestamp)> {
        let pause = self.pause_after(format);
        let (mut taken, mut at, mut out) = (0, start, vec![]);
        for (index, item) in self.items.iter().enumerate() {
            taken += u32::from(item.minutes);
            if taken > format.content_minutes() {
                break;
            }
            if pause == Some(index) {
                at += SignedDuration::from_mins(i64::from(format.break_minutes()));
            }
            let end = at + SignedDuration::from_mins(i64::from(item.minutes));
            out.push((item.session, at, end));
            at = end;
        }
        out
    }

    /// Gives the topics of `block` their places in the programme: where the block is, one after the other. Without a place
    /// of the block they have none. A topic keeps its slot, so that who has starred or linked it finds it again.
    pub fn lay_out(&self, block: SessionId, format: Format, programme: &mut Programme) {
        let key = programme.edition.slug.to_string();
        let place = programme
            .sessions
            .iter()
            .find(|session| session.id == block)
            .and_then(|session| session.first_slot())
            .map(|slot| (slot.room, slot.start));
        let times = place.map(|(_, start)| self.times(format, start)).unwrap_or_default();
        let room = place.and_then(|(room, _)| room);
        for item in &self.items {
            let Some(session) = programme.sessions.iter_mut().find(|one| one.id == item.session) else {
                continue;
            };
            let Some((_, start, end)) = times.iter().find(|(id, ..)| *id == item.session) else {
                session.slots.clear();
                continue;
            };
            match session.slots.first_mut() {
                Some(slot) => (slot.room, slot.start, slot.end) = (room, *start, *end),
                None => session.slots.push(Slot {
                    id: SlotId::from_key(&key, &format!("topic {}", item.session)),
                    number: 0,
                    room,
                    start: *start,
                    end: *end,
                    standing: Standing::Planned,
                }),
            }
            session.slots.truncate(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> SessionId {
        SessionId(Uuid::from_u128(number))
    }

    fn agenda(minutes: &[u16]) -> Agenda {
        let items = (1..).zip(minutes).map(|(at, minutes)| Item { session: id(at), minutes: *minutes });
        Agenda { items: items.collect(), pause: None }
    }

    fn starts(agenda: &Agenda, format: Format) -> Vec<i64> {
        let start = Timestamp::UNIX_EPOCH;
        let times = agenda.times(format, start);
        times.iter().map(|(_, begin, _)| begin.duration_since(start).as_mins()).collect()
    }

    #[test]
    fn topics_that_take_more_than_the_block_has_are_refused_with_how_much_is_too_much() {
        assert!(agenda(&[45, 45, 45, 45]).check(180).is_ok());
        let refused = agenda(&[45, 45, 45, 45, 20]).check(180).unwrap_err();
        assert!(refused.problem.contains("200 minutes and the block has 180"), "{refused}");
        assert!(refused.remedy.contains("20 minutes"), "{refused}");
        assert!(agenda(&[45, 45, 20]).check(Format::Half.content_minutes()).is_err());
        assert!(agenda(&[4]).check(180).is_err());
        let mut twice = agenda(&[30, 30]);
        twice.items[1].session = id(1);
        assert_eq!(twice.check(180).unwrap_err().field, "order");
    }

    #[test]
    fn the_break_comes_at_the_end_of_the_topic_nearest_to_the_middle_or_where_the_leads_say() {
        // 20 45 30 | 45 40: the third ends after 95 minutes.
        let mut topics = agenda(&[20, 45, 30, 45, 40]);
        assert_eq!(starts(&topics, Format::Full), [0, 20, 65, 125, 170]);
        topics.pause = Some(id(2));
        assert_eq!(starts(&topics, Format::Full), [0, 20, 95, 125, 170]);
        assert_eq!(
            starts(&topics, Format::Half),
            [0, 20],
            "half a block has no break and no room for the third"
        );
        assert_eq!(Format::Full.block_minutes(), 210);
        let full = agenda(&[45, 45, 45, 45]);
        let end = full.times(Format::WithoutAv, Timestamp::UNIX_EPOCH).last().unwrap().2;
        assert_eq!(end.as_second() / 60, 210, "180 minutes of topics and the break fill the block");
    }
}
