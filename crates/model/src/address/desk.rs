//! Addresses of the organisers' desk.

use crate::{
    feed::Sequence,
    id::{
        AccountId, CallId, ForwardId, MailId, PersonId, PostId, ProposalId, RegistrationId, RoomId,
        SessionId, SessionTypeId, SponsorId, TemplateId, TrackId, WebPageId, WebhookId,
    },
    text::Slug,
};

/// An address of the desk that belongs to no edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// What one has to do, and the editions.
    Home,
    /// A new edition.
    NewEdition,
    /// An edition from a schedule file.
    Import,
    /// All accounts.
    People,
    /// One account.
    Person(AccountId),
    /// Who has which role.
    Grants,
    /// The audit log.
    Log,
    /// One entry of it.
    LogEntry(Sequence),
    /// All mail.
    Mail,
    /// One mail.
    MailItem(MailId),
    /// Addresses to which nothing is sent.
    Suppressed,
    /// Who is told of changes.
    Webhooks,
    /// One webhook and what was delivered.
    Webhook(WebhookId),
    /// The servers of meetings.
    Servers,
}

impl Desk {
    /// The path.
    pub fn path(self) -> String {
        match self {
            Self::Home => "/desk/".to_owned(),
            Self::NewEdition => "/desk/new/".to_owned(),
            Self::Import => "/desk/import/".to_owned(),
            Self::People => "/desk/people/".to_owned(),
            Self::Person(id) => format!("/desk/people/{id}/"),
            Self::Grants => "/desk/grants/".to_owned(),
            Self::Log => "/desk/log/".to_owned(),
            Self::LogEntry(seq) => format!("/desk/log/{seq}/"),
            Self::Mail => "/desk/mail/".to_owned(),
            Self::MailItem(id) => format!("/desk/mail/{id}/"),
            Self::Suppressed => "/desk/mail/suppressed/".to_owned(),
            Self::Webhooks => "/desk/webhooks/".to_owned(),
            Self::Webhook(id) => format!("/desk/webhooks/{id}/"),
            Self::Servers => "/desk/servers/".to_owned(),
        }
    }
}

/// An address of the desk within one edition. A list and the form for a new thing stand at one address each; a thing
/// stands at its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditionDesk {
    /// The state of the edition and what is to be done.
    Home,
    /// Title, dates, zone, mode, texts.
    Settings,
    /// The next year's edition from this one's settings.
    Copy,
    /// Rooms.
    Rooms,
    /// A new room.
    NewRoom,
    /// One room.
    Room(RoomId),
    /// The rooms on the day.
    Live,
    /// A new hallway or help desk.
    NewLiveRoom,
    /// One room on the day.
    LiveRoom(RoomId),
    /// Calls.
    Calls,
    /// A new call.
    NewCall,
    /// The amendments of a call and the questions about it.
    CallQuestions(CallId),
    /// The access codes of a call.
    CallCodes(CallId),
    /// One call.
    Call(CallId),
    /// What was submitted to the calls.
    Proposals,
    /// One proposal.
    Proposal(ProposalId),
    /// The queue of microconferences, and those that were accepted.
    Microconferences,
    /// One microconference.
    Microconference(ProposalId),
    /// What of the proposals waits for somebody.
    ToDo,
    /// What other calls pass on to this edition's, and these to others.
    Forwards,
    /// A proposal that waits for this edition to take it or not.
    Forward(ForwardId),
    /// Editions on other Plenarys with which proposals are passed on.
    Partners,
    /// What one would review.
    Bids,
    /// Who reviews what.
    Assignments,
    /// Who reviews what of one call.
    Assignment(CallId),
    /// What the committee has before it.
    Sitting,
    /// Tracks.
    Tracks,
    /// A new track.
    NewTrack,
    /// One track.
    Track(TrackId),
    /// Session types.
    SessionTypes,
    /// A new session type.
    NewSessionType,
    /// One session type.
    SessionType(SessionTypeId),
    /// The persons of the programme.
    Persons,
    /// A new person.
    NewPerson,
    /// One person of the programme.
    Person(PersonId),
    /// Sessions.
    Sessions,
    /// A new session.
    NewSession,
    /// One session: its text, its slots, its standing.
    Session(SessionId),
    /// What a release would change, publishing it, taking it back.
    Release,
    /// Pages and the menu.
    Pages,
    /// A new page.
    NewPage,
    /// One page.
    Page(WebPageId),
    /// The menu.
    Menu,
    /// Sponsors.
    Sponsors,
    /// A new sponsor.
    NewSponsor,
    /// One sponsor.
    Sponsor(SponsorId),
    /// Announcements and the blog.
    Posts,
    /// Whose accounts the persons of the programme are known to be.
    SpeakerAccounts,
    /// The Mastodon account on which posts are published.
    Mastodon,
    /// A new post.
    NewPost,
    /// One post.
    Post(PostId),
    /// Registrations.
    Registrations,
    /// A new registration.
    NewRegistration,
    /// One registration.
    Registration(RegistrationId),
    /// Import of registrations.
    ImportRegistrations,
    /// How many may be registered.
    RegistrationCaps,
    /// Who has which role in this edition.
    Grants,
    /// Sender, templates and what is sent.
    Mail,
    /// One template.
    Template(TemplateId),
    /// Dates against other conferences.
    Dates,
    /// Hours against where people are.
    Hours,
    /// The audit log of this edition.
    Log,
}

impl EditionDesk {
    /// The path in the desk of `edition`.
    pub fn path(self, edition: &Slug) -> String {
        let of = |kind: &str, id: &dyn std::fmt::Display| format!("/desk/{edition}/{kind}/{id}/");
        let page = |name: &str| format!("/desk/{edition}/{name}/");
        match self {
            Self::Home => format!("/desk/{edition}/"),
            Self::Settings => page("settings"),
            Self::Copy => page("copy"),
            Self::Rooms => page("rooms"),
            Self::NewRoom => page("rooms/new"),
            Self::Room(id) => of("rooms", &id),
            Self::Live => page("live"),
            Self::NewLiveRoom => page("live/new"),
            Self::LiveRoom(id) => of("live", &id),
            Self::Calls => page("calls"),
            Self::NewCall => page("calls/new"),
            Self::CallQuestions(id) => page(&format!("calls/{id}/questions")),
            Self::CallCodes(id) => page(&format!("calls/{id}/codes")),
            Self::Call(id) => page(&format!("calls/{id}")),
            Self::Proposals => page("proposals"),
            Self::Proposal(id) => page(&format!("proposals/{id}")),
            Self::Microconferences => page("microconferences"),
            Self::Microconference(id) => of("microconferences", &id),
            Self::ToDo => page("proposals/to-do"),
            Self::Forwards => page("proposals/forwards"),
            Self::Forward(id) => page(&format!("proposals/forwards/{id}")),
            Self::Partners => page("partners"),
            Self::Bids => page("proposals/bids"),
            Self::Assignments => page("assignment"),
            Self::Assignment(call) => of("assignment", &call),
            Self::Sitting => page("proposals/meeting"),
            Self::Tracks => page("tracks"),
            Self::NewTrack => page("tracks/new"),
            Self::Track(id) => of("tracks", &id),
            Self::SessionTypes => page("types"),
            Self::NewSessionType => page("types/new"),
            Self::SessionType(id) => of("types", &id),
            Self::Persons => page("persons"),
            Self::NewPerson => page("persons/new"),
            Self::Person(id) => of("persons", &id),
            Self::Sessions => page("sessions"),
            Self::NewSession => page("sessions/new"),
            Self::Session(id) => of("sessions", &id),
            Self::Release => page("release"),
            Self::Pages => page("pages"),
            Self::NewPage => page("pages/new"),
            Self::Page(id) => of("pages", &id),
            Self::Menu => page("menu"),
            Self::Sponsors => page("sponsors"),
            Self::NewSponsor => page("sponsors/new"),
            Self::Sponsor(id) => of("sponsors", &id),
            Self::Posts => page("posts"),
            Self::SpeakerAccounts => page("posts/speakers"),
            Self::Mastodon => page("mastodon"),
            Self::NewPost => page("posts/new"),
            Self::Post(id) => of("posts", &id),
            Self::Registrations => page("registrations"),
            Self::NewRegistration => page("registrations/new"),
            Self::Registration(id) => of("registrations", &id),
            Self::ImportRegistrations => page("registrations/import"),
            Self::RegistrationCaps => page("registrations/caps"),
            Self::Grants => page("grants"),
            Self::Mail => page("mail"),
            Self::Template(id) => of("mail/templates", &id),
            Self::Dates => page("dates"),
            Self::Hours => page("hours"),
            Self::Log => page("log"),
        }
    }
}
