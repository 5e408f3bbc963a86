//! Settings: the same ones in a file, in the environment and on the command line, in rising order of weight.
//!
//! The file is `plenary.toml` in the present folder, or the one that `--config` or `PLENARY_CONFIG` names. In
//! the environment a setting is called `PLENARY_` and its name, such as `PLENARY_LISTEN`, and one of a section has two
//! underscores between the two: `PLENARY_SMTP__HOST`.

use crate::demo::Standing;
use anyhow::Context;
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use identity::settings::{LdapSettings, OidcSettings};
use mail::{Smtp, SmtpSettings};
use matrix::{
    client::{Client, Options},
    id::ServerName,
    plan::VERSIONS,
    registration::{Namespace, Registration},
};
use model::{
    text::WebUrl,
    time::{SharedClock, SystemClock},
};
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
use store::{Location, Store};
use web::{listen::Tls, proxy::TrustedProxies};

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

/// Whether the server confines itself where the kernel can do it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sandbox {
    /// As far as the kernel can.
    #[default]
    On,
    /// Not at all.
    Off,
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
    /// The certificate of the server and those that lead to its authority, as PEM; with it the server speaks HTTPS.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The key of the certificate, as PEM.
    pub(crate) tls_key: Option<PathBuf>,
    /// The reverse proxies that stand before the server, as addresses and networks. What `X-Forwarded-For` and
    /// `X-Forwarded-Proto` say is believed only from them.
    #[serde(deserialize_with = "list")]
    pub(crate) trusted_proxies: Vec<String>,
    /// How many connections may be open at once.
    pub(crate) connections: usize,
    /// How many of them one client address may hold. A whole venue may stand behind one.
    pub(crate) connections_per_client: usize,
    /// How many streams of live updates may be open at once.
    pub(crate) streams: usize,
    /// How many of them one client address may hold.
    pub(crate) streams_per_client: usize,
    /// Whether the server confines itself.
    pub(crate) sandbox: Sandbox,
    /// How many lists of stars one client address may write in a minute. A whole venue may stand behind one.
    pub(crate) star_writes_per_minute: u32,
    /// How many requests one token, or one client address without a token, may make of the API in a minute.
    pub(crate) api_per_minute: u32,
    /// Whether webhooks, calendars and the like may be called at private addresses and without TLS: for laboratories.
    pub(crate) allow_private_addresses: bool,
    /// The server with which mail is sent; without it mail is kept and shown to organisers.
    // Never written: it holds a password.
    #[serde(skip_serializing)]
    pub(crate) smtp: Option<SmtpSettings>,
    /// How many tries to sign in one client address has in a minute. A whole venue may stand behind one.
    pub(crate) sign_in_tries_per_minute: u32,
    /// How many links by mail one client address may ask for in a minute. A whole venue may stand behind one.
    pub(crate) links_per_minute: u32,
    /// The OpenID Connect providers at which people may sign in.
    #[serde(skip_serializing)]
    pub(crate) oidc: Vec<OidcSettings>,
    /// The LDAP directories with whose passwords people may sign in.
    #[serde(skip_serializing)]
    pub(crate) ldap: Vec<LdapSettings>,
    /// The most megabytes of a file that is handed in with a proposal, 1 to 50. A field of a call may allow less.
    pub(crate) file_megabytes: u16,
    /// The Matrix homeserver to which rooms' conversations are carried.
    pub(crate) matrix: Option<MatrixSettings>,
    /// What to log.
    pub(crate) log: String,
    /// How to log.
    pub(crate) log_format: LogFormat,
}

/// The Matrix homeserver, section `[matrix]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatrixSettings {
    /// Its web address, such as `https://matrix.example.org`.
    pub(crate) homeserver: String,
    /// Its name: what stands behind the colon of everybody's Matrix id.
    pub(crate) server_name: String,
    /// The registration file, which `plenary matrix registration` writes. It holds two tokens.
    pub(crate) registration: PathBuf,
    /// The version in which rooms are made, 11 or 12.
    #[serde(default = "newest_rooms")]
    pub(crate) room_version: String,
}

/// The version that has no flaws known to Matrix.
fn newest_rooms() -> String {
    "12".to_owned()
}

impl MatrixSettings {
    /// The homeserver's name.
    pub(crate) fn server(&self) -> anyhow::Result<ServerName> {
        ServerName::parse(&self.server_name)
            .map_err(|refusal| anyhow::anyhow!("matrix.server_name: {refusal}"))
    }

    /// Reads the registration and checks what is set.
    pub(crate) fn open(&self) -> anyhow::Result<matrix::spoke::Settings> {
        let file = self.registration.display();
        let text = std::fs::read_to_string(&self.registration).with_context(|| {
            format!(
                "matrix.registration: {file} cannot be read. Write it with `plenary matrix registration`."
            )
        })?;
        let registration = Registration::parse(&text)
            .map_err(|refusal| anyhow::anyhow!("matrix.registration: {file}: {refusal}"))?;
        if !VERSIONS.contains(&self.room_version.as_str()) {
            anyhow::bail!(
                "matrix.room_version: \"{}\" is none that we make. Use 11 or 12.",
                self.room_version
            );
        }
        let options = Options::new(&self.homeserver, &registration.as_token);
        // Also tells whether it is an address.
        Client::new(options.clone())
            .map_err(|error| anyhow::anyhow!("matrix.homeserver: {error}. {}.", error.remedy()))?;
        Ok(matrix::spoke::Settings {
            options,
            registration,
            ours: Namespace::new(self.server()?),
            room_version: self.room_version.clone(),
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        let site = web::SiteOptions::default();
        Self {
            data: PathBuf::from("plenary-data"),
            database: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            base_url: None,
            tls_certificate: None,
            tls_key: None,
            trusted_proxies: vec![],
            connections: site.connections,
            connections_per_client: site.connections_per_client,
            streams: site.streams,
            streams_per_client: site.streams_per_client,
            sandbox: Sandbox::On,
            star_writes_per_minute: site.star_writes_per_minute,
            api_per_minute: site.api_per_minute,
            allow_private_addresses: false,
            smtp: None,
            sign_in_tries_per_minute: site.sign_in_tries_per_minute,
            links_per_minute: site.links_per_minute,
            oidc: vec![],
            ldap: vec![],
            file_megabytes: site.file_megabytes,
            matrix: None,
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
            .merge(Env::prefixed("PLENARY_").ignore(&["config", "test_data", "test_postgres"]).split("__"))
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| {
                anyhow::anyhow!("configuration: {error}. See docs/operating.md for the settings.")
            })
    }

    /// Starts logging on standard error.
    pub(crate) fn start_logs(&self) -> anyhow::Result<()> {
        // The library tells of each step of a migration three times; we tell once.
        let filter = format!("sea_orm_migration=warn,{}", self.log);
        let filter = tracing_subscriber::EnvFilter::try_new(filter).with_context(|| {
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
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        // The record holds secrets and everybody's addresses.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.data).with_context(|| {
            format!(
                "data: cannot create the folder {}. Name a writable one with --data.",
                self.data.display()
            )
        })?;
        Ok(Location::from_data_dir(&self.data))
    }

    /// The folder of what people upload.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.data.join("uploads")
    }

    /// What the site needs to know.
    pub(crate) fn site_options(&self) -> anyhow::Result<web::SiteOptions> {
        let base_url = match &self.base_url {
            Some(url) => Some(
                WebUrl::parse(url).map_err(|refusal| anyhow::anyhow!("base_url: {refusal}"))?.to_string(),
            ),
            None => None,
        };
        if !(1..=model::call::MEGABYTES_MAX).contains(&self.file_megabytes) {
            anyhow::bail!(
                "file_megabytes: {} is no size of a file. Give 1 to {}.",
                self.file_megabytes,
                model::call::MEGABYTES_MAX
            );
        }
        Ok(web::SiteOptions {
            base_url,
            trusted_proxies: TrustedProxies::parse(&self.trusted_proxies)?,
            connections: self.connections.max(1),
            connections_per_client: self.connections_per_client.max(1),
            streams: self.streams,
            streams_per_client: self.streams_per_client,
            star_writes_per_minute: self.star_writes_per_minute,
            api_per_minute: self.api_per_minute,
            fetch_private: self.allow_private_addresses,
            uploads: Some(self.uploads()),
            file_megabytes: self.file_megabytes,
            mail: self
                .smtp()?
                .map(|smtp| web::MailServer { name: smtp.name(), sender: smtp.sender().clone() }),
            sign_in_tries_per_minute: self.sign_in_tries_per_minute,
            links_per_minute: self.links_per_minute,
            oidc: self.oidc.clone(),
            ldap: self.ldap.clone(),
            matrix: self.matrix.as_ref().map(MatrixSettings::open).transpose()?,
            ..web::SiteOptions::default()
        })
    }

    /// The server with which mail is sent, where one is named. Reads its certificates and password.
    pub(crate) fn smtp(&self) -> anyhow::Result<Option<Smtp>> {
        Ok(self.smtp.as_ref().map(Smtp::new).transpose()?)
    }

    /// The address of the site for links that are printed, without a slash at its end.
    pub(crate) fn origin(&self) -> String {
        if let Some(url) = &self.base_url {
            return url.trim_end_matches('/').to_owned();
        }
        if let Some(demo) = Standing::beside(&self.data) {
            return demo.origin;
        }
        let scheme = if self.tls_certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.listen)
    }

    /// The certificate files, where they are set.
    pub(crate) fn tls(&self) -> anyhow::Result<Option<Tls>> {
        match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some(Tls::open(certificate, key)?)),
            (None, None) => Ok(None),
            (Some(_), None) => {
                anyhow::bail!("tls_key: it is missing. Name the key that belongs to tls_certificate.")
            }
            (None, Some(_)) => {
                anyhow::bail!("tls_certificate: it is missing. Name the certificate of tls_key.")
            }
        }
    }

    /// The clock by which a command writes: the machine's, or that of the demo that runs on the record.
    pub(crate) fn clock(&self) -> SharedClock {
        Standing::beside(&self.data).map_or_else(|| Arc::new(SystemClock) as SharedClock, |demo| demo.clock())
    }

    /// Opens the record, bringing it to this version's schema.
    pub(crate) async fn open(&self, clock: SharedClock) -> anyhow::Result<Store> {
        Ok(Store::open(&self.location()?, clock).await?)
    }
}

/// A list as the file writes it, or one text with commas between, as the environment does.
fn list<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        List(Vec<String>),
    }
    Ok(match Given::deserialize(from)? {
        Given::List(list) => list,
        Given::Text(text) => {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
    })
}

/// Who is at the command line, for the change feed: the operating system's name for them.
pub(crate) fn actor() -> model::feed::Actor {
    model::feed::Actor::Operator(operator())
}

/// Their name.
pub(crate) fn operator() -> String {
    let name =
        std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).or_else(|_| std::env::var("LOGNAME"));
    name.unwrap_or_else(|_| "command line".to_owned())
}
