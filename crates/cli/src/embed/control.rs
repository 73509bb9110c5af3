//! What the owner of the state may ask of the `bowline up` that serves it: a socket in its folder,
//! for its owner only. One line asks, one line of JSON answers: the key of the store is changed, or a
//! link is made by which a browser signs in.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bowline_apiserver::ApiServer;
use bowline_apiserver::store::{Rekeyed, StoreError};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::links::{ASKED_FOR, Links};

const REKEY: &str = "rekey";
const LOGIN: &str = "login";
/// How long a client may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any request or answer takes.
const LONGEST: u64 = 16 << 10;

/// What is answered.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Answer {
    Rekeyed {
        key: String,
        retired: Option<String>,
        is_forgotten: bool,
        resealed: u64,
    },
    /// A link that signs a browser in.
    Login(String),
    /// What went wrong, the causes after it.
    Failed(Vec<String>),
}

/// Why a running server did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nobody answers.
    Silent(io::Error),
    /// It could not; these are its words.
    Failed(Vec<String>),
}

fn socket(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// Opens the socket. A server without it serves all the same.
pub(super) fn bind(data: &Path) -> Option<UnixListener> {
    let path = socket(data);
    let bound = remove(&path).and_then(|()| {
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    match bound {
        Ok(listener) => Some(listener),
        Err(error) => {
            tracing::warn!(%error, "the key of the store can be changed only while nothing serves, and `bowline login` finds nobody");
            None
        }
    }
}

/// The store is ours alone, so a socket that is there is one that a crash left.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Answers one client after another until `shutdown` is done.
pub(super) async fn serve(
    listener: Option<UnixListener>,
    api: &ApiServer,
    links: &Links,
    shutdown: impl Future<Output = ()>,
) {
    let Some(listener) = listener else {
        return;
    };
    let owner = listener
        .local_addr()
        .ok()
        .and_then(|address| fs::metadata(address.as_pathname()?).ok())
        .map(|socket| socket.uid());
    let answering = async {
        let listener = tokio::net::UnixListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let asker = stream.peer_cred()?.uid();
            if asker == 0 || Some(asker) == owner {
                // A client that goes away is nobody's loss.
                let _ = answer(stream, api, links).await;
            }
        }
    };
    let ended: io::Result<()> = tokio::select! {
        ended = answering => ended,
        () = shutdown => Ok(()),
    };
    if let Err(error) = ended {
        tracing::warn!(%error, "the socket of the state is closed");
    }
}

async fn answer(mut stream: UnixStream, api: &ApiServer, links: &Links) -> io::Result<()> {
    let asked = tokio::time::timeout(PATIENCE, line(&mut stream)).await??;
    let answer = match asked.as_str() {
        REKEY => match api.rekey().await {
            Ok(Rekeyed {
                key,
                retired,
                is_forgotten,
                resealed,
            }) => Answer::Rekeyed {
                key,
                retired,
                is_forgotten,
                resealed,
            },
            Err(error) => Answer::Failed(words(&error)),
        },
        LOGIN => Answer::Login(links.link(ASKED_FOR)),
        _ => Answer::Failed(vec!["the request is not known".to_owned()]),
    };
    let mut text = serde_json::to_string(&answer)?;
    text.push('\n');
    tokio::time::timeout(PATIENCE, stream.write_all(text.as_bytes())).await?
}

/// An error and its causes.
fn words(error: &StoreError) -> Vec<String> {
    let first: &dyn std::error::Error = error;
    let chain = std::iter::successors(Some(first), |error| error.source());
    chain.map(ToString::to_string).collect()
}

async fn line(stream: &mut UnixStream) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST))
        .read_line(&mut line)
        .await?;
    Ok(line.trim_end().to_owned())
}

/// Asks the server that serves this state to change the key.
pub(crate) async fn rekey(data: &Path) -> Result<Rekeyed, Refusal> {
    match ask(data, REKEY).await? {
        Answer::Rekeyed {
            key,
            retired,
            is_forgotten,
            resealed,
        } => Ok(Rekeyed {
            key,
            retired,
            is_forgotten,
            resealed,
        }),
        other => Err(other.refusal()),
    }
}

/// Asks the server that serves this state for a link by which a browser signs in.
pub(crate) async fn login(data: &Path) -> Result<String, Refusal> {
    match ask(data, LOGIN).await? {
        Answer::Login(link) => Ok(link),
        other => Err(other.refusal()),
    }
}

async fn ask(data: &Path, request: &str) -> Result<Answer, Refusal> {
    let asked = async {
        let mut stream = UnixStream::connect(socket(data)).await?;
        stream.write_all(format!("{request}\n").as_bytes()).await?;
        let answer = line(&mut stream).await?;
        serde_json::from_str(&answer).map_err(io::Error::from)
    };
    asked.await.map_err(Refusal::Silent)
}

impl Answer {
    /// What an answer means that is not the one that was asked for.
    fn refusal(self) -> Refusal {
        match self {
            Self::Failed(words) => Refusal::Failed(words),
            _ => Refusal::Failed(vec!["the server answers something else".to_owned()]),
        }
    }
}
