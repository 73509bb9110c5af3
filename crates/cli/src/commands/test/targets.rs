//! Which connections are tested: those of names, of a project, of all of them, or of files; and what
//! else is in the same project, since a URI is read with the login of another connection.

use bowline_core::{Connection, Protocol, Recognition, Secret};

use crate::args::Test;
use crate::cluster::{Cluster, Scope};
use crate::failure::{Failure, Kind};
use crate::{lookup, manifests};

/// What is tested.
#[derive(Default)]
pub(super) struct Targets {
    /// All connections that are known.
    pub(super) all: Vec<Connection>,
    /// Those of them that are tested, as positions.
    pub(super) tested: Vec<usize>,
    /// What was named and is not tested, and why.
    pub(super) left_out: Vec<(String, String)>,
}

impl Targets {
    fn add(&mut self, connection: Connection, is_tested: bool) {
        if is_tested {
            self.tested.push(self.all.len());
        }
        self.all.push(connection);
    }

    /// The connections of a project that hold a login for what others only name.
    pub(super) fn of_namespace(&self, namespace: &str) -> Vec<&Connection> {
        let has_login = |connection: &&Connection| {
            connection
                .protocol
                .is_some_and(|protocol| protocol != Protocol::Uri)
        };
        self.all
            .iter()
            .filter(|other| other.secret.namespace == namespace)
            .filter(has_login)
            .collect()
    }
}

/// The connections that the flags name in a cluster.
///
/// # Errors
/// When one is not there, there is none at all, or the cluster does not answer.
pub(super) async fn of_cluster(cluster: &Cluster, args: &Test) -> Result<Targets, Failure> {
    let mut targets = Targets::default();
    if args.names.is_empty() {
        let scope = cluster.scope(&args.scope);
        let each = |secret| {
            if let Recognition::Connection(connection) = Connection::from_secret(secret) {
                targets.add(*connection, true);
            }
        };
        cluster.each_secret(&scope, each).await?;
        if targets.tested.is_empty() {
            cluster.must_exist(&scope).await?;
        }
        return some(targets, &scope);
    }
    let namespace = cluster.namespace(args.scope.namespace.as_deref());
    for name in &args.names {
        let Some(secret) = cluster.secret(namespace, name).await? else {
            return Err(lookup::not_found(cluster, namespace, name).await);
        };
        targets.add(recognised(secret)?, true);
    }
    // Whoever may read this one only is told that its login was not found.
    if targets
        .all
        .iter()
        .any(|connection| connection.protocol == Some(Protocol::Uri))
    {
        let each = |secret: Secret| {
            if let Recognition::Connection(connection) = Connection::from_secret(secret) {
                targets.add(*connection, false);
            }
        };
        let _ = cluster
            .each_secret(&Scope::Namespace(namespace.to_owned()), each)
            .await;
    }
    Ok(targets)
}

fn some(targets: Targets, scope: &Scope) -> Result<Targets, Failure> {
    if !targets.tested.is_empty() {
        return Ok(targets);
    }
    let place = match scope {
        Scope::Namespace(name) => format!("namespace `{name}`"),
        Scope::All => "this cluster".to_owned(),
    };
    Err(
        Failure::new(Kind::NotFound, format!("{place} has no connections"))
            .help("`bowline list -A` shows all there are, and what could be one"),
    )
}

/// A connection that somebody named.
fn recognised(secret: Secret) -> Result<Connection, Failure> {
    match Connection::from_secret(secret) {
        Recognition::Connection(connection) => Ok(*connection),
        Recognition::Candidate(candidate) => {
            let what = format!("Secret `{}` is not a connection yet", candidate.secret.name);
            Err(Failure::new(Kind::NotFound, what)
                .cause(candidate.reason)
                .help(candidate.help))
        }
        Recognition::Other(secret) => Err(lookup::something_else(&secret)),
    }
}

/// The connections of files.
///
/// # Errors
/// When a file cannot be read, or holds no connection.
pub(super) fn of_files(args: &Test) -> Result<Targets, Failure> {
    let mut targets = Targets::default();
    for manifest in manifests::read(&args.files)? {
        if !crate::object::is_core(&manifest.object, "Secret") {
            continue;
        }
        let place = manifest.source.start();
        let mut secret = Secret::from_value(&manifest.object).map_err(|error| {
            Failure::new(Kind::Usage, format!("the Secret at {place} cannot be read"))
                .caused_by(&error)
        })?;
        if secret.namespace.is_empty() {
            secret.namespace = args
                .scope
                .namespace
                .clone()
                .unwrap_or_else(|| "default".to_owned());
        }
        match Connection::from_secret(secret) {
            Recognition::Connection(connection) => targets.add(*connection, true),
            Recognition::Candidate(candidate) => targets
                .left_out
                .push((candidate.secret.name.clone(), candidate.reason)),
            Recognition::Other(_) => {}
        }
    }
    if targets.tested.is_empty() {
        return Err(Failure::new(Kind::Usage, "the files hold no connections")
            .help("`bowline lint -f FILE` says what they hold, and what is missing"));
    }
    Ok(targets)
}
