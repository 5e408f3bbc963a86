//! What the steps have in common. A released step goes on meaning what it meant: nothing here changes what an
//! existing call makes.

use sea_orm_migration::prelude::sea_query::*;

/// A table with that primary key.
pub(super) fn table(name: &'static str, key: &[&'static str]) -> TableCreateStatement {
    let mut primary = Index::create().take();
    for column in key {
        primary.col(*column);
    }
    Table::create().table(name).primary_key(&mut primary).take()
}

/// An index over those columns.
pub(super) fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(format!("{table}_by_{}", columns.join("_"))).table(table).take();
    for column in columns {
        index.col(*column);
    }
    index
}

/// `column` of `from` names the identifier of a row of `to`.
pub(super) fn to(from: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(format!("{from}_{column}")).from(from, column).to(to, "id").take()
}
