use bowline_catalog::row::Meta;
use bowline_core::Secret;
use serde_json::{Value, json};

use super::*;

fn listing() -> Listing {
    let mut listing = Listing::default();
    let meta = Meta {
        resource_version: "7".to_owned(),
        created: Some("2026-01-01T00:00:00Z".to_owned()),
    };
    let secrets = [
        json!({
            "metadata": {"name": "training-data", "namespace": "team-a",
                "labels": {"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"},
                "annotations": {"opendatahub.io/connection-type-protocol": "s3",
                    "opendatahub.io/connection-type": "s3",
                    "openshift.io/display-name": "Training\u{1b}[2J data"}},
            "stringData": {"AWS_ACCESS_KEY_ID": "canary-id", "AWS_SECRET_ACCESS_KEY": "canary-key",
                "AWS_S3_ENDPOINT": "https://minio.example:9000", "AWS_S3_BUCKET": "canary-bucket",
                "AWS_S3_VERIFY_SSL": "false"},
        }),
        json!({
            "metadata": {"name": "model", "namespace": "team-b",
                "annotations": {"cpaas.io/connection-type-protocol": "uri"}},
            "stringData": {"URI": "canary"},
        }),
        json!({
            "metadata": {"name": "pull", "namespace": "team-a"},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": "{\"auths\":{\"canary\":{}}}"},
        }),
        json!({"metadata": {"name": "tls", "namespace": "team-a"}, "type": "kubernetes.io/tls",
            "stringData": {"tls.key": "canary"}}),
    ];
    for secret in secrets {
        let secret = Secret::from_value(&secret).expect("a Secret");
        match Row::of(secret, meta.clone()) {
            Some(row) if row.is_candidate => listing.candidates.push(row),
            Some(row) => listing.connections.push(row),
            None => {}
        }
    }
    listing
}

fn shown(listing: &Listing, scope: &Scope, output: &str) -> String {
    let output: Output = output.parse().expect("a form");
    let text = output.render(&Shown {
        value: &|| listing.value(),
        names: listing.names(scope),
        text: &|width| table::render(listing, scope, width),
    });
    let text = text.expect("text");
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn people_see_connections_and_below_them_candidates() {
    insta::assert_snapshot!(shown(&listing(), &Scope::All, "text"));
}

#[test]
fn wide_terminals_see_more_of_connections() {
    insta::assert_snapshot!(shown(&listing(), &Scope::All, "wide"));
}

#[test]
fn conditions_that_nothing_fits_are_told_from_an_empty_namespace() {
    let listing = Listing {
        is_filtered: true,
        ..Listing::default()
    };
    assert_eq!(
        shown(&listing, &Scope::All, "text"),
        "no connections in any namespace fit the conditions\n"
    );
}

#[test]
fn an_empty_namespace_is_named() {
    let scope = Scope::Namespace("team-a".to_owned());
    assert_eq!(
        shown(&Listing::default(), &scope, "text"),
        "no connections in namespace `team-a`\n"
    );
}

#[test]
fn programs_see_both_lists() {
    let json: Value = serde_json::from_str(&shown(&listing(), &Scope::All, "json")).expect("JSON");
    assert_eq!(json["connections"][1]["protocol"], "uri");
    assert_eq!(json["connections"][0]["isTlsUnverified"], true);
    assert_eq!(json["connections"][1]["isTlsUnverified"], false);
    assert_eq!(json["connections"][1]["dialect"], "alauda");
    assert_eq!(json["connections"][1]["findings"]["errors"], 1);
    assert_eq!(json["candidates"][0]["name"], "pull");
}

#[test]
fn names_carry_the_namespace_only_where_it_is_not_given() {
    let one = Scope::Namespace("team-a".to_owned());
    assert_eq!(shown(&listing(), &one, "name"), "training-data\nmodel\n");
    let all = shown(&listing(), &Scope::All, "name");
    assert_eq!(all, "team-a/training-data\nteam-b/model\n");
}

#[test]
fn no_form_shows_a_value() {
    for output in ["text", "wide", "json", "yaml", "name"] {
        let text = shown(&listing(), &Scope::All, output);
        assert!(!text.contains("canary"), "{text}");
    }
}
