//! Signatures of deliveries, by the Standard Webhooks specification, version 1.0.0, section "Signature scheme".

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret that is no secret of this scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret of the webhook is not whsec_ and base64; make a new one")]
pub struct NoSecret;

/// The value of `webhook-signature`: for each secret `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`,
/// separated by spaces. `timestamp` is in whole seconds since 1970.
pub fn signature(secrets: &[String], id: &str, timestamp: i64, body: &[u8]) -> Result<String, NoSecret> {
    let mut signatures = Vec::with_capacity(secrets.len());
    for secret in secrets {
        let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok()).ok_or(NoSecret)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| NoSecret)?;
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        signatures.push(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    }
    Ok(signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let body = br#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let ours = signature(std::slice::from_ref(&secret), id, 1_614_265_330, body).unwrap();
        assert_eq!(ours, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signature(&[secret.clone(), secret], id, 1_614_265_330, body).unwrap();
        assert_eq!(both, format!("{ours} {ours}"));
        assert_eq!(signature(&["nonsense".to_owned()], id, 0, body), Err(NoSecret));
    }
}
