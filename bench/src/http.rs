//! A keep-alive HTTP/1.1 client that costs almost nothing.
//!
//! Server and client share the machine, so what the client spends the server lacks. A general client spends about
//! as much on a small answer as the server does; this one writes prepared bytes, reads the head, and counts the
//! body's bytes without keeping them.

use anyhow::{Context, bail, ensure};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The bytes of a GET request as a browser would send it.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: conf.example.org\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n")
        .into_bytes()
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to a server on this machine.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024] })
    }

    /// Sends a request and reads its answer to the end, without looking at more than its status and its length.
    pub(crate) async fn status(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        let (filled, head, status, length) = self.head().await?;
        let mut left =
            (head + length).checked_sub(filled).context("the server sent more than it announced")?;
        while left > 0 {
            let want = left.min(self.buffer.len());
            let read = self.stream.read(&mut self.buffer[..want]).await?;
            ensure!(read > 0, "the server closed the connection within an answer");
            left -= read;
        }
        Ok(status)
    }

    /// Sends a request and gives the whole answer.
    pub(crate) async fn whole(&mut self, request: &[u8]) -> anyhow::Result<(Head, Vec<u8>)> {
        self.stream.write_all(request).await?;
        let (filled, head, status, length) = self.head().await?;
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut fields);
        response.parse(&self.buffer[..head])?;
        let headers = response
            .headers
            .iter()
            .map(|field| (field.name.to_ascii_lowercase(), String::from_utf8_lossy(field.value).into_owned()))
            .collect();
        let mut body = self.buffer[head..filled].to_vec();
        body.resize(length, 0);
        self.stream.read_exact(&mut body[filled - head..]).await?;
        Ok((Head { status, headers }, body))
    }

    /// Reads until the head is complete: bytes in the buffer, bytes of the head, status, length of the body.
    async fn head(&mut self) -> anyhow::Result<(usize, usize, u16, usize)> {
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            ensure!(read > 0, "the server closed the connection");
            filled += read;
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let mut response = httparse::Response::new(&mut fields);
            let httparse::Status::Complete(head) = response.parse(&self.buffer[..filled])? else {
                ensure!(filled < self.buffer.len(), "the head of an answer is larger than {filled} bytes");
                continue;
            };
            let status = response.code.context("an answer has no status")?;
            let length =
                response.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
            let Some(length) = length else { bail!("an answer has no length (status {status})") };
            return Ok((filled, head, status, std::str::from_utf8(length.value)?.trim().parse()?));
        }
    }
}
