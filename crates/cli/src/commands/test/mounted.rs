//! The connection that a kubelet has mounted into this process's pod; see `pod`.

use std::path::Path;

use bowline_core::{Connection, Recognition, Secret, Sensitive};
use bowline_probe::WebIdentity;
use serde_json::Value;

use super::pod::{ABOUT_FILE, VALUES, WORKLOAD_FILE};
use super::targets::Targets;
use crate::failure::{Failure, Kind};

/// The connection of a folder.
///
/// # Errors
/// When the folder does not hold what a test's pod has mounted.
pub(super) fn read(folder: &Path) -> Result<Targets, Failure> {
    let unfit = || {
        let what = format!("`{}` does not hold a mounted connection", folder.display());
        Failure::new(Kind::Usage, what).help("`bowline test --from cluster` makes such pods")
    };
    let about =
        std::fs::read(folder.join(ABOUT_FILE)).map_err(|error| unfit().caused_by(&error))?;
    let about: Value = serde_json::from_slice(&about).map_err(|_| unfit())?;
    let mut secret = Secret::from_value(&about).map_err(|error| unfit().caused_by(&error))?;
    let values = std::fs::read_dir(folder.join(VALUES));
    for entry in values.map_err(|error| unfit().caused_by(&error))?.flatten() {
        let Ok(key) = entry.file_name().into_string() else {
            continue;
        };
        // The kubelet's own folders, by which it changes all files at once.
        if key.starts_with("..") {
            continue;
        }
        let value = std::fs::read(entry.path()).map_err(|error| unfit().caused_by(&error))?;
        secret.data.insert(key, Sensitive::new(value));
    }
    match Connection::from_secret(secret) {
        Recognition::Connection(connection) => Ok(Targets {
            all: vec![*connection],
            tested: vec![0],
            ..Targets::default()
        }),
        _ => Err(unfit()),
    }
}

/// Whom Amazon takes this pod for, where its account has a role there: Amazon's own webhook then sets
/// the variable, and the kubelet keeps the file fresh.
pub(super) fn identity() -> Option<WebIdentity> {
    let file = std::env::var("AWS_WEB_IDENTITY_TOKEN_FILE").ok()?;
    let token = std::fs::read_to_string(&file).ok()?;
    Some(WebIdentity {
        token: Sensitive::from(token.trim()),
        file,
    })
}

/// What shows Google which workload this is, where the pod was given that.
pub(super) fn workload(folder: &Path) -> Option<Sensitive> {
    let token = std::fs::read_to_string(folder.join(WORKLOAD_FILE)).ok()?;
    Some(Sensitive::from(token.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kubelet_has_mounted_is_a_connection() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("about")).expect("a folder");
        std::fs::create_dir_all(path("values/..data")).expect("a folder");
        let about = r#"{"metadata": {"name": "tides", "namespace": "harbour",
            "annotations": {"opendatahub.io/connection-type-protocol": "uri"}}}"#;
        std::fs::write(path(ABOUT_FILE), about).expect("a file");
        std::fs::write(path("values/URI"), "https://tides.example").expect("a file");
        let targets = read(folder.path()).expect("a connection");
        assert_eq!(
            targets.all[0].secret.line("URI"),
            Some("https://tides.example")
        );
        assert_eq!(targets.all[0].secret.data.len(), 1);
    }

    #[test]
    fn the_token_of_a_workload_is_read_where_there_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(workload(folder.path()).is_none());
        std::fs::create_dir(folder.path().join("workload")).expect("a folder");
        std::fs::write(folder.path().join(WORKLOAD_FILE), "a.b.c\n").expect("a file");
        let token = workload(folder.path()).expect("a token");
        assert_eq!(token.expose_str(), Some("a.b.c"));
    }

    #[test]
    fn another_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(read(folder.path()).is_err());
    }
}
