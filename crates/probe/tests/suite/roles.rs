//! Roles of AWS: taken on with keys or a web identity, against an emulator that checks signatures,
//! trust and rights, and against stubs.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bowline_core::Connection;
use bowline_probe::{Ask, Report, Request, Settings, WebIdentity};
use bowline_testkit::S3;
use bowline_testkit::servers::Aws;
use rstest::rstest;
use serde_json::json;

use crate::kit::{self, connection, detail, expect, lines};
use crate::stub::{Stub, answer};

const ROLE: &str = "arn:aws:iam::123456789012:role/reader";
const SECRET: &str = "Canary/0123456789abcdef+fedcba9876543210";

/// A connection to the emulator's bucket that takes on a role, with some fields changed or left out.
fn role(aws: &Aws, changes: &[(&str, &str)]) -> Connection {
    let mut data = vec![
        ("AWS_ACCESS_KEY_ID", aws.access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", aws.secret_key.as_str()),
        ("AWS_S3_ENDPOINT", aws.endpoint.as_str()),
        ("AWS_DEFAULT_REGION", aws.region.as_str()),
        ("AWS_S3_BUCKET", "models"),
        ("AWS_ROLE_ARN", aws.role.as_str()),
    ];
    data.retain(|(key, _)| !changes.contains(&(*key, "")));
    data.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    connection("s3", &data)
}

async fn run(connection: &Connection, ask: &Ask) -> Report {
    let settings = Settings::default();
    let report = kit::run_with(&kit::request(connection, ask), &kit::at_home(), &settings).await;
    assert!(!kit::json(&report).to_string().contains("Canary/"));
    report
}

#[tokio::test]
async fn a_role_is_taken_on_with_the_connections_keys() {
    let Some(aws) = Aws::shared() else { return };
    let report = run(&role(aws, &[]), &kit::path("demo/hello.txt")).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
    let signed_in = format!("sign-in passed: as role `{ROLE}`, region `us-east-1`\n");
    assert!(lines(&report).contains(&signed_in), "{}", lines(&report));
    assert!(lines(&report).contains("first-bytes passed"));
}

#[tokio::test]
async fn a_role_that_may_only_read_may_not_write_though_its_user_may() {
    let Some(aws) = Aws::shared() else { return };
    let write = Ask {
        write: true,
        ..Ask::default()
    };
    expect(&run(&role(aws, &[]), &write).await, "may-not-write");
    let user = role(aws, &[("AWS_ROLE_ARN", "")]);
    let report = run(&user, &write).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
}

#[tokio::test]
async fn each_refusal_of_a_role_is_told_apart() {
    let Some(aws) = Aws::shared() else { return };
    let denied = [
        ("AWS_ACCESS_KEY_ID", aws.denied_access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", aws.denied_secret_key.as_str()),
    ];
    let cases: [(&[(&str, &str)], &str); 5] = [
        (
            &[("AWS_ACCESS_KEY_ID", "AKIDOESNOTEXIST00000")],
            "wrong-access-key",
        ),
        (
            &[("AWS_SECRET_ACCESS_KEY", "Canary/of-somebody-else-entirely")],
            "wrong-secret-key",
        ),
        (&denied, "role-refused"),
        (
            &[(
                "AWS_ROLE_ARN",
                "arn:aws:iam::123456789012:role/does-not-exist",
            )],
            "role-refused",
        ),
        (&[("AWS_ROLE_ARN", "reader")], "role-unreadable"),
    ];
    for (changes, id) in cases {
        let mut all = vec![("AWS_ROLE_ARN", aws.role.as_str())];
        all.extend(changes);
        expect(&run(&role(aws, &all), &Ask::default()).await, id);
    }
}

/// Ceph's gateway gives the keys of its roles itself, and the connection says no more than for Amazon's.
#[tokio::test]
async fn a_role_of_a_gateway_is_taken_on_there() {
    let start = || -> anyhow::Result<Option<(S3, String)>> {
        let Some(server) = S3::start_with_roles()? else {
            return Ok(None);
        };
        server.make_bucket("models")?;
        server.put("models", "single.bin", b"few")?;
        let reading = ["s3:ListBucket", "s3:GetObject"];
        let role = server.make_role("reader", &server.owner(), &reading)?;
        Ok(Some((server, role)))
    };
    let started = tokio::task::spawn_blocking(start).await.expect("no panic");
    let Some((server, role)) = started.expect("it starts") else {
        return;
    };
    let with = |changes: &[(&str, &str)]| {
        let mut all = vec![("AWS_ROLE_ARN", role.as_str())];
        all.extend(changes);
        crate::s3::real::good(&server, &all)
    };
    let report = run(&with(&[]), &kit::path("single.bin")).await;
    expect(&report, "passed");
    let signed_in = format!("sign-in passed: as role `{role}`, region `us-east-1`\n");
    assert!(lines(&report).contains(&signed_in), "{}", lines(&report));
    let write = Ask {
        write: true,
        ..Ask::default()
    };
    expect(&run(&with(&[]), &write).await, "may-not-write");
    let stranger = [
        ("AWS_ACCESS_KEY_ID", &*server.ready.other_access_key),
        ("AWS_SECRET_ACCESS_KEY", &server.ready.other_secret_key),
    ];
    // Whether it was the key is not told.
    let wrong = [("AWS_SECRET_ACCESS_KEY", "Canary/of-somebody-else-entirely")];
    let absent = [("AWS_ROLE_ARN", "arn:aws:iam:::role/does-not-exist")];
    for changes in [&stranger[..], &wrong, &absent] {
        let report = run(&with(changes), &Ask::default()).await;
        expect(&report, "role-refused");
    }
}

/// A token as Kubernetes puts it into pods, which ends so many seconds from now.
fn token(audience: &str, ends_in: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = i64::try_from(now.expect("after 1970").as_secs()).expect("before the end of time");
    let claims = json!({"aud": audience, "exp": now + ends_in, "sub": "robot"});
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.signature",
        part(&json!({"alg": "RS256"})),
        part(&claims)
    )
}

#[tokio::test]
async fn a_role_is_taken_on_with_a_web_identity() {
    let Some(aws) = Aws::shared() else { return };
    let cases = [
        (token("sts.amazonaws.com", 600), None),
        (
            token("sts.amazonaws.com", -600),
            Some("web-identity-expired"),
        ),
        (token("somebody-else", 600), Some("wrong-web-identity")),
        ("none-at-all".to_owned(), Some("wrong-web-identity")),
    ];
    for (token, id) in cases {
        let connection = role(
            aws,
            &[
                ("AWS_ACCESS_KEY_ID", ""),
                ("AWS_SECRET_ACCESS_KEY", ""),
                ("AWS_WEB_IDENTITY_TOKEN", &token),
            ],
        );
        let report = run(&connection, &Ask::default()).await;
        assert_eq!(
            report.kind().map(|_| kit::outcome(&report)),
            id,
            "{}",
            lines(&report)
        );
        assert!(!kit::json(&report).to_string().contains(&token));
    }
}

/// Keys, a role and whatever else, at this endpoint.
async fn at(endpoint: &str, more: &[(&str, &str)]) -> Report {
    let mut data = vec![
        ("AWS_ACCESS_KEY_ID", "some-key"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_S3_ENDPOINT", endpoint),
        ("AWS_S3_BUCKET", "models"),
        ("AWS_ROLE_ARN", ROLE),
    ];
    data.retain(|(key, _)| !more.contains(&(*key, "")));
    data.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    run(&connection("s3", &data), &Ask::default()).await
}

/// A service that gives keys for roles unless `refuses` says otherwise, and has an empty bucket.
async fn giving(refuses: Option<(&'static str, &'static str)>) -> Stub {
    Stub::start(move |head| match (head.starts_with("POST"), refuses) {
        (true, Some((status, body))) => answer(status, "", body),
        (true, None) => answer(
            "200 OK",
            "",
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIATEMPORARY0000000</AccessKeyId><SecretAccessKey>Canary/temporary-secret</SecretAccessKey><SessionToken>Canary/temporary-token</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        ),
        _ => answer("200 OK", "", "<ListBucketResult/>"),
    })
    .await
}

#[rstest]
#[case(
    "403 Forbidden",
    "<Error><Code>ExpiredTokenException</Code></Error>",
    "session-expired"
)]
#[case(
    "403 Forbidden",
    "<Error><Code>RequestTimeTooSkewed</Code></Error>",
    "clock-off"
)]
#[case("403 Forbidden", "", "role-not-given")]
#[case("404 Not Found", "", "role-not-given")]
#[case(
    "400 Bad Request",
    "<Error><Code>IDPCommunicationError</Code></Error>",
    "issuer-unreached"
)]
#[case(
    "405 Method Not Allowed",
    "<Error><Code>MethodNotAllowed</Code></Error>",
    "answer-unknown"
)]
#[case(
    "400 Bad Request",
    "<Error><Code>Whatever</Code></Error>",
    "refused-otherwise"
)]
#[case(
    "400 Bad Request",
    "<Error><Code>Throttling</Code></Error>",
    "service-busy"
)]
#[case("200 OK", "<html>", "answer-unknown")]
#[tokio::test]
async fn what_else_becomes_of_roles_is_told(
    #[case] status: &'static str,
    #[case] body: &'static str,
    #[case] id: &str,
) {
    let stub = giving(Some((status, body))).await;
    expect(&at(&stub.url(), &[]).await, id);
}

#[tokio::test]
async fn the_buckets_service_sees_the_roles_keys_only() {
    let (sts, store) = (giving(None).await, giving(None).await);
    let report = at(&store.url(), &[("AWS_ENDPOINT_URL_STS", &sts.url())]).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
    let heard = store.heard();
    assert!(heard.contains("ASIATEMPORARY0000000") && !heard.contains("some-key"));
    assert!(heard.contains("x-amz-security-token: Canary/temporary-token"));
    assert!(sts.heard().contains("Action=AssumeRole") && sts.heard().contains("some-key"));
}

#[rstest]
#[case("http://169.254.169.254/")]
#[case("http://[::ffff:a9fe:a9fe]/")]
#[case("http://metadata.google.internal/")]
#[case("file:///etc/passwd")]
#[tokio::test]
async fn roles_are_not_taken_on_at_metadata(#[case] address: &str) {
    let store = giving(None).await;
    let report = at(&store.url(), &[("AWS_ENDPOINT_URL_STS", address)]).await;
    expect(&report, "sts-forbidden");
    assert_eq!(store.verbs().len(), 0);
}

#[tokio::test]
async fn a_redirect_of_the_desk_to_metadata_is_not_followed() {
    let sts = Stub::start(|_| {
        answer(
            "307 Temporary Redirect",
            "Location: http://169.254.169.254/\r\n",
            "",
        )
    })
    .await;
    expect(&at(&sts.url(), &[]).await, "sts-forbidden");
    assert_eq!(sts.verbs(), ["POST"]);
}

#[tokio::test]
async fn a_role_without_anybody_to_take_it_on_is_left_to_pods() {
    let store = giving(None).await;
    let nobody = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let file = ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/token");
    for more in [&nobody[..], &[nobody[0], nobody[1], file]] {
        let report = at(&store.url(), more).await;
        assert!(report.kind().is_none(), "{}", lines(&report));
        expect(&report, "identity-elsewhere");
    }
    assert_eq!(store.hits(), 0);
}

const FILE: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

/// Runs where workloads are taken for somebody.
async fn as_workload(connection: &Connection, token: &str, sts: &str) -> Report {
    let identity = WebIdentity {
        file: FILE.to_owned(),
        token: token.into(),
    };
    let ask = kit::path("demo/hello.txt");
    let request = Request {
        identity: Some(&identity),
        ..kit::request(connection, &ask)
    };
    let settings = Settings {
        sts: sts.to_owned(),
        ..Settings::default()
    };
    kit::run_with(&request, &kit::at_home(), &settings).await
}

const NO_KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];

#[tokio::test]
async fn a_role_is_taken_on_with_the_identity_that_was_handed_over() {
    let Some(aws) = Aws::shared() else { return };
    for file in [None, Some(("AWS_WEB_IDENTITY_TOKEN_FILE", FILE))] {
        let changes: Vec<_> = NO_KEYS.into_iter().chain(file).collect();
        let (connection, token) = (role(aws, &changes), token("sts.amazonaws.com", 600));
        let report = as_workload(&connection, &token, &aws.endpoint).await;
        let signed_in = format!("sign-in passed: as role `{ROLE}`, region `us-east-1`\n");
        assert!(lines(&report).contains(&signed_in), "{}", lines(&report));
        assert!(!kit::json(&report).to_string().contains(&token));
    }
    let late = token("sts.amazonaws.com", -600);
    let report = as_workload(&role(aws, &NO_KEYS), &late, &aws.endpoint).await;
    expect(&report, "web-identity-expired");
}

#[rstest]
#[case("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9/")]
#[case("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/other")]
#[tokio::test]
async fn whoever_writes_a_connection_does_not_choose_who_sees_an_identity(
    #[case] key: &'static str,
    #[case] value: &'static str,
) {
    let (store, sts) = (giving(None).await, giving(None).await);
    let data = [
        ("AWS_S3_ENDPOINT", store.url()),
        ("AWS_S3_BUCKET", "models".to_owned()),
        ("AWS_ROLE_ARN", ROLE.to_owned()),
        (key, value.to_owned()),
    ];
    let data: Vec<_> = data.iter().map(|(key, value)| (*key, &**value)).collect();
    let report = as_workload(&connection("s3", &data), SECRET, &sts.url()).await;
    expect(&report, "identity-elsewhere");
    assert_eq!((store.hits(), sts.hits()), (0, 0));
}

#[tokio::test]
async fn an_identity_is_shown_to_amazons_service_and_not_to_the_endpoint() {
    let (store, sts) = (giving(None).await, giving(None).await);
    let endpoint = store.url();
    let data = [
        ("AWS_S3_ENDPOINT", &*endpoint),
        ("AWS_S3_BUCKET", "models"),
        ("AWS_ROLE_ARN", ROLE),
    ];
    as_workload(&connection("s3", &data), "some-token-of-a-pod", &sts.url()).await;
    assert!(sts.heard().contains("some-token-of-a-pod"));
    assert!(!store.heard().contains("some-token-of-a-pod"));
}

#[tokio::test]
async fn the_role_of_odahu_is_taken_on() {
    let store = giving(None).await;
    let secret = bowline_core::Secret::from_value(&json!({
        "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "raw", "namespace": "team", "annotations": {
            "opendatahub.io/connection-type-protocol": "s3", "odahu.bowline.dev/role": ROLE,
        }},
        "stringData": {
            "AWS_ACCESS_KEY_ID": "some-key", "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_S3_ENDPOINT": store.url(), "AWS_S3_BUCKET": "models",
        },
    }));
    let bowline_core::Recognition::Connection(connection) =
        Connection::from_secret(secret.expect("a Secret"))
    else {
        unreachable!("the annotation makes it a connection")
    };
    let report = run(&connection, &Ask::default()).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
    assert!(store.heard().contains("x-amz-security-token"));
}

#[tokio::test]
async fn a_service_that_repeats_the_web_identity_does_not_get_it_into_the_report() {
    let token = "Canary.0123456789abcdef.fedcba9876543210";
    let stub = Stub::start(move |head| match head.starts_with("POST") {
        true => answer(
            "400 Bad Request",
            "",
            &format!("<Error><Code>token {token}</Code></Error>"),
        ),
        false => answer("200 OK", "", ""),
    })
    .await;
    let report = at(&stub.url(), &[("AWS_WEB_IDENTITY_TOKEN", token)]).await;
    expect(&report, "refused-otherwise");
    assert!(!detail(&report).contains("Canary"), "{}", lines(&report));
}
