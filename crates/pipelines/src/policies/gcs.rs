//! Bindings of a bucket's IAM policy in Google Cloud, with conditions. They hold for HMAC keys too,
//! since those belong to service accounts. The bucket needs uniform access.

use serde_json::{Value, json};

use super::{Access, Listing, Rights, Subject};
use crate::model::Deployment;

/// What gives a pod's account the identity of one of Google's.
const ANNOTATION: &str = "iam.gke.io/gcp-service-account";

pub(super) fn bindings(deployment: &Deployment, rights: &Rights) -> Value {
    let bucket = &deployment.store.bucket;
    let members = members(deployment, &rights.subject);
    // Says that the bucket is there and where, not what is in it.
    let mut bindings = vec![json!({ "role": "roles/storage.bucketViewer", "members": members })];
    if rights.listing == Listing::Whole {
        bindings.push(binding(
            "roles/storage.objectViewer",
            &members,
            "list-all",
            &is_bucket(bucket),
        ));
    }
    for grant in &rights.grants {
        let (role, title) = match grant.access {
            Access::Read => ("roles/storage.objectViewer", "read-own"),
            Access::Write => ("roles/storage.objectUser", "write-own"),
        };
        bindings.push(binding(
            role,
            &members,
            title,
            &is_under(bucket, &grant.prefixes),
        ));
    }
    json!({ "version": 3, "bindings": bindings })
}

fn binding(role: &str, members: &[String], title: &str, expression: &str) -> Value {
    json!({
        "role": role,
        "members": members,
        "condition": { "title": title, "expression": expression },
    })
}

/// Holds for requests about the bucket itself, such as listing, and about no object.
fn is_bucket(bucket: &str) -> String {
    format!("resource.name == 'projects/_/buckets/{bucket}'")
}

/// Holds for objects under the prefixes, and for lists that do not reach beyond one.
fn is_under(bucket: &str, prefixes: &[String]) -> String {
    let both = |prefix: &String| {
        format!(
            "resource.name.startsWith('projects/_/buckets/{bucket}/objects/{prefix}') || \
             api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('{prefix}')"
        )
    };
    prefixes.iter().map(both).collect::<Vec<_>>().join(" || ")
}

/// The accounts that pods are annotated with, else those that a profile's plugin names, else one to be
/// made.
fn members(deployment: &Deployment, subject: &Subject) -> Vec<String> {
    let (named, other) = match subject {
        Subject::User(email) => return vec![format!("user:{email}")],
        Subject::Backend => (of_backend(deployment), "kfp-backend".to_owned()),
        Subject::Profile(name) => (of_profile(deployment, name), format!("kfp-{name}")),
    };
    let other = || format!("{other}@PROJECT_ID.iam.gserviceaccount.com");
    let named = match named.is_empty() {
        true => vec![other()],
        false => named.into_iter().map(str::to_owned).collect(),
    };
    let member = |account| format!("serviceAccount:{account}");
    named.into_iter().map(member).collect()
}

/// The accounts of the shared parts, each once. Keys of HMAC belong to an account that nobody names.
fn of_backend(deployment: &Deployment) -> Vec<&str> {
    let accounts = &deployment.accounts;
    let all = [
        &accounts.api_server,
        &accounts.frontend,
        &accounts.argo_controller,
        &accounts.argo_server,
    ];
    let mut named: Vec<&str> = Vec::new();
    for account in all
        .into_iter()
        .filter_map(|it| it.annotations.get(ANNOTATION))
    {
        if !named.contains(&account.as_str()) {
            named.push(account);
        }
    }
    named
}

fn of_profile<'a>(deployment: &'a Deployment, profile: &str) -> Vec<&'a str> {
    let Some(profile) = deployment.profiles.iter().find(|it| it.name == profile) else {
        return Vec::new();
    };
    let annotated = profile.annotations.get(ANNOTATION).map(String::as_str);
    let mut plugins = profile.plugins.iter();
    let plugin = plugins.find(|plugin| plugin["kind"] == "WorkloadIdentity");
    let named = plugin.and_then(|plugin| plugin["spec"]["gcpServiceAccount"].as_str());
    annotated.or(named).into_iter().collect()
}
