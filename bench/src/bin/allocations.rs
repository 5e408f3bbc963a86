//! Counts what the server allocates for a request that is answered from memory.
//!
//! A program of its own, because counting slows every allocation down and the servers that are compared must not
//! pay for it. Prints `{"allocations": A, "bytes": B}` per request; started by the benchmark of the public site.

use anyhow::{Context, ensure};
use axum::{body::Body, http::Request};
use model::time::{SharedClock, SystemClock};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, path::Path, sync::Arc};
use store::{Location, Store};
use web::{Front, Site, SiteOptions};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REQUESTS: usize = 1_000;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (data, path) = (args.next().context("name the data folder")?, args.next().context("name the path")?);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(count(Path::new(&data), &path))
}

async fn count(data: &Path, path: &str) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    let store = Store::open(&Location::from_data_dir(data), clock.clone()).await?;
    let front = Front::new(Site::new(store, clock, SiteOptions::default()).await?);
    // The first requests draw and compress the body.
    for _ in 0..3 {
        ensure!(front.answer(request(path)?).await.status() == 200, "{path} is not served");
    }
    let requests: Vec<_> = (0..REQUESTS).map(|_| request(path)).collect::<anyhow::Result<_>>()?;
    let mut answers = Vec::with_capacity(REQUESTS);
    let region = Region::new(ALLOCATOR);
    for request in requests {
        answers.push(front.answer(request).await);
    }
    let spent = region.change();
    ensure!(answers.iter().all(|answer| answer.status() == 200), "{path} was not always served");
    let each = |total: usize| total as f64 / REQUESTS as f64;
    let allocations = each(spent.allocations + spent.reallocations);
    println!("{{\"allocations\": {allocations}, \"bytes\": {}}}", each(spent.bytes_allocated));
    Ok(())
}

fn request(path: &str) -> anyhow::Result<Request<Body>> {
    let request = Request::get(path)
        .header("host", "conf.example.org")
        .header("accept-encoding", "gzip, deflate, br, zstd");
    Ok(request.body(Body::empty())?)
}
