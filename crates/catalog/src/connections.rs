//! Connections on a Kubernetes API, with the rights of whoever the client belongs to: read, created,
//! changed. What a Secret must look like is decided by `draft` and `edit`; lists, usage and deletion
//! are other modules.

mod carried;
mod stored;

use bowline_core::{Connection, Finding, Recognition, Secret, names};
use k8s_openapi::api::core::v1::Secret as KubernetesSecret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, Patch, PatchParams, PostParams};

use crate::conflict::{self, MANAGER};
use crate::connection_types::Types;
use crate::draft::{Circumstances, Draft, NewConnection, draft, error};
use crate::edit::{Change, Edited, Subject, edit, type_name};
use crate::error::{Error, Result};
use crate::types::ConnectionType;
use crate::{keys, naming, who};

pub use carried::is_carried;
pub use stored::Stored;
use stored::{object, secret, typed};

/// How often a change that names no version is tried again when others are faster.
const ATTEMPTS: usize = 5;

/// A connection as it was saved, and what is doubtful about it.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The connection.
    pub stored: Stored,
    /// Everything that core and the type have to say, errors of core's included: nothing is refused
    /// for those.
    pub findings: Vec<Finding>,
    /// Whether anything was written.
    pub is_changed: bool,
}

/// The connections that a client may reach.
#[derive(Clone)]
pub struct Connections {
    client: kube::Client,
    types: Types,
}

impl Connections {
    /// Connections by the rights of `client`; types as `types` reads them.
    pub const fn new(client: kube::Client, types: Types) -> Self {
        Self { client, types }
    }

    /// The client whose rights count.
    pub const fn client(&self) -> &kube::Client {
        &self.client
    }

    /// The types that connections are made with.
    pub const fn types(&self) -> &Types {
        &self.types
    }

    /// A connection.
    ///
    /// # Errors
    /// When there is none of the name, or when the caller may not read it.
    pub async fn get(&self, namespace: &str, name: &str) -> Result<Stored> {
        let object = self.object(namespace, name).await?;
        self.understood(object).await
    }

    /// Judges a new connection without creating it.
    ///
    /// # Errors
    /// As [`Connections::create`], but for what only writing shows.
    pub async fn check(&self, namespace: &str, new: &NewConnection) -> Result<Vec<Finding>> {
        Ok(self.draft(namespace, new).await?.findings)
    }

    /// Creates a connection; the caller is its creator.
    ///
    /// # Errors
    /// When something is wrong with what was given, when the name is taken, or when the caller may
    /// not.
    pub async fn create(&self, namespace: &str, new: &NewConnection) -> Result<Saved> {
        let Draft { secret, findings } = self.draft(namespace, new).await?;
        let object = typed(&object(&secret))?;
        let step = format!("creating {}", what(namespace, &secret.name));
        let params = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        let stored = match self.api(namespace).create(&params, &object).await {
            Err(kube::Error::Api(status))
                if status.code == 409 && status.reason == "AlreadyExists" =>
            {
                return Err(taken(namespace, &secret.name, None));
            }
            other => other.map_err(Error::of_kubernetes(step))?,
        };
        Ok(Saved {
            stored: self.understood(stored).await?,
            findings,
            is_changed: true,
        })
    }

    async fn draft(&self, namespace: &str, new: &NewConnection) -> Result<Draft> {
        if !naming::can_exist(namespace) {
            return Err(Error::NotFound {
                what: format!("project `{}`", naming::excerpt(namespace)),
            });
        }
        let random = naming::random().map_err(|_| Error::Unreadable {
            what: "the machine's source of random bytes".to_owned(),
            why: "it gives none".to_owned(),
        })?;
        let creator = who::name(&self.client).await?;
        let circumstances = Circumstances {
            namespace,
            creator: creator.as_deref(),
            random: &random,
        };
        let name = crate::draft::name_of(new, &random);
        let invalid = |findings| Error::Invalid {
            what: what(namespace, if name.is_empty() { "(unnamed)" } else { &name }),
            findings,
        };
        let type_ = match self.types.find(&new.type_name).await? {
            Some(type_) => type_,
            None => return Err(invalid(vec![self.unknown_type(&new.type_name).await?])),
        };
        let draft = draft(new, &type_, circumstances).map_err(invalid)?;
        self.see_that_it_is_free(namespace, &draft.secret.name)
            .await?;
        Ok(draft)
    }

    async fn unknown_type(&self, name: &str) -> Result<Finding> {
        let types = self.types.readable().await?;
        let names: Vec<_> = types
            .iter()
            .filter(|type_| type_.is_enabled)
            .map(|type_| format!("`{}`", type_.name))
            .collect();
        let message = match name {
            "" => "no connection type is named".to_owned(),
            name => format!("there is no connection type `{}`", naming::excerpt(name)),
        };
        Ok(error(
            "type",
            "type",
            message,
            &format!("choose from {}", names.join(", ")),
        ))
    }

    /// Whoever may create but not read hears of a clash from the API itself.
    async fn see_that_it_is_free(&self, namespace: &str, name: &str) -> Result<()> {
        match self.api(namespace).get_opt(name).await {
            Ok(None) => Ok(()),
            Ok(Some(found)) => Err(taken(namespace, name, Some(&found.metadata))),
            Err(kube::Error::Api(status)) if status.code == 403 => Ok(()),
            Err(error) => Err(Error::of_kubernetes(format!(
                "reading {}",
                what(namespace, name)
            ))(error)),
        }
    }

    /// Changes a connection, and only what the change names.
    ///
    /// # Errors
    /// When something is wrong with what was given, when secrets must be typed again, when somebody
    /// else changed it since the version that is named, or when the caller may not.
    pub async fn edit(&self, namespace: &str, name: &str, change: &Change) -> Result<Saved> {
        let editor = who::name(&self.client).await?;
        let api = self.api(namespace);
        let mut attempts = ATTEMPTS;
        loop {
            let object = self.object(namespace, name).await?;
            let version = object.metadata.resource_version.clone();
            if let Some(seen) = change.resource_version.as_deref()
                && Some(seen) != version.as_deref()
            {
                return Err(conflict::explain(&api, &what(namespace, name), seen, &object).await);
            }
            let Stored {
                connection, type_, ..
            } = self.understood(object.clone()).await?;
            let other_type = self
                .other_type(&connection.secret, change, namespace)
                .await?;
            let subject = Subject {
                secret: &connection.secret,
                type_: type_.as_ref(),
                other_type: other_type.as_ref(),
                editor: editor.as_deref(),
            };
            let edited = edit(subject, change).map_err(|findings| Error::Invalid {
                what: what(namespace, name),
                findings,
            })?;
            let is_changed = !edited.is_empty();
            let written = match is_changed {
                true => {
                    self.write(namespace, name, &edited, version.as_deref())
                        .await
                }
                false => Ok(object),
            };
            match written {
                Ok(object) => {
                    return Ok(Saved {
                        stored: self.understood(object).await?,
                        findings: edited.findings,
                        is_changed,
                    });
                }
                Err(kube::Error::Api(status)) if status.code == 409 && attempts > 0 => {
                    attempts -= 1
                }
                Err(error) => {
                    return Err(Error::of_kubernetes(format!(
                        "changing {}",
                        what(namespace, name)
                    ))(error));
                }
            }
        }
    }

    async fn write(
        &self,
        namespace: &str,
        name: &str,
        edited: &Edited,
        version: Option<&str>,
    ) -> Result<KubernetesSecret, kube::Error> {
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let patch = Patch::Merge(edited.expose_merge_patch(version));
        self.api(namespace).patch(name, &params, &patch).await
    }

    /// The type that a change asks for, when it is not the one that is stated already.
    async fn other_type(
        &self,
        secret: &Secret,
        change: &Change,
        namespace: &str,
    ) -> Result<Option<ConnectionType>> {
        let Some(wanted) = change.type_name.as_deref() else {
            return Ok(None);
        };
        if type_name(secret).as_deref() == Some(wanted) {
            return Ok(None);
        }
        match self.types.find(wanted).await? {
            Some(type_) => Ok(Some(type_)),
            None => Err(Error::Invalid {
                what: what(namespace, &secret.name),
                findings: vec![self.unknown_type(wanted).await?],
            }),
        }
    }

    async fn object(&self, namespace: &str, name: &str) -> Result<KubernetesSecret> {
        if !naming::can_exist(namespace) || !naming::can_exist(name) {
            return Err(Error::NotFound {
                what: what(namespace, name),
            });
        }
        let step = format!("reading {}", what(namespace, name));
        let found = self.api(namespace).get_opt(name).await;
        found
            .map_err(Error::of_kubernetes(step))?
            .ok_or_else(|| Error::NotFound {
                what: what(namespace, name),
            })
    }

    async fn understood(&self, object: KubernetesSecret) -> Result<Stored> {
        let secret = secret(&object)?;
        let (namespace, name) = (secret.namespace.clone(), secret.name.clone());
        let connection = match Connection::from_secret(secret) {
            Recognition::Connection(connection) => *connection,
            Recognition::Candidate(candidate) => {
                return Err(Error::NotFound {
                    what: format!("{}; {}", what(&namespace, &name), candidate.reason),
                });
            }
            Recognition::Other(_) => {
                return Err(Error::NotFound {
                    what: what(&namespace, &name),
                });
            }
        };
        let type_ = match type_name(&connection.secret) {
            // A type that cannot be read is as good as deleted: its connections stay editable.
            Some(name) => match self.types.find(&name).await {
                Err(Error::Unreadable { .. }) => None,
                found => found?,
            },
            None => None,
        };
        let mut metadata = ObjectMeta {
            managed_fields: None,
            ..object.metadata
        };
        if let Some(annotations) = &mut metadata.annotations {
            annotations.remove(names::LAST_APPLIED);
        }
        Ok(Stored {
            connection,
            metadata,
            type_,
        })
    }

    fn api(&self, namespace: &str) -> Api<KubernetesSecret> {
        Api::namespaced(self.client.clone(), namespace)
    }
}

fn what(namespace: &str, name: &str) -> String {
    format!("connection `{name}` in project `{namespace}`")
}

fn taken(namespace: &str, name: &str, found: Option<&ObjectMeta>) -> Error {
    let annotations = found.and_then(|metadata| metadata.annotations.as_ref());
    let creator = annotations.and_then(|annotations| annotations.get(keys::CREATOR));
    let by = creator.map_or_else(String::new, |creator| format!(", created by `{creator}`"));
    Error::Conflict {
        what: format!(
            "a connection or Secret with the name `{name}` already exists in project `{namespace}`{by}"
        ),
        help: "choose another display name, or give a resource name".to_owned(),
    }
}
