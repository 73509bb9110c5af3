//! The keys that readers find: in rendered objects, in Secrets that somebody gave, or in the cluster
//! with the rights of whoever asks. What is written there is used as it is.

use std::collections::{BTreeMap, BTreeSet};

use bowline_core::{Connection, Dialect, Kind, Marker, Protocol, Secret, Sensitive, names};
use bowline_pipelines::check::Visit;
use bowline_pipelines::explain::{Finds, KeysIn, Login as From};
use bowline_probe::State;
use futures::{StreamExt as _, stream};
use k8s_openapi::api::core::v1;
use kube::{Api, Client};
use serde_json::Value;

/// Secrets that are read from a cluster at the same time.
const AT_ONCE: usize = 16;

/// Where keys are found.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The rendered objects, among them copies of the sources that are known.
    pub objects: &'a [Value],
    /// Secrets that somebody gave; readers of a pipeline server use them where they are.
    pub secrets: &'a [Secret],
    /// The cluster, where it is asked for all others.
    pub client: Option<&'a Client>,
}

/// Namespace and name.
type At = (String, String);

/// The Secrets of all readers.
pub(super) struct Keys(BTreeMap<At, Result<Secret, Missing>>);

/// Why a Secret cannot be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Absent,
    Forbidden,
    Unanswered,
}

/// Somebody with keys at the store, as one reader is told where it is.
pub(super) struct Login {
    pub(super) connection: Connection,
    /// What tells keys apart.
    pub(super) access_key: String,
}

/// Why nothing is tried as a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excuse {
    pub(super) state: State,
    /// What kind of failure that is, where it is one.
    pub(super) kind: Option<Kind>,
    pub(super) message: String,
    pub(super) help: &'static str,
}

impl Keys {
    pub(super) async fn find(visits: &[Visit], sources: &Sources<'_>) -> Self {
        let wanted: BTreeSet<At> = visits
            .iter()
            .filter_map(|visit| {
                let keys = keys_in(visit)?;
                Some((visit.namespace.clone(), keys.secret.clone()))
            })
            .collect();
        let find = |at: At| async move {
            let found = one(&at, sources).await;
            (at, found)
        };
        let found = stream::iter(wanted).map(find).buffer_unordered(AT_ONCE);
        Self(found.collect().await)
    }

    /// What a reader signs in with at the place that it is told.
    pub(super) fn login(&self, visit: &Visit) -> Result<Login, Excuse> {
        if let Some(error) = &visit.error {
            let message = format!("it fails before it gets to the store: {error}");
            return Err(Excuse::failure(
                Kind::Invalid,
                message,
                "see `bowline pipelines lint`",
            ));
        }
        if visit.is_elsewhere {
            // Nothing is signed for whoever else may be there.
            return Err(Excuse {
                state: State::Warned,
                kind: None,
                message: "it cannot be told the store's port, and looks for `s3://` artifacts at the usual one"
                    .to_owned(),
                help: "give the store a name at its usual port",
            });
        }
        let keys = match &visit.finds.credentials {
            Some(From::Secret(keys)) => keys,
            Some(From::BuiltIn) => {
                let message = "it is given no keys, and uses those that it was built with";
                let help = "give it the keys of the store";
                return Err(Excuse::failure(Kind::Invalid, message.to_owned(), help));
            }
            Some(From::Environment) => {
                let message =
                    "its keys come from the environment of its pods, which only they have";
                let help = "run `bowline test` in a pod beside it, with its account";
                return Err(Excuse::unseen(message, help));
            }
            Some(From::Other) | None => {
                let message = "which keys it uses cannot be told";
                return Err(Excuse::unseen(message, "give it keys by a Secret"));
            }
        };
        let at = (visit.namespace.clone(), keys.secret.clone());
        let secret = match self.0.get(&at) {
            Some(Ok(secret)) => secret,
            Some(Err(missing)) => return Err(missing.excuse(&at)),
            None => return Err(Missing::Absent.excuse(&at)),
        };
        let access_key = value(secret, &keys.access_key)?;
        Ok(Login {
            access_key: access_key.expose_str().unwrap_or_default().to_owned(),
            connection: connection(visit, secret, keys)?,
        })
    }
}

impl Excuse {
    const fn failure(kind: Kind, message: String, help: &'static str) -> Self {
        Self {
            state: State::Failed,
            kind: Some(kind),
            message,
            help,
        }
    }

    /// It is no failure, and only cannot be seen from here.
    fn unseen(message: &str, help: &'static str) -> Self {
        Self {
            state: State::Skipped,
            kind: None,
            message: message.to_owned(),
            help,
        }
    }
}

impl Missing {
    fn excuse(self, (namespace, name): &At) -> Excuse {
        let secret = format!("Secret `{namespace}/{name}`");
        let (kind, message, help) = match self {
            Self::Absent => (
                Kind::NotFound,
                format!("{secret}, which it takes its keys from, is not there"),
                "apply the objects first, or give the source Secrets",
            ),
            Self::Forbidden => (
                Kind::Forbidden,
                format!("{secret} may not be read by whoever asks"),
                "ask for the right to `get` it, or give the source Secrets",
            ),
            Self::Unanswered => (
                Kind::Unavailable,
                format!("{secret} was asked for, and the cluster did not answer"),
                "try again",
            ),
        };
        Excuse::failure(kind, message, help)
    }
}

fn keys_in(visit: &Visit) -> Option<&KeysIn> {
    match visit.finds.credentials.as_ref()? {
        From::Secret(keys) => Some(keys),
        From::Environment | From::BuiltIn | From::Other => None,
    }
}

async fn one(at: &At, sources: &Sources<'_>) -> Result<Secret, Missing> {
    let (namespace, name) = at;
    let is_it = |object: &&Value| {
        let metadata = &object["metadata"];
        object["kind"] == "Secret"
            && metadata["name"] == name.as_str()
            && metadata["namespace"] == namespace.as_str()
    };
    let rendered = sources.objects.iter().find(is_it);
    if let Some(secret) = rendered.and_then(|object| Secret::from_value(object).ok()) {
        return Ok(secret);
    }
    // A manifest that names no namespace is meant for wherever it is looked for.
    let given = [namespace.as_str(), ""].into_iter().find_map(|namespace| {
        let is_it = |secret: &&Secret| secret.name == *name && secret.namespace == namespace;
        sources.secrets.iter().find(is_it)
    });
    if let Some(secret) = given {
        return Ok(secret.clone());
    }
    let Some(client) = sources.client else {
        return Err(Missing::Absent);
    };
    let api: Api<v1::Secret> = Api::namespaced(client.clone(), namespace);
    let found = api.get_opt(name).await.map_err(|error| match error {
        kube::Error::Api(status) if matches!(status.code, 401 | 403) => Missing::Forbidden,
        _ => Missing::Unanswered,
    })?;
    let value = serde_json::to_value(found.ok_or(Missing::Absent)?);
    let secret = value.ok().and_then(|value| Secret::from_value(&value).ok());
    secret.ok_or(Missing::Unanswered)
}

fn value<'a>(secret: &'a Secret, key: &str) -> Result<&'a Sensitive, Excuse> {
    let Secret {
        namespace, name, ..
    } = secret;
    let found = secret.value(key).filter(|value| !value.is_empty());
    let found = found.ok_or_else(|| {
        let message = format!("Secret `{namespace}/{name}` has no value under `{key}`");
        let help = "add it, or correct the name of the key";
        Excuse::failure(Kind::NotFound, message, help)
    })?;
    // Readers send a value as it is, with the line end that an editor left.
    match found.expose_str() {
        Some(text) if text.trim() == text => Ok(found),
        _ => {
            let message = format!(
                "the value under `{key}` of Secret `{namespace}/{name}` begins or ends with a blank, \
                 or is no text"
            );
            let help = "write it anew, without a line end";
            Err(Excuse::failure(Kind::Invalid, message, help))
        }
    }
}

/// The connection that a reader has, in so many words.
fn connection(visit: &Visit, secret: &Secret, keys: &KeysIn) -> Result<Connection, Excuse> {
    let mut data = BTreeMap::new();
    let mut put = |key: &str, value: Sensitive| drop(data.insert(key.to_owned(), value));
    put(
        "AWS_ACCESS_KEY_ID",
        value(secret, &keys.access_key)?.clone(),
    );
    put(
        "AWS_SECRET_ACCESS_KEY",
        value(secret, &keys.secret_key)?.clone(),
    );
    if let Some(key) = &keys.session_token {
        put("AWS_SESSION_TOKEN", value(secret, key)?.clone());
    }
    for (key, text) in place(&visit.finds) {
        put(key, Sensitive::from(text.as_str()));
    }
    Ok(Connection {
        secret: Secret {
            namespace: visit.namespace.clone(),
            name: keys.secret.clone(),
            type_: bowline_core::secret::OPAQUE.to_owned(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::from([(names::PROTOCOL.to_owned(), "s3".to_owned())]),
            mistyped: Vec::new(),
            data,
        },
        protocol: Some(Protocol::S3),
        dialect: Dialect::OpenDataHub,
        marker: Marker::Protocol,
        stated: Some("s3".to_owned()),
    })
}

/// Where a reader is told that the store is; what it is not told, it leaves to its library.
fn place(finds: &Finds) -> Vec<(&'static str, String)> {
    let scheme = match finds.tls {
        Some(false) => "http",
        _ => "https",
    };
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let style = finds.addressing.map(|style| (style == "path").to_string());
    let endpoint = filled(&finds.endpoint).map(|host| format!("{scheme}://{host}"));
    [
        ("AWS_S3_ENDPOINT", endpoint),
        ("AWS_DEFAULT_REGION", filled(&finds.region)),
        ("AWS_S3_BUCKET", filled(&finds.bucket)),
        ("AWS_S3_USE_PATH_STYLE", style),
    ]
    .into_iter()
    .filter_map(|(key, text)| Some((key, text?)))
    .collect()
}
