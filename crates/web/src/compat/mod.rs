//! Addresses at which existing tools look for a programme, one file for each system they were written for. The
//! answers come from `interchange::write`; here stand only the addresses.

mod fosdem;
mod indico;
mod pretalx;

use crate::site::Site;
use axum::Router;

/// Adds the routes of other systems.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    fosdem::routes(indico::routes(pretalx::routes(router)))
}
