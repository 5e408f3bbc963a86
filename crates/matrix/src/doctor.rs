//! Whether chat will work, and how to mend what will not.

use crate::{
    client::Client,
    id::RoomId,
    plan::VERSIONS,
    registration::{Namespace, Registration},
};
use jiff::{SignedDuration, Timestamp};

/// So far our clock and the homeserver's may be apart.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// The first version of the specification with everything that we need.
const SPEC: &str = "v1.7";

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Well.
    Good,
    /// It works, and will be a nuisance.
    Doubtful,
    /// Chat does not work like this.
    Bad,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Whether the homeserver answers, and what it is.
    Homeserver,
    /// Whether its clock and ours agree.
    Clock,
    /// Whether it knows our registration.
    Registration,
    /// Whether what we send is limited.
    Limits,
    /// Whether it reaches us.
    Ping,
    /// In which version it makes rooms.
    RoomVersion,
    /// Whether our rooms may stand in its public list.
    PublicList,
    /// Whether it tells who is online.
    Presence,
    /// How people sign in.
    SignIn,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How bad it is.
    pub weight: Weight,
    /// What was seen, as a sentence without a full stop.
    pub seen: String,
    /// What to do about it, as an instruction without a full stop; empty where nothing.
    pub remedy: String,
}

impl Finding {
    fn good(check: Check, seen: impl Into<String>) -> Self {
        Self { check, weight: Weight::Good, seen: seen.into(), remedy: String::new() }
    }

    fn doubtful(check: Check, seen: impl Into<String>, remedy: &str) -> Self {
        Self { check, weight: Weight::Doubtful, seen: seen.into(), remedy: remedy.to_owned() }
    }

    fn bad(check: Check, seen: impl Into<String>, remedy: &str) -> Self {
        Self { check, weight: Weight::Bad, seen: seen.into(), remedy: remedy.to_owned() }
    }
}

/// Looks at everything, in the order in which it is to be mended. `listed` is a room of ours that should stand in the
/// public list, such as the space of an edition; without one the list is not looked at.
///
/// Makes about ten calls. Nothing is changed but that `listed` is put into the list, and that our user was online for a
/// moment.
pub async fn examine(
    client: &Client,
    registration: &Registration,
    ours: &Namespace,
    listed: Option<&RoomId>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = homeserver(client, now).await;
    // Nothing else can be said of what does not answer.
    if findings.iter().any(|finding| finding.check == Check::Homeserver && finding.weight == Weight::Bad) {
        return findings;
    }
    findings.push(limits(registration));
    let known = registered(client, ours).await;
    let accepted = known.weight != Weight::Bad;
    findings.push(known);
    findings.push(sign_in(client).await);
    if !accepted {
        return findings;
    }
    findings.push(ping(client, registration).await);
    findings.push(room_version(client).await);
    if let Some(room) = listed {
        findings.push(public_list(client, room).await);
    }
    findings.extend(presence(client, ours).await);
    findings
}

async fn homeserver(client: &Client, now: Timestamp) -> Vec<Finding> {
    let versions = match client.versions().await {
        Ok(versions) => versions,
        Err(error) => return vec![Finding::bad(Check::Homeserver, error.to_string(), error.remedy())],
    };
    let program = versions.program.as_deref().unwrap_or("a homeserver that does not say which");
    let mut findings = vec![if versions.spec.iter().any(|version| version == SPEC) {
        Finding::good(Check::Homeserver, format!("{} is {program}", client.address()))
    } else {
        let seen = format!("{} is {program}, which does not speak {SPEC} of Matrix", client.address());
        Finding::bad(Check::Homeserver, seen, "Update the homeserver")
    }];
    findings.extend(versions.clock.map(|clock| skew(now.duration_since(clock))));
    findings
}

/// What the difference of the clocks means. The homeserver's is told to the second.
fn skew(apart: SignedDuration) -> Finding {
    if apart.abs() <= SKEW {
        return Finding::good(Check::Clock, "the clocks agree");
    }
    let seen = format!("the homeserver's clock and ours are {} s apart", apart.as_secs().abs());
    let remedy = "Have both machines set their clocks by NTP: what is said would stand in the wrong order";
    Finding::doubtful(Check::Clock, seen, remedy)
}

/// What the registration says of limits. Whether the homeserver read that file cannot be asked.
fn limits(registration: &Registration) -> Finding {
    let remedy = "Write \"rate_limited: false\" into the registration and restart the homeserver";
    match registration.rate_limited {
        Some(false) => Finding::good(Check::Limits, "what we send is not limited"),
        Some(true) => {
            Finding::bad(Check::Limits, "what we send is limited like one person's messages", remedy)
        }
        None => {
            let seen =
                "the registration does not say \"rate_limited\", and then Synapse limits us like one person";
            Finding::bad(Check::Limits, seen, remedy)
        }
    }
}

async fn registered(client: &Client, ours: &Namespace) -> Finding {
    match client.whoami().await {
        Ok(user) if ours.holds(&user) => Finding::good(Check::Registration, format!("we are {user}")),
        Ok(user) => {
            let seen = format!("we are {user}, who is not on {}", ours.server);
            Finding::bad(
                Check::Registration,
                seen,
                "Enter the homeserver's name as its homeserver.yaml has it (server_name)",
            )
        }
        Err(error) if error.is("M_UNKNOWN_TOKEN") => Finding::bad(
            Check::Registration,
            "the homeserver does not know our token",
            "Name our registration in homeserver.yaml under app_service_config_files and restart the homeserver",
        ),
        Err(error) => Finding::bad(Check::Registration, error.to_string(), error.remedy()),
    }
}

async fn ping(client: &Client, registration: &Registration) -> Finding {
    match client.ping(&registration.id).await {
        Ok(took) => {
            Finding::good(Check::Ping, format!("the homeserver reaches us within {} ms", took.as_millis()))
        }
        Err(error)
            if error.may_pass()
                || error.is("M_CONNECTION_FAILED")
                || error.is("M_CONNECTION_TIMEOUT")
                || error.is("M_BAD_STATUS") =>
        {
            Finding::bad(
                Check::Ping,
                format!("the homeserver does not reach us at {}: {error}", registration.url),
                "Give an address in the registration (url) at which the homeserver's machine reaches Plenary, and restart the homeserver",
            )
        }
        Err(error) => Finding::bad(Check::Ping, error.to_string(), error.remedy()),
    }
}

async fn room_version(client: &Client) -> Finding {
    match client.default_room_version().await {
        Ok(version) if VERSIONS.contains(&version.as_str()) => {
            Finding::good(Check::RoomVersion, format!("rooms are made in version {version}"))
        }
        Ok(version) => Finding::doubtful(
            Check::RoomVersion,
            format!("the homeserver makes rooms in version {version}, which is not one that we know"),
            "Nothing has to be done: ours are made in version 11 or 12, as is set",
        ),
        Err(error) => Finding::doubtful(Check::RoomVersion, error.to_string(), error.remedy()),
    }
}

async fn public_list(client: &Client, room: &RoomId) -> Finding {
    let remedy =
        "Allow our aliases in homeserver.yaml under room_list_publication_rules and restart the homeserver";
    let stands = async {
        client.list(room, true).await?;
        client.listed(room).await
    };
    match stands.await {
        Ok(true) => Finding::good(Check::PublicList, "our rooms may stand in the public list"),
        Ok(false) => Finding::doubtful(
            Check::PublicList,
            "the public list leaves our rooms out, without a word",
            remedy,
        ),
        Err(error) if error.is("M_UNKNOWN") || error.is("M_FORBIDDEN") => {
            Finding::doubtful(Check::PublicList, "our rooms may not stand in the public list", remedy)
        }
        Err(error) => Finding::doubtful(Check::PublicList, error.to_string(), error.remedy()),
    }
}

/// Whether it tells who is online. A homeserver that refuses to say is passed over.
async fn presence(client: &Client, ours: &Namespace) -> Option<Finding> {
    let told = client.tells_presence(&ours.sender().ok()?).await.ok()?;
    Some(if told {
        let remedy = "Switch it off in homeserver.yaml (presence: enabled: false): it is the largest load with many people";
        Finding::doubtful(Check::Presence, "the homeserver tells who is online", remedy)
    } else {
        Finding::good(Check::Presence, "the homeserver does not tell who is online")
    })
}

async fn sign_in(client: &Client) -> Finding {
    let ways = match client.ways_to_sign_in().await {
        Ok(ways) => ways,
        // A separate authentication service takes this over.
        Err(error) if error.is("M_UNRECOGNIZED") || error.is("M_NOT_FOUND") => {
            return Finding::good(Check::SignIn, "people sign in at a separate authentication service");
        }
        Err(error) => return Finding::doubtful(Check::SignIn, error.to_string(), error.remedy()),
    };
    if ways.iter().any(|way| way == "m.login.sso") {
        return Finding::good(Check::SignIn, "people sign in with an account that they have");
    }
    Finding::doubtful(
        Check::SignIn,
        "people need a password on this homeserver",
        "Connect the homeserver to an OpenID Connect provider (oidc_providers)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_are_apart_are_told_with_how_far() {
        assert_eq!(skew(SignedDuration::from_secs(-29)).weight, Weight::Good);
        let finding = skew(SignedDuration::from_mins(-10));
        assert_eq!(finding.weight, Weight::Doubtful);
        assert!(finding.seen.contains("600 s"), "{finding:?}");
    }
}
