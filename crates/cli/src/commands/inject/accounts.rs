//! The `ServiceAccount`s that plans ask for, as manifests: what admission would see to in a cluster.

use bowline_core::plan::Account;
use serde_json::{Value, json};

use crate::object::{ObjectRef, is_core};

/// Sees to it that the account is among the objects and links its Secret.
///
/// `own_namespace` is the one that the workload itself names; where it names none, the account
/// names none either, so that both follow `kubectl apply -n`.
pub fn ensure(
    objects: &mut Vec<Value>,
    own_namespace: Option<&str>,
    default_namespace: &str,
    account: &Account,
) {
    let namespace = own_namespace.unwrap_or(default_namespace);
    let is_it = |object: &Value| {
        let found = ObjectRef::of(object, default_namespace);
        is_core(object, "ServiceAccount")
            && found.name == account.name
            && found.namespace == namespace
    };
    match objects.iter_mut().find(|object| is_it(object)) {
        Some(found) => link(found, &account.secret),
        None => objects.push(manifest(own_namespace, account)),
    }
}

fn link(found: &mut Value, secret: &str) {
    let item = json!({"name": secret});
    match found.get_mut("secrets") {
        Some(Value::Array(links)) => {
            if !links
                .iter()
                .any(|link| link.get("name") == item.get("name"))
            {
                links.push(item);
            }
        }
        _ => found["secrets"] = json!([item]),
    }
}

fn manifest(namespace: Option<&str>, account: &Account) -> Value {
    let mut metadata = json!({
        "name": account.name,
        "labels": {"app.kubernetes.io/managed-by": "bowline"},
    });
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata,
        "secrets": [{"name": account.secret}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            name: "models-sa".to_owned(),
            secret: "models".to_owned(),
        }
    }

    #[test]
    fn a_missing_account_is_added_with_the_workloads_namespace() {
        let mut objects = Vec::new();
        ensure(&mut objects, Some("team-a"), "default", &account());
        ensure(&mut objects, Some("team-a"), "default", &account());
        assert_eq!(objects.len(), 1);
        assert_eq!(objects[0]["metadata"]["namespace"], "team-a");
        assert_eq!(objects[0]["secrets"], json!([{"name": "models"}]));
    }

    #[test]
    fn an_account_without_namespace_follows_the_workload() {
        let mut objects = Vec::new();
        ensure(&mut objects, None, "team-a", &account());
        assert_eq!(objects[0]["metadata"].get("namespace"), None);
    }

    #[test]
    fn an_account_that_is_there_is_linked_and_otherwise_kept() {
        let kept = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "models-sa"},
            "secrets": [{"name": "other"}], "imagePullSecrets": [{"name": "pull"}]});
        let mut objects = vec![kept];
        ensure(&mut objects, None, "default", &account());
        assert_eq!(
            objects[0]["secrets"],
            json!([{"name": "other"}, {"name": "models"}])
        );
        assert_eq!(objects[0]["imagePullSecrets"], json!([{"name": "pull"}]));
    }
}
