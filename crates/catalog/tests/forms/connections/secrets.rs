//! Connections through the API.

use anyhow::Result;
use bowline_catalog::Error;
use bowline_catalog::values::Given;
use bowline_core::Kind;
use bowline_testkit::Canaries;
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{World, lasting, told};
use crate::edit::{change, new_connection};

fn s3(secret_key: &str) -> Value {
    json!({
        "type": "s3", "displayName": "High Tides", "description": "Of the reef.",
        "values": {
            "AWS_ACCESS_KEY_ID": "tidepool", "AWS_SECRET_ACCESS_KEY": secret_key,
            "AWS_S3_ENDPOINT": "https://reef.example.com:9000", "AWS_S3_BUCKET": "charts",
        },
    })
}

fn uri() -> Value {
    json!({"type": "uri-v1", "displayName": "Charts", "values": {"URI": "hf://reef/charts"}})
}

#[rstest]
#[case::s3(s3("kept below"), "high-tides")]
#[case::uri(uri(), "charts")]
#[case::oci(json!({"type": "oci-v1", "displayName": "Quay", "values": {".dockerconfigjson": "{\"auths\":{}}", "OCI_HOST": "quay.io", "ACCESS_TYPE": ["Pull"]}}), "quay")]
#[tokio::test]
async fn kubectl_shows_what_the_dashboards_expect(
    #[case] new: Value,
    #[case] name: &str,
) -> Result<()> {
    let world = World::start().await?;
    world
        .connections("ada")
        .create("team-a", &new_connection(new))
        .await?;
    insta::assert_json_snapshot!(format!("secret_{name}"), lasting(world.secret(name).await?));
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_taken_names_who_has_it() -> Result<()> {
    let world = World::start().await?;
    let connections = world.connections("ada");
    connections.create("team-a", &new_connection(uri())).await?;
    let error = connections
        .create("team-a", &new_connection(uri()))
        .await
        .expect_err("it is taken");
    assert_eq!(
        told(&error),
        "a connection or Secret with the name `charts` already exists in project `team-a`, created by `ada`; \
         choose another display name, or give a resource name"
    );
    Ok(())
}

#[tokio::test]
async fn whoever_may_not_read_hears_of_a_taken_name_from_the_api() -> Result<()> {
    let world = World::start().await?;
    world
        .allow(
            "writer",
            json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}]),
        )
        .await?;
    world
        .connections("ada")
        .create("team-a", &new_connection(uri()))
        .await?;
    let error = world
        .connections("writer")
        .create("team-a", &new_connection(uri()))
        .await
        .expect_err("it is taken");
    assert!(matches!(error, Error::Conflict { .. }), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn of_two_at_once_one_gets_the_name() -> Result<()> {
    let world = World::start().await?;
    let (ada, root) = (
        world.connections("ada"),
        bowline_catalog::Connections::new(world.admin(), world.types()),
    );
    let new = new_connection(uri());
    let (one, two) = tokio::join!(ada.create("team-a", &new), root.create("team-a", &new));
    let failed = one.err().or(two.err()).expect("one is too late");
    assert_eq!(failed.kind(), Kind::Conflict);
    Ok(())
}

#[tokio::test]
async fn checking_writes_nothing() -> Result<()> {
    let world = World::start().await?;
    world
        .connections("ada")
        .check("team-a", &new_connection(uri()))
        .await?;
    assert!(world.secret("charts").await.is_err());
    Ok(())
}

#[rstest]
#[case::an_unknown_type(json!({"type": "ct-none", "displayName": "Charts"}), "connection `charts` in project `team-a`: type type")]
#[case::no_type(json!({"displayName": "Charts"}), "connection `charts` in project `team-a`: type type")]
#[case::missing_values(json!({"type": "uri-v1", "displayName": "Charts"}), "connection `charts` in project `team-a`: required URI")]
#[tokio::test]
async fn what_is_wrong_is_told_and_nothing_is_written(
    #[case] new: Value,
    #[case] expected: &str,
) -> Result<()> {
    let world = World::start().await?;
    let error = world
        .connections("ada")
        .create("team-a", &new_connection(new))
        .await
        .expect_err("it is refused");
    assert_eq!(told(&error), expected);
    assert!(world.secret("charts").await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_disabled_type_makes_no_connections_and_leaves_those_there_are() -> Result<()> {
    let world = World::start().await?;
    let connections = world.connections("ada");
    connections.create("team-a", &new_connection(uri())).await?;
    world
        .types()
        .set_enabled(&world.admin(), "uri-v1", false)
        .await?;
    let mut second = uri();
    second["name"] = json!("second");
    let error = connections
        .create("team-a", &new_connection(second))
        .await
        .expect_err("it is refused");
    assert_eq!(
        told(&error),
        "connection `second` in project `team-a`: type-disabled type"
    );
    let edited = connections
        .edit(
            "team-a",
            "charts",
            &change(&json!({"values": {"URI": "hf://reef/maps"}})),
        )
        .await?;
    assert!(edited.is_changed);
    Ok(())
}

#[tokio::test]
async fn the_callers_rights_decide() -> Result<()> {
    let world = World::start().await?;
    world
        .connections("ada")
        .create("team-a", &new_connection(uri()))
        .await?;
    let stranger = world.connections("stranger");
    let kinds = [
        stranger
            .create("team-a", &new_connection(s3("unused")))
            .await
            .expect_err("create")
            .kind(),
        stranger
            .get("team-a", "charts")
            .await
            .expect_err("get")
            .kind(),
        stranger
            .edit("team-a", "charts", &change(&Value::Null))
            .await
            .expect_err("edit")
            .kind(),
    ];
    assert_eq!(kinds, [Kind::Forbidden; 3]);
    Ok(())
}

#[tokio::test]
async fn whoever_may_read_may_not_write() -> Result<()> {
    let world = World::start().await?;
    world
        .allow(
            "viewer",
            json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]),
        )
        .await?;
    world
        .connections("ada")
        .create("team-a", &new_connection(uri()))
        .await?;
    let error = world
        .connections("viewer")
        .edit("team-a", "charts", &change(&json!({"description": "x"})))
        .await
        .expect_err("edit");
    assert_eq!(error.kind(), Kind::Forbidden);
    Ok(())
}

#[tokio::test]
async fn values_are_read_back_byte_for_byte() -> Result<()> {
    let world = World::start().await?;
    let bytes: Vec<u8> = (0..=255).collect();
    let mut new = new_connection(
        json!({"type": "gcs", "displayName": "Key", "values": {"GCS_BUCKET": "größer"}}),
    );
    new.values.insert(
        "gcloud-application-credentials.json".to_owned(),
        Given::file(bytes.clone()),
    );
    let stored = world
        .connections("ada")
        .create("team-a", &new)
        .await?
        .stored;
    let values = stored.values();
    let Some(Given::File { content, .. }) = values.get("gcloud-application-credentials.json")
    else {
        panic!("a file is read back as a file");
    };
    assert_eq!(content.expose(), bytes);
    assert_eq!(values["GCS_BUCKET"].expose(), "größer");
    assert!(
        stored.is_secret("gcloud-application-credentials.json") && !stored.is_secret("GCS_BUCKET")
    );
    Ok(())
}

#[tokio::test]
async fn a_file_of_exactly_one_mebibyte_is_stored_by_the_api() -> Result<()> {
    let world = World::start().await?;
    let mut new = new_connection(json!({"type": "gcs", "displayName": "Key"}));
    new.values.insert(
        "gcloud-application-credentials.json".to_owned(),
        Given::file(vec![b'x'; 1024 * 1024]),
    );
    world.connections("ada").create("team-a", &new).await?;
    Ok(())
}

#[tokio::test]
async fn an_edit_changes_what_is_named_and_keeps_what_others_wrote() -> Result<()> {
    let world = World::start().await?;
    let connections = world.connections("ada");
    connections
        .create("team-a", &new_connection(s3("kept")))
        .await?;
    let foreign = json!({
        "metadata": {
            "labels": {"team": "reef"}, "annotations": {"note": "kept"},
            "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "1"}],
        },
        "data": {"extra": "a2VwdA=="},
    });
    world.patch_secret("high-tides", foreign).await?;
    let before = world.secret("high-tides").await?;
    connections
        .edit(
            "team-a",
            "high-tides",
            &change(&json!({"values": {"AWS_S3_BUCKET": "maps"}})),
        )
        .await?;
    let after = world.secret("high-tides").await?;
    let mut expected = before.clone();
    expected["data"]["AWS_S3_BUCKET"] = json!("bWFwcw==");
    expected["metadata"]["annotations"]["bowline.dev/editor"] = json!("ada");
    assert_eq!(lasting(after), lasting(expected));
    Ok(())
}

#[tokio::test]
async fn no_change_writes_nothing() -> Result<()> {
    let world = World::start().await?;
    let connections = world.connections("ada");
    let created = connections
        .create("team-a", &new_connection(uri()))
        .await?
        .stored;
    let saved = connections
        .edit(
            "team-a",
            "charts",
            &change(&json!({"displayName": "Charts"})),
        )
        .await?;
    assert!(!saved.is_changed);
    assert_eq!(saved.stored.resource_version(), created.resource_version());
    Ok(())
}

#[tokio::test]
async fn who_was_too_late_hears_who_changed_what() -> Result<()> {
    let world = World::start().await?;
    let connections = world.connections("ada");
    let seen = connections
        .create("team-a", &new_connection(s3("kept")))
        .await?
        .stored;
    let other = bowline_catalog::Connections::new(world.admin(), world.types());
    other
        .edit(
            "team-a",
            "high-tides",
            &change(&json!({"description": "Of the lagoon.", "values": {"AWS_S3_BUCKET": "maps"}})),
        )
        .await?;
    let late =
        json!({"values": {"AWS_S3_BUCKET": "logs"}, "resourceVersion": seen.resource_version()});
    let error = connections
        .edit("team-a", "high-tides", &change(&late))
        .await
        .expect_err("somebody was faster");
    assert_eq!(error.kind(), Kind::Conflict);
    assert_eq!(
        told(&error),
        "connection `high-tides` in project `team-a` was changed by `root` since you opened it: `AWS_S3_BUCKET`, \
         annotation `openshift.io/description`; look at it as it is now, and change it again"
    );
    Ok(())
}

#[tokio::test]
async fn two_edits_at_once_that_name_no_version_both_count() -> Result<()> {
    let world = World::start().await?;
    let connections = world.connections("ada");
    connections
        .create("team-a", &new_connection(s3("kept")))
        .await?;
    let (bucket, region) = (
        json!({"values": {"AWS_S3_BUCKET": "maps"}}),
        json!({"values": {"AWS_DEFAULT_REGION": "eu-west-1"}}),
    );
    let (bucket, region) = (change(&bucket), change(&region));
    let (one, two) = tokio::join!(
        connections.edit("team-a", "high-tides", &bucket),
        connections.edit("team-a", "high-tides", &region)
    );
    one.and(two)?;
    let values = connections.get("team-a", "high-tides").await?.values();
    assert_eq!(
        (
            values["AWS_S3_BUCKET"].expose(),
            values["AWS_DEFAULT_REGION"].expose()
        ),
        (json!("maps"), json!("eu-west-1"))
    );
    Ok(())
}

#[tokio::test]
async fn of_two_edits_at_once_with_the_same_version_one_counts() -> Result<()> {
    let world = World::start().await?;
    let connections = world.connections("ada");
    let seen = connections
        .create("team-a", &new_connection(s3("kept")))
        .await?
        .stored;
    let edit = |bucket: &str| {
        change(
            &json!({"values": {"AWS_S3_BUCKET": bucket}, "resourceVersion": seen.resource_version()}),
        )
    };
    let (one, two) = (edit("maps"), edit("logs"));
    let (one, two) = tokio::join!(
        connections.edit("team-a", "high-tides", &one),
        connections.edit("team-a", "high-tides", &two)
    );
    let kinds: Vec<_> = [one, two]
        .into_iter()
        .filter_map(|result| result.err().map(|error| error.kind()))
        .collect();
    assert_eq!(kinds, [Kind::Conflict]);
    Ok(())
}

#[tokio::test]
async fn another_host_does_not_get_the_stored_secret() -> Result<()> {
    let world = World::start().await?;
    let connections = world.connections("ada");
    let mut canaries = Canaries::default();
    let canary = canaries.plant("Secret high-tides, key AWS_SECRET_ACCESS_KEY");
    connections
        .create("team-a", &new_connection(s3(&canary)))
        .await?;
    let elsewhere =
        change(&json!({"values": {"AWS_S3_ENDPOINT": "https://elsewhere.example.com"}}));
    let error = connections
        .edit("team-a", "high-tides", &elsewhere)
        .await
        .expect_err("the secret is asked for");
    assert_eq!(
        told(&error),
        "connection `high-tides` in project `team-a`: retype-secret AWS_SECRET_ACCESS_KEY"
    );
    let found = connections.get("team-a", "high-tides").await?;
    let output = format!("{error:?} {error} {found:?} {:?}", found.values());
    assert_eq!(canaries.leaks(&output), []);
    assert_eq!(
        found.values()["AWS_S3_ENDPOINT"].expose(),
        "https://reef.example.com:9000"
    );
    Ok(())
}

#[tokio::test]
async fn a_connection_of_a_deleted_type_can_be_edited() -> Result<()> {
    let world = World::start().await?;
    let connections = world.connections("ada");
    let new = json!({"type": "postgres", "displayName": "Tables", "values": {"PGHOST": "reef", "PGDATABASE": "a", "PGUSER": "b", "PGPASSWORD": "c"}});
    connections.create("team-a", &new_connection(new)).await?;
    world
        .types()
        .delete(&world.admin(), "postgres", None)
        .await?;
    let saved = connections
        .edit(
            "team-a",
            "tables",
            &change(&json!({"values": {"PGDATABASE": "charts"}})),
        )
        .await?;
    assert!(saved.stored.type_.is_none());
    assert_eq!(saved.stored.values()["PGDATABASE"].expose(), "charts");
    Ok(())
}

#[rstest]
#[case::protocol_only(json!({"opendatahub.io/connection-type-protocol": "uri"}), "uri-v1")]
#[case::alauda(json!({"cpaas.io/connection-type-protocol": "uri"}), "uri-v1")]
#[case::legacy(json!({"opendatahub.io/connection-type": "s3"}), "s3")]
#[case::kserve(json!({"serving.kserve.io/s3-region": "eu-west-1"}), "s3")]
#[tokio::test]
async fn foreign_connections_are_understood(
    #[case] annotations: Value,
    #[case] expected: &str,
) -> Result<()> {
    let world = World::start().await?;
    world.put_secret(json!({"metadata": {"name": "foreign", "annotations": annotations}, "stringData": {"URI": "hf://reef/charts"}})).await?;
    let found = world.connections("ada").get("team-a", "foreign").await?;
    assert_eq!(
        found.type_.map(|type_| type_.name).as_deref(),
        Some(expected)
    );
    Ok(())
}

#[tokio::test]
async fn a_secret_that_is_no_connection_is_not_found_and_says_why() -> Result<()> {
    let world = World::start().await?;
    world
        .put_secret(
            json!({"metadata": {"name": "plain"}, "stringData": {"URI": "hf://reef/charts"}}),
        )
        .await?;
    let error = world
        .connections("ada")
        .get("team-a", "plain")
        .await
        .expect_err("it is none");
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(
        told(&error).contains("no annotation says so"),
        "{}",
        told(&error)
    );
    Ok(())
}

#[tokio::test]
async fn a_project_that_is_not_there_is_told() -> Result<()> {
    let world = World::start().await?;
    let root = bowline_catalog::Connections::new(world.admin(), world.types());
    let error = root
        .create("team-z", &new_connection(uri()))
        .await
        .expect_err("there is no such project");
    assert_eq!(error.kind(), Kind::NotFound);
    Ok(())
}

#[rstest]
#[case("../configmaps/s3")]
#[case("charts?watch=true")]
#[case("")]
#[case("..")]
#[case("Charts")]
#[tokio::test]
async fn a_name_that_cannot_exist_never_reaches_the_api(#[case] name: &str) -> Result<()> {
    let world = World::start().await?;
    let root = bowline_catalog::Connections::new(world.admin(), world.types());
    let kinds = [
        root.get("team-a", name).await.expect_err("get").kind(),
        root.get(name, "charts").await.expect_err("get").kind(),
        root.create(name, &new_connection(uri()))
            .await
            .expect_err("create")
            .kind(),
        world.types().get(name).await.expect_err("type").kind(),
    ];
    assert_eq!(kinds, [Kind::NotFound; 4]);
    Ok(())
}

#[tokio::test]
async fn what_kubectl_repeats_in_an_annotation_is_not_passed_on() -> Result<()> {
    let world = World::start().await?;
    let mut canaries = Canaries::default();
    let canary = canaries.plant("the annotation of kubectl apply");
    let annotations = json!({
        "opendatahub.io/connection-type-protocol": "uri",
        "kubectl.kubernetes.io/last-applied-configuration": format!("{{\"stringData\":{{\"HF_TOKEN\":\"{canary}\"}}}}"),
    });
    world
        .put_secret(json!({"metadata": {"name": "applied", "annotations": annotations}}))
        .await?;
    let found = world.connections("ada").get("team-a", "applied").await?;
    assert_eq!(
        canaries.leaks(&format!("{found:?} {:?}", found.metadata)),
        []
    );
    Ok(())
}
