//! Whether chat on the Matrix homeserver works.

use super::Finding;
use crate::config::Config;
use matrix::{
    client::Client,
    doctor::{Weight, examine},
    id::RoomId,
};

const WHAT: &str = "Matrix";

/// Asks the homeserver. What it says to the ping is true while the server runs that it calls.
pub(super) async fn homeserver(config: &Config) -> Vec<Finding> {
    let Some(settings) = &config.matrix else { return vec![] };
    let remedy = "Mend `[matrix]` in the settings, as docs/matrix.md tells";
    let settings = match settings.open() {
        Ok(settings) => settings,
        Err(error) => return vec![Finding::bad(WHAT, format!("{error:#}"), remedy)],
    };
    let client = match Client::new(settings.options.clone()) {
        Ok(client) => client,
        Err(error) => return vec![Finding::bad(WHAT, error.to_string(), error.remedy())],
    };
    let space = space(config).await;
    let now = config.clock().now();
    let findings = examine(&client, &settings.registration, &settings.ours, space.as_ref(), now).await;
    findings
        .into_iter()
        .map(|finding| match finding.weight {
            Weight::Good => Finding::ok(WHAT, finding.seen),
            Weight::Doubtful => Finding::warn(WHAT, finding.seen, finding.remedy),
            Weight::Bad => Finding::bad(WHAT, finding.seen, finding.remedy),
        })
        .collect()
}

/// The space of an edition, which should stand in the public list. A record that cannot be read has findings of its own.
async fn space(config: &Config) -> Option<RoomId> {
    let store = config.open(config.clock()).await.ok()?;
    let rooms = store.matrix_rooms().await.ok();
    store.close().await;
    let of_edition = rooms?.into_iter().find(|row| row.room == row.edition.0 && row.outside.is_some())?;
    RoomId::parse(of_edition.outside.as_deref()?).ok()
}
