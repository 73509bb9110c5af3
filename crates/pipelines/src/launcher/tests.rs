use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// What a release makes of `providers` and a root, as the command shows it.
fn resolved(providers: &str, root: &str, release: &str) -> Value {
    let config = LauncherConfig {
        default_pipeline_root: None,
        providers: Some(providers.to_owned()).filter(|text| !text.is_empty()),
    };
    match resolve(&config, root, release.parse().expect("a release")) {
        Ok(session) => serde_json::to_value(session).expect("plain data"),
        Err(error) => json!(error.to_string()),
    }
}

const KEYS: &str = "{secretName: s, accessKeyKey: a, secretKeyKey: k}";

fn s3(rest: &str) -> String {
    format!("s3: {{default: {{endpoint: e, region: r, credentials: {{secretRef: {KEYS}}}}}{rest}}}")
}

fn session(provider: &str, changes: &Value) -> Value {
    let mut params = json!({
        "endpoint": "e", "region": "r", "disableSSL": "false", "forcePathStyle": "true",
        "maxRetries": "5", "fromEnv": "false", "secretName": "s", "accessKeyKey": "a",
        "secretKeyKey": "k",
    });
    json_patch::merge(&mut params, changes);
    json!({"Provider": provider, "Params": params})
}

fn from_env(provider: &str) -> Value {
    json!({"Provider": provider, "Params": {"fromEnv": "true"}})
}

fn built_in(endpoint: &str) -> Value {
    json!({"Provider": "minio", "Params": {
        "region": "minio", "endpoint": endpoint, "disableSSL": "true", "fromEnv": "false",
        "secretName": "mlpipeline-minio-artifact", "accessKeyKey": "accesskey",
        "secretKeyKey": "secretkey", "maxRetries": "5",
    }})
}

#[rstest]
#[case::no_scheme(
    "minio.unsupported.format",
    "parse bucket config failed: unrecognized pipeline root format: \"minio.unsupported.format\""
)]
#[case::no_bucket(
    "s3://",
    "parse bucket config failed: unrecognized pipeline root format: \"s3://\""
)]
#[case::empty(
    "",
    "parse bucket config failed: unrecognized pipeline root format: \"\""
)]
#[case::capitals(
    "S3://b/p",
    "parse bucket config failed: unrecognized pipeline root format: \"S3://b/p\""
)]
#[case::one_letter(
    "s://b/p",
    "parse bucket config failed: unrecognized pipeline root format: \"s://b/p\""
)]
#[case::empty_query(
    "s3://b/p?",
    "parse bucket config failed: unrecognized pipeline root format: \"s3://b/p?\""
)]
#[case::unknown_scheme(
    "abfs://b/p",
    "parse bucket config failed: unsupported Cloud bucket: \"abfs://b/p\""
)]
#[case::third_slash(
    "s3:///b/p",
    "parse bucket config failed: unsupported Cloud bucket: \"s3:///b/p\""
)]
#[case::for_tests_only("mem://b/p", "Encountered unsupported provider in provider config mem")]
fn a_root_that_kfp_does_not_know_is_its_error(#[case] root: &str, #[case] error: &str) {
    assert_eq!(resolved("", root, "2.17"), json!(error));
}

#[rstest]
#[case::s3("", "s3://b/p", from_env("s3"))]
#[case::s3_bucket_only("", "s3://b", from_env("s3"))]
#[case::gs("", "gs://b/p", from_env("gs"))]
#[case::minio("", "minio://b/p", built_in("seaweedfs.kubeflow:9000"))]
#[case::another_block("invalid: {}", "s3://b/p", from_env("s3"))]
#[case::a_block_of_another_scheme(
    "gs: {default: {credentials: {fromEnv: true}}}",
    "s3://b/p",
    from_env("s3")
)]
#[case::an_empty_block("minio: {}", "minio://b/p", built_in("seaweedfs.kubeflow:9000"))]
#[case::a_null_block("minio:", "minio://b/p", built_in("seaweedfs.kubeflow:9000"))]
#[case::null_overrides(
    "minio: {overrides: null}",
    "minio://b/p",
    built_in("seaweedfs.kubeflow:9000")
)]
#[case::unknown_keys_in_the_block("s3: {endpoint: e}", "s3://b/p", from_env("s3"))]
#[case::comments_only("# nothing yet\n", "s3://b/p", from_env("s3"))]
fn without_a_block_the_scheme_decides(
    #[case] providers: &str,
    #[case] root: &str,
    #[case] expected: Value,
) {
    assert_eq!(resolved(providers, root, "2.17"), expected);
}

#[rstest]
#[case::s3("s3", "s3://b/p?region=r")]
#[case::minio("minio", "minio://b/p?region=r&endpoint=e&disableSSL=true")]
#[case::bucket_only("s3", "s3://b?region=r")]
fn a_query_makes_providers_ignored(#[case] provider: &str, #[case] root: &str) {
    let block = s3("").replace("s3:", &format!("{provider}:"));
    assert_eq!(resolved(&block, root, "2.17"), from_env(provider));
    assert_eq!(resolved("", root, "2.17"), from_env(provider));
}

#[test]
fn a_query_does_not_save_providers_that_cannot_be_read() {
    let error = resolved("s3: [", "s3://b/p?region=r", "2.17").to_string();
    assert!(
        error.contains("failed to unmarshall kfp bucket providers"),
        "{error}"
    );
}

#[test]
fn gs_does_not_look_at_a_query() {
    let block = "gs: {default: {credentials: {secretRef: {secretName: s, tokenKey: t}}}}";
    let expected = json!({"Provider": "gs", "Params": {"fromEnv": "false", "secretName": "s", "tokenKey": "t"}});
    assert_eq!(resolved(block, "gs://b/p?x=y", "2.17"), expected);
}

#[rstest]
#[case::all_defaults("", json!({}))]
#[case::tls_off(", disableSSL: true", json!({"disableSSL": "true"}))]
#[case::old_boolean(", disableSSL: yes", json!({"disableSSL": "true"}))]
#[case::virtual_hosted(", forcePathStyle: false", json!({"forcePathStyle": "false"}))]
#[case::retries(", maxRetries: 9", json!({"maxRetries": "9"}))]
#[case::no_retries(", maxRetries: 0", json!({"maxRetries": "0"}))]
#[case::number_for_text(", region: 1", json!({"region": "1"}))]
#[case::null_for_text(", region: null", json!({"region": ""}))]
#[case::any_letter_case(", DisableSSL: true, FORCEPATHSTYLE: false", json!({"disableSSL": "true", "forcePathStyle": "false"}))]
#[case::unknown_key(", signature: v2", json!({}))]
fn a_default_becomes_the_session(#[case] rest: &str, #[case] changes: Value) {
    let region = if rest.contains("region") {
        ""
    } else {
        ", region: r"
    };
    let block = format!(
        "minio: {{default: {{endpoint: e{region}, credentials: {{secretRef: {KEYS}}}{rest}}}}}"
    );
    assert_eq!(
        resolved(&block, "minio://b/p", "2.17"),
        session("minio", &changes)
    );
}

#[test]
fn an_environment_default_keeps_the_connection_and_names_no_secret() {
    let block = format!(
        "s3: {{default: {{endpoint: e, region: r, credentials: {{fromEnv: true, secretRef: {KEYS}}}}}}}"
    );
    let changes =
        json!({"fromEnv": "true", "secretName": null, "accessKeyKey": null, "secretKeyKey": null});
    assert_eq!(
        resolved(&block, "s3://b/p", "2.17"),
        session("s3", &changes)
    );
}

#[rstest]
#[case::no_overrides_at_all(
    "s3: {overrides: []}",
    "invalid provider config: missing default credentials"
)]
#[case::spelt_with_a_capital(
    "s3: {Overrides: []}",
    "invalid provider config: missing default credentials"
)]
#[case::empty_default(
    "s3: {default: {}}",
    "invalid provider config: missing default credentials"
)]
#[case::endpoint_only(
    "s3: {default: {endpoint: e}}",
    "invalid provider config: missing default credentials"
)]
#[case::overrides_only(
    "s3: {overrides: [{bucketName: b, credentials: {fromEnv: true}}]}",
    "invalid provider config: missing default credentials"
)]
#[case::default_without_secret(
    "s3: {default: {credentials: {fromEnv: false}}}",
    "runtime error: invalid memory address or nil pointer dereference: `default.credentials` has neither `fromEnv: true` nor a `secretRef`"
)]
#[case::override_without_credentials(
    "s3: {default: {credentials: {fromEnv: true}}, overrides: [{bucketName: b}]}",
    "invalid provider config: missing override credentials"
)]
#[case::override_without_secret(
    "s3: {default: {credentials: {fromEnv: true}}, overrides: [{bucketName: b, credentials: {}}]}",
    "invalid provider config: missing override secretref"
)]
#[case::override_retries_alone(
    "s3: {default: {credentials: {fromEnv: true}}, overrides: [{bucketName: b, maxRetries: 3, credentials: {fromEnv: true}}]}",
    "runtime error: invalid memory address or nil pointer dereference: an override's `maxRetries` makes KFP read the default's, and there is none"
)]
fn a_block_that_kfp_refuses_is_its_error(#[case] block: &str, #[case] error: &str) {
    assert_eq!(resolved(block, "s3://b/p", "2.17"), json!(error));
    let minio = block.replacen("s3:", "minio:", 1);
    assert_eq!(resolved(&minio, "minio://b/p", "2.17"), json!(error));
}

#[rstest]
#[case::text_for_a_boolean("s3: {default: {disableSSL: 'nope'}}")]
#[case::text_for_a_number("s3: {default: {maxRetries: 'many'}}")]
#[case::list_for_text("s3: {default: {endpoint: [e]}}")]
#[case::mapping_for_a_list("s3: {overrides: {bucketName: b}}")]
#[case::another_block_is_wrong("gs: {default: 7}")]
#[case::no_mapping("just words")]
#[case::no_yaml("s3: {")]
fn providers_of_another_shape_cannot_be_read(#[case] providers: &str) {
    let error = resolved(providers, "s3://b/p", "2.17").to_string();
    let expected =
        "failed to unmarshall kfp bucket providers, ensure that providers config is well formed: ";
    assert!(error.contains(expected), "{error}");
}

/// Every field, as somebody may fill it by mistake.
const FIELDS: [&str; 13] = [
    "CANARY",
    "{default: CANARY}",
    "{overrides: CANARY}",
    "{overrides: [CANARY]}",
    "{default: {endpoint: CANARY}}",
    "{default: {region: CANARY}}",
    "{default: {disableSSL: CANARY}}",
    "{default: {forcePathStyle: CANARY}}",
    "{default: {maxRetries: CANARY}}",
    "{default: {credentials: CANARY}}",
    "{default: {credentials: {fromEnv: CANARY}}}",
    "{default: {credentials: {secretRef: CANARY}}}",
    "{default: {credentials: {secretRef: {secretName: CANARY, accessKeyKey: CANARY, secretKeyKey: CANARY, tokenKey: CANARY}}}}",
];

#[rstest]
#[case::text("canary-5e1f")]
#[case::number("9051734")]
#[case::broken_number("90517.34")]
#[case::list("[canary-5e1f]")]
#[case::mapping("{canary-5e1f: canary-5e1f}")]
fn what_is_wrong_is_told_by_its_place_and_never_repeated(#[case] canary: &str) {
    let word = canary.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let word = word.split(':').next().unwrap_or_default();
    for scheme in ["s3", "gs", "minio"] {
        for field in FIELDS {
            let providers = format!("{scheme}: {}", field.replace("CANARY", canary));
            let parsed = Providers::parse(&providers);
            if let Err(error) = parsed {
                let error = error.to_string();
                assert!(!error.contains(word), "{providers}: {error}");
                assert!(
                    error.contains(&format!("`{scheme}")),
                    "{providers}: {error}"
                );
            }
        }
    }
}

#[rstest]
#[case(
    "s3: {default: {credentials: {secretRef: AKIA}}}",
    "`s3.default.credentials.secretRef` is text where a mapping is expected"
)]
#[case(
    "s3: {Overrides: [{DisableSSL: 1}]}",
    "`s3.overrides[0].disableSSL` is a number where `true` or `false` is expected"
)]
#[case(
    "minio: {default: {maxRetries: 1.5}}",
    "`minio.default.maxRetries` is a number where a whole number is expected"
)]
fn the_place_is_named_as_kfp_spells_it(#[case] providers: &str, #[case] reason: &str) {
    let error = resolved(providers, "s3://b/p", "2.17").to_string();
    assert!(error.contains(reason), "{error}");
}

#[rstest]
#[case::covered("s3://b/v2/artifacts/team-1", "v2/artifacts/team-1/", true)]
#[case::deeper("s3://b/v2/artifacts/team-1/x/y/", "v2/artifacts/team-1/", true)]
#[case::another_bucket("s3://bb/v2/artifacts/team-1", "v2/artifacts/team-1/", false)]
#[case::a_longer_name("s3://b/v2/artifacts/team-10", "v2/artifacts/team-1/", false)]
#[case::a_longer_name_is_captured("s3://b/v2/artifacts/team-10", "v2/artifacts/team-1", true)]
#[case::no_prefix_covers_the_bucket("s3://b/anything", "", true)]
#[case::no_prefix_covers_no_path("s3://b", "", true)]
#[case::a_slash_in_front_covers_nothing("s3://b/v2/artifacts", "/v2", false)]
#[case::two_slashes("s3://b//v2", "/v2/", true)]
fn an_override_covers_what_begins_with_its_prefix(
    #[case] root: &str,
    #[case] prefix: &str,
    #[case] covers: bool,
) {
    let over = format!(
        ", overrides: [{{bucketName: b, keyPrefix: '{prefix}', region: other, credentials: {{secretRef: {KEYS}}}}}]"
    );
    let changes = if covers {
        json!({"region": "other"})
    } else {
        json!({})
    };
    assert_eq!(resolved(&s3(&over), root, "2.17"), session("s3", &changes));
}

#[rstest]
#[case::other_secret("credentials: {secretRef: {secretName: o, accessKeyKey: p, secretKeyKey: q}}", json!({"secretName": "o", "accessKeyKey": "p", "secretKeyKey": "q"}))]
#[case::environment_drops_the_secret("credentials: {fromEnv: true}", json!({"fromEnv": "true", "secretName": null, "accessKeyKey": null, "secretKeyKey": null}))]
#[case::other_connection("endpoint: x, disableSSL: true, forcePathStyle: false, credentials: {secretRef: {secretName: s, accessKeyKey: a, secretKeyKey: k}}", json!({"endpoint": "x", "disableSSL": "true", "forcePathStyle": "false"}))]
#[case::empty_text_is_no_change("endpoint: '', credentials: {secretRef: {secretName: s, accessKeyKey: a, secretKeyKey: k}}", json!({}))]
#[case::incomplete_secret("credentials: {secretRef: {secretName: o}}", json!({"secretName": "o", "accessKeyKey": "", "secretKeyKey": ""}))]
fn an_override_changes_what_it_says(#[case] says: &str, #[case] changes: Value) {
    let over = format!(", overrides: [{{bucketName: b, {says}}}]");
    assert_eq!(
        resolved(&s3(&over), "s3://b/p", "2.17"),
        session("s3", &changes)
    );
}

#[test]
fn an_override_does_not_change_the_retries() {
    let block = format!(
        "s3: {{default: {{endpoint: e, region: r, maxRetries: 2, credentials: {{secretRef: {KEYS}}}}}, overrides: [{{bucketName: b, maxRetries: 9, credentials: {{secretRef: {KEYS}}}}}]}}"
    );
    assert_eq!(
        resolved(&block, "s3://b/p", "2.17"),
        session("s3", &json!({"maxRetries": "2"}))
    );
}

#[test]
fn the_first_override_that_covers_the_root_counts() {
    let one = |prefix: &str, region: &str| {
        format!(
            "{{bucketName: b, keyPrefix: {prefix}, region: {region}, credentials: {{secretRef: {KEYS}}}}}"
        )
    };
    let over = format!(
        ", Overrides: [{}, {}]",
        one("a/", "first"),
        one("a/b/", "second")
    );
    assert_eq!(
        resolved(&s3(&over), "s3://b/a/b", "2.17"),
        session("s3", &json!({"region": "first"}))
    );
}

#[rstest]
#[case::covered("gs://b/x", json!({"fromEnv": "false", "secretName": "o", "tokenKey": "u"}))]
#[case::environment("gs://c/x", json!({"fromEnv": "true"}))]
#[case::default("gs://d/x", json!({"fromEnv": "false", "secretName": "s", "tokenKey": "t"}))]
fn gs_has_overrides_too(#[case] root: &str, #[case] params: Value) {
    let block = "gs: {default: {credentials: {secretRef: {secretName: s, tokenKey: t}}}, overrides: [{bucketName: b, credentials: {secretRef: {secretName: o, tokenKey: u}}}, {bucketName: c, credentials: {fromEnv: true}}]}";
    assert_eq!(
        resolved(block, root, "2.17"),
        json!({"Provider": "gs", "Params": params})
    );
}

#[rstest]
#[case::no_default(
    "gs: {overrides: []}",
    "invalid provider config: missing default credentials"
)]
#[case::no_override_credentials(
    "gs: {default: {credentials: {fromEnv: true}}, overrides: [{bucketName: b}]}",
    "invalid provider config: missing override secretref"
)]
#[case::no_secret(
    "gs: {default: {credentials: {}}}",
    "runtime error: invalid memory address or nil pointer dereference: `default.credentials` has neither `fromEnv: true` nor a `secretRef`"
)]
fn gs_refuses_as_kfp_does(#[case] block: &str, #[case] error: &str) {
    assert_eq!(resolved(block, "gs://b/p", "2.17"), json!(error));
}

#[rstest]
#[case::providers_unknown("2.1", "s3://b/p", from_env("s3"))]
#[case::no_path_style_and_retries("2.3", "s3://b/p", session("s3", &json!({"forcePathStyle": null, "maxRetries": null})))]
#[case::path_style("2.4", "s3://b/p", session("s3", &json!({"maxRetries": null})))]
#[case::retries("2.15", "s3://b/p", session("s3", &json!({})))]
#[case::newest("master", "s3://b/p", session("s3", &json!({})))]
fn older_releases_understand_less(
    #[case] release: &str,
    #[case] root: &str,
    #[case] expected: Value,
) {
    assert_eq!(resolved(&s3(""), root, release), expected);
}

#[rstest]
#[case("2.14", "minio-service.kubeflow:9000", false)]
#[case("2.15", "minio-service.kubeflow:9000", true)]
#[case("2.16", "seaweedfs.kubeflow:9000", true)]
fn the_built_in_store_moved(#[case] release: &str, #[case] endpoint: &str, #[case] retries: bool) {
    let mut expected = built_in(endpoint);
    if !retries {
        json_patch::merge(&mut expected, &json!({"Params": {"maxRetries": null}}));
    }
    assert_eq!(resolved("", "minio://b/p", release), expected);
}

#[test]
fn before_providers_a_query_on_minio_is_not_heard() {
    let mut expected = built_in("minio-service.kubeflow:9000");
    json_patch::merge(&mut expected, &json!({"Params": {"maxRetries": null}}));
    assert_eq!(resolved("", "minio://b/p?region=r", "2.1"), expected);
}

#[rstest]
#[case::manifest(
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kfp-launcher}\ndata: {defaultPipelineRoot: 's3://b/p', providers: 's3: {}'}"
)]
#[case::manifest_in_json(
    r#"{"kind":"ConfigMap","data":{"defaultPipelineRoot":"s3://b/p","providers":"s3: {}"}}"#
)]
#[case::data("data: {defaultPipelineRoot: 's3://b/p', providers: 's3: {}'}")]
#[case::bare("defaultPipelineRoot: s3://b/p\nproviders: |\n  s3: {}")]
fn the_config_map_is_read_whole_or_bare(#[case] text: &str) {
    let read = LauncherConfig::parse(text.as_bytes()).expect("a ConfigMap");
    assert_eq!(read.root(), "s3://b/p");
    assert_eq!(read.providers.as_deref().map(str::trim_end), Some("s3: {}"));
}

#[rstest]
#[case::no_data("kind: ConfigMap")]
#[case::no_data_under_its_name("kind: ConfigMap\nmetadata: {name: kfp-launcher}")]
#[case::empty_values("defaultPipelineRoot: ''\nproviders: ''")]
fn what_is_not_said_has_kfps_default(#[case] text: &str) {
    let read = LauncherConfig::parse(text.as_bytes()).expect("a ConfigMap");
    assert_eq!(read, LauncherConfig::default());
    assert_eq!(read.root(), DEFAULT_ROOT);
}

#[rstest]
#[case::a_mapping(
    "providers: {s3: {}}",
    "`providers` is not text, which all data of a ConfigMap is; write it as a block: `providers: |`"
)]
#[case::nothing("", "it is empty")]
#[case::an_empty_list("kind: List\nitems: []", "it is empty")]
#[case::other_values(
    "replicas: 3",
    "it has neither `defaultPipelineRoot` nor `providers`, and is not called `kfp-launcher`"
)]
#[case::another_config_map(
    "kind: ConfigMap\nmetadata: {name: kube-root-ca.crt}\ndata: {ca.crt: a}",
    "it has neither `defaultPipelineRoot` nor `providers`, and is not called `kfp-launcher`"
)]
#[case::another_kind("kind: Secret\ndata: {}", "a `Secret` where a ConfigMap is expected")]
#[case::two_objects(
    "{}\n---\n{}",
    "2 objects where one `kfp-launcher` ConfigMap or its data is expected"
)]
fn another_file_is_refused(#[case] text: &str, #[case] message: &str) {
    let error = LauncherConfig::parse(text.as_bytes()).expect_err("not the ConfigMap");
    assert_eq!(error.to_string(), message);
}

#[rstest]
#[case::bare_minio("", "minio://b/p", "2.17", &["minio-root"])]
#[case::query_beside_providers("s3: {}", "s3://b/p?region=r", "2.17", &["query-root"])]
#[case::refused_option("", "s3://b/p?disableSSL=true", "2.5", &["query-root"])]
#[case::understood_option("", "s3://b/p?disableSSL=true", "2.4", &[])]
#[case::query_too_early("", "s3://b/p?region=r", "2.0", &["query-root"])]
#[case::providers_too_early("s3: {}", "s3://b/p", "2.1", &["no-providers"])]
#[case::other_scheme("gs: {default: {credentials: {fromEnv: true}}}", "s3://b/p", "2.17", &["other-scheme"])]
#[case::no_secret("s3: {default: {credentials: {}}}", "s3://b/p", "2.17", &["no-secret-ref"])]
#[case::open_prefix("s3: {default: {credentials: {fromEnv: true}}, overrides: [{bucketName: b, keyPrefix: team-1}]}", "s3://b/p", "2.17", &["open-prefix"])]
#[case::dead_prefix("s3: {default: {credentials: {fromEnv: true}}, overrides: [{bucketName: b, keyPrefix: /team-1/}]}", "s3://b/p", "2.17", &["open-prefix"])]
#[case::retries("s3: {default: {credentials: {fromEnv: true}}, overrides: [{bucketName: b, maxRetries: 1}]}", "s3://b/p", "2.17", &["override-retries"])]
#[case::global_endpoint("s3: {default: {endpoint: 'https://s3.amazonaws.com', credentials: {fromEnv: true}}}", "s3://b/p", "2.17", &["global-endpoint"])]
#[case::environment_settings("s3: {default: {region: r, credentials: {fromEnv: true}}}", "s3://b/p", "2.16", &["env-settings"])]
#[case::environment_settings_heard("s3: {default: {region: r, credentials: {fromEnv: true}}}", "s3://b/p", "2.17", &[])]
#[case::path_style("s3: {default: {forcePathStyle: false, region: r, credentials: {secretRef: {}}}}", "s3://b/p", "2.3", &["path-style"])]
#[case::contradiction("s3: {default: {endpoint: 'http://e', region: r, credentials: {secretRef: {}}}}", "s3://b/p", "2.17", &["tls-contradiction"])]
#[case::no_region("s3: {default: {endpoint: e, region: '', credentials: {secretRef: {}}}}", "s3://b/p", "2.17", &["empty-region"])]
#[case::no_region_of_the_environment("s3: {default: {endpoint: e, credentials: {fromEnv: true}}}", "s3://b/p", "2.17", &[])]
#[case::no_region_in_a_part("s3: {default: {endpoint: e, credentials: {fromEnv: true}}, overrides: [{bucketName: b, credentials: {secretRef: {}}}]}", "s3://b/p", "2.17", &["empty-region"])]
#[case::the_defaults_region("s3: {default: {endpoint: e, region: r, credentials: {secretRef: {}}}, overrides: [{bucketName: b, credentials: {secretRef: {}}}]}", "s3://b/p", "2.17", &[])]
#[case::no_region_in_the_query("", "s3://b/p?region=&endpoint=e", "2.2", &["empty-region"])]
#[case::googles_block_has_none("gs: {default: {credentials: {secretRef: {}}}}", "gs://b/p", "2.17", &[])]
#[case::nothing_to_say("s3: {default: {endpoint: 'https://e', region: r, credentials: {secretRef: {}}}}", "s3://b/p", "2.17", &[])]
fn what_kfp_does_not_say_is_said(
    #[case] providers: &str,
    #[case] root: &str,
    #[case] release: &str,
    #[case] rules: &[&str],
) {
    let config = LauncherConfig {
        default_pipeline_root: None,
        providers: Some(providers.to_owned()).filter(|text| !text.is_empty()),
    };
    let found = notes(&config, root, release.parse().expect("a release"));
    let found: Vec<_> = found.iter().map(|note| note.rule).collect();
    assert_eq!(found, rules);
}
