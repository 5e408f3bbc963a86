//! Calls and what was submitted to them: proposals, authors, reviews, comments, conflicts; microconferences and ideas.

use super::no_relations;

pub(crate) mod call {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "call")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub slug: String,
        pub position: i64,
        /// The version of its form that is asked now.
        pub form: i32,
        /// JSON of [`model::call::Call`].
        pub facts: String,
    }

    no_relations!();
}

pub(crate) mod call_form {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "call_form")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub call: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i32,
        /// JSON list of [`model::call::Field`].
        pub fields: String,
    }

    no_relations!();
}

pub(crate) mod proposal {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "proposal")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub call: Uuid,
        pub number: i32,
        pub state: String,
        pub title: String,
        pub summary: String,
        pub minutes: Option<i32>,
        /// JSON list of identifiers.
        pub tracks: String,
        pub form: i32,
        /// JSON of [`model::call::Answers`].
        pub answers: String,
        pub revision: i32,
        pub created_at: i64,
        pub changed_at: i64,
        pub submitted_at: Option<i64>,
        pub prepared: Option<String>,
        pub session: Option<Uuid>,
        /// JSON of [`model::proposal::Confirmation`].
        pub confirmation: Option<String>,
    }

    no_relations!();
}

pub(crate) mod proposal_revision {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "proposal_revision")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub proposal: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub revision: i32,
        /// JSON of [`model::proposal::Content`].
        pub content: String,
        pub at: i64,
    }

    no_relations!();
}

pub(crate) mod author {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "author")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub proposal: Uuid,
        pub account: Option<Uuid>,
        pub name: String,
        pub email: Option<String>,
        pub speaks: bool,
        pub position: i32,
    }

    no_relations!();
}

pub(crate) mod review {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "review")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub proposal: Uuid,
        pub account: Uuid,
        pub revision: i32,
        /// JSON of [`model::review::Scores`].
        pub scores: String,
        pub to_committee: String,
        pub to_authors: String,
        pub submitted: bool,
        pub at: i64,
    }

    no_relations!();
}

pub(crate) mod review_conflict {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "review_conflict")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub proposal: Uuid,
        pub account: Uuid,
        pub since: i64,
    }

    no_relations!();
}

pub(crate) mod proposal_comment {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "proposal_comment")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub proposal: Uuid,
        pub account: Option<Uuid>,
        pub at: i64,
        pub to_authors: bool,
        /// Whether an author said it, as they were then.
        pub by_author: bool,
        pub by_mail: bool,
        pub body: String,
    }

    no_relations!();
}

pub(crate) mod microconference {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "microconference")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub proposal: Uuid,
        /// JSON of [`model::microconference::Microconference`].
        pub facts: String,
    }

    no_relations!();
}

pub(crate) mod idea {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "idea")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account: Option<Uuid>,
        pub title: String,
        pub text: String,
        pub at: i64,
        /// The proposal that was made of it.
        pub adopted: Option<Uuid>,
    }

    no_relations!();
}

pub(crate) mod idea_interest {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "idea_interest")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub idea: Uuid,
        pub account: Uuid,
        pub at: i64,
    }

    no_relations!();
}
