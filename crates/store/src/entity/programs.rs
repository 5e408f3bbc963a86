//! Tokens, webhooks with their deliveries, and leases.

use super::no_relations;

pub(crate) mod token {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "token")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Uuid,
        pub name: String,
        /// SHA-256 of the token; the token itself is kept nowhere.
        pub digest: Vec<u8>,
        pub scope: String,
        pub edition: Option<Uuid>,
        pub created_at: i64,
        /// When it was last used, to ten minutes.
        pub used_at: Option<i64>,
        pub expires_at: Option<i64>,
        pub revoked_at: Option<i64>,
    }

    no_relations!();
}

pub(crate) mod webhook {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub edition: Option<Uuid>,
        pub name: String,
        pub url: String,
        /// JSON: a list of words; empty for all.
        pub kinds: String,
        pub owner: Option<Uuid>,
        pub created_at: i64,
        /// Why nothing is sent; null while it is in use.
        pub stopped: Option<String>,
        pub failing_since: Option<i64>,
        /// In clear, because signing needs it.
        pub secret: String,
        /// The one before, which signs too until `old_until`.
        pub old_secret: Option<String>,
        pub old_until: Option<i64>,
        pub cursor: i64,
    }

    no_relations!();
}

pub(crate) mod delivery {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_delivery")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub webhook: Uuid,
        /// The entry of the feed; 0 for a ping.
        pub seq: i64,
        pub event: String,
        pub created_at: i64,
        pub state: String,
        pub attempts: i32,
        pub next_at: Option<i64>,
        pub finished_at: Option<i64>,
    }

    no_relations!();
}

pub(crate) mod attempt {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_attempt")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub delivery: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub at: i64,
        /// The HTTP status; null when there was no answer.
        pub status: Option<i32>,
        /// The beginning of the answer, or why there was none.
        pub answer: String,
        /// In milliseconds.
        pub took: i32,
    }

    no_relations!();
}

pub(crate) mod lease {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "lease")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub holder: String,
        pub until: i64,
    }

    no_relations!();
}
