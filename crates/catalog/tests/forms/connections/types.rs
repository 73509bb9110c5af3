//! Connection types through the API.

use anyhow::{Context as _, Result};
use bowline_catalog::Error;
use bowline_catalog::connection_types::{Homes, Listed, seed};
use bowline_catalog::types::TypeInput;
use bowline_core::Kind;
use serde_json::{Value, json};

use crate::api::{World, lasting, told};

fn input(given: &Value) -> Result<TypeInput> {
    Ok(serde_json::from_value(given.clone())?)
}

fn sample() -> Value {
    json!({
        "displayName": "Tide tables", "description": "Of the reef.", "categories": ["Database"],
        "fields": [{"type": "short-text", "name": "Harbour", "envVar": "HARBOUR", "required": true}],
    })
}

fn names(listed: &[Listed]) -> Vec<&str> {
    listed.iter().map(Listed::name).collect()
}

#[tokio::test]
async fn a_cluster_without_types_has_those_that_are_compiled_in() -> Result<()> {
    let world = World::empty().await?;
    assert_eq!(
        names(&world.types().list().await?.types),
        ["oci-v1", "s3", "uri-v1"]
    );
    assert!(world.types().get("s3").await?.is_preinstalled);
    Ok(())
}

#[tokio::test]
async fn seeding_puts_what_is_missing_and_twice_is_once() -> Result<()> {
    let world = World::empty().await?;
    let all = [
        "azure",
        "gcs",
        "git",
        "huggingface",
        "oci-v1",
        "postgres",
        "s3",
        "uri-v1",
    ];
    let mut put = seed(&world.admin(), &Homes::default()).await?;
    put.sort();
    assert_eq!(put, all);
    assert_eq!(seed(&world.admin(), &Homes::default()).await?, [""; 0]);
    assert_eq!(names(&world.types().list().await?.types), all);
    Ok(())
}

#[tokio::test]
async fn an_example_that_was_deleted_does_not_come_back() -> Result<()> {
    let world = World::start().await?;
    world
        .types()
        .delete(&world.admin(), "postgres", None)
        .await?;
    assert_eq!(seed(&world.admin(), &Homes::default()).await?, [""; 0]);
    assert!(world.types().find("postgres").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn everybody_who_is_signed_in_reads_types_once_they_are_seeded() -> Result<()> {
    let world = World::start().await?;
    let maps: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
        kube::Api::namespaced(world.user("nobody"), "opendatahub");
    assert!(maps.get_opt("s3").await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_new_type_is_a_config_map_with_its_creator() -> Result<()> {
    let world = World::start().await?;
    let saved = world
        .types()
        .create(&world.admin(), &input(&sample())?)
        .await?;
    assert_eq!(
        (saved.type_.name.as_str(), saved.type_.creator.as_deref()),
        ("ct-tide-tables", Some("root"))
    );
    insta::assert_json_snapshot!(lasting(
        world.config_map("opendatahub", "ct-tide-tables").await?
    ));
    Ok(())
}

#[tokio::test]
async fn a_new_type_in_alaudas_dialect_lives_in_alaudas_home() -> Result<()> {
    let world = World::start().await?;
    let mut given = sample();
    given["dialect"] = json!("alauda");
    world
        .types()
        .create(&world.admin(), &input(&given)?)
        .await?;
    let map = world.config_map("kube-public", "ct-tide-tables").await?;
    assert_eq!(
        map["metadata"]["annotations"]["cpaas.io/display_name"],
        "Tide tables"
    );
    assert_eq!(
        world.types().get("ct-tide-tables").await?.namespace,
        "kube-public"
    );
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_before_anything_is_written() -> Result<()> {
    let world = World::start().await?;
    world
        .types()
        .create(&world.admin(), &input(&sample())?)
        .await?;
    let error = world
        .types()
        .create(&world.admin(), &input(&sample())?)
        .await
        .expect_err("it is taken");
    assert_eq!(error.kind(), Kind::Conflict);
    assert_eq!(
        told(&error),
        "a connection type with the name `ct-tide-tables` already exists; choose another display name, or give a resource name"
    );
    Ok(())
}

#[tokio::test]
async fn another_config_map_of_the_name_is_not_overwritten() -> Result<()> {
    let world = World::start().await?;
    world
        .put_config_map(
            "opendatahub",
            json!({"metadata": {"name": "ct-tide-tables"}, "data": {"a": "b"}}),
        )
        .await?;
    let error = world
        .types()
        .create(&world.admin(), &input(&sample())?)
        .await
        .expect_err("it is taken");
    assert_eq!(error.kind(), Kind::Conflict);
    assert_eq!(
        world.config_map("opendatahub", "ct-tide-tables").await?["data"]["a"],
        "b"
    );
    Ok(())
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_type_is_told_and_nothing_is_written() -> Result<()> {
    let world = World::start().await?;
    let given = json!({"displayName": "Bad", "fields": [{"type": "text", "name": "A", "envVar": "LD_PRELOAD"}]});
    let error = world
        .types()
        .create(&world.admin(), &input(&given)?)
        .await
        .expect_err("it is refused");
    assert_eq!(
        told(&error),
        "connection type `ct-bad`: category categories, env-var-reserved fields[0].envVar"
    );
    assert!(world.types().find("ct-bad").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_display_name_that_is_taken_is_a_warning() -> Result<()> {
    let world = World::start().await?;
    let mut given = sample();
    given["displayName"] = json!("PostgreSQL");
    let saved = world
        .types()
        .create(&world.admin(), &input(&given)?)
        .await?;
    assert_eq!(
        crate::cases::short(&saved.findings),
        ["display-name-taken displayName?"]
    );
    Ok(())
}

#[tokio::test]
async fn whoever_is_no_administrator_writes_no_types() -> Result<()> {
    let world = World::start().await?;
    let (types, ada) = (world.types(), world.user("ada"));
    let kinds = [
        types
            .create(&ada, &input(&sample())?)
            .await
            .expect_err("create")
            .kind(),
        types
            .duplicate(&ada, "s3", None)
            .await
            .expect_err("duplicate")
            .kind(),
        types
            .edit(&ada, "gcs", &input(&sample())?)
            .await
            .expect_err("edit")
            .kind(),
        types
            .set_enabled(&ada, "gcs", false)
            .await
            .expect_err("disable")
            .kind(),
        types
            .delete(&ada, "gcs", None)
            .await
            .expect_err("delete")
            .kind(),
    ];
    assert_eq!(kinds, [Kind::Forbidden; 5]);
    Ok(())
}

#[tokio::test]
async fn a_copy_is_not_pre_installed_and_belongs_to_who_made_it() -> Result<()> {
    let world = World::start().await?;
    let original = world.types().get("oci-v1").await?;
    let copy = world
        .types()
        .duplicate(&world.admin(), "oci-v1", None)
        .await?
        .type_;
    assert_eq!(
        (copy.name.as_str(), copy.display_name.as_str()),
        (
            "ct-copy-of-oci-compliant-registry-v1",
            "Copy of OCI compliant registry - v1"
        )
    );
    assert_eq!(
        (copy.is_preinstalled, copy.creator.as_deref()),
        (false, Some("root"))
    );
    assert_eq!(
        (copy.fields, copy.categories),
        (original.fields, original.categories)
    );
    Ok(())
}

#[tokio::test]
async fn pre_installed_types_are_protected_from_administrators_too() -> Result<()> {
    let world = World::start().await?;
    let (types, admin) = (world.types(), world.admin());
    for (done, error) in [
        (
            "changed",
            types
                .edit(&admin, "s3", &input(&sample())?)
                .await
                .expect_err("edit"),
        ),
        (
            "deleted",
            types.delete(&admin, "s3", None).await.expect_err("delete"),
        ),
    ] {
        assert!(matches!(error, Error::Protected { .. }), "{error:?}");
        assert!(
            told(&error).contains(&format!("cannot be {done}")),
            "{}",
            told(&error)
        );
    }
    Ok(())
}

#[tokio::test]
async fn pre_installed_types_can_be_disabled_and_enabled() -> Result<()> {
    let world = World::start().await?;
    let off = world
        .types()
        .set_enabled(&world.admin(), "s3", false)
        .await?
        .type_;
    let on = world
        .types()
        .set_enabled(&world.admin(), "s3", true)
        .await?
        .type_;
    assert_eq!(
        (off.is_enabled, on.is_enabled, on.is_preinstalled),
        (false, true, true)
    );
    Ok(())
}

#[tokio::test]
async fn a_type_that_is_compiled_in_only_is_written_when_it_is_disabled() -> Result<()> {
    let world = World::empty().await?;
    let namespaces = json!({"metadata": {"name": "opendatahub"}});
    let api: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(world.admin());
    api.create(&Default::default(), &serde_json::from_value(namespaces)?)
        .await?;
    let saved = world
        .types()
        .set_enabled(&world.admin(), "s3", false)
        .await?
        .type_;
    let map = world.config_map("opendatahub", "s3").await?;
    assert!(!saved.is_enabled && saved.is_preinstalled);
    assert_eq!(
        map["metadata"]["annotations"]["opendatahub.io/disabled"],
        "true"
    );
    Ok(())
}

#[tokio::test]
async fn an_edit_merges_and_keeps_name_creator_and_what_others_wrote() -> Result<()> {
    let world = World::start().await?;
    world
        .types()
        .create(&world.admin(), &input(&sample())?)
        .await?;
    let foreign = json!({"metadata": {"labels": {"team": "reef"}, "annotations": {"note": "kept"}}, "data": {"extra": "kept"}});
    world.patch_config_map("ct-tide-tables", foreign).await?;
    let mut given = sample();
    given["displayName"] = json!("Tides");
    given["name"] = json!("ct-other");
    given["fields"][0]["name"] = json!("Port");
    let saved = world
        .types()
        .edit(&world.admin(), "ct-tide-tables", &input(&given)?)
        .await?;
    assert_eq!(
        (
            saved.type_.name.as_str(),
            saved.type_.display_name.as_str(),
            saved.type_.creator.as_deref()
        ),
        ("ct-tide-tables", "Tides", Some("root"))
    );
    let map = world.config_map("opendatahub", "ct-tide-tables").await?;
    let kept = [
        &map["metadata"]["labels"]["team"],
        &map["metadata"]["annotations"]["note"],
        &map["data"]["extra"],
    ];
    assert_eq!(kept, [&json!("reef"), &json!("kept"), &json!("kept")]);
    Ok(())
}

#[tokio::test]
async fn the_protocol_that_a_type_states_is_copied_kept_changed_and_taken_back() -> Result<()> {
    let world = World::start().await?;
    let (types, admin) = (world.types(), world.admin());
    let mut given = sample();
    given["statedProtocol"] = json!("git");
    let name = types.create(&admin, &input(&given)?).await?.type_.name;
    let copy = types.duplicate(&admin, &name, None).await?.type_;
    let stated = |saved: &str| saved.parse().ok();
    assert_eq!(copy.stated_protocol, stated("git"));
    for (text, wanted) in [
        (None, stated("git")),
        (Some("uri"), stated("uri")),
        (Some(""), None),
    ] {
        given["statedProtocol"] = json!(text);
        let saved = types.edit(&admin, &name, &input(&given)?).await?;
        assert_eq!(saved.type_.stated_protocol, wanted, "{text:?}");
    }
    let map = world.config_map("opendatahub", &name).await?;
    let annotations = &map["metadata"]["annotations"];
    assert_eq!(
        annotations.get("opendatahub.io/connection-type-protocol"),
        None
    );
    Ok(())
}

#[tokio::test]
async fn a_protocol_that_nobody_speaks_is_refused_with_those_that_are() -> Result<()> {
    let world = World::start().await?;
    let mut given = sample();
    given["statedProtocol"] = json!("S3");
    let refused = world.types().create(&world.admin(), &input(&given)?).await;
    let Err(Error::Invalid { findings, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(findings[0].field, "statedProtocol");
    assert!(
        findings[0].help.contains("`s3`, `uri`"),
        "{}",
        findings[0].help
    );
    Ok(())
}

#[tokio::test]
async fn who_was_too_late_hears_what_has_changed() -> Result<()> {
    let world = World::start().await?;
    let seen = world
        .types()
        .create(&world.admin(), &input(&sample())?)
        .await?
        .type_;
    world
        .types()
        .set_enabled(&world.admin(), &seen.name, false)
        .await?;
    let late = TypeInput::from(&seen);
    let error = world
        .types()
        .edit(&world.admin(), &seen.name, &late)
        .await
        .expect_err("somebody was faster");
    assert_eq!(error.kind(), Kind::Conflict);
    assert_eq!(
        told(&error),
        "connection type `ct-tide-tables` was changed by `bowline` since you opened it: annotation `opendatahub.io/disabled`; \
         look at it as it is now, and change it again"
    );
    Ok(())
}

#[tokio::test]
async fn an_edit_with_the_version_that_is_stored_succeeds() -> Result<()> {
    let world = World::start().await?;
    let seen = world
        .types()
        .create(&world.admin(), &input(&sample())?)
        .await?
        .type_;
    let saved = world
        .types()
        .edit(
            &world.admin(),
            &seen.name,
            &TypeInput {
                description: "New.".to_owned(),
                ..TypeInput::from(&seen)
            },
        )
        .await?;
    assert_ne!(saved.type_.resource_version, seen.resource_version);
    Ok(())
}

#[tokio::test]
async fn a_type_that_does_not_parse_is_listed_with_its_error() -> Result<()> {
    let world = World::start().await?;
    let labels =
        json!({"opendatahub.io/dashboard": "true", "opendatahub.io/connection-type": "true"});
    world
        .put_config_map(
            "opendatahub",
            json!({"metadata": {"name": "ct-wreck", "labels": labels}, "data": {"fields": "["}}),
        )
        .await?;
    let listed = world.types().list().await?.types;
    let wreck = listed
        .iter()
        .find(|listed| listed.name() == "ct-wreck")
        .context("it is listed")?;
    insta::assert_json_snapshot!(wreck);
    let error = world
        .types()
        .get("ct-wreck")
        .await
        .expect_err("it cannot be read");
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_type_that_does_not_parse_can_be_mended() -> Result<()> {
    let world = World::start().await?;
    let labels =
        json!({"opendatahub.io/dashboard": "true", "opendatahub.io/connection-type": "true"});
    world
        .put_config_map(
            "opendatahub",
            json!({"metadata": {"name": "ct-wreck", "labels": labels}, "data": {"fields": "["}}),
        )
        .await?;
    let saved = world
        .types()
        .edit(&world.admin(), "ct-wreck", &input(&sample())?)
        .await?;
    assert_eq!(saved.type_.fields.len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_cannot_be_changed() -> Result<()> {
    let world = World::start().await?;
    let (types, admin) = (world.types(), world.admin());
    let kinds = [
        types.get("ct-none").await.expect_err("get").kind(),
        types
            .edit(&admin, "ct-none", &input(&sample())?)
            .await
            .expect_err("edit")
            .kind(),
        types
            .set_enabled(&admin, "ct-none", true)
            .await
            .expect_err("enable")
            .kind(),
        types
            .delete(&admin, "ct-none", None)
            .await
            .expect_err("delete")
            .kind(),
    ];
    assert_eq!(kinds, [Kind::NotFound; 4]);
    Ok(())
}
