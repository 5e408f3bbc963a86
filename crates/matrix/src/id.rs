//! Identifiers of Matrix, read once and then passed around as types.
//!
//! Only what the [specification](https://spec.matrix.org/v1.16/appendices/#common-identifier-format) promises of all
//! room versions is read out of them. The identifier of a room is opaque: since room version 12 it names no server.

use model::Refusal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most bytes of an identifier, with its sigil.
const BYTES: usize = 255;

/// What kinds of identifiers there are, each with its sigil.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $sigil:literal, $of_server:literal, $field:literal, $problem:literal, $remedy:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes an identifier as it is written.
            pub fn parse(text: &str) -> Result<Self, Refusal> {
                if well_formed(text, $sigil, $of_server) {
                    return Ok(Self(text.to_owned()));
                }
                Err(Refusal::new($field, $problem, $remedy))
            }

            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refusal;

            fn try_from(text: String) -> Result<Self, Refusal> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// Somebody on a homeserver, `@name:server`: a person, one of our ghosts, or ourselves.
    UserId, '@', true, "matrix id", "this is no Matrix id", "Write it as @name:server, as your client shows it in its settings"
);
identifier!(
    /// A room on whatever server, `!something`. Opaque.
    RoomId, '!', false, "room", "this is no identifier of a Matrix room", "Write it as !something, as the client shows it in the room's settings"
);
identifier!(
    /// The name by which a room is found, `#name:server`.
    Alias, '#', true, "alias", "this is no alias of a Matrix room", "Write it as #name:server"
);
identifier!(
    /// Something that happened in a room, `$something`. Opaque.
    EventId, '$', false, "event", "this is no identifier of a Matrix event", "Write it as $something"
);

impl UserId {
    /// The user of that name on that server.
    pub fn of(localpart: &str, server: &ServerName) -> Result<Self, Refusal> {
        Self::parse(&format!("@{localpart}:{server}"))
    }

    /// The name, without the server.
    pub fn localpart(&self) -> &str {
        parts(&self.0).0
    }

    /// The server, with its port if it has one.
    pub fn server(&self) -> &str {
        parts(&self.0).1
    }
}

impl Alias {
    /// The alias of that name on that server.
    pub fn of(localpart: &str, server: &ServerName) -> Result<Self, Refusal> {
        Self::parse(&format!("#{localpart}:{server}"))
    }

    /// The name, without the server.
    pub fn localpart(&self) -> &str {
        parts(&self.0).0
    }

    /// The server, with its port if it has one.
    pub fn server(&self) -> &str {
        parts(&self.0).1
    }
}

/// The name of a homeserver: what stands behind the colon of everybody's Matrix id. Not its web address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerName(String);

impl ServerName {
    /// Takes a name as typed: a host name or an address, with a port or without.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        if !text.is_empty()
            && text.len() <= 230
            && text.bytes().all(plain)
            && !text.starts_with(['.', ':', '-'])
        {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        let remedy =
            "Enter what stands behind the colon of a Matrix id, such as matrix.example.org, without https://";
        Err(Refusal::new("server name", "this is no name of a homeserver", remedy))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ServerName {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<ServerName> for String {
    fn from(name: ServerName) -> Self {
        name.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn well_formed(text: &str, sigil: char, of_server: bool) -> bool {
    let Some(rest) = text.strip_prefix(sigil) else { return false };
    let readable = text.len() <= BYTES && !rest.contains(|c: char| c.is_control() || c.is_whitespace());
    let whole = match (of_server, rest.split_once(':')) {
        (true, Some((name, server))) => !name.is_empty() && ServerName::parse(server).is_ok(),
        (true, None) => false,
        (false, _) => !rest.is_empty(),
    };
    readable && whole
}

/// Name and server of an identifier that was read as one.
fn parts(text: &str) -> (&str, &str) {
    text.get(1..).and_then(|rest| rest.split_once(':')).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_as_the_specification_writes_them_and_nothing_else_is() {
        let user = UserId::parse("@plenary_ada:matrix.example.org:8448").unwrap();
        assert_eq!((user.localpart(), user.server()), ("plenary_ada", "matrix.example.org:8448"));
        assert!(
            RoomId::parse("!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM").is_ok(),
            "version 12 names no server"
        );
        assert!(RoomId::parse("!abc:example.org").is_ok());
        for wrong in [
            "",
            "@",
            "@ada",
            "@:example.org",
            "ada:example.org",
            "@ada:",
            "@a da:example.org",
            "@ada:exa\nmple",
        ] {
            assert!(UserId::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "!", "#a:b", "!a b", "!a\0"] {
            assert!(RoomId::parse(wrong).is_err(), "{wrong}");
        }
        assert!(EventId::parse(&format!("${}", "a".repeat(300))).is_err());
        assert!(serde_json::from_str::<UserId>("\"ada\"").is_err());
    }

    #[test]
    fn a_web_address_is_no_server_name() {
        assert_eq!(ServerName::parse(" Matrix.Example.org ").unwrap().as_str(), "matrix.example.org");
        for wrong in ["https://matrix.example.org", "", "matrix example", "@ada:example.org", "example.org/"]
        {
            assert!(ServerName::parse(wrong).is_err(), "{wrong}");
        }
    }
}
