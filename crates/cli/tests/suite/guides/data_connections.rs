//! OpenShift AI's page "Data Connections", one module per chapter. Connections to S3 carry the
//! legacy annotation there, connections to a URI the deprecated reference.

mod best_practices;
mod creating;
mod deleting;
mod listing;
mod mcp;
mod practical_examples;
mod updating;
mod usage;
mod verification;

use crate::project::Project;

/// A project with one S3 connection made as the page does, named `soundings`.
fn project_with_soundings() -> Project {
    let project = Project::new("harbour");
    project.apply(SOUNDINGS);
    project
}

const SOUNDINGS: &str = include_str!("manifests/s3-basic.yaml");
