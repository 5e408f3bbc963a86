//! `plenary serve`: the public site.

use crate::{config::Config, output};
use anyhow::Context;
use model::{
    address::Account,
    time::{SharedClock, SystemClock},
};
use std::{net::SocketAddr, sync::Arc};
use store::{Purpose, SETUP_LIFE, Store};
use tokio::net::TcpListener;

/// What to serve, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The address to listen at; port 0 takes any free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// The address under which visitors reach the site, for feeds, such as <https://conf.example.org>.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A reverse proxy stands before the server: the client's address is the last one in X-Forwarded-For.
    #[arg(long)]
    behind_proxy: bool,
}

/// Serves until the process is told to stop.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let config = Config {
        listen: args.listen.unwrap_or(config.listen),
        base_url: args.base_url.or_else(|| config.base_url.clone()),
        behind_proxy: args.behind_proxy || config.behind_proxy,
        ..config.clone()
    };
    let clock: SharedClock = Arc::new(SystemClock);
    let store = config.open(clock.clone()).await?;
    site(store, clock, &config, "").await
}

/// Serves `store`. The first line printed holds the address, followed by `path`.
pub(crate) async fn site(
    store: Store,
    clock: SharedClock,
    config: &Config,
    path: &str,
) -> anyhow::Result<()> {
    let listen = config.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("listen: cannot listen at {listen}. Name another address with --listen; port 0 takes any free one.")
    })?;
    let address = listener.local_addr()?;
    let site = web::Site::new(store.clone(), clock, config.site_options()?).await?;
    output::line(format_args!("Plenary is at http://{address}/{path}"));
    if store.needs_set_up().await? {
        let token = store.make_link(Purpose::Setup, None, None, "", SETUP_LIFE).await?;
        let base = config.base_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let page = Account::SetupToken(&token).path();
        // To the one who started it and not to the log: whoever has this address becomes the administrator.
        output::line(format_args!(
            "Nobody administers it yet. Set it up within 24 hours, once, at {}{page}",
            base.trim_end_matches('/')
        ));
        tracing::info!(
            "nobody administers this installation yet; the address to set it up is on standard output"
        );
    }
    web::serve(listener, site, stop()).await?;
    store.close().await;
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
