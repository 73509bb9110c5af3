//! Amazon's registry: its logins, made from keys and by roles. A real registry stands behind its name,
//! and an emulator of Amazon's services gives the logins.

use bowline_probe::{Report, Settings};
use bowline_testkit::servers::{Aws, Registry};

use crate::kit::{self, expect};
use crate::oci::registry;

/// By which Amazon's registries are known.
pub(crate) const AMAZON: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/// Amazon's registry, with an old login in the docker config and access keys beside it.
async fn amazon(aws: &Aws, keys: &[(&str, &str)]) -> Option<Report> {
    let server = Registry::shared()?;
    let port = server.basic.rsplit(':').next().expect("a port");
    let login_host = format!("{AMAZON}:{port}");
    let host = format!("http://{login_host}");
    let connection = registry(&host, &login_host, ("AWS", "some-old-one"), keys);
    let settings = Settings {
        ecr: aws.endpoint.clone(),
        sts: aws.endpoint.clone(),
        ..Settings::default()
    };
    let guard = kit::knowing(&[(AMAZON, &[&["127.0.0.1"]])]);
    let ask = kit::path("team/app:v1");
    Some(kit::run_with(&kit::request(&connection, &ask), &guard, &settings).await)
}

#[tokio::test]
async fn a_login_of_amazons_is_made_from_keys() {
    let Some(aws) = Aws::shared() else { return };
    let pair = |key: &str, secret: &str| {
        [
            ("AWS_ACCESS_KEY_ID".to_owned(), key.to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), secret.to_owned()),
        ]
    };
    let cases = [
        (pair(&aws.access_key, &aws.secret_key), "none"),
        (
            pair(&aws.access_key, "some-wrong-secret-key"),
            "wrong-secret-key",
        ),
        (
            pair("AKIASOMEUNKNOWNONE00", &aws.secret_key),
            "wrong-access-key",
        ),
        (
            pair(&aws.denied_access_key, &aws.denied_secret_key),
            "may-not-log-in",
        ),
    ];
    for (keys, id) in cases {
        let keys: Vec<(&str, &str)> = keys.iter().map(|(key, value)| (&**key, &**value)).collect();
        let Some(report) = amazon(aws, &keys).await else {
            return;
        };
        match id {
            "none" => assert!(report.kind().is_none(), "{}", kit::lines(&report)),
            id => expect(&report, id),
        }
    }
}

#[tokio::test]
async fn a_login_of_amazons_is_made_by_a_role() {
    let Some(aws) = Aws::shared() else { return };
    let keys = [
        ("AWS_ACCESS_KEY_ID", aws.access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", aws.secret_key.as_str()),
    ];
    for (role, id) in [
        (aws.role.as_str(), None),
        (aws.narrow_role.as_str(), Some("may-not-log-in")),
        (
            "arn:aws:iam::123456789012:role/does-not-exist",
            Some("role-refused"),
        ),
    ] {
        let data = [keys[0], keys[1], ("AWS_ROLE_ARN", role)];
        let Some(report) = amazon(aws, &data).await else {
            return;
        };
        assert_eq!(
            report.kind().map(|_| kit::outcome(&report)),
            id,
            "{}",
            kit::lines(&report)
        );
    }
}

#[tokio::test]
async fn a_registry_whose_role_only_pods_have_is_left_to_them() {
    let Some(aws) = Aws::shared() else { return };
    let Some(server) = Registry::shared() else {
        return;
    };
    let port = server.basic.rsplit(':').next().expect("a port");
    let host = format!("http://{AMAZON}:{port}");
    let role = [("AWS_ROLE_ARN", aws.role.as_str())];
    let connection = registry(&host, "quay.io", ("AWS", "for-another-registry"), &role);
    let guard = kit::knowing(&[(AMAZON, &[&["127.0.0.1"]])]);
    let report = kit::run(&connection, &guard).await;
    assert!(report.kind().is_none(), "{}", kit::lines(&report));
    assert!(kit::lines(&report).contains("sign-in warned identity-elsewhere"));
}

#[tokio::test]
async fn an_old_login_of_amazons_is_told_from_a_wrong_one() {
    let Some(aws) = Aws::shared() else { return };
    let Some(report) = amazon(aws, &[]).await else {
        return;
    };
    expect(&report, "registry-login-expired");
}
