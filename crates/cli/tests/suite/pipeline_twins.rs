//! What the web server answers about pipelines, beside what the command line prints of the same
//! description: the two say the same, and do the same.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use bowline_core::manifest;
use reqwest::Client;
use serde_json::{Value, json};

use crate::project::Project;

/// Profiles have namespaces of their own, beside that of the shared parts.
const STORE: &str = "\
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
metadata: {name: kfp, namespace: $PROJECT}
spec:
  connection: soundings
  vendor: wasabi
  namespaces: {kubeflow: $PROJECT}
  profiles: [{name: $PROJECT-a}, {name: $PROJECT-b}]
---
apiVersion: v1
kind: Secret
metadata: {name: soundings, namespace: $PROJECT}
stringData:
  AWS_ACCESS_KEY_ID: reader
  AWS_SECRET_ACCESS_KEY: $CANARY
  AWS_S3_ENDPOINT: https://s3.wharf.example
  AWS_S3_BUCKET: soundings
";
const LAUNCHER: &str = "\
defaultPipelineRoot: s3://soundings/v2?region=eu-west-1
providers: |
  s3: {default: {endpoint: https://s3.wharf.example, region: eu-west-1, credentials: {fromEnv: true}}}
";

/// A description, and both ways to the same server.
struct Twins {
    project: Project,
    http: Client,
}

impl Twins {
    fn new() -> Result<Self> {
        let project = Project::new("twins");
        project.file("store.yaml", STORE);
        project.file("launcher.yaml", LAUNCHER);
        for (name, container) in [
            ("ml-pipeline", "ml-pipeline-api-server"),
            ("ml-pipeline-ui", "ml-pipeline-ui"),
        ] {
            project.apply(&format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: $PROJECT}}\n\
                 spec:\n  selector: {{matchLabels: {{app: it}}}}\n  template:\n    \
                 metadata: {{labels: {{app: it}}}}\n    \
                 spec: {{containers: [{{name: {container}, image: 'example.com/it:1'}}]}}\n"
            ));
        }
        for end in ["a", "b"] {
            project.run(&format!("kubectl create namespace $PROJECT-{end}"));
        }
        let http = Client::builder().no_proxy().build()?;
        Ok(Self { project, http })
    }

    /// The document as it stands in the file, with names filled in.
    fn store(&self) -> String {
        self.project.run("cat store.yaml").stdout
    }

    async fn post(&self, what: &str, more: Value) -> Result<(u16, Value)> {
        let mut body = json!({
            "description": {"store": {"name": "store.yaml", "text": self.store()}, "kfp": "2.16"},
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        self.send(what, &body).await
    }

    async fn send(&self, what: &str, body: &Value) -> Result<(u16, Value)> {
        let ready = &self.project.shared.server.ready;
        let url = format!("{}/api/v1/pipelines/{what}", ready.http);
        let answer = self.http.post(url).bearer_auth(&ready.token);
        let answer = answer.json(body).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// What the command prints; its exit code says whether there is something to do.
    fn says(&self, command: &str) -> Said {
        let with = "--store store.yaml --kfp 2.16";
        let line = format!("bowline pipelines {command} {with} || true");
        let outcome = self.project.run(&line);
        Said {
            out: outcome.stdout,
            told: outcome.stderr,
        }
    }
}

struct Said {
    out: String,
    told: String,
}

impl Said {
    fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.out).with_context(|| self.told.clone())
    }

    /// Every finding of an answer is told on stderr too, and none else.
    fn tells(&self, findings: &Value) {
        let findings = findings.as_array().expect("findings");
        for finding in findings {
            let message = finding["message"].as_str().expect("a message");
            assert!(
                self.told.contains(message),
                "no `{message}` in: {}",
                self.told
            );
        }
        let told = self.told.matches("help: ").count();
        assert_eq!(told, findings.len(), "{findings:?} and {}", self.told);
    }
}

#[tokio::test]
async fn without_a_cluster_answers_are_what_the_command_line_prints() -> Result<()> {
    let twins = Twins::new()?;
    for command in ["lint", "explain", "policies"] {
        let (status, answer) = twins.post(command, json!({})).await?;
        assert_eq!(status, 200, "{answer:#}");
        assert_eq!(
            answer,
            twins.says(&format!("{command} -o json")).json()?,
            "{command}"
        );
    }
    let said = twins.says("render -o json");
    let (_, mut answer) = twins.post("render", json!({})).await?;
    said.tells(&answer["findings"].take());
    answer.as_object_mut().context("a List")?.remove("findings");
    assert_eq!(answer, said.json()?);
    let from_yaml = |text: &str| manifest::parse(text.as_bytes());
    let said = twins.says("render -o helm-values");
    let (_, answer) = twins
        .post("render", json!({"output": "helm-values"}))
        .await?;
    said.tells(&answer["findings"]);
    assert_eq!([answer["values"].clone()], *from_yaml(&said.out)?);
    let said = twins.says("render -o kustomize --base ../kfp");
    let asked = json!({"output": "kustomize", "base": "../kfp"});
    let (_, answer) = twins.post("render", asked).await?;
    assert_eq!([answer["kustomization"].clone()], *from_yaml(&said.out)?);
    twins.says("render -o kustomize --into overlay");
    let beside = twins.project.run("cat overlay/objects.yaml").stdout;
    assert_eq!(answer["objects"], Value::from(from_yaml(&beside)?));
    assert_eq!(answer["objects"].as_array().map(Vec::len), Some(4));
    Ok(())
}

#[tokio::test]
async fn a_root_is_resolved_alike() -> Result<()> {
    let twins = Twins::new()?;
    for root in [
        "s3://soundings/v2?region=eu-west-1",
        "s3://elsewhere/v2",
        "ftp://soundings",
    ] {
        let line = format!(
            "bowline pipelines resolve --launcher launcher.yaml --pipeline-root '{root}' -o json || true"
        );
        let outcome = twins.project.run(&line);
        let said = Said {
            out: outcome.stdout,
            told: outcome.stderr,
        };
        let body = json!({"launcher": LAUNCHER, "pipelineRoot": root});
        let (_, mut answer) = twins.send("resolve", &body).await?;
        said.tells(&answer["findings"].take());
        answer
            .as_object_mut()
            .context("an object")?
            .remove("findings");
        assert_eq!(answer, said.json()?, "{root}");
    }
    Ok(())
}

/// `Kind namespace/name result`, without the part of names that differs between two installations.
fn applied(answer: &Value, name: &str) -> Vec<String> {
    let objects = answer["objects"].as_array().expect("objects");
    let line = |object: &Value| {
        let text = |key: &str| object[key].as_str().unwrap_or_default();
        format!(
            "{} {}/{} {}",
            text("kind"),
            text("namespace"),
            text("name"),
            text("result")
        )
    };
    objects
        .iter()
        .map(|object| line(object).replace(name, "IT"))
        .collect()
}

fn printed(said: &Said, name: &str) -> Vec<String> {
    said.out
        .lines()
        .map(|line| line.replace(name, "IT"))
        .collect()
}

/// The same steps on two installations, one by each way.
#[tokio::test]
async fn applying_does_the_same_by_both_ways() -> Result<()> {
    let (typed, sent) = (Twins::new()?, Twins::new()?);
    let names = (typed.project.name.as_str(), sent.project.name.as_str());
    let alike = async |command: &str, body: Value| -> Result<Vec<String>> {
        let said = typed.says(&format!("apply {command}"));
        let (status, answer) = sent.post("apply", body).await?;
        assert_eq!(status, 200, "{answer:#}");
        let lines = applied(&answer, names.1);
        assert_eq!(lines, printed(&said, names.0), "{}", said.told);
        Ok(lines)
    };
    let diff = async || -> Result<Value> {
        let (_, answer) = sent.post("diff", json!({})).await?;
        assert_eq!(answer, sent.says("diff -o json").json()?);
        Ok(answer)
    };
    let before = diff().await?;
    let (status, dry) = sent.post("apply?dryRun=All", json!({})).await?;
    assert_eq!(status, 200, "{dry:#}");
    assert_eq!(diff().await?, before, "a dry run changes nothing");
    let first = alike("", json!({})).await?;
    assert_eq!(applied(&dry, names.1), first);
    assert!(
        first.contains(&"ConfigMap IT-b/kfp-launcher created".to_owned()),
        "{first:?}"
    );
    let again = alike("", json!({})).await?;
    assert!(
        again.iter().all(|line| line.ends_with(" unchanged")),
        "{again:?}"
    );
    let after = diff().await?;
    assert!(
        after["objects"]
            .as_array()
            .context("objects")?
            .iter()
            .all(|it| it["state"] == "same"),
        "{after:#}"
    );
    let spoil = "kubectl patch configmap kfp-launcher -n $PROJECT-a --type merge -p '{\"data\":{\"defaultPipelineRoot\":\"s3://elsewhere\"}}'";
    typed.project.run(spoil);
    sent.project.run(spoil);
    let said = typed.says("apply");
    let (status, problem) = sent.post("apply", json!({})).await?;
    assert_eq!(status, 409, "{problem:#}");
    let refused: Vec<_> = problem["findings"]
        .as_array()
        .context("findings")?
        .iter()
        .collect();
    assert_eq!(
        refused.len(),
        said.told.matches("error: ").count(),
        "{problem:#} and {}",
        said.told
    );
    assert!(
        said.told
            .contains(&format!("ConfigMap {}-a/kfp-launcher", names.0))
    );
    assert_eq!(
        refused[0]["field"],
        format!("ConfigMap {}-a/kfp-launcher", names.1)
    );
    alike("--force-conflicts", json!({"forceConflicts": true})).await?;
    for twins in [&typed, &sent] {
        let fewer = STORE.replace(", {name: $PROJECT-b}", "");
        twins.project.file("store.yaml", &fewer);
    }
    let pruned = alike("--prune", json!({"prune": true})).await?;
    let gone: BTreeSet<_> = pruned
        .iter()
        .filter(|line| line.ends_with(" deleted"))
        .collect();
    assert_eq!(gone.len(), 5, "{pruned:?}");
    Ok(())
}

/// Whoever has no copy is told the same, in the words of each way.
#[tokio::test]
async fn a_secret_that_is_not_there_is_told_by_both_ways() -> Result<()> {
    let twins = Twins::new()?;
    let (document, _) = STORE.split_once("---\n").context("two documents")?;
    let place =
        "connection: soundings\n  endpoint: https://s3.wharf.example\n  bucket: soundings\n";
    twins.project.file(
        "store.yaml",
        &document.replace("connection: soundings\n", place),
    );
    let said = twins.says("apply");
    let (status, problem) = twins.post("apply", json!({})).await?;
    assert_eq!(status, 404, "{problem:#}");
    for finding in problem["findings"].as_array().context("findings")? {
        let message = finding["message"].as_str().context("a message")?;
        assert!(
            said.told.contains(message),
            "{message} is not in {}",
            said.told
        );
        assert!(
            finding["help"]
                .as_str()
                .is_some_and(|help| help.contains("`optIn`")),
            "{finding:#}"
        );
    }
    let (status, problem) = twins
        .post("apply", json!({"optIn": true, "kyverno": true}))
        .await?;
    assert_eq!(status, 422, "{problem:#}");
    // What would be made is believed in a dry run.
    twins
        .project
        .run("kubectl create secret generic soundings -n $PROJECT");
    let (status, dry) = twins
        .post("apply?dryRun=All", json!({"optIn": true}))
        .await?;
    assert_eq!(status, 200, "{dry:#}");
    let lines = applied(&dry, &twins.project.name);
    assert!(
        lines.contains(&"Secret IT/soundings agreed".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"Namespace /IT opted-in".to_owned()),
        "{lines:?}"
    );
    assert!(!twins.project.has("secret/pipelines-object-store"));
    Ok(())
}
