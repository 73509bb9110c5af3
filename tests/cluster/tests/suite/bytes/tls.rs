//! Servers with TLS: which certificates are trusted, by whom and why.

use super::*;

const CA_BUNDLE_CONFIGMAP: &str = "serving.kserve.io/s3-cabundle-configmap";

#[rstest]
#[case::inference_service(inference_service, UPSTREAM)]
#[case::inference_service_in_the_fork(inference_service, OPEN_DATA_HUB)]
#[case::llm_inference_service_in_the_fork(llm_inference_service, OPEN_DATA_HUB)]
#[tokio::test]
async fn the_bundle_of_the_namespace_is_trusted(
    #[case] workload: Workload,
    #[case] kserve: KServe,
) {
    let Some(stage) = Stage::set() else { return };
    let connection = stage.tls_connection(Dialect::Protocol);
    let scene = scene(stage, &connection, workload(PATH));
    assert_eq!(stage.play(&scene, kserve).await, Ok(model()));
}

#[tokio::test]
async fn the_bundle_is_trusted_by_upstream_when_secrets_are_annotated() {
    let Some(stage) = Stage::set() else { return };
    let connection = stage.tls_connection(Dialect::Protocol);
    let scene = Scene {
        annotate_secrets: true,
        ..scene(stage, &connection, llm_inference_service(PATH))
    };
    assert_eq!(stage.play(&scene, UPSTREAM).await, Ok(model()));
}

#[rstest]
#[case::inference_service(inference_service, UPSTREAM)]
#[case::llm_inference_service(llm_inference_service, OPEN_DATA_HUB)]
#[tokio::test]
async fn a_server_of_another_ca_is_not_trusted(#[case] workload: Workload, #[case] kserve: KServe) {
    let Some(stage) = Stage::set() else { return };
    let connection = stage.tls_connection(Dialect::Protocol);
    let scene = Scene {
        ca: Some(other_ca()),
        ..scene(stage, &connection, workload(PATH))
    };
    assert_eq!(
        stage.play(&scene, kserve).await,
        Err(End::Failed(Cause::Untrusted))
    );
}

#[tokio::test]
async fn without_a_bundle_the_server_is_not_trusted() {
    let Some(stage) = Stage::set() else { return };
    let connection = stage.tls_connection(Dialect::Protocol);
    let scene = Scene {
        ca: None,
        ..scene(stage, &connection, inference_service(PATH))
    };
    assert_eq!(
        stage.play(&scene, UPSTREAM).await,
        Err(End::Failed(Cause::Untrusted))
    );
}

#[tokio::test]
async fn a_connection_that_asks_for_no_verification_needs_no_bundle() {
    let Some(stage) = Stage::set() else { return };
    let connection = stage
        .tls_connection(Dialect::Protocol)
        .with_key("AWS_S3_VERIFY_SSL", "false");
    let scene = Scene {
        ca: None,
        ..scene(stage, &connection, inference_service(PATH))
    };
    assert_eq!(stage.play(&scene, UPSTREAM).await, Ok(model()));
}

/// Its configuration names the ConfigMap for every login by account, with TLS or without; Bowline
/// keeps one also where there are no certificates.
#[tokio::test]
async fn an_llm_inference_service_of_open_data_hub_needs_no_certificates_without_tls() {
    let Some(stage) = Stage::set() else { return };
    let connection = stage.connection(Dialect::Protocol);
    let scene = Scene {
        ca: None,
        ..scene(stage, &connection, llm_inference_service(PATH))
    };
    assert_eq!(stage.play(&scene, OPEN_DATA_HUB).await, Ok(model()));
}

/// KServe reads the same key as the notebook, and mounts its own file beside the named one; an
/// annotation tells it which.
#[rstest]
#[case::stops(OPEN_DATA_HUB, false, Err(End::Failed(Cause::NoBundle)))]
#[case::does_not_matter_when_secrets_are_annotated(UPSTREAM, true, Ok(model()))]
#[tokio::test]
async fn a_file_for_notebooks_and_an_llm_inference_service(
    #[case] kserve: KServe,
    #[case] annotate_secrets: bool,
    #[case] expected: Result<Model, End>,
) {
    let Some(stage) = Stage::set() else { return };
    let file = "/etc/pki/tls/custom-certs/ca-bundle.crt";
    let connection = stage
        .tls_connection(Dialect::Protocol)
        .with_key("AWS_CA_BUNDLE", file);
    let scene = Scene {
        annotate_secrets,
        ..scene(stage, &connection, llm_inference_service(PATH))
    };
    assert_eq!(stage.play(&scene, kserve).await, expected);
}

/// An annotation wins over the key, and notebooks do not see it.
#[rstest]
#[case::upstream(UPSTREAM)]
#[case::in_the_fork(OPEN_DATA_HUB)]
#[tokio::test]
async fn an_annotation_tells_kserve_another_file_than_notebooks(#[case] kserve: KServe) {
    let Some(stage) = Stage::set() else { return };
    let connection = stage
        .tls_connection(Dialect::KServe)
        .marked()
        .with_key("AWS_S3_BUCKET", BUCKET)
        .with_key("AWS_CA_BUNDLE", "/etc/pki/tls/custom-certs/ca-bundle.crt")
        .annotated(
            names::KSERVE_S3_CA_BUNDLE,
            "/etc/ssl/custom-certs/cabundle.crt",
        )
        .annotated(CA_BUNDLE_CONFIGMAP, "odh-kserve-custom-ca-bundle");
    let scene = scene(stage, &connection, llm_inference_service(PATH));
    assert_eq!(stage.play(&scene, kserve).await, Ok(model()));
}

/// `AWS_S3_VERIFY_SSL` is a word that KServe's builder does not know.
#[rstest]
#[case::as_a_key(None, Err(End::Failed(Cause::Untrusted)))]
#[case::as_an_annotation(Some("0"), Ok(model()))]
#[tokio::test]
async fn an_llm_inference_service_leaves_verification_off_by_annotation_only(
    #[case] annotation: Option<&str>,
    #[case] expected: Result<Model, End>,
) {
    let Some(stage) = Stage::set() else { return };
    let mut connection = stage
        .tls_connection(Dialect::Protocol)
        .with_key("AWS_S3_VERIFY_SSL", "false");
    if let Some(text) = annotation {
        connection = connection.annotated(names::KSERVE_S3_VERIFY_SSL, text);
    }
    let scene = Scene {
        ca: Some(other_ca()),
        ..scene(stage, &connection, llm_inference_service(PATH))
    };
    assert_eq!(stage.play(&scene, OPEN_DATA_HUB).await, expected);
}

#[tokio::test]
async fn a_file_for_notebooks_is_nothing_to_an_inference_service() {
    let Some(stage) = Stage::set() else { return };
    let connection = stage
        .tls_connection(Dialect::Protocol)
        .with_key("AWS_CA_BUNDLE", "/etc/pki/tls/custom-certs/ca-bundle.crt");
    let scene = scene(stage, &connection, inference_service(PATH));
    assert_eq!(stage.play(&scene, UPSTREAM).await, Ok(model()));
}

#[tokio::test]
async fn a_notebook_trusts_the_file_that_its_connection_names() {
    let Some(stage) = Stage::set() else { return };
    let file = stage.server.ca.display().to_string();
    let connection = stage
        .tls_connection(Dialect::Protocol)
        .with_key("AWS_CA_BUNDLE", &file);
    let scene = scene(stage, &connection, notebook(PATH));
    assert_eq!(stage.play(&scene, UPSTREAM).await, Ok(model()));
}

#[tokio::test]
async fn a_notebook_without_such_a_file_trusts_nobody_new() {
    let Some(stage) = Stage::set() else { return };
    let scene = scene(
        stage,
        &stage.tls_connection(Dialect::Protocol),
        notebook(PATH),
    );
    assert_eq!(
        stage.play(&scene, UPSTREAM).await,
        Err(End::Failed(Cause::Untrusted))
    );
}

/// A certificate authority that the server has nothing to do with.
fn other_ca() -> String {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.self_signed(&key).expect("a certificate").pem()
}
