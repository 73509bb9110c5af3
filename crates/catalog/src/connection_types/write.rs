//! Writing types with the caller's rights: pre-installed ones are protected, clashes are found before
//! anything is written, and changes are merged on the condition that nobody was faster.

use bowline_core::{Finding, Severity};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Types, read, value};
use crate::conflict::{self, MANAGER};
use crate::error::{Error, Result};
use crate::types::{ConnectionType, TypeInput, builtin, rules, write};
use crate::{naming, who};

/// How often a change that names no version is tried again when others are faster.
const ATTEMPTS: usize = 5;

/// A type as it was saved, and what is doubtful about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// The type.
    #[serde(rename = "type")]
    pub type_: ConnectionType,
    /// Warnings and notes.
    pub findings: Vec<Finding>,
}

impl Types {
    /// Creates a type; the caller is its creator.
    ///
    /// # Errors
    /// When rules are broken, the name is taken, or the caller may not.
    pub async fn create(&self, caller: &kube::Client, input: &TypeInput) -> Result<Saved> {
        let creator = who::name(caller).await?;
        self.create_as(caller, input, creator).await
    }

    /// Copies a type under another name, by default `Copy of` its own. A copy is never
    /// pre-installed, and its creator is the caller.
    ///
    /// # Errors
    /// As [`Types::create`], and when there is no such type.
    pub async fn duplicate(
        &self,
        caller: &kube::Client,
        name: &str,
        display_name: Option<&str>,
    ) -> Result<Saved> {
        let original = self.get(name).await?;
        let display_name = display_name.map_or_else(
            || format!("Copy of {}", original.display_name),
            str::to_owned,
        );
        let input = TypeInput {
            name: None,
            display_name,
            resource_version: None,
            ..TypeInput::from(&original)
        };
        self.create(caller, &input).await
    }

    async fn create_as(
        &self,
        caller: &kube::Client,
        input: &TypeInput,
        creator: Option<String>,
    ) -> Result<Saved> {
        let home = self.homes.of(input.dialect);
        let type_ = rules::cleaned(&ConnectionType {
            name: new_name(input)?,
            namespace: home.to_owned(),
            creator,
            ..wanted(input)
        });
        let what = format!("connection type `{}`", type_.name);
        let findings = check(&what, &type_, input, &self.readable().await?)?;
        if self.find(&type_.name).await?.is_some() || self.is_taken(home, &type_.name).await? {
            return Err(taken(&type_.name));
        }
        let object: ConfigMap = typed(write::config_map(&type_))?;
        let step = format!("creating {what} in namespace `{home}`");
        let api: Api<ConfigMap> = Api::namespaced(caller.clone(), home);
        let stored = match api.create(&params(), &object).await {
            Err(kube::Error::Api(status)) if status.code == 409 => return Err(taken(&type_.name)),
            other => other.map_err(Error::of_kubernetes(step))?,
        };
        saved(&stored, findings)
    }

    async fn is_taken(&self, home: &str, name: &str) -> Result<bool> {
        let step = format!("reading ConfigMap `{name}` in namespace `{home}`");
        let found = self.api(home).get_opt(name).await;
        Ok(found.map_err(Error::of_kubernetes(step))?.is_some())
    }

    /// Changes a type to what is given; name, dialect and creator stay, and so does whatever others
    /// put on the ConfigMap.
    ///
    /// # Errors
    /// When rules are broken, when it is pre-installed, when somebody else changed it since the
    /// version that is named, or when the caller may not.
    pub async fn edit(
        &self,
        caller: &kube::Client,
        name: &str,
        input: &TypeInput,
    ) -> Result<Saved> {
        let what = format!("connection type `{name}`");
        self.change(
            caller,
            name,
            input.resource_version.as_deref(),
            |stored, others| {
                if read::is_preinstalled(stored) {
                    return Err(protected(name, "changed"));
                }
                let (namespace, dialect) = self.place(stored)?;
                let mut type_ = rules::cleaned(&ConnectionType {
                    name: name.to_owned(),
                    namespace,
                    dialect,
                    ..wanted(input)
                });
                if input.stated_protocol.is_none() {
                    type_.stated_protocol = read::stated_protocol(stored, dialect);
                }
                let findings = check(&what, &type_, input, others)?;
                Ok((write::merge(stored, &type_), findings))
            },
        )
        .await
    }

    /// Enables or disables a type, a pre-installed one too.
    ///
    /// # Errors
    /// When there is no such type, or when the caller may not.
    pub async fn set_enabled(
        &self,
        caller: &kube::Client,
        name: &str,
        is_enabled: bool,
    ) -> Result<Saved> {
        self.change(caller, name, None, |stored, _| {
            let (_, dialect) = self.place(stored)?;
            Ok((
                write::merge_enabled(stored, dialect, is_enabled),
                Vec::new(),
            ))
        })
        .await
    }

    /// Deletes a type; connections made with it stay. `seen` is the version that the caller has seen,
    /// where only that one is to go.
    ///
    /// # Errors
    /// When it is pre-installed, when there is none, when it is another version by now, or when the
    /// caller may not.
    pub async fn delete(
        &self,
        caller: &kube::Client,
        name: &str,
        seen: Option<&str>,
    ) -> Result<()> {
        let Some(stored) = self.stored(name).await? else {
            return Err(self.absent(name, "deleted"));
        };
        if read::is_preinstalled(&value(&stored)) {
            return Err(protected(name, "deleted"));
        }
        let home = stored.metadata.namespace.as_deref().unwrap_or_default();
        let api: Api<ConfigMap> = Api::namespaced(caller.clone(), home);
        // The one that was looked at, and no other that has taken its name since.
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                uid: stored.metadata.uid.clone(),
                resource_version: seen.map(str::to_owned),
            }),
            ..DeleteParams::default()
        };
        match api.delete(name, &params).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 409 => Err(Error::Changed {
                what: format!("connection type `{name}` was changed since it was read"),
                help: "look at it again, then decide".to_owned(),
            }),
            Err(error) => {
                let step = format!("deleting connection type `{name}`");
                Err(Error::of_kubernetes(step)(error))
            }
        }
    }

    /// Reads, decides and writes, again when others are faster and the caller named no version.
    async fn change(
        &self,
        caller: &kube::Client,
        name: &str,
        seen: Option<&str>,
        decide: impl Fn(&Value, &[ConnectionType]) -> Result<(Option<Value>, Vec<Finding>)>,
    ) -> Result<Saved> {
        let what = format!("connection type `{name}`");
        let others = self.readable().await?;
        let mut attempts = ATTEMPTS;
        loop {
            let stored = match self.stored(name).await? {
                Some(stored) => stored,
                None => self.compiled_in(name)?,
            };
            let (version, home) = (
                &stored.metadata.resource_version,
                stored.metadata.namespace.as_deref(),
            );
            let api: Api<ConfigMap> = Api::namespaced(caller.clone(), home.unwrap_or_default());
            if let (Some(seen), Some(version)) = (seen, version)
                && seen != version
            {
                let reader = self.api(home.unwrap_or_default());
                return Err(conflict::explain(&reader, &what, seen, &stored).await);
            }
            let (patch, findings) = decide(&value(&stored), &others)?;
            let Some(mut patch) = patch else {
                return saved(&stored, findings);
            };
            let step = format!("changing {what}");
            let written = if let Some(version) = version {
                merge(
                    &mut patch,
                    &json!({"metadata": {"resourceVersion": version}}),
                );
                api.patch(name, &patch_params(), &Patch::Merge(&patch))
                    .await
            } else {
                let mut object = value(&stored);
                merge(&mut object, &patch);
                api.create(&params(), &typed(object)?).await
            };
            match written {
                Ok(stored) => return saved(&stored, findings),
                Err(kube::Error::Api(status)) if status.code == 409 && attempts > 0 => {
                    attempts -= 1
                }
                Err(error) => return Err(Error::of_kubernetes(step)(error)),
            }
        }
    }

    /// The ConfigMap of a type that is compiled in, and not in the cluster yet.
    fn compiled_in(&self, name: &str) -> Result<ConfigMap> {
        let type_ = builtin::get(name, &self.homes.opendatahub);
        let type_ = type_.ok_or_else(|| not_found(name))?;
        typed(write::config_map(&type_))
    }

    fn absent(&self, name: &str, done: &str) -> Error {
        match builtin::get(name, &self.homes.opendatahub) {
            Some(_) => protected(name, done),
            None => not_found(name),
        }
    }

    fn place(&self, stored: &Value) -> Result<(String, crate::types::TypeDialect)> {
        let dialect = read::dialect(stored).unwrap_or_default();
        let namespace = stored
            .pointer("/metadata/namespace")
            .and_then(Value::as_str);
        Ok((namespace.unwrap_or_default().to_owned(), dialect))
    }
}

/// What a person wants, without what they cannot say.
fn wanted(input: &TypeInput) -> ConnectionType {
    ConnectionType {
        name: String::new(),
        namespace: String::new(),
        dialect: input.dialect,
        display_name: input.display_name.clone(),
        description: input.description.clone(),
        categories: input.categories.clone(),
        fields: input.fields.clone(),
        is_enabled: input.is_enabled,
        stated_protocol: input
            .stated_protocol
            .as_deref()
            .and_then(|text| text.parse().ok()),
        creator: None,
        is_preinstalled: false,
        created: None,
        resource_version: None,
    }
}

/// The prefix stands before every name that is not given in full.
fn new_name(input: &TypeInput) -> Result<String> {
    if let Some(name) = input
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        let has_prefix = name.starts_with(naming::TYPE_PREFIX);
        let prefix = if has_prefix { "" } else { naming::TYPE_PREFIX };
        return Ok(format!("{prefix}{name}"));
    }
    let random = naming::random().map_err(|_| Error::Unreadable {
        what: "the machine's source of random bytes".to_owned(),
        why: "it gives none".to_owned(),
    })?;
    Ok(naming::from_display_name(
        &input.display_name,
        naming::TYPE_PREFIX,
        &random,
    ))
}

/// Judges what was given, before it was cleaned.
fn check(
    what: &str,
    type_: &ConnectionType,
    input: &TypeInput,
    others: &[ConnectionType],
) -> Result<Vec<Finding>> {
    let given = ConnectionType {
        fields: input.fields.clone(),
        ..type_.clone()
    };
    let mut findings = rules::check(&given, others);
    findings.extend(rules::check_protocol(input));
    if findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        return Err(Error::Invalid {
            what: what.to_owned(),
            findings,
        });
    }
    Ok(findings)
}

fn saved(stored: &ConfigMap, findings: Vec<Finding>) -> Result<Saved> {
    let type_ = crate::types::read(&value(stored)).map_err(|broken| Error::Unreadable {
        what: format!("connection type `{}`", broken.name),
        why: broken.error,
    })?;
    Ok(Saved { type_, findings })
}

fn typed(object: Value) -> Result<ConfigMap> {
    serde_json::from_value(object).map_err(|error| Error::Unreadable {
        what: "the ConfigMap of a connection type".to_owned(),
        why: error.to_string(),
    })
}

fn merge(object: &mut Value, patch: &Value) {
    match (object, patch) {
        (Value::Object(object), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(object.entry(key).or_insert(Value::Null), value);
            }
        }
        (object, patch) => *object = patch.clone(),
    }
}

fn params() -> PostParams {
    PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    }
}

fn patch_params() -> PatchParams {
    PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn taken(name: &str) -> Error {
    Error::Conflict {
        what: format!("a connection type with the name `{name}` already exists"),
        help: "choose another display name, or give a resource name".to_owned(),
    }
}

fn not_found(name: &str) -> Error {
    Error::NotFound {
        what: format!("connection type `{name}`"),
    }
}

fn protected(name: &str, done: &str) -> Error {
    Error::Protected {
        what: format!("connection type `{name}` is pre-installed and cannot be {done}"),
        help: "duplicate it and change the copy; disable the original where nobody should use it"
            .to_owned(),
    }
}
