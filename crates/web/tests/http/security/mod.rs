//! What nobody may do, tried at every route.
//!
//! `table.rs` says of each route whom it is for. A route that is missing there fails the tests, so that a new one comes
//! with an answer to that question.

mod api;
mod forgery;
mod headers;
mod redirect;
mod rights;
mod session;
mod table;

mod things;

use crate::world::{Answer, SignedIn, World, options};
use axum::http::StatusCode;
use model::{
    permission::{Role, Scope},
    time::SystemClock,
};
use std::{collections::HashMap, sync::Arc};
pub(crate) use table::ROUTES;
use table::{Access, Route};

/// Two editions of two conferences, with an organiser each, and somebody without a role.
pub(crate) struct Two {
    pub(crate) world: World,
    /// Organises `garden-2027`.
    pub(crate) ours: SignedIn,
    /// Organises `orchard-2027`, and nothing else.
    pub(crate) theirs: SignedIn,
    /// Is signed in and has no role.
    pub(crate) nobody: SignedIn,
    /// What stands for the parts of patterns: things of `garden-2027` and of its organiser.
    things: HashMap<&'static str, String>,
}

impl Two {
    pub(crate) async fn new() -> Self {
        let world = World::with(&["garden-2027", "orchard-2027"], options(), Arc::new(SystemClock)).await;
        let ours = world.organiser().await;
        let orchard = world.edition("orchard-2027").await;
        let theirs =
            world.sign_in("stranger@example.org", &[(Role::Organiser, Scope::Edition(orchard.id))]).await;
        let nobody = world.sign_in("nobody@example.org", &[]).await;
        let things = things::make(&world, &ours).await;
        Self { world, ours, theirs, nobody, things }
    }

    /// Asks with a method of the route, as `who` or as a visitor, as a page of this site does.
    pub(crate) async fn ask(&self, who: Option<&SignedIn>, method: &str, path: &str) -> Answer {
        let mut headers = vec![
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        headers.extend(who.map(|who| ("cookie", who.cookie.as_str())));
        self.world.send(method, path, &headers, "").await
    }

    /// What stands for that part of a pattern.
    fn thing(&self, name: &str, pattern: &str) -> &str {
        // The desk names things by identifiers, the public site by names.
        let desk =
            pattern.starts_with("/desk/").then(|| self.things.get(format!("desk:{name}").as_str())).flatten();
        let found = desk.or_else(|| self.things.get(name));
        found.unwrap_or_else(|| panic!("{pattern}: say in security/things.rs what stands for {{{name}}}"))
    }

    /// The methods that a path takes.
    pub(crate) async fn methods(&self, path: &str) -> Vec<String> {
        let answer = self.world.send("TRACE", path, &[("sec-fetch-site", "same-origin")], "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let allowed = answer.header("allow").split(',').map(|method| method.trim().to_owned());
        allowed.filter(|method| !method.is_empty()).collect()
    }
}

/// A path of the route, with the things of `garden-2027` in it.
pub(crate) fn path(two: &Two, route: &Route) -> String {
    let mut out = String::new();
    for part in route.pattern.split_inclusive('/') {
        match part.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((name, rest)) => {
                out += two.thing(name, route.pattern);
                out += rest;
            }
            None => out += part,
        }
    }
    out
}

/// Whether the answer of a route ends only when the client leaves.
pub(crate) fn is_stream(route: &Route) -> bool {
    route.pattern.ends_with("/events")
}

/// All routes but those for everybody.
pub(crate) fn guarded() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.access != Access::Public)
}
