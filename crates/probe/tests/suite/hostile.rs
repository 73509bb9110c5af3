//! What services say may be anything: none of it gets into a report but short, escaped and marked
//! texts, and nothing of what they were told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bowline_probe::Step;
use rstest::rstest;

use crate::kit;
use crate::matrix::scene::at;
use crate::matrix::{SPEAKS, Speaks};
use crate::stub::ssh::{Dripping, packet, text};
use crate::stub::{Reply, Stub, answer};

/// Colours, a forged line of a log, a text that turns round, and a piece of a page.
const NASTY: &str =
    "\u{1b}[31m\r\n{\"level\":\"info\"}\u{202e}\u{0}<script>alert(1)</script>\u{9b}2J";
/// What a detail may have, with the mark of a cut.
const LONGEST: usize = 250;

/// One of the texts that readers of each protocol look at, with something nasty in its place.
fn body(form: usize, text: &str) -> String {
    let json = serde_json::to_string(text).expect("JSON");
    match form {
        0 => format!(
            "<?xml version=\"1.0\"?><Error><Code>{text}</Code><Message>{text}</Message><Region>{text}</Region></Error>"
        ),
        1 => format!(
            "{{\"error\":{json},\"error_description\":{json},\"errors\":[{{\"code\":{json},\"message\":{json}}}],\"__type\":{json},\"message\":{json},\"access_token\":{json},\"token\":{json},\"items\":[{{\"name\":{json}}}],\"siblings\":[{{\"rfilename\":{json}}}]}}"
        ),
        2 => format!(
            "<ListBucketResult><Contents><Key>{text}</Key></Contents><Name>{text}</Name></ListBucketResult>"
        ),
        3 => format!("{:04x}ERR {text}", text.len() + 8),
        _ => text.repeat(2_000),
    }
}

fn head(status: &str, text: &str, length: usize) -> String {
    // Headers hold no control characters; what is left is nasty enough.
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    let names = [
        "x-ms-error-code",
        "x-error-code",
        "x-error-message",
        "x-amz-bucket-region",
    ];
    let extra: String = names.map(|name| format!("{name}: {plain}\r\n")).concat();
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nx-ms-version: 1\r\nx-amz-request-id: 1\r\n{extra}\r\n"
    )
}

fn is_clean(step: &Step) -> bool {
    let detail = step.detail.as_deref().unwrap_or_default();
    let is_nasty = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}');
    detail.len() <= LONGEST && !detail.contains(is_nasty)
}

/// What each protocol takes for a good answer, so that the steps after it are met too.
fn good(speaks: Speaks) -> Reply {
    let json = r#"{"access_token":"some-token","token":"some-token","id":"demo/tiny","items":[{"name":"a"}],"siblings":[{"rfilename":"a"}],"config":{"digest":"sha256:0"}}"#;
    let body = match speaks {
        Speaks::S3 => {
            "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>".to_owned()
        }
        Speaks::Azure => {
            "<EnumerationResults><Blobs><Blob><Name>a</Name></Blob></Blobs></EnumerationResults>"
                .to_owned()
        }
        _ => json.to_owned(),
    };
    match speaks {
        // Who asks for nothing gets no login.
        Speaks::Oci => answer(
            "200 OK",
            "Docker-Distribution-API-Version: registry/2.0\r\n",
            &body,
        ),
        _ => answer("200 OK", "", &body),
    }
}

/// Each protocol against each status and form, from the first answer on or from a later one.
async fn every_report(
    speaks: Speaks,
    text: impl Fn(&str) -> String + Copy + Send + Sync + 'static,
) {
    let marks = bowline_testkit::canary::marks();
    let statuses = [
        "200 OK",
        "206 Partial Content",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "418 Nothing",
    ];
    for (status, form, after) in combinations(&statuses) {
        let count = AtomicUsize::new(0);
        let stub = Stub::start(move |heard| {
            if count.fetch_add(1, Ordering::SeqCst) < after {
                return good(speaks);
            }
            let body = body(form, &text(heard));
            Reply::Whole(head(status, &text(heard), body.len()) + &body)
        })
        .await;
        let report = at(speaks, &stub.url()).run().await;
        let shown = kit::json(&report).to_string();
        assert!(
            report.steps.iter().all(is_clean),
            "{speaks:?} {status} {form}\n{shown}"
        );
        let leaks: Vec<_> = marks
            .iter()
            .filter(|(_, mark)| shown.contains(mark))
            .collect();
        assert!(
            leaks.is_empty(),
            "{speaks:?} {status} {form} {after}: {leaks:?}"
        );
    }
}

fn combinations<'a>(
    statuses: &'a [&'static str],
) -> impl Iterator<Item = (&'static str, usize, usize)> + 'a {
    statuses.iter().flat_map(|status| {
        (0..5).flat_map(move |form| (0..4).map(move |after| (*status, form, after)))
    })
}

#[rstest]
#[tokio::test]
async fn what_services_say_is_escaped_and_cut(#[values(0, 1, 2, 3, 5, 6, 7)] column: usize) {
    every_report(SPEAKS[column].0, |_| NASTY.to_owned()).await;
}

/// What an SSH server can say before it has to prove anything.
fn ssh_words() -> Vec<Vec<u8>> {
    let after_id = |payload: &[u8]| [b"SSH-2.0-x\r\n", &packet(payload)[..]].concat();
    let (said, language) = (text(NASTY), text("en"));
    let offers: Vec<u8> = (0..10).flat_map(|_| text(NASTY)).collect();
    vec![
        format!("SSH-2.0-{NASTY}\r\n").into_bytes(),
        format!("{NASTY}\r\nSSH-2.0-x\r\n").into_bytes(),
        NASTY.repeat(2_000).into_bytes(),
        after_id(&[&[1, 0, 0, 0, 2][..], &said, &language].concat()),
        after_id(&[&[4, 1][..], &said, &language].concat()),
        after_id(&[&[20][..], &[0; 16], &offers, &[0; 5]].concat()),
        after_id(&[&[53][..], &said, &language].concat()),
    ]
}

#[tokio::test]
async fn what_ssh_servers_say_is_escaped_and_cut() {
    for words in ssh_words() {
        let shown = String::from_utf8_lossy(&words).into_owned();
        let server = Dripping::after(words).await;
        let mut scene = at(Speaks::GitSsh, &format!("http://{}", server.address));
        scene.settings.answer = Duration::from_millis(300);
        let report = scene.run().await;
        assert!(report.kind().is_some(), "{shown:?}");
        let json = kit::json(&report).to_string();
        assert!(report.steps.iter().all(is_clean), "{shown:?}\n{json}");
        assert!(!json.contains("Canary") && !json.contains("alert(1)"));
    }
}

#[rstest]
#[tokio::test]
async fn what_services_are_told_is_not_repeated(#[values(0, 1, 2, 3, 5, 6, 7)] column: usize) {
    every_report(SPEAKS[column].0, |heard| {
        // The word of the login, or the last value of a form.
        let login = heard
            .lines()
            .find_map(|line| line.strip_prefix("authorization: "));
        let word = login.and_then(|login| login.rsplit(' ').next());
        let value = || heard.rsplit('=').next().unwrap_or_default();
        word.map_or_else(|| value().to_owned(), str::to_owned)
    })
    .await;
}
