//! The project of ODAHU's connections, and who acts in it for requests without credentials. What is
//! answered is left to `bowline_server::odahu`.

use bowline_apiserver::{ApiServer, UserInfo};
use bowline_server::callers::{Caller, User};
use bowline_server::odahu::Settings;
use kube::api::{Api, DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use super::{administrator, at_fault};
use crate::args::Odahu;
use crate::failure::{Failure, Kind};

/// Who acts for requests without credentials.
const OPEN: &str = "system:bowline:odahu-open";

/// Makes the project where it is missing, and the settings of the server.
pub(super) async fn settings(api: &ApiServer, args: &Odahu) -> Result<Settings, Failure> {
    let client = kube::Client::new(api.in_process(administrator()), "default");
    let project = args.project.as_str();
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": project},
    });
    create(&client, namespace).await.map_err(|failure| {
        failure.help("`--odahu-project` takes a name of lower-case letters, digits and hyphens")
    })?;
    let mut settings = args.settings();
    if args.is_open {
        let metadata = json!({"name": "bowline-odahu-open", "namespace": project});
        let group = "rbac.authorization.k8s.io";
        // Secrets to work with, and all else to see who uses them.
        let verbs = ["get", "list", "create", "patch", "update", "delete"];
        create(
            &client,
            json!({
                "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": metadata,
                "rules": [
                    {"apiGroups": [""], "resources": ["secrets"], "verbs": verbs},
                    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]},
                ],
            }),
        )
        .await?;
        create(
            &client,
            json!({
                "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": metadata,
                "roleRef": {"apiGroup": group, "kind": "Role", "name": "bowline-odahu-open"},
                "subjects": [{"apiGroup": group, "kind": "User", "name": OPEN}],
            }),
        )
        .await?;
        let user = UserInfo::new(OPEN, Vec::<String>::new());
        let client = kube::Client::new(api.in_process(user), "default");
        let user = User {
            name: OPEN.to_owned(),
            ..User::default()
        };
        settings.open = Some(Caller::new(client, user));
    }
    Ok(settings)
}

/// Creates an object unless it is there.
async fn create(client: &kube::Client, object: Value) -> Result<(), Failure> {
    let fault = |error: &(dyn std::error::Error + 'static)| {
        Failure::new(
            Kind::Usage,
            "the project of ODAHU's connections cannot be made",
        )
        .caused_by(error)
    };
    let object: DynamicObject = serde_json::from_value(object).map_err(|error| at_fault(&error))?;
    let types = object.types.clone().unwrap_or_default();
    let kind = GroupVersionKind::try_from(&types).map_err(|error| at_fault(&error))?;
    let resource = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = match &object.metadata.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    match api.create(&PostParams::default(), &object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(fault(&error)),
    }
}
