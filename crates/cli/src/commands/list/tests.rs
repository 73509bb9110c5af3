use bowline_core::Secret;
use serde_json::{Value, json};

use super::*;

fn listing() -> Listing {
    let mut listing = Listing::default();
    let secrets = [
        json!({
            "metadata": {"name": "training-data", "namespace": "team-a",
                "labels": {"opendatahub.io/dashboard": "true", "opendatahub.io/managed": "true"},
                "annotations": {"opendatahub.io/connection-type-protocol": "s3",
                    "opendatahub.io/connection-type": "s3",
                    "openshift.io/display-name": "Training\u{1b}[2J data"}},
            "stringData": {"AWS_ACCESS_KEY_ID": "canary-id", "AWS_SECRET_ACCESS_KEY": "canary-key",
                "AWS_S3_ENDPOINT": "https://minio.example:9000", "AWS_S3_BUCKET": "canary-bucket"},
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
        listing.add(Secret::from_value(&secret).expect("a Secret"));
    }
    listing
}

fn shown(listing: &Listing, scope: &Scope, output: ListOutput) -> String {
    anstream::adapter::strip_str(&listing.render(scope, output)).to_string()
}

#[test]
fn people_see_connections_and_below_them_candidates() {
    insta::assert_snapshot!(shown(&listing(), &Scope::All, ListOutput::Text));
}

#[test]
fn an_empty_namespace_is_named() {
    let scope = Scope::Namespace("team-a".to_owned());
    assert_eq!(
        shown(&Listing::default(), &scope, ListOutput::Text),
        "no connections in namespace `team-a`\n"
    );
}

#[test]
fn programs_see_both_lists() {
    let json: Value =
        serde_json::from_str(&shown(&listing(), &Scope::All, ListOutput::Json)).expect("JSON");
    assert_eq!(json["connections"][1]["protocol"], "uri");
    assert_eq!(json["connections"][1]["dialect"], "alauda");
    assert_eq!(json["connections"][1]["findings"]["errors"], 1);
    assert_eq!(json["candidates"][0]["name"], "pull");
}

#[test]
fn names_carry_the_namespace_only_where_it_is_not_given() {
    let one = Scope::Namespace("team-a".to_owned());
    assert_eq!(
        shown(&listing(), &one, ListOutput::Name),
        "training-data\nmodel\n"
    );
    let all = shown(&listing(), &Scope::All, ListOutput::Name);
    assert_eq!(all, "team-a/training-data\nteam-b/model\n");
}

#[test]
fn no_form_shows_a_value() {
    for output in [ListOutput::Text, ListOutput::Json, ListOutput::Name] {
        let text = shown(&listing(), &Scope::All, output);
        assert!(!text.contains("canary"), "{text}");
    }
}
