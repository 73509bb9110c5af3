//! Comparing what came of a request with what a case expects.

use anyhow::Result;
use serde_json::{Value, json};

use super::check::{Answer, has_record, without_record};
use super::format::{Case, Step, Then};
use super::review::usual_api_version;
use super::show::difference;
use super::{NAME, NAMESPACE};

/// Adds what every object has and cases need not repeat: kind, name and namespace.
pub(super) fn complete(case: &Case, object: &Value) -> Value {
    let api_version = case
        .api_version
        .as_deref()
        .or(usual_api_version(&case.kind));
    let mut whole = json!({
        "apiVersion": api_version,
        "kind": case.kind,
        "metadata": {"namespace": NAMESPACE},
    });
    if object.pointer("/metadata/generateName").is_none() {
        whole["metadata"]["name"] = json!(NAME);
    }
    overlay(&mut whole, object);
    whole
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

/// All that is wrong with an answer: verdict, object and warnings.
pub(super) fn problems(
    case: &Case,
    step: &Step,
    then: &Then,
    answer: &Answer,
    sent: &Value,
) -> Result<Vec<String>> {
    let mut problems = match (&then.denied, answer.is_allowed) {
        (Some(_), true) => {
            let changes = difference(sent, &answer.apply(sent)?);
            vec![format!(
                "the request is allowed, but should be denied\n{changes}"
            )]
        }
        (None, false) => vec![format!("the request is denied: {}", answer.message)],
        (Some(fragments), false) => denial(step, fragments, answer),
        (None, true) => object(case, then, sent, &answer.apply(sent)?),
    };
    problems.extend(warnings(&then.warnings, answer));
    Ok(problems)
}

fn denial(step: &Step, fragments: &[String], answer: &Answer) -> Vec<String> {
    let message = &answer.message;
    // What cannot be known now may be known later, which is no verdict against the user.
    let code = if step.unavailable.is_empty() {
        403
    } else {
        503
    };
    let mut problems = Vec::new();
    if answer.code != Some(code) {
        problems.push(format!(
            "the denial has code {:?}, expected {code}: {message}",
            answer.code
        ));
    }
    let missing: Vec<_> = fragments
        .iter()
        .filter(|text| !message.contains(*text))
        .collect();
    if !missing.is_empty() {
        problems.push(format!("the denial lacks {missing:?}: {message}"));
    }
    problems
}

fn object(case: &Case, then: &Then, sent: &Value, after: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut expected = match &then.object {
        Some(object) => without_record(&complete(case, object)),
        None => without_record(sent),
    };
    if let Some(changes) = &then.changes {
        json_patch::merge(&mut expected, changes);
    }
    let bare = without_record(after);
    if bare != expected {
        problems.push(format!(
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
        problems.push(format!("the object {verb} the record"));
    }
    problems
}

fn warnings(expected: &[String], answer: &Answer) -> Vec<String> {
    let mut problems = Vec::new();
    let mut left: Vec<&String> = answer.warnings.iter().collect();
    for fragment in expected {
        match left.iter().position(|warning| warning.contains(fragment)) {
            Some(index) => drop(left.remove(index)),
            None => {
                problems.push(format!(
                    "no warning says `{fragment}`; there are {:?}",
                    answer.warnings
                ));
            }
        }
    }
    problems.extend(
        left.iter()
            .map(|warning| format!("unexpected warning: {warning}")),
    );
    let bad = answer.bad_warnings();
    problems.extend(bad.map(|warning| format!("the warning does not fit one line: {warning}")));
    problems
}
