//! Leaving a list with one click (RFC 8058).
//!
//! The address is signed, and its holder needs no account: a mail program sends the POST by itself, without cookies and
//! from anywhere. Opening the page changes nothing, since programs that look for viruses open every link. The answer is
//! the same whatever the token is, so that nothing can be learnt by trying.

use super::at;
use crate::{
    inner::{Answer, Inner, show},
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{Method, Uri},
    routing::get,
};

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/mail/unsubscribe/{token}/", get(ask).post(leave))
}

/// Whether a request may come from any origin: the token in the address protects it.
pub(super) fn is_from_anywhere(method: &Method, uri: &Uri) -> bool {
    method == Method::POST && uri.path().starts_with("/mail/unsubscribe/")
}

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Unsubscribe {
    inner: Inner,
    left: bool,
}

async fn ask() -> Answer {
    let help = "One press, and you get no more mail of this kind from the conference that wrote to you.";
    show(&Unsubscribe { inner: Inner::outside("No more of this mail?", help), left: false })
}

async fn leave(State(site): State<Site>, Path(token): Path<String>) -> Answer {
    if let Some(mail) = mail::mail_of_token(site.store().secret(), &token) {
        site.store().leave_list(mail).await?;
    }
    let help = "You get no more mail of this kind from the conference that wrote to you.";
    show(&Unsubscribe { inner: Inner::outside("Done", help), left: true })
}
