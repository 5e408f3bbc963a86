//! How visitors reach the server: address, proxy, certificate.

use super::Finding;
use crate::config::Config;
use jiff::{SignedDuration, Timestamp};
use model::time::{Clock, SystemClock};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::{io, net::TcpListener, path::Path};
use x509_parser::{extensions::GeneralName, prelude::X509Certificate};

/// A certificate that ends sooner is one whose renewal has failed: renewal comes a month ahead.
const SOON: SignedDuration = SignedDuration::from_hours(21 * 24);

/// Whether the address, the site's own address and the proxy fit together.
pub(super) fn address(config: &Config) -> Vec<Finding> {
    const WHAT: &str = "address";
    let listen = config.listen;
    let mut findings = vec![match TcpListener::bind(listen) {
        Ok(_) => Finding::ok(WHAT, format!("{listen} is free for the server")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Finding::ok(WHAT, format!("a server listens at {listen}"))
        }
        Err(error) => Finding::bad(
            WHAT,
            format!("{listen} cannot be used: {error}"),
            "Set `listen` to an address of this machine; a port below 1024 needs a right (setcap cap_net_bind_service)",
        ),
    }];
    if let Err(error) = web::proxy::TrustedProxies::parse(&config.trusted_proxies) {
        findings.push(Finding::bad("proxies", error.problem, error.remedy));
    }
    let encrypted = config.tls_certificate.is_some();
    let proxied = !config.trusted_proxies.is_empty();
    let here = listen.ip().is_loopback();
    findings.push(match config.base_url.as_deref() {
        None if here && !proxied => Finding::ok(WHAT, "no base_url: only this machine can reach the site"),
        None => Finding::bad(
            WHAT,
            "base_url is not set, so links in mails and feeds lead nowhere",
            "Set `base_url` to the address that visitors type, such as https://conf.example.org",
        ),
        Some(url) if url.starts_with("https://") && !encrypted && !proxied => Finding::bad(
            WHAT,
            format!("base_url is {url}, and nobody speaks TLS"),
            "Set `tls_certificate` and `tls_key`, or put a proxy before the server and name it in `trusted_proxies`",
        ),
        Some(url) if url.starts_with("http://") && encrypted => Finding::bad(
            WHAT,
            format!("base_url is {url}, and the server speaks HTTPS"),
            "Write https:// in `base_url`",
        ),
        Some(url) if url.starts_with("http://") && !is_local(url) => Finding::bad(
            WHAT,
            format!("base_url is {url}: everybody on the way reads the visitors' passwords and cookies"),
            "Use HTTPS: `tls_certificate` and `tls_key`, or a proxy; then write https:// in `base_url`",
        ),
        Some(url) if !here && proxied && !encrypted => Finding::warn(
            WHAT,
            format!("visitors are told {url}, and can also reach {listen} past the proxy"),
            "Listen at 127.0.0.1 or an inner address, or close the port in the firewall",
        ),
        Some(url) => Finding::ok(WHAT, format!("visitors come to {url}")),
    });
    findings
}

fn is_local(url: &str) -> bool {
    ["http://localhost", "http://127.", "http://[::1]"].iter().any(|local| url.starts_with(local))
}

/// Whether the certificate can be used, for how long, and for which names.
pub(super) fn certificate(config: &Config) -> Vec<Finding> {
    const WHAT: &str = "certificate";
    let Some(file) = &config.tls_certificate else { return vec![] };
    if let Err(error) = config.tls() {
        return vec![Finding::bad(WHAT, error.to_string(), "Name PEM files of a certificate and its key")];
    }
    #[cfg(unix)]
    let open_key = config.tls_key.as_deref().filter(|key| {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(key).is_ok_and(|meta| meta.mode() & 0o004 != 0)
    });
    #[cfg(not(unix))]
    let open_key: Option<&Path> = None;
    let mut findings = match Certificate::read(file) {
        Ok(certificate) => certificate.findings(config.base_url.as_deref(), SystemClock.now()),
        Err(error) => vec![Finding::bad(WHAT, error, "Name a PEM file with `tls_certificate`")],
    };
    if let Some(key) = open_key {
        findings.push(Finding::warn(
            WHAT,
            format!("every account of this machine can read the key {}", key.display()),
            format!("chmod o-r {}", key.display()),
        ));
    }
    findings
}

/// What `doctor` wants to know of a certificate.
struct Certificate {
    begins: Timestamp,
    ends: Timestamp,
    names: Vec<String>,
}

impl Certificate {
    fn read(file: &Path) -> Result<Self, String> {
        let der =
            CertificateDer::from_pem_file(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let (_, parsed): (_, X509Certificate<'_>) = x509_parser::parse_x509_certificate(&der)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let instant = |time: &x509_parser::time::ASN1Time| {
            Timestamp::from_second(time.timestamp()).map_err(|error| error.to_string())
        };
        let names = parsed.subject_alternative_name().ok().flatten().map_or_else(Vec::new, |extension| {
            extension
                .value
                .general_names
                .iter()
                .filter_map(|name| match name {
                    GeneralName::DNSName(name) => Some((*name).to_ascii_lowercase()),
                    _ => None,
                })
                .collect()
        });
        let validity = parsed.validity();
        Ok(Self { begins: instant(&validity.not_before)?, ends: instant(&validity.not_after)?, names })
    }

    fn findings(&self, base_url: Option<&str>, now: Timestamp) -> Vec<Finding> {
        const WHAT: &str = "certificate";
        let ends = self.ends.strftime("%F %H:%M UTC");
        let remedy = "Renew it; the server takes the new files by itself within a minute";
        let mut findings = vec![if now >= self.ends {
            Finding::bad(WHAT, format!("it has ended at {ends}"), remedy)
        } else if now < self.begins {
            let begins = self.begins.strftime("%F %H:%M UTC");
            Finding::bad(WHAT, format!("it begins only at {begins}"), "Check the clock, or wait")
        } else if self.ends.duration_since(now) < SOON {
            Finding::warn(WHAT, format!("it ends at {ends}"), remedy)
        } else {
            Finding::ok(WHAT, format!("good until {ends}, for {}", self.names.join(", ")))
        }];
        if let Some(host) = base_url.and_then(host)
            && !self.names.iter().any(|name| covers(name, &host))
        {
            findings.push(Finding::bad(
                WHAT,
                format!("it is for {}, and base_url says {host}", self.names.join(", ")),
                "Use the certificate of that name, or correct `base_url`",
            ));
        }
        findings
    }
}

/// The host of an address, where it is a name.
fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let host = rest.split(['/', ':']).next()?.to_ascii_lowercase();
    (!host.is_empty() && host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[')).then_some(host)
}

/// Whether a name of a certificate is that of the host; a star stands for one label (RFC 6125, section 6.4.3).
fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
        None => name == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::State;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(covers("*.example.org", "conf.example.org"));
        assert!(!covers("*.example.org", "a.b.example.org"));
        assert!(!covers("*.example.org", "example.org"));
        assert!(covers("conf.example.org", "conf.example.org"));
    }

    #[test]
    fn a_certificate_that_ends_soon_is_a_warning_and_one_that_has_ended_is_wrong() {
        let certificate = Certificate {
            begins: "2027-01-01T00:00:00Z".parse().unwrap(),
            ends: "2027-04-01T00:00:00Z".parse().unwrap(),
            names: vec!["conf.example.org".to_owned()],
        };
        let state = |now: &str, url: &str| {
            let findings = certificate.findings(Some(url), now.parse().unwrap());
            findings.iter().map(|finding| finding.state).max().unwrap()
        };
        let url = "https://conf.example.org/";
        assert_eq!(state("2027-02-01T00:00:00Z", url), State::Ok);
        assert_eq!(state("2027-03-20T00:00:00Z", url), State::Warn);
        assert_eq!(state("2027-04-01T00:00:00Z", url), State::Bad);
        assert_eq!(state("2026-12-31T00:00:00Z", url), State::Bad);
        assert_eq!(state("2027-02-01T00:00:00Z", "https://other.example.org"), State::Bad);
    }

    #[test]
    fn https_that_nobody_speaks_is_found() {
        let worst = |config: Config| address(&config).iter().map(|finding| finding.state).max().unwrap();
        let base_url = Some("https://conf.example.org".to_owned());
        let listen = "127.0.0.1:0".parse().unwrap();
        assert_eq!(worst(Config { base_url: base_url.clone(), listen, ..Config::default() }), State::Bad);
        let trusted_proxies = vec!["127.0.0.1".to_owned()];
        assert_eq!(worst(Config { listen, base_url, trusted_proxies, ..Config::default() }), State::Ok);
        let open = Some("http://conf.example.org".to_owned());
        assert_eq!(worst(Config { base_url: open, listen, ..Config::default() }), State::Bad);
        assert_eq!(worst(Config { listen, ..Config::default() }), State::Ok);
    }
}
