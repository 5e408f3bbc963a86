//! Passwords and passkeys, and ceremonies that have begun.

use super::no_relations;

pub(crate) mod credential {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "credential")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Uuid,
        /// `password`, `passkey`.
        pub kind: String,
        /// What its person calls it.
        pub name: String,
        /// The password's argon2 string, or the passkey's public key, counter and flags as JSON.
        pub secret: String,
        pub created_at: i64,
        pub used_at: Option<i64>,
        /// SHA-256 of the identifier that the passkey's device gave it; none for a password.
        pub key_digest: Option<Vec<u8>>,
        /// Wrong passwords since the last right one.
        pub misses: i64,
        pub missed_at: Option<i64>,
    }

    no_relations!();
}

pub(crate) mod ceremony {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ceremony")]
    pub struct Model {
        /// SHA-256 of the token in the browser.
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub kind: String,
        pub account: Option<Uuid>,
        pub body: String,
        pub expires_at: i64,
    }

    no_relations!();
}
