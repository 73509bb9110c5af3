//! A stream that ends with the test it belongs to, whoever holds it by then. What is said over it is
//! left to `ssh`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Fuse, FusedFuture as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A stream that fails once its test is over. The SSH library moves it into a task of its own, which
/// outlives whoever asked for it as long as the server keeps talking.
pub(super) struct Leashed<S> {
    stream: S,
    over: Fuse<BoxFuture<'static, ()>>,
}

impl<S> Leashed<S> {
    /// The stream, until the guard is dropped, or this time has passed.
    pub(super) fn new(stream: S, longest: Duration) -> (Self, DropGuard) {
        let token = CancellationToken::new();
        let ended = token.clone().cancelled_owned();
        let over = async move {
            let _ = tokio::time::timeout(longest, ended).await;
        };
        let over = over.boxed().fuse();
        (Self { stream, over }, token.drop_guard())
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let is_over = self.over.is_terminated() || self.over.poll_unpin(context).is_ready();
        match is_over {
            true => Err(io::ErrorKind::TimedOut.into()),
            false => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Leashed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Leashed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
