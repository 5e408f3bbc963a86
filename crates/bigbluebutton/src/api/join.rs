//! The address with which a browser enters a meeting
//! (<https://docs.bigbluebutton.org/development/api/#join>).

use crate::{
    meeting::{CreateTime, MeetingId, Role},
    server::{Query, Server},
};
use std::{collections::BTreeMap, fmt};

/// Somebody who is about to enter a meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// The name that the others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whom we know them as: `userID` in lists of who is inside, `external-user-id` in callbacks.
    pub person: String,
    /// Which run of the room the address leads into. Without it, an old address leads into a later run.
    pub run: CreateTime,
    /// The address of their picture.
    pub avatar: String,
    /// Whether the room's policy for guests concerns them.
    pub guest: bool,
    /// Where they find themselves after leaving, other than the room says.
    pub logout_url: String,
    /// Where they find themselves when they are not let in.
    pub error_url: String,
    /// Whether they are left out of the learning dashboard, as helpers are.
    pub hidden_from_dashboard: bool,
    /// Settings of their client, such as `bbb_override_default_locale`, without `userdata-` before them.
    pub client: BTreeMap<String, String>,
}

/// A signed address with which one person enters one meeting. **Only that person's browser may open it**: the server
/// sets the cookie of the session where it is opened. It is not printed by `{:?}`; whoever reads it can enter.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinUrl(String);

impl JoinUrl {
    /// The address, for the redirect that sends the browser there.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for JoinUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinUrl(***)")
    }
}

impl Join {
    /// Somebody by name, role and whom we know them as, in that run of the room.
    pub fn new(name: &str, role: Role, person: &str, run: CreateTime) -> Self {
        Self { name: name.to_owned(), role, person: person.to_owned(), run, ..Self::default() }
    }

    /// The address at that server. Nothing is called.
    pub fn url(&self, server: &Server, meeting: &MeetingId) -> JoinUrl {
        JoinUrl(server.signed("join", self.query(meeting)))
    }

    /// The same, answered with the session as XML instead of a redirect: for simulated attendees.
    pub fn url_without_redirect(&self, server: &Server, meeting: &MeetingId) -> JoinUrl {
        JoinUrl(server.signed("join", self.query(meeting).add("redirect", "false")))
    }

    fn query(&self, meeting: &MeetingId) -> Query {
        let yes = |flag: bool| flag.then_some(true);
        Query::new()
            .add("fullName", &self.name)
            .add("meetingID", meeting.as_str())
            .add("role", self.role.as_str())
            .text("userID", &self.person)
            .maybe("createTime", (self.run != CreateTime::default()).then_some(self.run))
            .text("avatarURL", &self.avatar)
            .maybe("guest", yes(self.guest))
            .text("logoutURL", &self.logout_url)
            .text("errorRedirectUrl", &self.error_url)
            .maybe("excludeFromDashboard", yes(self.hidden_from_dashboard))
            .each("userdata-", &self.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checksum::Algorithm, secret::Secret};

    #[test]
    fn the_address_names_person_role_and_run_and_is_not_printed() {
        let server = Server::new("https://bbb.example.org", Secret::new("s"), Algorithm::Sha256).unwrap();
        let meeting = MeetingId::parse("track-a").unwrap();
        let mut join = Join::new("Zoë", Role::Moderator, "p7", CreateTime(1_700));
        join.client.insert("bbb_auto_join_audio".to_owned(), "true".to_owned());
        let url = join.url(&server, &meeting);
        assert!(url.reveal().starts_with(
            "https://bbb.example.org/bigbluebutton/api/join?fullName=Zo%C3%AB&meetingID=track-a&role=MODERATOR\
             &userID=p7&createTime=1700&userdata-bbb_auto_join_audio=true&checksum="
        ));
        assert!(!format!("{url:?}").contains("checksum"));
    }
}
