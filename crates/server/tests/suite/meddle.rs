//! What a test lets happen to requests on their way from the web server to the Kubernetes API.

use std::sync::{Arc, Mutex, PoisonError};

use bowline_apiserver::ApiServer;
use bowline_apiserver::UserInfo;
use futures::future::BoxFuture;
use http::{Method, Request, Uri};
use kube::client::Body;
use tokio::sync::Notify;
use tower::{BoxError, ServiceExt as _};

/// How a request goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// As if nothing had happened.
    On,
    /// It does not arrive.
    Lost,
    /// It arrives, and its answer does not.
    Unanswered,
    /// It arrives, and its answer is under way for ever.
    Held,
}

type Meddling = dyn Fn(Method, Uri) -> BoxFuture<'static, Way> + Send + Sync;

/// Lies between a web server and its API; does nothing until a test says so.
#[derive(Clone, Default)]
pub(crate) struct Meddler {
    meddling: Arc<Mutex<Option<Arc<Meddling>>>>,
    held: Arc<Notify>,
}

impl Meddler {
    /// Asks about each request, by its method and where it goes, from now on.
    pub(crate) fn ask<F>(&self, meddling: impl Fn(Method, Uri) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Way> + Send + 'static,
    {
        let meddling: Arc<Meddling> = Arc::new(move |method, uri| Box::pin(meddling(method, uri)));
        *self.meddling.lock().unwrap_or_else(PoisonError::into_inner) = Some(meddling);
    }

    /// Waits until the answer of a request is held.
    pub(crate) async fn until_held(&self) {
        self.held.notified().await;
    }

    /// A client of the API whose requests are meddled with.
    pub(crate) fn client(&self, api: &ApiServer, user: UserInfo) -> kube::Client {
        let (this, service) = (self.clone(), api.in_process(user));
        let send = move |request: Request<Body>| {
            let meddling = this
                .meddling
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let (service, held) = (service.clone(), Arc::clone(&this.held));
            async move {
                let (method, uri) = (request.method().clone(), request.uri().clone());
                let way = match meddling {
                    Some(meddling) => meddling(method, uri).await,
                    None => Way::On,
                };
                if way == Way::Lost {
                    return Err(BoxError::from("the request was lost"));
                }
                let answer = service.oneshot(request).await?;
                match way {
                    Way::Unanswered => Err(BoxError::from("the answer was lost")),
                    Way::Held => {
                        held.notify_one();
                        std::future::pending().await
                    }
                    _ => Ok(answer),
                }
            }
        };
        kube::Client::new(tower::service_fn(send), "default")
    }
}
