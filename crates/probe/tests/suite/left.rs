//! What a test that is killed between writing and deleting leaves is removed by the next. That of S3 is
//! in `s3/real.rs`; these are the other two that write, each on a server of its own.

use std::time::Duration;

use bowline_core::Connection;
use bowline_probe::{Ask, News, Settings, StepName, probe};
use bowline_testkit::servers::{Azurite, Gcs, Ready, Server};
use rstest::rstest;

use crate::kit::{self, expect};
use crate::matrix::Speaks;
use crate::matrix::scene::at;
use crate::stub::{Reply, Stub, answer};

async fn start<R: Ready + Send + 'static>() -> Option<Server<R>> {
    let start = || Server::start().expect("it starts");
    tokio::task::spawn_blocking(start).await.expect("no panic")
}

async fn what_is_left_goes(connection: Connection, settings: Settings) {
    let ask = Ask {
        write: true,
        ..Ask::default()
    };
    let own = kit::path(".bowline-probe/probe");
    let is_there = async || {
        let request = kit::request(&connection, &own);
        let report = kit::run_with(&request, &kit::at_home(), &settings).await;
        report.kind().is_none()
    };
    // List, write, delete: it ends when the third is begun.
    let (killed, ask_of_killed, own_settings) = (connection.clone(), ask.clone(), settings.clone());
    let ended = tokio::spawn(async move {
        let mut rights = 0;
        let mut sink = |news: News<'_>| {
            rights += usize::from(matches!(news, News::Begun(StepName::Right)));
            if rights == 3 {
                std::panic::resume_unwind(Box::new("killed"));
            }
        };
        let request = kit::request(&killed, &ask_of_killed);
        probe(&request, &kit::at_home(), &own_settings, &mut sink).await;
    });
    assert!(ended.await.is_err(), "it was not killed");
    assert!(is_there().await, "nothing was left");
    let request = kit::request(&connection, &ask);
    let report = kit::run_with(&request, &kit::at_home(), &settings).await;
    expect(&report, "passed");
    assert!(!is_there().await, "it is still there");
}

#[tokio::test]
async fn what_a_killed_test_left_at_google_is_removed_by_the_next() {
    let Some(server) = start::<Gcs>().await else {
        return;
    };
    let server = &server.ready;
    let connection = crate::gcs::gcs(&crate::gcs::read(&server.key_file), Some("models"));
    let settings = Settings {
        google: server.endpoint.clone(),
        ..Settings::default()
    };
    what_is_left_goes(connection, settings).await;
}

#[tokio::test]
async fn what_a_killed_test_left_at_azure_is_removed_by_the_next() {
    let Some(server) = start::<Azurite>().await else {
        return;
    };
    let server = &server.ready;
    let connection = crate::azure::azure(server, Some("models"), crate::azure::key(server));
    let settings = Settings {
        azure: server.endpoint.clone(),
        ..Settings::default()
    };
    what_is_left_goes(connection, settings).await;
}

/// Lists and reads, and never answers to a write.
async fn never_written() -> Stub {
    Stub::start(|head| {
        let line = head.lines().next().unwrap_or_default();
        match line.split(' ').next().unwrap_or_default() {
            "PUT" => Reply::Hang,
            "POST" if line.contains("/upload/") => Reply::Hang,
            "POST" => answer("200 OK", "", r#"{"access_token":"some-token"}"#),
            "DELETE" => Reply::Whole("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
            _ if line.contains("list-type=2") => answer("200 OK", "", "<ListBucketResult/>"),
            _ if line.contains("comp=list") => answer("200 OK", "", "<EnumerationResults/>"),
            _ => answer("200 OK", "", "{}"),
        }
    })
    .await
}

#[rstest]
#[tokio::test]
async fn what_may_have_been_written_is_deleted_though_nobody_said_so(
    #[values(Speaks::S3, Speaks::Gcs, Speaks::Azure)] speaks: Speaks,
    #[values("answer-timeout", "too-slow")] id: &str,
) {
    let stub = never_written().await;
    let mut scene = at(speaks, &stub.url());
    scene.ask.write = true;
    let short = Duration::from_millis(400);
    match id {
        "too-slow" => scene.settings.total = short,
        _ => scene.settings.answer = short,
    }
    expect(&scene.run().await, id);
    let verbs = stub.verbs();
    assert_eq!(
        verbs.iter().filter(|verb| *verb == "DELETE").count(),
        1,
        "{verbs:?}"
    );
    let heard = stub.heard();
    let deleted = heard.lines().find(|line| line.starts_with("DELETE"));
    assert!(
        deleted.is_some_and(|line| line.contains(".bowline-probe")),
        "{deleted:?}"
    );
}
