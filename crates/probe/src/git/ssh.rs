//! Git over SSH: the server's key is a known one, it lets the connection's key in, and advertises
//! the repository's refs. The only place that knows which library speaks SSH.

mod rsa;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bowline_core::Connection;
use russh::client::{AuthResult, Config, Handle, Handler, connect_stream};
use russh::keys::{
    Algorithm, EcdsaCurve, Error as KeyError, HashAlg, PrivateKey, PrivateKeyWithHashAlg,
    PublicKeyOrCertificate, decode_secret_key,
};
use russh::{AlgorithmKind, ChannelMsg, Error, Preferred};
use tokio::net::TcpStream;
use tokio_util::io::InspectReader;

use self::rsa::Rsa;
use super::advertisement::{End, NotRefs, Refs};
use super::known_hosts::{HostKey, Judgement, judge, kinds};
use super::leash::Leashed;
use super::remote::SshRemote;
use super::{LONGEST, Service, look_for};
use crate::dial::Target;
use crate::outcome;
use crate::report::StepName;
use crate::session::{Session, quoted};
use crate::trouble::Trouble;

/// What RSA keys are called. Checking a signature of such a host key is the library's own business,
/// and it could do so only with the implementation that `rsa` is about.
const RSA: &str = "ssh-rsa";

pub(super) async fn run(
    session: &mut Session<'_>,
    remote: &SshRemote,
    wanted: Option<&str>,
) -> Result<(), Trouble> {
    session.begin(StepName::SignIn);
    let key = key(session.connection)?;
    let known = session
        .connection
        .read("known_hosts")
        .map(|file| file.text.to_owned());
    let host = match remote.host.contains(':') {
        true => format!("[{}]", remote.host),
        false => remote.host.clone(),
    };
    let target = Target::new(&host, remote.port);
    let target = target.ok_or_else(|| Trouble::new(&outcome::ADDRESS_UNREADABLE))?;
    let stream = session.dial(&target).await?;

    session.begin(StepName::Tls);
    let judge = Judge {
        known: known.unwrap_or_default(),
        host: remote.host.clone(),
        port: remote.port,
        verdict: Arc::default(),
    };
    let verdict = Arc::clone(&judge.verdict);
    let config = Arc::new(config(&judge, session.settings.total));
    let patience = session.settings.answer;
    let heard = Arc::new(AtomicU8::new(NOTHING));
    let (stream, _leash) = Leashed::new(stream, session.settings.total);
    let stream = listening(stream, &heard);
    let shaken = tokio::time::timeout(patience, connect_stream(config, stream, judge)).await;
    let judged = verdict
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let handle = match (shaken, judged) {
        (_, Some(trouble)) => return Err(trouble),
        (Ok(Err(_)) | Err(_), None) if heard.load(Ordering::Relaxed) == SOMETHING_ELSE => {
            return Err(Trouble::new(&outcome::NOT_SSH));
        }
        (Ok(handle), None) => handle.map_err(|error| trouble(&error))?,
        (Err(_), None) => return Err(Trouble::new(&outcome::ANSWER_TIMEOUT)),
    };
    session.pass("the server's key is a known one");

    session.begin(StepName::SignIn);
    let handle = sign_in(handle, &remote.user, key).await?;
    session.pass(format!("as {}", quoted(&remote.user)));

    session.begin(StepName::Right);
    let refs = ask(&handle, remote, Service::Fetch).await?;
    let refs = refs.map_err(|words| {
        let trouble = Trouble::new(&outcome::NO_SUCH_GIT_REPOSITORY);
        trouble.detail(format!("{}: {}", remote.path, quoted(&words)))
    })?;
    session.pass("read");
    look_for(session, &refs, wanted)?;
    if session.ask.push {
        session.begin(StepName::Right);
        if let Err(words) = ask(&handle, remote, Service::Push).await? {
            return Err(Trouble::new(&outcome::MAY_NOT_PUSH).detail(quoted(&words)));
        }
        session.pass("push");
    }
    Ok(())
}

/// What a server said first.
const NOTHING: u8 = 0;
const SSH: u8 = 1;
const SOMETHING_ELSE: u8 = 2;

/// The same stream; notes whether the server speaks SSH, which the library does not tell.
fn listening(
    stream: Leashed<TcpStream>,
    heard: &Arc<AtomicU8>,
) -> InspectReader<Leashed<TcpStream>, impl FnMut(&[u8]) + use<>> {
    let heard = Arc::clone(heard);
    InspectReader::new(stream, move |bytes: &[u8]| {
        if heard.load(Ordering::Relaxed) == NOTHING && !bytes.is_empty() {
            let first = if bytes.starts_with(b"SSH-") {
                SSH
            } else {
                SOMETHING_ELSE
            };
            heard.store(first, Ordering::Relaxed);
        }
    })
}

/// Looks at the server's key before anything is said to it.
struct Judge {
    known: String,
    host: String,
    port: u16,
    verdict: Arc<Mutex<Option<Trouble>>>,
}

impl Handler for Judge {
    type Error = Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Error> {
        let key = key.public_key();
        let print = key.fingerprint(HashAlg::Sha256).to_string();
        let line = key.to_openssh().unwrap_or_default();
        let mut words = line.split(' ');
        let (kind, blob) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let outcome = match judge(&self.known, &self.host, self.port, HostKey { kind, blob }) {
            Judgement::Known => return Ok(true),
            // The server has that key too, but could not be asked to show it.
            Judgement::Unknown if self.knows_rsa() => &outcome::HOST_KEY_KIND_UNTRIED,
            Judgement::Unknown => &outcome::HOST_KEY_UNKNOWN,
            Judgement::Changed => &outcome::HOST_KEY_CHANGED,
            Judgement::Revoked => &outcome::HOST_KEY_REVOKED,
        };
        let trouble = Trouble::new(outcome).detail(format!("it shows {kind} {print}"));
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
        Ok(false)
    }
}

impl Judge {
    fn knows_rsa(&self) -> bool {
        kinds(&self.known, &self.host, self.port).contains(&RSA)
    }
}

/// Asks first for the kinds of keys that are known, since a server shows one only.
fn config(judge: &Judge, patience: std::time::Duration) -> Config {
    let curves = [
        EcdsaCurve::NistP256,
        EcdsaCurve::NistP384,
        EcdsaCurve::NistP521,
    ];
    let ecdsa = curves.into_iter().map(|curve| Algorithm::Ecdsa { curve });
    let mut kinds_of_keys: Vec<Algorithm> =
        std::iter::once(Algorithm::Ed25519).chain(ecdsa).collect();
    let known = kinds(&judge.known, &judge.host, judge.port);
    kinds_of_keys.sort_by_key(|kind| !known.contains(&kind.as_str()));
    Config {
        preferred: Preferred {
            key: kinds_of_keys.into(),
            ..Preferred::DEFAULT
        },
        inactivity_timeout: Some(patience),
        ..Config::default()
    }
}

/// Who signs in.
enum Key {
    Own(Box<PrivateKey>),
    Rsa(Box<Rsa>),
}

fn key(connection: &Connection) -> Result<Key, Trouble> {
    let text = connection
        .read("ssh-privatekey")
        .map(|key| key.text)
        .unwrap_or_default();
    let rsa = |rsa: Option<Rsa>| rsa.map(|rsa| Key::Rsa(Box::new(rsa)));
    let untried = || Trouble::new(&outcome::KEY_KIND_UNTRIED);
    let key = match decode_secret_key(text, None) {
        Ok(key) => key,
        Err(KeyError::KeyIsEncrypted) => return Err(Trouble::new(&outcome::KEY_LOCKED)),
        Err(_) if text.contains("ENCRYPTED") => return Err(Trouble::new(&outcome::KEY_LOCKED)),
        Err(error) => {
            let other = match error {
                KeyError::UnsupportedKeyType { .. } => untried(),
                _ => Trouble::new(&outcome::KEY_UNREADABLE),
            };
            return rsa(Rsa::of_pem(text)).ok_or(other);
        }
    };
    match key.algorithm() {
        Algorithm::Rsa { .. } => rsa(Rsa::of_openssh(&key)).ok_or_else(untried),
        Algorithm::Dsa => Err(untried()),
        _ => Ok(Key::Own(Box::new(key))),
    }
}

async fn sign_in(
    mut handle: Handle<Judge>,
    user: &str,
    key: Key,
) -> Result<Handle<Judge>, Trouble> {
    let answer = match key {
        Key::Own(key) => {
            let key = PrivateKeyWithHashAlg::new(Arc::from(key), None);
            handle.authenticate_publickey(user, key).await
        }
        Key::Rsa(mut key) => {
            let public = key.public.clone();
            handle
                .authenticate_publickey_with(user, public, Some(rsa::HASH), &mut *key)
                .await
                .map_err(|broken| broken.0)
        }
    };
    match answer.map_err(|error| trouble(&error))? {
        AuthResult::Success => Ok(handle),
        AuthResult::Failure { .. } => Err(Trouble::new(&outcome::KEY_REFUSED)),
    }
}

/// Asks for the refs. When the server has none to show, what it says instead.
async fn ask(
    handle: &Handle<Judge>,
    remote: &SshRemote,
    service: Service,
) -> Result<Result<Refs, String>, Trouble> {
    let wrong = |error: Error| trouble(&error);
    let mut channel = handle.channel_open_session().await.map_err(wrong)?;
    // The server's shell reads this.
    let path = remote.path.replace('\'', r"'\''");
    let command = format!("{} '{path}'", service.name());
    channel.exec(true, command).await.map_err(wrong)?;
    let (mut said, mut complaint, mut end) = (Vec::new(), Vec::new(), End::default());
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => said.extend_from_slice(&data),
            ChannelMsg::ExtendedData { data, .. } if complaint.len() < 4096 => {
                complaint.extend_from_slice(&data);
            }
            _ => {}
        }
        if said.len() > LONGEST || (!said.is_empty() && end.is_in(&said)) {
            break;
        }
    }
    let _ = channel.close().await;
    Ok(Refs::parse(&said).map_err(|error| match error {
        NotRefs::Refused(words) => words,
        NotRefs::Unreadable => String::from_utf8_lossy(&complaint).trim().to_owned(),
    }))
}

/// Why SSH failed, as the connection's owner can act on it.
fn trouble(error: &Error) -> Trouble {
    let is_rsa = |kind: &String| kind == RSA || kind.starts_with("rsa-sha2-");
    Trouble::new(match error {
        Error::NoCommonAlgo {
            kind: AlgorithmKind::Key,
            theirs,
            ..
        } if theirs.iter().any(is_rsa) => &outcome::HOST_KEY_KIND_UNTRIED,
        Error::Version => &outcome::NOT_SSH,
        Error::NoCommonAlgo { .. } | Error::UnknownAlgo => &outcome::SSH_NO_COMMON_GROUND,
        Error::PacketSize(_) => &outcome::ANSWER_TOO_LARGE,
        Error::ConnectionTimeout | Error::InactivityTimeout => &outcome::ANSWER_TIMEOUT,
        _ => &outcome::CLOSED_EARLY,
    })
}
