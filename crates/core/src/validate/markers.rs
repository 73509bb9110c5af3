//! Rules about labels and annotations: what the Secret says about itself.

use super::report::Report;
use super::rules;
use crate::connection::{
    Connection, Dialect, Marker, annotate, get, label, protocol_of_type, quoted,
};
use crate::names;
use crate::protocol::Protocol;
use crate::secret::Secret;
use crate::storage_config;

const LABELS: [&str; 3] = [
    names::DASHBOARD_LABEL,
    names::MANAGED_LABEL,
    names::ALAUDA_DASHBOARD_LABEL,
];
const ANNOTATIONS: [&str; 5] = [
    names::PROTOCOL,
    names::TYPE_REF,
    names::LEGACY_TYPE,
    names::ALAUDA_PROTOCOL,
    names::ALAUDA_TYPE_REF,
];

/// What holds for connections and candidates alike.
pub(super) fn check_secret(secret: &Secret, report: &mut Report) {
    check_mistyped(secret, report);
    for key in LABELS {
        // `false` is somebody's decision, all else is a slip.
        let Some(value) = secret
            .labels
            .get(key)
            .filter(|v| !["true", "false"].contains(&v.as_str()))
        else {
            continue;
        };
        let message = format!("label `{key}` is {}; only `true` counts", quoted(value));
        report.add(
            &rules::LABEL_NOT_TRUE,
            key,
            message,
            label(secret, key, "true"),
        );
    }
    for key in ANNOTATIONS
        .into_iter()
        .filter(|key| secret.annotations.get(*key).is_some_and(String::is_empty))
    {
        let message = format!("annotation `{key}` is empty, so readers skip it");
        report.add(
            &rules::EMPTY_ANNOTATION,
            key,
            message,
            "remove the annotation or give it a value",
        );
    }
    if secret.annotations.contains_key(names::LAST_APPLIED) {
        let message = "an annotation of `kubectl apply` repeats the values in clear";
        let help =
            "manage it with `kubectl create` and `kubectl replace`, and remove the annotation";
        report.add(&rules::LAST_APPLIED, names::LAST_APPLIED, message, help);
    }
}

/// Labels and annotations without quotes: `true` is a boolean to YAML and refused by Kubernetes.
pub(super) fn check_mistyped(secret: &Secret, report: &mut Report) {
    let ours = |key: &&String| {
        LABELS.contains(&key.as_str())
            || ANNOTATIONS.contains(&key.as_str())
            || key.starts_with(names::KSERVE_S3_PREFIX)
    };
    for key in secret.mistyped.iter().filter(ours) {
        let message = format!("`{key}` is not a string");
        report.add(
            &rules::NOT_A_STRING,
            key,
            message,
            "put the value in quotes",
        );
    }
}

/// What the markers of a connection say, and whether they agree.
pub(super) fn check_connection(connection: &Connection, report: &mut Report) {
    let stated = connection.stated.as_deref().unwrap_or_default();
    match connection.marker {
        Marker::Protocol | Marker::AlaudaProtocol if connection.protocol.is_none() => {
            unknown_protocol(connection, stated, report);
        }
        Marker::LegacyType => legacy(connection, stated, report),
        Marker::TypeRef | Marker::AlaudaTypeRef => type_ref(connection, stated, report),
        _ => {}
    }
    disagreement(connection, report);
    if connection.protocol == Some(Protocol::S3) && connection.dialect == Dialect::OpenDataHub {
        storage_config(&connection.secret, report);
    }
}

fn unknown_protocol(connection: &Connection, stated: &str, report: &mut Report) {
    let Some(key) = connection.marker.annotation() else {
        return;
    };
    let nearest = nearest_protocol(stated);
    let hint = match nearest {
        Some(p) if stated.trim().to_lowercase() == p.as_str() => {
            format!("; capital letters and blanks count: `{p}`")
        }
        Some(p) if protocol_of_type(stated) == Some(p) => {
            format!("; that is the name of a connection type, its protocol is `{p}`")
        }
        Some(p) => format!("; did you mean `{p}`?"),
        None => String::new(),
    };
    let message = format!("{} is not a protocol{hint}", quoted(stated));
    let help = match nearest {
        Some(protocol) => annotate(&connection.secret, key, protocol.as_str()),
        None => format!("set `{key}` to one of s3, uri, oci, gcs, azure, git"),
    };
    report.add(&rules::UNKNOWN_PROTOCOL, key, message, help);
}

fn nearest_protocol(stated: &str) -> Option<Protocol> {
    let text = stated.trim().to_lowercase();
    if let Some(protocol) = protocol_of_type(&text) {
        return Some(protocol);
    }
    let distance = |protocol: &Protocol| strsim::damerau_levenshtein(&text, protocol.as_str());
    let nearest = Protocol::ALL.into_iter().min_by_key(distance)?;
    (distance(&nearest) <= 1.max(nearest.as_str().len() / 2)).then_some(nearest)
}

fn type_ref(connection: &Connection, stated: &str, report: &mut Report) {
    let Some(key) = connection.marker.annotation() else {
        return;
    };
    let protocol_key = match connection.dialect {
        Dialect::Alauda => names::ALAUDA_PROTOCOL,
        _ => names::PROTOCOL,
    };
    let Some(protocol) = connection.protocol else {
        let message = format!(
            "type {} is not built in, and its keys match no protocol; workloads get them as variables",
            quoted(stated)
        );
        let help = format!(
            "to serve models from it, set `{protocol_key}` to one of s3, uri, oci, gcs, azure, git"
        );
        report.add(&rules::OTHER_TYPE, key, message, help);
        return;
    };
    let help = annotate(&connection.secret, protocol_key, protocol.as_str());
    if connection.is_protocol_stated() {
        let message = format!("annotation `{key}` is deprecated and stands alone");
        report.add(&rules::REF_WITHOUT_PROTOCOL, key, message, help);
    } else {
        let message = format!(
            "type {} is not built in; its keys look like `{protocol}`",
            quoted(stated)
        );
        report.add(&rules::CUSTOM_TYPE, key, message, help);
    }
}

fn legacy(connection: &Connection, stated: &str, report: &mut Report) {
    let key = names::LEGACY_TYPE;
    if connection.protocol.is_none() {
        let message = format!("{} is not `s3`, the only legacy type", quoted(stated));
        let help = format!(
            "set `{}` to one of s3, uri, oci, gcs, azure, git",
            names::PROTOCOL
        );
        report.add(&rules::UNKNOWN_TYPE, key, message, help);
        return;
    }
    let message =
        format!("no model can be served from it: only the legacy annotation `{key}` is there");
    let help = annotate(&connection.secret, names::PROTOCOL, "s3");
    report.add(&rules::LEGACY_TYPE_ONLY, key, message, help);
}

/// Compares the deciding marker with all weaker ones that name a protocol by themselves.
fn disagreement(connection: &Connection, report: &mut Report) {
    let (Some(protocol), Some(winner)) = (connection.protocol, connection.marker.annotation())
    else {
        return;
    };
    for marker in Marker::STATED
        .into_iter()
        .filter(|marker| *marker != connection.marker)
    {
        let Some(key) = marker.annotation() else {
            continue;
        };
        let other = connection
            .secret
            .annotation(key)
            .and_then(|text| marker.protocol(text));
        if let Some(other) = other.filter(|other| *other != protocol) {
            let message =
                format!("`{key}` says `{other}`, but `{winner}` says `{protocol}` and wins");
            report.add(
                &rules::TYPES_DISAGREE,
                key,
                message,
                "correct or remove one of the two",
            );
        }
    }
}

/// What OpenShift AI's reconciler needs before KServe finds the credentials by `storage.key`.
fn storage_config(secret: &Secret, report: &mut Report) {
    if !report.wants(&rules::STORAGE_CONFIG) {
        return;
    }
    let is_labelled = |key: &str| secret.labels.get(key).is_some_and(|value| value == "true");
    let mut missing: Vec<String> = [names::DASHBOARD_LABEL, names::MANAGED_LABEL]
        .into_iter()
        .filter(|key| !is_labelled(key))
        .map(|key| label(secret, key, "true"))
        .collect();
    let is_typed = secret.annotation(names::LEGACY_TYPE) == Some("s3");
    if !is_typed {
        missing.push(annotate(secret, names::LEGACY_TYPE, "s3"));
    }
    if !missing.is_empty() {
        let message = "OpenShift AI will not copy the credentials into `storage-config`";
        let field = if missing.len() == 1 && !is_typed {
            names::LEGACY_TYPE
        } else {
            names::MANAGED_LABEL
        };
        report.add(&rules::STORAGE_CONFIG, field, message, missing.join(" && "));
    }
}

/// What upstream KServe needs to read a Secret that a ServiceAccount links. It names the keys alone: values belong to the connection.
pub(super) fn propose_for_kserve(secret: &Secret, report: &mut Report) {
    let proposed = storage_config::annotations(secret, false);
    let missing: Vec<String> = proposed
        .iter()
        .filter(|(key, value)| value.is_some() && key.starts_with(names::KSERVE_S3_PREFIX))
        .map(|(key, _)| format!("`{key}`"))
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let message = format!("upstream KServe would look for annotations here: {missing}");
        let help = format!(
            "take them from `{} | bowline convert -f - --to kserve`, or let the operator write \
             them: `--annotate-secrets`",
            get(secret)
        );
        report.add(
            &rules::KSERVE_ANNOTATIONS,
            names::KSERVE_S3_ENDPOINT,
            message,
            help,
        );
    }
}
