//! Whether the providers and directories at which people sign in answer.

use super::Finding;
use crate::config::Config;
use identity::{ldap::Directory, oidc::Provider, settings};

const WHAT: &str = "signing in";

/// Asks each of them. One that does not answer takes nothing from the others.
pub(super) async fn outside(config: &Config) -> Vec<Finding> {
    if let Err(refusal) = settings::check_all(&config.oidc, &config.ldap) {
        let found = format!("{}: {}", refusal.field, refusal.problem);
        return vec![Finding::bad(WHAT, found, refusal.remedy)];
    }
    let mut findings = vec![];
    for settings in &config.oidc {
        let reached = match Provider::new(settings.clone()) {
            Ok(provider) => provider.reach().await,
            Err(trouble) => Err(trouble),
        };
        let remedy =
            format!("Mend `[[oidc]]` \"{}\", or the provider; other ways to sign in go on", settings.name);
        findings.push(match reached {
            Ok(()) => Finding::ok(WHAT, format!("{} answers at {}", settings.title, settings.issuer)),
            Err(trouble) => Finding::bad(WHAT, trouble.to_string(), remedy),
        });
    }
    for settings in &config.ldap {
        let reached = match Directory::new(settings.clone()) {
            Ok(directory) => directory.reach().await,
            Err(trouble) => Err(trouble),
        };
        let remedy =
            format!("Mend `[[ldap]]` \"{}\", or the directory; other ways to sign in go on", settings.name);
        findings.push(match reached {
            Ok(()) => Finding::ok(WHAT, format!("{} answers at {}", settings.title, settings.url)),
            Err(trouble) => Finding::bad(WHAT, trouble.to_string(), remedy),
        });
    }
    findings
}
