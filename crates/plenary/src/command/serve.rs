//! `plenary serve`: the public site.

use crate::{
    config::Config,
    output,
    sandbox::{self, Confinement},
};
use anyhow::Context;
use mail::Smtp;
use model::{
    address::Account,
    time::{SharedClock, SystemClock},
};
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use store::{Purpose, SETUP_LIFE, Store};
use tokio_util::sync::CancellationToken;
use web::listen::Tls;

/// What to serve, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The address to listen at; port 0 takes any free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// The address under which visitors reach the site, for feeds, such as <https://conf.example.org>.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The certificate of the server and those that lead to its authority (PEM); with it the server speaks HTTPS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// A reverse proxy before the server, by its address or network, whose X-Forwarded-For is believed; may be repeated.
    #[arg(long = "trusted-proxy", value_name = "ADDR")]
    trusted_proxies: Vec<String>,
}

impl Args {
    /// The settings with what the command line says.
    pub(crate) fn over(self, config: &Config) -> Config {
        Config {
            listen: self.listen.unwrap_or(config.listen),
            base_url: self.base_url.or_else(|| config.base_url.clone()),
            tls_certificate: self.tls_certificate.or_else(|| config.tls_certificate.clone()),
            tls_key: self.tls_key.or_else(|| config.tls_key.clone()),
            trusted_proxies: if self.trusted_proxies.is_empty() {
                config.trusted_proxies.clone()
            } else {
                self.trusted_proxies
            },
            ..config.clone()
        }
    }
}

/// What a server holds before it begins.
#[derive(Debug)]
pub(crate) struct Opened {
    listener: TcpListener,
    tls: Option<Tls>,
    smtp: Option<Smtp>,
}

impl Opened {
    /// The address at which it listens, with its scheme.
    pub(crate) fn origin(&self) -> std::io::Result<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.listener.local_addr()?))
    }
}

/// How long the mail server may take to answer when the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(15);

/// New connections that wait for the server; the system's own limit may be lower.
const BACKLOG: i32 = 1_024;

/// Takes the address and reads the certificate.
pub(crate) fn open(config: &Config) -> anyhow::Result<Opened> {
    let listen = config.listen;
    let tls = config.tls()?;
    let smtp = config.smtp()?;
    let listener = TcpListener::bind(listen).with_context(|| {
        format!("listen: cannot listen at {listen}. Name another address with --listen; port 0 takes any free one.")
    })?;
    listener.set_nonblocking(true)?;
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        rustix::net::listen(&listener, BACKLOG)?;
        // Each connection takes a file descriptor, and many systems give 1,024 to who does not ask for more.
        let limit = getrlimit(Resource::Nofile);
        if setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit }).is_err() {
            tracing::debug!("the limit of open files stays as it is");
        }
    }
    Ok(Opened { listener, tls, smtp })
}

/// Takes the address, and gives up what the server will not need. To be called while the process has one thread.
pub(crate) fn open_confined(config: &Config) -> anyhow::Result<Opened> {
    // Made here, because a confined server makes no folder beside its own.
    config.location()?;
    let opened = open(config)?;
    let Confinement { files, calls } = sandbox::enter(config);
    tracing::info!(files = files.shown(), calls = calls.shown(), "confined");
    Ok(opened)
}

/// Serves until the process is told to stop.
pub(crate) async fn run(config: &Config, opened: Opened) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    crate::demo::Standing::forget(&config.data);
    let store = config.open(clock.clone()).await?;
    site(store, clock, config, opened, "", &|_| String::new()).await
}

/// Serves `store`. The first line printed holds the address, followed by `path`; below it stands what `more` says of the site
/// at that origin.
pub(crate) async fn site(
    store: Store,
    clock: SharedClock,
    config: &Config,
    opened: Opened,
    path: &str,
    more: &(dyn Fn(&str) -> String + Sync),
) -> anyhow::Result<()> {
    let here = opened.origin()?;
    let listener = tokio::net::TcpListener::from_std(opened.listener)?;
    let site = web::Site::new(store.clone(), clock, config.site_options()?).await?;
    output::line(format_args!("Plenary is at {here}/{path}"));
    if path.is_empty() {
        invite(&store, config.base_url.as_deref(), &here).await?;
    }
    let origin = config.base_url.clone().unwrap_or(here);
    let more = more(origin.trim_end_matches('/'));
    if !more.is_empty() {
        output::line(more);
    }
    let ending = CancellationToken::new();
    let mailer = tokio::spawn(mail::run(
        store.clone(),
        opened.smtp,
        origin.trim_end_matches('/').to_owned(),
        ending.clone(),
    ));
    let served = match opened.tls {
        Some(tls) => web::serve_tls(listener, tls, site, stop()).await,
        None => web::serve(listener, site, stop()).await,
    };
    ending.cancel();
    // A mail that is being sent is finished; what the mail server answered belongs into the record.
    if tokio::time::timeout(FAREWELL, mailer).await.is_err() {
        tracing::warn!("the mail server did not answer in time; a mail may be uncertain");
    }
    served?;
    store.close().await;
    Ok(())
}

/// As long as nobody is an administrator: the address at which whoever started the server makes themselves one. It is
/// printed and never logged, for it is good for one use.
async fn invite(store: &Store, base_url: Option<&str>, here: &str) -> anyhow::Result<()> {
    if store.needs_set_up().await? {
        let token = store.make_link(Purpose::Setup, None, None, "", SETUP_LIFE).await?;
        let origin = base_url.unwrap_or(here).trim_end_matches('/');
        output::line(format_args!(
            "Nobody administers it yet. Set it up within a day, once, at {origin}{}",
            Account::SetupToken(&token).path()
        ));
    }
    Ok(())
}

/// Waits for Ctrl-C or, as service managers say it, SIGTERM.
async fn stop() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = ctrl_c => {}
        () = terminate => {}
    }
    tracing::info!("stopping: requests under way are finished");
}
