//! Several clients at once, and what others see.

use anyhow::Result;
use bowline_core::{Connection, Recognition, Secret, Severity, validate};
use bowline_server::odahu::Settings;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Who, World};

const PATH: &str = "/api/v1/connection";

async fn send(world: &World, method: Method, path: &str, body: &Value) -> Result<(u16, Value)> {
    let request = world.request(Who::Editor, method, path);
    let answer = request.body(body.to_string()).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

fn git(id: &str, reference: &str) -> Value {
    json!({"id": id, "spec": {"type": "git", "uri": "git@git-host.example:a/b.git",
                              "keySecret": "YQ==", "reference": reference}})
}

#[tokio::test]
async fn of_many_that_create_the_same_one_succeeds() -> Result<()> {
    let world = super::world(|_| ()).await?;
    let bodies: Vec<Value> = (0..24)
        .map(|n| git("tides", &format!("branch-{n}")))
        .collect();
    let creating = bodies
        .iter()
        .map(|body| send(&world, Method::POST, PATH, body));
    let answers: Vec<(u16, Value)> = join_all(creating)
        .await
        .into_iter()
        .collect::<Result<_>>()?;
    let created: Vec<&Value> = answers
        .iter()
        .filter(|(s, _)| *s == 201)
        .map(|(_, b)| b)
        .collect();
    assert_eq!(created.len(), 1, "{answers:?}");
    for (_, refusal) in answers.iter().filter(|(status, _)| *status != 201) {
        assert_eq!(refusal["message"], "entity \"tides\" already exists");
    }
    let (_, stored) = send(&world, Method::GET, &format!("{PATH}/tides"), &json!({})).await?;
    assert_eq!(stored["spec"]["reference"], created[0]["spec"]["reference"]);
    Ok(())
}

#[tokio::test]
async fn all_that_change_the_same_succeed_and_one_is_last() -> Result<()> {
    let world = super::world(|_| ()).await?;
    send(&world, Method::POST, PATH, &git("tides", "first")).await?;
    let bodies: Vec<Value> = (0..4)
        .map(|n| git("tides", &format!("branch-{n}")))
        .collect();
    let changing = bodies
        .iter()
        .map(|body| send(&world, Method::PUT, PATH, body));
    for answer in join_all(changing).await {
        let (status, body) = answer?;
        assert_eq!(status, 200, "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn a_change_of_a_version_that_is_gone_is_refused() -> Result<()> {
    let world = super::world(|_| ()).await?;
    let path = format!("{PATH}/tides");
    send(&world, Method::POST, PATH, &git("tides", "first")).await?;
    let tag = world.get(Who::Editor, &path).await?.headers()["etag"].clone();
    let put = |reference: &str| {
        let request = world.request(Who::Editor, Method::PUT, PATH);
        request
            .header("if-match", tag.clone())
            .body(git("tides", reference).to_string())
    };
    assert_eq!(put("second").send().await?.status(), 200);
    assert_eq!(put("third").send().await?.status(), 412);
    let delete = world.request(Who::Editor, Method::DELETE, &path);
    assert_eq!(
        delete
            .header("if-match", tag.clone())
            .send()
            .await?
            .status(),
        412
    );
    let delete = world.request(Who::Editor, Method::DELETE, &path);
    assert_eq!(delete.header("if-match", "*").send().await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn times_are_the_servers_and_last() -> Result<()> {
    let world = super::world(|_| ()).await?;
    let mut body = git("tides", "first");
    body["createdAt"] = json!("2001-01-01T00:00:00Z");
    let (_, created) = send(&world, Method::POST, PATH, &body).await?;
    assert_eq!(created["createdAt"], created["updatedAt"]);
    assert!(created["createdAt"].as_str() > Some("2020"), "{created}");
    let (_, changed) = send(&world, Method::PUT, PATH, &body).await?;
    let (_, read) = send(&world, Method::GET, &format!("{PATH}/tides"), &json!({})).await?;
    assert_eq!(read, changed);
    assert_eq!(read["createdAt"], created["createdAt"]);
    assert!(
        read["updatedAt"].as_str() > created["updatedAt"].as_str(),
        "{read}"
    );
    Ok(())
}

#[tokio::test]
async fn what_is_made_through_odahu_is_a_connection_to_everybody() -> Result<()> {
    let world = super::world(|_| ()).await?;
    let body = json!({"id": "tides", "spec": {
        "type": "s3", "uri": "s3+http://127.0.0.1:9000/raw-data/in", "region": "us-east-1",
        "keyID": "QUtJQUlPU0ZPRE5ON0VYQU1QTEU=",
        "keySecret": "d0phbHJYVXRuRkVNSS9LN01ERU5HL2JQeFJmaUNZRVhBTVBMRUtFWQ==",
    }});
    assert_eq!(send(&world, Method::POST, PATH, &body).await?.0, 201);
    let stored = super::secret(&world, "tides").await?;
    let Recognition::Connection(connection) = Connection::from_secret(Secret::from_value(&stored)?)
    else {
        anyhow::bail!("it is no connection")
    };
    assert_eq!(connection.bucket(), Some("raw-data"));
    assert_eq!(
        connection.endpoint().as_deref(),
        Some("http://127.0.0.1:9000")
    );
    let findings = validate(&connection);
    assert!(
        findings.iter().all(|f| f.severity != Severity::Error),
        "{findings:#?}"
    );
    assert_eq!(
        stored["metadata"]["annotations"]["bowline.dev/creator"],
        "editor"
    );
    Ok(())
}

#[tokio::test]
async fn a_connection_of_others_is_edited_and_keeps_what_is_theirs() -> Result<()> {
    let world = super::world(|_| ()).await?;
    world
        .create(json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "soundings", "namespace": "team-a", "labels": {"theirs": "yes"},
                         "annotations": {"opendatahub.io/connection-type-protocol": "s3"}},
            "stringData": {"AWS_S3_BUCKET": "deep", "AWS_S3_ENDPOINT": "https://minio.example",
                           "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "word", "MINE": "1"},
        }))
        .await?;
    let (_, mut read) = send(
        &world,
        Method::GET,
        &format!("{PATH}/soundings"),
        &json!({}),
    )
    .await?;
    assert_eq!(read["spec"]["uri"], "s3+https://minio.example/deep");
    read["spec"]["region"] = json!("eu");
    read["spec"]["description"] = json!("Depths");
    let (status, changed) = send(&world, Method::PUT, PATH, &read).await?;
    assert_eq!(status, 200, "{changed}");
    let stored = super::secret(&world, "soundings").await?;
    let texts = |key: &str| stored["data"][key].clone();
    assert_eq!(texts("AWS_SECRET_ACCESS_KEY"), "d29yZA==");
    assert_eq!(texts("AWS_DEFAULT_REGION"), "ZXU=");
    assert_eq!(texts("MINE"), "MQ==");
    assert_eq!(stored["metadata"]["labels"], json!({"theirs": "yes"}));
    assert_eq!(
        stored["metadata"]["annotations"]["openshift.io/description"],
        "Depths"
    );
    Ok(())
}

#[tokio::test]
async fn a_connection_may_become_one_of_another_type() -> Result<()> {
    let world = super::world(|_| ()).await?;
    send(&world, Method::POST, PATH, &git("tides", "main")).await?;
    let docker = json!({"id": "tides", "spec": {"type": "docker", "uri": "quay.io/reef",
                                                "username": "u", "password": "cA=="}});
    let (status, changed) = send(&world, Method::PUT, PATH, &docker).await?;
    assert_eq!(status, 200, "{changed}");
    let stored = super::secret(&world, "tides").await?;
    assert_eq!(stored["type"], "kubernetes.io/dockerconfigjson");
    let (_, read) = send(
        &world,
        Method::GET,
        &format!("{PATH}/tides/decrypted"),
        &json!({}),
    )
    .await?;
    assert_eq!(read["spec"], docker["spec"]);
    Ok(())
}

#[tokio::test]
async fn lists_are_never_cut_for_clients_that_do_not_page() -> Result<()> {
    let world = super::world(|_| ()).await?;
    for n in 0..520 {
        let id = format!("c{n:04}");
        assert_eq!(
            send(&world, Method::POST, PATH, &git(&id, "main")).await?.0,
            201
        );
    }
    let all = world.get(Who::Editor, PATH).await?;
    assert_eq!(all.headers()["x-total-count"], "520");
    let all: Vec<Value> = all.json().await?;
    assert_eq!(all.len(), 520);
    assert!(all.is_sorted_by_key(|item| item["id"].as_str().map(str::to_owned)));
    let page: Vec<Value> = world
        .get(Who::Editor, &format!("{PATH}?page=1"))
        .await?
        .json()
        .await?;
    assert_eq!(page.len(), 20);
    Ok(())
}

#[tokio::test]
async fn a_connection_in_use_is_not_deleted_and_its_users_are_named() -> Result<()> {
    let world = super::world(|_| ()).await?;
    send(&world, Method::POST, PATH, &git("tides", "main")).await?;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "gauge", "namespace": "team-a"},
        "spec": {"containers": [{"name": "gauge", "image": "a",
                                 "envFrom": [{"secretRef": {"name": "tides"}}]}]},
    });
    world.create(pod).await?;
    let path = format!("{PATH}/tides");
    let (status, refusal) = send(&world, Method::DELETE, &path, &json!({})).await?;
    assert_eq!(status, 400, "{refusal}");
    let message = refusal["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("Pod `gauge`") && message.contains("--detach"),
        "{message}"
    );
    assert_eq!(world.get(Who::Editor, &path).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn host_keys_are_fetched_only_where_that_is_switched_on() -> Result<()> {
    let mut body = git("tides", "main");
    // Nobody listens there.
    body["spec"]["uri"] = json!("ssh://git@127.0.0.1:1/a.git");
    let quiet = super::world(|_| ()).await?;
    assert_eq!(send(&quiet, Method::POST, PATH, &body).await?.0, 201);
    let curious = super::world(|settings| settings.scans_host_keys = true).await?;
    let (status, refusal) = send(&curious, Method::POST, PATH, &body).await?;
    assert_eq!(status, 400, "{refusal}");
    let message = refusal["message"].as_str().unwrap_or_default();
    let (cause, again) = message
        .split_once("; can not extract the public SSH host key from URI: ")
        .unwrap_or_default();
    assert_eq!(
        cause,
        format!("Validation of connection is failed: {again}"),
        "{message}"
    );
    // Whoever brings the keys is not asked for them.
    body["spec"]["publicKey"] = json!("aG9zdA==");
    assert_eq!(send(&curious, Method::POST, PATH, &body).await?.0, 201);
    Ok(())
}

#[tokio::test]
async fn who_sends_too_much_reads_so_in_a_message() -> Result<()> {
    let world = World::with(|web| {
        web.odahu = Some(Settings::new("team-a"));
        web.limits.rate.burst = 1;
        web.limits.rate.per_second = 1;
    })
    .await?;
    send(&world, Method::GET, PATH, &json!({})).await?;
    let (status, answer) = send(&world, Method::GET, PATH, &json!({})).await?;
    assert_eq!(status, 429);
    assert!(answer["message"].is_string(), "{answer}");
    Ok(())
}
