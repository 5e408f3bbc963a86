//! Forwards of proposals, and the partners on other Plenarys.

use super::no_relations;

pub(crate) mod partner {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "partner")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub address: String,
        /// Their public key, see [`model::partner::PublicKey`].
        pub key: String,
        pub made_at: i64,
        /// JSON of a list of [`model::partner::TheirCall`].
        pub calls: String,
        pub calls_at: Option<i64>,
    }

    no_relations!();
}

pub(crate) mod forward {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "forward")]
    pub struct Model {
        /// Where it is noted: the sender's edition, or the receiver's where it comes from a partner.
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub state: String,
        pub since_at: i64,
        pub from_edition: Option<Uuid>,
        pub from_call: Option<Uuid>,
        pub from_proposal: Option<Uuid>,
        pub to_edition: Option<Uuid>,
        pub to_call: Option<Uuid>,
        pub to_proposal: Option<Uuid>,
        pub partner: Option<Uuid>,
        pub away_slug: String,
        pub away_name: String,
        pub away_page: Option<String>,
        /// JSON of a list of [`model::forward::Said`].
        pub left_over: String,
        /// JSON of a [`model::forward::Offer`], where a partner sent it.
        pub offer: Option<String>,
    }

    no_relations!();
}

pub(crate) mod forward_step {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "forward_step")]
    pub struct Model {
        pub edition: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub forward: Uuid,
        /// Who took it; none for the partner's side, and for who has no account any more.
        pub account: Option<Uuid>,
        pub step: String,
        pub at: i64,
        pub note: String,
    }

    no_relations!();
}

pub(crate) mod partner_message {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "partner_message")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub partner: Uuid,
        pub forward: Option<Uuid>,
        pub kind: String,
        pub body: String,
        pub state: String,
        pub attempts: i32,
        pub created_at: i64,
        pub next_at: Option<i64>,
        pub finished_at: Option<i64>,
        pub answer: String,
    }

    no_relations!();
}

pub(crate) mod partner_nonce {
    use super::no_relations;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "partner_nonce")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub partner: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub nonce: String,
        pub at: i64,
    }

    no_relations!();
}
