//! The load: connections that each ask for the next thing as soon as they have the last.

use crate::http::Connection;
use anyhow::ensure;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// How many connections ask at once.
pub(crate) const CONNECTIONS: usize = 64;

/// What a load measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Requests answered in a second.
    pub(crate) per_second: f64,
    /// The time that 99 of 100 requests stayed under, in milliseconds.
    pub(crate) p99: f64,
}

/// Asks for `requests` in turn over [`CONNECTIONS`] connections for `duration`. Every answer must be 200.
///
/// All connections live on the caller's one thread, so that a core is left to the server.
pub(crate) async fn load(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    duration: Duration,
) -> anyhow::Result<Measured> {
    let mut connections = vec![];
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(address).await?);
    }
    let begin = Instant::now();
    let end = begin + duration;
    let tasks: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(number, mut connection)| {
            let requests = Arc::clone(requests);
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(4_096);
                // Each connection begins elsewhere in the list, so that they do not ask for one thing in step.
                let mut next = number * requests.len() / CONNECTIONS;
                loop {
                    let sent = Instant::now();
                    if sent >= end {
                        return Ok(took);
                    }
                    let status = connection.status(&requests[next % requests.len()]).await?;
                    ensure!(status == 200, "the server answered {status} under load");
                    took.push(sent.elapsed().as_micros() as u32);
                    next += 1;
                }
            })
        })
        .collect();
    let mut took = vec![];
    for task in tasks {
        took.extend(task.await??);
    }
    let seconds = begin.elapsed().as_secs_f64();
    ensure!(!took.is_empty(), "the server answered nothing");
    took.sort_unstable();
    let p99 = took[(took.len() * 99 / 100).min(took.len() - 1)];
    Ok(Measured { per_second: took.len() as f64 / seconds, p99: f64::from(p99) / 1_000.0 })
}
