//! What services say that the real server of the tests does not: each fault is its own outcome.

use bowline_probe::{Ask, Report};
use rstest::rstest;

use crate::kit::{self, connection, detail, expect, lines};
use crate::stub::{Reply, Stub, answer};

const SECRET: &str = "Canary/0123456789abcdef+fedcba9876543210";
const LIST: &str = "<?xml version=\"1.0\"?><ListBucketResult><Name>models</Name><Contents><Key>a &amp; b.bin</Key></Contents></ListBucketResult>";

async fn probe(stub: &Stub, more: &[(&str, &str)], ask: &Ask) -> Report {
    let endpoint = stub.url();
    let mut data = vec![
        ("AWS_ACCESS_KEY_ID", "some-key"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_S3_ENDPOINT", &endpoint),
        ("AWS_S3_BUCKET", "models"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ];
    data.extend(more);
    let connection = connection("s3", &data);
    let report = kit::run_with(
        &kit::request(&connection, ask),
        &kit::at_home(),
        &Default::default(),
    )
    .await;
    assert!(!kit::json(&report).to_string().contains(SECRET) && !stub.heard().contains(SECRET));
    report
}

fn refuse(status: &str, code: &str) -> Reply {
    answer(
        status,
        "",
        &format!(
            "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>text of theirs</Message></Error>"
        ),
    )
}

/// A service that is good but for what `fault` says.
async fn good_but(fault: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> Stub {
    Stub::start(move |head| {
        if let Some(reply) = fault(head) {
            return reply;
        }
        match head.split(' ').next().unwrap_or_default() {
            "GET" if head.contains("list-type=2") => answer("200 OK", "", LIST),
            "GET" => answer("206 Partial Content", "", "bytes"),
            "PUT" => answer("200 OK", "", ""),
            _ => answer("204 No Content", "", ""),
        }
    })
    .await
}

fn is(head: &str, verb: &str, part: &str) -> bool {
    head.starts_with(verb) && head.lines().next().is_some_and(|line| line.contains(part))
}

#[rstest]
#[case("403 Forbidden", "InvalidAccessKeyId", "wrong-access-key")]
#[case("403 Forbidden", "SignatureDoesNotMatch", "wrong-secret-key")]
#[case("400 Bad Request", "InvalidToken", "wrong-session-token")]
#[case("400 Bad Request", "ExpiredToken", "session-expired")]
#[case("403 Forbidden", "RequestTimeTooSkewed", "clock-off")]
#[case("403 Forbidden", "SecondLevelDomainForbidden", "wrong-style")]
#[case("404 Not Found", "NoSuchBucket", "no-such-bucket")]
#[case("403 Forbidden", "AccessDenied", "may-not-list")]
#[case("503 Slow Down", "SlowDown", "service-busy")]
#[case("500 Internal Server Error", "InternalError", "service-failed")]
#[case("400 Bad Request", "Whatever", "refused-otherwise")]
#[tokio::test]
async fn each_code_is_its_own_outcome(
    #[case] status: &'static str,
    #[case] code: &'static str,
    #[case] id: &str,
) {
    let stub = Stub::start(move |_| refuse(status, code)).await;
    let report = probe(&stub, &[], &Ask::default()).await;
    expect(&report, id);
    assert!(!kit::json(&report).to_string().contains("text of theirs"));
}

#[rstest]
#[case("200 OK", "<html>welcome</html>", "answer-unknown")]
#[case("404 Not Found", "<html>nothing here</html>", "answer-unknown")]
#[case("200 OK", "", "answer-unknown")]
#[case("502 Bad Gateway", "<html>", "service-failed")]
#[case("200 OK", "{\"Code\":\"AccessDenied\"}", "answer-unknown")]
#[tokio::test]
async fn what_is_no_s3_service_is_told(
    #[case] status: &'static str,
    #[case] body: &'static str,
    #[case] id: &str,
) {
    let stub = Stub::start(move |_| answer(status, "", body)).await;
    expect(&probe(&stub, &[], &Ask::default()).await, id);
}

#[tokio::test]
async fn a_port_without_http_is_told() {
    let stub = Stub::start(|_| Reply::Last(b"220 mail.example ESMTP\r\n".to_vec())).await;
    expect(&probe(&stub, &[], &Ask::default()).await, "not-http");
}

#[tokio::test]
async fn a_connection_that_is_closed_early_is_told() {
    let stub = Stub::start(|_| Reply::Close).await;
    expect(&probe(&stub, &[], &Ask::default()).await, "closed-early");
}

#[tokio::test]
async fn a_wrong_region_comes_with_the_right_one() {
    let body =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>ap-south-1</Region></Error>";
    let stub = Stub::start(move |_| answer("400 Bad Request", "", body)).await;
    let report = probe(&stub, &[], &Ask::default()).await;
    expect(&report, "wrong-region");
    assert!(
        detail(&report).contains("`ap-south-1`"),
        "{}",
        lines(&report)
    );
    assert_eq!(
        report.decisive().and_then(|step| step.field.as_deref()),
        Some("AWS_DEFAULT_REGION")
    );
}

/// What services that are not Amazon's answer by their documentation and by reports of their users: no
/// server of theirs is asked here.
#[rstest]
#[case::alibaba_style(
    "403 Forbidden",
    "<Code>SecondLevelDomainForbidden</Code>",
    "wrong-style",
    ""
)]
#[case::alibaba_region(
    "403 Forbidden",
    "<Code>AccessDenied</Code><Message>must be addressed</Message><Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>",
    "wrong-region",
    "at `oss-cn-beijing.aliyuncs.com`"
)]
#[case::alibaba_token(
    "403 Forbidden",
    "<Code>SecurityTokenExpired</Code>",
    "session-expired",
    ""
)]
#[case::alibaba_pair(
    "403 Forbidden",
    "<Code>AccessKeyIdAndSecurityTokenNotMatch</Code>",
    "wrong-session-token",
    ""
)]
#[case::tencent_style(
    "403 Forbidden",
    "<Code>PathStyleDomainForbidden</Code>",
    "wrong-style",
    ""
)]
#[case::cloudflare_region(
    "400 Bad Request",
    "<Code>InvalidRegionName</Code><Message>The region name is not valid</Message>",
    "wrong-region",
    "it is not `eu-west-1`"
)]
#[case::cloudflare_key(
    "400 Bad Request",
    "<Code>InvalidArgument</Code><Message>Credential access key has length 8, should be 32</Message>",
    "wrong-access-key",
    ""
)]
#[case::cloudflare_unknown_key(
    "401 Unauthorized",
    "<Code>Unauthorized</Code>",
    "wrong-access-key",
    ""
)]
#[case::wasabi_region(
    "400 Bad Request",
    "<Code>AuthorizationHeaderMalformed</Code><Message>the region 'eu-west-1' is wrong; expecting 'eu-central-2'</Message>",
    "wrong-region",
    "`eu-central-2`"
)]
#[case::google_key(
    "403 Forbidden",
    "<Code>InvalidSecurity</Code>",
    "wrong-access-key",
    ""
)]
#[case::something_else(
    "400 Bad Request",
    "<Code>InvalidArgument</Code><Message>other</Message>",
    "refused-otherwise",
    "`InvalidArgument`"
)]
#[case::no_host(
    "403 Forbidden",
    "<Code>AccessDenied</Code><Endpoint>&lt;script&gt;</Endpoint>",
    "may-not-list",
    ""
)]
#[tokio::test]
async fn other_services_say_it_in_their_own_way(
    #[case] status: &'static str,
    #[case] error: &'static str,
    #[case] id: &str,
    #[case] told: &str,
) {
    let body = format!("<Error>{error}</Error>");
    let stub = Stub::start(move |_| answer(status, "", &body)).await;
    let report = probe(&stub, &[], &Ask::default()).await;
    expect(&report, id);
    assert!(detail(&report).contains(told), "{}", lines(&report));
}

#[tokio::test]
async fn a_redirect_may_name_the_region_by_its_header_alone() {
    let stub = Stub::start(|_| {
        answer(
            "301 Moved Permanently",
            "x-amz-bucket-region: ap-south-1\r\n",
            "",
        )
    })
    .await;
    let report = probe(&stub, &[], &Ask::default()).await;
    expect(&report, "wrong-region");
    assert!(
        detail(&report).contains("`ap-south-1`"),
        "{}",
        lines(&report)
    );
}

#[tokio::test]
async fn a_region_that_is_none_is_not_repeated() {
    let stub = Stub::start(|_| {
        answer(
            "301 Moved Permanently",
            "x-amz-bucket-region: \u{7f}<script>\r\n",
            "<Error><Code>PermanentRedirect</Code></Error>",
        )
    })
    .await;
    let report = probe(&stub, &[], &Ask::default()).await;
    assert!(
        !kit::json(&report).to_string().contains("script"),
        "{}",
        lines(&report)
    );
}

#[rstest]
#[case("http://169.254.169.254/latest/meta-data/", "redirect-forbidden")]
#[case("http://metadata.google.internal/", "redirect-forbidden")]
#[case("file:///etc/passwd", "redirect-forbidden")]
#[case("http://192.0.2.1/", "redirected")]
#[tokio::test]
async fn a_redirect_is_told_and_not_followed(#[case] location: &'static str, #[case] id: &str) {
    let stub =
        Stub::start(move |_| answer("302 Found", &format!("Location: {location}\r\n"), "")).await;
    expect(&probe(&stub, &[], &Ask::default()).await, id);
    assert_eq!(stub.verbs().len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_seven_minutes_off_is_told_before_the_service_minds() {
    let late = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(7);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&late)
        .expect("a date");
    let stub = good_but(move |head| {
        is(head, "GET", "list-type=2").then(|| answer("200 OK", &format!("Date: {date}\r\n"), LIST))
    })
    .await;
    let report = probe(&stub, &[], &Ask::default()).await;
    assert!(
        lines(&report).contains("sign-in warned clock-off: the clock here is 7 minutes ahead"),
        "{}",
        lines(&report)
    );
    assert!(report.kind().is_none());
}

#[tokio::test]
async fn a_session_token_is_sent_as_a_header() {
    let stub = good_but(|_| None).await;
    let report = probe(
        &stub,
        &[("AWS_SESSION_TOKEN", "some-token")],
        &Ask::default(),
    )
    .await;
    assert!(report.kind().is_none(), "{}", lines(&report));
    assert!(stub.heard().contains("x-amz-security-token: some-token"));
}

#[tokio::test]
async fn nothing_is_signed_for_an_anonymous_connection() {
    let stub = good_but(|_| None).await;
    let report = probe(
        &stub,
        &[("awsAnonymousCredential", "true")],
        &Ask::default(),
    )
    .await;
    assert!(report.kind().is_none(), "{}", lines(&report));
    assert!(!stub.heard().to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn a_probe_only_reads_unless_it_is_asked_to_write() {
    let stub = good_but(|_| None).await;
    probe(&stub, &[], &Ask::default()).await;
    assert_eq!(stub.verbs(), ["GET", "GET"]);
    let write = Ask {
        write: true,
        ..Ask::default()
    };
    probe(&stub, &[], &write).await;
    assert_eq!(stub.verbs()[2..], ["GET", "GET", "PUT", "DELETE"]);
    let written: Vec<String> = stub
        .heard()
        .lines()
        .filter(|line| line.starts_with("PUT ") || line.starts_with("DELETE "))
        .map(str::to_owned)
        .collect();
    assert!(
        written
            .iter()
            .all(|line| line.contains(" /models/.bowline-probe/probe ")),
        "{written:?}"
    );
}

#[rstest]
#[case("GET", "bin", "may-not-read")]
#[case("PUT", "", "may-not-write")]
#[case("DELETE", "", "may-not-delete")]
#[tokio::test]
async fn each_missing_right_is_told(
    #[case] verb: &'static str,
    #[case] part: &'static str,
    #[case] id: &str,
) {
    let stub =
        good_but(move |head| is(head, verb, part).then(|| refuse("403 Forbidden", "AccessDenied")))
            .await;
    let write = Ask {
        write: true,
        ..Ask::default()
    };
    expect(&probe(&stub, &[], &write).await, id);
}

#[tokio::test]
async fn an_object_that_can_be_read_but_not_listed_passes_with_a_warning() {
    let stub = good_but(|head| {
        is(head, "GET", "list-type").then(|| refuse("403 Forbidden", "AccessDenied"))
    })
    .await;
    let report = probe(&stub, &[], &kit::path("a.bin")).await;
    expect(&report, "may-not-list");
    assert!(report.kind().is_none(), "{}", lines(&report));
}

#[tokio::test]
async fn a_key_that_may_do_nothing_is_told() {
    let stub = good_but(|head| {
        head.contains(" HTTP/1.1")
            .then(|| refuse("403 Forbidden", "AccessDenied"))
    })
    .await;
    expect(
        &probe(&stub, &[], &kit::path("a.bin")).await,
        "bucket-forbidden",
    );
}

#[tokio::test]
async fn an_object_whose_bytes_do_not_come_is_told() {
    let stub =
        good_but(|head| is(head, "GET", "bin").then(|| answer("206 Partial Content", "", "")))
            .await;
    expect(
        &probe(&stub, &[], &Ask::default()).await,
        "first-bytes-short",
    );
}

#[rstest]
#[case("416 Range Not Satisfiable", "")]
#[case("200 OK", "")]
#[tokio::test]
async fn an_object_without_any_bytes_passes(
    #[case] status: &'static str,
    #[case] body: &'static str,
) {
    let stub = good_but(move |head| is(head, "GET", "bin").then(|| answer(status, "", body))).await;
    let report = probe(&stub, &[], &Ask::default()).await;
    expect(&report, "passed");
    assert!(lines(&report).contains("first-bytes passed: the object is empty"));
}

#[tokio::test]
async fn only_what_is_below_the_path_is_listed() {
    let stub = good_but(|_| None).await;
    probe(&stub, &[], &kit::path("llama/7b")).await;
    let heard = stub.heard();
    let lists: Vec<&str> = heard
        .lines()
        .filter(|line| line.contains("list-type"))
        .collect();
    assert!(
        matches!(lists[..], [list] if list.contains("prefix=llama%2F7b%2F")),
        "{lists:?}"
    );
}

#[tokio::test]
async fn a_service_that_sends_whole_objects_is_marked() {
    let stub = good_but(|head| is(head, "GET", "bin").then(|| answer("200 OK", "", "bytes"))).await;
    let report = probe(&stub, &[], &Ask::default()).await;
    expect(&report, "parts-ignored");
    assert!(report.kind().is_none());
}

#[tokio::test]
async fn the_style_that_works_is_told() {
    // It knows buckets before its host only, as Alibaba Cloud does.
    let stub = Stub::start(
        |head| match head.to_lowercase().contains("host: models.s3.example") {
            true => answer("200 OK", "", "<ListBucketResult/>"),
            false => refuse("403 Forbidden", "SecondLevelDomainForbidden"),
        },
    )
    .await;
    let guard = kit::knowing(&[
        ("s3.example", &[&["127.0.0.1"]]),
        ("models.s3.example", &[&["127.0.0.1"]]),
    ]);
    let endpoint = format!("http://s3.example:{}", stub.port());
    let data = |more: &[(&'static str, &'static str)]| {
        let mut data = vec![
            ("AWS_ACCESS_KEY_ID", "some-key"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_S3_ENDPOINT", endpoint.as_str()),
            ("AWS_S3_BUCKET", "models"),
        ];
        data.extend(more);
        connection("s3", &data)
    };
    let stated = kit::run(&data(&[("AWS_S3_USE_PATH_STYLE", "true")]), &guard).await;
    expect(&stated, "wrong-style");
    assert!(
        stated.kind().is_some() && detail(&stated).contains("AWS_S3_USE_PATH_STYLE=false"),
        "{}",
        lines(&stated)
    );
    let guessed = kit::run(&data(&[]), &guard).await;
    assert!(
        guessed.kind().is_none() && lines(&guessed).contains("sign-in warned wrong-style"),
        "{}",
        lines(&guessed)
    );
    let right = kit::run(&data(&[("AWS_S3_USE_PATH_STYLE", "false")]), &guard).await;
    assert!(
        lines(&right).contains("sign-in passed"),
        "{}",
        lines(&right)
    );
}

#[tokio::test]
async fn what_a_service_says_is_escaped_and_cut() {
    let code = format!("\u{1b}[2J\n{{\"level\":\"error\"}}{}", "x".repeat(100_000));
    let stub = Stub::start(move |_| refuse("400 Bad Request", &code)).await;
    let report = probe(&stub, &[], &Ask::default()).await;
    expect(&report, "refused-otherwise");
    assert!(!detail(&report).contains(['\u{1b}', '\n']) && detail(&report).len() < 300);
}

#[tokio::test]
async fn a_refused_port_is_told() {
    let stub = Stub::start(|_| Reply::Close).await;
    let endpoint = stub.url();
    drop(stub);
    tokio::task::yield_now().await;
    let connection = connection(
        "s3",
        &[
            ("AWS_ACCESS_KEY_ID", "some-key"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_S3_ENDPOINT", &endpoint),
            ("AWS_S3_BUCKET", "models"),
        ],
    );
    expect(
        &kit::run(&connection, &kit::at_home()).await,
        "connect-refused",
    );
}

/// Whoever changes where a connection points to gets a signature, and no key that made it.
#[tokio::test]
async fn an_endpoint_of_an_attackers_hears_no_secret_key() {
    let stub = good_but(|_| None).await;
    let write = Ask {
        write: true,
        path: Some("a".to_owned()),
        ..Ask::default()
    };
    probe(&stub, &[], &write).await;
    assert!(stub.heard().contains("AWS4-HMAC-SHA256") && !stub.heard().contains("Canary/"));
}
