//! Closing connections on which nothing comes in any more, and all of them so that no answer is lost.

use std::future::{Ready, ready};
use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// How long a client may take to close its side once ours is closed.
const LINGER: Duration = Duration::from_secs(1);

/// Accepts connections that end once nothing came in for this long.
#[derive(Debug, Clone, Copy)]
pub(super) struct CloseIdle(pub(super) Duration);

impl<S> Accept<TcpStream, S> for CloseIdle {
    type Stream = MayIdle;
    type Service = S;
    type Future = Ready<Result<(MayIdle, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Answers are small and written whole, so waiting to fill a packet only delays them.
        let is_set = stream.set_nodelay(true);
        ready(is_set.map(|()| (MayIdle::new(stream, self.0), service)))
    }
}

/// A connection on which reading and writing fail once it has been idle for too long.
pub(super) struct MayIdle {
    stream: TcpStream,
    most: Duration,
    heard: Instant,
    alarm: Pin<Box<Sleep>>,
    /// Whether our side is closed.
    is_closed: bool,
}

impl MayIdle {
    fn new(stream: TcpStream, most: Duration) -> Self {
        Self {
            stream,
            most,
            heard: Instant::now(),
            alarm: Box::pin(tokio::time::sleep(most)),
            is_closed: false,
        }
    }

    /// Fails once it is too long since something was heard; else wakes the task when it will be.
    fn poll_patience<T>(&mut self, cx: &mut Context<'_>) -> Poll<Result<T>> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let end = self.heard + self.most;
            if Instant::now() >= end {
                return Poll::Ready(Err(Error::from(ErrorKind::TimedOut)));
            }
            self.alarm.as_mut().reset(end);
        }
    }
}

impl AsyncRead for MayIdle {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Pending => self.poll_patience(cx),
            done => {
                self.heard = Instant::now();
                done
            }
        }
    }
}

impl AsyncWrite for MayIdle {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Pending => self.poll_patience(cx),
            done => done,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Closes our side, and reads away what still comes until the client closes its own: where that
    /// is left unread, the system resets the connection, and the client loses answers on their way.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if !self.is_closed {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.is_closed = true;
            self.alarm.as_mut().reset(Instant::now() + LINGER);
        }
        let mut space = [0; 1024];
        while self.alarm.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut space);
            let read = Pin::new(&mut self.stream).poll_read(cx, &mut buffer);
            let is_over = ready!(read).is_err() || buffer.filled().is_empty();
            if is_over {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}
