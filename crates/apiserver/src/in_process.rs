//! The API as a service in the same process: a client's requests without a socket.

use crate::api::Api;
use crate::identity::UserInfo;
use crate::pipeline::authenticate::Caller;
use crate::pipeline::decode::BoxError;
use crate::pipeline::handle;
use crate::pipeline::respond::Body;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The API for one user, who needs no token. Access rules and admission apply as to everybody.
#[derive(Clone)]
pub struct InProcess {
    api: Arc<Api>,
    user: UserInfo,
}

impl InProcess {
    pub(crate) fn new(api: Arc<Api>, user: UserInfo) -> Self {
        Self { api, user }
    }
}

impl<B> tower::Service<Request<B>> for InProcess
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        let answer = handle(
            Arc::clone(&self.api),
            Caller::InProcess(self.user.clone()),
            request,
        );
        Box::pin(async move { Ok(answer.await) })
    }
}
