//! TLS from certificate files, which are read again when they change: whoever renews them need not restart the server.

use arc_swap::ArcSwap;
use model::Refusal;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(30);

/// The certificate of the server and how it answers with it. Cloning it costs nothing.
#[derive(Clone)]
pub struct Tls {
    certificate: Arc<Certificate>,
    config: Arc<ServerConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({})", self.certificate.chain.display())
    }
}

impl Tls {
    /// Reads `chain` (PEM: the server's certificate, then those that lead to the authority) and `key` (PEM). TLS 1.2 and
    /// 1.3; HTTP/2 is preferred to HTTP/1.1.
    pub fn open(chain: &Path, key: &Path) -> Result<Self, Refusal> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certificate = Arc::new(Certificate {
            seen: ArcSwap::from_pointee(Seen::of(chain, key)),
            current: ArcSwap::from_pointee(read(chain, key, &provider)?),
            chain: chain.to_owned(),
            key: key.to_owned(),
            provider: Arc::clone(&provider),
        });
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| refused(chain, &error, "Report this: the program was built without TLS"))?
            .with_no_client_auth();
        let mut config = config.with_cert_resolver(Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { certificate, config: Arc::new(config) })
    }

    /// What takes connections.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// Reads the files again whenever they have changed, for ever. Files that do not fit together (a renewal is half
    /// done) leave the certificate as it was, and are tried again.
    pub(super) async fn follow(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.look();
        }
    }

    /// Reads the files again if they have changed since they were last read. Gives whether there is a new certificate.
    pub fn look(&self) -> bool {
        let this = &self.certificate;
        let seen = Seen::of(&this.chain, &this.key);
        if seen == **this.seen.load() {
            return false;
        }
        match read(&this.chain, &this.key, &this.provider) {
            Ok(new) => {
                this.current.store(Arc::new(new));
                this.seen.store(Arc::new(seen));
                tracing::info!(certificate = %this.chain.display(), "the renewed certificate is in use");
                true
            }
            Err(refusal) => {
                tracing::warn!(%refusal, "the certificate files changed and cannot be used; the one before stays in use");
                false
            }
        }
    }
}

/// The certificate in use.
struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
    seen: ArcSwap<Seen>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.chain.display())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

/// By what a changed file is known.
#[derive(Debug, PartialEq, Eq)]
struct Seen([Option<(SystemTime, u64)>; 2]);

impl Seen {
    fn of(chain: &Path, key: &Path) -> Self {
        let state =
            |path: &Path| fs::metadata(path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        Self([state(chain), state(key)])
    }
}

fn read(chain: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, Refusal> {
    let unreadable = "Name PEM files that the account that runs Plenary may read";
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refused(chain, &error, unreadable))?;
    if certificates.is_empty() {
        return Err(refused(chain, &"there is no certificate in it", unreadable));
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| Refusal::new("tls_key", format!("{}: {error}", key.display()), unreadable))?;
    CertifiedKey::from_der(certificates, private, provider)
        .map_err(|error| refused(chain, &error, "Name the certificate and the key that belong together"))
}

fn refused(chain: &Path, problem: &dyn fmt::Display, remedy: &str) -> Refusal {
    Refusal::new("tls_certificate", format!("{}: {problem}", chain.display()), remedy)
}
