//! People: accounts, identities, links, sign-ins, roles, invitations, merges, viewing as another; and settings of the installation.

use super::no_relations;

pub(crate) mod setting {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "setting")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub value: Vec<u8>,
    }

    no_relations!();
}

pub(crate) mod account {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "account")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub handle: String,
        pub affiliation: String,
        pub biography: String,
        pub zone: Option<String>,
        /// JSON of [`model::account::Visibility`].
        pub visibility: String,
        pub created_at: i64,
        /// `active`, `blocked`, `merged`, `deleted`.
        pub state: String,
        pub merged_into: Option<Uuid>,
        /// Name, handle and affiliation, folded as search folds them.
        pub found_by: String,
    }

    no_relations!();
}

pub(crate) mod identity {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "identity")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Uuid,
        pub kind: String,
        pub issuer: String,
        pub subject: String,
        pub verified_at: i64,
        pub primary: bool,
    }

    no_relations!();
}

pub(crate) mod link {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "link")]
    pub struct Model {
        /// SHA-256 of the token; the token itself is kept nowhere.
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub purpose: String,
        pub email: Option<String>,
        pub account: Option<Uuid>,
        /// The path to go on to.
        pub next: String,
        pub created_at: i64,
        pub expires_at: i64,
    }

    no_relations!();
}

pub(crate) mod sign_in {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Uuid,
        /// SHA-256 of the secret in the browser; the secret itself is kept nowhere.
        pub digest: Vec<u8>,
        pub way: String,
        pub agent: String,
        pub client: String,
        pub created_at: i64,
        pub seen_at: i64,
        pub expires_at: i64,
        pub viewing_as: Option<Uuid>,
        /// Until when, at the latest.
        pub viewing_until: Option<i64>,
    }

    no_relations!();
}

pub(crate) mod role_grant {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "role_grant")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Uuid,
        pub role: String,
        /// `everywhere`, `series`, `edition`, `track`, `call`, `room`.
        pub scope: String,
        pub edition: Option<Uuid>,
        /// The track, call or room.
        pub thing: Option<Uuid>,
        pub series: String,
        pub given_by: String,
        pub given_at: i64,
        pub from_at: Option<i64>,
        pub until_at: Option<i64>,
        pub revoked_at: Option<i64>,
        pub revoked_by: Option<String>,
        pub note: String,
    }

    no_relations!();
}

pub(crate) mod invitation {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub email: String,
        pub role: String,
        /// As in `role_grant`, like the three columns that follow.
        pub scope: String,
        pub edition: Option<Uuid>,
        pub thing: Option<Uuid>,
        pub series: String,
        pub given_by: String,
        pub given_at: i64,
        pub from_at: Option<i64>,
        pub until_at: Option<i64>,
        pub note: String,
    }

    no_relations!();
}

pub(crate) mod account_merge {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "account_merge")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The account that was merged into the other.
        pub gone: Uuid,
        /// The account that has everything now.
        pub kept: Uuid,
        pub at: i64,
        pub by: String,
        /// JSON: what moved, a list of kinds and identifiers.
        pub moved: String,
        /// The primary address of the account that is gone.
        pub primary_identity: Option<Uuid>,
        pub undone_at: Option<i64>,
        pub undone_by: Option<String>,
    }

    no_relations!();
}

pub(crate) mod viewing {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "viewing")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub viewer: Uuid,
        pub viewed: Uuid,
        /// The browser; its row may be gone.
        pub sign_in: Uuid,
        pub begun_at: i64,
        pub until_at: i64,
        pub ended_at: Option<i64>,
    }

    no_relations!();
}
