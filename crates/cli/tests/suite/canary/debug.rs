//! What the types that hold values say of themselves: what `{:?}` writes is what logs would hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use bowline_apiserver::{Token, UserInfo};
use bowline_catalog::convert::{Read, Written};
use bowline_catalog::draft::Draft;
use bowline_catalog::edit::Edited;
use bowline_catalog::values::Given;
use bowline_core::docker_config::Login;
use bowline_core::plan::Found;
use bowline_core::storage_config::{Entry, Update};
use bowline_core::{Connection, Secret, Sensitive};
use bowline_pipelines::model::TypedKeys;
use bowline_server::callers::Credentials;
use bowline_server::session::oidc;
use bowline_testkit::Canaries;
use serde_json::json;

/// The types of our libraries that hold a value or a token and can be written with `{:?}`; those that
/// cannot, such as `Access` of a kubeconfig, are safe already.
fn all(value: &str) -> Vec<Box<dyn Debug>> {
    let sensitive = || Sensitive::new(value);
    let secret = || {
        let object = json!({
            "metadata": {"name": "soundings", "annotations": {
                "opendatahub.io/connection-type-protocol": "s3",
                "kubectl.kubernetes.io/last-applied-configuration": value,
            }},
            "stringData": {"AWS_SECRET_ACCESS_KEY": value},
        });
        Secret::from_value(&object).expect("a Secret")
    };
    let values = || BTreeMap::from([("key".to_owned(), sensitive())]);
    vec![
        Box::new(sensitive()),
        Box::new(secret()),
        Box::new(Connection::from_secret(secret())),
        Box::new(Found::Secret(secret())),
        Box::new(Login::Password {
            username: "mate".to_owned(),
            password: sensitive(),
        }),
        Box::new(Login::Identity(sensitive())),
        Box::new(Login::Bearer(sensitive())),
        Box::new(Entry {
            json: sensitive(),
            gaps: Vec::new(),
        }),
        Box::new(Update {
            set: values(),
            remove: BTreeSet::new(),
            entries: None,
            is_ours: true,
        }),
        Box::new(Given::text(value)),
        Box::new(Given::file(value)),
        Box::new(Given::List(vec![sensitive()])),
        Box::new(Edited {
            data: values()
                .into_iter()
                .map(|(key, value)| (key, Some(value)))
                .collect(),
            ..Edited::default()
        }),
        Box::new(Draft {
            secret: secret(),
            findings: Vec::new(),
        }),
        Box::new(Read {
            secrets: vec![secret()],
            findings: Vec::new(),
        }),
        Box::new(Written {
            text: sensitive(),
            findings: Vec::new(),
        }),
        Box::new(TypedKeys {
            access_key: sensitive(),
            secret_key: sensitive(),
        }),
        Box::new(Token::new(value, UserInfo::administrator("mate"))),
        Box::new(Credentials::Token(sensitive())),
        Box::new(oidc::Settings {
            issuer_url: "https://issuer.example".to_owned(),
            client_id: "bowline".to_owned(),
            client_secret: Some(sensitive()),
            username_claim: "sub".to_owned(),
            groups_claim: "groups".to_owned(),
            ca: None,
        }),
    ]
}

#[test]
fn no_type_that_holds_a_value_writes_it_when_debugged() {
    let mut canaries = Canaries::default();
    let value = canaries.plant("a value");
    let bytes = format!("{:?}", value.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']);
    for held in all(&value) {
        for text in [format!("{held:?}"), format!("{held:#?}")] {
            assert_eq!(
                canaries.leaks(&text),
                [],
                "in a type of {} bytes",
                text.len()
            );
            assert!(!text.contains(bytes), "as bytes");
        }
    }
}
