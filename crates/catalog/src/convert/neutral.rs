//! The neutral value between all forms: a core Secret whose settings stand in the keys of Open Data
//! Hub, with few annotations: protocol, display name, description, and what only ODAHU says.

use std::collections::BTreeMap;

use super::lost::Losses;
use crate::odahu::ODAHU_PREFIX;
use bowline_core::connection::canonical;
use bowline_core::secret::{DOCKER_CONFIG_JSON, OPAQUE};
use bowline_core::{Connection, Protocol, Recognition, Secret, Sensitive, names};

/// Settings that KServe keeps in annotations, and that are texts.
const IN_ANNOTATIONS: [&str; 4] = [
    "AWS_S3_ENDPOINT",
    "AWS_DEFAULT_REGION",
    "AWS_CA_BUNDLE",
    "awsAnonymousCredential",
];

/// The same connection in neutral form; a neutral one stays as it is.
pub fn neutral(secret: &Secret) -> Secret {
    neutral_told(secret, &mut Losses::default())
}

/// The same, and what had to be assumed about it.
pub(super) fn neutral_told(secret: &Secret, losses: &mut Losses) -> Secret {
    let mut data = spelt_our_way(secret);
    let (connection, protocol) = recognised(secret, &data);
    if protocol == Some(Protocol::S3) {
        fold_s3(&connection, &mut data, losses);
    }
    let mut annotations = BTreeMap::new();
    if let Some(protocol) = protocol {
        annotations.insert(names::PROTOCOL.to_owned(), protocol.to_string());
    }
    let display_name = connection.display_name();
    if display_name != secret.name {
        annotations.insert(names::DISPLAY_NAME.to_owned(), display_name.to_owned());
    }
    if let Some(description) = connection.description() {
        annotations.insert(names::DESCRIPTION.to_owned(), description.to_owned());
    }
    let of_odahu = secret
        .annotations
        .iter()
        .filter(|(key, _)| is_of_odahu(key));
    annotations.extend(of_odahu.map(|(key, text)| (key.clone(), text.clone())));
    made(
        secret.namespace.clone(),
        secret.name.clone(),
        annotations,
        data,
    )
}

/// Whether an annotation holds what only a record of ODAHU says, such as a path below the bucket.
pub(super) fn is_of_odahu(key: &str) -> bool {
    key.starts_with(ODAHU_PREFIX)
}

/// A neutral Secret from its parts.
pub(super) fn made(
    namespace: String,
    name: String,
    annotations: BTreeMap<String, String>,
    data: BTreeMap<String, Sensitive>,
) -> Secret {
    let type_ = if data.contains_key(".dockerconfigjson") {
        DOCKER_CONFIG_JSON
    } else {
        OPAQUE
    };
    Secret {
        namespace,
        name,
        type_: type_.to_owned(),
        labels: BTreeMap::new(),
        annotations,
        mistyped: Vec::new(),
        data,
    }
}

/// A neutral Secret of a form that knows nothing but a name and values.
pub(super) fn of_values(
    name: &str,
    protocol: Option<Protocol>,
    data: BTreeMap<String, Sensitive>,
    losses: &mut Losses,
) -> Secret {
    let stated = protocol.map(|protocol| (names::PROTOCOL.to_owned(), protocol.to_string()));
    let secret = made(
        String::new(),
        name.to_owned(),
        stated.into_iter().collect(),
        data,
    );
    neutral_told(&secret, losses)
}

/// The protocol of a neutral Secret.
pub(super) fn protocol(secret: &Secret) -> Option<Protocol> {
    secret.annotation(names::PROTOCOL)?.parse().ok()
}

/// The Secret as a connection, whatever it says of itself, and what its protocol is. Where it states
/// none that is known, the values tell, as they would once the statement is gone.
fn recognised(
    secret: &Secret,
    data: &BTreeMap<String, Sensitive>,
) -> (Connection, Option<Protocol>) {
    let stated = match Connection::from_secret(secret.clone()) {
        Recognition::Connection(found) => Some(*found),
        Recognition::Candidate(_) | Recognition::Other(_) => None,
    };
    let by_values = || {
        let bare = made(
            String::new(),
            secret.name.clone(),
            BTreeMap::new(),
            data.clone(),
        );
        match Connection::from_secret(bare) {
            Recognition::Connection(found) => found.protocol,
            Recognition::Candidate(candidate) => candidate.protocol,
            Recognition::Other(_) => None,
        }
    };
    let protocol = stated.as_ref().and_then(|found| found.protocol);
    let protocol = protocol.or_else(by_values);
    let connection = stated.unwrap_or_else(|| Connection {
        secret: secret.clone(),
        protocol: None,
        dialect: bowline_core::Dialect::OpenDataHub,
        marker: bowline_core::Marker::Protocol,
        stated: None,
    });
    let connection = Connection {
        protocol,
        ..connection
    };
    (connection, protocol)
}

/// All values under the key that we use; where two spellings are there, ours wins.
fn spelt_our_way(secret: &Secret) -> BTreeMap<String, Sensitive> {
    let (ours, others): (Vec<_>, Vec<_>) = secret
        .data
        .iter()
        .partition(|(key, _)| canonical(key) == key.as_str());
    let mut data: BTreeMap<String, Sensitive> = ours
        .into_iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in others {
        let is_free = data.get(canonical(key)).is_none_or(Sensitive::is_empty);
        if is_free {
            data.insert(canonical(key).to_owned(), value.clone());
        }
    }
    data
}

/// Takes in what KServe says by annotations and switches.
fn fold_s3(connection: &Connection, data: &mut BTreeMap<String, Sensitive>, losses: &mut Losses) {
    let absent = |data: &BTreeMap<String, Sensitive>, key: &str| {
        data.get(key).is_none_or(Sensitive::is_empty)
    };
    for key in IN_ANNOTATIONS {
        if let Some(reading) = connection.read(key).filter(|_| absent(data, key)) {
            data.insert(key.to_owned(), Sensitive::from(reading.text));
        }
    }
    // A host without a scheme is KServe's way; everybody else wants a URL.
    let has_host = data
        .get("AWS_S3_ENDPOINT")
        .and_then(Sensitive::expose_line)
        .is_some_and(|text| !text.is_empty() && !text.contains("://"));
    if let Some(endpoint) = connection.endpoint().filter(|_| has_host) {
        if connection.read("S3_USE_HTTPS").is_none() {
            losses.assumed(
                &connection.secret,
                "AWS_S3_ENDPOINT",
                "`AWS_S3_ENDPOINT` does not say how to speak to the host; `https://` is put before it",
                "where the host does not speak TLS, write `http://` before it in the input",
            );
        }
        data.insert("AWS_S3_ENDPOINT".to_owned(), Sensitive::new(endpoint));
    }
    let says_verify = connection.read("AWS_S3_VERIFY_SSL").is_some();
    if says_verify && absent(data, "AWS_S3_VERIFY_SSL") {
        let verifies = connection.verify_ssl().to_string();
        data.insert("AWS_S3_VERIFY_SSL".to_owned(), Sensitive::new(verifies));
    }
    let style = connection.use_path_style();
    if let Some(is_path) = style.filter(|_| absent(data, "AWS_S3_USE_PATH_STYLE")) {
        let text = is_path.to_string();
        data.insert("AWS_S3_USE_PATH_STYLE".to_owned(), Sensitive::new(text));
    }
    // A switch that nobody can read stays where somebody may mend it.
    if data.contains_key("AWS_S3_ENDPOINT") {
        data.remove("S3_USE_HTTPS");
    }
    if style.is_some() {
        data.remove("S3_USER_VIRTUAL_BUCKET");
    }
}
