//! Sending what other systems are to be told: webhooks.

use crate::site::Site;
use webhook::Deliverer;

/// Delivers webhooks until the server stops.
pub(crate) async fn webhooks(site: Site) {
    // Without it nothing is sent, which the log says; what is queued waits.
    let Some(fetcher) = site.fetcher() else { return };
    Deliverer::new(site.store().clone(), fetcher.clone()).run(site.stop().clone()).await;
}
