//! `docs/reference/kubernetes-api.md` tells what is served and what differs: its tables are written
//! from discovery and from the listed differences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use bowline_cluster_tests::differential::{Differences, Embedded, folder};
use http::Request;
use kube::Client;
use serde_json::Value;

use super::DIFFERENCES;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
/// Held while the page is written anew, as each part is by a test of its own.
static WRITING: Mutex<()> = Mutex::new(());

/// A part of the page between two marks.
fn check_part(name: &str, text: &str) -> Result<()> {
    let path = folder().join("../../../docs/reference/kubernetes-api.md");
    let (begin, end) = (
        format!("<!-- {name}: written by `make update-reference` -->\n"),
        format!("\n<!-- end of the {name} -->"),
    );
    let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let page = std::fs::read_to_string(&path)?;
    let (before, rest) = page
        .split_once(&begin)
        .with_context(|| format!("the page has no {name}"))?;
    let (_, after) = rest
        .split_once(&end)
        .with_context(|| format!("the {name} have no end"))?;
    let wanted = format!("{before}{begin}{text}{end}{after}");
    if std::env::var_os("UPDATE_REFERENCE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &wanted)?;
        return Ok(());
    }
    ensure!(
        page == wanted,
        "docs/reference/kubernetes-api.md is stale; run `make update-reference`"
    );
    Ok(())
}

#[test]
fn the_page_lists_the_differences() -> Result<()> {
    let differences = Differences::load(&folder().join(DIFFERENCES))?;
    check_part("listed differences", &differences.page())
}

#[tokio::test]
async fn the_page_lists_what_is_served() -> Result<()> {
    let embedded = Embedded::start().await?;
    let client = Client::try_from(embedded.config().await?)?;
    install(&client).await?;
    let mut served = Served::default();
    for path in ["/api", "/apis"] {
        let request = Request::get(path).header("accept", AGGREGATED);
        let groups: Value = client.request(request.body(Vec::new())?).await?;
        for group in groups["items"].as_array().into_iter().flatten() {
            served.read(group);
        }
    }
    embedded.stop().await;
    check_part("built-in kinds", &table("Kinds", &served.built_in))?;
    check_part("installed kinds", &table("Kinds", &served.custom))?;
    check_part("subresources", &served.subresources())
}

/// Adds the definitions that `bowline up` brings.
async fn install(client: &Client) -> Result<()> {
    let definitions: PathBuf = folder().join("../../../crates/cli/crds");
    for entry in std::fs::read_dir(definitions)? {
        let text = std::fs::read_to_string(entry?.path())?;
        let definition: Value = serde_saphyr::from_str(&text)?;
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let request = Request::post(path).header("content-type", "application/json");
        let _: Value = client
            .request(request.body(serde_json::to_vec(&definition)?)?)
            .await?;
    }
    Ok(())
}

/// What discovery tells.
#[derive(Default)]
struct Served {
    /// The kinds of each version of each group.
    built_in: BTreeMap<String, BTreeSet<String>>,
    custom: BTreeMap<String, BTreeSet<String>>,
    /// The kinds that have a subresource, by it and its verbs.
    parts: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Served {
    fn read(&mut self, group: &Value) {
        let name = text(&group["metadata"], "name");
        for version in group["versions"].as_array().into_iter().flatten() {
            let slash = if name.is_empty() { "" } else { "/" };
            let version_of_group = format!("{name}{slash}{}", text(version, "version"));
            for resource in version["resources"].as_array().into_iter().flatten() {
                self.add(&version_of_group, resource);
            }
        }
    }

    fn add(&mut self, version: &str, resource: &Value) {
        let kind = text(&resource["responseKind"], "kind");
        // Only custom kinds say their group here.
        let is_custom = !text(&resource["responseKind"], "group").is_empty();
        let kinds = if is_custom {
            &mut self.custom
        } else {
            &mut self.built_in
        };
        let kinds = kinds.entry(version.to_owned()).or_default();
        kinds.insert(kind.to_owned());
        for part in resource["subresources"].as_array().into_iter().flatten() {
            let verbs = part["verbs"].as_array().into_iter().flatten();
            let verbs: Vec<String> = verbs
                .map(|verb| verb.to_string().replace('"', "`"))
                .collect();
            let key = (text(part, "subresource").to_owned(), verbs.join(", "));
            let kinds = self.parts.entry(key).or_default();
            kinds.insert(kind.to_owned());
        }
    }

    fn subresources(&self) -> String {
        let mut page = "\n| Subresource | Of | Verbs |\n| --- | --- | --- |\n".to_owned();
        for ((name, verbs), kinds) in &self.parts {
            let _ = writeln!(page, "| `{name}` | {} | {verbs} |", joined(kinds));
        }
        page
    }
}

fn table(what: &str, versions: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut page = format!("\n| Group and version | {what} |\n| --- | --- |\n");
    let is_core = |version: &&String| !version.contains('/');
    let core = versions.keys().filter(is_core);
    for version in core.chain(versions.keys().filter(|version| !is_core(version))) {
        let _ = writeln!(page, "| `{version}` | {} |", joined(&versions[version]));
    }
    page
}

fn joined(kinds: &BTreeSet<String>) -> String {
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    kinds.join(", ")
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
