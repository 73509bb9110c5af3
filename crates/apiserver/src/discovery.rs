//! Tells clients what there is: groups, versions, resources, descriptions, health. Everything is
//! made from the registry at the moment of asking.

mod aggregated;
mod plain;

use crate::accounts::ISSUER;
use crate::api::Api;
use crate::openapi;
use crate::pipeline::negotiate::Form;
use crate::pipeline::respond::Answer;
use crate::registry::Kinds;
use crate::resource::Resource;
use crate::status::Status;
use crate::verbs;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

/// The version of the Kubernetes API whose behaviour clients may expect.
const MINOR: &str = "36";

/// The answer to a path outside of the resources.
pub(crate) fn answer(
    api: &Api,
    path: &str,
    form: Form,
    headers: &HeaderMap,
) -> Result<Answer, Status> {
    let kinds = api.registry.kinds();
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_aggregated = form == Form::Discovery;
    let value = match segments.as_slice() {
        [] => plain::paths(&kinds),
        ["livez" | "readyz" | "healthz"] => {
            return Ok(Answer::Raw {
                code: 200,
                media_type: "text/plain; charset=utf-8",
                body: Bytes::from_static(b"ok"),
            });
        }
        ["version"] => version(),
        ["api"] if is_aggregated => aggregated::groups(&kinds, |group| group.is_empty()),
        ["apis"] if is_aggregated => aggregated::groups(&kinds, |group| !group.is_empty()),
        ["api"] => plain::core_versions(),
        ["apis"] => plain::groups(&kinds),
        ["api", version] => plain::resources(&kinds, "", version)?,
        ["apis", group] => plain::group(&kinds, group)?,
        ["apis", group, version] => plain::resources(&kinds, group, version)?,
        ["openid", "v1", "jwks"] => {
            return Ok(Answer::Raw {
                code: 200,
                media_type: "application/jwk-set+json",
                body: api.signer.key_set().to_string().into(),
            });
        }
        [".well-known", "openid-configuration"] => issuer(),
        ["openapi", rest @ ..] => return openapi::answer(&kinds, rest, headers),
        ["api", "v1", ..] => return Err(Status::unknown_path()),
        ["apis", group, _, ..] if kinds.iter().any(|kind| kind.group == *group) => {
            return Err(Status::unknown_path());
        }
        _ => return Err(Status::no_page()),
    };
    Ok(Answer::Plain(200, value))
}

/// Who signs tokens of ServiceAccounts, and where the keys are.
fn issuer() -> Value {
    json!({
        "issuer": ISSUER,
        "jwks_uri": format!("{ISSUER}/openid/v1/jwks"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    })
}

fn version() -> Value {
    let own = env!("CARGO_PKG_VERSION");
    // As Go names them.
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    json!({
        "major": "1",
        "minor": MINOR,
        "gitVersion": format!("v1.{MINOR}.0+{}-{own}", env!("CARGO_PKG_NAME")),
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{architecture}", std::env::consts::OS),
    })
}

/// The groups that there are, each once, and the versions of each: those that kinds are stored in first.
fn groups_of(kinds: &Kinds) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for resource in kinds.iter() {
        let index = groups
            .iter()
            .position(|(group, _)| *group == resource.group)
            .unwrap_or_else(|| {
                groups.push((&resource.group, Vec::new()));
                groups.len() - 1
            });
        let versions = &mut groups[index].1;
        if !versions.contains(&resource.version.as_str()) {
            versions.push(&resource.version);
        }
    }
    groups
}

/// The kinds of one version of one group.
fn kinds_of<'a>(
    kinds: &'a Kinds,
    group: &'a str,
    version: &'a str,
) -> impl Iterator<Item = &'a Resource> {
    kinds
        .iter()
        .map(AsRef::as_ref)
        .filter(move |r| r.group == group && r.version == version)
}

/// The verbs that a status knows.
const STATUS_VERBS: &[&str] = &["get", "patch", "update"];

/// A subresource whose answers are of a kind of their own.
struct Subresource {
    name: &'static str,
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    verbs: &'static [&'static str],
}

/// Those of a resource, but for its status.
fn subresources(resource: &Resource) -> impl Iterator<Item = Subresource> {
    let scale = resource.scale.as_ref().map(|_| Subresource {
        name: "scale",
        group: verbs::scale::GROUP,
        version: verbs::scale::VERSION,
        kind: verbs::scale::KIND,
        verbs: STATUS_VERBS,
    });
    let token = verbs::token::has_token(resource).then_some(Subresource {
        name: "token",
        group: verbs::token::GROUP,
        version: "v1",
        kind: verbs::token::KIND,
        verbs: &["create"],
    });
    let pods = verbs::pods::are_pods(resource).then(of_pods);
    let own = scale.into_iter().chain(token);
    own.chain(pods.into_iter().flatten())
}

/// Those of pods.
fn of_pods() -> impl Iterator<Item = Subresource> {
    let own = |name, kind, verbs| Subresource {
        name,
        group: "",
        version: "",
        kind,
        verbs,
    };
    let inside = verbs::pods::INSIDE;
    let inside = inside.map(|(name, kind)| own(name, kind, &["create", "get"]));
    let eviction = Subresource {
        name: "eviction",
        group: verbs::pods::GROUP,
        version: "v1",
        kind: verbs::pods::KIND,
        verbs: &["create"],
    };
    let log = own("log", "Pod", &["get"]);
    inside.into_iter().chain([eviction, log])
}
