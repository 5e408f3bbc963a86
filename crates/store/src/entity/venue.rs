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
        /// The text of a message as searches compare it.
        pub searched: String,
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

pub(crate) mod meeting_server {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "meeting_server")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        /// In clear, because signing needs it. It stands neither in the feed nor in a log.
        pub secret: String,
        /// JSON of [`model::meeting::MeetingServer`].
        pub facts: String,
    }

    no_relations!();
}

pub(crate) mod server_look {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "server_look")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub at: i64,
        pub answered: Option<i64>,
        pub missed: i64,
        pub people: i64,
        pub meetings: i64,
        pub version: String,
        pub problem: String,
    }

    no_relations!();
}

pub(crate) mod meeting {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "meeting")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub room: Uuid,
        pub server: Option<String>,
        pub internal: String,
        /// How many are inside; not in the feed.
        pub people: i64,
        /// Up to where the room's log was when the run began; not in the feed.
        pub since: i64,
        /// JSON of [`model::meeting::Meeting`].
        pub facts: String,
    }

    no_relations!();
}

pub(crate) mod meeting_recording {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "meeting_recording")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub room: Uuid,
        /// JSON of [`model::meeting::MeetingRecording`].
        pub facts: String,
    }

    no_relations!();
}

pub(crate) mod matrix_room {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "matrix_room")]
    pub struct Model {
        /// A room, or an edition for its space.
        #[sea_orm(primary_key, auto_increment = false)]
        pub room: Uuid,
        pub edition: Uuid,
        /// By what its alias is made.
        pub key: String,
        /// The homeserver's identifier, once there is one.
        pub outside: Option<String>,
    }

    no_relations!();
}
