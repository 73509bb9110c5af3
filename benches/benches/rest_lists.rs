//! Lists over REST, as a web page asks for them: 10,000 connections and 20,000 references in 70
//! projects of one `bowline up`, for somebody who may see all and for somebody who may list in each
//! project by itself; beside listing every workload and filtering. On a virtual machine the answers
//! during which its host took time away are told apart, since those say nothing of the server. Needs
//! `cargo build --release -p bowline`. What of this the view alone takes is in `index`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bowline_benches::embedded::{api_of, create, labelled, namespace, notebook};
use bowline_benches::{Spread, percentile, release_binary, stolen, until_idle};
use bowline_testkit::server::Server;
use http::Request;
use kube::api::ListParams;
use serde_json::{Value, json};

const PROJECTS: usize = 70;
const CONNECTIONS: usize = 10_000;
/// Each names two connections.
const NOTEBOOKS: usize = 10_000;
const SAMPLES: usize = 400;
/// Looks at everything; each takes long.
const LISTS: usize = 5;
/// The server answers so many requests of one sender in the long run, which is 50 a second.
const PAUSE: Duration = Duration::from_millis(22);

#[tokio::main]
async fn main() -> Result<()> {
    let data = tempfile::tempdir()?;
    let server = Server::start_with(release_binary()?, data.path(), "warn")?;
    let api = server.client().await?;
    create(&api, (0..PROJECTS).map(|n| namespace(&project(n)))).await?;
    create(&api, (0..CONNECTIONS).map(connection)).await?;
    create(&api, (0..NOTEBOOKS).map(user)).await?;
    create(&api, [account()].into_iter().chain((0..PROJECTS).map(role))).await?;
    let busy = until_idle(server.id()).await?;
    anstream::println!("the controllers had seen everything after {busy:.0?}");
    let mut lists = Vec::new();
    for n in 0..LISTS {
        let start = Instant::now();
        ensure!(by_listing(&api, n).await? == 2, "two use each");
        lists.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let baseline = Spread::of(lists).median;
    let token = server.ready.token.clone();
    measure("who may see all", &server, token, baseline).await?;
    let token = token_of_account(&api).await?;
    measure("who may list in each", &server, token, baseline).await
}

async fn measure(who: &str, server: &Server, token: String, baseline: f64) -> Result<()> {
    let mut config = server.config().await?;
    config.cluster_url = server.ready.http.parse()?;
    config.auth_info.token = Some(token.into());
    let rest = kube::Client::try_from(config)?;
    let start = Instant::now();
    let all = ask(&rest, "/api/v1/connections").await?;
    let first = start.elapsed().as_secs_f64() * 1e3;
    ensure!(all["total"] == CONNECTIONS, "{} connections", all["total"]);
    anstream::println!("first answer to somebody {who}: {first:.0} ms");
    // What is measured comes after that: nobody has looked into a project by itself yet.
    type Path = fn(usize) -> String;
    let questions: [(&str, Path, usize); 5] = [
        ("first page", |_| "/api/v1/connections".to_owned(), 50),
        (
            "text search",
            |n| format!("/api/v1/connections?text=bay+{n}"),
            1,
        ),
        (
            "unused connections",
            |_| "/api/v1/connections?used=false".to_owned(),
            0,
        ),
        (
            "first page of a project",
            |n| format!("/api/v1/projects/{}/connections", project(n)),
            50,
        ),
        (
            "users of a connection",
            |n| {
                format!(
                    "/api/v1/projects/{}/connections/{}/usage",
                    project(n),
                    name(n)
                )
            },
            2,
        ),
    ];
    for n in 0..PROJECTS {
        tokio::time::sleep(PAUSE).await;
        ask(
            &rest,
            &format!("/api/v1/projects/{}/connections", project(n)),
        )
        .await?;
    }
    for (what, path, least) in questions {
        let (mut series, mut undisturbed) = (Vec::new(), Vec::new());
        for n in 0..SAMPLES {
            tokio::time::sleep(PAUSE).await;
            let (start, stolen) = (Instant::now(), stolen()?);
            let answer = ask(&rest, &path(n)).await?;
            series.push(start.elapsed().as_secs_f64() * 1e3);
            if stolen == self::stolen()? {
                undisturbed.extend(series.last());
            }
            let items = answer.get("users").unwrap_or(&answer["items"]);
            let items = items.as_array().context("items")?.len();
            ensure!(items >= least, "{items} in the answer to {}", path(n));
        }
        let worst = percentile(&series, 0.99);
        anstream::println!(
            "{what}, {who}: p50 {:.2} ms, p99 {worst:.2} ms, goal less than 20 ms; {:.0} times as fast \
             at p99 as listing every workload and filtering ({baseline:.0} ms); p99 {:.2} ms of the {} of \
             {SAMPLES} during which the machine below took no time away",
            percentile(&series, 0.5),
            baseline / worst,
            percentile(&undisturbed, 0.99),
            undisturbed.len(),
        );
    }
    Ok(())
}

async fn ask(rest: &kube::Client, path: &str) -> Result<Value> {
    let request = Request::get(path).body(Vec::new())?;
    Ok(rest.request(request).await?)
}

/// How many name a connection, found by looking at every workload.
async fn by_listing(api: &kube::Client, n: usize) -> Result<usize> {
    let notebooks = json!({"apiVersion": "kubeflow.org/v1", "kind": "Notebook"});
    let all = api_of(api, &notebooks)?;
    let all = all.list(&ListParams::default()).await?;
    let names_it = |object: &&kube::api::DynamicObject| {
        let reference = format!("{}/{}", project(n), name(n));
        let annotations = object.metadata.annotations.as_ref();
        let text = annotations.and_then(|all| all.get("opendatahub.io/connections"));
        let sources = "/spec/template/spec/containers/0/envFrom";
        let sources = object.data.pointer(sources).and_then(Value::as_array);
        let mut sources = sources.into_iter().flatten();
        text == Some(&reference) || sources.any(|it| it["secretRef"]["name"] == name(n))
    };
    Ok(all.items.iter().filter(names_it).count())
}

fn project(n: usize) -> String {
    format!("harbour-{:02}", n % PROJECTS)
}

fn name(n: usize) -> String {
    format!("connection-{n:05}")
}

fn connection(n: usize) -> Value {
    let mut secret = labelled(&project(n), &name(n));
    // The number stands alone, so that a search for it finds one.
    secret["metadata"]["annotations"]["openshift.io/description"] =
        json!(format!("Depths of bay {n}."));
    secret
}

/// Names a connection, and the next one of the same project.
fn user(n: usize) -> Value {
    let mut notebook = notebook(&project(n), &format!("notebook-{n:05}"), &name(n));
    let next = if n + PROJECTS < CONNECTIONS {
        n + PROJECTS
    } else {
        n % PROJECTS
    };
    notebook["spec"]["template"]["spec"]["containers"][0]["envFrom"] =
        json!([{"secretRef": {"name": name(next)}}]);
    notebook
}

fn account() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"namespace": project(0), "name": "reader"},
    })
}

fn role(n: usize) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"namespace": project(n), "name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": project(0)}],
    })
}

async fn token_of_account(api: &kube::Client) -> Result<String> {
    let path = format!(
        "/api/v1/namespaces/{}/serviceaccounts/reader/token",
        project(0)
    );
    let request =
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(request.to_string().into_bytes())?;
    let answer: Value = api.request(request).await?;
    let token = answer["status"]["token"].as_str();
    Ok(token.context("a token")?.to_owned())
}
