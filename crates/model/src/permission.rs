//! Who may do what: the one place that decides.
//!
//! **Every edge asks [`Subject::may`] and nothing else; no handler compares roles.** A subject is somebody with the
//! roles that they were given; an action is a thing that people do, by the name that pages give it; a [`Place`] says
//! where the thing stands on which it is done. A role covers a place when its scope holds the place: an organiser of a
//! series in all its editions, a lead in their track.
//!
//! [`Role::allows`] is the table of rights. The test `the_matrix_of_rights` prints every action against every role,
//! and is the documentation of rights (`docs/rights.md` holds what it prints).

use crate::{
    Refusal,
    feed::Actor,
    id::{AccountId, CallId, EditionId, GrantId, RoomId, TokenId, TrackId},
    text::{Line, folded},
    words::words,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// A role that somebody is given, with a scope.
    Role {
        /// Runs the installation: everything, everywhere.
        Administrator = "administrator", "Administrator";
        /// Runs an edition or all editions of a series.
        Organiser = "organiser", "Organiser";
        /// Decides a call, and makes the programme.
        Committee = "committee", "Committee";
        /// Reviews the proposals of a call.
        Reviewer = "reviewer", "Reviewer";
        /// Runs a track or microconference.
        Lead = "lead", "Lead";
        /// Writes pages, posts and sponsors.
        Editor = "editor", "Editor";
        /// Keeps the registrations.
        Registrar = "registrar", "Registrar";
        /// Runs the rooms on the day: sound, video, timekeeping.
        Crew = "crew", "Crew";
        /// Keeps the peace in rooms and their chat.
        Moderator = "moderator", "Moderator";
    }
}

words! {
    /// Something that people do.
    Action {
        /// Open the desk of an edition and read its working state before it is released.
        SeeDesk = "see_desk", "See the desk and the unreleased programme";
        /// Change what belongs to the whole installation: providers, webhooks, mail.
        ManageInstallation = "manage_installation", "Manage the installation";
        /// Open a new edition, or copy one to the next year.
        CreateEdition = "create_edition", "Create and copy editions";
        /// Change an edition's dates, zone, mode, title, texts; archive it.
        EditEdition = "edit_edition", "Edit an edition's settings";
        /// Add, change and remove rooms, tracks, session types, persons and sessions.
        EditProgramme = "edit_programme", "Edit the programme";
        /// Change what a session says.
        EditSession = "edit_session", "Edit a session";
        /// Give a session its room and time.
        PlaceSession = "place_session", "Place and move a session";
        /// Delay, cancel and restore a session on the day.
        RunSession = "run_session", "Delay, cancel and restore a session";
        /// Publish a release, or take one back.
        Release = "release", "Publish a release";
        /// Write pages and menus.
        EditPages = "edit_pages", "Edit pages and menus";
        /// Enter sponsors.
        EditSponsors = "edit_sponsors", "Edit sponsors";
        /// Write drafts of posts.
        WritePosts = "write_posts", "Write posts";
        /// Publish posts, and mail them to people.
        PublishPosts = "publish_posts", "Publish posts";
        /// Make calls and their forms.
        ManageCalls = "manage_calls", "Make calls and their forms";
        /// Read what was submitted to a call.
        SeeProposals = "see_proposals", "Read proposals";
        /// Review what was submitted to a call.
        Review = "review", "Review proposals";
        /// Decide what was submitted to a call.
        DecideProposals = "decide_proposals", "Decide on proposals";
        /// See who is registered, with addresses.
        SeeRegistrations = "see_registrations", "See registrations";
        /// Enter and import registrations.
        EditRegistrations = "edit_registrations", "Edit and import registrations";
        /// See the mail that was sent, write its templates, send it again.
        ManageMail = "manage_mail", "See and manage mail";
        /// See the accounts of everybody, with addresses.
        SeePeople = "see_people", "See accounts";
        /// Merge and unmerge, block and unblock accounts of others.
        ManagePeople = "manage_people", "Merge and block accounts of others";
        /// Give and revoke roles within one's own scope.
        GiveRoles = "give_roles", "Give and revoke roles";
        /// See the pages as somebody else sees them, reading only.
        ViewAs = "view_as", "View as another person";
        /// Read the audit log.
        SeeLog = "see_log", "Read the audit log";
        /// Take changes back from the audit log.
        Undo = "undo", "Undo changes";
        /// Have changes sent to other systems.
        ManageWebhooks = "manage_webhooks", "Manage webhooks";
        /// Compare dates and hours of an edition.
        PlanDates = "plan_dates", "Plan dates";
        /// Say what is seen in rooms, who may enter them, and watch over them on the day.
        RunRooms = "run_rooms", "Run the live rooms";
        /// Remove messages and persons from a room.
        ModerateRoom = "moderate_room", "Moderate a room";
    }
}

impl Action {
    /// Whether it changes nothing: all that remains while somebody views as another person, or with a token that
    /// only reads.
    pub fn only_reads(self) -> bool {
        matches!(
            self,
            Self::SeeDesk | Self::SeeProposals | Self::SeeRegistrations | Self::SeePeople | Self::SeeLog
        )
    }
}

impl Role {
    /// The table of rights: whether the role allows the action in its scope.
    pub fn allows(self, action: Action) -> bool {
        use Action as A;
        match self {
            Self::Administrator => true,
            Self::Organiser => !matches!(action, A::ManageInstallation | A::ManagePeople),
            Self::Committee => matches!(
                action,
                A::SeeDesk
                    | A::EditProgramme
                    | A::EditSession
                    | A::PlaceSession
                    | A::RunSession
                    | A::WritePosts
                    | A::ManageCalls
                    | A::SeeProposals
                    | A::Review
                    | A::DecideProposals
                    | A::SeeRegistrations
                    | A::PlanDates
                    | A::SeeLog
            ),
            Self::Reviewer => matches!(action, A::SeeDesk | A::SeeProposals | A::Review),
            Self::Lead => matches!(
                action,
                A::SeeDesk
                    | A::EditSession
                    | A::PlaceSession
                    | A::RunSession
                    | A::WritePosts
                    | A::SeeProposals
                    | A::Review
                    | A::DecideProposals
                    | A::ModerateRoom
            ),
            Self::Editor => {
                matches!(
                    action,
                    A::SeeDesk | A::EditPages | A::EditSponsors | A::WritePosts | A::PublishPosts
                )
            }
            Self::Registrar => matches!(action, A::SeeDesk | A::SeeRegistrations | A::EditRegistrations),
            Self::Crew => matches!(action, A::SeeDesk | A::RunSession | A::RunRooms | A::ModerateRoom),
            Self::Moderator => matches!(action, A::SeeDesk | A::ModerateRoom),
        }
    }

    /// Whether somebody with this role is asked for reviews where they may write them. Organisers and administrators may, and
    /// are not asked for it.
    pub fn is_asked_to_review(self) -> bool {
        matches!(self, Self::Committee | Self::Reviewer | Self::Lead)
    }

    /// Whether one who has this role may give `other` within their scope: nobody gives more than they have.
    pub fn may_give(self, other: Self) -> bool {
        match self {
            Self::Administrator => true,
            Self::Organiser => other != Self::Administrator,
            _ => false,
        }
    }

    /// Whether it allows all that `other` allows.
    pub fn covers(self, other: Self) -> bool {
        Action::ALL.iter().all(|action| self.allows(*action) || !other.allows(*action))
    }

    /// Whether the role can be given with that scope.
    pub fn fits(self, scope: &Scope) -> bool {
        match self {
            Self::Administrator => matches!(scope, Scope::Everywhere),
            Self::Organiser | Self::Editor | Self::Registrar => {
                matches!(scope, Scope::Everywhere | Scope::Series(_) | Scope::Edition(_))
            }
            Self::Committee => !matches!(scope, Scope::Room(..)),
            Self::Reviewer => matches!(scope, Scope::Edition(_) | Scope::Call(..)),
            Self::Lead => matches!(scope, Scope::Track(..)),
            Self::Crew | Self::Moderator => !matches!(scope, Scope::Call(..) | Scope::Track(..)),
        }
    }
}

/// Where a role holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// In the whole installation.
    Everywhere,
    /// In all editions of the series of that name.
    Series(Line),
    /// In one edition.
    Edition(EditionId),
    /// In one track or microconference of an edition.
    Track(EditionId, TrackId),
    /// In one call of an edition.
    Call(EditionId, CallId),
    /// In one room of an edition.
    Room(EditionId, RoomId),
}

impl Scope {
    /// Whether what stands at `place` is within the scope.
    pub fn covers(&self, place: &Place) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Series(name) => {
                place.series.as_ref().is_some_and(|series| folded(series.as_str()) == folded(name.as_str()))
            }
            Self::Edition(id) => place.edition == Some(*id),
            Self::Track(edition, id) => place.edition == Some(*edition) && place.track == Some(*id),
            Self::Call(edition, id) => place.edition == Some(*edition) && place.call == Some(*id),
            Self::Room(edition, id) => place.edition == Some(*edition) && place.room == Some(*id),
        }
    }

    /// The edition that it lies in; `None` for more than one.
    pub fn edition(&self) -> Option<EditionId> {
        match self {
            Self::Everywhere | Self::Series(_) => None,
            Self::Edition(id) | Self::Track(id, _) | Self::Call(id, _) | Self::Room(id, _) => Some(*id),
        }
    }
}

/// Where a thing stands, as far as it does: a session stands in a track, a room, an edition and its series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The series' name.
    pub series: Option<Line>,
    /// The edition.
    pub edition: Option<EditionId>,
    /// The track.
    pub track: Option<TrackId>,
    /// The call.
    pub call: Option<CallId>,
    /// The room.
    pub room: Option<RoomId>,
}

impl Place {
    /// What belongs to the whole installation.
    pub fn installation() -> Self {
        Self::default()
    }

    /// What belongs to a series and no edition of it.
    pub fn series(name: &Line) -> Self {
        Self { series: Some(name.clone()), ..Self::default() }
    }

    /// What belongs to an edition.
    pub fn edition(edition: &crate::edition::Edition) -> Self {
        Self { series: Some(edition.series.clone()), edition: Some(edition.id), ..Self::default() }
    }

    /// In that track of it.
    #[must_use]
    pub fn in_track(self, track: Option<TrackId>) -> Self {
        Self { track, ..self }
    }

    /// In that room of it.
    #[must_use]
    pub fn in_room(self, room: Option<RoomId>) -> Self {
        Self { room, ..self }
    }

    /// In that call of it.
    #[must_use]
    pub fn in_call(self, call: Option<CallId>) -> Self {
        Self { call, ..self }
    }

    /// Where a role of that scope is given and revoked; `series` names the edition's, where the scope has an edition.
    pub fn of_scope(scope: &Scope, series: Option<&Line>) -> Self {
        let in_edition =
            |id: &EditionId| Self { series: series.cloned(), edition: Some(*id), ..Self::default() };
        match scope {
            Scope::Everywhere => Self::installation(),
            Scope::Series(name) => Self::series(name),
            Scope::Edition(id) => in_edition(id),
            Scope::Track(id, track) => in_edition(id).in_track(Some(*track)),
            Scope::Call(id, call) => in_edition(id).in_call(Some(*call)),
            Scope::Room(id, room) => in_edition(id).in_room(Some(*room)),
        }
    }
}

/// A role that somebody was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its identifier.
    pub id: GrantId,
    /// Who has it.
    pub account: AccountId,
    /// The role.
    pub role: Role,
    /// Where it holds.
    pub scope: Scope,
    /// Who gave it, as [`Actor`] is written.
    pub given_by: String,
    /// When it was given.
    pub given_at: Timestamp,
    /// From when on it holds; at once where none is said.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Until when it holds, exclusive; until it is revoked where none is said.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// When it was revoked, and by whom.
    #[serde(default)]
    pub revoked: Option<Revoked>,
    /// Why it was given.
    #[serde(default)]
    pub note: Line,
}

/// The end of a grant before its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// By whom, as [`Actor`] is written.
    pub by: String,
}

impl Grant {
    /// Whether it holds at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked.is_none()
            && self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
    }

    /// Whether it still gives what `other` would give again: the same role in the same scope from and until the same time.
    pub fn gives(&self, other: &Self) -> bool {
        self.revoked.is_none()
            && (self.role, &self.scope, self.from, self.until)
                == (other.role, &other.scope, other.from, other.until)
    }
}

/// What a token lets a program do in its owner's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Read what the owner may read.
    Read,
    /// Do what the owner may do.
    Write,
}

/// Somebody who wants to do something, with the roles that they have at this moment.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Who they are in the change feed.
    pub actor: Actor,
    /// The account; `None` for visitors and for the command line of the server.
    pub account: Option<AccountId>,
    /// Their grants; those that do not hold at `now` count for nothing.
    pub grants: Vec<Grant>,
    /// The present instant.
    pub now: Timestamp,
    /// The one whose pages they look at, reading only ("view as"); the grants are then that person's.
    pub viewing_as: Option<AccountId>,
    /// With which token, where a program asks, and what it may do.
    pub token: Option<(TokenId, TokenScope)>,
}

impl Subject {
    /// A visitor without an account.
    pub fn visitor(now: Timestamp) -> Self {
        Self { actor: Actor::Visitor, account: None, grants: vec![], now, viewing_as: None, token: None }
    }

    /// Somebody at the command line of the server, who has the whole record in their hands anyway.
    pub fn operator(name: String, now: Timestamp) -> Self {
        Self { actor: Actor::Operator(name), ..Self::visitor(now) }
    }

    /// Somebody who is signed in.
    pub fn person(account: AccountId, grants: Vec<Grant>, now: Timestamp) -> Self {
        Self { actor: Actor::person(account), account: Some(account), grants, ..Self::visitor(now) }
    }

    /// Whether they may do that to what stands there. The refusal says why not and whom to ask.
    pub fn may(&self, action: Action, place: &Place) -> Result<(), Refusal> {
        if !action.only_reads() {
            self.may_write()?;
        }
        if matches!(self.actor, Actor::Operator(_) | Actor::System) {
            return Ok(());
        }
        if self.holding().any(|grant| grant.role.allows(action) && grant.scope.covers(place)) {
            return Ok(());
        }
        let (problem, remedy) = match self.account {
            None => ("it needs somebody who is signed in", "Sign in first"),
            Some(_) => {
                ("none of your roles allows it here", "Ask an organiser of the edition for a role that does")
            }
        };
        Err(Refusal::new(action.shown(), problem, remedy))
    }

    /// Whether they may do that anywhere at all: for menus, never for deciding.
    pub fn may_somewhere(&self, action: Action) -> bool {
        matches!(self.actor, Actor::Operator(_) | Actor::System)
            || self.holding().any(|grant| grant.role.allows(action))
    }

    /// Whether they may do that in the edition or in some part of it, such as their track: for entering its desk and
    /// for menus. What is done to a thing is decided by [`Subject::may`] with the thing's own place.
    pub fn may_within(&self, action: Action, edition: &crate::edition::Edition) -> bool {
        let place = Place::edition(edition);
        matches!(self.actor, Actor::Operator(_) | Actor::System)
            || self.holding().any(|grant| {
                grant.role.allows(action)
                    && (grant.scope.covers(&place) || grant.scope.edition() == Some(edition.id))
            })
    }

    /// Whether they may open editions of some series: for menus and forms, before it is said of which. Who organises one
    /// edition may make the next one from it, and opens no others.
    pub fn may_open_editions(&self) -> bool {
        matches!(self.actor, Actor::Operator(_) | Actor::System)
            || self
                .holding()
                .any(|grant| grant.role.allows(Action::CreateEdition) && grant.scope.edition().is_none())
    }

    /// Whether they may change anything at all, what is theirs included: not while they view as another person, and
    /// not with a token that only reads.
    pub fn may_write(&self) -> Result<(), Refusal> {
        if self.viewing_as.is_some() {
            return Err(Refusal::new(
                "view as",
                "nothing can be changed while you view as another person",
                "Return to your own view first",
            ));
        }
        if matches!(self.token, Some((_, TokenScope::Read))) {
            return Err(Refusal::new("token", "it may only read", "Make a token that may write"));
        }
        Ok(())
    }

    /// Whether they may give or revoke `role` with that scope; `series` names that of the scope's edition.
    pub fn may_give(&self, role: Role, scope: &Scope, series: Option<&Line>) -> Result<(), Refusal> {
        if !role.fits(scope) {
            return Err(Refusal::new(
                "scope",
                format!("the role {role} cannot be given there"),
                "Choose another scope for it",
            ));
        }
        let place = Place::of_scope(scope, series);
        self.may(Action::GiveRoles, &place)?;
        let operator = matches!(self.actor, Actor::Operator(_) | Actor::System);
        let gives = |grant: &Grant| grant.role.may_give(role) && grant.scope.covers(&place);
        if operator || self.holding().any(gives) {
            return Ok(());
        }
        Err(Refusal::new("role", format!("you cannot give the role {role}"), "Ask an administrator"))
    }

    /// Whether they may block and unblock the account of somebody else. Nobody locks themselves out.
    pub fn may_block(&self, other: AccountId) -> Result<(), Refusal> {
        self.may(Action::ManagePeople, &Place::installation())?;
        if self.account == Some(other) {
            return Err(Refusal::new(
                "account",
                "it is your own",
                "Delete it under Your data, or ask another administrator",
            ));
        }
        Ok(())
    }

    /// Whether they may see the pages of somebody else as that person sees them, reading only. `places` are those where
    /// the other is known: the installation, and every edition that they have to do with. `theirs` are the other's
    /// grants, each with the place where it is given.
    ///
    /// **Nobody sees more as another than they may see as themselves**: each role of the other must be covered by one
    /// of their own, in its scope and in what it allows. So an organiser views as an attendee or a lead, and never as an
    /// administrator.
    pub fn may_view_as(
        &self,
        other: AccountId,
        theirs: &[(Grant, Place)],
        places: &[Place],
    ) -> Result<(), Refusal> {
        let here = places.iter().map(|place| self.may(Action::ViewAs, place));
        let refused = || Err(Refusal::new("view as", "you know them nowhere", "Ask an administrator"));
        here.reduce(Result::or).unwrap_or_else(refused)?;
        if self.account == Some(other) {
            return Err(Refusal::new("view as", "these are your own pages", "Choose somebody else"));
        }
        let covered = |grant: &Grant, place: &Place| {
            self.holding().any(|own| {
                own.role.allows(Action::ViewAs) && own.scope.covers(place) && own.role.covers(grant.role)
            })
        };
        match theirs.iter().find(|(grant, place)| grant.holds(self.now) && !covered(grant, place)) {
            None => Ok(()),
            Some((grant, _)) => Err(Refusal::new(
                "view as",
                format!("they have the role {}, which yours do not cover", grant.role),
                "Ask an administrator to look",
            )),
        }
    }

    /// The grants that hold now.
    pub fn holding(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(|grant| grant.holds(self.now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn edition() -> EditionId {
        EditionId(Uuid::from_u128(1))
    }

    fn track(number: u128) -> TrackId {
        TrackId(Uuid::from_u128(number))
    }

    fn grant(role: Role, scope: Scope) -> Grant {
        Grant {
            id: GrantId(Uuid::from_u128(9)),
            account: AccountId(Uuid::from_u128(7)),
            role,
            scope,
            given_by: "operator:test".to_owned(),
            given_at: NOW,
            from: None,
            until: None,
            revoked: None,
            note: Line::default(),
        }
    }

    fn with(grants: Vec<Grant>) -> Subject {
        Subject::person(AccountId(Uuid::from_u128(7)), grants, NOW)
    }

    fn in_edition() -> Place {
        Place { series: Some(Line::from("Plumbers")), edition: Some(edition()), ..Place::default() }
    }

    /// Every action against every role. What it prints is `docs/rights.md`, which this test keeps true.
    #[test]
    fn the_matrix_of_rights() {
        let mut out = String::from("| action |");
        for role in Role::ALL {
            write!(out, " {} |", role.shown()).unwrap();
        }
        out.push_str("\n|---|");
        out.push_str(&"---|".repeat(Role::ALL.len()));
        out.push('\n');
        for action in Action::ALL {
            write!(out, "| {} |", action.shown()).unwrap();
            for role in Role::ALL {
                // Asked as every edge asks, in a scope that the role can have, of something that stands in all scopes.
                let call = CallId(Uuid::from_u128(3));
                let room = RoomId(Uuid::from_u128(4));
                let scopes = [
                    Scope::Everywhere,
                    Scope::Edition(edition()),
                    Scope::Track(edition(), track(2)),
                    Scope::Call(edition(), call),
                    Scope::Room(edition(), room),
                ];
                let scope = scopes.into_iter().find(|scope| role.fits(scope)).unwrap();
                let place = in_edition().in_track(Some(track(2))).in_call(Some(call)).in_room(Some(room));
                let allowed = with(vec![grant(*role, scope)]).may(*action, &place).is_ok();
                assert_eq!(allowed, role.allows(*action), "{role} {action}");
                out.push_str(if allowed { " yes |" } else { " |" });
            }
            out.push('\n');
        }
        let page = include_str!("../../../docs/rights.md");
        assert!(page.contains(&out), "docs/rights.md must hold this table:\n\n{out}");
    }

    #[test]
    fn a_visitor_and_somebody_without_a_role_may_do_nothing_of_it() {
        for action in Action::ALL {
            assert!(Subject::visitor(NOW).may(*action, &in_edition()).is_err(), "{action}");
            assert!(with(vec![]).may(*action, &in_edition()).is_err(), "{action}");
        }
    }

    #[test]
    fn a_role_holds_in_its_scope_and_nowhere_else() {
        let lead = with(vec![grant(Role::Lead, Scope::Track(edition(), track(2)))]);
        assert!(lead.may(Action::EditSession, &in_edition().in_track(Some(track(2)))).is_ok());
        assert!(lead.may(Action::EditSession, &in_edition().in_track(Some(track(3)))).is_err());
        assert!(lead.may(Action::EditSession, &in_edition()).is_err());
        let elsewhere = Place { edition: Some(EditionId(Uuid::from_u128(5))), ..in_edition() };
        let organiser = with(vec![grant(Role::Organiser, Scope::Edition(edition()))]);
        assert!(organiser.may(Action::EditEdition, &in_edition()).is_ok());
        assert!(organiser.may(Action::EditEdition, &elsewhere).is_err());
        let of_series = with(vec![grant(Role::Organiser, Scope::Series(Line::from("plumbers")))]);
        assert!(of_series.may(Action::EditEdition, &elsewhere).is_ok());
    }

    #[test]
    fn a_grant_holds_from_its_begin_to_its_end_and_not_when_it_is_revoked() {
        let later = NOW + jiff::SignedDuration::from_hours(1);
        let place = in_edition();
        let may = |grant: Grant| with(vec![grant]).may(Action::Release, &place).is_ok();
        let organiser = || grant(Role::Organiser, Scope::Edition(edition()));
        assert!(may(organiser()));
        assert!(!may(Grant { from: Some(later), ..organiser() }));
        assert!(!may(Grant { until: Some(NOW), ..organiser() }));
        assert!(may(Grant { until: Some(later), ..organiser() }));
        assert!(!may(Grant { revoked: Some(Revoked { at: NOW, by: "system".to_owned() }), ..organiser() }));
    }

    #[test]
    fn viewing_as_another_and_a_reading_token_change_nothing() {
        let administrator = vec![grant(Role::Administrator, Scope::Everywhere)];
        let viewing =
            Subject { viewing_as: Some(AccountId(Uuid::from_u128(8))), ..with(administrator.clone()) };
        let token = (TokenId(Uuid::from_u128(6)), TokenScope::Read);
        let reading = Subject { token: Some(token), ..with(administrator) };
        for action in Action::ALL {
            assert_eq!(viewing.may(*action, &in_edition()).is_ok(), action.only_reads(), "{action}");
            assert_eq!(reading.may(*action, &in_edition()).is_ok(), action.only_reads(), "{action}");
        }
    }

    #[test]
    fn nobody_sees_more_as_another_than_as_themselves() {
        let other = AccountId(Uuid::from_u128(8));
        let series = Line::from("Plumbers");
        let theirs = |role, scope: Scope| {
            let place = Place::of_scope(&scope, Some(&series));
            vec![(grant(role, scope), place)]
        };
        let known = [Place::installation(), in_edition()];
        let organiser = with(vec![grant(Role::Organiser, Scope::Edition(edition()))]);
        let view = |who: &Subject, theirs: &[(Grant, Place)]| who.may_view_as(other, theirs, &known).is_ok();
        assert!(view(&organiser, &[]), "an attendee");
        assert!(view(&organiser, &theirs(Role::Lead, Scope::Track(edition(), track(2)))));
        assert!(view(&organiser, &theirs(Role::Organiser, Scope::Edition(edition()))));
        assert!(!view(&organiser, &theirs(Role::Administrator, Scope::Everywhere)));
        assert!(!view(&organiser, &theirs(Role::Organiser, Scope::Series(series.clone()))));
        assert!(!view(&organiser, &theirs(Role::Crew, Scope::Everywhere)), "a small role in a larger scope");
        let elsewhere = EditionId(Uuid::from_u128(5));
        assert!(!view(&organiser, &theirs(Role::Lead, Scope::Track(elsewhere, track(2)))));
        let mut over = theirs(Role::Administrator, Scope::Everywhere);
        over[0].0.until = Some(NOW);
        assert!(view(&organiser, &over), "a role that is over counts for nothing");
        let administrator = with(vec![grant(Role::Administrator, Scope::Everywhere)]);
        assert!(view(&administrator, &theirs(Role::Administrator, Scope::Everywhere)));
        for role in Role::ALL.iter().filter(|role| !role.allows(Action::ViewAs)) {
            let scope = [Scope::Edition(edition()), Scope::Track(edition(), track(2))];
            let scope = scope.into_iter().find(|scope| role.fits(scope)).unwrap();
            assert!(!view(&with(vec![grant(*role, scope)]), &[]), "{role}");
        }
    }

    #[test]
    fn one_views_only_as_somebody_whom_one_knows_and_not_from_within_another_view() {
        let other = AccountId(Uuid::from_u128(8));
        let organiser = with(vec![grant(Role::Organiser, Scope::Edition(edition()))]);
        assert!(organiser.may_view_as(other, &[], &[Place::installation()]).is_err());
        assert!(organiser.may_view_as(other, &[], &[]).is_err());
        let own = AccountId(Uuid::from_u128(7));
        assert!(organiser.may_view_as(own, &[], &[in_edition()]).is_err());
        let viewing = Subject { viewing_as: Some(AccountId(Uuid::from_u128(6))), ..organiser };
        assert!(viewing.may_view_as(other, &[], &[in_edition()]).is_err());
    }

    #[test]
    fn accounts_are_blocked_by_those_alone_who_run_the_installation_and_nobody_blocks_themselves() {
        let other = AccountId(Uuid::from_u128(8));
        let own = AccountId(Uuid::from_u128(7));
        let administrator = with(vec![grant(Role::Administrator, Scope::Everywhere)]);
        assert!(administrator.may_block(other).is_ok());
        assert!(administrator.may_block(own).is_err());
        for role in Role::ALL.iter().filter(|role| **role != Role::Administrator) {
            let scope = [Scope::Everywhere, Scope::Edition(edition()), Scope::Track(edition(), track(2))];
            let scope = scope.into_iter().find(|scope| role.fits(scope)).unwrap();
            assert!(with(vec![grant(*role, scope)]).may_block(other).is_err(), "{role}");
        }
        assert!(Subject::operator("test".to_owned(), NOW).may_block(other).is_ok());
    }

    #[test]
    fn nobody_gives_more_than_they_have() {
        let organiser = with(vec![grant(Role::Organiser, Scope::Edition(edition()))]);
        let series = Line::from("Plumbers");
        let give = |role, scope: &Scope| organiser.may_give(role, scope, Some(&series)).is_ok();
        assert!(give(Role::Organiser, &Scope::Edition(edition())));
        assert!(give(Role::Lead, &Scope::Track(edition(), track(2))));
        assert!(!give(Role::Organiser, &Scope::Series(series.clone())));
        assert!(!give(Role::Administrator, &Scope::Everywhere));
        assert!(!give(Role::Lead, &Scope::Edition(edition())), "a lead leads a track");
    }
}
