//! `bowline set` and `bowline unset`: single fields of a connection. What is not named stays.

use bowline_catalog::edit::Change;
use bowline_catalog::values::Given;

use super::create::{nothing_to_do, print};
use crate::args::{self, Home, Set, Shape, Unset};
use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::{catalog, given, lookup, terminal};

/// Changes fields.
///
/// # Errors
/// When something is wrong with what was given, there is no such connection, or the cluster refuses.
pub async fn run(args: &Set, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster
        .namespace(args.project.namespace.as_deref())
        .to_owned();
    let connections = catalog::connections(&cluster, &args.home);
    let stored = stored(&cluster, &connections, &namespace, &args.name).await?;
    let other = match &args.type_ {
        Some(name) => connections
            .types()
            .find(name)
            .await
            .map_err(|error| catalog::failure(&cluster, error))?,
        None => None,
    };
    let type_ = other.as_ref().or(stored.type_.as_ref());
    let mut values = match args.sources.from_file.as_deref() {
        Some(source) => given::of_secret(&given::from_file(source, &args.name)?, type_),
        None => Default::default(),
    };
    values.extend(given::values(&args.settings, &args.sources, type_)?);
    let change = Change {
        display_name: args.display_name.clone(),
        description: args.description.clone(),
        is_vital: args.vital,
        type_name: args.type_.clone(),
        values,
        // What was read decides only how values are taken; the fields not named stay as they are.
        resource_version: None,
    };
    if change.is_empty() {
        return Err(nothing_to_do("change").help("name a field: `bowline set NAME KEY=VALUE`"));
    }
    let target = Target {
        cluster: &cluster,
        home: &args.home,
        namespace: &namespace,
        name: &args.name,
    };
    target
        .apply(&change, args.sources.dry_run, &args.shape)
        .await
}

/// Removes fields.
///
/// # Errors
/// As [`run`].
pub async fn unset(args: &Unset, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster
        .namespace(args.project.namespace.as_deref())
        .to_owned();
    let connections = catalog::connections(&cluster, &args.home);
    let stored = stored(&cluster, &connections, &namespace, &args.name).await?;
    let has = |key: &&String| stored.connection.secret.data.contains_key(*key);
    if let Some(absent) = args.keys.iter().find(|key| !has(key)) {
        let keys: Vec<&str> = stored
            .connection
            .secret
            .data
            .keys()
            .map(String::as_str)
            .collect();
        return Err(catalog::usage(format!(
            "connection `{}` has no field `{absent}`",
            args.name
        ))
        .help(format!("it has {}", keys.join(", "))));
    }
    let change = Change {
        values: args
            .keys
            .iter()
            .map(|key| (key.clone(), Given::Cleared))
            .collect(),
        ..Change::default()
    };
    let target = Target {
        cluster: &cluster,
        home: &args.home,
        namespace: &namespace,
        name: &args.name,
    };
    target.apply(&change, args.dry_run, &args.shape).await
}

/// A connection as it is stored, or a suggestion where there is none of the name.
pub(super) async fn stored(
    cluster: &Cluster,
    connections: &bowline_catalog::Connections,
    namespace: &str,
    name: &str,
) -> Result<bowline_catalog::connections::Stored, Failure> {
    match connections.get(namespace, name).await {
        Err(bowline_catalog::Error::NotFound { .. }) => {
            Err(lookup::not_found(cluster, namespace, name).await)
        }
        other => other.map_err(|error| catalog::failure(cluster, error)),
    }
}

/// What is changed.
struct Target<'a> {
    cluster: &'a Cluster,
    home: &'a Home,
    namespace: &'a str,
    name: &'a str,
}

impl Target<'_> {
    async fn apply(&self, change: &Change, is_dry_run: bool, shape: &Shape) -> Result<(), Failure> {
        let connections = catalog::connections(self.cluster, self.home);
        if is_dry_run {
            return self.preview(&connections, change).await;
        }
        let saved = connections.edit(self.namespace, self.name, change).await;
        let saved = saved.map_err(|error| catalog::failure(self.cluster, error))?;
        catalog::tell("", &saved.findings);
        let verb = if saved.is_changed {
            "changed"
        } else {
            "is as it was"
        };
        print(&shape.output, saved.stored.connection.secret, verb)
    }

    /// Decides what would be written, and writes nothing.
    async fn preview(
        &self,
        connections: &bowline_catalog::Connections,
        change: &Change,
    ) -> Result<(), Failure> {
        let stored = stored(self.cluster, connections, self.namespace, self.name).await?;
        let other = match &change.type_name {
            Some(name) => connections
                .types()
                .find(name)
                .await
                .map_err(|error| catalog::failure(self.cluster, error))?,
            None => None,
        };
        let subject = bowline_catalog::edit::Subject {
            secret: &stored.connection.secret,
            type_: stored.type_.as_ref(),
            other_type: other.as_ref(),
            editor: None,
        };
        let edited = bowline_catalog::edit::edit(subject, change).map_err(|findings| {
            let what = format!("connection `{}` in project `{}`", self.name, self.namespace);
            catalog::failure(
                self.cluster,
                bowline_catalog::Error::Invalid { what, findings },
            )
        })?;
        catalog::tell("", &edited.findings);
        let keys: Vec<&str> = edited.data.keys().map(String::as_str).collect();
        let what = match keys.as_slice() {
            [] if edited.is_empty() => "nothing".to_owned(),
            [] => "its description".to_owned(),
            keys => keys.join(", "),
        };
        terminal::print(&format!(
            "connection `{}` in project `{}`: would change {what}\n",
            self.name, self.namespace
        ))
    }
}
