//! Mail: the queue, what was tried, the edition's senders and texts, and who wants no mail.

use super::no_relations;

pub(crate) mod mail {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub edition: Option<Uuid>,
        pub kind: String,
        pub list: Option<String>,
        /// 0 for what somebody waits for, 1 for the rest, 2 for what goes to many: what is sent first.
        pub rank: i32,
        pub account: Option<Uuid>,
        pub to_name: String,
        /// Empty when the person had their data deleted.
        pub to_address: String,
        /// The sender as JSON, once it is known.
        pub sender: Option<String>,
        pub subject: String,
        /// With a mark in the place of a secret link.
        pub body: String,
        /// The link to be made when it is sent, as JSON. Holds no secret.
        pub link: Option<String>,
        pub stage: String,
        pub at: i64,
        pub answer: String,
        /// All attempts.
        pub attempts: i32,
        /// Those that failed since it was queued last.
        pub failed: i32,
        /// Which sender works on it, and until when it may.
        pub lease: Option<Uuid>,
        pub lease_until: Option<i64>,
        pub message_id: Option<String>,
        pub once: Option<String>,
        pub created_at: i64,
        pub good_until: Option<i64>,
        /// The thread that its recipient can answer in by replying to it.
        pub reply: Option<Uuid>,
    }

    no_relations!();
}

pub(crate) mod mail_attempt {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_attempt")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub mail: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub at: i64,
        pub outcome: String,
        pub answer: String,
    }

    no_relations!();
}

pub(crate) mod mail_sender {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_sender")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        pub name: String,
        pub address: String,
        pub reply_to: Option<String>,
    }

    no_relations!();
}

pub(crate) mod mail_template {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_template")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        pub subject: String,
        pub body: String,
    }

    no_relations!();
}

pub(crate) mod suppression {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "suppression")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub address: String,
        pub reason: String,
        pub note: String,
        pub since: i64,
    }

    no_relations!();
}

pub(crate) mod opt_out {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "opt_out")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// An address, or `account:` and an identifier.
        pub who: String,
        /// The series' name, folded.
        pub series: String,
        pub list: String,
        pub since: i64,
    }

    no_relations!();
}

pub(crate) mod mail_server {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    /// One row: whether the SMTP server can be reached. It is no fact of the conference, so the feed does not tell it.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mail_server")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub failing_since: i64,
        pub retry_at: i64,
        pub error: String,
    }

    no_relations!();
}
