//! A small Kubernetes API in a Rust process: resources as data, watches, patches, access rules,
//! admission, and a SQLite store in which Secrets are sealed.
//!
//! It serves `kubectl` and every other client over TLS ([`ApiServer::serve`]), and clients in the
//! same process without a socket ([`ApiServer::in_process`]). Workloads are stored, never run.
//! Nothing in here knows what the objects are for; who embeds it can look at every object before it
//! is stored ([`Admission`]).
//!
//! Where it knowingly differs from a cluster:
//!
//! - There are no subresources but `status`, `scale`, `token`, and those of pods, which run nowhere.
//! - An object whose owners never were is left alone.
//! - CEL rules of custom resources are not evaluated, and versions of a custom resource differ in
//!   nothing but their name and schema.
//! - A deleted namespace is usually gone when the answer arrives, not some time later.
//! - Members that stand twice in YAML, in a patch or in options are refused, whatever
//!   `fieldValidation` says.
//! - Protobuf bodies are read; objects are answered in JSON or YAML only.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use bowline_apiserver::{ApiServer, Config, Token, UserInfo, tls::Authority};
//!
//! let mut config = Config::new("state/store.sqlite");
//! config.tokens.push(Token::random(UserInfo::administrator("admin"))?);
//! let server = ApiServer::open(config).await?;
//!
//! let serving = Authority::in_directory("state/tls")?.serving(&["localhost", "127.0.0.1"])?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:6443").await?;
//! server.serve(listener, serving.server_config(), std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

/// The example in the README runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod accounts;
mod admission;
mod api;
mod bootstrap;
mod config;
mod crd;
mod discovery;
mod expiry;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod garbage;
mod identity;
mod in_process;
mod kinds;
pub mod kubeconfig;
mod load;
mod managed_fields;
mod object;
mod openapi;
pub mod patch;
mod pipeline;
mod protobuf;
mod rbac;
mod registry;
mod resource;
mod schema;
pub mod selector;
mod server;
mod status;
pub mod store;
pub mod table;
pub mod tls;
mod validate;
mod verbs;

pub use accounts::AccountKeyError;
pub use admission::{
    Admission, AdmissionRequest, Afterwards, Denial, GroupVersionKind, GroupVersionResource,
    Operation, Verdict,
};
pub use config::{Config, Patience, RandomError, Token};
pub use identity::{AUTHENTICATED, MASTERS, UNAUTHENTICATED, UserInfo};
pub use in_process::InProcess;
pub use pipeline::respond::Body;
pub use server::{ApiServer, OpenError, ServeError};
