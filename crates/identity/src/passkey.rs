//! Passkeys (WebAuthn, level 3): a key pair that a device keeps for this site and opens by a finger, a face or a number.
//!
//! Only keys that the device finds by itself are made ("discoverable"), so that nobody types a name to sign in; and the
//! person is always verified by the device, so that a stolen device opens nothing.
//!
//! Between its two requests a ceremony has a state. **It must stay on the server and be taken once**: whoever can choose
//! it, or use it twice, can replay an answer that they once saw.

use crate::Trouble;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};

/// The most passkeys of one person.
pub const MOST: usize = 20;

/// A ceremony that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What the browser's `navigator.credentials` is asked, as JSON.
    pub options: Value,
    /// What must be kept until the answer comes, on the server.
    pub state: String,
}

/// What is kept of a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The identifier that its device gave it, unique in the world.
    pub id: Vec<u8>,
    /// Its public key, counter and flags, as JSON. No secret is in it.
    pub body: String,
}

/// A device's answer to a sign-in, not yet proved.
#[derive(Clone, Debug)]
pub struct Answer(PublicKeyCredential);

impl Answer {
    /// Reads what the browser sends.
    pub fn read(json: &str) -> Result<Self, Trouble> {
        serde_json::from_str(json).map(Self).map_err(|_| refused("the answer of the device cannot be read"))
    }

    /// The identifier of the passkey that it was made with, by which the kept one is found.
    pub fn id(&self) -> &[u8] {
        self.0.get_credential_id()
    }
}

#[derive(Serialize, Deserialize)]
struct Body {
    /// The user handle that the device keeps beside the key.
    user: Uuid,
    passkey: Passkey,
}

/// Why a site has no passkeys. Each text goes on after "This site has no passkeys: ".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPasskeys {
    /// Its address names no host.
    #[error("a passkey belongs to a host name, and the address of this site is a number")]
    Number,
    /// It is served by `http:`.
    #[error("browsers make them only for sites that are served by https")]
    Plain,
    /// Its address is no address.
    #[error("browsers make them only for sites with an address, and that of this one cannot be read")]
    Address,
}

/// Makes and checks passkeys for one site.
#[derive(Clone, Debug)]
pub struct Passkeys(Webauthn);

impl Passkeys {
    /// For the site at `base_url`, called `title` by devices; or why browsers make no passkeys for it.
    pub fn new(base_url: &str, title: &str) -> Result<Self, NoPasskeys> {
        let url = Url::parse(base_url).map_err(|_| NoPasskeys::Address)?;
        let host = url.domain().ok_or(NoPasskeys::Number)?.to_owned();
        if url.scheme() != "https" && host != "localhost" {
            return Err(NoPasskeys::Plain);
        }
        let built = WebauthnBuilder::new(&host, &url).and_then(|builder| builder.rp_name(title).build());
        built
            .inspect_err(|error| tracing::warn!(%error, base_url, "passkeys are not offered"))
            .map_or(Err(NoPasskeys::Address), |built| Ok(Self(built)))
    }

    /// Begins making a passkey for `account`; `name` and `shown` are what the device calls it. A device that holds one of
    /// `has` makes no second one.
    pub fn begin_making(
        &self,
        account: Uuid,
        name: &str,
        shown: &str,
        has: &[String],
    ) -> Result<Begun, Trouble> {
        let has = has.iter().filter_map(|body| serde_json::from_str::<Body>(body).ok());
        let has = has.map(|body| body.passkey.cred_id().clone()).collect();
        let begun = self.0.start_passkey_registration(account, name, shown, Some(has));
        let (options, state) = begun.map_err(|error| broken(&error))?;
        let mut options = json(&options)?;
        // The library leaves it to the device whether the key can be found without a name; we sign in by nothing else.
        if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection") {
            selection["residentKey"] = "required".into();
            selection["requireResidentKey"] = true.into();
        }
        Ok(Begun { options, state: json(&Making { account, state })?.to_string() })
    }

    /// Ends making a passkey: checks the device's answer to what [`Self::begin_making`] asked.
    pub fn end_making(&self, account: Uuid, state: &str, answer: &str) -> Result<Kept, Trouble> {
        let made: Making = serde_json::from_str(state).map_err(|error| broken(&error))?;
        if made.account != account {
            return Err(refused("this passkey was begun by somebody else"));
        }
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| refused("the answer of the device cannot be read"))?;
        let passkey = self.0.finish_passkey_registration(&answer, &made.state).map_err(|error| {
            tracing::info!(%error, "a passkey was not made");
            refused("the device's answer does not hold")
        })?;
        let id = passkey.cred_id().as_slice().to_vec();
        Ok(Kept { id, body: json(&Body { user: account, passkey })?.to_string() })
    }

    /// Begins signing in with any passkey of this site that the device has.
    pub fn begin_sign_in(&self) -> Result<Begun, Trouble> {
        let (options, state) = self.0.start_discoverable_authentication().map_err(|error| broken(&error))?;
        let mut options = json(&options)?;
        // The page decides whether the browser offers it in a field or asks at once.
        if let Some(options) = options.as_object_mut() {
            options.remove("mediation");
        }
        Ok(Begun { options, state: json(&state)?.to_string() })
    }

    /// Ends signing in: checks the answer against the kept passkey of its identifier. Gives what must be kept from now
    /// on, where the device counts its uses. A count that does not grow means that somebody copied the key: refused.
    pub fn end_sign_in(&self, state: &str, answer: &Answer, kept: &str) -> Result<Option<String>, Trouble> {
        let state: DiscoverableAuthentication =
            serde_json::from_str(state).map_err(|error| broken(&error))?;
        let mut body: Body = serde_json::from_str(kept).map_err(|error| broken(&error))?;
        let Ok((user, _)) = self.0.identify_discoverable_authentication(&answer.0) else {
            return Err(refused("the device does not say whose passkey it is"));
        };
        if user != body.user {
            return Err(refused("the passkey is somebody else's"));
        }
        let proved = self.0.finish_discoverable_authentication_v2(&answer.0, state, &body.passkey);
        let proved = proved.map_err(|error| {
            tracing::info!(%error, "a passkey did not prove its person");
            refused("the device's answer does not hold")
        })?;
        if !proved.user_verified() {
            return Err(refused("the device did not check who uses it"));
        }
        match body.passkey.update_credential(&proved) {
            Some(true) => Ok(Some(json(&body)?.to_string())),
            Some(false) => Ok(None),
            None => Err(refused("the passkey is another one")),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Making {
    account: Uuid,
    state: PasskeyRegistration,
}

fn json(value: &impl Serialize) -> Result<Value, Trouble> {
    serde_json::to_value(value).map_err(|error| broken(&error))
}

fn refused(why: &str) -> Trouble {
    Trouble::Refused(why.to_owned())
}

fn broken(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::Down(format!("passkeys do not work: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_offered_only_where_browsers_make_them() {
        for sound in ["https://conf.example.org", "https://conf.example.org:8443", "http://localhost:8080"] {
            assert!(Passkeys::new(sound, "Conf").is_ok(), "{sound}");
        }
        for (unsound, why) in [
            ("http://conf.example.org", NoPasskeys::Plain),
            ("http://127.0.0.1:8080", NoPasskeys::Number),
            ("https://192.0.2.1", NoPasskeys::Number),
            ("https://[2001:db8::1]", NoPasskeys::Number),
            ("nonsense", NoPasskeys::Address),
        ] {
            assert_eq!(Passkeys::new(unsound, "Conf").err(), Some(why), "{unsound}");
        }
    }

    #[test]
    fn a_device_is_asked_for_a_key_that_it_finds_by_itself_and_to_check_its_person() {
        let passkeys = Passkeys::new("https://conf.example.org", "Conf").unwrap();
        let begun = passkeys.begin_making(Uuid::from_u128(7), "ada", "Ada", &[]).unwrap();
        let selection = &begun.options["publicKey"]["authenticatorSelection"];
        assert_eq!(selection["residentKey"], "required");
        assert_eq!(selection["requireResidentKey"], true);
        assert_eq!(selection["userVerification"], "required");
        let begun = passkeys.begin_sign_in().unwrap();
        assert_eq!(begun.options["publicKey"]["userVerification"], "required");
        assert_eq!(begun.options["publicKey"]["allowCredentials"], serde_json::json!([]));
        assert_eq!(begun.options["publicKey"]["rpId"], "conf.example.org");
    }

    #[test]
    fn nonsense_from_a_browser_is_refused() {
        let passkeys = Passkeys::new("https://conf.example.org", "Conf").unwrap();
        let begun = passkeys.begin_making(Uuid::from_u128(7), "ada", "Ada", &[]).unwrap();
        for nonsense in ["", "{}", "[]", "null", "{\"id\":\"x\"}"] {
            assert!(matches!(
                passkeys.end_making(Uuid::from_u128(7), &begun.state, nonsense),
                Err(Trouble::Refused(_))
            ));
            assert!(Answer::read(nonsense).is_err());
        }
        let other = passkeys.end_making(Uuid::from_u128(8), &begun.state, "{}");
        assert_eq!(other, Err(refused("this passkey was begun by somebody else")));
    }
}
