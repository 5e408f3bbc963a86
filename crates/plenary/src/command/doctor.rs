//! `plenary doctor`: what is wrong with this installation, and how to mend it.
//!
//! Each check is a function that gives its findings; none changes anything. A check that cannot be made says so as a
//! finding of its own, so that silence never passes for health.

pub(crate) mod confined;
mod mail;
mod matrix;
mod net;
mod record;
mod sign_in;
mod system;

use crate::{config::Config, output};
use serde::Serialize;

/// How to report.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Try from inside what a confined server can do; `doctor` starts itself so.
    #[arg(long, hide = true)]
    pub(crate) confined: bool,
}

/// How it stands with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// As it should be.
    Ok,
    /// Works, and could bite one day.
    Warn,
    /// Does not work, or will not for long.
    Bad,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// How it stands.
    pub(crate) state: State,
    /// With what.
    pub(crate) what: &'static str,
    /// What was found.
    pub(crate) found: String,
    /// What to do about it, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<String>,
}

impl Finding {
    pub(crate) fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { state: State::Ok, what, found: found.into(), remedy: None }
    }

    pub(crate) fn warn(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Warn, what, found: found.into(), remedy: Some(remedy.into()) }
    }

    pub(crate) fn bad(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Bad, what, found: found.into(), remedy: Some(remedy.into()) }
    }
}

/// Looks at everything, prints a line for each finding, and fails when something is wrong.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let mut findings = system::data_folder(config);
    findings.extend(system::disk(config));
    findings.extend(system::zones());
    findings.extend(record::record(config).await);
    findings.extend(record::backups(config));
    findings.extend(net::address(config));
    findings.extend(net::certificate(config));
    findings.extend(mail::server(config).await);
    findings.extend(sign_in::outside(config).await);
    findings.extend(matrix::homeserver(config).await);
    findings.extend(confined::confinement(config).await);
    let bad = findings.iter().filter(|finding| finding.state == State::Bad).count();
    if args.json {
        output::json(&findings)?;
    } else {
        for finding in &findings {
            let state = match finding.state {
                State::Ok => "ok  ",
                State::Warn => "warn",
                State::Bad => "bad ",
            };
            output::line(format_args!("{state}  {}: {}", finding.what, finding.found));
            if let Some(remedy) = &finding.remedy {
                output::line(format_args!("      -> {remedy}"));
            }
        }
    }
    match bad {
        0 => Ok(()),
        1 => anyhow::bail!("one thing is wrong; see above for what to do."),
        more => anyhow::bail!("{more} things are wrong; see above for what to do."),
    }
}
