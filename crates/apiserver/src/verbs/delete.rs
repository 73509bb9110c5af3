//! `delete` and `deletecollection`.

use super::again::Attempts;
use super::{Call, internal, namespace};
use crate::crd;
use crate::garbage;
use crate::object;
use crate::pipeline::query;
use crate::pipeline::respond::{Answer, ObjectList};
use crate::status::{self, Status};
use crate::store::{ListQuery, ObjectKey, StoreError, Stored, Write};
use crate::validate::FieldError;
use serde_json::{Map, Value};

const ORPHANED_PODS: &str = "child pods are preserved by default when jobs are deleted; \
    set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";
/// Kinds whose deletion answers with the object.
const RETURNED: &[&str] = &[
    "/pods",
    "/serviceaccounts",
    "/persistentvolumeclaims",
    "/resourcequotas",
];
const PROPAGATIONS: &[&str] = &["Foreground", "Background", "Orphan", "nil"];
const JOBS: &str = "batch/jobs";

impl Call {
    pub(super) async fn delete(&mut self, options: &Value) -> Result<Answer, Status> {
        self.take_options(options)?;
        let name = self.name.clone();
        let (object, is_gone) = self.remove(&name, options).await?;
        let shown = RETURNED.contains(&self.resource.stored_as.as_str());
        if is_gone && self.resource.stored_as == "/pods" {
            let pod = marked(object, self.resource.has_generation);
            return Ok(Answer::Object(200, pod));
        }
        if is_gone && !shown {
            let resource = self.resource.group_resource();
            let gone = status::success(resource, &name, object::uid(&object));
            return Ok(Answer::Plain(200, gone));
        }
        Ok(Answer::Object(200, object))
    }

    pub(super) async fn delete_collection(&mut self, options: &Value) -> Result<Answer, Status> {
        if self.resource.is_namespaced && self.namespace.is_empty() {
            return Err(Status::method_not_allowed());
        }
        self.take_options(options)?;
        let query = self.every(&self.selection()?);
        let listed = self
            .api
            .store
            .list(query)
            .await
            .map_err(|error| self.refused(error))?;
        let mut items = Vec::new();
        for item in listed.items {
            self.deleted = Some(items.len());
            match self.remove(object::name(&item), options).await {
                Ok(_) => items.push(self.served(item)),
                Err(status) if status.code == 404 => {}
                Err(status) => return Err(status),
            }
        }
        self.deleted = Some(items.len());
        let mut metadata = Map::new();
        metadata.insert(
            "resourceVersion".to_owned(),
            listed.version.to_string().into(),
        );
        Ok(Answer::List(ObjectList { metadata, items }))
    }

    fn take_options(&mut self, options: &Value) -> Result<(), Status> {
        // Options in a body stand for all; those of the query are not looked at then.
        if options
            .as_object()
            .is_some_and(|members| !members.is_empty())
        {
            self.query.dry_run = false;
            self.query.propagation = None;
            self.query.mistakes.clear();
        }
        let says_what_follows = self.query.propagation.is_some()
            || options.get("propagationPolicy").is_some()
            || options.get("orphanDependents").is_some();
        if self.resource.stored_as == "batch/jobs" && !says_what_follows {
            self.warnings.push(ORPHANED_PODS.to_owned());
        }
        let mut errors = Vec::new();
        let list = options.get("dryRun").and_then(Value::as_array);
        for wanted in list.into_iter().flatten() {
            self.query.dry_run |= self.query.dry_run(wanted.as_str().unwrap_or("?"));
        }
        let own = options.get("propagationPolicy").and_then(Value::as_str);
        if let Some(policy) = own.or(self.query.propagation.as_deref()) {
            let field = "propagationPolicy";
            if options.get("orphanDependents").is_some() {
                let why = "orphanDependents and deletionPropagation cannot be both set";
                errors.push(FieldError::invalid(field, policy, why));
            } else if !PROPAGATIONS.contains(&policy) {
                errors.push(FieldError::unsupported(field, policy, PROPAGATIONS));
            }
        }
        errors.extend(self.query.mistakes.iter().cloned());
        query::check_options("DeleteOptions", &errors)
    }

    /// Takes one object away, or marks it where somebody holds it back. Returns its last state and
    /// whether it is gone.
    async fn remove(&mut self, name: &str, options: &Value) -> Result<(Value, bool), Status> {
        let mut attempts = Attempts::of(self);
        loop {
            let mut found = self.stored(name).await?;
            self.check_preconditions(name, &found, options)?;
            let given = options.get("propagationPolicy").and_then(Value::as_str);
            if given.or(self.query.propagation.as_deref()) == Some("Background") {
                release(&mut found.value);
            }
            let afterwards = self.admit_deletion(&found.value).await?;
            let policy = self.policy(options, object::uid(&found.value));
            match self.remove_once(name, found, policy).await {
                Err(status) if attempts.go_on(self, &status).await => {}
                outcome => {
                    if outcome.is_ok() && !self.query.dry_run {
                        self.follow_up(afterwards).await;
                    }
                    return outcome;
                }
            }
        }
    }

    /// What becomes of those that the object owns. Where there are none, nothing is to be waited for.
    fn policy(&self, options: &Value, uid: &str) -> Policy {
        let given = options.get("propagationPolicy").and_then(Value::as_str);
        let is_orphaning = options.get("orphanDependents").and_then(Value::as_bool);
        let given = given.or(self.query.propagation.as_deref());
        let policy = match (given, is_orphaning) {
            (Some("Orphan"), _) | (None, Some(true)) => Policy::Orphan,
            (Some("Foreground"), _) => Policy::Foreground,
            // Jobs have kept their pods since before there were policies.
            (None, None) if self.resource.stored_as == JOBS => Policy::Orphan,
            _ => Policy::Background,
        };
        if self.api.garbage.may_have_dependents(uid) {
            policy
        } else {
            Policy::Background
        }
    }

    fn check_preconditions(
        &self,
        name: &str,
        found: &Stored,
        options: &Value,
    ) -> Result<(), Status> {
        let kind = self.resource.group_kind();
        let wanted = |pointer: &str| object::text(options, pointer).filter(|text| !text.is_empty());
        let uid = object::uid(&found.value);
        if let Some(wanted) = wanted("/preconditions/uid").filter(|wanted| *wanted != uid) {
            let how = "The object might have been deleted and then recreated";
            return Err(Status::precondition(kind, name, "UID", (wanted, uid), how));
        }
        let version = found.version.to_string();
        if let Some(wanted) =
            wanted("/preconditions/resourceVersion").filter(|wanted| *wanted != version)
        {
            let (member, how) = ("ResourceVersion", "The object might have been modified");
            return Err(Status::precondition(
                kind,
                name,
                member,
                (wanted, &version),
                how,
            ));
        }
        Ok(())
    }

    async fn remove_once(
        &mut self,
        name: &str,
        mut found: Stored,
        policy: Policy,
    ) -> Result<(Value, bool), Status> {
        if self.resource.stored_as == namespace::STORED_AS {
            return namespace::close(self, name, found)
                .await
                .map(|object| (object, false));
        }
        if let Some(finalizer) = policy.finalizer()
            && !object::is_terminating(&found.value)
        {
            hold(&mut found.value, finalizer);
        }
        let is_held = object::has_finalizers(&found.value);
        if is_held && object::is_terminating(&found.value) {
            return Ok((found.value, false));
        }
        if self.query.dry_run {
            let value = match is_held {
                true => marked(found.value, self.resource.has_generation),
                false => found.value,
            };
            return Ok((value, !is_held));
        }
        if is_held {
            let marked = self.mark(name, found).await?;
            return Ok((marked, false));
        }
        self.take_away(name, &found.value, found.version).await?;
        Ok((found.value, true))
    }

    /// Takes an object out of the store, and with it what cannot be without it. Where that fails
    /// halfway, a definition that is still stored is served as before.
    pub(super) async fn take_away(
        &self,
        name: &str,
        object: &Value,
        version: u64,
    ) -> Result<(), Status> {
        let key = self.key(name);
        if self.resource.stored_as != crd::STORED_AS {
            return self.take_away_alone(key, Some(version)).await;
        }
        // Whoever changed the definition meanwhile is told before anything of it is gone; who changes
        // it later changes what goes all the same.
        let going = Write::Update {
            key: key.clone(),
            value: self
                .resource
                .to_stored(marked(object.clone(), self.resource.has_generation)),
            expected: Some(version),
        };
        self.commit(vec![going]).await?;
        let removed = match self.remove_custom_objects(object).await {
            Ok(()) => match self.take_away_alone(key.clone(), None).await {
                // Whoever changed it meanwhile has let it go.
                Err(status) if status.code == 404 => Ok(()),
                outcome => outcome,
            },
            Err(status) => Err(status),
        };
        if removed.is_err() {
            self.api.register(&key).await.map_err(internal)?;
        }
        removed
    }

    async fn take_away_alone(&self, key: ObjectKey, expected: Option<u64>) -> Result<(), Status> {
        // While we hold the guard, the namespace does not close.
        let open = self.api.open_namespaces.read().await;
        let successor = namespace::successor(&self.api, &key).await?;
        let mut writes = vec![Write::Delete { key, expected }];
        writes.extend(successor);
        self.commit(writes).await?;
        drop(open);
        namespace::settle(&self.api, self.closing_namespace()).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<Vec<Stored>, Status> {
        let stored = self.api.commit(&self.resource.stored_as, writes).await;
        stored.map_err(|error| self.refused(error))
    }

    /// Marks an object as going; it goes when its last finalizer does.
    async fn mark(&self, name: &str, found: Stored) -> Result<Value, Status> {
        let value = self
            .resource
            .to_stored(marked(found.value, self.resource.has_generation));
        let update = Write::Update {
            key: self.key(name),
            value,
            expected: Some(found.version),
        };
        let stored = self.commit(vec![update]).await?;
        let first = stored
            .into_iter()
            .next()
            .ok_or_else(|| Status::internal("nothing was stored"))?;
        Ok(self.resource.to_served(first.value))
    }

    /// The objects of a definition go with it.
    async fn remove_custom_objects(&self, definition: &Value) -> Result<(), Status> {
        let resource = crd::stored_as(definition);
        // Without its resources nobody can add an object while the others go.
        self.api.registry.replace(&resource, Vec::new());
        let query = ListQuery {
            resource: resource.clone(),
            ..ListQuery::default()
        };
        let listed = self.api.store.list(query).await.map_err(internal)?;
        for item in listed.items {
            let (namespace, name) = (
                object::namespace(&item).to_owned(),
                object::name(&item).to_owned(),
            );
            let key = ObjectKey {
                resource: resource.clone(),
                namespace,
                name,
            };
            let delete = Write::Delete {
                key,
                expected: None,
            };
            match self.api.commit(&resource, vec![delete]).await {
                Ok(_) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(internal(error)),
            }
        }
        Ok(())
    }

    /// The namespace that may have waited for an object of this request to go.
    pub(super) fn closing_namespace(&self) -> Option<&str> {
        (!self.namespace.is_empty()).then_some(self.namespace.as_str())
    }
}

/// What becomes of the objects that a deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// They go after it.
    Background,
    /// They go before it.
    Foreground,
    /// They stay, and are nobody's.
    Orphan,
}

impl Policy {
    /// What holds the object until they are dealt with.
    fn finalizer(self) -> Option<&'static str> {
        match self {
            Policy::Background => None,
            Policy::Foreground => Some(garbage::FOREGROUND),
            Policy::Orphan => Some(garbage::ORPHAN),
        }
    }
}

/// Adds a finalizer.
fn hold(object: &mut Value, finalizer: &str) {
    let list = object::metadata_mut(object)
        .entry("finalizers")
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Some(list) = list.as_array_mut()
        && !list.iter().any(|own| own == finalizer)
    {
        list.push(finalizer.into());
    }
}

/// Lets an object go that waited for its dependents only, as nothing shall be waited for any more.
fn release(object: &mut Value) {
    let waits = |own: &Value| own == garbage::FOREGROUND || own == garbage::ORPHAN;
    let metadata = object::metadata_mut(object);
    let list = metadata.get("finalizers").and_then(Value::as_array);
    if list.is_some_and(|list| list.iter().all(waits)) {
        metadata.shift_remove("finalizers");
    }
}

/// An object as one that is going.
pub(super) fn marked(mut object: Value, has_generation: bool) -> Value {
    let metadata = object::metadata_mut(&mut object);
    metadata.insert("deletionTimestamp".to_owned(), object::now().into());
    metadata.insert("deletionGracePeriodSeconds".to_owned(), 0.into());
    if has_generation {
        let generation = metadata
            .get("generation")
            .and_then(Value::as_i64)
            .unwrap_or_default()
            + 1;
        metadata.insert("generation".to_owned(), generation.into());
    }
    object
}
