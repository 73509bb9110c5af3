//! Connections made, changed and carried elsewhere by people: `create`, `set`, `unset`, `edit`,
//! `types`, `export` and `import`, as processes.

mod carrying;
mod editing;
mod making;
mod ordinary;
mod types;

use crate::project::Project;

/// A project with the connection `tides`, made by `bowline create` with the project's canary.
fn project() -> Project {
    let project = empty();
    project.run(
        "printf %s \"$CANARY\" | bowline create tides --type s3 --set AWS_ACCESS_KEY_ID=reader \
         --set AWS_SECRET_ACCESS_KEY=- --set AWS_S3_ENDPOINT=https://s3.wharf.example \
         --set AWS_S3_BUCKET=soundings --description 'Depths'",
    );
    project
}

/// A project without connections, on a server that has a place for connection types.
fn empty() -> Project {
    let project = Project::new("quay");
    project.run("kubectl create namespace opendatahub 2> /dev/null || true");
    project
}
