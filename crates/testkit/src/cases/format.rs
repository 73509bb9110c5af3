//! The form of the case files. Unknown members are errors, so that a misspelt expectation cannot
//! pass unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::fixture::{Fixtures, SecretSpec};

/// One file of cases.
#[derive(Debug)]
pub struct File {
    /// The file's name without its ending.
    pub theme: String,
    /// Its cases.
    pub cases: Vec<Case>,
    /// The Secrets that cases start from.
    pub(super) fixtures: Fixtures,
}

/// What happens to one workload, step by step.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// What must hold, as a sentence.
    pub name: String,
    /// Kind of the workload.
    pub kind: String,
    /// API version, where it is not the kind's usual one.
    pub api_version: Option<String>,
    /// How much of a world the case needs.
    #[serde(default)]
    pub reach: Reach,
    /// The steps; what is stored after one is what the next changes.
    pub steps: Vec<Step>,
}

/// How much of a world a case needs, or a world has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Every API server accepts what the case sends.
    #[default]
    Api,
    /// Reviews must be posted directly: an API server with the kinds' full schemas would drop or
    /// refuse a part of the objects.
    Review,
    /// The world must be able to break its own API.
    Memory,
}

/// One thing that happens, after the Secrets and rights around it were set.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// Secrets made, changed or (null) deleted before the request; others stay.
    #[serde(default)]
    pub secrets: BTreeMap<String, Option<SecretSpec>>,
    /// ServiceAccounts made before the request, with the Secrets that they link.
    #[serde(default)]
    pub given_accounts: BTreeMap<String, Vec<String>>,
    /// Secrets that the requester may not `get` in this step.
    #[serde(default)]
    pub forbidden: Vec<String>,
    /// Secrets that cannot be read in this step for a technical reason.
    #[serde(default)]
    pub unavailable: Vec<String>,
    /// CREATE with this object.
    pub create: Option<Value>,
    /// This object is there already; nobody asked us when it was stored.
    pub stored: Option<Value>,
    /// UPDATE: this merge patch over the stored object.
    pub edit: Option<Value>,
    /// UPDATE: this object instead of the stored one.
    pub replace: Option<Value>,
    /// DELETE of the stored object.
    #[serde(default)]
    pub delete: bool,
    /// The subresource that an `edit` goes to: `status` or `scale`.
    pub subresource: Option<String>,
    /// Whether nothing may be stored.
    #[serde(default)]
    pub dry_run: bool,
    /// What must come of it.
    pub then: Option<Then>,
}

/// What must come of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Then {
    /// The object after admission, without the record.
    pub object: Option<Value>,
    /// All that admission changes, as a merge patch over the object as it was sent.
    pub changes: Option<Value>,
    /// Admission leaves the object as it was sent, the record aside.
    #[serde(default)]
    pub same: bool,
    /// The request is denied, with a message that holds each of these fragments.
    pub denied: Option<Vec<String>>,
    /// Whether the object carries the record afterwards.
    pub injected: Option<bool>,
    /// One fragment of each warning, in any order; none when absent.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// All ServiceAccounts afterwards with the Secrets that they link; not checked when absent.
    pub accounts: Option<BTreeMap<String, Vec<String>>>,
}

/// Reads and checks the case files of a directory, `secrets.yaml` in it being the fixtures.
///
/// # Errors
/// When a file cannot be read, has unknown members, repeats a name or makes no sense.
pub fn load(directory: &Path) -> Result<Vec<File>> {
    let fixtures: Fixtures = read(&directory.join("secrets.yaml"))?;
    let mut files = Vec::new();
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let theme = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.extension().is_none_or(|ending| ending != "yaml") || theme == "secrets" {
            continue;
        }
        let cases: Vec<Case> = read(&path)?;
        for case in &cases {
            check(case, &fixtures).with_context(|| format!("{theme}: {}", case.name))?;
            ensure!(
                names.insert(case.name.clone()),
                "{theme}: `{}` is there twice",
                case.name
            );
        }
        files.push(File {
            theme,
            cases,
            fixtures: fixtures.clone(),
        });
    }
    files.sort_by(|a, b| a.theme.cmp(&b.theme));
    Ok(files)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| format!("parsing {}", path.display()))
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    Ok(serde_saphyr::from_str(text)?)
}

pub(super) fn check(case: &Case, fixtures: &Fixtures) -> Result<()> {
    ensure!(!case.steps.is_empty(), "there are no steps");
    let mut is_stored = false;
    for (index, step) in case.steps.iter().enumerate() {
        check_step(step, is_stored, fixtures).with_context(|| format!("step {}", index + 1))?;
        let is_kept = |then: &Then| then.denied.is_none();
        is_stored |= step.stored.is_some() || step.then.as_ref().is_some_and(is_kept);
    }
    Ok(())
}

fn check_step(step: &Step, is_stored: bool, fixtures: &Fixtures) -> Result<()> {
    for (name, spec) in &step.secrets {
        let fixture = spec.as_ref().map(SecretSpec::fixture);
        let is_known = fixture.is_none_or(|fixture| fixtures.contains_key(fixture));
        ensure!(is_known, "Secret `{name}` names an unknown fixture");
    }
    let new = [&step.create, &step.stored].into_iter().flatten().count();
    let updates = [&step.edit, &step.replace].into_iter().flatten().count();
    ensure!(
        new + updates + usize::from(step.delete) == 1,
        "there must be one action"
    );
    ensure!(new == 1 || is_stored, "nothing is stored to be changed");
    ensure!(
        step.stored.is_some() || step.then.is_some(),
        "nothing is expected"
    );
    let Some(then) = &step.then else {
        return Ok(());
    };
    let outcomes = [
        then.object.is_some(),
        then.changes.is_some(),
        then.same,
        then.denied.is_some(),
    ];
    match outcomes.into_iter().filter(|is_given| *is_given).count() {
        1 => Ok(()),
        _ => bail!("exactly one of `object`, `changes`, `same` and `denied` must be given"),
    }
}
