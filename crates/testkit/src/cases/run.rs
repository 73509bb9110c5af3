//! Playing cases in a world and collecting all that is not as expected.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{self, Answer, has_record, without_record};
use super::format::{Case, File, Step, Then};
use super::review::{Request, usual_api_version};
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
    /// What was not as expected, with case and step.
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
            "{played} cases played, {skipped} skipped, {} failures",
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
        let mut play = Play {
            world,
            case,
            file,
            canaries: Canaries::default(),
            stored: Value::Null,
            problems: Vec::new(),
        };
        if let Err(problems) = play.all_steps().await {
            report.failures.push(format!("{}: {}\n{problems}", file.theme, case.name));
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
    problems: Vec<String>,
}

impl<W: World> Play<'_, W> {
    /// Plays until a step goes wrong, and says all that was wrong with it.
    async fn all_steps(&mut self) -> Result<(), String> {
        self.world.reset().await.map_err(|error| format!("{error:#}"))?;
        for (index, step) in self.case.steps.iter().enumerate() {
            if let Err(error) = self.step(step).await {
                self.problems.push(format!("{error:#}"));
            }
            if !self.problems.is_empty() {
                return Err(format!("step {}: {}", index + 1, self.problems.join("\n")));
            }
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> anyhow::Result<()> {
        self.prepare(step).await?;
        if let Some(object) = &step.stored {
            self.stored = self.complete(object);
            return Ok(());
        }
        let then = step.then.as_ref().context("nothing is expected")?;
        let (operation, sent) = self.sent(step);
        let before = self.world.accounts().await?;
        let rehearsal = self.ask(operation, step, &sent, true).await?;
        ensure!(
            self.world.accounts().await? == before,
            "a dry run has touched ServiceAccounts"
        );
        let answer = match step.dry_run {
            true => rehearsal,
            false => {
                let answer = self.ask(operation, step, &sent, false).await?;
                ensure!(
                    answer == rehearsal,
                    "a dry run gives another answer: {rehearsal:?}"
                );
                answer
            }
        };
        self.compare_verdict(then, &answer, &sent)?;
        let after = self.world.accounts().await?;
        if !answer.is_allowed {
            ensure!(
                after == before,
                "a denied request has touched ServiceAccounts"
            );
        }
        self.compare_accounts(then, &after);
        Ok(match (answer.is_allowed, operation) {
            (false, _) => {}
            (true, "DELETE") => self.stored = Value::Null,
            _ if step.subresource.is_some() => {}
            _ => {
                let object = answer.apply(&sent)?;
                self.stays(&object, step).await?;
                if !step.dry_run {
                    self.stored = object;
                }
            }
        })
    }

    async fn prepare(&mut self, step: &Step) -> anyhow::Result<()> {
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
            return ("CREATE", self.complete(object));
        }
        if let Some(object) = &step.replace {
            return ("UPDATE", self.complete(object));
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

    /// Adds what every object has and cases need not repeat: kind, name and namespace.
    fn complete(&self, object: &Value) -> Value {
        let usual = usual_api_version(&self.case.kind);
        let api_version = self.case.api_version.as_deref().or(usual);
        let mut whole = json!({
            "apiVersion": api_version,
            "kind": self.case.kind,
            "metadata": {"namespace": NAMESPACE},
        });
        if object.pointer("/metadata/generateName").is_none() {
            whole["metadata"]["name"] = json!(NAME);
        }
        overlay(&mut whole, object);
        whole
    }

    async fn ask(
        &mut self,
        operation: &'static str,
        step: &Step,
        sent: &Value,
        dry_run: bool,
    ) -> anyhow::Result<Answer> {
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

    fn compare_verdict(&mut self, then: &Then, answer: &Answer, sent: &Value) -> anyhow::Result<()> {
        match (&then.denied, answer.is_allowed) {
            (Some(_), true) => self.problems.push(format!(
                "the request is allowed, but should be denied\n{}",
                difference(sent, &answer.apply(sent)?)
            )),
            (None, false) => {
                self.problems
                    .push(format!("the request is denied: {}", answer.message));
            }
            (Some(fragments), false) => {
                let missing = fragments
                    .iter()
                    .filter(|text| !answer.message.contains(*text));
                let missing: Vec<&String> = missing.collect();
                if !missing.is_empty() {
                    let message = &answer.message;
                    self.problems
                        .push(format!("the denial lacks {missing:?}: {message}"));
                }
            }
            (None, true) => self.compare_object(then, sent, &answer.apply(sent)?),
        }
        self.compare_warnings(&then.warnings, answer);
        Ok(())
    }

    fn compare_object(&mut self, then: &Then, sent: &Value, after: &Value) {
        let expected = match &then.object {
            Some(object) => without_record(&self.complete(object)),
            None => {
                let mut object = without_record(sent);
                if let Some(changes) = &then.changes {
                    json_patch::merge(&mut object, changes);
                }
                object
            }
        };
        let bare = without_record(after);
        if bare != expected {
            self.problems.push(format!(
                "the object differs\n{}",
                difference(&expected, &bare)
            ));
        }
        let is_injected = has_record(after);
        if then
            .injected
            .is_some_and(|expected| expected != is_injected)
        {
            let verb = if is_injected { "carries" } else { "lacks" };
            self.problems.push(format!("the object {verb} the record"));
        }
    }

    fn compare_warnings(&mut self, expected: &[String], answer: &Answer) {
        let mut left: Vec<&String> = answer.warnings.iter().collect();
        for fragment in expected {
            match left.iter().position(|warning| warning.contains(fragment)) {
                Some(index) => drop(left.remove(index)),
                None => self.problems.push(format!(
                    "no warning says `{fragment}`; there are {:?}",
                    answer.warnings
                )),
            }
        }
        for warning in left {
            self.problems.push(format!("unexpected warning: {warning}"));
        }
        for warning in answer.bad_warnings() {
            self.problems
                .push(format!("the warning does not fit one line: {warning}"));
        }
    }

    fn compare_accounts(&mut self, then: &Then, actual: &BTreeMap<String, Vec<String>>) {
        if let Some(expected) = then
            .accounts
            .as_ref()
            .filter(|expected| *expected != actual)
        {
            self.problems
                .push(format!("accounts are {actual:?}, expected {expected:?}"));
        }
    }

    /// Posts the admitted object once more: nothing may change.
    async fn stays(&mut self, object: &Value, step: &Step) -> anyhow::Result<()> {
        let stored = std::mem::replace(&mut self.stored, object.clone());
        let answer = self.ask("UPDATE", step, object, true).await;
        self.stored = stored;
        let answer = answer.context("the admitted object, posted again")?;
        if !answer.is_allowed {
            self.problems
                .push(format!("posted again it is denied: {}", answer.message));
            return Ok(());
        }
        let again = answer.apply(object)?;
        if again != *object {
            self.problems.push(format!(
                "posted again it changes\n{}",
                difference(object, &again)
            ));
        }
        Ok(())
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

/// Lays an object over another one, member by member; unlike a merge patch it keeps nulls.
fn overlay(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(key) {
                    Some(member) => overlay(member, value),
                    None => drop(base.insert(key.clone(), value.clone())),
                }
            }
        }
        (base, over) => *base = over.clone(),
    }
}
