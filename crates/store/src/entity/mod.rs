//! The tables as SeaORM sees them. None of these types leaves the crate; [`crate::rows`] turns them into the
//! model's values and back.
//!
//! Every table of a programme has the primary key (edition, id), so that two editions may hold the same
//! identifiers. Instants are microseconds, see [`model::time::to_micros`]. Small lists are JSON text.

mod people;
mod planner;
mod programme;
mod programs;
mod record;

pub(crate) use people::{account, identity, link, role_grant, setting, sign_in};
pub(crate) use planner::{calendar, date_plan};
pub(crate) use programme::{
    announced, edition, participation, person, room, session, session_type, slot, sponsor, track,
};
pub(crate) use programs::{attempt, delivery, lease, token, webhook};
pub(crate) use record::{change, follower, import_base, release, star, star_list};

/// What SeaORM wants of an entity that has no relations of its own.
macro_rules! no_relations {
    () => {
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    };
}
use no_relations;
