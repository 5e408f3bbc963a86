//! Whom each route is for.

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
        "/{edition}/schedule/export/schedule.ics" "/{edition}/schedule/export/schedule.json"
        "/{edition}/schedule/export/schedule.xcal" "/{edition}/schedule/export/schedule.xml" "/{edition}/schedule/feed.xml"
        "/{edition}/pages/{page}/" "/{edition}/posts/" "/{edition}/posts/feed.atom" "/{edition}/posts/{post}/"
        "/{edition}/events" "/{edition}/search/" "/{edition}/sessions/" "/{edition}/sessions/{session}/"
        "/{edition}/releases/{number}/" "/{edition}/stars/" "/{edition}/tracks.css"
        "/{edition}/schedule/v/{version}/" "/{edition}/talk/" "/{edition}/talk/{code}/" "/{edition}/talk/{file}"
        "/{edition}/speaker/" "/{edition}/speaker/{code}/"
        "/{edition}/p/matrix" "/p/matrix" "/event/{edition}/event.ics" "/export/timetable/{file}"
        "/{edition}/sessions/{session}/files/{name}" "/people/{handle}/" "/{edition}/subscribe/" "/{edition}/uploads/{name}"
        "/{edition}/calls/" "/{edition}/calls/{call}/" "/{edition}/calls/{call}/propose/"
        "/{edition}/ideas/"
        "/{edition}/live/" "/{edition}/live/{room}/" "/{edition}/live/{room}/messages" "/{edition}/live/{room}/socket"
        "/{edition}/calls/{call}/questions/" "/{edition}/forwards/"
        "/setup/" "/sign-in/" "/sign-in/link/" "/sign-out/" "/sign-in/arrival/" "/sign-in/ldap/" "/sign-in/oidc/{provider}/" "/sign-in/oidc/{provider}/return/"
        "/sign-in/passkey/" "/sign-in/passkey/begin/" "/sign-in/password/" "/api/v1/" "/api/v1/openapi.json"
        "/api/events/" "/api/events/{edition}/" "/api/events/{edition}/{list}/" "/api/events/{edition}/{list}/{key}/"
    }
    Secret {
        "/_matrix/app/v1/transactions/{transaction}" "/_matrix/app/v1/users/{user}" "/_matrix/app/v1/rooms/{alias}"
        "/_matrix/app/v1/ping"
        "/{edition}/stars/{token}/" "/{edition}/stars/{file}" "/setup/{token}/" "/mail/unsubscribe/{token}/"
        "/sign-in/link/{token}/" "/bbb/{server}" "/bbb/{server}/recording" "/bbb/{server}/ended/{room}/{token}"
    }
    Person {
        "/account/" "/account/data/" "/account/data/plenary-account.json" "/account/history/" "/account/identities/"
        "/account/merge/" "/account/notifications/" "/account/security/" "/account/view-as/end/" "/account/welcome/"
        "/account/identities/{identity}/disconnect/" "/account/security/passkeys/" "/account/security/passkeys/begin/"
        "/account/security/password/" "/account/security/{credential}/" "/account/tokens/"
        "/account/tokens/{token}/revoke/"
        "/account/proposals/" "/account/proposals/invitations/{author}/{answer}/" "/account/proposals/{edition}/{proposal}/"
        "/account/proposals/{edition}/{proposal}/authors/" "/account/proposals/{edition}/{proposal}/authors/{author}/remove/"
        "/account/proposals/{edition}/{proposal}/comments/" "/account/proposals/{edition}/{proposal}/confirm/"
        "/account/proposals/{edition}/{proposal}/delete/" "/account/proposals/{edition}/{proposal}/withdraw/"
        "/{edition}/live/{room}/close/"
        "/account/proposals/{edition}/{proposal}/ready/" "/account/proposals/{edition}/{proposal}/files/{field}/"
        "/account/notifications/replies/"
        "/account/proposals/{edition}/{proposal}/forwards/{forward}/"
        "/{edition}/live/{room}/join/"
        "/{edition}/ideas/{idea}/interest/" "/{edition}/ideas/{idea}/adopt/" "/{edition}/ideas/{idea}/remove/"
    }
    Desk {
        "/desk/" "/desk/mail/" "/desk/webhooks/" "/desk/people/" "/desk/grants/" "/desk/new/" "/desk/import/"
    }
    Edition {
        "/desk/{edition}/" "/desk/{edition}/log/" "/desk/{edition}/settings/" "/desk/{edition}/settings/archive/"
        "/desk/{edition}/copy/"
        "/desk/{edition}/calls/" "/desk/{edition}/calls/new/" "/desk/{edition}/calls/{call}/"
        "/desk/{edition}/calls/{call}/remove/" "/desk/{edition}/calls/{call}/amend/"
        "/desk/{edition}/calls/{call}/questions/" "/desk/{edition}/calls/{call}/questions/{question}/"
        "/desk/{edition}/calls/{call}/codes/" "/desk/{edition}/calls/{call}/codes/{code}/revoke/"
        "/desk/{edition}/assignment/" "/desk/{edition}/assignment/{call}/" "/desk/{edition}/assignment/{call}/apply/"
        "/desk/{edition}/assignment/{call}/run/" "/desk/{edition}/assignment/{call}/settle/"
        "/desk/{edition}/proposals/" "/desk/{edition}/proposals/decide/" "/desk/{edition}/proposals/bids/"
        "/desk/{edition}/proposals/meeting/" "/desk/{edition}/proposals/meeting/events"
        "/desk/{edition}/proposals/proposals.csv" "/desk/{edition}/proposals/proposals.json"
        "/desk/{edition}/proposals/to-do/" "/desk/{edition}/proposals/to-do/remind/"
        "/desk/{edition}/proposals/{proposal}/files/{field}/"
        "/desk/{edition}/proposals/forwards/" "/desk/{edition}/proposals/forwards/{forward}/"
        "/desk/{edition}/proposals/forwards/{forward}/cancel/" "/desk/{edition}/proposals/{proposal}/forward/"
        "/desk/{edition}/partners/" "/desk/{edition}/partners/{partner}/ask/" "/desk/{edition}/partners/{partner}/remove/"
        "/desk/{edition}/proposals/{proposal}/" "/desk/{edition}/proposals/{proposal}/cancel/"
        "/desk/{edition}/proposals/{proposal}/comments/" "/desk/{edition}/proposals/{proposal}/conflict/"
        "/desk/{edition}/proposals/{proposal}/prepare/" "/desk/{edition}/proposals/{proposal}/review/"
        "/desk/{edition}/microconferences/" "/desk/{edition}/microconferences/{microconference}/"
        "/desk/{edition}/microconferences/{microconference}/accept/" "/desk/{edition}/microconferences/{microconference}/agenda/"
        "/desk/{edition}/microconferences/{microconference}/announce/" "/desk/{edition}/microconferences/{microconference}/call/"
        "/desk/{edition}/microconferences/{microconference}/decide/" "/desk/{edition}/microconferences/{microconference}/format/"
        "/desk/{edition}/microconferences/{microconference}/merge/" "/desk/{edition}/microconferences/{microconference}/nod/"
        "/desk/{edition}/microconferences/{microconference}/split/" "/desk/{edition}/microconferences/{microconference}/take-back/"
        "/desk/{edition}/microconferences/{microconference}/topics/"
        "/desk/{edition}/tracks/" "/desk/{edition}/tracks/new/" "/desk/{edition}/tracks/{track}/"
        "/desk/{edition}/tracks/{track}/remove/" "/desk/{edition}/tracks/{track}/{shift}/"
        "/desk/{edition}/rooms/" "/desk/{edition}/rooms/new/" "/desk/{edition}/rooms/{room}/"
        "/desk/{edition}/rooms/{room}/remove/" "/desk/{edition}/rooms/{room}/{shift}/"
        "/desk/{edition}/live/" "/desk/{edition}/live/new/" "/desk/{edition}/live/{room}/" "/desk/{edition}/live/{room}/meeting/"
        "/desk/{edition}/live/reports/{report}/" "/desk/{edition}/live/bans/{ban}/lift/"
        "/desk/{edition}/types/" "/desk/{edition}/types/new/" "/desk/{edition}/types/{type}/"
        "/desk/{edition}/types/{type}/remove/" "/desk/{edition}/types/{type}/{shift}/"
        "/desk/{edition}/persons/" "/desk/{edition}/persons/new/" "/desk/{edition}/persons/{person}/"
        "/desk/{edition}/persons/{person}/remove/"
        "/desk/{edition}/sessions/" "/desk/{edition}/sessions/new/" "/desk/{edition}/sessions/{session}/"
        "/desk/{edition}/sessions/{session}/remove/" "/desk/{edition}/sessions/{session}/stand/"
        "/desk/{edition}/sessions/{session}/slots/new/" "/desk/{edition}/sessions/{session}/slots/{slot}/"
        "/desk/{edition}/sessions/{session}/slots/{slot}/remove/"
        "/desk/{edition}/release/" "/desk/{edition}/release/back/" "/desk/{edition}/release/reset/"
        "/desk/{edition}/release/told/"
        "/desk/{edition}/dates/" "/desk/{edition}/dates/calendars/address/" "/desk/{edition}/dates/calendars/upload/"
        "/desk/{edition}/dates/calendars/{calendar}/fetch/" "/desk/{edition}/dates/calendars/{calendar}/remove/"
        "/desk/{edition}/hours/"
        "/desk/{edition}/mail/" "/desk/{edition}/mail/templates/{template}/"
        "/desk/{edition}/mail/templates/{template}/reset/"
        "/desk/{edition}/registrations/" "/desk/{edition}/registrations/new/"
        "/desk/{edition}/registrations/caps/"
        "/desk/{edition}/registrations/import/" "/desk/{edition}/registrations/import/{upload}/"
        "/desk/{edition}/registrations/import/{upload}/difference/" "/desk/{edition}/registrations/registrations.csv"
        "/desk/{edition}/registrations/{registration}/"
        "/desk/{edition}/grants/" "/desk/{edition}/mastodon/" "/desk/{edition}/mastodon/forget/" "/desk/{edition}/menu/"
        "/desk/{edition}/pages/" "/desk/{edition}/pages/new/" "/desk/{edition}/pages/{page}/"
        "/desk/{edition}/pages/{page}/remove/"
        "/desk/{edition}/posts/" "/desk/{edition}/posts/new/" "/desk/{edition}/posts/{post}/"
        "/desk/{edition}/posts/{post}/mail/" "/desk/{edition}/posts/{post}/mastodon/"
        "/desk/{edition}/posts/{post}/publish/" "/desk/{edition}/posts/{post}/remove/"
        "/desk/{edition}/posts/{post}/take-back/" "/desk/{edition}/posts/speakers/"
        "/desk/{edition}/sponsors/" "/desk/{edition}/sponsors/copy-levels/" "/desk/{edition}/sponsors/freeze/"
        "/desk/{edition}/sponsors/levels/" "/desk/{edition}/sponsors/new/" "/desk/{edition}/sponsors/reopen/"
        "/desk/{edition}/sponsors/{sponsor}/" "/desk/{edition}/sponsors/{sponsor}/logo"
        "/desk/{edition}/sponsors/{sponsor}/move/" "/desk/{edition}/sponsors/{sponsor}/remove/"
        "/desk/log/{seq}/" "/desk/log/{seq}/undo/"
        "/desk/mail/{mail}/" "/desk/mail/{mail}/again/" "/desk/mail/{mail}/let-be/"
        "/desk/webhooks/{webhook}/" "/desk/webhooks/{webhook}/deliveries/{delivery}/"
        "/desk/webhooks/{webhook}/ping/" "/desk/webhooks/{webhook}/remove/" "/desk/webhooks/{webhook}/resume/"
        "/desk/webhooks/{webhook}/secret/" "/desk/webhooks/{webhook}/stop/"
    }
    Installation {
        "/desk/people/{account}/" "/desk/people/{account}/view-as/"
        "/desk/servers/" "/desk/servers/{server}/"
        "/desk/log/" "/desk/mail/suppressed/" "/desk/mail/suppressed/remove/"
    }
}
