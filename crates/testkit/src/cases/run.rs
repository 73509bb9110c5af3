//! Playing cases in a world and collecting all that is not as expected.

use std::fmt;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{self, Answer};
use super::expect::{self, complete};
use super::format::{Case, File, Step, Then};
use super::review::Request;
use super::show::difference;
use super::{NAME, NAMESPACE, World};
use crate::canary::Canaries;

/// What came of a file of cases.
#[derive(Debug, Default)]
pub struct Report {
    /// How many cases were played.
    pub played: usize,
    /// How many need more than the world can do.
    pub skipped: usize,
    /// What was not as expected, one entry for each case, with the step.
    pub failures: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            played,
            skipped,
            failures,
        } = self;
        for failure in failures {
            writeln!(f, "{failure}\n")?;
        }
        write!(
            f,
            "{played} cases played, {skipped} skipped, {} failed",
            failures.len()
        )
    }
}

/// Plays all cases of a file, each in the emptied world.
pub async fn run<W: World>(world: &mut W, file: &File) -> Report {
    let mut report = Report::default();
    for case in &file.cases {
        if case.reach > world.reach() {
            report.skipped += 1;
            continue;
        }
        report.played += 1;
        let canaries = Canaries::default();
        let mut play = Play {
            world,
            case,
            file,
            canaries,
            stored: Value::Null,
        };
        if let Err((step, problems)) = play.all_steps().await {
            let Case { name, .. } = case;
            let problems = problems.join("\n");
            report
                .failures
                .push(format!("{}: {name}\nstep {step}: {problems}", file.theme));
        }
    }
    report
}

/// One case being played.
struct Play<'a, W> {
    world: &'a mut W,
    case: &'a Case,
    file: &'a File,
    canaries: Canaries,
    stored: Value,
}

impl<W: World> Play<'_, W> {
    /// Plays until a step goes wrong, and says which one and all that was wrong with it.
    async fn all_steps(&mut self) -> Result<(), (usize, Vec<String>)> {
        let only = |error: anyhow::Error| vec![format!("{error:#}")];
        self.world.reset().await.map_err(|error| (0, only(error)))?;
        for (index, step) in self.case.steps.iter().enumerate() {
            let problems = self.step(step).await.unwrap_or_else(only);
            if !problems.is_empty() {
                return Err((index + 1, problems));
            }
        }
        Ok(())
    }

    /// Plays one step; gives back what is not as expected.
    async fn step(&mut self, step: &Step) -> Result<Vec<String>> {
        self.prepare(step).await?;
        if let Some(object) = &step.stored {
            self.stored = complete(self.case, object);
            return Ok(Vec::new());
        }
        let then = step.then.as_ref().context("nothing is expected")?;
        let (operation, sent) = self.sent(step);
        let answer = self.ask_twice(operation, step, &sent).await?;
        let mut problems = expect::problems(self.case, step, then, &answer, &sent)?;
        problems.extend(self.compare_accounts(then).await?);
        if !answer.is_allowed || step.subresource.is_some() {
            return Ok(problems);
        }
        if operation == "DELETE" {
            self.stored = Value::Null;
            return Ok(problems);
        }
        let admitted = answer.apply(&sent)?;
        problems.extend(self.compare_again(&admitted, step).await?);
        if !step.dry_run {
            self.stored = admitted;
        }
        Ok(problems)
    }

    async fn prepare(&mut self, step: &Step) -> Result<()> {
        for (name, spec) in &step.secrets {
            match spec {
                None => self.world.delete_secret(name).await?,
                Some(spec) => {
                    let secret = spec.object(name, &self.file.fixtures, &mut self.canaries);
                    self.world.put_secret(&secret).await?;
                }
            }
        }
        for (name, links) in &step.given_accounts {
            self.world.put_account(name, links).await?;
        }
        self.world.forbid(&step.forbidden).await?;
        self.world.disconnect(&step.unavailable).await
    }

    /// The operation of a step and the object it sends.
    fn sent(&self, step: &Step) -> (&'static str, Value) {
        if let Some(object) = &step.create {
            return ("CREATE", complete(self.case, object));
        }
        if let Some(object) = &step.replace {
            return ("UPDATE", complete(self.case, object));
        }
        let Some(patch) = &step.edit else {
            return ("DELETE", Value::Null);
        };
        if step.subresource.as_deref() == Some("scale") {
            return ("UPDATE", scale(patch));
        }
        let mut object = self.stored.clone();
        json_patch::merge(&mut object, patch);
        ("UPDATE", object)
    }

    /// Rehearses a request in a dry run, which must leave nothing behind, and then makes it.
    async fn ask_twice(
        &mut self,
        operation: &'static str,
        step: &Step,
        sent: &Value,
    ) -> Result<Answer> {
        let before = self.world.accounts().await?;
        let rehearsal = self.ask(operation, step, sent, true).await?;
        ensure!(
            self.world.accounts().await? == before,
            "a dry run has touched ServiceAccounts"
        );
        if step.dry_run {
            return Ok(rehearsal);
        }
        let answer = self.ask(operation, step, sent, false).await?;
        ensure!(
            answer == rehearsal,
            "a dry run gives another answer: {rehearsal:?}"
        );
        let is_untouched = self.world.accounts().await? == before;
        ensure!(
            answer.is_allowed || is_untouched,
            "a denied request has touched ServiceAccounts"
        );
        Ok(answer)
    }

    async fn ask(
        &mut self,
        operation: &'static str,
        step: &Step,
        sent: &Value,
        dry_run: bool,
    ) -> Result<Answer> {
        let uid = Uuid::new_v4().to_string();
        let old = if operation == "CREATE" {
            &Value::Null
        } else {
            &self.stored
        };
        let subresource = step.subresource.as_deref();
        let request = Request {
            uid: &uid,
            operation,
            subresource,
            object: sent,
            old,
            dry_run,
        };
        let answer = self.world.post(&request.review()).await?;
        check::read(&answer, &uid, &self.canaries)
    }

    async fn compare_accounts(&mut self, then: &Then) -> Result<Option<String>> {
        let actual = self.world.accounts().await?;
        let expected = then
            .accounts
            .as_ref()
            .filter(|expected| **expected != actual);
        Ok(expected.map(|expected| format!("accounts are {actual:?}, expected {expected:?}")))
    }

    /// Posts the admitted object once more: nothing may change.
    async fn compare_again(&mut self, admitted: &Value, step: &Step) -> Result<Option<String>> {
        let stored = std::mem::replace(&mut self.stored, admitted.clone());
        let answer = self.ask("UPDATE", step, admitted, true).await;
        self.stored = stored;
        let answer = answer.context("the admitted object, posted again")?;
        if !answer.is_allowed {
            return Ok(Some(format!(
                "posted again it is denied: {}",
                answer.message
            )));
        }
        let again = answer.apply(admitted)?;
        let is_same = again == *admitted;
        Ok(
            (!is_same)
                .then(|| format!("posted again it changes\n{}", difference(admitted, &again))),
        )
    }
}

/// What a write to the subresource `scale` sends.
fn scale(patch: &Value) -> Value {
    json!({
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": patch.get("spec"),
    })
}
