//! The six readers, one function each, over the objects that they are set up by.

use serde_json::Value;

use super::environment::{Environment, text};
use super::{Finds, KeysIn, Login, View, automatic};
use crate::launcher::{self, LauncherConfig, Root, Session};
use crate::model::{DeploykfRelease, Deployment, Release, Vendor};
use crate::releases::{Ability, ServerAddressing, api_server, kfp_can, refused_option};
use crate::stores;

/// The names of readers, as they are shown.
pub(crate) const API_SERVER: &str = "API server";
pub(crate) const UI_MINIO: &str = "UI, minio://";
pub(crate) const UI_S3: &str = "UI, s3://";
pub(crate) const PROXY_MINIO: &str = "profile's UI proxy, minio://";
pub(crate) const PROXY_S3: &str = "profile's UI proxy, s3://";
pub(crate) const ARGO: &str = "Argo controller";
pub(crate) const PROFILE_ARGO: &str = "Argo in the profile";
pub(crate) const LAUNCHER: &str = "v2 launcher";
pub(crate) const VIEWER: &str = "TensorBoard viewers";

/// What the launcher dies of where a region is named and empty.
const MISSING_REGION: &str = "MissingRegion: could not find region configuration";
const AMAZON: &str = "s3.amazonaws.com";

pub(super) fn read(deployment: &Deployment, objects: &[Value]) -> Vec<View> {
    let mut views = Vec::new();
    for object in objects {
        match text(&object["kind"]) {
            "Deployment" => of_deployment(deployment, object, objects, &mut views),
            "ConfigMap" => of_config_map(deployment, object, objects, &mut views),
            _ => {}
        }
    }
    // The shared parts first, then one profile after another, each in the order of the readers.
    let profile = |namespace: &str| {
        deployment
            .profiles
            .iter()
            .position(|it| it.namespace() == namespace)
    };
    views.sort_by_key(|view| {
        (
            profile(&view.namespace).map_or(0, |at| at + 1),
            order(view.reader),
        )
    });
    views
}

fn order(reader: &str) -> usize {
    let all = [
        API_SERVER,
        UI_MINIO,
        UI_S3,
        ARGO,
        VIEWER,
        PROXY_MINIO,
        PROXY_S3,
        PROFILE_ARGO,
        LAUNCHER,
    ];
    all.iter()
        .position(|name| *name == reader)
        .unwrap_or(all.len())
}

fn view(reader: &'static str, object: &Value, place: &str, finds: Finds) -> View {
    let metadata = &object["metadata"];
    let (kind, name) = (text(&object["kind"]), text(&metadata["name"]));
    View {
        reader,
        namespace: text(&metadata["namespace"]).to_owned(),
        looks_in: format!("{kind} {name}, {place}"),
        finds,
        differences: Vec::new(),
        error: None,
    }
}

fn of_deployment(
    deployment: &Deployment,
    object: &Value,
    objects: &[Value],
    views: &mut Vec<View>,
) {
    if let Some(env) = Environment::with(object, "OBJECTSTORECONFIG_BUCKETNAME", objects) {
        let finds = server(deployment, &env);
        views.push(view(
            API_SERVER,
            object,
            "variables OBJECTSTORECONFIG_*",
            finds,
        ));
    }
    if let Some(env) = Environment::with(object, "MINIO_HOST", objects) {
        let is_proxy = text(&object["metadata"]["name"]).ends_with("-artifact");
        let [minio, s3] = if is_proxy {
            [PROXY_MINIO, PROXY_S3]
        } else {
            [UI_MINIO, UI_S3]
        };
        views.push(view(minio, object, "variables MINIO_*", ui_minio(&env)));
        views.push(view(s3, object, "variables AWS_*", ui_s3(&env)));
    }
}

fn server(deployment: &Deployment, env: &Environment<'_>) -> Finds {
    let kfp = deployment.releases.kfp;
    let of = |name: &str| env.text(&format!("OBJECTSTORECONFIG_{name}"));
    let tls = of("SECURE").map(|text| text == "true");
    let region = of("REGION");
    let guessed = region.as_deref() == Some("") && kfp_can(kfp, Ability::DefaultRegion);
    Finds {
        endpoint: of("HOST").map(|host| with_port(&host, &of("PORT").unwrap_or_default(), tls)),
        tls,
        region: if guessed {
            Some("us-east-1".to_owned())
        } else {
            region
        },
        bucket: of("BUCKETNAME"),
        keys: Some(format!(
            "{}/",
            of("PIPELINEPATH").unwrap_or_else(|| "pipelines".to_owned())
        )),
        addressing: Some(match api_server(kfp).addressing {
            ServerAddressing::Automatic => automatic(deployment),
            ServerAddressing::Path => "path",
        }),
        credentials: env.credentials(
            "OBJECTSTORECONFIG_ACCESSKEY",
            "OBJECTSTORECONFIG_SECRETACCESSKEY",
            Login::BuiltIn,
        ),
    }
}

fn ui_minio(env: &Environment<'_>) -> Finds {
    let tls = env
        .text("MINIO_SSL")
        .map(|text| text == "true")
        .or(Some(false));
    let suffix = match env.text("MINIO_NAMESPACE").as_deref() {
        None | Some("") => String::new(),
        Some(namespace) => format!(".{namespace}"),
    };
    let port = env.text("MINIO_PORT").unwrap_or_else(|| "9000".to_owned());
    Finds {
        endpoint: env
            .text("MINIO_HOST")
            .map(|host| with_port(&(host + &suffix), &port, tls)),
        tls,
        credentials: env.credentials("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", Login::BuiltIn),
        ..Finds::default()
    }
}

fn ui_s3(env: &Environment<'_>) -> Finds {
    let tls = env
        .text("AWS_SSL")
        .map(|text| text == "true")
        .or(Some(true));
    let endpoint = env
        .text("AWS_S3_ENDPOINT")
        .unwrap_or_else(|| AMAZON.to_owned());
    Finds {
        endpoint: Some(endpoint),
        tls,
        region: env
            .text("AWS_REGION")
            .or_else(|| Some("us-east-1".to_owned())),
        credentials: env.credentials(
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            Login::Environment,
        ),
        ..Finds::default()
    }
}

fn of_config_map(
    deployment: &Deployment,
    object: &Value,
    objects: &[Value],
    views: &mut Vec<View>,
) {
    let data = &object["data"];
    if let Some(yaml) = data["artifactRepository"].as_str() {
        let finds = repository(deployment, yaml);
        views.push(view(ARGO, object, "key artifactRepository", finds));
    }
    let annotation = "workflows.argoproj.io/default-artifact-repository";
    if let Some(key) = object["metadata"]["annotations"][annotation].as_str() {
        let finds = repository(deployment, text(&data[key]));
        views.push(view(PROFILE_ARGO, object, &format!("key {key}"), finds));
    }
    match text(&object["metadata"]["name"]) {
        "kfp-launcher" => views.push(launcher_of(deployment, object)),
        "ml-pipeline-ui-configmap" => {
            if let Some(json) = data["viewer-pod-template.json"].as_str() {
                views.extend(viewer(object, json, objects));
            }
        }
        _ => {}
    }
}

fn repository(deployment: &Deployment, yaml: &str) -> Finds {
    let parsed = bowline_core::manifest::parse(yaml.as_bytes()).unwrap_or_default();
    let whole = parsed.first().unwrap_or(&Value::Null);
    if whole["gcs"].is_object() {
        return googles_repository(&whole["gcs"]);
    }
    let s3 = &whole["s3"];
    let tls = !s3["insecure"].as_bool().unwrap_or(false);
    let (access, secret) = (&s3["accessKeySecret"], &s3["secretKeySecret"]);
    let credentials = match access["name"].as_str() {
        Some(name) => Login::Secret(KeysIn {
            secret: name.to_owned(),
            access_key: text(&access["key"]).to_owned(),
            secret_key: text(&secret["key"]).to_owned(),
            session_token: s3["sessionTokenSecret"]["key"].as_str().map(str::to_owned),
        }),
        None => Login::Environment,
    };
    Finds {
        endpoint: Some(without_usual_port(text(&s3["endpoint"]), tls)),
        tls: Some(tls),
        region: Some(text(&s3["region"]).to_owned()),
        bucket: Some(text(&s3["bucket"]).to_owned()),
        keys: s3["keyFormat"].as_str().map(str::to_owned),
        addressing: Some(match text(&s3["addressingStyle"]) {
            "path" => "path",
            "virtual-hosted" => "virtual",
            _ => automatic(deployment),
        }),
        credentials: Some(credentials),
    }
}

/// Google's own protocol has one endpoint, and neither region nor addressing.
fn googles() -> Finds {
    Finds {
        endpoint: Some("storage.googleapis.com".to_owned()),
        tls: Some(true),
        ..Finds::default()
    }
}

fn googles_repository(gcs: &Value) -> Finds {
    let credentials = match gcs["serviceAccountKeySecret"].is_object() {
        true => Login::Other,
        false => Login::Environment,
    };
    Finds {
        bucket: Some(text(&gcs["bucket"]).to_owned()),
        keys: gcs["keyFormat"].as_str().map(str::to_owned),
        credentials: Some(credentials),
        ..googles()
    }
}

fn viewer(object: &Value, json: &str, objects: &[Value]) -> Option<View> {
    let template: Value = serde_json::from_str(json).ok()?;
    let variables = template.pointer("/spec/containers/0/env")?.as_array()?;
    let env = Environment::of(variables, text(&object["metadata"]["namespace"]), objects);
    let url = env
        .text("S3_ENDPOINT")
        .or_else(|| env.text("AWS_S3_ENDPOINT"))?;
    let (tls, authority) = scheme_of(&url);
    let finds = Finds {
        endpoint: Some(without_usual_port(authority, tls.unwrap_or(true))),
        tls,
        region: env.text("AWS_REGION"),
        credentials: env.credentials(
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            Login::Environment,
        ),
        ..Finds::default()
    };
    Some(view(VIEWER, object, "key viewer-pod-template.json", finds))
}

/// deployKF's images of 0.1.5 open a `minio://` root with a query as releases from 2.2 on do.
fn launcher_release(deployment: &Deployment) -> Release {
    let kfp = deployment.releases.kfp;
    let is_forked = deployment.releases.deploykf >= Some(DeploykfRelease::V0_1_5);
    match is_forked && kfp.at_least(2, 1) && !kfp.at_least(2, 2) {
        true => Release::new(2, 2, 0),
        false => kfp,
    }
}

fn launcher_of(deployment: &Deployment, object: &Value) -> View {
    let data = &object["data"];
    let text_of = |key: &str| {
        data[key]
            .as_str()
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
    };
    let config = LauncherConfig {
        default_pipeline_root: text_of("defaultPipelineRoot"),
        providers: text_of("providers"),
    };
    let place = match config.providers {
        Some(_) => "keys defaultPipelineRoot and providers",
        None => "key defaultPipelineRoot",
    };
    let mut view = view(LAUNCHER, object, place, Finds::default());
    let release = launcher_release(deployment);
    let resolved = launcher::resolve(&config, config.root(), release);
    match (Root::parse(config.root()), resolved) {
        (Ok(root), Ok(session)) => {
            if let Some(option) = refused_option(release, root.query).filter(|_| root.has_query) {
                view.error = Some(format!("unknown query parameter \"{option}\""));
            }
            view.finds = of_session(&root, &session, release);
            // Where nothing names an endpoint, Amazon's SDK knows one.
            if view.finds.endpoint.is_none() && stores::vendor(&deployment.store) != Vendor::Aws {
                view.finds.endpoint = Some(AMAZON.to_owned());
            }
            // The environment may name a region, unless the root says that there is none.
            let is_final = root.has_query || view.finds.credentials != Some(Login::Environment);
            if is_final && view.finds.region.as_deref() == Some("") {
                view.error = view.error.or_else(|| Some(MISSING_REGION.to_owned()));
            }
        }
        (Err(error), _) | (_, Err(error)) => view.error = Some(error.to_string()),
    }
    view
}

fn of_session(root: &Root<'_>, session: &Session, release: Release) -> Finds {
    let common = Finds {
        bucket: Some(root.bucket.to_owned()),
        keys: Some(root.prefix.clone()),
        ..Finds::default()
    };
    if root.has_query {
        return Finds {
            credentials: Some(Login::Environment),
            ..of_query(common, root)
        };
    }
    let of = |name: &str| session.params.get(name).cloned();
    let from_env = of("fromEnv").as_deref() == Some("true");
    if root.scheme == "gs" {
        let credentials = match from_env {
            true => Login::Environment,
            false => Login::Other,
        };
        return Finds {
            bucket: common.bucket,
            keys: common.keys,
            credentials: Some(credentials),
            ..googles()
        };
    }
    // Before 2.17 the settings beside `fromEnv` are there and not read.
    let is_read = !from_env || kfp_can(release, Ability::EnvironmentSettings);
    let of = |name: &str| of(name).filter(|_| is_read);
    let tls = of("disableSSL").map(|text| text != "true");
    let path_style = of("forcePathStyle").is_none_or(|text| text == "true");
    let (of_scheme, endpoint) = match of("endpoint") {
        Some(endpoint) => {
            let (tls, authority) = scheme_of(&endpoint);
            (tls, Some(authority.to_owned()))
        }
        None => (None, None),
    };
    let tls = of_scheme.or(tls);
    let secret = || {
        let name = |key: &str| of(key).unwrap_or_default();
        Login::of(
            &name("secretName"),
            &name("accessKeyKey"),
            &name("secretKeyKey"),
        )
    };
    Finds {
        endpoint: endpoint.map(|it| without_usual_port(&it, tls.unwrap_or(true))),
        tls,
        region: of("region"),
        addressing: Some(if path_style { "path" } else { "virtual" }),
        credentials: Some(if from_env {
            Login::Environment
        } else {
            secret()
        }),
        ..common
    }
}

fn of_query(common: Finds, root: &Root<'_>) -> Finds {
    let pairs = || url::form_urlencoded::parse(root.query.as_bytes());
    let of = |names: &[&str]| {
        pairs()
            .find(|(name, _)| names.contains(&&**name))
            .map(|(_, value)| value.into_owned())
    };
    let tls = of(&["disableSSL", "disable_https"]).map(|text| text != "true");
    let path_style = of(&["s3ForcePathStyle", "use_path_style"]);
    let endpoint = of(&["endpoint"]).map(|endpoint| {
        let (_, authority) = scheme_of(&endpoint);
        without_usual_port(authority, tls.unwrap_or(true))
    });
    Finds {
        endpoint,
        tls,
        region: of(&["region"]),
        addressing: path_style.map(|text| if text == "true" { "path" } else { "virtual" }),
        ..common
    }
}

/// Whether a URL says TLS, and the rest of it.
fn scheme_of(url: &str) -> (Option<bool>, &str) {
    match url.split_once("://") {
        Some((scheme, rest)) => (Some(scheme == "https"), rest.trim_end_matches('/')),
        None => (None, url),
    }
}

fn with_port(host: &str, port: &str, tls: Option<bool>) -> String {
    match port {
        "" => host.to_owned(),
        port => without_usual_port(&format!("{host}:{port}"), tls.unwrap_or(true)),
    }
}

fn without_usual_port(authority: &str, tls: bool) -> String {
    let usual = if tls { ":443" } else { ":80" };
    authority
        .strip_suffix(usual)
        .unwrap_or(authority)
        .to_owned()
}
