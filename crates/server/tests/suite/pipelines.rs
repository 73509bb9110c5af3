//! Pipelines over REST: answers are those of the command line, findings are problem documents, and a
//! check is bounded.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bowline_proof::Bounds;
use bowline_testkit::{Canaries, S3};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::world::{Who, World, problem};

async fn post(world: &World, who: Who, what: &str, body: &Value) -> Result<Response> {
    let path = format!("/api/v1/pipelines/{what}");
    Ok(world
        .request(who, Method::POST, &path)
        .json(body)
        .send()
        .await?)
}

/// A store with its connection's Secret beside it.
fn store(endpoint: &str, bucket: &str, keys: (&str, &str)) -> Value {
    let document = json!({
        "apiVersion": "bowline.dev/v1alpha1", "kind": "PipelineStore",
        "metadata": {"name": "kfp", "namespace": "team-a"},
        "spec": {"connection": "keys", "vendor": "ceph", "addressing": "path", "namespaces": {"kubeflow": "team-a"},
            "profiles": [{"name": "team-a"}]},
    });
    let secret = json!({
        "kind": "Secret", "metadata": {"name": "keys", "namespace": "team-a"},
        "stringData": {"AWS_ACCESS_KEY_ID": keys.0, "AWS_SECRET_ACCESS_KEY": keys.1,
            "AWS_S3_ENDPOINT": endpoint, "AWS_S3_BUCKET": bucket, "AWS_DEFAULT_REGION": "us-east-1"},
    });
    json!({"description": {"store": {"name": "store.yaml", "text": format!("{document}\n---\n{secret}\n")}, "kfp": "2.16"}})
}

#[tokio::test]
async fn what_is_refused_is_a_problem_with_all_findings_and_no_value() -> Result<()> {
    let world = World::new().await?;
    let mut canaries = Canaries::default();
    let value = canaries.plant("values in a body");
    let text = format!(
        "kubeflow_tools:\n  pipelines:\n    objectStore:\n      useExternal: true\n      port: 443\n      \
         auth: {{secretKye: {value}, accessKey: {value}}}\n"
    );
    let body = json!({"description": {"values": [{"name": "a.yaml", "text": text}]}});
    let answer = post(&world, Who::Viewer, "render", &body).await?;
    assert_eq!(answer.status(), 422);
    let problem = problem(answer).await?;
    let findings = problem["findings"].as_array().expect("findings");
    let rules: Vec<_> = findings.iter().map(|it| &it["rule"]).collect();
    assert!(
        rules.contains(&&json!("port-with-aws")) && rules.contains(&&json!("unknown-key")),
        "{rules:?}"
    );
    assert!(problem.to_string().contains("a.yaml:5:13"), "{problem:#}");
    assert_eq!(canaries.leaks(&problem.to_string()), []);
    let lint: Value = post(&world, Who::Viewer, "lint", &body)
        .await?
        .json()
        .await?;
    assert!(lint["counts"]["errors"].as_u64() >= Some(2), "{lint:#}");
    assert_eq!(canaries.leaks(&lint.to_string()), []);
    Ok(())
}

/// The sender cannot have Secrets rendered that only the server, or nobody, has sent.
#[tokio::test]
async fn secrets_are_rendered_only_from_the_body() -> Result<()> {
    let world = World::new().await?;
    let mut canaries = Canaries::default();
    let value = canaries.plant("a stored Secret");
    world
        .create(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "team-a"},
            "stringData": {"AWS_ACCESS_KEY_ID": "AKIATIDES", "AWS_SECRET_ACCESS_KEY": value}}))
        .await?;
    let mut body = store(
        "https://s3.example.org",
        "tides",
        ("AKIATIDES", "a-secret-key"),
    );
    let kinds = |list: &Value| -> Vec<Value> {
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["kind"].clone()).collect()
    };
    let list: Value = post(&world, Who::Admin, "render", &body)
        .await?
        .json()
        .await?;
    assert!(kinds(&list).contains(&json!("Secret")), "{list:#}");
    let text = body["description"]["store"]["text"]
        .as_str()
        .unwrap_or_default();
    let (document, _) = text.split_once("\n---\n").expect("two documents");
    let document = document.replace(
        "\"connection\":\"keys\"",
        "\"connection\":\"keys\",\"endpoint\":\"https://s3.example.org\",\"bucket\":\"tides\"",
    );
    body["description"]["store"]["text"] = document.into();
    let answer = post(&world, Who::Admin, "render", &body)
        .await?
        .text()
        .await?;
    assert_eq!(canaries.leaks(&answer), []);
    assert!(!answer.contains("\"kind\":\"Secret\""), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_description_has_one_source() -> Result<()> {
    let world = World::new().await?;
    let document = json!({"text": "{}"});
    for description in [json!({}), json!({"store": document, "dspa": document})] {
        let answer = post(
            &world,
            Who::Viewer,
            "lint",
            &json!({"description": description}),
        )
        .await?;
        assert_eq!(answer.status(), 422, "{description}");
    }
    Ok(())
}

#[tokio::test]
async fn readers_are_checked_with_the_keys_of_the_body() -> Result<()> {
    let Some(s3) = S3::shared() else {
        return Ok(());
    };
    s3.make_bucket("piped")?;
    let world = World::new().await?;
    let ready = &s3.ready;
    let body = store(
        &ready.endpoint,
        "piped",
        (&ready.access_key, &ready.secret_key),
    );
    let answer = post(&world, Who::Editor, "check", &body).await?;
    assert_eq!(answer.status(), 200);
    let text = answer.text().await?;
    assert!(!text.contains(&ready.secret_key));
    let report: Value = serde_json::from_str(&text)?;
    let rows = report["readers"].as_array().expect("rows");
    assert!(
        rows.iter()
            .all(|row| row["state"] == "passed" || row["state"] == "warned"),
        "{report:#}"
    );
    assert!(
        rows.iter().any(|row| row["put"]["outcome"] == "passed"),
        "{report:#}"
    );
    let other = post(&world, Who::Other, "check", &body).await?;
    assert_eq!(other.status(), 403);
    Ok(())
}

/// As in a cluster, nobody learns by checks what is inside of the network.
#[tokio::test]
async fn checks_tell_nothing_about_addresses_inside() -> Result<()> {
    let world = World::with(|settings| {
        settings.testing.is_open = false;
        settings.testing.probe = bowline_probe::Settings {
            total: Duration::from_millis(500),
            answer: Duration::from_millis(500),
            connect: Duration::from_millis(500),
            ..bowline_probe::Settings::default()
        };
        settings.testing.bounds = Bounds {
            is_own_allowed: true,
            resolver: Arc::clone(&settings.testing.bounds.resolver),
            ..Bounds::default()
        };
    })
    .await?;
    let body = store("http://127.0.0.1:1", "piped", ("AKIATIDES", "a-secret-key"));
    let report: Value = post(&world, Who::Editor, "check", &body)
        .await?
        .json()
        .await?;
    let text = report.to_string();
    assert!(
        text.contains("not-told") && !text.contains("connect-refused"),
        "{report:#}"
    );
    Ok(())
}

#[tokio::test]
async fn profiles_of_one_check_are_counted() -> Result<()> {
    let world = World::new().await?;
    let mut body = store("http://127.0.0.1:1", "piped", ("AKIATIDES", "a-secret-key"));
    let text = body["description"]["store"]["text"]
        .as_str()
        .unwrap_or_default();
    let names: Vec<String> = (0..9)
        .map(|at| format!("{{\"name\":\"team-{at}\"}}"))
        .collect();
    let text = text.replace("{\"name\":\"team-a\"}]", &format!("{}]", names.join(",")));
    body["description"]["store"]["text"] = text.into();
    let answer = post(&world, Who::Admin, "check", &body).await?;
    assert_eq!(answer.status(), 422);
    assert!(
        problem(answer).await?["detail"]
            .as_str()
            .unwrap_or_default()
            .contains("9 profiles")
    );
    Ok(())
}
