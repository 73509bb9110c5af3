//! The world of the cases that is a real API server: a review that a case would post becomes the
//! request that makes the API server post it, and what came of that becomes the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bowline_cluster_tests::Shared;
use bowline_core::diff::diff;
use bowline_testkit::cases::{NAME, NAMESPACE, Reach, USER, World};
use serde_json::{Value, json};

use super::defaults::{without_defaults, without_references};
use crate::scene::{AUTHORS, binding, let_authors_write, role, until_may_get};
use crate::wire::{APPLY_PATCH, Caller, JSON_PATCH, MERGE_PATCH, Reply, collection};

/// Who may read all Secrets; where a case forbids some, the requester is another one.
const READER: &str = "secret-reader";

/// Where the location of a model stands.
const LOCATIONS: [(&str, &str); 2] = [
    ("/spec/predictor/model", "storageUri"),
    ("/spec/model", "uri"),
];

/// How a change reaches the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Replace,
    MergePatch,
    JsonPatch,
    Apply,
}

/// A namespace of the real API for each case.
pub(super) struct Real<'a> {
    shared: &'a Shared,
    form: Form,
    admin: Caller,
    user: Caller,
    namespace: String,
    secrets: BTreeSet<String>,
    stored: Option<Stored>,
}

/// An object in the API.
struct Stored {
    /// As the case knows it.
    known: Value,
    /// As the API has it.
    real: Value,
    /// Whether its location was injected, so that who applies the object does not name it.
    is_location_injected: bool,
}

impl Stored {
    /// Whether its location is still an injected one after a change, which may bring another.
    fn keeps_injected_location(&self, change: &Value) -> bool {
        self.is_location_injected && without_location(change) == *change
    }
}

/// A request of a case.
struct Asked<'a> {
    operation: &'a str,
    object: &'a Value,
    old: &'a Value,
    subresource: Option<&'a str>,
    dry_run: bool,
}

impl<'a> Real<'a> {
    pub(super) async fn new(shared: &'a Shared, form: Form) -> Result<Self> {
        let admin = Caller::administrator(shared.cluster.client().await?);
        let read = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]});
        let_authors_write(&shared.cluster).await?;
        shared
            .cluster
            .apply(&[
                role("ClusterRole", READER, &[read]),
                binding("ClusterRole", READER, "User", USER),
            ])
            .await?;
        let user = admin.acting_as(USER, &[AUTHORS]);
        Ok(Self {
            shared,
            form,
            admin,
            user,
            namespace: String::new(),
            secrets: BTreeSet::new(),
            stored: None,
        })
    }

    /// Makes the API hold what the case says is stored, without Bowline being asked.
    async fn store(&mut self, object: &Value) -> Result<()> {
        if self
            .stored
            .as_ref()
            .is_some_and(|stored| stored.known == *object)
        {
            return Ok(());
        }
        self.remove().await?;
        if object.is_null() {
            return Ok(());
        }
        // The definition of an LLMInferenceService takes none without a location.
        let is_location_injected = self.form == Form::Apply && object["kind"] == "InferenceService";
        let written = match is_location_injected {
            true => without_location(object),
            false => object.clone(),
        };
        self.shared.bowline.look_away(&self.namespace, true);
        let stored = self.create_injected(object, &written).await;
        self.shared.bowline.look_away(&self.namespace, false);
        self.stored = Some(Stored {
            known: object.clone(),
            real: stored.context("what the case says is stored")?,
            is_location_injected,
        });
        Ok(())
    }

    /// Creates what was written, and adds the rest so that nobody holds it, as another platform's
    /// webhook leaves it.
    async fn create_injected(&self, object: &Value, written: &Value) -> Result<Value> {
        let created = self.create(&self.admin, written, "").await?.granted()?;
        if written == object {
            return Ok(created);
        }
        let path = self.path(&created)?;
        let location = merge_patch(written, object);
        let reply = self.admin.patch(&path, MERGE_PATCH, &location).await?;
        let mut injected = reply.granted()?;
        injected["metadata"]["managedFields"] = created["metadata"]["managedFields"].clone();
        self.admin.put(&path, &injected).await?.granted()
    }

    async fn remove(&mut self) -> Result<()> {
        if let Some(stored) = self.stored.take() {
            let path = format!(
                "{}?gracePeriodSeconds=0&propagationPolicy=Background",
                self.path(&stored.real)?
            );
            self.admin.delete(&path).await?.granted()?;
        }
        Ok(())
    }

    /// Creates an object, instead of any that has the name.
    async fn put(&self, object: &Value) -> Result<()> {
        self.delete(&self.path(object)?).await?;
        let path = collection(object, &self.namespace)?;
        self.admin.post(&path, object).await?.granted().map(drop)
    }

    async fn delete(&self, path: &str) -> Result<()> {
        let reply = self.admin.delete(path).await?;
        ensure!(reply.is_ok() || reply.code == 404, "{}", reply.message());
        Ok(())
    }

    fn path(&self, object: &Value) -> Result<String> {
        let name = object["metadata"]["name"].as_str().context("no name")?;
        Ok(format!("{}/{name}", collection(object, &self.namespace)?))
    }

    async fn create(&self, caller: &Caller, object: &Value, query: &str) -> Result<Reply> {
        let has_name = object.pointer("/metadata/name").is_some();
        if self.form == Form::Apply && has_name {
            let path = format!("{}?fieldManager=case{query}", self.path(object)?);
            return caller.patch(&path, APPLY_PATCH, object).await;
        }
        let path = format!(
            "{}?fieldManager=case{query}",
            collection(object, &self.namespace)?
        );
        caller.post(&path, object).await
    }

    async fn send(&self, asked: &Asked<'_>) -> Result<Reply> {
        let query = if asked.dry_run { "&dryRun=All" } else { "" };
        if asked.operation == "CREATE" {
            return self.create(&self.user, asked.object, query).await;
        }
        let stored = self.stored.as_ref().context("nothing is stored")?;
        let mut path = self.path(&stored.real)?;
        if let Some(subresource) = asked.subresource {
            path = format!("{path}/{subresource}");
        }
        path = format!("{path}?fieldManager=case{query}");
        if asked.operation == "DELETE" {
            return self.user.delete(&path).await;
        }
        if asked.subresource == Some("scale") {
            let patch = json!({"spec": asked.object["spec"]});
            return self.user.patch(&path, MERGE_PATCH, &patch).await;
        }
        let change = merge_patch(asked.old, asked.object);
        match self.form {
            Form::Replace => {
                let mut object = stored.real.clone();
                json_patch::merge(&mut object, &change);
                self.user.put(&path, &object).await
            }
            Form::MergePatch => self.user.patch(&path, MERGE_PATCH, &change).await,
            Form::JsonPatch => {
                let mut object = stored.real.clone();
                json_patch::merge(&mut object, &change);
                let patch = serde_json::to_value(diff(&stored.real, &object))?;
                self.user.patch(&path, JSON_PATCH, &patch).await
            }
            // Without force, so that a conflict about what Bowline has written would show.
            Form::Apply => {
                let mut object = match stored.keeps_injected_location(&change) {
                    true => without_location(asked.object),
                    false => asked.object.clone(),
                };
                object["metadata"]["name"] = stored.real["metadata"]["name"].clone();
                self.user.patch(&path, APPLY_PATCH, &object).await
            }
        }
    }

    /// What the API server makes of an object that has nothing to do with Bowline.
    async fn plain(&self, sent: &Value) -> Result<Reply> {
        let mut object = without_references(sent);
        let metadata = object["metadata"].as_object_mut().context("no metadata")?;
        metadata.remove("generateName");
        metadata.insert("name".to_owned(), json!(format!("{NAME}-plain")));
        let path = format!("{}?dryRun=All", collection(&object, &self.namespace)?);
        let before = self.shared.bowline.calls(&self.namespace).len();
        let reply = self.admin.post(&path, &object).await?;
        let after = self.shared.bowline.calls(&self.namespace).len();
        ensure!(
            before == after,
            "Bowline is asked about an object without a reference"
        );
        Ok(reply)
    }

    /// The admission response behind a granted request.
    async fn granted(&mut self, asked: &Asked<'_>, reply: Reply) -> Result<Value> {
        if asked.operation == "DELETE" {
            if !asked.dry_run {
                self.stored = None;
            }
            return Ok(json!({"allowed": true, "warnings": reply.warnings}));
        }
        if asked.subresource.is_some() {
            // The case goes on with what it knew before.
            self.remove().await?;
            return Ok(json!({"allowed": true, "warnings": reply.warnings}));
        }
        let plain = self.plain(asked.object).await?;
        let theirs = plain.warnings.clone();
        let plain = plain.granted().context("the object without references")?;
        let after = without_defaults(&reply.body, &plain, asked.object);
        let mut warnings = reply.warnings;
        warnings.retain(|warning| !theirs.contains(warning));
        let mut response = json!({"allowed": true, "warnings": warnings});
        let patch = diff(asked.object, &after);
        if !patch.is_empty() {
            response["patchType"] = json!("JSONPatch");
            let patch = serde_json::to_string(&patch)?.replace(&self.namespace, NAMESPACE);
            response["patch"] = json!(STANDARD.encode(patch));
        }
        if !asked.dry_run {
            let change = merge_patch(asked.old, asked.object);
            let is_location_injected = match &self.stored {
                Some(stored) => stored.keeps_injected_location(&change),
                None => without_location(asked.object) == *asked.object,
            };
            self.stored = Some(Stored {
                known: after,
                real: reply.body,
                is_location_injected,
            });
        }
        Ok(response)
    }

    /// A dry run leaves the object as it was, or away.
    async fn ensure_untouched(&self, asked: &Asked<'_>) -> Result<()> {
        let Some(stored) = &self.stored else {
            let path = collection(asked.object, &self.namespace)?;
            let list = self.admin.get(&path).await?.granted()?;
            ensure!(list["items"] == json!([]), "a dry run has left an object");
            return Ok(());
        };
        let now = self.admin.get(&self.path(&stored.real)?).await?.granted()?;
        ensure!(now == stored.real, "a dry run has changed the object");
        Ok(())
    }
}

impl World for Real<'_> {
    fn reach(&self) -> Reach {
        Reach::Api
    }

    async fn reset(&mut self) -> Result<()> {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        // As long as the cases' own namespace, since some cases are about lengths.
        self.namespace = format!("n{:05}", COUNT.fetch_add(1, Ordering::Relaxed));
        ensure!(self.namespace.len() == NAMESPACE.len(), "another length");
        self.secrets.clear();
        self.stored = None;
        let labels = [("bowline.dev/inject", "enabled")];
        self.shared
            .cluster
            .namespace(&self.namespace, &labels)
            .await
    }

    async fn put_secret(&mut self, secret: &Value) -> Result<()> {
        let mut secret = secret.clone();
        secret["metadata"]["namespace"] = json!(self.namespace);
        let name = secret["metadata"]["name"].as_str().context("no name")?;
        self.secrets.insert(name.to_owned());
        self.put(&secret).await
    }

    async fn delete_secret(&mut self, name: &str) -> Result<()> {
        let path = format!("/api/v1/namespaces/{}/secrets/{name}", self.namespace);
        self.delete(&path).await
    }

    async fn put_account(&mut self, name: &str, links: &[String]) -> Result<()> {
        let links: Vec<Value> = links.iter().map(|name| json!({"name": name})).collect();
        let account = json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": self.namespace},
            "secrets": links,
        });
        self.put(&account).await
    }

    /// For each set of rights there is another user, since rights take effect by and by.
    async fn forbid(&mut self, names: &[String]) -> Result<()> {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        if names.is_empty() {
            self.user = self.admin.acting_as(USER, &[AUTHORS]);
            return Ok(());
        }
        let user = format!("{USER}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let allowed = self.secrets.iter().filter(|name| !names.contains(name));
        // An empty list of names would mean all of them.
        let allowed: Vec<&str> = allowed.map(String::as_str).chain(["none"]).collect();
        let rule = json!({
            "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": allowed,
        });
        for mut object in [
            role("Role", &user, &[rule]),
            binding("Role", &user, "User", &user),
        ] {
            object["metadata"]["namespace"] = json!(self.namespace);
            self.shared.cluster.apply(&[object]).await?;
        }
        self.user = self.admin.acting_as(&user, &[AUTHORS]);
        until_may_get(&self.user, &self.namespace, "none").await
    }

    async fn disconnect(&mut self, names: &[String]) -> Result<()> {
        ensure!(names.is_empty(), "this world cannot break its own API");
        Ok(())
    }

    async fn post(&mut self, review: &Value) -> Result<String> {
        let review: Value =
            serde_json::from_str(&review.to_string().replace(NAMESPACE, &self.namespace))?;
        let request = &review["request"];
        let asked = Asked {
            operation: request["operation"].as_str().context("no operation")?,
            object: &request["object"],
            old: &request["oldObject"],
            subresource: request["subResource"].as_str(),
            dry_run: request["dryRun"] == true,
        };
        self.store(asked.old).await?;
        let reply = self.send(&asked).await?;
        if asked.dry_run && asked.operation != "DELETE" {
            self.ensure_untouched(&asked).await?;
        }
        let mut response = if reply.is_ok() {
            self.granted(&asked, reply).await?
        } else {
            denied(&reply)?
        };
        response["uid"] = request["uid"].clone();
        let answer = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response,
        });
        Ok(answer.to_string().replace(&self.namespace, NAMESPACE))
    }

    async fn accounts(&mut self) -> Result<BTreeMap<String, Vec<String>>> {
        let path = format!("/api/v1/namespaces/{}/serviceaccounts", self.namespace);
        let list = self.admin.get(&path).await?.granted()?;
        let accounts = list["items"].as_array().context("no items")?;
        let text = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
        let links = |account: &Value| -> Vec<String> {
            let links = account["secrets"].as_array();
            links.into_iter().flatten().map(text).collect()
        };
        Ok(accounts
            .iter()
            .map(|account| (text(&account["metadata"]), links(account)))
            .filter(|(name, _)| name != "default")
            .collect())
    }
}

/// The admission response behind a request that a webhook has denied.
fn denied(reply: &Reply) -> Result<Value> {
    let message = reply.message();
    let Some((webhook, text)) = message.split_once(" denied the request: ") else {
        bail!("the API server refuses the request itself: {message}");
    };
    ensure!(webhook.starts_with("admission webhook"), "{message}");
    let status = json!({"code": reply.code, "message": text});
    Ok(json!({"allowed": false, "status": status, "warnings": reply.warnings}))
}

/// An object without the location of its model.
fn without_location(object: &Value) -> Value {
    let mut object = object.clone();
    for (model, location) in LOCATIONS {
        let model = object.pointer_mut(model).and_then(Value::as_object_mut);
        model.and_then(|fields| fields.remove(location));
    }
    object
}

/// The merge patch that leads from one object to another.
fn merge_patch(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return after.clone();
    };
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    let mut patch: serde_json::Map<String, Value> =
        gone.map(|key| (key.clone(), Value::Null)).collect();
    for (key, after) in new {
        let before = old.get(key).unwrap_or(&Value::Null);
        if before != after {
            patch.insert(key.clone(), merge_patch(before, after));
        }
    }
    Value::Object(patch)
}
