//! `s3://`, `gs://`, `oci://`: proved by the protocol itself, with the login of that connection of
//! the project which is for the same bucket or registry.

use bowline_core::docker_config;
use bowline_core::location::Location;
use bowline_core::{Connection, Protocol};

use crate::outcome;
use crate::report::StepName;
use crate::run_as;
use crate::session::{Place, Session};
use crate::trouble::Trouble;

pub(super) async fn run(
    session: &mut Session<'_>,
    location: Location,
    asked: &Place,
) -> Result<(), Trouble> {
    let (protocol, root, path, reference) = match location {
        Location::S3 { bucket, key } => (Protocol::S3, bucket, key, None),
        Location::Gs { bucket, key } => (Protocol::Gcs, bucket, key, None),
        Location::Oci {
            registry,
            repository,
            reference,
        } => (
            Protocol::Oci,
            format!("{registry}/{repository}"),
            String::new(),
            reference,
        ),
        _ => {
            session.begin(StepName::Object);
            session.warn(&outcome::SCHEME_NOT_TESTED);
            return Ok(());
        }
    };
    let Some(connection) = linked(session.request.others, protocol, &root) else {
        session.begin(StepName::SignIn);
        session.warn(Trouble::new(&outcome::NOT_LINKED).detail(format!("`{root}`")));
        return Ok(());
    };
    let path = [
        path.trim_matches('/'),
        asked.path.as_deref().unwrap_or_default(),
    ];
    let path = path
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/");
    let place = Place {
        root: Some(root),
        path: Some(path).filter(|path| !path.is_empty()),
        reference: asked.reference.clone().or(reference),
    };
    session.switch_to(connection);
    run_as(session, protocol, place).await
}

/// The connection that a workload would sign in with: the one for this very bucket or registry.
fn linked<'a>(others: &[&'a Connection], protocol: Protocol, root: &str) -> Option<&'a Connection> {
    let mut same = others
        .iter()
        .copied()
        .filter(|other| other.protocol == Some(protocol));
    same.find(|other| match protocol {
        Protocol::Oci => logs_in(other, root),
        _ => other.bucket().is_some_and(|bucket| bucket.trim() == root),
    })
}

fn logs_in(connection: &Connection, root: &str) -> bool {
    let config = connection
        .value(".dockerconfigjson")
        .and_then(|config| docker_config::parse(config.expose()).ok());
    config.is_some_and(|config| config.is_login_for(root))
}
