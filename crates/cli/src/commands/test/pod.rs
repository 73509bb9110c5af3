//! The pod in which a connection is tested from where its workloads are: their namespace, their
//! account, their network policies. Pure; running it is left to `remote`, reading what is mounted
//! to `mounted`.

use std::collections::BTreeMap;

use bowline_core::ca_bundle;
use bowline_core::names::MANAGED_BY;
use bowline_core::{Connection, names};
use bowline_probe::token_audience;
use serde_json::{Map, Value, json};

/// The annotation that tells the pod what the Secret is beside its values.
const ABOUT: &str = "bowline.dev/tested-connection";
/// Longer than a test may take, with room for its start.
const DEADLINE: u32 = 60;
/// Seconds for which the token of the pod's account is good: the fewest that Kubernetes gives.
const TOKEN_LIFE: u32 = 600;

/// Folders and files below the one that the pod is told of.
pub(super) const VALUES: &str = "values";
pub(super) const ABOUT_FILE: &str = "about/secret.json";
pub(super) const AUTHORITIES_FILE: &str = "authorities/cabundle.crt";
pub(super) const WORKLOAD_FILE: &str = "workload/token";
const MOUNTED: &str = "/connection";

/// How the pod is to be.
pub(super) struct Wanted<'a> {
    /// The image with this program.
    pub(super) image: &'a str,
    /// The ServiceAccount that it runs as; the namespace's own without one.
    pub(super) account: Option<&'a str>,
    /// Labels by which network policies choose it.
    pub(super) labels: &'a [(String, String)],
    /// What is asked of the connection, as flags.
    pub(super) flags: &'a [String],
}

/// The pod that tests a connection. It holds no values: the kubelet mounts them. The name of a provider
/// at Google, which a token is made for, is none.
pub(super) fn pod(connection: &Connection, wanted: &Wanted<'_>) -> Value {
    let secret = &connection.secret;
    let (key, value) = MANAGED_BY;
    let mut labels: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, value) in wanted.labels {
        labels.insert(key, value);
    }
    labels.insert(key, value);
    let mount = |name: &str| json!({"name": name, "mountPath": format!("{MOUNTED}/{name}"), "readOnly": true});
    let args: Vec<&str> = ["test", "--mounted", MOUNTED, "--output", "json"]
        .into_iter()
        .chain(wanted.flags.iter().map(String::as_str))
        .collect();
    let about_path = format!("metadata.annotations['{ABOUT}']");
    let mut spec = json!({
        "restartPolicy": "Never",
        "activeDeadlineSeconds": DEADLINE,
        "terminationGracePeriodSeconds": 1,
        // Variables made from Services' names would look like those that set flags.
        "enableServiceLinks": false,
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "test",
            "image": wanted.image,
            "args": args,
            "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [mount(VALUES), mount("about"), mount("authorities")],
        }],
        "volumes": [
            {"name": VALUES, "secret": {"secretName": secret.name}},
            {"name": "about", "downwardAPI": {"items": [
                {"path": "secret.json", "fieldRef": {"fieldPath": about_path}},
            ]}},
            {"name": "authorities", "configMap": {
                "name": ca_bundle::NAME, "optional": true,
                "items": [{"key": ca_bundle::KEY, "path": "cabundle.crt"}],
            }},
        ],
    });
    if let Some(audience) = token_audience(connection) {
        // By this, and by nothing else that it has, the pod is a workload to Google.
        let token = json!({"path": "token", "audience": audience, "expirationSeconds": TOKEN_LIFE});
        let volume =
            json!({"name": "workload", "projected": {"sources": [{"serviceAccountToken": token}]}});
        push(&mut spec["volumes"], volume);
        push(
            &mut spec["containers"][0]["volumeMounts"],
            mount("workload"),
        );
    }
    if let Some(account) = wanted.account {
        spec["serviceAccountName"] = account.into();
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "generateName": "bowline-test-", "namespace": secret.namespace,
            "labels": labels, "annotations": {ABOUT: about(connection).to_string()},
        },
        "spec": spec,
    })
}

fn push(list: &mut Value, item: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}

/// What the Secret is beside its values: `kubectl apply` repeats those in an annotation.
fn about(connection: &Connection) -> Value {
    let secret = &connection.secret;
    let annotations: Map<String, Value> = secret
        .annotations
        .iter()
        .filter(|(key, _)| *key != names::LAST_APPLIED)
        .map(|(key, text)| (key.clone(), text.as_str().into()))
        .collect();
    json!({
        "type": secret.type_,
        "metadata": {
            "name": secret.name, "namespace": secret.namespace,
            "labels": secret.labels, "annotations": annotations,
        },
    })
}

#[cfg(test)]
mod tests {
    use bowline_core::{Recognition, Secret};

    use super::*;

    pub(super) fn connection() -> Connection {
        let secret = Secret::from_value(&json!({
            "metadata": {
                "name": "soundings", "namespace": "harbour",
                "annotations": {
                    "opendatahub.io/connection-type-protocol": "s3",
                    names::LAST_APPLIED: "{\"stringData\": \"canary\"}",
                },
            },
            "stringData": {"AWS_SECRET_ACCESS_KEY": "canary", "AWS_S3_BUCKET": "soundings"},
        }));
        match Connection::from_secret(secret.expect("a Secret")) {
            Recognition::Connection(connection) => *connection,
            _ => unreachable!("the annotation makes it a connection"),
        }
    }

    #[test]
    fn the_pod_is_known_at_google_as_its_workloads_are() {
        let provider = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/quay/providers/harbour";
        let key = json!({
            "type": "external_account", "audience": provider,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "credential_source": {"file": "/var/run/service-account/token"},
        });
        let secret = Secret::from_value(&json!({
            "metadata": {
                "name": "soundings", "namespace": "harbour",
                "annotations": {"opendatahub.io/connection-type-protocol": "gcs"},
            },
            "stringData": {"gcloud-application-credentials.json": key.to_string()},
        }));
        let Recognition::Connection(connection) =
            Connection::from_secret(secret.expect("a Secret"))
        else {
            unreachable!("the annotation makes it a connection")
        };
        let wanted = Wanted {
            image: "registry.example/bowline:v1",
            account: None,
            labels: &[],
            flags: &[],
        };
        let made = pod(&connection, &wanted);
        let token = made.pointer("/spec/volumes/3/projected/sources/0/serviceAccountToken");
        let audience = format!("https:{provider}");
        assert_eq!(
            token,
            Some(&json!({"path": "token", "audience": audience, "expirationSeconds": 600}))
        );
        let at = made.pointer("/spec/containers/0/volumeMounts/3/mountPath");
        let file = WORKLOAD_FILE.strip_suffix("/token");
        assert_eq!(
            at,
            Some(&json!(format!("{MOUNTED}/{}", file.unwrap_or_default())))
        );
        assert!(serde_json::from_value::<k8s_openapi::api::core::v1::Pod>(made).is_ok());
    }

    #[test]
    fn the_pod_is_where_the_workload_is_and_holds_no_value() {
        let pod = pod(
            &connection(),
            &Wanted {
                image: "registry.example/bowline:v1",
                account: Some("soundings-sa"),
                labels: &[("app".to_owned(), "model".to_owned())],
                flags: &["--path".to_owned(), "llama/7b".to_owned()],
            },
        );
        assert!(!pod.to_string().contains("canary"));
        insta::assert_json_snapshot!(pod);
    }
}
