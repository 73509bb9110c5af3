//! The one dialler for everything that leaves the process: it asks for the addresses of a name,
//! judges those very addresses, and connects to one of them. What is said over the connection is
//! left to `http` and the protocols.
//!
//! Judging and connecting use the same list, so a name that answers differently the second time is
//! never asked a second time.

mod judge;
mod lists;
mod resolve;

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use url::{Host, Url};

pub use lists::{Pattern, UnknownPattern};
pub use resolve::{Resolve, Resolving, System};

use crate::outcome::{self, Outcome};

/// How long one address of a name has for itself before the next is tried as well.
const HEAD_START: Duration = Duration::from_millis(250);

/// Where a test may go. One guard serves one project, since lists may differ by project.
#[derive(Clone)]
pub struct Guard {
    /// Whether loopback and this machine's other addresses may be dialled.
    pub is_own_allowed: bool,
    /// If there are any, only what one of them matches may be dialled.
    pub allowed: Vec<Pattern>,
    /// What one of these matches may not be dialled.
    pub denied: Vec<Pattern>,
    /// Whether connections are refused that turn the check of certificates off.
    pub is_tls_check_required: bool,
    /// Who tells the addresses of names.
    pub resolver: Arc<dyn Resolve>,
    /// What became of the attempts.
    pub counts: Arc<Counts>,
    /// Whether a target was asked for that only the network around this process knows, and that no
    /// list allows by name. Whoever tells strangers about it should then be [`Report::coarse`].
    ///
    /// [`Report::coarse`]: crate::Report::coarse
    pub went_inside: Arc<AtomicBool>,
}

/// What became of attempts to dial.
#[derive(Debug, Default)]
pub struct Counts {
    /// Connections that were begun.
    pub dialled: AtomicU64,
    /// Names and addresses that were refused without sending anything.
    pub refused: AtomicU64,
}

/// A host and a port that a test wants to reach.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    host: Host<String>,
    port: u16,
}

/// Addresses of a target that have been judged; only the dialler can make one.
#[derive(Debug)]
pub struct Addresses(Vec<SocketAddr>);

impl Target {
    /// A target from a host as people write it, in whatever disguise: `0x7f.1`, `[::1]`, `BÜRO.example`.
    pub fn new(host: &str, port: u16) -> Option<Self> {
        let host = Host::parse(host).ok()?;
        let is_named = !matches!(&host, Host::Domain(name) if name.trim_matches('.').is_empty());
        (is_named && port > 0).then_some(Self { host, port })
    }

    /// The target that a URL names; `None` without a host or a known port.
    pub fn of(url: &Url) -> Option<Self> {
        Self::new(url.host_str()?, url.port_or_known_default()?)
    }

    /// The host, an IPv6 address in brackets.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Guard {
    /// A guard that allows everything but what is never allowed, and this machine itself.
    pub fn new() -> Self {
        Self {
            is_own_allowed: false,
            allowed: Vec::new(),
            denied: Vec::new(),
            is_tls_check_required: false,
            resolver: Arc::new(System),
            counts: Arc::default(),
            went_inside: Arc::default(),
        }
    }

    /// The same guard, but with this machine's own addresses allowed.
    #[must_use]
    pub fn allowing_own(self) -> Self {
        Self {
            is_own_allowed: true,
            ..self
        }
    }

    /// The addresses of a target, if tests may go to all of them.
    ///
    /// One bad address among good ones refuses the target: nobody means a name that is both.
    ///
    /// # Errors
    /// With the outcome: an unknown name, or an address that is forbidden.
    pub async fn resolve(
        &self,
        target: &Target,
        patience: Duration,
    ) -> Result<Addresses, &'static Outcome> {
        let judged = self.look_up(target, patience).await;
        let is_inside = match (&judged, &target.host) {
            (Ok(Addresses(found)), _) => found.iter().any(|found| judge::is_inside(found.ip())),
            (Err(_), Host::Domain(name)) => judge::is_inside_name(name),
            (Err(_), _) => false,
        };
        if is_inside && self.allowed.is_empty() {
            self.went_inside.store(true, Ordering::Relaxed);
        }
        let is_refused = |outcome: &&Outcome| outcome.kind == Some(bowline_core::Kind::Forbidden);
        if judged.as_ref().err().is_some_and(is_refused) {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
        }
        judged
    }

    async fn look_up(
        &self,
        target: &Target,
        patience: Duration,
    ) -> Result<Addresses, &'static Outcome> {
        let addresses = match &target.host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => {
                if judge::is_metadata_name(name) {
                    return Err(&outcome::ADDRESS_FORBIDDEN);
                }
                let found = timeout(patience, self.resolver.addresses(name)).await;
                found
                    .map_err(|_| &outcome::NAME_UNANSWERED)?
                    .map_err(|error| match error.kind() {
                        ErrorKind::TimedOut | ErrorKind::WouldBlock => &outcome::NAME_UNANSWERED,
                        _ => &outcome::NAME_UNKNOWN,
                    })?
            }
        };
        if addresses.is_empty() {
            return Err(&outcome::NAME_UNKNOWN);
        }
        for address in &addresses {
            self.judge(target, *address)?;
        }
        let port = target.port;
        Ok(Addresses(
            addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, port))
                .collect(),
        ))
    }

    /// Says whether a target could be dialled, without connecting; for addresses that a peer sends.
    ///
    /// # Errors
    /// As [`Guard::resolve`].
    pub async fn check(&self, target: &Target, patience: Duration) -> Result<(), &'static Outcome> {
        self.resolve(target, patience).await.map(drop)
    }

    fn judge(&self, target: &Target, address: IpAddr) -> Result<(), &'static Outcome> {
        if judge::is_forbidden(address) {
            return Err(&outcome::ADDRESS_FORBIDDEN);
        }
        if !self.is_own_allowed && (judge::is_loopback(address) || is_own(address)) {
            return Err(&outcome::ADDRESS_OWN);
        }
        let matches = |pattern: &Pattern| pattern.matches(&target.host, address);
        let is_denied = self.denied.iter().any(matches);
        let is_allowed = self.allowed.is_empty() || self.allowed.iter().any(matches);
        if is_denied || !is_allowed {
            Err(&outcome::ADDRESS_DENIED)
        } else {
            Ok(())
        }
    }

    /// Connects to the first of the addresses that takes the connection. Each has a head start before
    /// the next, as clients give it (RFC 8305).
    ///
    /// # Errors
    /// With the outcome of the attempt that failed last.
    pub async fn connect(
        &self,
        addresses: &Addresses,
        patience: Duration,
    ) -> Result<TcpStream, &'static Outcome> {
        let attempts = async {
            let mut last = &outcome::UNREACHABLE;
            let mut waiting = addresses.0.iter();
            let mut running = FuturesUnordered::new();
            loop {
                if let Some(address) = waiting.next() {
                    self.counts.dialled.fetch_add(1, Ordering::Relaxed);
                    running.push(TcpStream::connect(*address));
                }
                tokio::select! {
                    ended = running.next() => match ended {
                        Some(Ok(stream)) => {
                            // Requests are small, and each waits for its answer.
                            let _ = stream.set_nodelay(true);
                            return Ok(stream);
                        }
                        Some(Err(error)) => last = unreached(error.kind()),
                        None => return Err(last),
                    },
                    () = sleep(HEAD_START), if waiting.len() > 0 => {}
                }
            }
        };
        timeout(patience, attempts)
            .await
            .unwrap_or(Err(&outcome::CONNECT_TIMEOUT))
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self::new()
    }
}

fn unreached(kind: ErrorKind) -> &'static Outcome {
    match kind {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => &outcome::CONNECT_REFUSED,
        ErrorKind::TimedOut => &outcome::CONNECT_TIMEOUT,
        _ => &outcome::UNREACHABLE,
    }
}

/// Whether an address is this machine's own: then the system would send from it to itself. Asking
/// sends nothing.
fn is_own(address: IpAddr) -> bool {
    let any: SocketAddr = match address {
        IpAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        IpAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let source = UdpSocket::bind(any).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    source.is_ok_and(|source| source.ip() == address)
}
