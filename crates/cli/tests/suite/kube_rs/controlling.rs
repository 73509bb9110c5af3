//! A controller as kube-rs runs them: it owns objects, cleans up behind a finalizer, and rests when
//! there is nothing to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::finalizer::{Error as FinalizerError, Event, finalizer};
use kube::runtime::{Controller, watcher};
use kube::{Api, Client, Resource as _, ResourceExt as _};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{Harbour, crane, until};

const FINALIZER: &str = "harbour.example/settings";

/// What the controller did.
#[derive(Default)]
struct Tally {
    applied: AtomicUsize,
    cleaned: AtomicUsize,
}

struct Context {
    client: Client,
    tally: Tally,
}

/// Keeps a ConfigMap for each Deployment, and says in its status for which state.
async fn apply(deployment: &Deployment, context: &Context) -> Result<Action, kube::Error> {
    let namespace = deployment.namespace().unwrap_or_default();
    let name = deployment.name_any();
    let owner = deployment.controller_owner_ref(&());
    let params = PatchParams::apply("settings").force();
    let maps: Api<ConfigMap> = Api::namespaced(context.client.clone(), &namespace);
    let replicas = deployment.spec.replicas;
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": [owner]},
        "data": {"replicas": replicas.unwrap_or_default().to_string()},
    });
    maps.patch(&name, &params, &Patch::Apply(settings)).await?;
    let deployments: Api<Deployment> = Api::namespaced(context.client.clone(), &namespace);
    let status = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name},
        "status": {"observedGeneration": deployment.metadata.generation},
    });
    let status = Patch::Apply(status);
    deployments.patch_status(&name, &params, &status).await?;
    context.tally.applied.fetch_add(1, Ordering::SeqCst);
    Ok(Action::await_change())
}

async fn reconcile(
    deployment: Arc<Deployment>,
    context: Arc<Context>,
) -> Result<Action, FinalizerError<kube::Error>> {
    let namespace = deployment.namespace().unwrap_or_default();
    let api: Api<Deployment> = Api::namespaced(context.client.clone(), &namespace);
    finalizer(&api, FINALIZER, deployment, |event| async {
        match event {
            Event::Apply(deployment) => apply(&deployment, &context).await,
            Event::Cleanup(_) => {
                context.tally.cleaned.fetch_add(1, Ordering::SeqCst);
                Ok(Action::await_change())
            }
        }
    })
    .await
}

fn run(harbour: &Harbour) -> (Arc<Context>, JoinHandle<()>) {
    let context = Arc::new(Context {
        client: harbour.client.clone(),
        tally: Tally::default(),
    });
    let config = watcher::Config::default;
    let controller = Controller::new(harbour.api::<Deployment>(), config())
        .owns(harbour.api::<ConfigMap>(), config())
        .run(
            reconcile,
            |_, _, _| Action::requeue(Duration::from_millis(100)),
            Arc::clone(&context),
        );
    (context, tokio::spawn(controller.for_each(|_| async {})))
}

#[tokio::test]
async fn a_controller_keeps_what_it_owns_and_cleans_up_once() {
    let harbour = Harbour::new().await;
    let (deployments, maps) = (harbour.api::<Deployment>(), harbour.api::<ConfigMap>());
    let (context, running) = run(&harbour);
    deployments
        .create(&PostParams::default(), &crane())
        .await
        .expect("created");
    let settings = |replicas: &'static str| {
        let maps = maps.clone();
        move || {
            let maps = maps.clone();
            async move {
                let map = maps.get_opt("crane").await.expect("an answer");
                map.is_some_and(|map| map.data.unwrap_or_default()["replicas"] == replicas)
            }
        }
    };
    until("there are settings", settings("1")).await;

    // What is taken away comes back, and what is changed is followed.
    maps.delete("crane", &DeleteParams::default())
        .await
        .expect("deleted");
    until("the settings are back", settings("1")).await;
    let patch = Patch::Merge(json!({"spec": {"replicas": 3}}));
    deployments
        .patch("crane", &PatchParams::default(), &patch)
        .await
        .expect("patched");
    until("the settings follow", settings("3")).await;
    until("the status follows", || async {
        let found = deployments.get("crane").await.expect("there");
        let seen = found.status.and_then(|status| status.observed_generation);
        seen == found.metadata.generation
    })
    .await;

    // The deletion waits for the controller; what it owned goes with it.
    let params = DeleteParams::background();
    deployments
        .delete("crane", &params)
        .await
        .expect("accepted");
    until("all is gone", || async {
        let gone = deployments.get_opt("crane").await.expect("an answer");
        let settings = maps.get_opt("crane").await.expect("an answer");
        gone.is_none() && settings.is_none()
    })
    .await;
    let tally = &context.tally;
    assert_eq!(tally.cleaned.load(Ordering::SeqCst), 1);
    // Applying the same again is no change, so its own writes set nothing off for ever.
    let applied = tally.applied.load(Ordering::SeqCst);
    assert!((3..=15).contains(&applied), "{applied} times");
    running.abort();
}

#[tokio::test]
async fn a_finalizer_without_its_controller_holds_an_object() {
    let harbour = Harbour::new().await;
    let deployments = harbour.api::<Deployment>();
    let mut held = crane();
    held.metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
    deployments
        .create(&PostParams::default(), &held)
        .await
        .expect("created");
    let deleted = deployments.delete("crane", &DeleteParams::default()).await;
    assert!(
        deleted.expect("accepted").is_left(),
        "the object, which waits"
    );
    let found = deployments.get("crane").await.expect("still there");
    assert!(found.metadata.deletion_timestamp.is_some());
    // The controller comes back, and finishes what it missed.
    let (context, running) = run(&harbour);
    until("it is gone", || async {
        deployments
            .get_opt("crane")
            .await
            .expect("an answer")
            .is_none()
    })
    .await;
    assert_eq!(context.tally.cleaned.load(Ordering::SeqCst), 1);
    assert_eq!(context.tally.applied.load(Ordering::SeqCst), 0);
    running.abort();
}
