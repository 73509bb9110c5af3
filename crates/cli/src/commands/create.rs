//! `bowline create`: a new connection. What it must look like is left to the catalog, where its values
//! come from to `crate::given`.

use bowline_catalog::Error;
use bowline_catalog::draft::NewConnection;
use bowline_catalog::types::ConnectionType;
use bowline_catalog::values::Input;
use bowline_core::{Secret, names};

use super::show;
use crate::args::{self, Create};
use crate::cluster::{Cluster, Scope};
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::{catalog, given, terminal};

/// Creates the connection and shows it.
///
/// # Errors
/// When something is wrong with what was given, the name is taken, or the cluster refuses.
pub async fn run(args: &Create, flags: &args::Cluster) -> Result<(), Failure> {
    let file = args.sources.from_file.as_deref();
    let file = file
        .map(|source| given::from_file(source, &args.name))
        .transpose()?;
    let type_name = args
        .type_
        .clone()
        .or_else(|| type_of(file.as_ref()?))
        .ok_or_else(|| {
            catalog::usage("no connection type is named")
                .help("name one with `--type`; `bowline types list` shows them")
        })?;
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster
        .namespace(args.project.namespace.as_deref())
        .to_owned();
    let connections = catalog::connections(&cluster, &args.home);
    let failed = |error| catalog::failure(&cluster, error);
    let type_ = connections.types().find(&type_name).await.map_err(failed)?;
    let values = values(args, file.as_ref(), type_.as_ref())?;
    let stated = |key: &str| {
        file.as_ref()
            .and_then(|secret| secret.annotation(key))
            .map(str::to_owned)
    };
    let new = NewConnection {
        name: Some(args.name.clone()),
        display_name: args
            .display_name
            .clone()
            .or_else(|| stated(names::DISPLAY_NAME))
            .unwrap_or_else(|| args.name.clone()),
        description: args
            .description
            .clone()
            .or_else(|| stated(names::DESCRIPTION))
            .unwrap_or_default(),
        is_vital: args.vital || stated(names::VITAL).as_deref() == Some("true"),
        type_name,
        values,
    };
    if args.sources.dry_run {
        let findings = match connections.check(&namespace, &new).await {
            Ok(findings) => findings,
            Err(error) => return Err(refused(&cluster, &namespace, &args.name, error).await),
        };
        cluster
            .must_exist(&Scope::Namespace(namespace.clone()))
            .await?;
        catalog::tell("", &findings);
        return terminal::print(&format!(
            "connection `{}` would be created in project `{namespace}`\n",
            args.name
        ));
    }
    let saved = match connections.create(&namespace, &new).await {
        Ok(saved) => saved,
        Err(error) => return Err(refused(&cluster, &namespace, &args.name, error).await),
    };
    catalog::tell("", &saved.findings);
    print(
        &args.shape.output,
        saved.stored.connection.secret,
        "created",
    )
}

/// Why nothing was created, and what can be done about it on a command line.
async fn refused(cluster: &Cluster, namespace: &str, name: &str, error: Error) -> Failure {
    match error {
        Error::Conflict { what, .. } => Failure::new(Kind::Conflict, what).help(format!(
            "choose another NAME, or change the one that is there with `bowline set {name} -n {namespace}`"
        )),
        error if error.kind() == Kind::NotFound => match cluster.no_namespace(namespace).await {
            Some(failure) => failure,
            None => catalog::failure(cluster, error),
        },
        error => catalog::failure(cluster, error),
    }
}

fn values(
    args: &Create,
    file: Option<&Secret>,
    type_: Option<&ConnectionType>,
) -> Result<Input, Failure> {
    let mut values = file
        .map(|secret| given::of_secret(secret, type_))
        .unwrap_or_default();
    values.extend(given::values(&args.settings, &args.sources, type_)?);
    if let Some(type_) = type_.filter(|_| !args.sources.dry_run && !args.sources.from_stdin) {
        given::ask_for_missing(&mut values, type_)?;
    }
    Ok(values)
}

/// The pre-installed or example type of what another tool's file holds.
fn type_of(secret: &Secret) -> Option<String> {
    bowline_catalog::edit::type_name(secret)
}

/// One line for people, and the connection without its values for programs.
pub(super) fn print(output: &Output, secret: Secret, verb: &str) -> Result<(), Failure> {
    match output {
        Output::Text | Output::Wide => {
            let (name, namespace) = (
                terminal::plain(&secret.name).into_owned(),
                terminal::plain(&secret.namespace).into_owned(),
            );
            terminal::print(&format!(
                "connection `{name}` {verb} in project `{namespace}`\n"
            ))
        }
        programs => show::print(programs, secret),
    }
}

/// That nothing was asked for.
pub(super) fn nothing_to_do(what: &str) -> Failure {
    Failure::new(Kind::Usage, format!("there is nothing to {what}"))
}
