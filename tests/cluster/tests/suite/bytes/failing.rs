//! Connections that are wrong, and how it shows when the model is fetched.

use super::*;

/// What is wrong, and with whom it is noticed.
type Flaw = fn(Connection, &Stage) -> Connection;

fn wrong_secret_key(connection: Connection, _: &Stage) -> Connection {
    Connection {
        secret_key: "not-the-key".to_owned(),
        ..connection
    }
}

fn unknown_key(connection: Connection, _: &Stage) -> Connection {
    Connection {
        access_key: "NOBODY".to_owned(),
        ..connection
    }
}

fn key_of_a_stranger(connection: Connection, stage: &Stage) -> Connection {
    Connection {
        access_key: stage.server.other_access_key.clone(),
        secret_key: stage.server.other_secret_key.clone(),
        ..connection
    }
}

fn renamed_bucket(connection: Connection, _: &Stage) -> Connection {
    Connection {
        bucket: "charts-of-old".to_owned(),
        ..connection
    }
}

#[rstest]
#[case::wrong_secret_key(wrong_secret_key, Cause::Refused)]
#[case::unknown_key(unknown_key, Cause::Refused)]
#[case::key_of_a_stranger(key_of_a_stranger, Cause::Refused)]
#[case::renamed_bucket(renamed_bucket, Cause::NoBucket)]
#[tokio::test]
async fn a_connection_that_is_wrong_fails_when_the_model_is_fetched(
    #[case] flaw: Flaw,
    #[case] cause: Cause,
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
    let connection = enough_for_serving(flaw(stage.connection(dialect), stage));
    for workload in [inference_service, llm_inference_service, notebook] {
        let workload = workload(PATH);
        // Variables of a notebook lead nowhere in that dialect.
        if dialect == Dialect::KServe && workload["kind"] == "Notebook" {
            continue;
        }
        let scene = scene(stage, &connection, workload);
        assert_eq!(
            stage.play(&scene, OPEN_DATA_HUB).await,
            Err(End::Failed(cause))
        );
    }
}

#[rstest]
#[tokio::test]
async fn a_path_with_nothing_below_it_fails_when_the_model_is_fetched(
    #[values(inference_service, llm_inference_service, notebook)] workload: Workload,
    #[values(Dialect::Protocol, Dialect::TypeRef, Dialect::Legacy, Dialect::Alauda)]
    dialect: Dialect,
) {
    let Some(stage) = Stage::set() else { return };
    let scene = scene(stage, &usable(stage, dialect), workload("llm/nowhere"));
    assert_eq!(
        stage.play(&scene, OPEN_DATA_HUB).await,
        Err(End::Failed(Cause::NoModel))
    );
}

/// An entry holds the key as people mean it; whoever reads the Secret itself takes it literally.
#[rstest]
#[case::inference_service(inference_service, Ok(model()))]
#[case::llm_inference_service(llm_inference_service, Err(End::Failed(Cause::Refused)))]
#[case::notebook(notebook, Err(End::Failed(Cause::Refused)))]
#[tokio::test]
async fn a_line_end_behind_a_key_is_no_harm_to_an_entry_only(
    #[case] workload: Workload,
    #[case] expected: Result<Model, End>,
) {
    let Some(stage) = Stage::set() else { return };
    let mut connection = stage.connection(Dialect::Protocol);
    connection.secret_key.push('\n');
    let scene = scene(stage, &connection, workload(PATH));
    assert_eq!(stage.play(&scene, OPEN_DATA_HUB).await, expected);
}
