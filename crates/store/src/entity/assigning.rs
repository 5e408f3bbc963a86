//! Who reviews what: bids, assignments, limits, and what the committee has before it.

use super::no_relations;

pub(crate) mod bid {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "bid")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub proposal: Uuid,
        pub account: Uuid,
        pub bid: String,
        pub at: i64,
    }

    no_relations!();
}

pub(crate) mod assignment {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "assignment")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub proposal: Uuid,
        pub account: Uuid,
        /// Whether the reviewer was asked.
        pub given: bool,
        /// Whether the plan has it. One that is neither given nor planned was the next best, and is kept for its reasons.
        pub planned: bool,
        /// Whether no run changes it.
        pub locked: bool,
        /// JSON of [`model::assignment::Why`]; empty where it was made by hand.
        pub why: String,
        pub since: i64,
    }

    no_relations!();
}

pub(crate) mod review_load {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "review_load")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub call: Uuid,
        pub account: Uuid,
        /// Both or none.
        pub least: Option<i32>,
        pub most: Option<i32>,
        /// JSON list of identifiers of tracks.
        pub topics: String,
    }

    no_relations!();
}

pub(crate) mod assignment_plan {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "assignment_plan")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub call: Uuid,
        /// JSON of [`model::assignment::Plan`].
        pub facts: String,
    }

    no_relations!();
}

pub(crate) mod sitting {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sitting")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        pub proposal: Option<Uuid>,
        pub at: i64,
    }

    no_relations!();
}
