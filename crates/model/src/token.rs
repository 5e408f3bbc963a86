//! Tokens: a program's right to use the API in somebody's name.

use crate::{
    edition::Edition,
    id::{AccountId, EditionId, TokenId},
    permission::{Grant, Scope, TokenScope},
    text::{Line, folded},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// With what every token begins, so that scanners for leaked secrets know one: `plenary_[A-Za-z0-9_-]{43}`.
pub const PREFIX: &str = "plenary_";

/// A program's right to use the API in somebody's name. Its text is shown once and kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its identifier.
    pub id: TokenId,
    /// In whose name.
    pub account: AccountId,
    /// What it is for.
    pub name: Line,
    /// Whether it may change anything.
    pub scope: TokenScope,
    /// The only edition in which it may do what its owner may; everywhere where none is said.
    #[serde(default)]
    pub edition: Option<EditionId>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is good, exclusive; until it is revoked where none is said.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default)]
    pub revoked: Option<Timestamp>,
}

impl Token {
    /// Whether it is good at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }
}

/// What is left of its owner's roles with a token that is good in one edition only: the same roles, and no wider than
/// the edition.
pub fn narrowed(grants: Vec<Grant>, edition: &Edition) -> Vec<Grant> {
    let within = |mut grant: Grant| {
        let series = |name: &Line| folded(name.as_str()) == folded(edition.series.as_str());
        match &grant.scope {
            Scope::Everywhere => grant.scope = Scope::Edition(edition.id),
            Scope::Series(name) if series(name) => grant.scope = Scope::Edition(edition.id),
            scope if scope.edition() == Some(edition.id) => {}
            _ => return None,
        }
        Some(grant)
    };
    grants.into_iter().filter_map(within).collect()
}

impl TokenScope {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Read => "Read only",
            Self::Write => "Read and change",
        }
    }

    /// The scope of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::GrantId,
        permission::{Action, Place, Role, Subject},
    };
    use serde_json::json;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn edition(number: u128) -> Edition {
        serde_json::from_value(json!({
            "id": Uuid::from_u128(number), "slug": format!("e{number}"), "series": "Garden Days", "title": "T",
            "zone": "UTC", "first_day": "2026-10-05", "last_day": "2026-10-06",
        }))
        .unwrap()
    }

    #[test]
    fn a_token_of_one_edition_is_good_in_no_other() {
        let account = AccountId(Uuid::from_u128(9));
        let grant = |role, scope| Grant {
            id: GrantId(Uuid::from_u128(2)),
            account,
            role,
            scope,
            given_by: String::new(),
            given_at: NOW,
            from: None,
            until: None,
            revoked: None,
            note: Line::default(),
        };
        let (here, there) = (edition(1), edition(2));
        for scope in [Scope::Everywhere, Scope::Series(Line::from("garden days")), Scope::Edition(here.id)] {
            let held = narrowed(vec![grant(Role::Organiser, scope)], &here);
            let subject = Subject::person(account, held, NOW);
            assert!(subject.may(Action::Release, &Place::edition(&here)).is_ok());
            assert!(subject.may(Action::Release, &Place::edition(&there)).is_err());
            assert!(subject.may(Action::CreateEdition, &Place::series(&here.series)).is_err());
            assert!(subject.may(Action::SeePeople, &Place::installation()).is_err());
        }
        let elsewhere = vec![
            grant(Role::Organiser, Scope::Edition(there.id)),
            grant(Role::Organiser, Scope::Series(Line::from("Other"))),
        ];
        assert!(narrowed(elsewhere, &here).is_empty());
    }

    #[test]
    fn a_token_is_good_until_its_end_and_not_when_it_is_revoked() {
        let token = Token {
            id: TokenId(Uuid::from_u128(1)),
            account: AccountId(Uuid::from_u128(9)),
            name: Line::from("sync"),
            scope: TokenScope::Read,
            edition: None,
            created: NOW,
            expires: None,
            revoked: None,
        };
        assert!(token.holds(NOW));
        assert!(!Token { expires: Some(NOW), ..token.clone() }.holds(NOW));
        assert!(!Token { revoked: Some(NOW), ..token }.holds(NOW));
    }
}
