//! The registration: the file that makes the homeserver know us as an
//! [application service](https://spec.matrix.org/v1.16/application-service-api/#registration).
//!
//! The homeserver reads it when it starts and not again.

use crate::{
    id::{Alias, ServerName, UserId},
    secret::Secret,
};
use model::Refusal;
use serde::{Deserialize, Serialize};

/// With what the names of our ghosts and the aliases of our rooms begin.
pub const PREFIX: &str = "plenary_";

/// Our own user's name.
pub const SENDER: &str = "plenary";

/// The names that are ours on a homeserver: nobody else gets a user or an alias among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// The homeserver.
    pub server: ServerName,
}

impl Namespace {
    /// Our names on that server.
    pub fn new(server: ServerName) -> Self {
        Self { server }
    }

    /// Our own user, who makes the rooms.
    pub fn sender(&self) -> Result<UserId, Refusal> {
        UserId::of(SENDER, &self.server)
    }

    /// The ghost of that key: somebody who speaks elsewhere, shown in Matrix. A key is of small letters, digits, `.`,
    /// `_`, `-` and `=`, at most 100 of them: an identifier, never a name that may change.
    pub fn ghost(&self, key: &str) -> Result<UserId, Refusal> {
        check("ghost", key)?;
        UserId::of(&format!("{PREFIX}{key}"), &self.server)
    }

    /// The alias of that key, of the same letters as a ghost's.
    pub fn alias(&self, key: &str) -> Result<Alias, Refusal> {
        check("alias", key)?;
        Alias::of(&format!("{PREFIX}{key}"), &self.server)
    }

    /// Whether that user is one of ours. What ours do comes back from the homeserver like everything else, and must not
    /// be taken for news.
    pub fn holds(&self, user: &UserId) -> bool {
        let name = user.localpart();
        user.server() == self.server.as_str() && (name == SENDER || name.starts_with(PREFIX))
    }

    /// Whether that alias is one of ours.
    pub fn holds_alias(&self, alias: &Alias) -> bool {
        alias.server() == self.server.as_str() && alias.localpart().starts_with(PREFIX)
    }
}

/// The letters that the specification allows in a new user's name, without those that would need care in an address.
fn check(field: &str, key: &str) -> Result<(), Refusal> {
    let fit = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-' | b'=');
    if (1..=100).contains(&key.len()) && key.bytes().all(fit) {
        return Ok(());
    }
    let remedy = "Use 1 to 100 small letters, digits, dots, underscores and hyphens";
    Err(Refusal::new(field, format!("\"{key}\" cannot be a name in Matrix"), remedy))
}

/// What the registration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// How the homeserver calls us in its log and in a ping.
    pub id: String,
    /// Where the homeserver reaches us, without `/_matrix`.
    pub url: String,
    /// With what we show the homeserver who we are.
    pub as_token: Secret,
    /// With what the homeserver shows us who it is.
    pub hs_token: Secret,
    /// Our own user's name.
    pub sender_localpart: String,
    /// Whether our users are limited like everybody else. `None` where it is not said: then they are, in Synapse.
    pub rate_limited: Option<bool>,
    /// The users that are ours, each with whether they are ours alone.
    pub users: Vec<(String, bool)>,
    /// The aliases that are ours, likewise.
    pub aliases: Vec<(String, bool)>,
}

/// The part of the file that is read. What else stands in it is for the homeserver.
#[derive(Deserialize, Serialize)]
struct File {
    id: String,
    url: Option<String>,
    as_token: Secret,
    hs_token: Secret,
    sender_localpart: String,
    #[serde(default)]
    rate_limited: Option<bool>,
    #[serde(default)]
    namespaces: Namespaces,
}

#[derive(Deserialize, Serialize, Default)]
struct Namespaces {
    #[serde(default)]
    users: Vec<Names>,
    #[serde(default)]
    aliases: Vec<Names>,
}

#[derive(Deserialize, Serialize)]
struct Names {
    exclusive: bool,
    regex: String,
}

impl Registration {
    /// A new registration for the homeserver of that name, which reaches us at `url`, with new tokens.
    ///
    /// # Errors
    /// The address is none, or the machine has no random numbers.
    pub fn new(server: &ServerName, url: &str) -> Result<Self, Refusal> {
        let url = url.trim().trim_end_matches('/');
        let plain = (url.starts_with("https://") || url.starts_with("http://"))
            && !url.contains(|c: char| {
                c.is_control() || c.is_whitespace() || matches!(c, '"' | '\\' | '#' | '?' | '@')
            });
        if !plain {
            let remedy = "Enter the address at which the homeserver reaches Plenary, with http:// or https:// at its start";
            return Err(Refusal::new("url", "this is no address that a homeserver can call", remedy));
        }
        let secret = || {
            Secret::random().map_err(|error| {
                let problem = format!("the machine has no random numbers: {error}");
                Refusal::new("tokens", problem, "Try again once the machine has started up wholly")
            })
        };
        let server = server.as_str().replace('.', r"\.").replace('[', r"\[").replace(']', r"\]");
        Ok(Self {
            id: "plenary".to_owned(),
            url: url.to_owned(),
            as_token: secret()?,
            hs_token: secret()?,
            sender_localpart: SENDER.to_owned(),
            rate_limited: Some(false),
            users: vec![(format!("@{PREFIX}.*:{server}"), true)],
            aliases: vec![(format!("#{PREFIX}.*:{server}"), true)],
        })
    }

    /// Reads a registration file.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let file: File = serde_norway::from_str(text).map_err(|error| {
            let remedy = "Give the file that \"plenary\" wrote, with its tokens";
            Refusal::new(
                "registration",
                format!("this cannot be read: {}", model::text::excerpt(&error.to_string(), 200)),
                remedy,
            )
        })?;
        let names = |all: Vec<Names>| all.into_iter().map(|names| (names.regex, names.exclusive)).collect();
        Ok(Self {
            id: file.id,
            url: file.url.unwrap_or_default(),
            as_token: file.as_token,
            hs_token: file.hs_token,
            sender_localpart: file.sender_localpart,
            rate_limited: file.rate_limited,
            users: names(file.namespaces.users),
            aliases: names(file.namespaces.aliases),
        })
    }

    /// The file, explained. It holds both tokens: whoever reads it can act as us and as the homeserver.
    pub fn yaml(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!(
            "# Makes this homeserver know Plenary as an application service. Keep it readable by the homeserver alone:\n\
             # whoever has the tokens below can speak as any user that Plenary has, and to Plenary as the homeserver.\n\
             # Name this file in homeserver.yaml under app_service_config_files, then restart: it is read at the start.\n\
             \n\
             id: {}\n\
             # Where the homeserver reaches Plenary. It sends what happens in the rooms to /_matrix/app/v1/ below it.\n\
             url: {}\n\
             # Plenary shows this one to the homeserver, the homeserver the other one to Plenary.\n\
             as_token: {}\n\
             hs_token: {}\n\
             # The user that makes the rooms.\n\
             sender_localpart: {}\n",
            quoted(&self.id),
            quoted(&self.url),
            quoted(self.as_token.secret()),
            quoted(self.hs_token.secret()),
            quoted(&self.sender_localpart),
        );
        if let Some(limited) = self.rate_limited {
            // Writing to a string cannot fail, here and below.
            let _ = write!(
                text,
                "# Without this line Synapse allows Plenary no more messages than it allows one person: 0.2 a second.\n\
                 rate_limited: {limited}\n"
            );
        }
        text.push_str(
            "# Plenary needs no typing notices and no receipts.\n\
             receive_ephemeral: false\n\
             protocols: []\n\
             # Names that are Plenary's. \"exclusive\" keeps everybody else from registering them.\n\
             namespaces:\n",
        );
        for (what, all) in [("users", &self.users), ("aliases", &self.aliases)] {
            let _ = writeln!(text, "  {what}:{}", if all.is_empty() { " []" } else { "" });
            for (regex, exclusive) in all {
                let _ = write!(text, "    - exclusive: {exclusive}\n      regex: {}\n", quoted(regex));
            }
        }
        text.push_str("  rooms: []\n");
        text
    }
}

/// Text as YAML takes it in any place: JSON's strings are YAML's.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> ServerName {
        ServerName::parse("matrix.example.org").unwrap()
    }

    #[test]
    fn a_registration_is_read_back_as_it_was_written_and_shows_no_token() {
        let made = Registration::new(&server(), "https://conf.example.org/").unwrap();
        let yaml = made.yaml();
        assert_eq!(Registration::parse(&yaml).unwrap(), made);
        assert!(yaml.contains(r#"regex: "@plenary_.*:matrix\\.example\\.org""#), "{yaml}");
        assert!(yaml.contains("rate_limited: false"));
        let shown = format!("{made:?}");
        assert!(!shown.contains(made.as_token.secret()) && !shown.contains(made.hs_token.secret()));
        assert_ne!(made.as_token, made.hs_token);
    }

    #[test]
    fn a_registration_without_tokens_or_address_is_refused_with_a_remedy() {
        for wrong in [
            "",
            "[]",
            "id: x\nurl: null",
            "id: [",
            "id: a\nurl: b\nas_token: x\nhs_token: y\nsender_localpart: z",
        ] {
            let refusal = Registration::parse(wrong).unwrap_err();
            assert!(!refusal.remedy.is_empty() && refusal.to_string().len() < 500, "{refusal}");
        }
        for wrong in ["", "conf.example.org", "https://conf.example.org/\"x", "ftp://conf.example.org"] {
            assert!(Registration::new(&server(), wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ours_are_told_from_everybody_else() {
        let ours = Namespace::new(server());
        assert!(ours.holds(&ours.sender().unwrap()));
        assert!(ours.holds(&ours.ghost("bbb-1").unwrap()));
        assert_eq!(ours.alias("2026_hall").unwrap().as_str(), "#plenary_2026_hall:matrix.example.org");
        for other in
            ["@ada:matrix.example.org", "@plenary_ada:elsewhere.example", "@plenaryada:matrix.example.org"]
        {
            assert!(!ours.holds(&UserId::parse(other).unwrap()), "{other}");
        }
        for wrong in ["", "Ada", "a b", "a:b", "é"] {
            assert!(ours.ghost(wrong).is_err() && ours.alias(wrong).is_err(), "{wrong}");
        }
    }
}
