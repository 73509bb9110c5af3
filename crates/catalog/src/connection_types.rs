//! Connection types on a Kubernetes API: listed and read with a client that may see them all,
//! written with the caller's, so that "administrators only" is a matter of access rules. Forms and
//! rules are `types`.

mod seed;
mod write;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::naming;
use crate::types::{Broken, ConnectionType, TypeDialect, builtin, read};

pub use seed::seed;
pub use write::Saved;

/// The namespaces in which types live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Homes {
    /// Those of Open Data Hub's dialect.
    pub opendatahub: String,
    /// Those of Alauda's.
    pub alauda: String,
}

impl Default for Homes {
    fn default() -> Self {
        Self {
            opendatahub: "opendatahub".to_owned(),
            alauda: "kube-public".to_owned(),
        }
    }
}

impl Homes {
    fn of(&self, dialect: TypeDialect) -> &str {
        match dialect {
            TypeDialect::OpenDataHub => &self.opendatahub,
            TypeDialect::Alauda => &self.alauda,
        }
    }
}

/// A type in a list: readable, or with its error.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Listed {
    /// A type.
    Type(Box<ConnectionType>),
    /// A ConfigMap that says it is one and cannot be read.
    Broken(Broken),
}

impl Listed {
    /// Name of the ConfigMap.
    pub fn name(&self) -> &str {
        match self {
            Self::Type(type_) => &type_.name,
            Self::Broken(broken) => &broken.name,
        }
    }

    /// The type, if it can be read.
    pub fn into_type(self) -> Option<ConnectionType> {
        match self {
            Self::Type(type_) => Some(*type_),
            Self::Broken(_) => None,
        }
    }
}

/// The types that somebody may see.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// They, by name.
    pub types: Vec<Listed>,
    /// Namespaces that may hold more, in which the reader may not look.
    pub closed: Vec<String>,
}

/// The connection types of an installation.
#[derive(Clone)]
pub struct Types {
    reader: kube::Client,
    homes: Homes,
}

impl Types {
    /// Types that are read with the rights of `reader`.
    pub const fn new(reader: kube::Client, homes: Homes) -> Self {
        Self { reader, homes }
    }

    /// Where types live.
    pub const fn homes(&self) -> &Homes {
        &self.homes
    }

    /// All types of both dialects by name, with those compiled in where the cluster has none of the
    /// name. Those that cannot be read are listed with their error.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn list(&self) -> Result<Seen> {
        let mut seen = Seen::default();
        for dialect in TypeDialect::ALL {
            let home = self.homes.of(dialect);
            let params = ListParams::default().labels(&dialect.selector());
            let step = format!("listing connection types in namespace `{home}`");
            match self.api(home).list(&params).await {
                Ok(list) => {
                    let all = list.items.iter().map(|object| listed(&value(object)));
                    seen.types.extend(all);
                }
                Err(error) if is_forbidden(&error) => seen.closed.push(home.to_owned()),
                Err(error) => return Err(Error::of_kubernetes(step)(error)),
            }
        }
        let all = &mut seen.types;
        for type_ in builtin::all(&self.homes.opendatahub) {
            if !all.iter().any(|listed| listed.name() == type_.name) {
                all.push(Listed::Type(Box::new(type_)));
            }
        }
        all.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(seen)
    }

    /// The types that can be read, by name.
    ///
    /// # Errors
    /// As [`Types::list`].
    pub async fn readable(&self) -> Result<Vec<ConnectionType>> {
        let all = self.list().await?;
        Ok(all
            .types
            .into_iter()
            .filter_map(Listed::into_type)
            .collect())
    }

    /// A type by name; where both dialects have it, Open Data Hub's.
    ///
    /// # Errors
    /// When there is none, when it cannot be read, or when the API does not answer.
    pub async fn get(&self, name: &str) -> Result<ConnectionType> {
        let found = self.find(name).await?;
        found.ok_or_else(|| Error::NotFound {
            what: format!("connection type `{name}`"),
        })
    }

    /// As [`Types::get`], where it is no error that there is none.
    ///
    /// # Errors
    /// When it cannot be read, or when the API does not answer.
    pub async fn find(&self, name: &str) -> Result<Option<ConnectionType>> {
        if let Some(object) = self.stored(name).await? {
            return read(&value(&object))
                .map(Some)
                .map_err(|broken| Error::Unreadable {
                    what: format!("connection type `{name}`"),
                    why: broken.error,
                });
        }
        Ok(builtin::get(name, &self.homes.opendatahub))
    }

    /// The ConfigMap of a type, where the reader may look for it.
    async fn stored(&self, name: &str) -> Result<Option<ConfigMap>> {
        if !naming::can_exist(name) {
            return Ok(None);
        }
        for dialect in TypeDialect::ALL {
            let home = self.homes.of(dialect);
            let step = format!("reading ConfigMap `{name}` in namespace `{home}`");
            let found = match self.api(home).get_opt(name).await {
                Err(error) if is_forbidden(&error) => None,
                found => found.map_err(Error::of_kubernetes(step))?,
            };
            // What lies there under the name and is no type does not hide one elsewhere.
            if let Some(object) =
                found.filter(|object| read::dialect(&value(object)) == Some(dialect))
            {
                return Ok(Some(object));
            }
        }
        Ok(None)
    }

    fn api(&self, home: &str) -> Api<ConfigMap> {
        Api::namespaced(self.reader.clone(), home)
    }
}

fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 403)
}

fn listed(object: &Value) -> Listed {
    match read(object) {
        Ok(type_) => Listed::Type(Box::new(type_)),
        Err(broken) => Listed::Broken(broken),
    }
}

fn value(object: &ConfigMap) -> Value {
    serde_json::to_value(object).expect("an object that came as JSON goes as JSON")
}
