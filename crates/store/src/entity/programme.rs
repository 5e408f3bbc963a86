//! The working state of an edition: one table for each kind of thing.

use super::no_relations;

pub(crate) mod edition {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "edition")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub slug: String,
        pub series: String,
        pub title: String,
        pub subtitle: String,
        pub description: String,
        pub zone: String,
        /// ISO 8601 date.
        pub first_day: String,
        pub last_day: String,
        /// Minutes after midnight.
        pub day_change: i32,
        pub venue: String,
        pub city: String,
        pub country: String,
        pub url: Option<String>,
        pub logo: Option<String>,
        pub language: String,
        pub colour: Option<String>,
        pub timeslot_minutes: i32,
        /// `in_person`, `hybrid` or `virtual`.
        pub mode: String,
        /// `open` or `archived`.
        pub state: String,
        pub notice: String,
    }

    no_relations!();
}

pub(crate) mod room {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "room")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Rooms are shown by ascending position; gaps are normal.
        pub position: i64,
        pub slug: String,
        pub name: String,
        pub kind: String,
        pub capacity: Option<i64>,
        pub description: String,
    }

    no_relations!();
}

pub(crate) mod track {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "track")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub position: i64,
        pub slug: String,
        pub name: String,
        pub description: String,
        pub colour: Option<String>,
    }

    no_relations!();
}

pub(crate) mod person {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "person")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub slug: String,
        pub code: Option<String>,
        pub number: Option<i64>,
        pub name: String,
        pub biography: String,
        pub affiliation: String,
        pub avatar: Option<String>,
        /// JSON list of `model::programme::Link`.
        pub links: String,
    }

    no_relations!();
}

pub(crate) mod session {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "session")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub code: String,
        pub kind: String,
        pub type_label: String,
        pub title: String,
        pub subtitle: String,
        pub summary: String,
        pub description: String,
        pub language: String,
        pub track: Option<Uuid>,
        pub parent: Option<Uuid>,
        /// JSON list of `model::programme::Link`.
        pub links: String,
        pub logo: Option<String>,
        pub url: Option<String>,
        pub feedback_url: Option<String>,
        pub licence: String,
        pub opt_out: bool,
    }

    no_relations!();
}

pub(crate) mod participation {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "participation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub session: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub person: Uuid,
        /// 0 for the person named first.
        pub position: i64,
        pub role: String,
    }

    no_relations!();
}

pub(crate) mod slot {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "slot")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub session: Uuid,
        pub number: i64,
        pub room: Option<Uuid>,
        pub start: i64,
        pub end: i64,
        /// `planned`, `delayed` or `cancelled`.
        pub standing: String,
        /// Minutes; 0 unless delayed.
        pub delay: i32,
    }

    no_relations!();
}

pub(crate) mod sponsor {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sponsor")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub position: i64,
        pub name: String,
        pub level: String,
        pub rank: i32,
        pub url: Option<String>,
        pub logo: Option<String>,
        /// The name of an uploaded file.
        pub upload: Option<String>,
        pub description: String,
    }

    no_relations!();
}

pub(crate) mod session_type {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "session_type")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Types are offered by ascending position; gaps are normal.
        pub position: i64,
        pub name: String,
        pub kind: String,
        pub minutes: i32,
        pub description: String,
    }

    no_relations!();
}

pub(crate) mod announced {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "announced")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        /// JSON of `model::announced::Facts`.
        pub facts: String,
        pub at: i64,
    }

    no_relations!();
}
