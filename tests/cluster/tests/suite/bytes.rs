//! From connection to bytes: KServe's own storage code is given what Bowline's objects would give
//! its pod, and fetches a model from a real S3 server; so do a few lines of a notebook.

mod cluster;
mod dialect;
mod failing;
mod objects;
mod stage;
mod tls;
mod workload;

use bowline_cluster_tests::storage::run::Cause;
use bowline_cluster_tests::storage::{KServe, Stop};
use bowline_core::names;
use rstest::rstest;
use serde_json::Value;

use dialect::{Connection, Dialect};
use objects::{Scene, admit};
use stage::{BUCKET, CROWDED, End, Model, PATH, Stage, container, model};
use workload::{alauda_inference_service, inference_service, llm_inference_service, notebook};

const UPSTREAM: KServe = KServe::UPSTREAM;
const OPEN_DATA_HUB: KServe = KServe::OPEN_DATA_HUB;

/// A workload with a path.
type Workload = fn(&str) -> Value;

/// A connection and a workload in a namespace that trusts the server's CA, as OpenShift AI sees to.
fn scene(stage: &Stage, connection: &Connection, workload: Value) -> Scene {
    Scene {
        secret: connection.secret(),
        workload,
        ca: Some(stage.ca()),
        annotate_secrets: false,
    }
}

/// The dialects that say enough for a serving workload.
fn usable(stage: &Stage, dialect: Dialect) -> Connection {
    enough_for_serving(stage.connection(dialect))
}

/// The same connection with what its dialect does not say.
fn enough_for_serving(connection: Connection) -> Connection {
    match connection.dialect {
        Dialect::Protocol | Dialect::TypeRef | Dialect::Alauda => connection,
        Dialect::Legacy => connection.marked(),
        Dialect::KServe => {
            let bucket = connection.bucket.clone();
            connection.marked().with_key("AWS_S3_BUCKET", &bucket)
        }
    }
}

#[rstest]
#[tokio::test]
async fn an_inference_service_gets_the_model(
    #[values(
        Dialect::Protocol,
        Dialect::TypeRef,
        Dialect::Legacy,
        Dialect::Alauda,
        Dialect::KServe
    )]
    dialect: Dialect,
    #[values(UPSTREAM, OPEN_DATA_HUB)] kserve: KServe,
) {
    let Some(stage) = Stage::set() else { return };
    let scene = scene(stage, &usable(stage, dialect), inference_service(PATH));
    assert_eq!(stage.play(&scene, kserve).await, Ok(model()));
}

/// Alauda's way: an account that links the Secret instead of an entry in `storage-config`.
#[rstest]
#[tokio::test]
async fn an_inference_service_of_alauda_gets_the_model(
    #[values(UPSTREAM, OPEN_DATA_HUB)] kserve: KServe,
) {
    let Some(stage) = Stage::set() else { return };
    let connection = stage.connection(Dialect::Alauda);
    let scene = scene(stage, &connection, alauda_inference_service(PATH));
    assert_eq!(stage.play(&scene, kserve).await, Ok(model()));
}

#[rstest]
#[tokio::test]
async fn an_llm_inference_service_of_open_data_hub_gets_the_model(
    #[values(
        Dialect::Protocol,
        Dialect::TypeRef,
        Dialect::Legacy,
        Dialect::Alauda,
        Dialect::KServe
    )]
    dialect: Dialect,
) {
    let Some(stage) = Stage::set() else { return };
    let scene = scene(stage, &usable(stage, dialect), llm_inference_service(PATH));
    assert_eq!(stage.play(&scene, OPEN_DATA_HUB).await, Ok(model()));
}

#[rstest]
#[case::alauda(Dialect::Alauda)]
#[case::kserve(Dialect::KServe)]
#[tokio::test]
async fn an_llm_inference_service_of_upstream_gets_the_model_by_annotations(
    #[case] dialect: Dialect,
) {
    let Some(stage) = Stage::set() else { return };
    let scene = scene(stage, &usable(stage, dialect), llm_inference_service(PATH));
    assert_eq!(stage.play(&scene, UPSTREAM).await, Ok(model()));
}

const WITHOUT_ANNOTATIONS: [Dialect; 3] = [Dialect::Protocol, Dialect::TypeRef, Dialect::Legacy];

/// It would ask AWS for the bucket, so it is not run.
#[tokio::test]
async fn an_llm_inference_service_of_upstream_does_not_know_the_endpoint_of_a_connection() {
    let Some(stage) = Stage::set() else { return };
    for dialect in WITHOUT_ANNOTATIONS {
        let scene = scene(stage, &usable(stage, dialect), llm_inference_service(PATH));
        let admitted = admit(&scene).await.expect("admitted");
        let container = container(&admitted, UPSTREAM).expect("a container");
        assert_eq!(container.variable("AWS_ENDPOINT_URL"), None, "{dialect:?}");
    }
}

#[rstest]
#[tokio::test]
async fn an_llm_inference_service_of_upstream_gets_the_model_when_secrets_are_annotated(
    #[values(0, 1, 2)] which: usize,
) {
    let Some(stage) = Stage::set() else { return };
    let connection = usable(stage, WITHOUT_ANNOTATIONS[which]);
    let scene = Scene {
        annotate_secrets: true,
        ..scene(stage, &connection, llm_inference_service(PATH))
    };
    assert_eq!(stage.play(&scene, UPSTREAM).await, Ok(model()));
}

#[rstest]
#[tokio::test]
async fn a_notebook_reads_the_model(
    #[values(Dialect::Protocol, Dialect::TypeRef, Dialect::Legacy, Dialect::Alauda)]
    dialect: Dialect,
) {
    let Some(stage) = Stage::set() else { return };
    let scene = scene(stage, &stage.connection(dialect), notebook(PATH));
    assert_eq!(stage.play(&scene, UPSTREAM).await, Ok(model()));
}

/// KServe's endpoint is an annotation, and variables come from keys.
#[tokio::test]
async fn a_notebook_learns_no_endpoint_from_the_annotations_of_kserve() {
    let Some(stage) = Stage::set() else { return };
    let scene = scene(stage, &stage.connection(Dialect::KServe), notebook(PATH));
    assert_eq!(
        stage.play(&scene, UPSTREAM).await,
        Err(End::Failed(Cause::NoVariable))
    );
}

#[rstest]
#[tokio::test]
async fn a_dialect_that_states_no_type_is_denied_with_the_annotation_to_add(
    #[values(Dialect::Legacy, Dialect::KServe)] dialect: Dialect,
    #[values(inference_service, llm_inference_service)] workload: Workload,
) {
    let Some(stage) = Stage::set() else { return };
    let scene = scene(stage, &stage.connection(dialect), workload(PATH));
    let Err(End::Denied(text)) = stage.play(&scene, UPSTREAM).await else {
        panic!("not denied");
    };
    let help = format!("add annotation `{}: s3`", names::PROTOCOL);
    assert!(text.contains(&help), "{text}");
}

/// KServe's dialect knows no bucket, and a key alone does not lead to one.
#[tokio::test]
async fn an_entry_without_a_bucket_stops_the_pod() {
    let Some(stage) = Stage::set() else { return };
    let connection = stage.connection(Dialect::KServe).marked();
    let scene = scene(stage, &connection, inference_service(PATH));
    assert_eq!(
        stage.play(&scene, UPSTREAM).await,
        Err(End::Stopped(Stop::NoBucket))
    );
}

#[rstest]
#[case::fetches_the_neighbour_too(CROWDED, false)]
#[case::keeps_the_neighbour_out("llm/ebb/", true)]
#[tokio::test]
async fn a_slash_at_the_end_of_a_path(
    #[case] path: &str,
    #[case] is_alone: bool,
    #[values(inference_service, alauda_inference_service, llm_inference_service)]
    workload: Workload,
) {
    let Some(stage) = Stage::set() else { return };
    let scene = scene(stage, &stage.connection(Dialect::Protocol), workload(path));
    let found = stage.play(&scene, OPEN_DATA_HUB).await.expect("a model");
    assert_eq!(found == model(), is_alone, "{:?}", found.keys());
}
