//! What runs in each profile: the proxy through which the UI reads artifacts with the profile's own
//! keys, and the visualization server.

use serde_json::{Value, json};

use super::object::{object, with};

/// The proxy's name.
pub(super) const NAME: &str = "ml-pipeline-ui-artifact";
const VISUALIZATION: &str = "ml-pipeline-visualizationserver";

/// The proxy's Deployment.
pub(super) fn deployment(namespace: &str, image: &str, env: &[Value]) -> Value {
    let mut workload = workload(
        namespace,
        NAME,
        image,
        3000,
        ("10m", "70Mi"),
        ("100m", "500Mi"),
    );
    let pod = &mut workload["spec"]["template"]["spec"];
    // The group that may read a web identity's token.
    pod["securityContext"] = json!({"fsGroup": 65534});
    pod["containers"][0]["env"] = Value::from(env);
    workload
}

/// The proxy's Service.
pub(super) fn service(namespace: &str) -> Value {
    port(namespace, NAME, 80, 3000)
}

/// The visualization server, which has nothing to do with the store but comes with a profile.
pub(super) fn visualization(namespace: &str, image: &str) -> [Value; 4] {
    let labels = json!({"app": VISUALIZATION});
    let rule = object(
        "networking.istio.io/v1alpha3",
        "DestinationRule",
        namespace,
        VISUALIZATION,
    );
    let policy = object(
        "security.istio.io/v1beta1",
        "AuthorizationPolicy",
        namespace,
        VISUALIZATION,
    );
    let principal = "cluster.local/ns/kubeflow/sa/ml-pipeline";
    [
        workload(
            namespace,
            VISUALIZATION,
            image,
            8888,
            ("50m", "200Mi"),
            ("500m", "1Gi"),
        ),
        with(
            rule,
            "spec",
            json!({"host": VISUALIZATION, "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}),
        ),
        with(
            policy,
            "spec",
            json!({
                "selector": {"matchLabels": labels},
                "rules": [{"from": [{"source": {"principals": [principal]}}]}],
            }),
        ),
        port(namespace, VISUALIZATION, 8888, 8888),
    ]
}

fn workload(
    namespace: &str,
    name: &str,
    image: &str,
    port: u16,
    least: (&str, &str),
    most: (&str, &str),
) -> Value {
    let labels = json!({"app": name});
    let amounts = |(cpu, memory): (&str, &str)| json!({"cpu": cpu, "memory": memory});
    let mut workload = object("apps/v1", "Deployment", namespace, name);
    workload["metadata"]["labels"] = labels.clone();
    with(
        workload,
        "spec",
        json!({
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    // The account that runs have too, so that a cloud's identity is the same.
                    "serviceAccountName": "default-editor",
                    "containers": [{
                        "name": name,
                        "image": image,
                        "imagePullPolicy": "IfNotPresent",
                        "ports": [{"containerPort": port}],
                        "resources": {"requests": amounts(least), "limits": amounts(most)},
                    }],
                },
            },
        }),
    )
}

fn port(namespace: &str, name: &str, port: u16, target: u16) -> Value {
    let service = object("v1", "Service", namespace, name);
    let port = json!({"name": "http", "port": port, "protocol": "TCP", "targetPort": target});
    with(
        service,
        "spec",
        json!({"selector": {"app": name}, "ports": [port]}),
    )
}
