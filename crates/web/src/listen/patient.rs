//! A connection whose other end must take what is sent to it. One that reads nothing, or a byte now and then, would hold
//! memory and a place for as long as it likes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// Within this time the other end must take [`LEAST`] bytes, or all that there is.
const PATIENCE: Duration = Duration::from_secs(30);

/// The slowest telephone line carries this in half a minute.
const LEAST: usize = 16 * 1_024;

/// The connection `inner`, which fails with [`io::ErrorKind::TimedOut`] when the other end is too slow.
pub(super) struct Patient<S> {
    inner: S,
    patience: Duration,
    /// Runs while something waits to be taken.
    deadline: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    taken: usize,
}

impl<S> Patient<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, patience: PATIENCE, deadline: None, waiting: false, taken: 0 }
    }

    /// What becomes of an attempt to write: a wait that lasts too long is an error.
    fn watch<T>(&mut self, context: &mut Context<'_>, attempt: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if attempt.is_ready() {
            return attempt;
        }
        let next = Instant::now() + self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
        if !self.waiting {
            self.waiting = true;
            self.taken = 0;
            deadline.as_mut().reset(next);
        }
        while deadline.as_mut().poll(context).is_ready() {
            if self.taken < LEAST {
                return Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the client reads too slowly",
                )));
            }
            self.taken = 0;
            deadline.as_mut().reset(Instant::now() + self.patience);
        }
        Poll::Pending
    }

    fn note(&mut self, attempt: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = attempt {
            self.taken += count;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.note(&attempt);
        self.watch(context, attempt)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.inner).poll_write_vectored(context, bytes);
        self.note(&attempt);
        self.watch(context, attempt)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// All was taken when this succeeds: the server flushes after the last byte that it has.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.inner).poll_flush(context);
        if attempt.is_ready() {
            self.waiting = false;
        }
        self.watch(context, attempt)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.inner).poll_shutdown(context);
        self.watch(context, attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    /// With a second for half a minute.
    fn patient(inner: DuplexStream) -> Patient<DuplexStream> {
        Patient { patience: Duration::from_secs(1), ..Patient::new(inner) }
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_dropped() {
        let (server, _client) = tokio::io::duplex(1_024);
        let failure = patient(server).write_all(&[0; 4_096]).await.unwrap_err();
        assert_eq!(failure.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_takes_a_byte_now_and_then_is_dropped_too() {
        let (server, mut client) = tokio::io::duplex(1_024);
        let reading = tokio::spawn(async move {
            let mut byte = [0];
            while client.read_exact(&mut byte).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let failure = patient(server).write_all(&[0; 4_096]).await.unwrap_err();
        assert_eq!(failure.kind(), io::ErrorKind::TimedOut);
        reading.abort();
    }

    #[tokio::test]
    async fn a_slow_but_steady_client_gets_all_of_it_and_silence_is_no_slowness() {
        let (server, mut client) = tokio::io::duplex(8_192);
        let reading = tokio::spawn(async move {
            let (mut all, mut buffer) = (0, vec![0; 8_192]);
            while let Ok(count @ 1..) = client.read(&mut buffer).await {
                all += count;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            all
        });
        let mut server = patient(server);
        server.write_all(&vec![0; 200_000]).await.unwrap();
        server.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        server.write_all(&[0; 100]).await.unwrap();
        server.flush().await.unwrap();
        drop(server);
        assert_eq!(reading.await.unwrap(), 200_100);
    }
}
