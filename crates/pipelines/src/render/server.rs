//! The objects of a pipeline server of Open Data Hub: its application's storage, and what its
//! operator makes of that, with the operator's slips put right.

use serde_json::{Value, json};

use super::object::{config_map, environment_patch, object, with, yaml};
use super::{Pair, env, providers};
use crate::model::{Deployment, PipelineServer};

pub(super) fn each(deployment: &Deployment, sink: &mut dyn FnMut(Value)) {
    let Some(server) = &deployment.server else {
        return;
    };
    let source = deployment.backend.keys();
    let pair = source.map(|source| Pair::of_clone(&source.name, source));
    let keys = pair.as_ref();
    let store = &deployment.store;
    sink(application(deployment, server, keys));
    let root = match store.base_path.as_str() {
        "" => format!("s3://{}", store.bucket),
        path => format!("s3://{}/{path}", store.bucket),
    };
    let launcher = json!({
        "defaultPipelineRoot": root,
        "providers": providers::text(deployment, keys),
    });
    sink(config_map(&server.namespace, "kfp-launcher", launcher));
    let name = format!("ds-pipeline-{}", server.name);
    let container = "ds-pipeline-api-server";
    let variables = api_server(deployment, keys);
    sink(environment_patch(
        &server.namespace,
        &name,
        container,
        &variables,
    ));
    let name = format!("ds-pipeline-workflow-controller-{}", server.name);
    let repository = json!({"artifactRepository": repository(deployment, keys)});
    sink(config_map(&server.namespace, &name, repository));
}

/// The application, as far as its storage is concerned.
fn application(deployment: &Deployment, server: &PipelineServer, keys: Option<&Pair>) -> Value {
    let store = &deployment.store;
    let mut external = json!({
        "host": store.endpoint.host,
        "port": store.endpoint.port_text(),
        "bucket": store.bucket,
        "scheme": if store.endpoint.tls { "https" } else { "http" },
        "secure": store.endpoint.tls,
        "region": store.region,
    });
    if !store.base_path.is_empty() {
        external["basePath"] = Value::from(store.base_path.as_str());
    }
    if let Some(pair) = keys {
        external["s3CredentialsSecret"] = json!({
            "secretName": pair.secret,
            "accessKey": pair.access_key,
            "secretKey": pair.secret_key,
        });
    }
    let application = object(
        "datasciencepipelinesapplications.opendatahub.io/v1",
        "DataSciencePipelinesApplication",
        &server.namespace,
        &server.name,
    );
    let storage = json!({"objectStorage": {"externalStorage": external}});
    with(application, "spec", storage)
}

fn api_server(deployment: &Deployment, keys: Option<&Pair>) -> Vec<Value> {
    let store = &deployment.store;
    let mut variables = vec![
        env::value("OBJECTSTORECONFIG_BUCKETNAME", &store.bucket),
        env::value("OBJECTSTORECONFIG_HOST", &store.endpoint.host),
        env::value("OBJECTSTORECONFIG_PORT", &store.endpoint.port_text()),
        env::value("OBJECTSTORECONFIG_SECURE", &store.endpoint.tls.to_string()),
        // The operator leaves the region out.
        env::value("OBJECTSTORECONFIG_REGION", &store.region),
    ];
    variables.extend(env::pair(
        "OBJECTSTORECONFIG_ACCESSKEY",
        "OBJECTSTORECONFIG_SECRETACCESSKEY",
        keys,
    ));
    if !store.base_path.is_empty() {
        let path = format!("{}/{}", store.base_path, deployment.layout.pipelines_prefix);
        variables.push(env::value("OBJECTSTORECONFIG_PIPELINEPATH", &path));
    }
    variables
}

/// The operator's repository, without a scheme in the endpoint and with `insecure` the right way up.
fn repository(deployment: &Deployment, keys: Option<&Pair>) -> String {
    let store = &deployment.store;
    let mut s3 = json!({
        "endpoint": store.endpoint.authority(),
        "insecure": !store.endpoint.tls,
        "bucket": store.bucket,
        "region": store.region,
        "keyFormat": deployment.layout.artifacts_key_format,
    });
    if let Some(pair) = keys {
        s3["accessKeySecret"] = json!({"name": pair.secret, "key": pair.access_key});
        s3["secretKeySecret"] = json!({"name": pair.secret, "key": pair.secret_key});
    }
    yaml(&json!({"archiveLogs": false, "s3": s3}))
}
