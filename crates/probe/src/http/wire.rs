//! One connection over which HTTP/1.1 or HTTP/2 is spoken, with limits on all that a peer sends. It is
//! driven by whoever waits for something of it, since a task of its own would run on another thread, and
//! have to be woken for each answer.

use std::error::Error as _;
use std::io;
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, select};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};

use super::tls;
use crate::outcome;
use crate::trouble::Trouble;

/// What is sent.
pub(crate) type Body = Full<Bytes>;

/// Bytes of all headers of an answer.
const HEAD: usize = 64 * 1024;
/// Number of headers of an answer.
const HEADERS: usize = 128;

enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

/// One connection.
pub(crate) struct Wire {
    sender: Sender,
    /// What sends and reads; `None` once it has ended.
    driver: Option<BoxFuture<'static, ()>>,
}

impl Wire {
    /// Starts to speak HTTP over a stream.
    pub(crate) async fn new(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        is_two: bool,
    ) -> Result<Self, Trouble> {
        let io = TokioIo::new(stream);
        if is_two {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            let (sender, connection) = builder
                .max_header_list_size(HEAD as u32)
                .handshake(io)
                .await
                .map_err(|error| trouble(&error))?;
            return Ok(Self {
                sender: Sender::Two(sender),
                driver: Some(connection.map(drop).boxed()),
            });
        }
        let mut builder = http1::Builder::new();
        let (sender, connection) = builder
            .max_buf_size(HEAD)
            .max_headers(HEADERS)
            .handshake(io)
            .await
            .map_err(|error| trouble(&error))?;
        Ok(Self {
            sender: Sender::One(sender),
            driver: Some(connection.map(drop).boxed()),
        })
    }

    /// Whether it is HTTP/2.
    pub(crate) const fn is_two(&self) -> bool {
        matches!(self.sender, Sender::Two(_))
    }

    /// Whether another request can be sent.
    pub(crate) async fn is_ready(&mut self) -> bool {
        let Self { sender, driver } = self;
        let ready = async {
            match sender {
                Sender::One(sender) => sender.ready().await.is_ok(),
                Sender::Two(sender) => sender.ready().await.is_ok(),
            }
        };
        driven(driver, ready).await
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Trouble> {
        let Self { sender, driver } = self;
        let answer = async {
            match sender {
                Sender::One(sender) => sender.send_request(request).await,
                Sender::Two(sender) => sender.send_request(request).await,
            }
        };
        let answer = driven(driver, answer).await;
        answer.map_err(|error| trouble(&error))
    }

    /// Reads at most so many bytes of an answer's body, and says whether there was more.
    pub(crate) async fn read(
        &mut self,
        body: Incoming,
        most: usize,
    ) -> Result<(Bytes, bool), Trouble> {
        driven(&mut self.driver, read(body, most)).await
    }
}

/// Waits for something of a connection while it is driven.
async fn driven<T>(
    driver: &mut Option<BoxFuture<'static, ()>>,
    wanted: impl Future<Output = T>,
) -> T {
    let wanted = pin!(wanted);
    let Some(running) = driver else {
        return wanted.await;
    };
    match select(running, wanted).await {
        Either::Right((found, _)) => found,
        // What it has read before it ended is still to be had.
        Either::Left(((), wanted)) => {
            *driver = None;
            wanted.await
        }
    }
}

async fn read(mut body: Incoming, most: usize) -> Result<(Bytes, bool), Trouble> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| trouble(&error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let room = most - read.len();
        read.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Ok((read.freeze(), true));
        }
    }
    Ok((read.freeze(), false))
}

fn trouble(error: &hyper::Error) -> Trouble {
    // With TLS 1.3 a peer may refuse us after we think that all is well.
    let refused = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>())
        .map(tls::why);
    Trouble::new(match refused {
        Some(outcome) => outcome,
        None if error.is_parse_too_large() => &outcome::ANSWER_TOO_LARGE,
        None if error.is_parse() => &outcome::NOT_HTTP,
        None => &outcome::CLOSED_EARLY,
    })
}
