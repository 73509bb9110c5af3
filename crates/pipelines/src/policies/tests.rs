use rstest::rstest;
use serde_json::json;

use super::simulate::{Request, allows};
use super::*;
use crate::InputFile;
use crate::deploykf::read;
use crate::model::DeploykfRelease;

/// What values of deployKF say; `$` stands for the roots of their paths.
fn deployment(values: &str) -> Deployment {
    let file = InputFile {
        name: "values.yaml",
        text: values,
    };
    read(&[file], DeploykfRelease::V0_1_5)
        .deployment
        .expect("values without refusals")
}

const PROFILES: &str = "
deploykf_core:
  deploykf_profiles_generator:
    users:
      - {id: ann, email: ann@example.com}
      - {id: bob, email: bob@example.com}
    profiles:
      - {name: team-1, members: [{user: ann, access: {role: edit}}]}
      - {name: team-10, members: [{user: ann, access: {role: view}}, {user: bob, access: {role: view}}]}
";

fn external(host: &str, rest: &str) -> Deployment {
    deployment(&format!(
        "{PROFILES}
kubeflow_tools:
  pipelines:
    bucket: {{name: models, region: eu-west-1}}
    objectStore: {{useExternal: true, host: {host}, auth: {{existingSecret: s}}}}
{rest}"
    ))
}

fn embedded() -> Deployment {
    deployment(&format!(
        "{PROFILES}
deploykf_opt: {{deploykf_minio: {{enabled: true}}}}
kubeflow_tools: {{pipelines: {{bucket: {{name: BUCKET}}}}}}
"
    ))
}

fn made(deployment: &Deployment, dialect: Dialect) -> Policies {
    policies(deployment, dialect, Form::Limited)
}

#[test]
fn deploykfs_form_is_its_documents_to_the_letter() {
    let made = policies(&embedded(), Dialect::Minio, Form::Deploykf);
    let first = json!({"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": ["arn:aws:s3:::BUCKET"]});
    let objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
    let document = |rest: Vec<Value>| {
        let statements = [vec![first.clone()], rest].concat();
        json!({"Version": "2012-10-17", "Statement": statements})
    };
    let on = |actions: &[&str], prefixes: &[&str]| {
        let resources: Vec<_> = prefixes
            .iter()
            .map(|it| format!("arn:aws:s3:::BUCKET/{it}/*"))
            .collect();
        json!({"Effect": "Allow", "Action": actions, "Resource": resources})
    };
    let team = |actions: &[&str], name: &str| {
        on(
            actions,
            &[
                &format!("artifacts/{name}"),
                &format!("v2/artifacts/{name}"),
            ],
        )
    };
    assert_eq!(
        made.backend,
        document(vec![on(
            &objects,
            &["artifacts", "pipelines", "v2/artifacts"]
        )])
    );
    assert_eq!(
        made.profiles["team-1"],
        document(vec![team(&objects, "team-1")])
    );
    assert_eq!(
        made.users["ann@example.com"],
        document(vec![
            team(&objects, "team-1"),
            team(&objects[..1], "team-10")
        ])
    );
    assert_eq!(
        made.users["bob@example.com"],
        document(vec![team(&objects[..1], "team-10")])
    );
}

#[test]
fn deploykfs_form_has_users_only_with_its_own_minio() {
    let made = policies(
        &external("minio.example.com", ""),
        Dialect::Minio,
        Form::Deploykf,
    );
    assert!(made.users.is_empty());
}

#[test]
fn the_limited_form_lists_ones_own_prefixes_only() {
    let made = made(&external("s3.eu-west-1.amazonaws.com", ""), Dialect::Aws);
    insta::assert_json_snapshot!(made.profiles["team-1"], @r#"
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "Location",
          "Effect": "Allow",
          "Action": [
            "s3:GetBucketLocation"
          ],
          "Resource": [
            "arn:aws:s3:::models"
          ]
        },
        {
          "Sid": "List",
          "Effect": "Allow",
          "Action": [
            "s3:ListBucket"
          ],
          "Resource": [
            "arn:aws:s3:::models"
          ],
          "Condition": {
            "StringLike": {
              "s3:prefix": [
                "artifacts/team-1/*",
                "v2/artifacts/team-1/*"
              ]
            }
          }
        },
        {
          "Sid": "Write",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts"
          ],
          "Resource": [
            "arn:aws:s3:::models/artifacts/team-1/*",
            "arn:aws:s3:::models/v2/artifacts/team-1/*"
          ]
        }
      ]
    }
    "#);
}

#[rstest]
#[case("backend", "artifacts/team-1/x", "rwl")]
#[case("backend", "pipelines/x", "rwl")]
#[case("backend", "v2/artifacts/team-10/x", "rwl")]
#[case("backend", "elsewhere/x", "l")]
#[case("team-1", "artifacts/team-1/x", "rwl")]
#[case("team-1", "v2/artifacts/team-1/x", "rwl")]
#[case("team-1", "artifacts/team-10/x", "")]
#[case("team-1", "v2/artifacts/team-10/x", "")]
#[case("team-1", "artifacts/team-1", "")]
#[case("team-1", "pipelines/x", "")]
#[case("team-10", "artifacts/team-10/x", "rwl")]
#[case("team-10", "artifacts/team-1/x", "")]
#[case("ann@example.com", "artifacts/team-1/x", "rwl")]
#[case("ann@example.com", "artifacts/team-10/x", "rl")]
#[case("bob@example.com", "artifacts/team-10/x", "rl")]
#[case("bob@example.com", "artifacts/team-1/x", "")]
fn who_may_do_what(#[case] who: &str, #[case] key: &str, #[case] expected: &str) {
    let made = made(&external("minio.example.com", ""), Dialect::Minio);
    let policy = match who {
        "backend" => &made.backend,
        email if email.contains('@') => &made.users[email],
        profile => &made.profiles[profile],
    };
    let may = |action| allows(policy, "models", Request::Object { action, key });
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let prefix = format!("{folder}/");
    let mut found = String::new();
    found.push_str(if may("s3:GetObject") { "r" } else { "" });
    assert_eq!(may("s3:PutObject"), may("s3:DeleteObject"));
    found.push_str(if may("s3:PutObject") { "w" } else { "" });
    let list = Request::List {
        prefix: Some(&prefix),
    };
    found.push_str(if allows(policy, "models", list) {
        "l"
    } else {
        ""
    });
    assert_eq!(found, expected);
}

#[rstest]
#[case::all(None)]
#[case::nothing_named(Some(""))]
#[case::all_profiles(Some("artifacts/"))]
#[case::begins_as_another(Some("artifacts/team-1"))]
fn a_profile_cannot_list_beyond_its_own(#[case] prefix: Option<&str>) {
    let made = made(&external("minio.example.com", ""), Dialect::Minio);
    assert!(!allows(
        &made.profiles["team-1"],
        "models",
        Request::List { prefix }
    ));
}

#[rstest]
#[case::other_folder("data/{{workflow.namespace}}/{{pod.name}}", "data/team-1/", "data/")]
#[case::namespace_first("{{ workflow.namespace }}/{{ workflow.name }}", "team-1/", "")]
#[case::fixed_folders_after("a/{{workflow.namespace}}/b/c/{{pod.name}}", "a/team-1/b/c/", "a/")]
#[case::a_part_of_a_name("a/{{workflow.namespace}}/b-{{pod.name}}", "a/team-1/", "a/")]
#[case::namespace_too_late("a/{{workflow.name}}/{{workflow.namespace}}/x", "a/", "a/")]
#[case::namespace_is_no_folder("a/{{workflow.namespace}}-{{pod.name}}", "a/", "a/")]
fn another_key_format_gives_other_policies(
    #[case] format: &str,
    #[case] profile: &str,
    #[case] backend: &str,
) {
    let rest = format!(
        "kubeflow_dependencies: {{kubeflow_argo_workflows: {{artifactRepository: {{keyFormat: '{format}'}}}}}}"
    );
    let made = made(&external("minio.example.com", &rest), Dialect::Minio);
    let first = |policy: &Value| policy["Statement"][2]["Resource"][0].clone();
    assert_eq!(
        first(&made.profiles["team-1"]),
        json!(format!("arn:aws:s3:::models/{profile}*"))
    );
    assert_eq!(
        first(&made.backend),
        json!(format!("arn:aws:s3:::models/{backend}*"))
    );
}

#[rstest]
#[case("artifacts/{{ workflow.namespace }}/{{ pod.name }}", 0)]
#[case("{{ workflow.namespace }}/{{ pod.name }}", 0)]
#[case("a/{{ workflow.name }}/{{ workflow.namespace }}/x", 1)]
#[case("a/{{ workflow.namespace }}-{{ pod.name }}", 1)]
#[case("a/x-{{ workflow.namespace }}/{{ pod.name }}", 0)]
#[case("{{ pod.name }}", 1)]
fn a_layout_that_mixes_profiles_is_found(#[case] format: &str, #[case] count: usize) {
    let rest = format!(
        "kubeflow_dependencies: {{kubeflow_argo_workflows: {{artifactRepository: {{keyFormat: '{format}'}}}}}}"
    );
    let deployment = external("minio.example.com", &rest);
    let found = findings(&deployment, Dialect::Minio, Form::Limited);
    let rules: Vec<_> = found.iter().map(|it| it.rule).collect();
    assert_eq!(rules, vec!["no-isolation"; count]);
}

#[rstest]
#[case("s3.amazonaws.com", "aws")]
#[case("s3.cn-north-1.amazonaws.com.cn", "aws-cn")]
#[case("s3.us-gov-west-1.amazonaws.com", "aws-us-gov")]
fn amazons_partition_follows_the_endpoint(#[case] host: &str, #[case] partition: &str) {
    let mut deployment = external(host, "");
    deployment.store.region = String::new();
    let made = made(&deployment, Dialect::Aws);
    let resource = &made.backend["Statement"][0]["Resource"][0];
    assert_eq!(resource, &json!(format!("arn:{partition}:s3:::models")));
}

#[rstest]
#[case(Dialect::Gcs)]
#[case(Dialect::Alibaba)]
#[case(Dialect::Ibm)]
#[case(Dialect::R2)]
#[case(Dialect::Ceph)]
fn every_language_says_the_same_in_its_own_words(#[case] dialect: Dialect) {
    let mut deployment = external("store.example.com", "");
    deployment.releases.kfp = crate::releases::NEWEST_KFP;
    let made = made(&deployment, dialect);
    insta::assert_json_snapshot!(
        format!("{dialect}"),
        json!([
            made.backend,
            made.profiles["team-1"],
            made.users["bob@example.com"]
        ])
    );
}

#[test]
fn googles_account_is_the_one_of_the_plugin() {
    let mut deployment = external("storage.googleapis.com", "");
    deployment.profiles[0].plugins = vec![
        json!({"kind": "WorkloadIdentity", "spec": {"gcpServiceAccount": "one@p.iam.gserviceaccount.com"}}),
    ];
    let made = made(&deployment, Dialect::Gcs);
    assert_eq!(
        made.profiles["team-1"]["bindings"][0]["members"][0],
        "serviceAccount:one@p.iam.gserviceaccount.com"
    );
}

#[test]
fn googles_accounts_are_those_that_are_named() {
    let mut deployment = external("storage.googleapis.com", "");
    let annotation = |account: &str| {
        (
            "iam.gke.io/gcp-service-account".to_owned(),
            account.to_owned(),
        )
    };
    let accounts = &mut deployment.accounts;
    accounts
        .api_server
        .annotations
        .extend([annotation("kfp@p.iam.gserviceaccount.com")]);
    accounts
        .argo_server
        .annotations
        .extend([annotation("kfp@p.iam.gserviceaccount.com")]);
    accounts
        .frontend
        .annotations
        .extend([annotation("ui@p.iam.gserviceaccount.com")]);
    deployment.profiles[0]
        .annotations
        .extend([annotation("one@p.iam.gserviceaccount.com")]);
    let made = made(&deployment, Dialect::Gcs);
    for binding in made.backend["bindings"].as_array().expect("bindings") {
        assert_eq!(
            binding["members"],
            json!([
                "serviceAccount:kfp@p.iam.gserviceaccount.com",
                "serviceAccount:ui@p.iam.gserviceaccount.com"
            ])
        );
    }
    for binding in made.profiles["team-1"]["bindings"]
        .as_array()
        .expect("bindings")
    {
        assert_eq!(
            binding["members"],
            json!(["serviceAccount:one@p.iam.gserviceaccount.com"])
        );
    }
}

#[test]
fn one_bucket_policy_holds_everybodys_statements() {
    let made = made(&external("store.example.com", ""), Dialect::Ceph);
    let merged = merged(&made, Dialect::Ceph).expect("one policy");
    let statements = merged["Statement"].as_array().expect("statements");
    // Location, listing, objects: for the backend, two profiles, and two people, one of whom both
    // writes and reads.
    assert_eq!(statements.len(), 3 * 5 + 1);
}

#[test]
fn the_proof_says_what_is_out_of_reach() {
    let deployment = external("minio.example.com", "");
    insta::assert_snapshot!(proof(&deployment, Form::Limited));
}

#[test]
fn a_lost_isolation_is_in_the_proof() {
    let rest = "kubeflow_dependencies: {kubeflow_argo_workflows: {artifactRepository: {keyFormat: '{{pod.name}}'}}}";
    let text = proof(&external("minio.example.com", rest), Form::Limited);
    assert!(text.contains("REACHES the data of team-10"), "{text}");
}

#[test]
fn upstreams_layout_has_one_prefix_each() {
    let mut deployment = external("minio.example.com", "");
    deployment.layout.artifacts_key_format =
        "private-artifacts/{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}".to_owned();
    deployment.layout.pipeline_root =
        "minio://mlpipeline/private-artifacts/{profile_name}/v2/artifacts".to_owned();
    let made = made(&deployment, Dialect::Minio);
    let resources = &made.profiles["team-1"]["Statement"][2]["Resource"];
    assert_eq!(
        resources,
        &json!(["arn:aws:s3:::models/private-artifacts/team-1/*"])
    );
}

#[rstest]
#[case::as_a_folder_of_the_root("v2", "{{workflow.namespace}}/{{pod.name}}", true)]
#[case::as_the_folder_of_definitions("pipelines", "{{workflow.namespace}}/{{pod.name}}", true)]
#[case::as_another_folder("v2", "artifacts/{{workflow.namespace}}/{{pod.name}}", false)]
fn a_profile_named_as_a_folder_is_found(
    #[case] name: &str,
    #[case] format: &str,
    #[case] is_found: bool,
) {
    let mut deployment = external("minio.example.com", "");
    deployment.layout.artifacts_key_format = format.to_owned();
    deployment.profiles[0].name = name.to_owned();
    let found = findings(&deployment, Dialect::Minio, Form::Limited);
    assert_eq!(
        found.iter().any(|it| it.rule == "no-isolation"),
        is_found,
        "{found:?}"
    );
}

#[test]
fn a_base_path_stands_before_everything_but_definitions() {
    let mut deployment = external("minio.example.com", "");
    deployment.store.base_path = "some/path".to_owned();
    let made = made(&deployment, Dialect::Minio);
    let resources = |policy: &Value| policy["Statement"][2]["Resource"].clone();
    assert_eq!(
        resources(&made.backend),
        json!([
            "arn:aws:s3:::models/some/path/artifacts/*",
            "arn:aws:s3:::models/pipelines/*",
            "arn:aws:s3:::models/some/path/v2/artifacts/*"
        ])
    );
    assert_eq!(
        resources(&made.profiles["team-1"]),
        json!([
            "arn:aws:s3:::models/some/path/artifacts/team-1/*",
            "arn:aws:s3:::models/some/path/v2/artifacts/team-1/*"
        ])
    );
}
