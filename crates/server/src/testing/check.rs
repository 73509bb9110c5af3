//! A check of an installation of pipelines for somebody who asks over HTTP: who may, how long it may
//! take, and how much is told. What is tried is left to `bowline_setup`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bowline_pipelines::check::{chosen_profiles, visits};
use bowline_pipelines::render::{self, Names, Options};
use bowline_pipelines::{Input, explain};
use bowline_probe::Guard;
use bowline_setup::check::{Check, Report, Sources};
use http::StatusCode;

use super::Tests;
use super::rights::{Right, has};
use crate::callers::Caller;
use crate::problem::Problem;

/// For the requests of one reader.
const OF_READER: Duration = Duration::from_secs(5);
/// Profiles of one check.
const MOST_PROFILES: usize = 8;

/// What is to be checked; its description was accepted.
pub(crate) struct Installation {
    pub(crate) input: Input,
    pub(crate) names: Names,
    pub(crate) profiles: Vec<String>,
}

/// Ends a check that nobody waits for any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Tests {
    /// Checks an installation with what the sender sends, and what they may read.
    pub(crate) async fn check(
        self: &Arc<Self>,
        caller: &Caller,
        installation: Installation,
    ) -> Result<Report, Problem> {
        self.count(caller)?;
        let probe = &self.settings.probe;
        // After that nothing more is tried; what was written is then still removed in the time of a
        // request.
        let longest = probe.total * 2;
        let answered = Instant::now() + longest + probe.connect + probe.answer;
        let stop = Stop(Arc::default());
        let work = Work::of(installation)?;
        may_check(caller, &work).await?;
        let client = work.installation.input.secrets.is_none();
        let client = client.then(|| caller.client.clone());
        let inside = Arc::new(AtomicBool::new(false));
        // It goes on when the sender is gone, until what it wrote is removed.
        let mut running = tokio::spawn({
            let (tests, stop, inside) =
                (Arc::clone(self), Arc::clone(&stop.0), Arc::clone(&inside));
            async move { work.run(&tests, client, &stop, &inside).await }
        });
        let ended = tokio::select! {
            ended = &mut running => ended,
            () = tokio::time::sleep(longest) => {
                stop.0.store(true, Ordering::Relaxed);
                running.await
            }
        };
        let report = ended.map_err(|_| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "this is a defect")
                .help("report it with the request's id, and what the log says")
        })?;
        let is_inside = !self.settings.is_open && inside.load(Ordering::Relaxed);
        if !is_inside || !report.is_telling() {
            return Ok(report);
        }
        // Whether a port is closed or filtered can be told from times too.
        tokio::time::sleep_until(answered.into()).await;
        Ok(report.coarse())
    }
}

/// Whoever has keys sent to the store from a project could store them there and run pods with them.
async fn may_check(caller: &Caller, work: &Work) -> Result<(), Problem> {
    for namespace in work.namespaces() {
        if !has(caller, &Right::create_secrets(&namespace)).await? {
            let detail = format!("checking readers in project `{namespace}` is not allowed");
            return Err(Problem::new(StatusCode::FORBIDDEN, detail).help(
                "ask an administrator of the project for the right to create Secrets there",
            ));
        }
    }
    Ok(())
}

/// A check with all that it needs.
struct Work {
    installation: Installation,
    objects: Vec<serde_json::Value>,
    explanation: explain::Explanation,
}

impl Work {
    fn of(installation: Installation) -> Result<Self, Problem> {
        let Installation {
            input,
            names,
            profiles,
        } = &installation;
        let invalid = |detail| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
        let Some(deployment) = &input.deployment else {
            return Err(invalid(
                "the description cannot be used as it is".to_owned(),
            ));
        };
        let is_known = |name: &String| deployment.profiles.iter().any(|it| it.name == *name);
        if let Some(unknown) = profiles.iter().find(|name| !is_known(name)) {
            return Err(invalid(format!(
                "there is no profile `{unknown}` in the description"
            )));
        }
        let count = chosen_profiles(deployment, profiles).len();
        if count > MOST_PROFILES {
            let detail = format!("there are {count} profiles, more than {MOST_PROFILES}");
            return Err(invalid(detail).help("name those that matter most in `profiles`"));
        }
        let options = Options {
            names: *names,
            kyverno: false,
            secrets: input.secrets.as_deref(),
        };
        let (objects, _) = render::objects(deployment, options);
        Ok(Self {
            explanation: explain::explain(deployment, &objects),
            objects,
            installation,
        })
    }

    fn namespaces(&self) -> std::collections::BTreeSet<String> {
        let Installation {
            input, profiles, ..
        } = &self.installation;
        let deployment = input.deployment.iter();
        let visits = deployment.flat_map(|it| visits(it, &self.explanation, profiles));
        visits.map(|visit| visit.namespace).collect()
    }

    async fn run(
        self,
        tests: &Tests,
        client: Option<kube::Client>,
        stop: &AtomicBool,
        inside: &Arc<AtomicBool>,
    ) -> Report {
        let Installation {
            input, profiles, ..
        } = &self.installation;
        let deployment = input.deployment.as_ref().expect("it was accepted");
        let settings = bowline_probe::Settings {
            total: tests.settings.probe.total.min(OF_READER),
            ..tests.settings.probe.clone()
        };
        let guard = |namespace: &str| Guard {
            went_inside: Arc::clone(inside),
            ..tests.settings.bounds.guard(namespace)
        };
        let check = Check {
            deployment,
            explanation: &self.explanation,
            profiles,
            sources: Sources {
                objects: &self.objects,
                secrets: input.secrets.as_deref().unwrap_or_default(),
                client: client.as_ref(),
            },
            authorities: None,
            guard: &guard,
            settings: &settings,
            slots: &tests.slots,
            stop,
        };
        check.run(&mut |_| ()).await
    }
}
