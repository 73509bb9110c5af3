//! Connections as tests need them, and running probes of them.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use bowline_core::{Connection, Recognition, Secret};
use bowline_probe::dial::{Resolve, Resolving};
use bowline_probe::{Ask, Guard, News, Report, Request, Settings, State, probe};
use serde_json::{Value, json};

/// What the annotation says, and keys with their values.
pub(crate) fn connection(protocol: &str, data: &[(&str, &str)]) -> Connection {
    let data: HashMap<&str, &str> = data.iter().copied().collect();
    let secret = Secret::from_value(&json!({
        "kind": "Secret", "type": "Opaque", "stringData": data,
        "metadata": {
            "name": "tested", "namespace": "team",
            "annotations": {"opendatahub.io/connection-type-protocol": protocol},
        },
    }));
    match Connection::from_secret(secret.expect("a Secret")) {
        Recognition::Connection(connection) => *connection,
        _ => unreachable!("the annotation makes it a connection"),
    }
}

/// A guard as on one machine: loopback is allowed.
pub(crate) fn at_home() -> Guard {
    Guard::new().allowing_own()
}

/// Answers for the names it knows, in turn; the last answer stays.
#[derive(Default)]
pub(crate) struct Names(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Names {
    pub(crate) fn new(names: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let parse = |answer: &&[&str]| {
            answer
                .iter()
                .map(|ip| ip.parse().expect("an address"))
                .collect()
        };
        let all = names
            .iter()
            .map(|(name, answers)| ((*name).to_owned(), answers.iter().map(parse).collect()));
        Arc::new(Self(Mutex::new(all.collect())))
    }
}

impl Resolve for Names {
    fn addresses<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        let mut names = self.0.lock().expect("no panic");
        let answer = names.get_mut(name).map(|answers| match answers.len() {
            1 => answers[0].clone(),
            _ => answers.remove(0),
        });
        Box::pin(async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

/// A guard that asks these names only, with loopback allowed.
pub(crate) fn knowing(names: &[(&str, &[&[&str]])]) -> Guard {
    Guard {
        resolver: Names::new(names),
        ..at_home()
    }
}

pub(crate) fn request<'a>(connection: &'a Connection, ask: &'a Ask) -> Request<'a> {
    Request {
        connection,
        ask,
        others: &[],
        claims: None,
        authorities: None,
        identity: None,
        workload: None,
    }
}

/// Probes with all settings as they are by default.
pub(crate) async fn run(connection: &Connection, guard: &Guard) -> Report {
    run_with(
        &request(connection, &Ask::default()),
        guard,
        &Settings::default(),
    )
    .await
}

pub(crate) async fn run_with(request: &Request<'_>, guard: &Guard, settings: &Settings) -> Report {
    probe(request, guard, settings, &mut |_: News<'_>| {}).await
}

/// A path, and nothing else.
pub(crate) fn path(path: &str) -> Ask {
    Ask {
        path: Some(path.to_owned()),
        ..Ask::default()
    }
}

/// The outcome of the verdict.
pub(crate) fn outcome(report: &Report) -> &'static str {
    report.verdict.outcome.id
}

/// What the step that decided said.
pub(crate) fn detail(report: &Report) -> &str {
    report
        .decisive()
        .and_then(|step| step.detail.as_deref())
        .unwrap_or_default()
}

/// The steps as `name state outcome: detail`, one on each line.
pub(crate) fn lines(report: &Report) -> String {
    let line = |step: &bowline_probe::Step| {
        let state = match step.state {
            State::Passed => "passed".to_owned(),
            State::Failed => format!("FAILED {}", step.outcome.id),
            State::Skipped => format!("skipped {}", step.outcome.id),
            State::Warned => format!("warned {}", step.outcome.id),
        };
        let detail = step
            .detail
            .as_deref()
            .map(|detail| format!(": {detail}"))
            .unwrap_or_default();
        format!("{} {state}{detail}\n", step.name.as_str())
    };
    report.steps.iter().map(line).collect()
}

/// Fails with all steps when the outcome is another one.
#[track_caller]
pub(crate) fn expect(report: &Report, id: &str) {
    assert_eq!(outcome(report), id, "\n{}", lines(report));
}

/// The report as programs get it.
pub(crate) fn json(report: &Report) -> Value {
    serde_json::to_value(report).expect("a report is JSON")
}
