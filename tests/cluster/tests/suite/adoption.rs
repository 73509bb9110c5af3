//! Installing Bowline where a peer's webhooks have been: objects that those injected keep their
//! meaning through every kind of update, and lose with their reference what the peer put in, and
//! nothing else.

mod controllers;

use std::sync::LazyLock;

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::field_kinds;
use bowline_core::names;
use rstest::rstest;
use serde_json::{Value, json};

use crate::scene::{CONNECTION, Scene};
use crate::wire::{APPLY_PATCH, MERGE_PATCH};

/// A workload that was stored before Bowline came.
struct Theirs {
    kind: (&'static str, &'static str),
    /// The annotation that names its connection, and that one.
    reference: &'static str,
    connection: &'static str,
    /// What a person wrote.
    written: Value,
    /// What the peer's webhook put in, as a merge patch.
    injected: Value,
    /// What else the peer left, without a meaning.
    noise: Value,
}

const NOTEBOOK: (&str, &str) = ("kubeflow.org/v1", "Notebook");
const SERVICE: (&str, &str) = ("serving.kserve.io/v1beta1", "InferenceService");
const LLM: (&str, &str) = ("serving.kserve.io/v1alpha2", "LLMInferenceService");
const OLD_LLM: (&str, &str) = ("serving.kserve.io/v1alpha1", "LLMInferenceService");

fn theirs(
    kind: (&'static str, &'static str),
    connection: &'static str,
    written: Value,
    injected: Value,
) -> Theirs {
    Theirs {
        kind,
        reference: names::CONNECTIONS,
        connection,
        written,
        injected,
        noise: json!({}),
    }
}

/// The first container is not the one that is named like the Notebook, and gets it all the same.
fn notebook() -> Theirs {
    let containers = |sources: Value| {
        let proxy = json!({"name": "proxy", "image": "proxy", "envFrom": sources});
        let main = json!({"name": "main", "image": "jupyter"});
        json!({"template": {"spec": {"containers": [proxy, main]}}})
    };
    let settings = json!({"configMapRef": {"name": "settings"}});
    let theirs_too = json!({"secretRef": {"name": CONNECTION}});
    theirs(
        NOTEBOOK,
        CONNECTION,
        containers(json!([settings])),
        containers(json!([settings, theirs_too])),
    )
}

fn service_s3() -> Theirs {
    let storage = json!({"key": CONNECTION, "path": "granite"});
    theirs(
        SERVICE,
        CONNECTION,
        json!({"predictor": {"minReplicas": 1, "model": {
            "modelFormat": {"name": "onnx"}, "storage": {"parameters": {"type": "s3"}},
        }}}),
        json!({"predictor": {
            "serviceAccountName": format!("{CONNECTION}-sa"), "model": {"storage": storage},
        }}),
    )
}

/// The second generation writes objects anew from its own types.
fn service_s3_of_the_second_generation() -> Theirs {
    Theirs {
        noise: json!({"predictor": {"model": {"name": "", "resources": {}}}}),
        ..service_s3()
    }
}

/// Alauda's webhook writes the location itself, and an account that links the Secret.
fn service_of_alauda() -> Theirs {
    let model = json!({"modelFormat": {"name": "onnx"}});
    Theirs {
        reference: names::ALAUDA_SOURCE,
        ..theirs(
            SERVICE,
            CONNECTION,
            json!({"predictor": {"minReplicas": 1, "model": model}}),
            json!({"predictor": {
                "serviceAccountName": format!("{CONNECTION}-sa"),
                "model": {"storageUri": "s3://soundings/granite"},
            }}),
        )
    }
}

fn service_uri() -> Theirs {
    theirs(
        SERVICE,
        "tide",
        json!({"predictor": {"minReplicas": 1, "model": {"modelFormat": {"name": "onnx"}}}}),
        json!({"predictor": {"model": {"storageUri": "https://models.example.com/tide.onnx"}}}),
    )
}

fn service_oci() -> Theirs {
    theirs(
        SERVICE,
        "images",
        json!({"predictor": {"minReplicas": 1, "imagePullSecrets": [{"name": "mirror"}], "model": {
            "modelFormat": {"name": "onnx"}, "storageUri": "oci://registry.example.com/tide:1",
        }}}),
        json!({"predictor": {"imagePullSecrets": [{"name": "mirror"}, {"name": "images"}]}}),
    )
}

fn llm_s3() -> Theirs {
    theirs(
        LLM,
        CONNECTION,
        json!({"replicas": 1, "model": {"name": "granite"}, "template": pod()}),
        json!({
            "model": {"uri": "s3://soundings/granite"},
            "template": {"serviceAccountName": format!("{CONNECTION}-sa")},
        }),
    )
}

fn llm_s3_of_the_first_version() -> Theirs {
    Theirs {
        kind: OLD_LLM,
        ..llm_s3()
    }
}

fn llm_uri() -> Theirs {
    theirs(
        LLM,
        "weights",
        json!({"replicas": 1, "model": {"name": "granite"}, "template": pod()}),
        json!({"model": {"uri": "hf://granite/base"}}),
    )
}

fn llm_oci() -> Theirs {
    theirs(
        LLM,
        "images",
        json!({
            "replicas": 1, "template": pod(),
            "model": {"name": "granite", "uri": "oci://registry.example.com/granite:1"},
        }),
        json!({"template": {"imagePullSecrets": [{"name": "images"}]}}),
    )
}

fn pod() -> Value {
    json!({"containers": [{"name": "main", "image": "vllm"}]})
}

/// How somebody changes an object without a thought of connections.
#[derive(Debug, Clone, Copy)]
enum Update {
    Label,
    Scale,
    /// What was read, with a label.
    Replace,
    /// The manifest that it was made from, with a label: as `kubectl replace` does.
    ReplaceWritten,
    /// The same by server-side apply, as dashboards do.
    Apply,
}

const UPDATES: [Update; 5] = [
    Update::Label,
    Update::Scale,
    Update::Replace,
    Update::ReplaceWritten,
    Update::Apply,
];

impl Update {
    /// What it means to change, as a merge patch of the object.
    fn change(self, kind: (&str, &str)) -> Value {
        match (self, kind) {
            (Self::Scale, NOTEBOOK) => {
                let stopped = json!({"kubeflow-resource-stopped": "2026-10-01T08:00:00Z"});
                json!({"metadata": {"annotations": stopped}})
            }
            (Self::Scale, SERVICE) => json!({"spec": {"predictor": {"minReplicas": 0}}}),
            (Self::Scale, _) => json!({"spec": {"replicas": 0}}),
            _ => json!({"metadata": {"labels": {"tier": "lab"}}}),
        }
    }

    async fn send(self, scene: &Scene, theirs: &Theirs, name: &str) -> Result<Value> {
        let change = self.change(theirs.kind);
        let mut written = theirs.object(scene, name);
        let path = scene.path(&written)?;
        let admin = &scene.admin;
        json_patch::merge(&mut written, &change);
        let reply = match self {
            Self::Label | Self::Scale => admin.patch(&path, MERGE_PATCH, &change).await?,
            Self::Replace => {
                let mut stored = admin.get(&path).await?.granted()?;
                json_patch::merge(&mut stored, &change);
                admin.put(&path, &stored).await?
            }
            Self::ReplaceWritten => {
                let stored = admin.get(&path).await?.granted()?;
                written["metadata"]["resourceVersion"] =
                    stored["metadata"]["resourceVersion"].clone();
                admin.put(&path, &written).await?
            }
            Self::Apply => {
                let path = format!("{path}?fieldManager=dashboard&force=true");
                admin.patch(&path, APPLY_PATCH, &written).await?
            }
        };
        reply.granted()
    }

    /// Whether what the peer left without a meaning is in the object afterwards.
    const fn keeps_noise(self) -> bool {
        !matches!(self, Self::ReplaceWritten)
    }
}

impl Theirs {
    /// What the person sent, with its reference.
    fn object(&self, scene: &Scene, name: &str) -> Value {
        let reference = match self.kind {
            NOTEBOOK => format!("{}/{}", scene.namespace, self.connection),
            _ => self.connection.to_owned(),
        };
        json!({
            "apiVersion": self.kind.0,
            "kind": self.kind.1,
            "metadata": {"name": name, "namespace": scene.namespace, "annotations": {
                self.reference: reference, names::CONNECTION_PATH: "granite",
            }},
            "spec": self.written,
        })
    }

    /// Stores it as the peer's webhook left it, while Bowline is not there.
    async fn store(&self, scene: &Scene, name: &str) -> Result<()> {
        let mut object = self.object(scene, name);
        json_patch::merge(&mut object["spec"], &self.injected);
        json_patch::merge(&mut object["spec"], &self.noise);
        let bowline = &scene.shared.bowline;
        bowline.look_away(&scene.namespace, true);
        let reply = scene.admin.post(&scene.all(&object)?, &object).await;
        bowline.look_away(&scene.namespace, false);
        reply?.granted().map(drop)
    }

    /// What the object must say after `update`, while it names the connection and when it does not
    /// any more.
    fn expected(&self, scene: &Scene, name: &str, update: Update) -> (Value, Value) {
        let mut plain = self.object(scene, name);
        if update.keeps_noise() {
            json_patch::merge(&mut plain["spec"], &self.noise);
        }
        json_patch::merge(&mut plain, &update.change(self.kind));
        let mut tied = plain.clone();
        json_patch::merge(&mut tied["spec"], &self.injected);
        json_patch::merge(&mut plain, &self.without_reference());
        (said(&tied), said(&plain))
    }

    fn without_reference(&self) -> Value {
        let gone = json!({self.reference: null, names::CONNECTION_PATH: null});
        let mut change = json!({"metadata": {"annotations": gone}});
        // Whole schemas do not let it be without a location.
        if needs_location() && self.injected.pointer("/model/uri").is_some() {
            change["spec"] = json!({"model": {"uri": "hf://granite/own"}});
        }
        change
    }
}

/// Whether the kinds have their whole schemas.
fn needs_location() -> bool {
    static HAS_SCHEMAS: LazyLock<bool> =
        LazyLock::new(|| field_kinds().is_ok_and(|kinds| kinds.is_some()));
    *HAS_SCHEMAS
}

/// What an object says: without what only the API server or Bowline's memory writes.
fn said(object: &Value) -> Value {
    let mut annotations = object["metadata"]["annotations"].clone();
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.remove(names::INJECTED);
    }
    let is_empty = annotations
        .as_object()
        .is_none_or(serde_json::Map::is_empty);
    json!({
        "annotations": if is_empty { Value::Null } else { annotations },
        "labels": object["metadata"]["labels"],
        "spec": object["spec"],
    })
}

/// The other connections that the table names.
async fn connections(scene: &Scene) -> Result<()> {
    let login = json!({"auths": {"registry.example.com": {"auth": "YTpi"}}}).to_string();
    let secret = |name, protocol, secret_type, data: Value| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": secret_type, "stringData": data,
            "metadata": {
                "name": name, "namespace": scene.namespace,
                "annotations": {names::PROTOCOL: protocol},
            },
        })
    };
    let of_registry = "kubernetes.io/dockerconfigjson";
    scene
        .cluster()
        .apply(&[
            secret(
                "tide",
                "uri",
                "Opaque",
                json!({"URI": "https://models.example.com/tide.onnx"}),
            ),
            secret(
                "weights",
                "uri",
                "Opaque",
                json!({"URI": "hf://granite/base"}),
            ),
            secret(
                "images",
                "oci",
                of_registry,
                json!({".dockerconfigjson": login}),
            ),
        ])
        .await
}

/// Takes the reference away.
async fn detach(scene: &Scene, theirs: &Theirs, name: &str) -> Result<Value> {
    let path = scene.path(&theirs.object(scene, name))?;
    let change = theirs.without_reference();
    let reply = scene.admin.patch(&path, MERGE_PATCH, &change).await?;
    reply.granted()
}

#[rstest]
#[case::notebook(notebook())]
#[case::service_s3(service_s3())]
#[case::service_s3_of_the_second_generation(service_s3_of_the_second_generation())]
#[case::service_of_alauda(service_of_alauda())]
#[case::service_uri(service_uri())]
#[case::service_oci(service_oci())]
#[case::llm_s3(llm_s3())]
#[case::llm_s3_of_the_first_version(llm_s3_of_the_first_version())]
#[case::llm_uri(llm_uri())]
#[case::llm_oci(llm_oci())]
#[tokio::test]
async fn an_update_changes_nothing_of_its_meaning_and_detaching_takes_back_what_a_peer_injected(
    #[case] theirs: Theirs,
) -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    connections(&scene).await?;
    for update in UPDATES {
        let name = &format!("{update:?}").to_lowercase();
        theirs.store(&scene, name).await?;
        let (tied, plain) = theirs.expected(&scene, name, update);
        let after = update.send(&scene, &theirs, name).await?;
        ensure!(
            said(&after) == tied,
            "{update:?}: {}\nnot {tied}",
            said(&after)
        );
        let record = &after["metadata"]["annotations"][names::INJECTED];
        ensure!(record.is_string(), "{update:?}: it was not taken over");
        let after = detach(&scene, &theirs, name).await?;
        ensure!(
            said(&after) == plain,
            "detached after {update:?}: {}\nnot {plain}",
            said(&after)
        );
    }
    Ok(())
}

/// An object that is sent without what the peer put in is not completed by a Secret whose right
/// cannot be asked for, so those updates are left out.
#[rstest]
#[case::notebook(notebook())]
#[case::service_s3(service_s3())]
#[case::service_s3_of_the_second_generation(service_s3_of_the_second_generation())]
#[case::service_of_alauda(service_of_alauda())]
#[case::service_uri(service_uri())]
#[case::service_oci(service_oci())]
#[case::llm_s3(llm_s3())]
#[case::llm_s3_of_the_first_version(llm_s3_of_the_first_version())]
#[case::llm_uri(llm_uri())]
#[case::llm_oci(llm_oci())]
#[tokio::test]
async fn the_same_holds_when_the_secret_is_gone(#[case] theirs: Theirs) -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    for update in [Update::Label, Update::Scale, Update::Replace] {
        connections(&scene).await?;
        let name = &format!("{update:?}").to_lowercase();
        theirs.store(&scene, name).await?;
        forget(&scene, theirs.connection).await?;
        let (tied, plain) = theirs.expected(&scene, name, update);
        let after = update.send(&scene, &theirs, name).await?;
        ensure!(
            said(&after) == tied,
            "{update:?}: {}\nnot {tied}",
            said(&after)
        );
        let after = detach(&scene, &theirs, name).await?;
        ensure!(
            said(&after) == plain,
            "detached after {update:?}: {}\nnot {plain}",
            said(&after)
        );
    }
    Ok(())
}

/// Deletes a Secret, if it is there.
async fn forget(scene: &Scene, name: &str) -> Result<()> {
    let path = format!("/api/v1/namespaces/{}/secrets/{name}", scene.namespace);
    let reply = scene.admin.delete(&path).await?;
    ensure!(reply.is_ok() || reply.code == 404, "{}", reply.message());
    Ok(())
}

/// What the person writes after the update is theirs, and stays.
#[rstest]
#[case::service_uri(service_uri(), json!({"predictor": {"model": {"storageUri": "pvc://tide"}}}))]
#[case::service_s3(service_s3(), json!({"predictor": {"serviceAccountName": "mine"}}))]
#[case::llm_uri(llm_uri(), json!({"model": {"uri": "hf://granite/tuned"}}))]
#[tokio::test]
async fn what_a_person_writes_while_detaching_stays(
    #[case] theirs: Theirs,
    #[case] own: Value,
) -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    connections(&scene).await?;
    theirs.store(&scene, "own").await?;
    Update::Label.send(&scene, &theirs, "own").await?;
    let (_, mut expected) = theirs.expected(&scene, "own", Update::Label);
    json_patch::merge(&mut expected["spec"], &own);
    let mut change = theirs.without_reference();
    change["spec"] = own;
    let path = scene.path(&theirs.object(&scene, "own"))?;
    let after = scene
        .admin
        .patch(&path, MERGE_PATCH, &change)
        .await?
        .granted()?;
    ensure!(said(&after) == expected, "{}\nnot {expected}", said(&after));
    Ok(())
}

/// Accounts that a peer made are used as they are.
#[tokio::test]
async fn an_account_that_a_peer_made_is_left_as_it_is() -> Result<()> {
    let Some(scene) = Scene::new().await? else {
        return Ok(());
    };
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": format!("{CONNECTION}-sa"), "namespace": scene.namespace},
        "secrets": [{"name": CONNECTION}],
    });
    scene
        .cluster()
        .apply(std::slice::from_ref(&account))
        .await?;
    let before = scene.cluster().get(&account).await?.context("no account")?;
    let theirs = service_s3();
    theirs.store(&scene, "kept").await?;
    Update::Label.send(&scene, &theirs, "kept").await?;
    detach(&scene, &theirs, "kept").await?;
    let after = scene.cluster().get(&account).await?.context("no account")?;
    ensure!(before == after, "{after}\nnot {before}");
    Ok(())
}
