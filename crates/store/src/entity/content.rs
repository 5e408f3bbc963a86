//! Pages, menus, posts, sponsors' plans, Mastodon, subscriptions.

use super::no_relations;

pub(crate) mod web_page {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "web_page")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub slug: String,
        pub title: String,
        pub body: String,
        pub published: bool,
        pub position: i64,
    }

    no_relations!();
}

pub(crate) mod menu {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "menu")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        /// JSON of [`model::page::Menu`].
        pub entries: String,
    }

    no_relations!();
}

pub(crate) mod post {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "post")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub slug: String,
        pub title: String,
        pub kind: String,
        pub summary: String,
        pub body: String,
        pub author: String,
        pub track: Option<Uuid>,
        pub created_at: i64,
        /// `draft`, `scheduled`, `published`.
        pub publication: String,
        /// When it is or was published.
        pub at: Option<i64>,
        /// JSON list of [`model::post::Segment`].
        pub mail_to: String,
        pub mastodon: bool,
    }

    no_relations!();
}

pub(crate) mod sponsor_plan {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sponsor_plan")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        /// JSON list of names.
        pub levels: String,
        pub reopened_at: Option<i64>,
        pub reopened_reason: String,
    }

    no_relations!();
}

pub(crate) mod mastodon_account {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    /// The token stands in no feed, log or page.
    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mastodon_account")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        pub server: String,
        pub visibility: String,
        pub token: String,
        /// When the token was given: what the feed says of it.
        pub token_since: i64,
    }

    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Model").field("server", &self.server).finish_non_exhaustive()
        }
    }

    no_relations!();
}

pub(crate) mod toot {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "toot")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub post: Uuid,
        /// `waiting`, `published`, `failed`.
        pub state: String,
        /// When it is tried next, or when it came about.
        pub at: i64,
        pub url: Option<String>,
        pub answer: String,
        pub attempts: i32,
        /// Until when it belongs to a worker.
        pub lease_until: Option<i64>,
    }

    no_relations!();
}

pub(crate) mod subscription {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "subscription")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub edition: Uuid,
        pub account: Uuid,
        pub since: i64,
    }

    no_relations!();
}

pub(crate) mod speaker_account {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "speaker_account")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub edition: Uuid,
        pub person: Uuid,
        pub account: Uuid,
    }

    no_relations!();
}
