//! Settings: the same ones in a file, in the environment and on the command line, in rising order of weight.
//!
//! The file is `plenary.toml` in the present folder, or the one that `--config` or `PLENARY_CONFIG` names. In
//! the environment a setting is called `PLENARY_` and its name, such as `PLENARY_LISTEN`.

use anyhow::Context;
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use identity::settings::{LdapSettings, OidcSettings};
use model::{text::WebUrl, time::SharedClock};
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};
use store::{Location, Store};

/// The settings that every command takes.
#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Flags {
    /// The configuration file [default: plenary.toml, where it exists].
    #[arg(long, global = true, env = "PLENARY_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// The folder that holds the record and the uploads [default: plenary-data].
    #[arg(long, global = true, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    /// The database, where it is not SQLite in the data folder: postgres://user@host/name.
    #[arg(long, global = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    /// What to log: error, warn, info, debug, trace, or a filter such as web=debug [default: info].
    #[arg(long, global = true, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    /// How to log [default: text].
    #[arg(long, global = true, value_name = "FORMAT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<LogFormat>,
}

/// How log lines are written, on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// The settings in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The folder that holds the record and the uploads.
    pub(crate) data: PathBuf,
    /// The database, where it is not SQLite in the data folder.
    pub(crate) database: Option<String>,
    /// The address to listen at.
    pub(crate) listen: SocketAddr,
    /// The address under which visitors reach the site, for feeds: `https://conf.example.org`. Without it the
    /// address that the server listens at.
    pub(crate) base_url: Option<String>,
    /// Whether a reverse proxy stands before the server, so that the client's address is the last one in
    /// `X-Forwarded-For`. Without a proxy anybody could write that header.
    pub(crate) behind_proxy: bool,
    /// How many lists of stars one client address may write in a minute. A whole venue may stand behind one.
    pub(crate) star_writes_per_minute: u32,
    /// How many tries to sign in one client address has in a minute. A whole venue may stand behind one.
    pub(crate) sign_in_tries_per_minute: u32,
    /// The OpenID Connect providers at which people may sign in.
    #[serde(skip_serializing)]
    pub(crate) oidc: Vec<OidcSettings>,
    /// The LDAP directories with whose passwords people may sign in.
    #[serde(skip_serializing)]
    pub(crate) ldap: Vec<LdapSettings>,
    /// What to log.
    pub(crate) log: String,
    /// How to log.
    pub(crate) log_format: LogFormat,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("plenary-data"),
            database: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            base_url: None,
            behind_proxy: false,
            star_writes_per_minute: web::SiteOptions::default().star_writes_per_minute,
            sign_in_tries_per_minute: web::SiteOptions::default().sign_in_tries_per_minute,
            oidc: vec![],
            ldap: vec![],
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

impl Config {
    /// The defaults, then the file, then the environment, then the command line.
    pub(crate) fn load(flags: &Flags) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        figment = match &flags.config {
            Some(file) if !file.is_file() => {
                anyhow::bail!(
                    "config: there is no file {}. Create it, or leave --config away.",
                    file.display()
                )
            }
            Some(file) => figment.merge(Toml::file_exact(file)),
            None => figment.merge(Toml::file("plenary.toml")),
        };
        figment
            .merge(Env::prefixed("PLENARY_").ignore(&["config", "test_data", "test_postgres"]))
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| {
                anyhow::anyhow!("configuration: {error}. See docs/operating.md for the settings.")
            })
    }

    /// Starts logging on standard error.
    pub(crate) fn start_logs(&self) -> anyhow::Result<()> {
        let filter = tracing_subscriber::EnvFilter::try_new(&self.log).with_context(|| {
            format!("log: \"{}\" is no filter. Use error, warn, info, debug or trace.", self.log)
        })?;
        let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        match self.log_format {
            LogFormat::Text => logs.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
            LogFormat::Json => logs.json().flatten_event(true).init(),
        }
        Ok(())
    }

    /// Where the record is.
    pub(crate) fn location(&self) -> anyhow::Result<Location> {
        if let Some(url) = &self.database {
            return Ok(Location::from_url(url)?);
        }
        std::fs::create_dir_all(&self.data).with_context(|| {
            format!(
                "data: cannot create the folder {}. Name a writable one with --data.",
                self.data.display()
            )
        })?;
        Ok(Location::from_data_dir(&self.data))
    }

    /// What the site needs to know.
    pub(crate) fn site_options(&self) -> anyhow::Result<web::SiteOptions> {
        let base_url = match &self.base_url {
            Some(url) => Some(
                WebUrl::parse(url).map_err(|refusal| anyhow::anyhow!("base_url: {refusal}"))?.to_string(),
            ),
            None => None,
        };
        Ok(web::SiteOptions {
            base_url,
            behind_proxy: self.behind_proxy,
            star_writes_per_minute: self.star_writes_per_minute,
            sign_in_tries_per_minute: self.sign_in_tries_per_minute,
            oidc: self.oidc.clone(),
            ldap: self.ldap.clone(),
            ..web::SiteOptions::default()
        })
    }

    /// Opens the record, bringing it to this version's schema.
    pub(crate) async fn open(&self, clock: SharedClock) -> anyhow::Result<Store> {
        Ok(Store::open(&self.location()?, clock).await?)
    }
}

/// Who is at the command line, for the change feed: the operating system's name for them.
pub(crate) fn actor() -> model::feed::Actor {
    let name =
        std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).or_else(|_| std::env::var("LOGNAME"));
    model::feed::Actor::Operator(name.unwrap_or_else(|_| "command line".to_owned()))
}
