//! Whom each route is for.

use super::Two;

/// For whom a route is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody: it shows what is public, or begins signing in.
    Public,
    /// Whoever has the secret in its address.
    Secret,
    /// Everybody who is signed in, about themselves.
    Person,
    /// Those with a role somewhere.
    Desk,
    /// Those with a role in the edition of its address.
    Edition,
    /// Those with a role in the whole installation.
    Installation,
}

/// One route.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) pattern: &'static str,
    pub(crate) access: Access,
}

macro_rules! routes {
    ($($access:ident { $($pattern:literal)* })*) => {
        /// All routes.
        pub(crate) const ROUTES: &[Route] = &[$($(Route { pattern: $pattern, access: Access::$access },)*)*];
    };
}

routes! {
    Public {
        "/" "/assets/{hash}/{name}" "/robots.txt" "/favicon.ico" "/healthz" "/metrics"
        "/{edition}/" "/{edition}/now/" "/{edition}/releases.atom" "/{edition}/releases/"
        "/{edition}/rooms/" "/{edition}/rooms/{file}" "/{edition}/rooms/{room}/" "/{edition}/rooms/{room}/sign/"
        "/{edition}/schedule.csv" "/{edition}/schedule.ics" "/{edition}/schedule.json" "/{edition}/schedule.v2.json"
        "/{edition}/schedule.xcal" "/{edition}/schedule.xml" "/{edition}/schedule/" "/{edition}/schedule/list/"
        "/{edition}/schedule/list/{day}/" "/{edition}/schedule/print/{day}/" "/{edition}/schedule/widgets/schedule.json"
        "/{edition}/schedule/{day}/" "/{edition}/sessions/{file}" "/{edition}/speakers/" "/{edition}/speakers/{speaker}/"
        "/{edition}/tracks/" "/{edition}/tracks/{file}" "/{edition}/tracks/{track}/"
        "/{edition}/events" "/{edition}/search/" "/{edition}/sessions/" "/{edition}/sessions/{session}/"
        "/{edition}/releases/{number}/" "/{edition}/stars/" "/{edition}/tracks.css"
        "/{edition}/schedule/v/{version}/" "/{edition}/talk/" "/{edition}/talk/{code}/" "/{edition}/talk/{file}"
        "/{edition}/speaker/" "/{edition}/speaker/{code}/"
        "/{edition}/p/matrix" "/p/matrix" "/event/{edition}/event.ics" "/export/timetable/{file}"
        "/api/events/" "/api/events/{edition}/" "/api/events/{edition}/{list}/" "/api/events/{edition}/{list}/{key}/"
    }
    Secret {
        "/{edition}/stars/{token}/" "/{edition}/stars/{file}"
    }
    Desk {
        "/desk/"
    }
    Edition {
        "/desk/{edition}/" "/desk/{edition}/log/"
        "/desk/{edition}/tracks/" "/desk/{edition}/tracks/new/" "/desk/{edition}/tracks/{track}/"
        "/desk/{edition}/tracks/{track}/remove/"
        "/desk/log/{seq}/"
    }
    Secret {
        "/setup/{token}/"
    }
    Public {
        "/setup/"
    }
    Desk {
        "/desk/new/"
    }
    Edition {
        "/desk/{edition}/settings/" "/desk/{edition}/settings/archive/" "/desk/{edition}/copy/"
        "/desk/{edition}/rooms/" "/desk/{edition}/rooms/new/" "/desk/{edition}/rooms/{room}/"
        "/desk/{edition}/rooms/{room}/remove/" "/desk/{edition}/rooms/{room}/{shift}/" "/desk/{edition}/tracks/{track}/{shift}/"
        "/desk/{edition}/types/" "/desk/{edition}/types/new/" "/desk/{edition}/types/{type}/"
        "/desk/{edition}/types/{type}/remove/" "/desk/{edition}/types/{type}/{shift}/"
        "/desk/{edition}/persons/" "/desk/{edition}/persons/new/" "/desk/{edition}/persons/{person}/"
        "/desk/{edition}/persons/{person}/remove/"
        "/desk/{edition}/sessions/" "/desk/{edition}/sessions/new/" "/desk/{edition}/sessions/{session}/"
        "/desk/{edition}/sessions/{session}/remove/" "/desk/{edition}/sessions/{session}/stand/"
        "/desk/{edition}/sessions/{session}/slots/new/" "/desk/{edition}/sessions/{session}/slots/{slot}/"
        "/desk/{edition}/sessions/{session}/slots/{slot}/remove/"
        "/desk/{edition}/release/" "/desk/{edition}/release/back/" "/desk/{edition}/release/reset/" "/desk/{edition}/release/told/"
    }
    Installation {
        "/desk/log/"
    }
}

/// What stands for a part of a pattern: a thing of the edition `garden-2027` that exists.
pub(crate) async fn value(two: &Two, name: &str, pattern: &str) -> String {
    let world = &two.world;
    let edition = world.edition("garden-2027").await;
    let programme = world.store.programme(edition.id).await.unwrap().unwrap();
    match name {
        "edition" => edition.slug.to_string(),
        "track" if pattern.starts_with("/desk/") => programme.tracks[0].id.to_string(),
        "track" => programme.tracks[0].slug.to_string(),
        "room" if pattern.starts_with("/desk/") => programme.rooms[0].id.to_string(),
        "room" => programme.rooms[0].slug.to_string(),
        "session" if pattern.starts_with("/desk/") => programme.sessions[0].id.to_string(),
        "speaker" => programme.persons[0].slug.to_string(),
        "day" => "2027-05-01".to_owned(),
        "session" | "code" => programme.sessions[0].code.to_string(),
        "slot" => programme.sessions[0].slots[0].id.to_string(),
        "type" => world.store.session_types(edition.id).await.unwrap()[0].id.to_string(),
        "shift" => "up".to_owned(),
        "person" => programme.persons[0].id.to_string(),
        "number" | "version" => "1".to_owned(),
        "seq" => {
            let entries = world.store.changes_since(0, 10_000).await.unwrap();
            entries.iter().find(|entry| entry.edition == Some(edition.id)).unwrap().seq.to_string()
        }
        // Nobody's: what is behind such an address is tried by the tests of the capability.
        "token" => "notatokenthatanybodyhas1".to_owned(),
        "file" => "event.ics".to_owned(),
        "hash" | "name" | "list" | "key" => "x".to_owned(),
        other => panic!("{pattern}: say in `value` what stands for {{{other}}}"),
    }
}
