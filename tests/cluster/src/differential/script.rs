//! The form of the scripts. Unknown members are errors. A script with `each` is played once for
//! every entry of it. What a variable stands for while a script is played is left to `send`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What else is in the folder: differences between servers, and between two days.
const NO_SCRIPTS: [&str; 2] = ["differences", "unsteady"];

/// A script as it stands in its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Variables for every entry.
    #[serde(default)]
    given: Map<String, Value>,
    /// Plays the script for each entry, with its variables.
    each: Option<BTreeMap<String, Map<String, Value>>>,
    steps: Vec<Step>,
}

/// One request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// What it is called in its script.
    pub(super) id: String,
    /// Method and path, `GET /api/v1`.
    pub(super) send: String,
    /// Who asks, where it is not the administrator: a user, or a user and groups.
    #[serde(rename = "as")]
    pub(super) user: Option<String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// The body: a text is sent as it is, anything else as JSON.
    pub(super) body: Option<Value>,
    /// A merge patch over the body.
    pub(super) with: Option<Value>,
    /// The media type of the body, or `json`, `merge`, `strategic`, `apply` for that kind of patch.
    #[serde(rename = "type")]
    pub(super) media_type: Option<String>,
    /// Variables that later steps use: the value at a JSON pointer of the answer's body.
    #[serde(default)]
    pub(super) keep: BTreeMap<String, String>,
    /// The answer is a watch; so many events of it are read.
    pub(super) events: Option<usize>,
    /// Asked again until the status code is this one, as servers that watch themselves need a moment.
    pub(super) until: Option<u16>,
    /// Only these parts of the body are compared; `[name=x]` chooses the member of a list.
    #[serde(default)]
    pub(super) only: Vec<String>,
    /// What stands in the way of the requests that follow, or prepares them: nothing is compared.
    #[serde(default)]
    pub(super) aside: bool,
}

/// Requests that are made one after the other.
#[derive(Debug)]
pub struct Script {
    /// The file's name without its ending, and the entry's where there are several.
    pub name: String,
    pub(super) given: Map<String, Value>,
    pub(super) steps: Vec<Step>,
}

impl Script {
    /// How many of its requests are compared.
    pub fn len(&self) -> usize {
        self.steps.iter().filter(|step| !step.aside).count()
    }

    /// Whether it compares nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The namespace of its own.
    pub(super) fn namespace(&self) -> String {
        self.name.replace('/', "-")
    }
}

/// Every script of a folder.
///
/// # Errors
/// When a file cannot be understood, or two requests have one name.
pub fn scripts(folder: &Path) -> Result<Vec<Script>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if !NO_SCRIPTS.contains(&&*name) {
            let text = std::fs::read_to_string(&path)?;
            all.extend(parse(&name, &text).with_context(|| format!("reading script `{name}`"))?);
        }
    }
    Ok(all)
}

fn parse(name: &str, text: &str) -> Result<Vec<Script>> {
    let file: File = serde_saphyr::from_str(text)?;
    let mut ids = BTreeSet::new();
    for step in &file.steps {
        ensure!(ids.insert(&step.id), "`{}` is there twice", step.id);
    }
    let script = |name: String, own: Map<String, Value>| {
        let mut given = file.given.clone();
        given.extend(own);
        Script {
            name,
            given,
            steps: file.steps.clone(),
        }
    };
    Ok(match file.each {
        None => vec![script(name.to_owned(), Map::new())],
        Some(entries) => entries
            .into_iter()
            .map(|(entry, own)| script(format!("{name}/{entry}"), own))
            .collect(),
    })
}
