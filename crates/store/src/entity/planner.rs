//! The date planner: calendars of other conferences, and what an edition plans with.

use super::no_relations;

pub(crate) mod calendar {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "calendar")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub edition: Uuid,
        pub name: String,
        pub address: Option<String>,
        /// JSON list.
        pub topics: String,
        pub conferences: i32,
        pub digest: String,
        /// When it was last read, whether that changed anything or not.
        pub read_at: Option<i64>,
        pub tried_at: Option<i64>,
        /// When it is fetched again; never for a file.
        pub due_at: Option<i64>,
        pub failures: i32,
        pub error: String,
        pub etag: String,
        /// JSON list of what was wrong in it.
        pub notes: String,
        /// The conferences, see [`crate::body`].
        pub body: Vec<u8>,
    }

    no_relations!();
}

pub(crate) mod date_plan {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "date_plan")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        pub changed_at: i64,
        /// JSON of [`model::calendar::DatePlan`].
        pub plan: String,
    }

    no_relations!();
}
