//! Everything that `kubectl create`, `run` and `expose` make by themselves is stored as it was meant.

use rstest::rstest;
use serde_json::{Value, json};

use crate::project::Project;

/// Whether `found` has all of `wanted`; lists must be equally long.
fn has(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|found| has(found, value))),
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| has(a, b))
        }
        _ => found == wanted,
    }
}

/// A project with the files that generators read.
fn project_with_files() -> Project {
    let project = Project::new("harbour");
    let signed =
        rcgen::generate_simple_self_signed(["harbour.example".to_owned()]).expect("a certificate");
    project
        .file("notes/north.txt", "calm")
        .file("notes/south.txt", "rough")
        .file("tides.env", "HIGH=$CANARY\nLOW=2\n")
        .file("tls.crt", &signed.cert.pem())
        .file("tls.key", &signed.signing_key.serialize_pem());
    project
}

#[rstest]
#[case::cluster_role(
    "clusterrole $PROJECT-reader --verb=get,list --resource=pods,deployments.apps",
    "clusterrole $PROJECT-reader",
    json!({"rules": [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
    ]})
)]
#[case::cluster_role_of_paths(
    "clusterrole $PROJECT-prober --verb=get --non-resource-url=/readyz",
    "clusterrole $PROJECT-prober",
    json!({"rules": [{"nonResourceURLs": ["/readyz"], "verbs": ["get"]}]})
)]
#[case::cluster_role_binding(
    "clusterrolebinding $PROJECT-crew --clusterrole=view --user=mate --group=crew --serviceaccount=$PROJECT:default",
    "clusterrolebinding $PROJECT-crew",
    json!({"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [
        {"kind": "User", "name": "mate"}, {"kind": "Group", "name": "crew"}, {"kind": "ServiceAccount", "name": "default"},
    ]})
)]
#[case::config_map_of_literals("configmap tides --from-literal=high=4 --from-literal=low=", "configmap tides", json!({"data": {"high": "4", "low": ""}}))]
#[case::config_map_of_a_folder("configmap notes --from-file=notes", "configmap notes", json!({"data": {"north.txt": "calm", "south.txt": "rough"}}))]
#[case::config_map_of_bytes(
    "configmap bytes --from-file=blob=/dev/stdin",
    "configmap bytes",
    json!({"binaryData": {"blob": "//79"}})
)]
#[case::cron_job(
    "cronjob nightly --image=registry.harbour.example/tides:1 --schedule='0 3 * * *' -- tides --all",
    "cronjob nightly",
    json!({"spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"command": ["tides", "--all"]}]}}}}}})
)]
#[case::deployment(
    "deployment web --image=registry.harbour.example/web:1 --replicas=2 --port=8080",
    "deployment web",
    json!({"spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"ports": [{"containerPort": 8080}]}]}}}})
)]
#[case::ingress(
    "ingress web --class=nginx --rule='harbour.example/tides*=web:8080,tls=harbour-tls' --default-backend=web:http",
    "ingress web",
    json!({"spec": {
        "ingressClassName": "nginx",
        "defaultBackend": {"service": {"name": "web", "port": {"name": "http"}}},
        "tls": [{"hosts": ["harbour.example"], "secretName": "harbour-tls"}],
        "rules": [{"host": "harbour.example", "http": {"paths": [
            {"path": "/tides", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 8080}}}},
        ]}}],
    }, "status": {"loadBalancer": {}}})
)]
#[case::job("job once --image=registry.harbour.example/tides:1 -- tides", "job once", json!({"spec": {"completions": 1, "backoffLimit": 6}}))]
#[case::namespace("namespace $PROJECT-annex", "namespace $PROJECT-annex", json!({"status": {"phase": "Active"}}))]
#[case::disruption_budget(
    "poddisruptionbudget web --selector=app=web --min-available=50%",
    "poddisruptionbudget web",
    json!({"spec": {"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}}, "status": {"disruptionsAllowed": 0}})
)]
#[case::priority_class(
    "priorityclass $PROJECT-first --value=1000 --preemption-policy=Never --description='goes first'",
    "priorityclass $PROJECT-first",
    json!({"value": 1000, "preemptionPolicy": "Never", "description": "goes first"})
)]
#[case::quota("quota crew --hard=pods=2,requests.cpu=1500m", "quota crew", json!({"spec": {"hard": {"pods": "2", "requests.cpu": "1500m"}}}))]
#[case::role(
    "role reader --verb=get --resource=secrets --resource-name=soundings",
    "role reader",
    json!({"rules": [{"resources": ["secrets"], "resourceNames": ["soundings"], "verbs": ["get"]}]})
)]
#[case::role_binding(
    "rolebinding readers --clusterrole=view --serviceaccount=$PROJECT:default",
    "rolebinding readers",
    json!({"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "ServiceAccount", "name": "default"}]})
)]
#[case::docker_registry_secret(
    "secret docker-registry pull --docker-server=registry.harbour.example --docker-username=mate --docker-password=$CANARY",
    "secret pull",
    json!({"type": "kubernetes.io/dockerconfigjson"})
)]
#[case::generic_secret("secret generic tides --from-env-file=tides.env --type=harbour.example/tides", "secret tides", json!({"type": "harbour.example/tides", "data": {"LOW": "Mg=="}}))]
#[case::tls_secret("secret tls harbour-tls --cert=tls.crt --key=tls.key", "secret harbour-tls", json!({"type": "kubernetes.io/tls"}))]
#[case::service_in_the_cluster("service clusterip web --tcp=80:8080", "service web", json!({"spec": {"type": "ClusterIP", "ports": [{"port": 80, "targetPort": 8080}], "selector": {"app": "web"}}}))]
#[case::headless_service("service clusterip web --clusterip=None", "service web", json!({"spec": {"clusterIP": "None"}}))]
#[case::service_of_another_name("service externalname web --external-name=web.harbour.example", "service web", json!({"spec": {"type": "ExternalName", "externalName": "web.harbour.example"}}))]
#[case::service_behind_a_balancer("service loadbalancer web --tcp=80", "service web", json!({"spec": {"type": "LoadBalancer"}}))]
#[case::service_on_nodes("service nodeport web --tcp=80:http --node-port=30080", "service web", json!({"spec": {"type": "NodePort", "ports": [{"nodePort": 30080, "targetPort": "http"}]}}))]
#[case::service_account("serviceaccount builder", "serviceaccount builder", json!({"metadata": {"name": "builder"}}))]
fn kubectl_creates(#[case] command: &str, #[case] object: &str, #[case] wanted: Value) {
    let project = project_with_files();
    if !project.has_kubectl(24) {
        return;
    }
    let create = format!("printf '\\377\\376\\375' | kubectl create {command}");
    // Behind two dashes stands what a container runs.
    let options = create.split(" -- ").next().unwrap_or_default();
    let runs = if create.contains(" -- ") {
        "-- true"
    } else {
        ""
    };
    project
        .run(&format!("{options} --dry-run=server {runs}"))
        .prints("created (server dry run)");
    // It would be refused if the dry run had stored it.
    project.run(&create).prints("created");
    let found = project.object(object);
    assert!(has(&found, &wanted), "{wanted} is not in {found}");
}

#[test]
fn what_is_there_is_not_created_again() {
    let project = Project::new("harbour");
    project.run("kubectl create configmap tides");
    project
        .fails("kubectl create configmap tides")
        .complains("configmaps \"tides\" already exists");
}

#[test]
fn a_job_is_made_of_a_cron_job() {
    let project = Project::new("harbour");
    if !project.has_kubectl(24) {
        return;
    }
    project.run(
        "kubectl create cronjob nightly --image=registry.harbour.example/tides:1 --schedule='@daily'
         kubectl create job now --from=cronjob/nightly",
    );
    let owner = &project.object("job now")["metadata"]["ownerReferences"][0];
    assert_eq!(
        owner["uid"],
        project.object("cronjob nightly")["metadata"]["uid"]
    );
}

#[test]
fn run_makes_a_pod_and_a_service_for_it() {
    let project = Project::new("harbour");
    project
        .run(
            "kubectl run web --image=registry.harbour.example/web:1 --port=80 --expose \
             --env=TIDE=high --labels=tier=front --restart=Never",
        )
        .prints("service/web created")
        .prints("pod/web created");
    let spec = project.object("pod web")["spec"].clone();
    assert_eq!(spec["restartPolicy"], "Never");
    let selector = project.object("service web")["spec"]["selector"].clone();
    assert_eq!(selector, json!({"tier": "front"}));
}

#[test]
fn expose_makes_a_service_for_a_deployment() {
    let project = Project::new("harbour");
    project.run(
        "kubectl create deployment web --image=registry.harbour.example/web:1
         kubectl expose deployment web --port=80 --target-port=http --name=front",
    );
    let spec = project.object("service front")["spec"].clone();
    assert_eq!(spec["selector"], json!({"app": "web"}));
    assert_eq!(spec["ports"][0]["targetPort"], "http");
}

#[test]
fn a_token_of_an_account_opens_what_the_account_may() {
    let project = Project::new("harbour");
    if !project.has_kubectl(24) {
        return;
    }
    project.run(
        "kubectl create serviceaccount keeper
         kubectl create rolebinding keepers --clusterrole=view --serviceaccount=$PROJECT:keeper
         kubectl create token keeper --duration=10m > token",
    );
    // A kubeconfig without the administrator's token, which would otherwise go first.
    project.run("kubectl config view --raw > own && KUBECONFIG=own kubectl config unset users");
    let keeper = "KUBECONFIG=own kubectl --token=$(cat token)";
    project.run(&format!("{keeper} get configmaps"));
    project
        .fails(&format!("{keeper} get secrets"))
        .complains("(Forbidden)")
        .complains(&format!("system:serviceaccount:{}:keeper", project.name));
}

#[test]
fn a_token_for_less_than_ten_minutes_is_refused() {
    let project = Project::new("harbour");
    if !project.has_kubectl(24) {
        return;
    }
    project
        .fails("kubectl create token default --duration=60s")
        .complains("may not specify a duration less than 10 minutes");
}
