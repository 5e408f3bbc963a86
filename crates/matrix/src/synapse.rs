//! The configuration of [Synapse](https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html)
//! that a conference needs: its defaults are for a server on which people drop in one by one. At a conference a thousand
//! sign in within ten minutes, many of them from one address, and all enter the same rooms.

use crate::{
    id::ServerName,
    registration::{PREFIX, quoted},
};

/// For what conference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conference {
    /// The homeserver's name.
    pub server: ServerName,
    /// The people who are expected, in person and remote.
    pub attendees: u32,
    /// Where the registration file stands on the homeserver's machine.
    pub registration_file: String,
    /// The OpenID Connect provider by which people sign in without another password, where there is one.
    pub sign_in: Option<Provider>,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What people see on the button.
    pub name: String,
    /// Its issuer, an `https:` address.
    pub issuer: String,
    /// By what it knows the homeserver.
    pub client_id: String,
    /// Where the secret for that stands on the homeserver's machine, in a file of its own.
    pub client_secret_file: String,
}

/// Calls of one kind that are allowed: so many a second over time, and so many at once.
struct Rate {
    per_second: f64,
    burst: u32,
}

impl Rate {
    fn yaml(&self, indent: &str) -> String {
        format!("{indent}per_second: {}\n{indent}burst_count: {}\n", self.per_second, self.burst)
    }
}

/// What is added to `homeserver.yaml`, explained: either at its end, or as a file of its own with a second
/// `--config-path`, which Synapse lays over the first.
pub fn fragment(conference: &Conference) -> String {
    let people = conference.attendees.max(100);
    let tenth = people / 10;
    // Everybody within ten minutes, from one address at worst.
    let doors = Rate { per_second: f64::from(people.div_ceil(600)), burst: tenth.max(50) };
    // Everybody enters a handful of rooms in those minutes.
    let rooms = Rate { per_second: f64::from(people.div_ceil(100)), burst: people };
    let one_room = Rate { per_second: f64::from(people.div_ceil(60)), burst: people };
    let mut text = format!(
        "# Synapse for a conference of {people} people, made by Plenary. Each part says what goes wrong without it.\n\
         # Lay it over your homeserver.yaml:  --config-path homeserver.yaml --config-path conference.yaml\n\
         # A key that stands in both files is taken from this one, whole.\n\
         \n\
         # Plenary itself. Synapse reads that file when it starts.\n\
         app_service_config_files:\n  - {file}\n\
         \n\
         # Who is online: the largest load of all with many people in the same rooms, and nobody misses it.\n\
         presence:\n  enabled: false\n\
         \n\
         # Messages of one person. 0.2 a second is too little for questions and answers.\n\
         rc_message:\n{message}\
         \n\
         # Signing in. By default five people sign in from one address, then one in 333 seconds: the venue's network\n\
         # is one address. Guessing passwords of one account stays slow.\n\
         rc_login:\n  address:\n{login}  account:\n    per_second: 0.1\n    burst_count: 10\n  failed_attempts:\n    per_second: 0.1\n    burst_count: 5\n\
         \n\
         # New accounts, which single sign-on makes at the first time.\n\
         rc_registration:\n{registration}\
         \n\
         # Entering rooms. By default one person a second enters a room, which at the opening is half an hour of waiting.\n\
         rc_joins:\n  local:\n{join}  remote:\n{remote}\
         rc_joins_per_room:\n{one_room}\
         \n\
         # Invitations into private rooms, which Plenary sends.\n\
         rc_invites:\n  per_room:\n{invites}  per_user:\n    per_second: 1\n    burst_count: 20\n  per_issuer:\n{invites}\
         \n\
         # The public list. Since Synapse 1.126 nothing stands in it unless a rule allows it, without any message: the\n\
         # rooms of the conference do, rooms of others do not.\n\
         enable_room_list_search: true\n\
         room_list_publication_rules:\n  - user_id: \"@plenary:{server}\"\n    alias: \"#{PREFIX}*\"\n    action: allow\n  - action: deny\n\
         \n\
         # Rooms can be read without an account, by programs that ask for a guest's token; guests are limited to that.\n\
         allow_guest_access: true\n\
         \n\
         # Pictures of pages that are linked to: the homeserver would call whatever address somebody types.\n\
         url_preview_enabled: false\n\
         \n\
         # People take part from their own homeservers. Name servers here only to keep all others out.\n\
         # federation_domain_whitelist: []\n",
        file = quoted(&conference.registration_file),
        message = Rate { per_second: 2.0, burst: 30 }.yaml("  "),
        login = doors.yaml("    "),
        registration = doors.yaml("  "),
        join = rooms.yaml("    "),
        remote = Rate { per_second: f64::from(people.div_ceil(200)), burst: tenth.max(50) }.yaml("    "),
        one_room = one_room.yaml("  "),
        invites = Rate { per_second: 10.0, burst: people.min(500) }.yaml("    "),
        server = conference.server,
    );
    text.push_str(&match &conference.sign_in {
        Some(provider) => signing_in(provider),
        None => "\n# Signing in with the account of the conference, without another password: name an OpenID Connect provider\n\
                 # here (oidc_providers), as docs/matrix.md shows. Without one, people need a password on this homeserver.\n"
            .to_owned(),
    });
    if people >= 500 {
        text.push_str(WORKERS);
    }
    text
}

fn signing_in(provider: &Provider) -> String {
    format!(
        "\n# Signing in with the account of the conference. The homeserver's address to enter at the provider as redirect:\n\
         # <public_baseurl>_synapse/client/oidc/callback. Install Synapse as matrix-synapse[oidc] for this.\n\
         oidc_providers:\n  - idp_id: plenary\n    idp_name: {name}\n    issuer: {issuer}\n    client_id: {client}\n    client_secret_path: {secret}\n\
         \x20   pkce_method: always\n    scopes: [\"openid\", \"profile\"]\n    allow_existing_users: false\n\
         \x20   user_mapping_provider:\n      config:\n        subject_claim: sub\n\
         \x20       # The name in a Matrix id, which nobody can change later.\n\
         \x20       localpart_template: \"{{{{ user.preferred_username or user.sub }}}}\"\n        display_name_template: \"{{{{ user.name }}}}\"\n\
         password_config:\n  enabled: false\n",
        name = quoted(&provider.name),
        issuer = quoted(&provider.issuer),
        client = quoted(&provider.client_id),
        secret = quoted(&provider.client_secret_file),
    )
}

/// What more processes take, as comments: it depends on the machine.
const WORKERS: &str = "
# More processes. One process serves some hundreds of people; beyond that, PostgreSQL and Redis are needed, and workers:
#
# redis:
#   enabled: true
# instance_map:
#   main: { host: 127.0.0.1, port: 9093 }
#   events1: { host: 127.0.0.1, port: 9094 }
# stream_writers:
#   events: [events1]
# send_federation: false
# federation_sender_instances: [federation1]
# notify_appservices_from_worker: appservice1
#
# Each worker has a file of its own (worker_app: synapse.app.generic_worker, worker_name, worker_listeners). Lead
# /_matrix/client/.*/sync and /rooms/.*/initialSync to two to four of them by user, everything else to the main
# process and events1. What Plenary sends goes to the main process; what it receives comes from appservice1.
# See https://element-hq.github.io/synapse/latest/workers.html
";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn of(attendees: u32, sign_in: Option<Provider>) -> Value {
        let text = fragment(&Conference {
            server: ServerName::parse("matrix.example.org").unwrap(),
            attendees,
            registration_file: "/etc/matrix-synapse/plenary.yaml".to_owned(),
            sign_in,
        });
        serde_norway::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn a_thousand_people_behind_one_address_are_let_in_within_ten_minutes() {
        let yaml = of(1_200, None);
        assert!(yaml["rc_login"]["address"]["per_second"].as_f64().unwrap() * 600.0 >= 1_200.0);
        assert!(yaml["rc_registration"]["per_second"].as_f64().unwrap() * 600.0 >= 1_200.0);
        assert!(yaml["rc_joins_per_room"]["burst_count"].as_u64().unwrap() >= 1_200);
        assert_eq!(yaml["presence"]["enabled"], false);
        assert_eq!(yaml["app_service_config_files"][0], "/etc/matrix-synapse/plenary.yaml");
        assert!(yaml.get("password_config").is_none(), "without another way in, passwords stay");
    }

    #[test]
    fn a_provider_takes_the_place_of_passwords_and_its_secret_stays_in_its_file() {
        let provider = Provider {
            name: "Our \"conference\"".to_owned(),
            issuer: "https://conf.example.org".to_owned(),
            client_id: "matrix".to_owned(),
            client_secret_file: "/etc/matrix-synapse/oidc-secret".to_owned(),
        };
        let yaml = of(50, Some(provider));
        let one = &yaml["oidc_providers"][0];
        assert_eq!(one["idp_name"], "Our \"conference\"");
        assert_eq!(one["client_secret_path"], "/etc/matrix-synapse/oidc-secret");
        assert_eq!(one["user_mapping_provider"]["config"]["display_name_template"], "{{ user.name }}");
        assert_eq!(yaml["password_config"]["enabled"], false);
    }
}
