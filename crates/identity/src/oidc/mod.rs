//! Signing in at an OpenID Connect provider (OpenID Connect Core 1.0, section 3.1: authorization code), with proof of
//! the code's possession (PKCE, RFC 7636), a state, a nonce, and the issuer in the answer (RFC 9207) where it is given.
//!
//! **The identity is the issuer and the subject, never an e-mail address**: providers give addresses to other people,
//! and some let people write any address they like.

mod http;

use crate::{Health, Proven, Pulse, Secret, Trouble, settings::OidcSettings};
use http::{Http, HttpError};
use model::{account::Proof, email::Email, text::excerpt};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    DiscoveryError, IssuerUrl, LocalizedClaim, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreIdToken,
        CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm, CoreProviderMetadata,
        CoreTokenResponse, CoreUserInfoClaims,
    },
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;
use url::Url;

/// How long a provider's addresses and keys are taken as read.
const FRESH: Duration = Duration::from_hours(1);
/// And how long they are used where it cannot be asked again.
const STALE: Duration = Duration::from_hours(24);
/// After a failure, and after asking for new keys, a provider is left in peace for so long.
const PEACE: Duration = Duration::from_secs(10);

/// A sign-in that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser is sent.
    pub url: Url,
    /// What must be kept until it returns, on the server, and taken once. It holds the proof of the code.
    pub state: String,
}

/// What the browser brings back from the provider: the parameters of the return address.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Returned {
    /// The code, which is good for one use.
    pub code: Option<Secret>,
    /// The state that was given.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who answers.
    pub iss: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    provider: String,
    csrf: String,
    nonce: String,
    verifier: String,
    redirect: String,
}

/// One provider.
#[derive(Debug)]
pub struct Provider {
    settings: OidcSettings,
    issuer: IssuerUrl,
    http: Http,
    known: Mutex<Known>,
    pulse: Pulse,
}

#[derive(Debug, Default)]
struct Known {
    metadata: Option<(Arc<CoreProviderMetadata>, Instant)>,
    failed: Option<(String, Instant)>,
}

impl Provider {
    /// The provider of these settings, which were checked. It is not asked before somebody needs it.
    pub fn new(settings: OidcSettings) -> Result<Self, Trouble> {
        let down = |error: &dyn std::fmt::Display| Trouble::Down(format!("{}: {error}", settings.title));
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| down(&error))?;
        let http = Http::new().map_err(|error| down(&error))?;
        Ok(Self { settings, issuer, http, known: Mutex::default(), pulse: Pulse::default() })
    }

    /// Its name in addresses.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// What people know it by.
    pub fn title(&self) -> &str {
        &self.settings.title
    }

    /// Its issuer, under which identities are kept.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// How it is doing.
    pub fn health(&self) -> Health {
        self.pulse.health()
    }

    /// Asks whether it answers, for who runs the server.
    pub async fn reach(&self) -> Result<(), Trouble> {
        self.metadata(Duration::ZERO).await.map(|_| ())
    }

    /// Begins: where to send the browser so that it comes back to `redirect`.
    pub async fn begin(&self, redirect: &str) -> Result<Begun, Trouble> {
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata);
        let redirect_url = RedirectUrl::new(redirect.to_owned()).map_err(|error| self.down(&error))?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, csrf, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(
                self.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new),
            )
            .set_pkce_challenge(challenge)
            .set_redirect_uri(std::borrow::Cow::Owned(redirect_url))
            .url();
        let kept = Kept {
            provider: self.settings.name.clone(),
            csrf: csrf.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            redirect: redirect.to_owned(),
        };
        let state = serde_json::to_string(&kept).map_err(|error| self.down(&error))?;
        Ok(Begun { url, state })
    }

    /// Ends: what the provider says of the person who came back. `state` is what [`Self::begin`] gave, taken once.
    pub async fn finish(&self, state: &str, returned: &Returned) -> Result<Proven, Trouble> {
        let kept: Kept = serde_json::from_str(state).map_err(|error| self.down(&error))?;
        let given = returned.state.as_deref().unwrap_or_default();
        // Digests are compared, so that the time says nothing about the state.
        if kept.provider != self.settings.name || Sha256::digest(given) != Sha256::digest(&kept.csrf) {
            return Err(self.refused("the answer does not belong to this browser's sign-in"));
        }
        if returned.iss.as_ref().is_some_and(|issuer| *issuer != self.settings.issuer) {
            return Err(self.refused("another provider answered"));
        }
        let code = match (&returned.error, &returned.code) {
            (None, Some(code)) => code,
            (Some(error), _) => {
                let plain: String =
                    error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                return Err(self.refused(&format!("it did not sign you in ({})", excerpt(&plain, 40))));
            }
            (None, None) => return Err(self.refused("it gave no code")),
        };
        let metadata = self.metadata(STALE).await?;
        let token = self.exchange(&metadata, code, &kept).await?;
        let Some(id_token) = token.id_token() else {
            return Err(self.down(&"it gives no id token: is the scope \"openid\" allowed there?"));
        };
        let nonce = Nonce::new(kept.nonce);
        let (metadata, claims) = match id_token.claims(&self.verifier(&metadata), &nonce) {
            Ok(claims) => (metadata, claims),
            // Providers change their keys without telling; then the new ones are asked for, once.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_),
            )) => {
                let metadata = self.metadata(PEACE).await?;
                let claims = id_token.claims(&self.verifier(&metadata), &nonce);
                let claims = claims.map_err(|error| self.untrue(&error))?;
                (metadata, claims)
            }
            Err(error) => return Err(self.untrue(&error)),
        };
        self.check_access_token(&metadata, &token, id_token, claims)?;
        let mut proven = self.proven(claims);
        if (proven.email.is_none() || proven.name.is_none()) && metadata.userinfo_endpoint().is_some() {
            self.ask_more(&metadata, &token, claims, &mut proven).await;
        }
        Ok(proven)
    }

    async fn exchange(
        &self,
        metadata: &CoreProviderMetadata,
        code: &Secret,
        kept: &Kept,
    ) -> Result<CoreTokenResponse, Trouble> {
        let redirect = RedirectUrl::new(kept.redirect.clone()).map_err(|error| self.down(&error))?;
        let client = self.client(metadata);
        let request = client.exchange_code(AuthorizationCode::new(code.reveal().to_owned()));
        let request = request.map_err(|_| self.down(&"its discovery document names no token endpoint"))?;
        let answer = request
            .set_pkce_verifier(PkceCodeVerifier::new(kept.verifier.clone()))
            .set_redirect_uri(std::borrow::Cow::Owned(redirect))
            .request_async(&self.http)
            .await;
        answer.map_err(|error| match error {
            RequestTokenError::ServerResponse(said) => match said.error() {
                CoreErrorResponseType::InvalidGrant => {
                    self.refused("the sign-in there was used already, or took too long")
                }
                CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
                    self.down(&"it does not accept this installation's client_id and client_secret")
                }
                other => self.down(&format!("it answered \"{}\"", other.as_ref())),
            },
            RequestTokenError::Request(error) => self.down(&error),
            RequestTokenError::Parse(..) => self.down(&"its answer to the code cannot be read"),
            RequestTokenError::Other(error) => self.down(&error),
        })
    }

    fn check_access_token(
        &self,
        metadata: &CoreProviderMetadata,
        token: &CoreTokenResponse,
        id_token: &CoreIdToken,
        claims: &CoreIdTokenClaims,
    ) -> Result<(), Trouble> {
        let Some(expected) = claims.access_token_hash() else { return Ok(()) };
        let verifier = self.verifier(metadata);
        let actual = id_token
            .signing_alg()
            .and_then(|alg| Ok((alg, id_token.signing_key(&verifier)?)))
            .map_err(|error| self.untrue(&error))
            .and_then(|(alg, key)| {
                AccessTokenHash::from_token(token.access_token(), alg, key)
                    .map_err(|error| self.untrue(&error))
            })?;
        if actual == *expected { Ok(()) } else { Err(self.untrue(&"the access token is not the id token's")) }
    }

    fn proven(&self, claims: &CoreIdTokenClaims) -> Proven {
        Proven {
            proof: Proof::Oidc {
                issuer: self.settings.issuer.clone(),
                subject: claims.subject().as_str().to_owned(),
            },
            name: named(claims.name()).or_else(|| named(claims.nickname())),
            email: vouched(claims.email().map(|email| email.as_str()), claims.email_verified()),
        }
    }

    /// What the provider tells only when asked for it: some keep name and address out of the id token.
    async fn ask_more(
        &self,
        metadata: &CoreProviderMetadata,
        token: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
        proven: &mut Proven,
    ) {
        let client = self.client(metadata);
        // The subject must be the same, or the answer is about somebody else (Core, section 5.3.2).
        let Ok(request) = client.user_info(token.access_token().clone(), Some(claims.subject().clone()))
        else {
            return;
        };
        match request.request_async(&self.http).await {
            Ok(more) => {
                let more: CoreUserInfoClaims = more;
                let email = vouched(more.email().map(|email| email.as_str()), more.email_verified());
                proven.email = proven.email.take().or(email);
                proven.name = proven.name.take().or_else(|| named(more.name()));
            }
            // Who it is, is proved already.
            Err(error) => {
                tracing::warn!(provider = self.name(), %error, "the provider tells no more about a person");
            }
        }
    }

    fn verifier(&self, metadata: &CoreProviderMetadata) -> CoreIdTokenVerifier<'static> {
        // Only signatures that nobody can make who holds no private key of the provider: neither "none" nor a secret
        // that we share. The verifier reads the machine's clock and not ours: the provider does not rehearse with us.
        let allowed = metadata.id_token_signing_alg_values_supported().iter();
        let allowed = allowed.filter(|alg| {
            !matches!(
                alg,
                CoreJwsSigningAlgorithm::None
                    | CoreJwsSigningAlgorithm::HmacSha256
                    | CoreJwsSigningAlgorithm::HmacSha384
                    | CoreJwsSigningAlgorithm::HmacSha512
            )
        });
        CoreIdTokenVerifier::new_public_client(
            ClientId::new(self.settings.client_id.clone()),
            self.issuer.clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(allowed.cloned().collect::<Vec<_>>())
    }

    /// The addresses and keys of the provider, no older than `age` where it can be asked.
    async fn metadata(&self, age: Duration) -> Result<Arc<CoreProviderMetadata>, Trouble> {
        // One asks, the others wait for what it hears.
        let mut known = self.known.lock().await;
        let now = Instant::now();
        if let Some((metadata, at)) = &known.metadata
            && now.duration_since(*at) < age
        {
            return Ok(Arc::clone(metadata));
        }
        let usable = known.metadata.as_ref().filter(|(_, at)| now.duration_since(*at) < STALE);
        let usable = usable.map(|(metadata, _)| Arc::clone(metadata));
        if let Some((why, at)) = &known.failed
            && now.duration_since(*at) < PEACE
        {
            return usable.ok_or_else(|| Trouble::Down(why.clone()));
        }
        match CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some((Arc::clone(&metadata), Instant::now())), failed: None };
                self.pulse.up();
                Ok(metadata)
            }
            Err(error) => {
                let trouble = self.down(&explain(&error));
                known.failed = Some((trouble.to_string(), Instant::now()));
                usable.ok_or(trouble)
            }
        }
    }

    fn down(&self, error: &dyn std::fmt::Display) -> Trouble {
        let why = format!("{}: {error}", self.settings.title);
        tracing::warn!(provider = self.name(), error = %error, "a sign-in provider does not work");
        self.pulse.down(&error.to_string());
        Trouble::Down(why)
    }

    fn refused(&self, why: &str) -> Trouble {
        Trouble::Refused(format!("{}: {why}", self.settings.title))
    }

    /// A token that does not hold: a slip of the provider's settings, or somebody's try.
    fn untrue(&self, error: &dyn std::fmt::Display) -> Trouble {
        tracing::warn!(provider = self.name(), error = %error, "an id token does not hold");
        self.refused("what it says of you does not hold")
    }

    /// With the endpoints of `metadata`.
    fn client(&self, metadata: &CoreProviderMetadata) -> Client {
        let secret = &self.settings.client_secret;
        let secret = (!secret.is_empty()).then(|| ClientSecret::new(secret.reveal().to_owned()));
        let id = ClientId::new(self.settings.client_id.clone());
        let client = CoreClient::from_provider_metadata(metadata.clone(), id, secret);
        // Basic is what a provider that says nothing accepts (Discovery 1.0, section 3).
        let methods = metadata.token_endpoint_auth_methods_supported();
        let in_body = methods.is_some_and(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        client.set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }
}

type Client = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

/// A name as told, cut to what a public name may hold.
fn named<T: std::ops::Deref<Target = String>>(claim: Option<&LocalizedClaim<T>>) -> Option<String> {
    let claim = claim?;
    let name = claim.get(None).or_else(|| claim.iter().next().map(|(_, name)| name))?;
    let name = excerpt(name.trim(), 100);
    (!name.is_empty()).then_some(name)
}

/// An address only where the provider says that it checked it.
fn vouched(email: Option<&str>, verified: Option<bool>) -> Option<Email> {
    email.filter(|_| verified == Some(true)).and_then(|email| Email::parse(email).ok())
}

fn explain(error: &DiscoveryError<HttpError>) -> String {
    match error {
        DiscoveryError::Request(error) => error.to_string(),
        DiscoveryError::Parse(_) => "its discovery document cannot be read".to_owned(),
        DiscoveryError::Response(status, ..) => format!("its discovery document answers {status}"),
        // The issuer in the document is another than in the settings: the message names both.
        DiscoveryError::Validation(problem) => problem.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_only_where_the_provider_vouches_for_it() {
        assert!(vouched(Some("ada@example.org"), Some(true)).is_some());
        for verified in [None, Some(false)] {
            assert_eq!(vouched(Some("ada@example.org"), verified), None);
        }
        assert_eq!(vouched(Some("not an address"), Some(true)), None);
    }
}
