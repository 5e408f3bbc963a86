//! Signatures of messages: HTTP Message Signatures (RFC 9421) with Ed25519 (RFC 8032), over a Content-Digest (RFC 9530).
//!
//! One shape is written and read, and no other: the components `@method`, `@target-uri`, `content-digest` and `content-type`, and
//! the parameters `created`, `nonce`, `keyid` (the public key itself, in hexadecimal digits), `alg` and `tag`. Whoever leaves one
//! out has signed nothing here.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use model::partner::{PublicKey, SKEW};
use sha2::{Digest, Sha256};
use store::PartnerSeed;

/// The components that are signed, as RFC 9421 writes them in a signature's parameters.
const COMPONENTS: &str = r#"("@method" "@target-uri" "content-digest" "content-type")"#;

/// The label of the signature in both headers, and its tag, so that no signature for another purpose counts.
const LABEL: &str = "plenary";

/// What messages are.
pub const CONTENT_TYPE: &str = "application/json";

/// Why a message is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbelieved {
    /// A header is missing, or is not of the one shape.
    #[error("the header {0} is missing or cannot be read")]
    Header(&'static str),
    /// The body is not what was signed.
    #[error("the body does not fit its digest")]
    Digest,
    /// It is too old, or of a time to come.
    #[error("it was signed at {0}, more than five minutes from now; are both clocks right?")]
    Date(Timestamp),
    /// The signature is not of that key, or is for another address.
    #[error("the signature does not fit; was it made for {0}?")]
    Signature(String),
}

/// The seed is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's secret gives no signing key")]
pub struct NoKey;

/// The headers of a signed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// `Content-Digest`.
    pub digest: String,
    /// `Signature-Input`.
    pub input: String,
    /// `Signature`.
    pub signature: String,
}

/// Whose a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The key with which it was signed.
    pub key: PublicKey,
    /// What makes the signature good only once.
    pub nonce: String,
}

/// The key with which an installation signs.
#[derive(Debug)]
pub struct Key(Ed25519KeyPair);

impl Key {
    /// The key of that seed.
    pub fn new(seed: &PartnerSeed) -> Result<Self, NoKey> {
        Ed25519KeyPair::from_seed_unchecked(&seed.0).map(Self).map_err(|_| NoKey)
    }

    /// What others know it by.
    pub fn public(&self) -> Result<PublicKey, NoKey> {
        let bytes = self.0.public_key().as_ref();
        <[u8; 32]>::try_from(bytes).map(PublicKey).map_err(|_| NoKey)
    }

    /// Signs a POST of `body` to `target` at `now`. `nonce` is used once, of letters, digits and `-`.
    pub fn sign(&self, target: &str, body: &[u8], now: Timestamp, nonce: &str) -> Result<Signed, NoKey> {
        let digest = digest(body);
        let key = self.public()?;
        let parameters = format!(
            "{COMPONENTS};created={};nonce=\"{nonce}\";keyid=\"{key}\";alg=\"ed25519\";tag=\"{LABEL}\"",
            now.as_second()
        );
        let signature = STANDARD.encode(self.0.sign(base(target, &digest, &parameters).as_bytes()));
        Ok(Signed {
            digest,
            input: format!("{LABEL}={parameters}"),
            signature: format!("{LABEL}=:{signature}:"),
        })
    }
}

/// The signature base (RFC 9421, section 2.5).
fn base(target: &str, digest: &str, parameters: &str) -> String {
    format!(
        "\"@method\": POST\n\"@target-uri\": {target}\n\"content-digest\": {digest}\n\"content-type\": {CONTENT_TYPE}\n\
         \"@signature-params\": {parameters}"
    )
}

/// The value of `Content-Digest` (RFC 9530, section 2).
fn digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

/// Whose a POST of `body` to `target` is, by the values of its headers `Content-Digest`, `Signature-Input` and `Signature`.
/// Whether that is a partner, and whether the nonce was seen before, is for the record.
pub fn verify(
    target: &str,
    body: &[u8],
    (digest_header, input, signature): (Option<&str>, Option<&str>, Option<&str>),
    now: Timestamp,
) -> Result<Verified, Unbelieved> {
    let parameters = input
        .and_then(|input| input.strip_prefix(LABEL)?.strip_prefix('='))
        .ok_or(Unbelieved::Header("Signature-Input"))?;
    let signed = signature
        .and_then(|value| value.strip_prefix(LABEL)?.strip_prefix("=:")?.strip_suffix(':'))
        .and_then(|value| STANDARD.decode(value).ok())
        .ok_or(Unbelieved::Header("Signature"))?;
    let told = digest_header.ok_or(Unbelieved::Header("Content-Digest"))?;
    if told != digest(body) {
        return Err(Unbelieved::Digest);
    }
    let (created, nonce, key) = read(parameters).ok_or(Unbelieved::Header("Signature-Input"))?;
    if now.duration_since(created).abs() > SKEW {
        return Err(Unbelieved::Date(created));
    }
    UnparsedPublicKey::new(&ED25519, key.0)
        .verify(base(target, told, parameters).as_bytes(), &signed)
        .map_err(|_| Unbelieved::Signature(target.to_owned()))?;
    Ok(Verified { key, nonce })
}

/// The parameters of the one shape.
fn read(parameters: &str) -> Option<(Timestamp, String, PublicKey)> {
    let rest = parameters.strip_prefix(COMPONENTS)?;
    let mut values = rest.split(';').skip(1);
    let mut next = |name: &str| values.next()?.strip_prefix(name)?.strip_prefix('=');
    let quoted = |text: &str| Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    let created = Timestamp::from_second(next("created")?.parse().ok()?).ok()?;
    let nonce = quoted(next("nonce")?)?;
    let key = PublicKey::parse(&quoted(next("keyid")?)?).ok()?;
    let usual = quoted(next("alg")?)? == "ed25519" && quoted(next("tag")?)? == LABEL;
    let plain =
        (8..=100).contains(&nonce.len()) && nonce.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (usual && plain && rest.starts_with(';') && values.next().is_none()).then_some((created, nonce, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    const TARGET: &str = "https://b.example/2027/forwards/";
    const NONCE: &str = "0198c0de-0000-7000-8000-000000000001";

    fn key(byte: u8) -> Key {
        Key::new(&PartnerSeed([byte; 32])).unwrap()
    }

    fn now() -> Timestamp {
        "2027-03-01T12:00:00Z".parse().unwrap()
    }

    fn check(signed: &Signed, target: &str, body: &[u8], now: Timestamp) -> Result<Verified, Unbelieved> {
        let headers =
            (Some(signed.digest.as_str()), Some(signed.input.as_str()), Some(signed.signature.as_str()));
        verify(target, body, headers, now)
    }

    /// RFC 9421, appendix B.1.4 (the key) and B.2.6 (the signature base and its signature).
    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        let seed = URL_SAFE_NO_PAD.decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU").unwrap();
        let key = Key::new(&PartnerSeed(seed.try_into().unwrap())).unwrap();
        let public = URL_SAFE_NO_PAD.encode(key.public().unwrap().0);
        assert_eq!(public, "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs");
        let base = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\
                    \"@authority\": example.com\n\"content-type\": application/json\n\"content-length\": 18\n\
                    \"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \
                    \"content-length\");created=1618884473;keyid=\"test-key-ed25519\"";
        let signature = STANDARD.encode(key.0.sign(base.as_bytes()));
        let expected =
            "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
        assert_eq!(signature, expected);
    }

    #[test]
    fn a_message_is_believed_as_it_was_signed_and_no_other() {
        let signed = key(1).sign(TARGET, b"{}", now(), NONCE).unwrap();
        let verified = check(&signed, TARGET, b"{}", now()).unwrap();
        assert_eq!(verified, Verified { key: key(1).public().unwrap(), nonce: NONCE.to_owned() });
        assert_eq!(check(&signed, TARGET, b"{} ", now()), Err(Unbelieved::Digest));
        let elsewhere = check(&signed, "https://c.example/2027/forwards/", b"{}", now());
        assert!(matches!(elsewhere, Err(Unbelieved::Signature(_))), "{elsewhere:?}");
        for minutes in [-6, 6] {
            let then = now() + jiff::SignedDuration::from_mins(minutes);
            assert!(matches!(check(&signed, TARGET, b"{}", then), Err(Unbelieved::Date(_))), "{minutes}");
        }
        // Another key, another nonce, fewer components: the signature was for none of them.
        let other = key(2).public().unwrap().to_string();
        let changes = [
            (key(1).public().unwrap().to_string(), other),
            (NONCE.to_owned(), NONCE.replace('1', "2")),
            (now().as_second().to_string(), (now().as_second() + 1).to_string()),
        ];
        for (from, to) in changes {
            let forged = Signed { input: signed.input.replace(&from, &to), ..signed.clone() };
            let outcome = check(&forged, TARGET, b"{}", now());
            assert!(matches!(outcome, Err(Unbelieved::Signature(_))), "{from}: {outcome:?}");
        }
        for (from, to) in
            [(" \"content-digest\"", ""), ("tag=\"plenary\"", "tag=\"x\""), (";alg=\"ed25519\"", "")]
        {
            let forged = Signed { input: signed.input.replace(from, to), ..signed.clone() };
            let outcome = check(&forged, TARGET, b"{}", now());
            assert_eq!(outcome, Err(Unbelieved::Header("Signature-Input")), "{from}");
        }
        assert_eq!(
            verify(TARGET, b"", (None, None, None), now()),
            Err(Unbelieved::Header("Signature-Input"))
        );
    }
}
