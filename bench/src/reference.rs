//! The bare server: an axum route for each path that answers with prepared bytes and headers, and nothing more.
//!
//! It is what this machine can do with the same library, the same bytes and the same headers.

use crate::http::Head;
use anyhow::{Context, ensure};
use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue},
    routing::get,
    serve::ListenerExt,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::path::Path;
use tokio::net::TcpListener;

/// The head of a prepared answer; its body lies beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    path: String,
    headers: Vec<(String, String)>,
}

/// Keeps an answer of ours for the bare server, as number `number` in `folder`.
pub(crate) fn keep(folder: &Path, number: usize, path: &str, head: &Head, body: &[u8]) -> anyhow::Result<()> {
    ensure!(head.status == 200, "{path} answers {}", head.status);
    // The server library writes these by itself.
    let own = ["content-length", "date", "connection", "transfer-encoding"];
    let headers = head.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned().collect();
    std::fs::write(
        folder.join(format!("{number}.json")),
        serde_json::to_vec(&Answer { path: path.to_owned(), headers })?,
    )?;
    std::fs::write(folder.join(format!("{number}.body")), body)?;
    Ok(())
}

/// Serves the answers in `folder`; the first line printed holds the address.
pub(crate) fn serve(folder: &Path) -> anyhow::Result<()> {
    let mut router = Router::new();
    for number in 0.. {
        let file = folder.join(format!("{number}.json"));
        if !file.exists() {
            break;
        }
        let answer: Answer = serde_json::from_slice(&std::fs::read(&file)?)?;
        let body = Bytes::from(std::fs::read(folder.join(format!("{number}.body")))?);
        let mut headers = HeaderMap::new();
        for (name, value) in &answer.headers {
            headers.append(HeaderName::try_from(name.as_str())?, HeaderValue::from_str(value)?);
        }
        router = router.route(&answer.path, get(move || async move { (headers, body) }));
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen")?;
        println!("http://{}/", listener.local_addr()?);
        let listener = listener.tap_io(|stream| {
            // Nothing depends on it: a socket that refuses is only a little slower.
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await?;
        Ok(())
    })
}
