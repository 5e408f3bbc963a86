//! Files that are handed in, and replies that come by mail.

use super::no_relations;

pub(crate) mod handed_in {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "handed_in")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Option<Uuid>,
        /// SHA-256 of the bytes, as hexadecimal digits.
        pub digest: String,
        pub name: String,
        pub kind: String,
        pub bytes: i64,
        pub at: i64,
    }

    no_relations!();
}

pub(crate) mod reply_address {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reply_address")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub proposal: Uuid,
        pub account: Uuid,
        pub made_at: i64,
    }

    no_relations!();
}

pub(crate) mod mail_received {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_received")]
    pub struct Model {
        /// SHA-256 of what names the mail.
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub at: i64,
        pub outcome: String,
    }

    no_relations!();
}
