//! Single requests at keys of a bucket: what ends a list of them, and that what was put is deleted
//! whatever happens.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bowline_probe::{Ask, Done, Errand, Settings, errands};

use crate::kit::{self, connection};
use crate::stub::{Reply, Stub, answer};

const KEY: &str = "team-1/.bowline-probe/own";

async fn run(stub: &Stub, style: &str, stop: &AtomicBool) -> Vec<&'static str> {
    let endpoint = stub.url();
    let connection = connection(
        "s3",
        &[
            ("AWS_ACCESS_KEY_ID", "some-key"),
            ("AWS_SECRET_ACCESS_KEY", "not-a-real-key"),
            ("AWS_S3_ENDPOINT", &endpoint),
            ("AWS_S3_BUCKET", "models"),
            ("AWS_S3_USE_PATH_STYLE", style),
        ],
    );
    let all = [
        Errand::List("team-1/".to_owned()),
        Errand::Put(KEY.to_owned()),
        Errand::Get(KEY.to_owned()),
        Errand::Delete(KEY.to_owned()),
    ];
    let settings = Settings {
        total: Duration::from_millis(800),
        ..Settings::default()
    };
    let (ask, guard) = (Ask::default(), kit::at_home());
    let request = kit::request(&connection, &ask);
    let done = errands(&request, &all, &guard, &settings, stop).await;
    done.iter().map(|done: &Done| done.outcome.id).collect()
}

fn good(head: &str) -> Reply {
    match head.split(' ').next().unwrap_or_default() {
        "GET" if head.contains("list-type=2") => {
            answer("200 OK", "", "<ListBucketResult></ListBucketResult>")
        }
        "GET" => answer("206 Partial Content", "", "bytes"),
        "PUT" => answer("200 OK", "", ""),
        _ => answer("204 No Content", "", ""),
    }
}

fn error(status: &str, code: &str) -> Reply {
    answer(status, "", &format!("<Error><Code>{code}</Code></Error>"))
}

static NEVER: AtomicBool = AtomicBool::new(false);

#[tokio::test]
async fn a_missing_right_does_not_keep_the_others_from_being_tried() {
    let stub = Stub::start(|head| match head.starts_with("PUT") {
        true => error("403 Forbidden", "AccessDenied"),
        false => good(head),
    })
    .await;
    let done = run(&stub, "true", &NEVER).await;
    assert_eq!(done, ["passed", "may-not-write", "passed", "not-needed"]);
}

#[tokio::test]
async fn whatever_else_fails_ends_the_list_and_nothing_is_written() {
    let stub = Stub::start(|_| error("403 Forbidden", "SignatureDoesNotMatch")).await;
    let done = run(&stub, "true", &NEVER).await;
    assert_eq!(
        done,
        [
            "wrong-secret-key",
            "not-reached",
            "not-reached",
            "not-needed"
        ]
    );
    assert!(!stub.heard().contains("PUT "));
}

#[tokio::test]
async fn what_was_put_is_deleted_when_the_time_is_over() {
    let stub = Stub::start(|head| match head.starts_with("PUT") {
        true => Reply::Hang,
        false => good(head),
    })
    .await;
    let done = run(&stub, "true", &NEVER).await;
    assert_eq!(done, ["passed", "too-slow", "not-reached", "passed"]);
}

#[tokio::test]
async fn nothing_is_begun_once_it_is_stopped() {
    let stub = Stub::start(good).await;
    let stopped = AtomicBool::new(true);
    let done = run(&stub, "true", &stopped).await;
    assert_eq!(done, ["too-slow", "too-slow", "too-slow", "not-needed"]);
    assert_eq!(stub.heard(), "");
}

#[tokio::test]
async fn a_stated_style_is_used_as_it_is_stated() {
    let stub = Stub::start(good).await;
    let done = run(&stub, "false", &NEVER).await;
    assert_eq!(
        done,
        ["wrong-style", "not-reached", "not-reached", "not-needed"]
    );
}
