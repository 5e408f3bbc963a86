//! The tables as SeaORM sees them. None of these types leaves the crate; [`crate::rows`] turns them into the
//! model's values and back.
//!
//! Every table of a programme has the primary key (edition, id), so that two editions may hold the same
//! identifiers. Instants are microseconds, see [`model::time::to_micros`]. Small lists are JSON text.

mod assigning;
mod calling;
mod content;
mod forwarding;
mod handing_in;
mod mailing;
mod people;
mod planner;
mod programme;
mod programs;
mod proving;
mod questioning;
mod record;
mod registering;
mod venue;

pub(crate) use assigning::{assignment, assignment_plan, bid, review_load, sitting};
pub(crate) use calling::{
    author, call, call_form, idea, idea_interest, microconference, proposal, proposal_comment,
    proposal_revision, review, review_conflict,
};
pub(crate) use content::{
    mastodon_account, menu, post, speaker_account, sponsor_plan, subscription, toot, web_page,
};
pub(crate) use forwarding::{forward, forward_step, partner, partner_message, partner_nonce};
pub(crate) use handing_in::{handed_in, mail_received, reply_address};
pub(crate) use mailing::{mail, mail_attempt, mail_sender, mail_server, mail_template, opt_out, suppression};
pub(crate) use people::{
    account, account_merge, identity, invitation, link, role_grant, setting, sign_in, viewing,
};
pub(crate) use planner::{calendar, date_plan};
pub(crate) use programme::{
    announced, edition, participation, person, room, session, session_type, slot, sponsor, track,
};
pub(crate) use programs::{attempt, delivery, lease, token, webhook};
pub(crate) use proving::{ceremony, credential};
pub(crate) use questioning::{access_code, amendment, opening, question};
pub(crate) use record::{change, follower, import_base, release, star, star_list};
pub(crate) use registering::{registration, registration_caps, registration_upload};
pub(crate) use venue::{
    chat_ban, chat_event, chat_report, live_room, matrix_room, meeting, meeting_recording, meeting_server,
    server_look, spoke_cursor, spoke_message,
};

/// What SeaORM wants of an entity that has no relations of its own.
macro_rules! no_relations {
    () => {
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    };
}
use no_relations;
