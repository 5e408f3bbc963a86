//! Sending what other systems are to be told: webhooks, partners.

use crate::site::Site;
use partner::Messenger;
use webhook::Deliverer;

/// Delivers webhooks until the server stops.
pub(crate) async fn webhooks(site: Site) {
    // Without it nothing is sent, which the log says; what is queued waits.
    let Some(fetcher) = site.fetcher() else { return };
    Deliverer::new(site.store().clone(), fetcher.clone()).run(site.stop().clone()).await;
}

/// Tells partners until the server stops.
pub(crate) async fn partners(site: Site) {
    let Some(fetcher) = site.fetcher() else { return };
    Messenger::new(site.store().clone(), fetcher.clone(), site.base_url()).run(site.stop().clone()).await;
}
