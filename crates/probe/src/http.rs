//! One HTTP client over the guarded dialler: bounded, without redirects, proxies, cookies or
//! decompression. What requests mean is left to the protocols.

mod redirect;
mod tls;
mod trust;
mod wire;

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

pub(crate) use redirect::{MOST_HOPS, next_hop};
pub use trust::system_authorities;
pub(crate) use trust::{Trust, is_tls_verified};

use crate::Settings;
use crate::dial::{Guard, Target};
use crate::outcome;
use crate::trouble::Trouble;
use wire::Wire;

/// One request.
///
/// It has no `Debug`, since headers may hold a login.
#[derive(Clone)]
pub(crate) struct Call {
    /// What to do.
    pub(crate) method: Method,
    /// Where; a login in it is not sent.
    pub(crate) url: Url,
    /// Headers beyond those that every request has.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// What is sent.
    pub(crate) body: Bytes,
    /// Bytes of the answer's body that are read; what follows is cut off.
    pub(crate) most: usize,
}

/// What the body of an error or a list may have.
pub(crate) const DOCUMENT: usize = 256 * 1024;

impl Call {
    /// A request without headers and body, whose answer is a document.
    pub(crate) const fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Bytes::new(),
            most: DOCUMENT,
        }
    }

    /// Adds a header whose value is not secret.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a header whose value is secret; it is left out where it is no header's value.
    #[must_use]
    pub(crate) fn secret(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.push((name, value));
        }
        self
    }
}

/// One answer.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// The first bytes of its body, as sent.
    pub(crate) body: Bytes,
    /// Whether there was more than was read.
    pub(crate) is_cut: bool,
}

impl Answer {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text, whatever bytes it has.
    pub(crate) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// A host as one connection serves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Origin {
    is_tls: bool,
    target: Target,
}

/// A client that keeps one connection to each host for as long as a probe runs.
pub(crate) struct Http<'a> {
    guard: &'a Guard,
    settings: &'a Settings,
    trust: Trust,
    plain: Option<(Target, TcpStream)>,
    wires: HashMap<Origin, Wire>,
}

impl<'a> Http<'a> {
    pub(crate) fn new(guard: &'a Guard, settings: &'a Settings) -> Self {
        Self {
            guard,
            settings,
            trust: Trust::system(),
            plain: None,
            wires: HashMap::new(),
        }
    }

    /// Whom to trust from here on; connections made before are closed.
    pub(crate) fn set_trust(&mut self, trust: Trust) {
        self.trust = trust;
        self.wires.clear();
    }

    /// What is doubtful about the trust that TLS was done with.
    pub(crate) fn doubt(&self) -> Option<Trouble> {
        self.trust.doubt()
    }

    /// The target of a URL that this client can speak with.
    ///
    /// # Errors
    /// With another scheme, or without a host.
    pub(crate) fn target(url: &Url) -> Result<Target, Trouble> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Trouble::new(&outcome::SCHEME_FORBIDDEN));
        }
        Target::of(url).ok_or(Trouble::new(&outcome::ADDRESS_UNREADABLE))
    }

    /// Takes a connection over which nothing was said yet.
    pub(crate) fn keep_plain(&mut self, target: &Target, stream: TcpStream) {
        self.plain = Some((target.clone(), stream));
    }

    /// Does what is needed before the first request: TLS, and choosing the version of HTTP.
    pub(crate) async fn shake_hands(&mut self, url: &Url) -> Result<(), Trouble> {
        let origin = origin(url)?;
        let wire = self.open(&origin).await?;
        self.wires.insert(origin, wire);
        Ok(())
    }

    async fn open(&mut self, origin: &Origin) -> Result<Wire, Trouble> {
        let patience = self.settings.connect;
        let target = &origin.target;
        let stream = match self.plain.take().filter(|(kept, _)| kept == target) {
            Some((_, stream)) => stream,
            None => {
                let at = |outcome| Trouble::new(outcome).detail(target.to_string());
                let addresses = self.guard.resolve(target, patience).await.map_err(at)?;
                self.guard.connect(&addresses, patience).await.map_err(at)?
            }
        };
        let shake = async {
            match origin.is_tls {
                true => {
                    let (stream, is_two) = tls::secure(stream, target, &self.trust).await?;
                    Wire::new(stream, is_two).await
                }
                false => Wire::new(stream, false).await,
            }
        };
        timeout(self.settings.answer, shake)
            .await
            .unwrap_or(Err(Trouble::new(&outcome::ANSWER_TIMEOUT)))
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// When no answer comes.
    pub(crate) async fn send(&mut self, call: Call) -> Result<Answer, Trouble> {
        let origin = origin(&call.url)?;
        let mut kept = self.wires.remove(&origin);
        // The peer may have closed it since; then it is as good as none.
        if let Some(wire) = &mut kept
            && !wire.is_ready().await
        {
            kept = None;
        }
        let is_kept = kept.is_some();
        let mut wire = match kept {
            Some(wire) => wire,
            None => self.open(&origin).await?,
        };
        let patience = self.settings.answer;
        let answer = match exchange(&mut wire, &call, patience).await {
            Err(trouble) if is_kept && trouble.is(&outcome::CLOSED_EARLY) => {
                wire = self.open(&origin).await?;
                exchange(&mut wire, &call, patience).await?
            }
            answer => answer?,
        };
        // What is cut is still on its way; the next request gets another connection.
        if !answer.is_cut {
            self.wires.insert(origin, wire);
        }
        Ok(answer)
    }
}

async fn exchange(wire: &mut Wire, call: &Call, patience: Duration) -> Result<Answer, Trouble> {
    let late = || Trouble::new(&outcome::ANSWER_TIMEOUT);
    let request = request(call, wire.is_two())?;
    let head = timeout(patience, wire.send(request)).await;
    let (parts, body) = head.map_err(|_| late())??.into_parts();
    let (body, is_cut) = wire.read(body, call.most).await?;
    Ok(Answer {
        status: parts.status,
        headers: parts.headers,
        body,
        is_cut,
    })
}

fn origin(url: &Url) -> Result<Origin, Trouble> {
    Ok(Origin {
        is_tls: url.scheme() == "https",
        target: Http::target(url)?,
    })
}

/// What stands in the header `Host`: the port only where it is not the scheme's own.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn request(call: &Call, is_two: bool) -> Result<http::Request<wire::Body>, Trouble> {
    let unreadable = || Trouble::new(&outcome::ADDRESS_UNREADABLE);
    let query = call
        .url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let path = format!("{}{query}", call.url.path());
    let uri = match is_two {
        true => format!("{}://{}{path}", call.url.scheme(), authority(&call.url)),
        false => path,
    };
    let mut request = http::Request::new(wire::Body::new(call.body.clone()));
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = uri.parse().map_err(|_| unreadable())?;
    let headers = request.headers_mut();
    if !is_two {
        headers.insert(
            HOST,
            authority(&call.url).parse().map_err(|_| unreadable())?,
        );
    }
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("bowline/", env!("CARGO_PKG_VERSION"))),
    );
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in &call.headers {
        headers.insert(name.clone(), value.clone());
    }
    Ok(request)
}
