//! A recording that can be watched: the server posts a form with `signed_parameters`, a JSON Web Token with `meeting_id`
//! and `record_id`, to the address that `meta_bbb-recording-ready-url` gave it
//! (<https://docs.bigbluebutton.org/development/api/#recording-ready-callback-url>).
//!
//! BigBlueButton signs with HS256 and its secret, Scalelite with HS256 or HS512 and the balancer's. Answer 200 when it is
//! taken, 410 when nobody wants the recording any more; the server tries again for everything else but 401.

use super::Rejected;
use crate::secret::Secret;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

/// The longest token that is read.
const TOKEN_MAX: usize = 8_000;

/// What was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// Our identifier of the meeting.
    pub meeting: String,
    /// The recording.
    pub recording: String,
}

/// The algorithms that are believed. Above all not `none`, nor one with a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signed {
    Hs256,
    Hs512,
}

/// Verifies and reads the body of the callback at the instant `now`, which matters only to tokens that expire.
pub fn read(body: &[u8], secret: &Secret, now: Timestamp) -> Result<Ready, Rejected> {
    let token = form_urlencoded::parse(body)
        .find(|(name, _)| name == "signed_parameters")
        .ok_or(Rejected::Malformed("it has no \"signed_parameters\""))?
        .1;
    let claims = verified(&token, secret, now)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ready = Ready { meeting: text("meeting_id"), recording: text("record_id") };
    if ready.recording.is_empty() {
        return Err(Rejected::Malformed("it names no recording"));
    }
    Ok(ready)
}

fn verified(token: &str, secret: &Secret, now: Timestamp) -> Result<Value, Rejected> {
    if token.len() > TOKEN_MAX || secret.is_empty() {
        return Err(Rejected::Forged);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Rejected::Forged)?;
    let (header, claims) = signed.split_once('.').ok_or(Rejected::Forged)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Rejected::Forged)?;
    let algorithm = match json_of(header).and_then(|header| {
        // What a token declares as critical has to be understood, and nothing is here.
        let critical = header.get("crit").is_some();
        header.get("alg").and_then(Value::as_str).filter(|_| !critical).map(str::to_owned)
    }) {
        Some(name) if name == "HS256" => Signed::Hs256,
        Some(name) if name == "HS512" => Signed::Hs512,
        _ => return Err(Rejected::Forged),
    };
    let key = secret.reveal().as_bytes();
    // Both comparisons take the same time for every signature of the right length.
    let genuine = match algorithm {
        Signed::Hs256 => Hmac::<Sha256>::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(signed.as_bytes()).verify_slice(&signature).is_ok()),
        Signed::Hs512 => Hmac::<Sha512>::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(signed.as_bytes()).verify_slice(&signature).is_ok()),
    };
    if !genuine {
        return Err(Rejected::Forged);
    }
    let claims = json_of(claims).ok_or(Rejected::Malformed("its token holds no JSON"))?;
    let second = |name: &str| claims.get(name).and_then(Value::as_f64);
    let now = now.as_second() as f64;
    if second("exp").is_some_and(|until| now >= until) || second("nbf").is_some_and(|from| now < from) {
        return Err(Rejected::Forged);
    }
    Ok(claims)
}

fn json_of(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The body of such a callback, as BigBlueButton makes it; for the simulator.
pub(crate) fn write(ready: &Ready, secret: &Secret) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({"typ": "JWT", "alg": "HS256"}).to_string());
    let claims = json!({"meeting_id": ready.meeting, "record_id": ready.recording}).to_string();
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    // A MAC takes keys of any length; the error exists for others.
    let signature = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes())
        .map(|mac| URL_SAFE_NO_PAD.encode(mac.chain_update(signed.as_bytes()).finalize().into_bytes()))
        .unwrap_or_default();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("signed_parameters", &format!("{signed}.{signature}")).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(token: &str) -> Vec<u8> {
        format!("signed_parameters={token}").into_bytes()
    }

    /// A token made by hand, to be judged by the same rules.
    fn token<D>(alg: &str, claims: &Value, sign: D) -> String
    where
        D: Fn(&[u8]) -> Vec<u8>,
    {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": "JWT"}).to_string());
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sign(signed.as_bytes())))
    }

    fn hs512(bytes: &[u8]) -> Vec<u8> {
        let mac = Hmac::<Sha512>::new_from_slice(b"secret").unwrap();
        mac.chain_update(bytes).finalize().into_bytes().to_vec()
    }

    /// The token of RFC 7515, appendix A.1, whose key is bytes and whose claims are no recording's: its signature is
    /// computed by others than us.
    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(signed.as_bytes());
        let ours = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        assert_eq!(ours, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn what_the_server_signed_is_believed_and_nothing_else() {
        let secret = Secret::new("secret");
        let now = Timestamp::UNIX_EPOCH;
        let ready = Ready { meeting: "track-a".to_owned(), recording: "abc-1".to_owned() };
        let body = write(&ready, &secret);
        assert_eq!(read(body.as_bytes(), &secret, now), Ok(ready.clone()));
        assert_eq!(read(body.as_bytes(), &Secret::new("other"), now), Err(Rejected::Forged));
        let claims = json!({"meeting_id": "track-a", "record_id": "abc-1"});
        assert_eq!(read(&form(&token("HS512", &claims, hs512)), &secret, now), Ok(ready));
        for bad in [
            token("none", &claims, |_| vec![]),
            token("HS256", &claims, hs512),
            token("RS256", &claims, hs512),
            "a.b".to_owned(),
            String::new(),
        ] {
            assert_eq!(read(&form(&bad), &secret, now), Err(Rejected::Forged), "{bad}");
        }
        let nothing = token("HS512", &json!({}), hs512);
        assert!(matches!(read(&form(&nothing), &secret, now), Err(Rejected::Malformed(_))));
    }

    #[test]
    fn a_token_that_expires_does() {
        let secret = Secret::new("secret");
        let body = form(&token("HS512", &json!({"record_id": "abc-1", "exp": 100}), hs512));
        assert!(read(&body, &secret, Timestamp::from_second(99).unwrap()).is_ok());
        assert_eq!(read(&body, &secret, Timestamp::from_second(100).unwrap()), Err(Rejected::Forged));
    }
}
