//! The live conference: rooms, what is said in them, who may not, and what was reported.

use super::no_relations;

pub(crate) mod live_room {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "live_room")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub slug: String,
        pub kind: String,
        pub opened_by: Option<Uuid>,
        pub closed_at: Option<i64>,
        /// JSON of [`model::room::LiveRoom`].
        pub facts: String,
    }

    no_relations!();
}

pub(crate) mod chat_event {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "chat_event")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        pub id: Uuid,
        pub room: Uuid,
        pub at: i64,
        pub spoke: String,
        pub account: Option<Uuid>,
        /// Who said it, by the identifier of their spoke.
        pub outside: Option<String>,
        pub name: String,
        pub kind: String,
        /// The message that it answers or is about.
        pub target: Option<i64>,
        /// Of a reaction, whether it is given; of a mark, whether the question was answered.
        pub flag: bool,
        /// The text, or the emoji.
        pub body: String,
    }

    no_relations!();
}

pub(crate) mod chat_ban {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "chat_ban")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Uuid,
        /// JSON of [`model::chat::Ban`].
        pub facts: String,
    }

    no_relations!();
}

pub(crate) mod chat_report {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "chat_report")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Option<Uuid>,
        pub settled_at: Option<i64>,
        /// JSON of [`model::chat::Report`].
        pub facts: String,
    }

    no_relations!();
}

pub(crate) mod spoke_cursor {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "spoke_cursor")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub spoke: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub room: Uuid,
        pub seq: i64,
    }

    no_relations!();
}

pub(crate) mod spoke_message {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "spoke_message")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub spoke: String,
        /// What the spoke calls the message.
        #[sea_orm(primary_key, auto_increment = false)]
        pub outside: String,
        pub seq: i64,
    }

    no_relations!();
}
