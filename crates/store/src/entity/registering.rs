//! Registrations, how many there may be, and lists that are being imported.

use super::no_relations;

pub(crate) mod registration {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "registration")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub edition: Uuid,
        pub email: String,
        pub name: String,
        pub kind: String,
        pub mode: String,
        pub affiliation: String,
        pub country: String,
        pub zone: Option<String>,
        pub code: String,
        pub state: String,
        pub account: Option<Uuid>,
        /// What a search looks in, folded.
        pub searched: String,
    }

    no_relations!();
}

pub(crate) mod registration_caps {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "registration_caps")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        /// JSON of [`model::registration::Caps`].
        pub caps: String,
    }

    no_relations!();
}

pub(crate) mod registration_upload {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "registration_upload")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub edition: Uuid,
        pub expires_at: i64,
        /// JSON of [`model::registration::Mapping`].
        pub mapping: String,
        /// The table, see [`crate::body`].
        pub body: Vec<u8>,
    }

    no_relations!();
}
