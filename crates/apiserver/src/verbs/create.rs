//! `create`.

use super::ownership::{self, Owners};
use super::{Call, internal, namespace};
use crate::admission::Operation;
use crate::object;
use crate::pipeline::respond::Answer;
use crate::status::{GroupResource, Status};
use crate::store::{StoreError, Write};
use crate::validate::FieldError;
use serde_json::{Map, Value};

/// Generated names that meet an existing one are generated again this often.
const NAME_ATTEMPTS: usize = 8;
/// No vowels and nothing that looks like another character, so that no words come about.
const NAME_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const NAME_SUFFIX: usize = 5;
const NAME_LIMIT: usize = 63;

impl Call {
    pub(super) async fn create(&mut self, mut object: Value) -> Result<Answer, Status> {
        if self.resource.is_namespaced && self.namespace.is_empty() {
            return Err(Status::method_not_allowed());
        }
        let prefix = object::text(&object, "/metadata/generateName")
            .unwrap_or_default()
            .to_owned();
        let is_generated = object::name(&object).is_empty() && !prefix.is_empty();
        let told = self.warnings.len();
        let mut attempt = 1;
        loop {
            let mut named = match is_generated {
                true => object.clone(),
                false => std::mem::take(&mut object),
            };
            if is_generated {
                let name = generate_name(&prefix)?;
                object::metadata_mut(&mut named).insert("name".to_owned(), name.into());
            }
            self.conform(&mut named)?;
            let claims = ownership::take_claims(&mut named);
            match self.create_named(named, Owners::ByDifference(claims)).await {
                Err(status)
                    if is_generated
                        && status.reason == "AlreadyExists"
                        && attempt < NAME_ATTEMPTS =>
                {
                    attempt += 1;
                    self.warnings.truncate(told);
                }
                outcome => return outcome,
            }
        }
    }

    pub(super) async fn create_named(
        &mut self,
        mut object: Value,
        owners: Owners,
    ) -> Result<Answer, Status> {
        self.stamp(&mut object)?;
        self.check_namespace(object::name(&object)).await?;
        self.complete(&mut object, None);
        let entries = self.entries(owners, &object, None);
        let (mut object, afterwards) = self.admit(Operation::Create, object, None).await?;
        self.validate(&object, None)?;
        self.check_grants(&object, None).await?;
        ownership::put(&mut object, entries);
        if self.query.dry_run {
            return self.pretend(object).await;
        }
        let stored = self.insert(object).await?;
        self.follow_up(afterwards).await;
        Ok(Answer::Object(201, stored))
    }

    /// Sets what only the server sets.
    fn stamp(&self, object: &mut Value) -> Result<(), Status> {
        if object::name(object).is_empty() {
            let error = FieldError::required("metadata.name", "name or generateName is required");
            return Err(Status::invalid(self.resource.group_kind(), "", &[error]));
        }
        if object::text(object, "/metadata/resourceVersion")
            .is_some_and(|version| !version.is_empty())
        {
            // Kubernetes takes this for its own failure, and so clients know it.
            return Err(Status::new(
                500,
                "",
                "resourceVersion should not be set on objects to be created",
            ));
        }
        if self.resource.has_status
            && let Some(members) = object.as_object_mut()
        {
            members.shift_remove("status");
        }
        stamp(object::metadata_mut(object), self.resource.has_generation);
        Ok(())
    }

    /// An object needs a namespace that is there to stay.
    async fn check_namespace(&self, name: &str) -> Result<(), Status> {
        let open = &self.api.open_namespaces;
        if !self.resource.is_namespaced || open.read().await.contains(&self.namespace) {
            return Ok(());
        }
        // Without the guard first, so that what is refused keeps nobody else waiting.
        self.find_namespace(name).await?;
        let mut open = open.write().await;
        if !open.contains(&self.namespace) {
            self.find_namespace(name).await?;
            open.insert(self.namespace.clone());
        }
        Ok(())
    }

    async fn find_namespace(&self, name: &str) -> Result<(), Status> {
        let namespace = &self.namespace;
        let Some(found) = self.api.namespace(namespace).await.map_err(internal)? else {
            return Err(Status::not_found(
                GroupResource {
                    group: "",
                    name: "namespaces",
                },
                namespace,
            ));
        };
        if object::is_terminating(&found.value) {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            return Err(Status::forbidden(self.resource.group_resource(), name, why));
        }
        Ok(())
    }

    /// What creating it would have answered.
    async fn pretend(&self, object: Value) -> Result<Answer, Status> {
        let key = self.key(object::name(&object));
        match self.api.store.get(&key).await.map_err(internal)? {
            Some(_) => Err(self.refused(StoreError::AlreadyExists { key })),
            None => Ok(Answer::Object(201, object)),
        }
    }

    async fn insert(&self, object: Value) -> Result<Value, Status> {
        let open = self.api.open_namespaces.read().await;
        // The namespace may have closed since; it cannot any more while we hold the guard.
        if self.resource.is_namespaced && !open.contains(&self.namespace) {
            self.find_namespace(object::name(&object)).await?;
        }
        let mut writes = namespace::companions(&self.resource, &object);
        let key = self.key(object::name(&object));
        writes.insert(
            0,
            Write::Create {
                key,
                value: self.resource.to_stored(object),
            },
        );
        let stored = self
            .api
            .commit(&self.resource.stored_as, writes)
            .await
            .map_err(|error| self.refused(error))?;
        let first = stored
            .into_iter()
            .next()
            .ok_or_else(|| Status::internal("nothing was stored"))?;
        Ok(self.resource.to_served(first.value))
    }
}

/// What every new object gets.
pub(crate) fn stamp(metadata: &mut Map<String, Value>, has_generation: bool) {
    for member in [
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "resourceVersion",
        "generation",
    ] {
        metadata.shift_remove(member);
    }
    metadata.insert("uid".to_owned(), uuid::Uuid::new_v4().to_string().into());
    metadata.insert("creationTimestamp".to_owned(), object::now().into());
    if has_generation {
        metadata.insert("generation".to_owned(), 1.into());
    }
}

fn generate_name(prefix: &str) -> Result<String, Status> {
    let mut bytes = [0_u8; NAME_SUFFIX];
    getrandom::fill(&mut bytes)
        .map_err(|_| Status::internal("there are no random bytes for a name"))?;
    let letter = |byte: &u8| char::from(NAME_LETTERS[usize::from(*byte) % NAME_LETTERS.len()]);
    let base: String = prefix.chars().take(NAME_LIMIT - NAME_SUFFIX).collect();
    Ok(base + &bytes.iter().map(letter).collect::<String>())
}
