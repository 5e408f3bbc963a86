//! Releases, the base of the next import, the change feed, its followers, and lists of stars.

use super::no_relations;

pub(crate) mod release {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    /// Immutable: a trigger refuses every update and removal.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "release")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub at: i64,
        pub note: String,
        pub added: i32,
        pub changed: i32,
        pub removed: i32,
        /// The programme, see [`crate::body`].
        pub body: Vec<u8>,
    }

    no_relations!();
}

pub(crate) mod import_base {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "import_base")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        pub at: i64,
        /// SHA-256 of `body`.
        pub digest: Vec<u8>,
        /// The programme, see [`crate::body`].
        pub body: Vec<u8>,
    }

    no_relations!();
}

pub(crate) mod change {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "change")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub seq: i64,
        pub at: i64,
        pub actor: String,
        pub kind: String,
        pub thing: Uuid,
        pub edition: Option<Uuid>,
        pub deed: String,
        /// JSON.
        pub before: Option<String>,
        pub after: Option<String>,
    }

    no_relations!();
}

pub(crate) mod follower {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "follower")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        /// The last entry of the feed that this follower has dealt with.
        pub seq: i64,
    }

    no_relations!();
}

pub(crate) mod star_list {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "star_list")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// SHA-256 of the token that opens the list; the token itself is kept nowhere.
        pub digest: Vec<u8>,
        pub changed_at: i64,
    }

    no_relations!();
}

pub(crate) mod star {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "star")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub list: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub session: Uuid,
    }

    no_relations!();
}
