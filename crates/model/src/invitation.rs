//! Roles that wait for an address.
//!
//! Nobody has an account because somebody else typed an address: who reads its mail has not said so yet. A role that is
//! given to such an address waits for it as an invitation, and becomes a grant when somebody proves the address.

use crate::{
    email::Email,
    id::{AccountId, GrantId},
    permission::{Grant, Role, Scope},
    text::Line,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The word for an invitation in the change feed.
pub const KIND: &str = "invitation";

/// A role that waits until somebody proves an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its identifier, which the grant that it becomes has too.
    pub id: GrantId,
    /// The address for which it waits.
    pub email: Email,
    /// The role.
    pub role: Role,
    /// Where it will hold.
    pub scope: Scope,
    /// Who invited, as [`crate::feed::Actor`] is written.
    pub given_by: String,
    /// When.
    pub given_at: Timestamp,
    /// From when on the role holds; at once where none is said.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Until when the role holds, and so until when the invitation waits; until it is withdrawn where none is said.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Why.
    #[serde(default)]
    pub note: Line,
}

impl Invitation {
    /// Whether it still waits at `now`: a role that would be over waits for nobody.
    pub fn waits(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// What it becomes when the person of `account` has proved its address at `now`. They had no role before that
    /// instant, so the grant is given then, by the one who invited. `None` where it waits no more.
    pub fn accepted(&self, account: AccountId, now: Timestamp) -> Option<Grant> {
        self.waits(now).then(|| Grant {
            id: self.id,
            account,
            role: self.role,
            scope: self.scope.clone(),
            given_by: self.given_by.clone(),
            given_at: now,
            from: self.from,
            until: self.until,
            revoked: None,
            note: self.note.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use uuid::Uuid;

    #[test]
    fn an_invitation_becomes_its_grant_until_its_time_is_over() {
        let invited: Timestamp = "2027-05-01T09:00:00Z".parse().unwrap();
        let until = invited + SignedDuration::from_hours(24);
        let invitation = Invitation {
            id: GrantId(Uuid::from_u128(7)),
            email: Email::parse("ada@example.org").unwrap(),
            role: Role::Crew,
            scope: Scope::Everywhere,
            given_by: "person:grace".to_owned(),
            given_at: invited,
            from: None,
            until: Some(until),
            note: Line::from("Sound"),
        };
        let (ada, later) = (AccountId(Uuid::from_u128(1)), until - SignedDuration::from_secs(1));
        let grant = invitation.accepted(ada, later).unwrap();
        assert_eq!((grant.id, grant.account, grant.role), (invitation.id, ada, Role::Crew));
        assert_eq!((grant.given_by.as_str(), grant.given_at), ("person:grace", later));
        assert!(grant.holds(later) && !grant.holds(until));
        assert_eq!(invitation.accepted(ada, until), None);
        assert!(Invitation { until: None, ..invitation }.accepted(ada, until).is_some());
    }
}
