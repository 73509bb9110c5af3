//! Who may touch what in the bucket: rights derived from the layout of keys, and policies that say them
//! in each store's own language. Making users and putting policies into a store is left to people.
//!
//! A key format is cut before its first variable, but for the namespace's: what is left is the prefix
//! that somebody's keys begin with. So another key format gives other policies.

mod alibaba;
mod aws;
mod gcs;
mod ibm;
mod proof;
mod r2;
pub(crate) mod rights;
pub mod simulate;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::model::{Deployment, Store, Vendor};
use crate::stores;

pub use proof::{findings, proof};
pub use rights::{Access, Grant, Listing, Rights, Subject, rights};

/// Whose language policies are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// AWS IAM, in the partition of the endpoint.
    Aws,
    /// MinIO's policies.
    Minio,
    /// The bucket policy of Ceph's gateway and of NooBaa.
    Ceph,
    /// Wasabi's IAM.
    Wasabi,
    /// The bucket's IAM policy of Google Cloud, with conditions.
    Gcs,
    /// Alibaba Cloud RAM.
    Alibaba,
    /// IBM Cloud IAM.
    Ibm,
    /// Tokens of Cloudflare R2.
    R2,
}

/// Why a text names no dialect.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no language of policies; known are {names}", names = Dialect::names())]
pub struct UnknownDialect(String);

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Aws,
        Self::Minio,
        Self::Ceph,
        Self::Wasabi,
        Self::Gcs,
        Self::Alibaba,
        Self::Ibm,
        Self::R2,
    ];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Minio => "minio",
            Self::Ceph => "ceph",
            Self::Wasabi => "wasabi",
            Self::Gcs => "gcs",
            Self::Alibaba => "alibaba",
            Self::Ibm => "ibm",
            Self::R2 => "r2",
        }
    }

    /// What it is, for help.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Aws => "AWS IAM, in the partition of the endpoint",
            Self::Minio => "MinIO",
            Self::Ceph => "bucket policy of Ceph's gateway and of NooBaa",
            Self::Wasabi => "Wasabi IAM",
            Self::Gcs => "bucket IAM policy of Google Cloud, with conditions",
            Self::Alibaba => "Alibaba Cloud RAM",
            Self::Ibm => "IBM Cloud IAM, with conditions",
            Self::R2 => "tokens of Cloudflare R2, which know whole buckets only",
        }
    }

    /// The language of a store; most speak AWS's.
    pub fn of(store: &Store) -> Self {
        match stores::vendor(store) {
            Vendor::Gcs => Self::Gcs,
            Vendor::Alibaba => Self::Alibaba,
            Vendor::Ibm => Self::Ibm,
            Vendor::Minio | Vendor::Seaweed => Self::Minio,
            Vendor::Ceph | Vendor::Odf => Self::Ceph,
            Vendor::Wasabi => Self::Wasabi,
            Vendor::R2 => Self::R2,
            Vendor::Aws | Vendor::Azure | Vendor::Unknown => Self::Aws,
        }
    }

    fn names() -> String {
        Self::ALL
            .map(|dialect| format!("`{}`", dialect.as_str()))
            .join(", ")
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(text: &str) -> Result<Self, UnknownDialect> {
        let found = Self::ALL
            .into_iter()
            .find(|dialect| dialect.as_str() == text);
        found.ok_or_else(|| UnknownDialect(text.to_owned()))
    }
}

/// Which policies are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// Listing ends at one's own prefixes, and broken uploads can be cleaned up.
    #[default]
    Limited,
    /// Word for word what deployKF gives the users of its own MinIO: everybody lists the whole bucket.
    Deploykf,
}

/// A policy for everybody.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policies {
    /// For the parts that all profiles share.
    pub backend: Value,
    /// For each profile, by name.
    pub profiles: Map<String, Value>,
    /// For each person, by email.
    pub users: Map<String, Value>,
}

/// The policies of an installation. In deployKF's form they are in AWS's language whatever is asked
/// for, and people have some only in its own MinIO.
pub fn policies(deployment: &Deployment, dialect: Dialect, form: Form) -> Policies {
    let mut made = Policies {
        backend: Value::Null,
        profiles: Map::new(),
        users: Map::new(),
    };
    for rights in rights(deployment, form) {
        let policy = write(deployment, &rights, dialect, form);
        match rights.subject {
            Subject::Backend => made.backend = policy,
            Subject::Profile(name) => drop(made.profiles.insert(name, policy)),
            Subject::User(email) => drop(made.users.insert(email, policy)),
        }
    }
    made
}

fn write(deployment: &Deployment, rights: &Rights, dialect: Dialect, form: Form) -> Value {
    let store = &deployment.store;
    match (form, dialect) {
        (Form::Deploykf, _) => aws::deploykf(&store.bucket, rights),
        (Form::Limited, Dialect::Aws) => aws::limited(aws::partition(store), &store.bucket, rights),
        (Form::Limited, Dialect::Minio | Dialect::Wasabi) => {
            aws::limited(aws::PARTITION, &store.bucket, rights)
        }
        (Form::Limited, Dialect::Ceph) => aws::bucket_policy(&store.bucket, rights),
        (Form::Limited, Dialect::Gcs) => gcs::bindings(deployment, rights),
        (Form::Limited, Dialect::Alibaba) => alibaba::document(&store.bucket, rights),
        (Form::Limited, Dialect::Ibm) => ibm::documents(&store.bucket, rights),
        (Form::Limited, Dialect::R2) => r2::token(&store.bucket, rights),
    }
}

/// One policy of all of them, for stores where the bucket has a single one: Ceph's and Google's.
/// `None` where everybody has a policy of their own.
pub fn merged(policies: &Policies, dialect: Dialect) -> Option<Value> {
    let list = match dialect {
        Dialect::Ceph => "Statement",
        Dialect::Gcs => "bindings",
        _ => return None,
    };
    let all = std::iter::once(&policies.backend)
        .chain(policies.profiles.values())
        .chain(policies.users.values());
    let entries: Vec<Value> = all
        .filter_map(|policy| policy[list].as_array())
        .flatten()
        .cloned()
        .collect();
    let mut whole: Map<String, Value> = policies.backend.as_object()?.clone();
    whole.insert(list.to_owned(), json!(entries));
    Some(Value::Object(whole))
}
