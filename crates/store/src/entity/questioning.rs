//! What stands beside a call: access codes, amendments, questions, and the opening of its offers.

use super::no_relations;

pub(crate) mod access_code {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "access_code")]
    pub struct Model {
        pub edition: Uuid,
        pub call: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// SHA-256 of the code.
        pub digest: Vec<u8>,
        pub note: String,
        pub made_at: i64,
        pub until_at: i64,
        pub revoked_at: Option<i64>,
    }

    no_relations!();
}

pub(crate) mod amendment {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "amendment")]
    pub struct Model {
        pub edition: Uuid,
        pub call: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub number: i32,
        pub at: i64,
        pub body: String,
    }

    no_relations!();
}

pub(crate) mod question {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "question")]
    pub struct Model {
        pub edition: Uuid,
        pub call: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Option<Uuid>,
        pub asked_at: i64,
        pub body: String,
        pub answer: String,
        pub answered_at: Option<i64>,
    }

    no_relations!();
}

pub(crate) mod opening {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "opening")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub call: Uuid,
        /// JSON of [`model::call::Opening`].
        pub facts: String,
    }

    no_relations!();
}
