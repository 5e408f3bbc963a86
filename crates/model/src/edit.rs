//! What people do to a programme.
//!
//! [`Command`] is everything that the desk does: rooms, tracks, persons and sessions are added, changed, put in order and
//! removed, sessions get their places, and stand as they do on the day. [`Edit`] is the part of it that an operator does
//! by a session's code. Each is a pure function from the programme to the new programme or a [`Refusal`]. None of them
//! touches the title to say "cancelled": that is the slot's [`Standing`].

mod command;
mod session;
mod thing;

pub use command::{Command, Shift, decide};
pub use session::{Placing, move_days};
pub(crate) use thing::{gone, named, shift};

use crate::{
    Refusal,
    programme::{Programme, Session, Slot, Standing},
    text::{Line, folded},
};
use jiff::Timestamp;

/// A change to one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It does not take place.
    Cancel,
    /// It begins and ends this many minutes later than planned, 1 to 1,440.
    Delay(u16),
    /// It takes place as planned after all.
    Restore,
    /// It takes place at another time or in another room; its length stays.
    Move {
        /// The new begin; `None` leaves it.
        start: Option<Timestamp>,
        /// The name or slug of the new room; `None` leaves it.
        room: Option<String>,
    },
    /// It has another title.
    Retitle(Line),
}

/// Applies `edit` to the session of this code. `slot` picks one of several slots by its number; without it a
/// standing is set on all slots, and a move needs the session to have exactly one.
pub fn edit(programme: &Programme, code: &str, slot: Option<u32>, edit: &Edit) -> Result<Programme, Refusal> {
    let mut out = programme.clone();
    let room = match edit {
        Edit::Move { room: Some(name), .. } => Some(find_room(programme, name)?),
        _ => None,
    };
    let session = out
        .sessions
        .iter_mut()
        .find(|session| session.code.as_str().eq_ignore_ascii_case(code.trim()))
        .ok_or_else(|| unknown_session(programme, code))?;
    match edit {
        Edit::Cancel => stand(session, slot, Standing::Cancelled)?,
        Edit::Restore => stand(session, slot, Standing::Planned)?,
        Edit::Delay(minutes) if (1..=1_440).contains(minutes) => {
            stand(session, slot, Standing::Delayed(*minutes))?;
        }
        Edit::Delay(minutes) => {
            return Err(Refusal::new(
                "minutes",
                format!("{minutes} is no delay"),
                "Give 1 to 1440 minutes, or restore the session to its planned time",
            ));
        }
        Edit::Move { start, .. } => {
            let mut chosen = chosen(session, slot)?;
            if chosen.len() > 1 {
                return Err(Refusal::new(
                    "slot",
                    "the session has several slots",
                    "Name one of them by its number",
                ));
            }
            let Some(place) = chosen.first_mut() else { return Ok(out) };
            if let Some(start) = *start {
                let length = place.end.duration_since(place.start);
                place.end = start.checked_add(length).map_err(|_| {
                    Refusal::new(
                        "start",
                        "the session would end beyond the year 9999",
                        "Give a time during the conference",
                    )
                })?;
                place.start = start;
            }
            if let Some(room) = room {
                place.room = Some(room);
            }
        }
        Edit::Retitle(title) if title.is_empty() => {
            return Err(Refusal::new("title", "it is empty", "Give the session a title"));
        }
        Edit::Retitle(title) => session.title = title.clone(),
    }
    out.normalise();
    Ok(out)
}

fn stand(session: &mut Session, slot: Option<u32>, standing: Standing) -> Result<(), Refusal> {
    for slot in chosen(session, slot)? {
        slot.standing = standing;
    }
    Ok(())
}

/// The slots meant; at least one.
fn chosen(session: &mut Session, number: Option<u32>) -> Result<Vec<&mut Slot>, Refusal> {
    let numbers: Vec<String> = session.slots.iter().map(|slot| slot.number.to_string()).collect();
    if numbers.is_empty() {
        return Err(Refusal::new("session", "it has no slot yet", "Give it a time and a room first"));
    }
    let slots: Vec<&mut Slot> =
        session.slots.iter_mut().filter(|slot| number.is_none_or(|number| slot.number == number)).collect();
    if slots.is_empty() {
        let remedy = format!("Its slots are {}", numbers.join(", "));
        return Err(Refusal::new("slot", "the session has no slot of that number", remedy));
    }
    Ok(slots)
}

fn find_room(programme: &Programme, name: &str) -> Result<crate::id::RoomId, Refusal> {
    let wanted = folded(name.trim());
    let found =
        programme.rooms.iter().find(|r| folded(r.name.as_str()) == wanted || r.slug.as_str() == wanted);
    found.map(|room| room.id).ok_or_else(|| {
        let names: Vec<&str> = programme.rooms.iter().take(12).map(|room| room.name.as_str()).collect();
        Refusal::new(
            "room",
            format!("there is no room \"{}\"", name.trim()),
            format!("The rooms are {}", names.join(", ")),
        )
    })
}

fn unknown_session(programme: &Programme, code: &str) -> Refusal {
    let wanted = folded(code.trim());
    let near =
        programme.sessions.iter().find(|s| !wanted.is_empty() && folded(s.title.as_str()).contains(&wanted));
    let remedy = match near {
        Some(session) => format!(
            "Did you mean {} (\"{}\")? The code stands in the session's address",
            session.code, session.title
        ),
        None => "The code stands in the session's address: /sessions/CODE/".to_owned(),
    };
    Refusal::new("session", format!("there is no session \"{}\"", code.trim()), remedy)
}
