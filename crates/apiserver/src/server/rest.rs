//! What is left of a request's body once its answer is known: taken and thrown away, within bounds.
//! Many clients write all of their request before they read, and would lose the answer otherwise,
//! since a connection that is closed with something unread in it is reset.

use crate::pipeline::decode::{BODY_LIMIT, BoxError, RequestBody};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// So much is thrown away after what has been read.
const LIMIT: usize = BODY_LIMIT;
/// How long the answer waits for the rest.
const PATIENCE: Duration = Duration::from_secs(5);

/// The body, for whoever works out the answer, and what they leave of it.
pub(super) fn lend(body: Incoming) -> (RequestBody, Rest) {
    let (back, rest) = oneshot::channel();
    let lent = Lent {
        body: Some(body),
        is_begun: false,
        back: Some(back),
    };
    (lent.boxed_unsync(), Rest(rest))
}

/// What nobody has read, and whether anything of it was.
pub(super) struct Rest(oneshot::Receiver<(Incoming, bool)>);

impl Rest {
    /// Waits for it, so long and so much. A client that waits to be told to send its body (`waits`)
    /// is not told to for this.
    pub(super) async fn discard(self, waits: bool) {
        let discarding = async {
            if let Ok((body, is_begun)) = self.0.await
                && (is_begun || !waits)
            {
                let mut body = Limited::new(body, LIMIT);
                while let Some(Ok(_)) = body.frame().await {}
            }
        };
        // Who goes on sending is answered all the same, and let go.
        let _ = tokio::time::timeout(PATIENCE, discarding).await;
    }
}

/// A body that comes back when nobody needs it any more.
struct Lent {
    body: Option<Incoming>,
    is_begun: bool,
    back: Option<oneshot::Sender<(Incoming, bool)>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take()) {
            // Nobody takes it where the connection has ended meanwhile.
            let _ = back.send((body, self.is_begun));
        }
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.is_begun = true;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context).map_err(BoxError::from),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}
