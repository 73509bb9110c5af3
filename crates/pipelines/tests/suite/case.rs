//! One case of a table: an input, how it is rendered, and what must be so of the objects and findings.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bowline_core::{Finding, Secret};
use bowline_pipelines::render::{self, Names, Options};
use bowline_pipelines::{InputFile, Reading, deploykf, dspa, releases, store_document};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A case as the tables hold it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub name: String,
    /// deployKF's values; `PG`, `KP`, `ARGO` and `MINIO` stand for the long paths.
    #[serde(default)]
    values: Vec<Map<String, Value>>,
    /// Values as text, where lines and columns matter.
    #[serde(default)]
    text: Vec<String>,
    /// A file with a PipelineStore or a claim.
    store: Option<String>,
    /// A file with a DataSciencePipelinesApplication.
    dspa: Option<String>,
    deploykf: Option<String>,
    kfp: Option<String>,
    argo: Option<String>,
    #[serde(default)]
    native: bool,
    #[serde(default)]
    kyverno: bool,
    /// Source Secrets, by `namespace/name`.
    secrets: Option<BTreeMap<String, BTreeMap<String, String>>>,
    then: Then,
}

/// What must be so.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    /// Whether every object must be named by `all`, and the variables of Deployments are all that there are.
    #[serde(default)]
    exact: bool,
    /// Parts of objects, by `Kind namespace/name`.
    #[serde(default)]
    objects: BTreeMap<String, Value>,
    /// YAML texts in ConfigMaps, by `namespace/name key`: the whole of them.
    #[serde(default)]
    yaml: BTreeMap<String, Value>,
    /// Variables of containers, by `Kind namespace/name`: a value, `secret:name/key` or
    /// `config:name/key`.
    #[serde(default)]
    env: BTreeMap<String, BTreeMap<String, String>>,
    /// Data of Secrets in clear: the whole of it.
    #[serde(default)]
    copies: BTreeMap<String, BTreeMap<String, String>>,
    /// All objects of the kinds that are named here.
    #[serde(default)]
    all: BTreeMap<String, Vec<String>>,
    /// Objects that must not be there.
    #[serde(default)]
    absent: Vec<String>,
    /// What refuses the input: `line:column text`, or the text alone. None other may.
    #[serde(default)]
    refused: Vec<String>,
    /// Findings besides: `rule`, or `line:column rule`. All of them, when there are any here.
    #[serde(default)]
    found: Vec<String>,
}

impl Case {
    /// What is not as it must be.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        let reading = self.read();
        let mut mistakes = self.judge_refusals(&reading);
        let mut told: Vec<String> = reading
            .findings
            .iter()
            .filter(|found| !found.is_refused)
            .map(|found| match &found.place {
                Some(place) => format!("{}:{} {}", place.line, place.column, found.finding.rule),
                None => found.finding.rule.to_owned(),
            })
            .collect();
        if let Some(deployment) = reading.deployment {
            let (objects, findings) = self.render(deployment);
            told.extend(findings.iter().map(|found| found.rule.to_owned()));
            self.judge_objects(&objects, &mut mistakes);
        }
        self.judge_findings(&told, &mut mistakes);
        mistakes
    }

    /// The objects, for laws that hold for every case.
    pub(crate) fn objects(&self) -> Option<Vec<Value>> {
        Some(self.render(self.read().deployment?).0)
    }

    pub(crate) fn read(&self) -> Reading {
        let file = |text| InputFile {
            name: "a.yaml",
            text,
        };
        if let Some(text) = &self.store {
            return store_document::read(file(text), &self.secrets().unwrap_or_default());
        }
        if let Some(text) = &self.dspa {
            return dspa::read(file(text));
        }
        let written = self
            .values
            .iter()
            .map(|values| serde_saphyr::to_string(&expanded(values)).expect("values are YAML"));
        let texts: Vec<String> = self.text.iter().cloned().chain(written).collect();
        let files: Vec<_> = texts.iter().map(|text| file(text)).collect();
        let release = self.deploykf.as_deref().unwrap_or("0.1.5");
        deploykf::read(&files, release.parse().expect("a release"))
    }

    /// Whether it is about a document of ours.
    pub(crate) fn is_store(&self) -> bool {
        self.store.is_some()
    }

    fn secrets(&self) -> Option<Vec<Secret>> {
        let secret = |(name, data): (&String, &BTreeMap<String, String>)| {
            let (namespace, name) = name.split_once('/').expect("namespace/name");
            let object =
                json!({"metadata": {"namespace": namespace, "name": name}, "stringData": data});
            Secret::from_value(&object).expect("a Secret")
        };
        self.secrets
            .as_ref()
            .map(|all| all.iter().map(secret).collect())
    }

    fn render(&self, mut deployment: bowline_pipelines::Deployment) -> (Vec<Value>, Vec<Finding>) {
        if let Some(kfp) = &self.kfp {
            deployment.releases.kfp = kfp.parse().expect("a release");
            deployment.releases.argo = releases::argo_of(deployment.releases.kfp);
        }
        if let Some(argo) = &self.argo {
            deployment.releases.argo = argo.parse().expect("a release");
        }
        let secrets = self.secrets();
        let is_native = self.native || self.store.is_some();
        let options = Options {
            names: if is_native {
                Names::Native
            } else {
                Names::Deploykf
            },
            kyverno: self.kyverno,
            secrets: secrets.as_deref(),
        };
        render::objects(&deployment, options)
    }

    fn judge_refusals(&self, reading: &Reading) -> Vec<String> {
        let refused: Vec<String> = reading
            .findings
            .iter()
            .filter(|found| found.is_refused)
            .map(|found| {
                let place = found.place.as_ref().expect("refusals have a place");
                format!("{}:{} {}", place.line, place.column, found.finding.message)
            })
            .collect();
        let mut mistakes = Vec::new();
        let is_one = |wanted: &String, text: &String| match wanted.split_once(' ') {
            Some((place, rest)) if place.contains(':') && !place.contains('`') => {
                text.starts_with(&format!("{place} ")) && text.contains(rest)
            }
            _ => text.contains(wanted.as_str()),
        };
        for wanted in &self.then.refused {
            if !refused.iter().any(|text| is_one(wanted, text)) {
                mistakes.push(format!("not refused with {wanted:?}, but {refused:?}"));
            }
        }
        for text in &refused {
            if !self.then.refused.iter().any(|wanted| is_one(wanted, text)) {
                mistakes.push(format!("refused too: {text}"));
            }
        }
        mistakes
    }

    fn judge_findings(&self, told: &[String], mistakes: &mut Vec<String>) {
        let wanted = &self.then.found;
        let is_one = |wanted: &String, text: &String| {
            text == wanted || text.rsplit(' ').next() == Some(wanted.as_str())
        };
        for wanted in wanted {
            if !told.iter().any(|text| is_one(wanted, text)) {
                mistakes.push(format!("{wanted:?} was not found, but {told:?}"));
            }
        }
        for text in told.iter().filter(|_| !wanted.is_empty()) {
            if !wanted.iter().any(|wanted| is_one(wanted, text)) {
                mistakes.push(format!("{text:?} was found too"));
            }
        }
    }

    fn judge_objects(&self, objects: &[Value], mistakes: &mut Vec<String>) {
        let by_name: BTreeMap<String, &Value> = objects
            .iter()
            .map(|object| (name_of(object), object))
            .collect();
        if by_name.len() != objects.len() {
            mistakes.push("an object stands twice".to_owned());
        }
        let then = &self.then;
        let names = then.objects.keys().chain(then.env.keys());
        for name in names.filter(|name| !by_name.contains_key(*name)) {
            mistakes.push(format!("there is no {name}, but {:?}", by_name.keys()));
        }
        for (name, wanted) in &then.objects {
            if let Some(object) = by_name.get(name) {
                compare(name, wanted, object, mistakes);
            }
        }
        for (place, wanted) in &then.yaml {
            let (name, key) = place.split_once(' ').expect("namespace/name key");
            let text = by_name
                .get(&format!("ConfigMap {name}"))
                .and_then(|map| map["data"][key].as_str());
            let parsed = text.map(|text| serde_saphyr::from_str::<Value>(text).expect("YAML"));
            if parsed.as_ref() != Some(wanted) {
                mistakes.push(format!("{place} is {parsed:?}, not {wanted}"));
            }
        }
        for (name, wanted) in &then.env {
            let found = by_name
                .get(name)
                .map(|object| variables(object))
                .unwrap_or_default();
            let besides = found
                .keys()
                .filter(|it| then.exact && !wanted.contains_key(*it));
            mistakes.extend(besides.map(|it| format!("{name}: {it} is set too")));
            for (variable, value) in wanted {
                if found.get(variable) != Some(value) {
                    let found = found.get(variable);
                    mistakes.push(format!("{name}: {variable} is {found:?}, not {value:?}"));
                }
            }
        }
        for (name, wanted) in &then.copies {
            let found = by_name
                .get(&format!("Secret {name}"))
                .map(|secret| clear(secret));
            if found.as_ref() != Some(wanted) {
                mistakes.push(format!("Secret {name} holds {found:?}"));
            }
        }
        for (kind, wanted) in &then.all {
            let start = format!("{kind} ");
            let found: Vec<&str> = by_name
                .keys()
                .filter_map(|name| name.strip_prefix(&start))
                .collect();
            let mut wanted = wanted.clone();
            wanted.sort();
            if found != wanted {
                mistakes.push(format!("every {kind}: {found:?}, not {wanted:?}"));
            }
        }
        if then.exact {
            for (name, object) in &by_name {
                let kind = object["kind"].as_str().unwrap_or_default();
                if !then.all.contains_key(kind) {
                    mistakes.push(format!("{name} is there too"));
                }
                if !variables(object).is_empty() && !then.env.contains_key(name) {
                    mistakes.push(format!("{name} has variables too"));
                }
            }
        }
        for name in then
            .absent
            .iter()
            .filter(|name| by_name.contains_key(*name))
        {
            mistakes.push(format!("there is a {name}"));
        }
    }
}

/// `Kind namespace/name`, or `Kind name`.
pub(crate) fn name_of(object: &Value) -> String {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
    let name = text("/metadata/name").unwrap_or_default();
    let kind = text("/kind").unwrap_or_default();
    match text("/metadata/namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// The variables of the first container.
fn variables(object: &Value) -> BTreeMap<String, String> {
    let env = object.pointer("/spec/template/spec/containers/0/env");
    let env = env.and_then(Value::as_array).into_iter().flatten();
    let one = |variable: &Value| {
        let reference = |kind: &str| {
            let part = variable.pointer(&format!("/valueFrom/{kind}"))?;
            Some(format!(
                "{}/{}",
                part["name"].as_str()?,
                part["key"].as_str()?
            ))
        };
        let value = variable
            .get("value")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let secret = || reference("secretKeyRef").map(|text| format!("secret:{text}"));
        let config = || reference("configMapKeyRef").map(|text| format!("config:{text}"));
        let value = value.or_else(secret).or_else(config);
        Some((variable["name"].as_str()?.to_owned(), value?))
    };
    env.filter_map(one).collect()
}

fn clear(secret: &Value) -> BTreeMap<String, String> {
    let data = secret["data"].as_object().into_iter().flatten();
    data.map(|(key, value)| {
        let bytes = STANDARD
            .decode(value.as_str().expect("text"))
            .expect("base64");
        (key.clone(), String::from_utf8(bytes).expect("text"))
    })
    .collect()
}

/// Says where an object lacks what is wanted; it may have more members.
fn compare(place: &str, wanted: &Value, found: &Value, mistakes: &mut Vec<String>) {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            for (key, wanted) in wanted {
                let found = found.get(key).unwrap_or(&Value::Null);
                compare(&format!("{place} {key}"), wanted, found, mistakes);
            }
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                compare(&format!("{place} {index}"), wanted, found, mistakes);
            }
        }
        _ if wanted == found => {}
        _ => mistakes.push(format!("{place} is {found}, not {wanted}")),
    }
}

/// Values under their long paths.
fn expanded(values: &Map<String, Value>) -> Value {
    let mut whole = json!({});
    for (path, value) in values {
        let (root, rest) = path.split_once('.').unwrap_or((path, ""));
        let root = match root {
            "PG" => "deploykf_core.deploykf_profiles_generator",
            "KP" => "kubeflow_tools.pipelines",
            "ARGO" => "kubeflow_dependencies.kubeflow_argo_workflows",
            "MINIO" => "deploykf_opt.deploykf_minio",
            other => other,
        };
        let keys = root
            .split('.')
            .chain(rest.split('.').filter(|key| !key.is_empty()));
        let place = keys.fold(&mut whole, |place, key| {
            if !place[key].is_object() {
                place[key] = json!({});
            }
            &mut place[key]
        });
        *place = value.clone();
    }
    whole
}
