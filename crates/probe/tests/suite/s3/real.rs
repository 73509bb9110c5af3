//! A real server: what it refuses, and what it serves.

use std::sync::Mutex;

use bowline_core::Connection;
use bowline_probe::{Ask, Guard, News, Report, Settings, StepName};
use bowline_testkit::S3;
use bowline_testkit::s3::Call;
use serde_json::json;

use crate::kit::{self, connection, detail, expect, lines};

/// The server, with what the tests read; `None` where there is none.
pub(crate) async fn server() -> Option<&'static S3> {
    static FILLED: Mutex<bool> = Mutex::new(false);
    let start = || {
        let server = S3::shared()?;
        let mut is_filled = FILLED.lock().expect("no panic");
        if !*is_filled {
            server.make_bucket("models").expect("a bucket");
            server.make_bucket("nothing").expect("a bucket");
            server
                .put("models", "llama/weights & more.bin", &[7; 4096])
                .expect("an object");
            server
                .put("models", "single.bin", b"few")
                .expect("an object");
            server
                .put("models", "single.bin-other", b"")
                .expect("an object");
            server.make_bucket("open").expect("a bucket");
            server.put("open", "single.bin", b"few").expect("an object");
            server.put("open", "other.bin", b"").expect("an object");
            *is_filled = true;
        }
        Some(server)
    };
    tokio::task::spawn_blocking(start).await.expect("no panic")
}

/// A good connection, with some fields changed.
pub(crate) fn good(server: &S3, changes: &[(&str, &str)]) -> Connection {
    let ready = &server.ready;
    let mut data = vec![
        ("AWS_ACCESS_KEY_ID", ready.access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", ready.secret_key.as_str()),
        ("AWS_S3_ENDPOINT", ready.endpoint.as_str()),
        ("AWS_DEFAULT_REGION", ready.region.as_str()),
        ("AWS_S3_BUCKET", "models"),
    ];
    data.extend(changes);
    connection("s3", &data)
}

async fn probe(connection: &Connection, ask: &Ask) -> Report {
    let report = kit::run_with(
        &kit::request(connection, ask),
        &kit::at_home(),
        &Settings::default(),
    )
    .await;
    assert!(!kit::json(&report).to_string().contains("Canary/"));
    report
}

macro_rules! server {
    () => {
        match server().await {
            Some(server) => server,
            None => return,
        }
    };
}

#[tokio::test]
async fn a_good_connection_passes_every_step() {
    let server = server!();
    let report = probe(&good(server, &[]), &Ask::default()).await;
    insta::with_settings!({filters => [(r"port \d+", "port [port]")]}, {
        insta::assert_snapshot!(lines(&report), @r"
        fields passed
        name passed: 127.0.0.1
        connect passed: port [port]
        tls skipped not-needed: the address is `http://`
        sign-in passed: region `us-east-1`
        right passed: list
        object passed: first of the list: `llama/weights & more.bin`
        first-bytes passed: 1024 bytes
        ");
    });
}

#[tokio::test]
async fn wrong_keys_are_told_apart() {
    let server = server!();
    let unknown = good(server, &[("AWS_ACCESS_KEY_ID", "AKIDOESNOTEXIST00000")]);
    expect(&probe(&unknown, &Ask::default()).await, "wrong-access-key");
    let wrong = good(
        server,
        &[(
            "AWS_SECRET_ACCESS_KEY",
            "Canary/of-somebody-else-entirely-0000",
        )],
    );
    let report = probe(&wrong, &Ask::default()).await;
    expect(&report, "wrong-secret-key");
    assert_eq!(
        report.decisive().and_then(|step| step.field.as_deref()),
        Some("AWS_SECRET_ACCESS_KEY")
    );
}

#[tokio::test]
async fn a_key_of_the_dialect_is_named_as_the_dialect_spells_it() {
    let server = server!();
    let ready = &server.ready;
    let connection = connection(
        "s3",
        &[
            ("awsAccessKeyID", &ready.access_key),
            (
                "awsSecretAccessKey",
                "Canary/of-somebody-else-entirely-0000",
            ),
            ("AWS_S3_ENDPOINT", &ready.endpoint),
            ("AWS_S3_BUCKET", "models"),
        ],
    );
    let report = probe(&connection, &Ask::default()).await;
    assert_eq!(
        report.decisive().and_then(|step| step.field.as_deref()),
        Some("awsSecretAccessKey"),
        "{}",
        lines(&report)
    );
}

#[tokio::test]
async fn a_right_key_without_right_is_told() {
    let server = server!();
    let stranger = good(
        server,
        &[
            ("AWS_ACCESS_KEY_ID", &server.ready.other_access_key),
            ("AWS_SECRET_ACCESS_KEY", &server.ready.other_secret_key),
        ],
    );
    let report = probe(&stranger, &Ask::default()).await;
    expect(&report, "may-not-list");
    assert!(
        lines(&report).contains("sign-in passed"),
        "{}",
        lines(&report)
    );
    expect(
        &probe(&stranger, &kit::path("single.bin")).await,
        "bucket-forbidden",
    );
}

#[tokio::test]
async fn an_anonymous_connection_to_a_closed_bucket_is_told() {
    let server = server!();
    expect(
        &probe(
            &good(server, &[("awsAnonymousCredential", "true")]),
            &Ask::default(),
        )
        .await,
        "anonymous-refused",
    );
}

/// Lets everybody do something with the bucket `open`, and nothing else.
fn open_for(server: &S3, actions: &[&str]) {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": actions,
            "Resource": ["arn:aws:s3:::open", "arn:aws:s3:::open/*"],
        }],
    });
    let call = Call {
        method: "PUT",
        path: "open",
        query: &[("policy", "")],
        body: &policy.to_string(),
    };
    let status = server.calls(&server.owner(), &[call]);
    assert!(matches!(status.expect("an answer")[..], [200 | 204]));
}

#[tokio::test]
async fn a_bucket_that_everybody_may_read_needs_no_key() {
    let server = server!();
    let connection = good(
        server,
        &[
            ("AWS_S3_BUCKET", "open"),
            ("awsAnonymousCredential", "true"),
        ],
    );
    open_for(server, &["s3:ListBucket", "s3:GetObject"]);
    for ask in [Ask::default(), kit::path("single.bin")] {
        let report = probe(&connection, &ask).await;
        expect(&report, "passed");
        assert!(
            lines(&report).contains("sign-in passed: without a key"),
            "{}",
            lines(&report)
        );
    }
    expect(
        &probe(&connection, &kit::path("none.bin")).await,
        "no-such-object",
    );
    let write = Ask {
        write: true,
        ..Ask::default()
    };
    expect(&probe(&connection, &write).await, "may-not-write");

    // What is published one by one can be read by whoever knows its name.
    open_for(server, &["s3:GetObject"]);
    expect(
        &probe(&connection, &Ask::default()).await,
        "anonymous-refused",
    );
    let report = probe(&connection, &kit::path("single.bin")).await;
    expect(&report, "may-not-list");
    assert!(
        report.kind().is_none() && lines(&report).contains("first-bytes passed"),
        "{}",
        lines(&report)
    );
    open_for(server, &["s3:GetObjectAcl"]);
    expect(
        &probe(&connection, &kit::path("single.bin")).await,
        "anonymous-refused",
    );
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told() {
    let server = server!();
    let report = probe(
        &good(server, &[("AWS_S3_BUCKET", "no-such-models")]),
        &Ask::default(),
    )
    .await;
    expect(&report, "no-such-bucket");
    assert!(
        lines(&report).contains("sign-in passed"),
        "{}",
        lines(&report)
    );
}

#[tokio::test]
async fn a_path_is_an_object_or_a_folder_or_nothing() {
    let server = server!();
    let connection = good(server, &[]);
    for there in [
        "single.bin",
        "llama",
        "llama/",
        "/llama/",
        "llama/weights & more.bin",
    ] {
        let report = probe(&connection, &kit::path(there)).await;
        assert!(report.kind().is_none(), "{there}\n{}", lines(&report));
    }
    for absent in ["llam", "single", "llama/other", "Single.bin"] {
        expect(
            &probe(&connection, &kit::path(absent)).await,
            "no-such-object",
        );
    }
}

#[tokio::test]
async fn an_empty_bucket_passes_and_says_so() {
    let server = server!();
    let report = probe(
        &good(server, &[("AWS_S3_BUCKET", "nothing")]),
        &Ask::default(),
    )
    .await;
    assert!(
        report.kind().is_none() && lines(&report).contains("object skipped empty"),
        "{}",
        lines(&report)
    );
}

#[tokio::test]
async fn a_clock_that_is_twenty_minutes_behind_is_told() {
    let server = server!();
    let settings = Settings {
        now: || jiff::Timestamp::now() - jiff::SignedDuration::from_mins(20),
        ..Settings::default()
    };
    let connection = good(server, &[]);
    let report = kit::run_with(
        &kit::request(&connection, &Ask::default()),
        &kit::at_home(),
        &settings,
    )
    .await;
    expect(&report, "clock-off");
    assert_eq!(
        detail(&report),
        "the clock here is 20 minutes behind the service's"
    );
}

#[tokio::test]
async fn a_bucket_before_a_host_that_has_none_is_the_wrong_style() {
    let server = server!();
    let port = server.ready.endpoint.rsplit(':').next().expect("a port");
    let endpoint = format!("http://s3.example:{port}");
    let connection = good(
        server,
        &[
            ("AWS_S3_ENDPOINT", &endpoint),
            ("AWS_S3_USE_PATH_STYLE", "false"),
        ],
    );
    let known: [(&str, &[&[&str]]); 2] = [
        ("s3.example", &[&["127.0.0.1"]]),
        ("models.s3.example", &[&["127.0.0.1"]]),
    ];
    // The name below the host leads to the server, or it does not exist.
    for names in [&known[..], &known[..1]] {
        let report = kit::run(&connection, &kit::knowing(names)).await;
        expect(&report, "wrong-style");
        assert!(
            detail(&report).contains("AWS_S3_USE_PATH_STYLE=true"),
            "{}",
            lines(&report)
        );
    }
}

#[tokio::test]
async fn tls_is_done_with_the_authority_that_the_connection_brings() {
    let server = server!();
    let authority = std::fs::read_to_string(&server.ready.ca).expect("a file");
    let endpoint = server.ready.tls_endpoint.as_str();
    expect(
        &probe(
            &good(server, &[("AWS_S3_ENDPOINT", endpoint)]),
            &Ask::default(),
        )
        .await,
        "tls-untrusted",
    );
    let report = probe(
        &good(
            server,
            &[("AWS_S3_ENDPOINT", endpoint), ("AWS_CA_BUNDLE", &authority)],
        ),
        &Ask::default(),
    )
    .await;
    assert!(
        report.kind().is_none() && lines(&report).contains("tls passed"),
        "{}",
        lines(&report)
    );
}

#[tokio::test]
async fn speaking_without_tls_to_a_port_with_tls_is_told() {
    let server = server!();
    let plain = server.ready.tls_endpoint.replace("https://", "http://");
    let report = probe(
        &good(server, &[("AWS_S3_ENDPOINT", &plain)]),
        &Ask::default(),
    )
    .await;
    assert!(
        ["not-http", "closed-early"].contains(&kit::outcome(&report)),
        "{}",
        lines(&report)
    );
    let secure = server.ready.endpoint.replace("http://", "https://");
    expect(
        &probe(
            &good(server, &[("AWS_S3_ENDPOINT", &secure)]),
            &Ask::default(),
        )
        .await,
        "tls-not-spoken",
    );
}

/// What is in a folder, as its first key.
async fn leftover(server: &S3, bucket: &str) -> bool {
    let report = probe(
        &good(server, &[("AWS_S3_BUCKET", bucket)]),
        &kit::path(".bowline-probe/probe"),
    )
    .await;
    report.kind().is_none()
}

#[tokio::test]
async fn a_write_is_proved_and_leaves_nothing() {
    let server = server!();
    let write = Ask {
        write: true,
        ..Ask::default()
    };
    let report = probe(&good(server, &[]), &write).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
    assert!(lines(&report).contains("right passed: write `.bowline-probe/probe`\nright passed: delete `.bowline-probe/probe`\n"), "{}", lines(&report));
    assert!(!leftover(server, "models").await);
}

#[tokio::test]
async fn what_a_killed_probe_left_is_removed_by_the_next() {
    let server = server!();
    tokio::task::spawn_blocking(|| server.make_bucket("killed").expect("a bucket"))
        .await
        .expect("no panic");
    let connection = good(server, &[("AWS_S3_BUCKET", "killed")]);
    let ask = Ask {
        write: true,
        ..Ask::default()
    };
    // It ends between the write and the delete, when the third right is about to be proved.
    let (killed, ask_of_killed) = (connection.clone(), ask.clone());
    let ended = tokio::spawn(async move {
        let mut rights = 0;
        let mut sink = |news: News<'_>| {
            rights += usize::from(matches!(news, News::Begun(StepName::Right)));
            if rights == 3 {
                std::panic::resume_unwind(Box::new("killed"));
            }
        };
        let request = kit::request(&killed, &ask_of_killed);
        bowline_probe::probe(&request, &kit::at_home(), &Settings::default(), &mut sink).await;
    });
    assert!(ended.await.is_err(), "it was not killed");
    assert!(leftover(server, "killed").await);
    let report = probe(&connection, &ask).await;
    assert!(report.kind().is_none(), "{}", lines(&report));
    assert!(!leftover(server, "killed").await);
}

#[tokio::test]
async fn loopback_is_not_reached_where_it_is_not_allowed() {
    let server = server!();
    expect(
        &kit::run(&good(server, &[]), &Guard::new()).await,
        "address-own",
    );
}
