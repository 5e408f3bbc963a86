//! The next edition from this one's settings: what is the conference's own comes along, people and sessions do not
//! (requirement 98).

use crate::{
    Refusal,
    edition::{Edition, EditionState},
    id::{AccountId, EditionId, RoomId, SessionTypeId, TrackId},
    permission::{Action, Place, Subject},
    programme::{Programme, Room, Track},
    session_type::SessionType,
    text::{Line, folded},
};
use uuid::Uuid;

/// What comes along besides the edition's own settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Rooms.
    pub rooms: bool,
    /// Tracks.
    pub tracks: bool,
    /// Session types.
    pub types: bool,
    /// Pages and the menu.
    pub pages: bool,
    /// The levels of sponsors, without the sponsors.
    pub levels: bool,
    /// The sender and the templates of mail.
    pub mail: bool,
}

impl Kept {
    /// Everything that can come along.
    pub const ALL: Self =
        Self { rooms: true, tracks: true, types: true, pages: true, levels: true, mail: true };
}

/// Whether somebody may open the next edition from `old` as one of `series`, archiving `old` where that is said. Gives who
/// organises the next one from the start: whoever organises `old` alone makes the next of its series, and organises that
/// one too; whoever may open editions of the series anyway needs no further role.
pub fn may_follow(
    subject: &Subject,
    old: &Edition,
    series: &Line,
    archive: bool,
) -> Result<Option<AccountId>, Refusal> {
    subject.may(Action::CreateEdition, &Place::edition(old))?;
    if archive {
        subject.may(Action::EditEdition, &Place::edition(old))?;
    }
    match subject.may(Action::CreateEdition, &Place::series(series)) {
        Ok(()) => Ok(None),
        Err(_) if folded(series.as_str()) == folded(old.series.as_str()) => Ok(subject.account),
        Err(refusal) => Err(refusal),
    }
}

/// What an edition begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The edition with its rooms and tracks, and no session.
    pub programme: Programme,
    /// Its session types in their order.
    pub types: Vec<SessionType>,
}

/// The edition `entered` with what comes along from `old` and its `types`. Nothing of it has the identifier of what it
/// came from: `new_id` gives others.
pub fn next(
    old: &Programme,
    types: &[SessionType],
    entered: &Edition,
    kept: Kept,
    mut new_id: impl FnMut() -> Uuid,
) -> Beginning {
    let edition = Edition {
        id: EditionId(new_id()),
        state: EditionState::Open,
        notice: Line::default(),
        // What the old one has and the form for a new one does not ask for.
        day_change: old.edition.day_change,
        language: old.edition.language.clone(),
        colour: old.edition.colour,
        logo: old.edition.logo.clone(),
        timeslot_minutes: old.edition.timeslot_minutes,
        ..entered.clone()
    };
    let mut programme = Programme::empty(edition);
    if kept.rooms {
        let rooms = old.rooms.iter().cloned();
        programme.rooms = rooms.map(|room| Room { id: RoomId(new_id()), ..room }).collect();
    }
    if kept.tracks {
        let tracks = old.tracks.iter().cloned();
        programme.tracks = tracks.map(|track| Track { id: TrackId(new_id()), ..track }).collect();
    }
    programme.normalise();
    let types = if kept.types { types } else { &[] };
    let types = types.iter().cloned().map(|one| SessionType { id: SessionTypeId(new_id()), ..one });
    Beginning { programme, types: types.collect() }
}
