//! The commands of the desk: what each of them needs the right to, and what it makes of a programme.

use super::{
    session::{self, Placing},
    thing,
};
use crate::{
    Refusal,
    id::{PersonId, RoomId, SessionId, SlotId, TrackId},
    permission::{Action, Place, Subject},
    programme::{Person, Programme, Room, Session, Standing, Track},
};

/// Something that is done to a programme at the desk. What is put takes the place of the thing with its identifier, or
/// is new where there is none; identifiers of new things come from the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a command lives for one call, and there is one of it")]
pub enum Command {
    /// Adds or changes a room.
    PutRoom(Room),
    /// Removes a room; slots in it stay at their time without a room.
    RemoveRoom(RoomId),
    /// Moves a room up or down in the order in which rooms are shown.
    ShiftRoom(RoomId, Shift),
    /// Adds or changes a track.
    PutTrack(Track),
    /// Removes a track; its sessions stay without a track.
    RemoveTrack(TrackId),
    /// Moves a track up or down in the order in which tracks are shown.
    ShiftTrack(TrackId, Shift),
    /// Adds or changes a person.
    PutPerson(Person),
    /// Removes a person from the programme, and from the sessions in which they take part.
    RemovePerson(PersonId),
    /// Adds a session, or changes what it says; its slots have commands of their own.
    PutSession(Session),
    /// Removes a session; topics in it stay, outside a block.
    RemoveSession(SessionId),
    /// Gives a session a slot, or another room and time to the slot that it has.
    Place {
        /// The session.
        session: SessionId,
        /// The slot; a new identifier for a further one.
        slot: SlotId,
        /// Where and when.
        placing: Placing,
    },
    /// Takes a slot from a session.
    Unplace {
        /// The session.
        session: SessionId,
        /// The slot.
        slot: SlotId,
    },
    /// Says how slots of a session stand on the day.
    Stand {
        /// The session.
        session: SessionId,
        /// The slot; all of them where it is `None`.
        slot: Option<SlotId>,
        /// How they stand.
        standing: Standing,
    },
}

/// One step in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// Towards the beginning.
    Up,
    /// Towards the end.
    Down,
}

/// Applies `command` where `subject` may: the one way in which people change a programme.
pub fn decide(subject: &Subject, programme: &Programme, command: &Command) -> Result<Programme, Refusal> {
    for (action, place) in command.needs(programme) {
        subject.may(action, &place)?;
    }
    command.apply(programme)
}

impl Command {
    /// What one must have the right to do, and where, in that state of the programme. All of it is needed.
    pub fn needs(&self, programme: &Programme) -> Vec<(Action, Place)> {
        let whole = || Place::edition(&programme.edition);
        let held = |id: SessionId| programme.sessions.iter().find(|session| session.id == id);
        let track = |session: &Session| whole().in_track(session.track);
        match self {
            Self::PutRoom(_)
            | Self::RemoveRoom(_)
            | Self::ShiftRoom(..)
            | Self::PutTrack(_)
            | Self::RemoveTrack(_)
            | Self::ShiftTrack(..)
            | Self::PutPerson(_)
            | Self::RemovePerson(_)
            | Self::RemoveSession(_) => vec![(Action::EditProgramme, whole())],
            Self::PutSession(session) => match held(session.id) {
                // Who takes a session to another track needs the right in both.
                Some(present) if present.track != session.track => {
                    vec![(Action::EditSession, track(present)), (Action::EditSession, track(session))]
                }
                Some(present) => vec![(Action::EditSession, track(present))],
                None => vec![(Action::EditProgramme, whole())],
            },
            Self::Place { session, .. } | Self::Unplace { session, .. } => {
                vec![(Action::PlaceSession, held(*session).map_or_else(whole, track))]
            }
            Self::Stand { session, slot, .. } => {
                // The crew of a room runs what is in it; of a session in several rooms one needs all.
                let session = held(*session);
                let place = session.map_or_else(whole, track);
                let slots = session.into_iter().flat_map(|session| &session.slots);
                let mut needs: Vec<(Action, Place)> = slots
                    .filter(|one| slot.is_none_or(|slot| one.id == slot))
                    .map(|slot| (Action::RunSession, place.clone().in_room(slot.room)))
                    .collect();
                if needs.is_empty() {
                    needs.push((Action::RunSession, place));
                }
                needs
            }
        }
    }

    /// The programme after it, normalised.
    pub fn apply(&self, programme: &Programme) -> Result<Programme, Refusal> {
        let mut out = programme.clone();
        match self {
            Self::PutRoom(room) => thing::put_room(&mut out, room)?,
            Self::RemoveRoom(id) => thing::remove_room(&mut out, *id)?,
            Self::ShiftRoom(id, shift) => {
                thing::shift(&mut out.rooms, "room", |room| room.id == *id, *shift)?;
            }
            Self::PutTrack(track) => thing::put_track(&mut out, track)?,
            Self::RemoveTrack(id) => thing::remove_track(&mut out, *id)?,
            Self::ShiftTrack(id, shift) => {
                thing::shift(&mut out.tracks, "track", |track| track.id == *id, *shift)?;
            }
            Self::PutPerson(person) => thing::put_person(&mut out, person)?,
            Self::RemovePerson(id) => thing::remove_person(&mut out, *id)?,
            Self::PutSession(session) => session::put(&mut out, session)?,
            Self::RemoveSession(id) => session::remove(&mut out, *id)?,
            Self::Place { session, slot, placing } => session::place(&mut out, *session, *slot, placing)?,
            Self::Unplace { session, slot } => session::unplace(&mut out, *session, *slot)?,
            Self::Stand { session, slot, standing } => session::stand(&mut out, *session, *slot, *standing)?,
        }
        out.normalise();
        Ok(out)
    }
}
