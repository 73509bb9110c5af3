use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const ENTRY: &str = r#"{"type":"s3","bucket":"models","endpoint_url":"http://s3"}"#;
const BUNDLED: &str = r#"{"type":"s3","bucket":"models","cabundle_configmap":"bundle"}"#;
const NO_TYPE: &str = r#"{"type":"","bucket":"models"}"#;
const NO_BUCKET: &str = r#"{"type":"s3","bucket":""}"#;
const NUMBER: &str = r#"{"type":"s3","bucket":"models","verify_ssl":0}"#;

fn secret(name: &str, annotations: &Value, data: &Value) -> Secret {
    let object =
        json!({"metadata": {"name": name, "annotations": annotations}, "stringData": data});
    Secret::from_value(&object).expect("a good Secret")
}

/// A namespace with `storage-config` and the account `berth-sa`, which links Secret `berth`.
fn namespace(entries: &Value, annotations: &Value, berth: &Value) -> Namespace {
    let secrets = [
        secret("storage-config", &json!({}), entries),
        secret("berth", annotations, berth),
    ];
    let files = Files::from([("cabundle.crt".to_owned(), "PEM".to_owned())]);
    Namespace {
        secrets: secrets.into_iter().map(|s| (s.name.clone(), s)).collect(),
        accounts: BTreeMap::from([("berth-sa".to_owned(), vec!["berth".to_owned()])]),
        config_maps: BTreeMap::from([("bundle".to_owned(), files)]),
    }
}

fn inference_service(model: &Value) -> Value {
    json!({
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "spec": {"predictor": {"serviceAccountName": "berth-sa", "model": model}},
    })
}

fn llm(uri: &str) -> Value {
    json!({
        "apiVersion": "serving.kserve.io/v1alpha2", "kind": "LLMInferenceService",
        "spec": {"model": {"uri": uri}, "template": {"serviceAccountName": "berth-sa"}},
    })
}

fn by_key(storage: &Value, entries: &Value) -> Result<Option<Container>, Stop> {
    let namespace = namespace(entries, &json!({}), &json!({}));
    serving(
        &inference_service(&json!({"storage": storage})),
        &namespace,
        KServe::UPSTREAM,
    )
}

fn by_account(annotations: &Value, data: &Value, kserve: KServe) -> Result<Container, Stop> {
    let container = serving(
        &llm("s3://models/tide"),
        &namespace(&json!({}), annotations, data),
        kserve,
    )?;
    Ok(container.expect("a container"))
}

#[rstest]
#[case::completed_by_bucket(json!({"key": "berth", "path": "tide"}), json!({"berth": ENTRY}), "s3://models/tide")]
#[case::leading_slash(json!({"key": "berth", "path": "/tide/"}), json!({"berth": ENTRY}), "s3://models/tide/")]
#[case::bucket_of_parameters(json!({"key": "berth", "path": "tide", "parameters": {"bucket": "other"}}), json!({"berth": ENTRY}), "s3://other/tide")]
#[case::default_entry(json!({"path": "tide"}), json!({"default": ENTRY}), "s3://models/tide")]
#[case::default_of_a_type(json!({"path": "tide", "parameters": {"type": "s3", "bucket": "b"}}), json!({"default_s3": ENTRY}), "s3://b/tide")]
#[case::parameters_alone(json!({"path": "tide", "parameters": {"type": "s3", "bucket": "b"}}), json!({}), "s3://b/tide")]
#[case::type_without_buckets(json!({"path": "tide", "parameters": {"type": "hdfs"}}), json!({}), "hdfs://tide")]
fn the_source_comes_from_path_entry_and_parameters(
    #[case] storage: Value,
    #[case] entries: Value,
    #[case] source: &str,
) {
    let container = by_key(&storage, &entries)
        .expect("a pod")
        .expect("a container");
    assert_eq!(container.source, source);
}

#[rstest]
#[case::no_entry(json!({"key": "berth", "path": "tide"}), json!({}), Stop::NoEntry { secret: "storage-config".into(), key: "berth".into() })]
#[case::empty_type(json!({"key": "berth", "path": "tide"}), json!({"berth": NO_TYPE}), Stop::Type(String::new()))]
#[case::empty_bucket(json!({"key": "berth", "path": "tide"}), json!({"berth": NO_BUCKET}), Stop::NoBucket)]
#[case::number_in_entry(json!({"key": "berth", "path": "tide"}), json!({"berth": NUMBER}), Stop::NotStrings("berth".into()))]
#[case::type_hides_the_bucket(json!({"key": "berth", "path": "tide", "parameters": {"type": "s3"}}), json!({"berth": ENTRY}), Stop::NoBucket)]
#[case::nothing_says_a_type(json!({"path": "tide"}), json!({}), Stop::NoType)]
#[case::missing_bundle(json!({"key": "berth", "path": "tide"}), json!({"berth": BUNDLED.replace("bundle\"}", "absent\"}")}), Stop::NoConfigMap("absent".into()))]
fn an_entry_that_does_not_do_stops_the_pod(
    #[case] storage: Value,
    #[case] entries: Value,
    #[case] stop: Stop,
) {
    assert_eq!(by_key(&storage, &entries).expect_err("no pod"), stop);
}

#[test]
fn without_a_path_there_is_nothing_to_fetch() {
    let found = by_key(&json!({"key": "berth"}), &json!({"berth": ENTRY}));
    assert!(found.expect("a pod").is_none());
}

#[test]
fn a_path_beside_a_location_stops_the_pod() {
    let model = json!({"storageUri": "s3://models/tide", "storage": {"path": "tide"}});
    let found = serving(
        &inference_service(&model),
        &Namespace::default(),
        KServe::UPSTREAM,
    );
    assert_eq!(found.expect_err("no pod"), Stop::TwoLocations);
}

#[test]
fn with_an_entry_the_secrets_of_the_account_do_not_count() {
    let login = json!({"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"});
    let namespace = namespace(&json!({"berth": ENTRY}), &json!({}), &login);
    let object = inference_service(&json!({"storage": {"key": "berth", "path": "tide"}}));
    let found = serving(&object, &namespace, KServe::OPEN_DATA_HUB).expect("a pod");
    let names: Vec<_> = found.expect("a container").variables.into_keys().collect();
    assert_eq!(names, ["STORAGE_CONFIG"]);
}

#[test]
fn parameters_are_passed_on_as_overrides() {
    let storage = json!({"key": "berth", "path": "tide", "parameters": {"region": "eu-north-1"}});
    let container = by_key(&storage, &json!({"berth": ENTRY}))
        .expect("a pod")
        .expect("a container");
    assert_eq!(container.variable("STORAGE_CONFIG"), Some(ENTRY));
    assert_eq!(
        container.variable("STORAGE_OVERRIDE_CONFIG"),
        Some(r#"{"region":"eu-north-1"}"#)
    );
}

#[test]
fn the_bundle_of_an_entry_is_mounted() {
    let storage = json!({"key": "berth", "path": "tide"});
    let container = by_key(&storage, &json!({"berth": BUNDLED}))
        .expect("a pod")
        .expect("a container");
    assert_eq!(
        container.variable("CA_BUNDLE_VOLUME_MOUNT_POINT"),
        Some("/etc/ssl/custom-certs")
    );
    assert_eq!(
        container.mounts["/etc/ssl/custom-certs"]["cabundle.crt"],
        "PEM"
    );
}

#[test]
fn a_type_among_the_parameters_hides_the_bundle() {
    let storage =
        json!({"key": "berth", "path": "tide", "parameters": {"type": "s3", "bucket": "b"}});
    let container = by_key(&storage, &json!({"berth": BUNDLED}))
        .expect("a pod")
        .expect("a container");
    assert!(container.mounts.is_empty());
}

#[test]
fn an_annotation_names_another_secret() {
    let namespace = namespace(&json!({}), &json!({}), &json!({"berth": ENTRY}));
    let mut object = inference_service(&json!({"storage": {"key": "berth", "path": "tide"}}));
    object["metadata"] = json!({"annotations": {"serving.kserve.io/storageSecretName": "berth"}});
    let found = serving(&object, &namespace, KServe::UPSTREAM).expect("a pod");
    assert_eq!(found.expect("a container").source, "s3://models/tide");
}

#[rstest]
#[case::pvc("pvc://models/tide", Ok(()))]
#[case::oci("oci://registry/tide", Ok(()))]
#[case::oci_as_volume("oci+native://registry/tide", Ok(()))]
#[case::http("https://host/tide", Err(Stop::Scheme("https://host/tide".into())))]
fn an_llm_inference_service_fetches_from_s3_and_the_hub_only(
    #[case] uri: &str,
    #[case] expected: Result<(), Stop>,
) {
    let found = serving(&llm(uri), &Namespace::default(), KServe::UPSTREAM);
    assert_eq!(
        found.map(|container| assert!(container.is_none())),
        expected
    );
}

#[test]
fn an_account_that_is_missing_stops_the_pod() {
    let found = serving(
        &llm("s3://models/tide"),
        &Namespace::default(),
        KServe::UPSTREAM,
    );
    assert_eq!(
        found.expect_err("no pod"),
        Stop::NoAccount("berth-sa".into())
    );
}

const ANNOTATED: &str = "serving.kserve.io/s3-endpoint";
const USE_HTTPS: &str = "serving.kserve.io/s3-usehttps";

#[rstest]
#[case::aws(KServe::UPSTREAM, json!({}), json!({}), None)]
#[case::key_of_connections_upstream(KServe::UPSTREAM, json!({}), json!({"AWS_S3_ENDPOINT": "http://a"}), None)]
#[case::key_of_connections_in_the_fork(KServe::OPEN_DATA_HUB, json!({}), json!({"AWS_S3_ENDPOINT": "http://a"}), Some("http://a"))]
#[case::key_before_annotation(KServe::OPEN_DATA_HUB, json!({ANNOTATED: "b"}), json!({"AWS_S3_ENDPOINT": "http://a"}), Some("http://a"))]
#[case::annotation(KServe::UPSTREAM, json!({ANNOTATED: "b:9000"}), json!({"AWS_S3_ENDPOINT": "http://a"}), Some("https://b:9000"))]
#[case::annotation_without_tls(KServe::UPSTREAM, json!({ANNOTATED: "b:9000", USE_HTTPS: "0"}), json!({}), Some("http://b:9000"))]
#[case::scheme_says_more(KServe::UPSTREAM, json!({ANNOTATED: "http://b", USE_HTTPS: "1"}), json!({}), Some("http://b"))]
#[case::own_keys(KServe::UPSTREAM, json!({}), json!({"S3_ENDPOINT": "c", "S3_USE_HTTPS": "0"}), Some("http://c"))]
fn the_endpoint_is_found_where_this_kserve_looks(
    #[case] kserve: KServe,
    #[case] annotations: Value,
    #[case] mut data: Value,
    #[case] url: Option<&str>,
) {
    data["AWS_ACCESS_KEY_ID"] = "i".into();
    data["AWS_SECRET_ACCESS_KEY"] = "s".into();
    // The bundle is another matter.
    let kserve = KServe {
        ca_bundle: None,
        ..kserve
    };
    let container = by_account(&annotations, &data, kserve).expect("a pod");
    assert_eq!(container.variable("AWS_ENDPOINT_URL"), url);
}

#[rstest]
#[case::named_in_the_configuration(KServe::UPSTREAM, json!({"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"}), true)]
#[case::old_names_with_a_configuration(KServe::UPSTREAM, json!({"awsAccessKeyID": "i", "awsSecretAccessKey": "s"}), false)]
#[case::old_names_without(KServe::UNCONFIGURED, json!({"awsAccessKeyID": "i", "awsSecretAccessKey": "s"}), true)]
fn a_login_counts_by_the_names_in_the_configuration(
    #[case] kserve: KServe,
    #[case] data: Value,
    #[case] is_found: bool,
) {
    let container = by_account(&json!({}), &data, kserve).expect("a pod");
    assert_eq!(
        container.variable("AWS_SECRET_ACCESS_KEY").is_some(),
        is_found
    );
}

#[test]
fn an_annotation_wins_over_the_key_of_the_same_setting() {
    let data = json!({"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "key", "S3_VERIFY_SSL": "0"});
    let annotations = json!({"serving.kserve.io/s3-region": "annotation"});
    let container = by_account(&annotations, &data, KServe::UPSTREAM).expect("a pod");
    assert_eq!(container.variable("AWS_DEFAULT_REGION"), Some("annotation"));
    assert_eq!(container.variable("S3_VERIFY_SSL"), Some("0"));
}

#[test]
fn in_open_data_hub_a_login_by_account_needs_the_bundle() {
    let data = json!({"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"});
    let found = by_account(&json!({}), &data, KServe::OPEN_DATA_HUB);
    assert_eq!(
        found.expect_err("no pod"),
        Stop::NoConfigMap("odh-kserve-custom-ca-bundle".into())
    );
}

#[test]
fn a_bundle_is_mounted_at_the_folder_of_the_named_file() {
    let data = json!({"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s", "AWS_CA_BUNDLE": "/opt/ca/own.crt"});
    let annotations = json!({"serving.kserve.io/s3-cabundle-configmap": "bundle"});
    let container = by_account(&annotations, &data, KServe::UPSTREAM).expect("a pod");
    assert_eq!(
        container.mounts.into_keys().collect::<Vec<_>>(),
        ["/opt/ca"]
    );
}

#[test]
fn a_login_without_its_id_stops_the_pod() {
    let found = by_account(
        &json!({}),
        &json!({"AWS_SECRET_ACCESS_KEY": "s"}),
        KServe::UPSTREAM,
    );
    let stop = Stop::NoKey {
        secret: "berth".into(),
        key: "AWS_ACCESS_KEY_ID".into(),
    };
    assert_eq!(found.expect_err("no pod"), stop);
}

#[test]
fn a_token_for_the_hub_is_found_by_the_account() {
    let namespace = namespace(&json!({}), &json!({}), &json!({"HF_TOKEN": "t"}));
    let found = serving(&llm("hf://tide/tide"), &namespace, KServe::UPSTREAM).expect("a pod");
    assert_eq!(found.expect("a container").variable("HF_TOKEN"), Some("t"));
}

fn variables(container: &Value) -> Result<BTreeMap<String, String>, Stop> {
    let other = json!({"name": "proxy", "env": [{"name": "WRONG", "value": "1"}]});
    let mut own = container.clone();
    own["name"] = "desk".into();
    let object = json!({
        "metadata": {"name": "desk"},
        "spec": {"template": {"spec": {"containers": [other, own]}}},
    });
    let namespace = namespace(
        &json!({"A": "entry", "B": "b"}),
        &json!({}),
        &json!({"A": "berth"}),
    );
    let text = |value: Sensitive| value.expose_str().unwrap_or_default().to_owned();
    let found = notebook(&object, &namespace)?;
    Ok(found
        .into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect())
}

fn source(name: &str) -> Value {
    json!({"secretRef": {"name": name}})
}

#[rstest]
#[case::one(json!({"envFrom": [source("berth")]}), &[("A", "berth")])]
#[case::later_wins(json!({"envFrom": [source("storage-config"), source("berth")]}), &[("A", "berth"), ("B", "b")])]
#[case::env_wins(json!({"envFrom": [source("berth")], "env": [{"name": "A", "value": "own"}]}), &[("A", "own")])]
#[case::prefix(json!({"envFrom": [{"prefix": "X_", "secretRef": {"name": "berth"}}]}), &[("X_A", "berth")])]
#[case::optional(json!({"envFrom": [{"secretRef": {"name": "absent", "optional": true}}]}), &[])]
#[case::by_key(json!({"env": [{"name": "N", "valueFrom": {"secretKeyRef": {"name": "berth", "key": "A"}}}]}), &[("N", "berth")])]
fn a_notebook_gets_variables_as_the_kubelet_makes_them(
    #[case] container: Value,
    #[case] expected: &[(&str, &str)],
) {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let expected: BTreeMap<_, _> = expected.iter().map(own).collect();
    assert_eq!(variables(&container).expect("a pod"), expected);
}

#[test]
fn a_missing_secret_stops_a_notebook() {
    let found = variables(&json!({"envFrom": [source("absent")]}));
    assert_eq!(found.expect_err("no pod"), Stop::NoSecret("absent".into()));
}
