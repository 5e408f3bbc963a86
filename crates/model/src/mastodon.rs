//! Posts on Mastodon: on which account, and what became of each.

use crate::{
    Refusal,
    retry::Schedule,
    text::{Line, WebUrl},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// When a status that the server did not take is sent again: after one minute, then less often, and no more after 25.
///
/// **The last attempt stays within the hour after the first.** Mastodon remembers for up to an hour that it has seen the
/// `Idempotency-Key` of a status (<https://docs.joinmastodon.org/methods/statuses/#create>), and answers with the status
/// that it has made; a later attempt could make a second one.
pub const RETRY: Schedule =
    Schedule { first: SignedDuration::from_mins(1), longest: SignedDuration::from_mins(10), attempts: 6 };

/// Who sees a status (<https://docs.joinmastodon.org/methods/statuses/#create>, `visibility`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody, and it stands in public timelines.
    #[default]
    Public,
    /// Everybody, and it stands in no public timeline.
    Unlisted,
}

impl Visibility {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Public, Self::Unlisted];

    /// The word kept in the record, used in forms and told to Mastodon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Unlisted => "Unlisted: not in public timelines",
        }
    }

    /// The visibility of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// The account on which an edition's posts are published. Its access token is kept beside it and shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MastodonAccount {
    /// The server, such as `https://social.example.org`, without a slash at its end.
    pub server: WebUrl,
    /// Who sees what is published.
    #[serde(default)]
    pub visibility: Visibility,
}

impl MastodonAccount {
    /// Reads the server's address as typed: only its scheme and host count, and it is `https:`. `http:` is for
    /// laboratories and tests; whether such an address is called at all is the operator's decision.
    pub fn parse_server(text: &str) -> Result<WebUrl, Refusal> {
        let typed = text.trim();
        let full = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
        let refuse = |problem: String| {
            Err(Refusal::new(
                "server",
                problem,
                "Give the address of your account's server, such as https://social.example.org",
            ))
        };
        let url = match WebUrl::parse(&full) {
            Ok(url) => url,
            Err(refusal) => return refuse(refusal.problem),
        };
        match url.as_str().split_once("://") {
            Some((scheme @ ("https" | "http"), rest)) => {
                let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
                if host.contains('@') {
                    return refuse("the address holds a name before the host".to_owned());
                }
                // Within brackets a colon belongs to the address itself.
                let port = host.rsplit(']').next().and_then(|end| end.split_once(':')).map(|(_, port)| port);
                if port.is_some_and(|port| port.parse::<u16>().is_err()) {
                    return refuse("it is no web address".to_owned());
                }
                WebUrl::parse(&format!("{scheme}://{}", host.to_lowercase()))
                    .or_else(|refusal| refuse(refusal.problem))
            }
            _ => refuse("it is no web address".to_owned()),
        }
    }
}

/// What became of a post that is to be published on Mastodon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TootState {
    /// It waits for its next attempt.
    Waiting {
        /// Not before this instant.
        next: Timestamp,
    },
    /// It stands there.
    Published {
        /// Since when.
        at: Timestamp,
        /// Where.
        url: Option<WebUrl>,
    },
    /// It was refused, or tried too often.
    Failed {
        /// When.
        at: Timestamp,
    },
}

/// A post on its way to Mastodon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toot {
    /// What became of it.
    pub state: TootState,
    /// What the server said last, or why it could not be asked.
    pub answer: Line,
    /// How often it was tried.
    pub attempts: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TootOutcome {
    /// The server has published it, at that address.
    Published(Option<WebUrl>),
    /// It may be taken later; why.
    Later(Line),
    /// The server will never take it; why.
    Refused(Line),
}

impl TootOutcome {
    /// What becomes of a post whose `attempts`th attempt ended so at `now`; `spread` as for [`Schedule::next`].
    pub fn settle(&self, attempts: u32, now: Timestamp, spread: u64) -> TootState {
        match self {
            Self::Published(url) => TootState::Published { at: now, url: url.clone() },
            Self::Refused(_) => TootState::Failed { at: now },
            Self::Later(_) => match RETRY.next(attempts, now, spread) {
                Some(next) => TootState::Waiting { next },
                None => TootState::Failed { at: now },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_host_and_nothing_that_stands_behind_it() {
        let server = |text: &str| MastodonAccount::parse_server(text).map(|url| url.to_string());
        assert_eq!(server(" Social.Example.org/@lpc ").unwrap(), "https://social.example.org");
        assert_eq!(
            server("https://social.example.org:8443/home?x").unwrap(),
            "https://social.example.org:8443"
        );
        for nonsense in
            ["", "mailto:a@b.org", "javascript:alert(1)", "https://user:pw@host.example/", "https://"]
        {
            assert!(server(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn all_attempts_lie_within_the_hour_for_which_mastodon_knows_the_key() {
        let start = Timestamp::UNIX_EPOCH;
        let (mut now, mut attempts) = (start, 0);
        loop {
            attempts += 1;
            match TootOutcome::Later("503".into()).settle(attempts, now, 99) {
                TootState::Waiting { next } => now = next,
                TootState::Failed { .. } => break,
                TootState::Published { .. } => unreachable!("it was not published"),
            }
        }
        assert_eq!(attempts, RETRY.attempts);
        assert!(now.duration_since(start) < SignedDuration::from_mins(45), "{now}");
    }
}
