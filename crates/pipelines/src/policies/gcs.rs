//! Bindings of a bucket's IAM policy in Google Cloud, with conditions. They hold for HMAC keys too,
//! since those belong to service accounts. The bucket needs uniform access.

use serde_json::{Value, json};

use super::{Access, Listing, Rights, Subject};
use crate::model::Deployment;

pub(super) fn bindings(deployment: &Deployment, rights: &Rights) -> Value {
    let bucket = &deployment.store.bucket;
    let member = member(deployment, &rights.subject);
    // Says that the bucket is there and where, not what is in it.
    let mut bindings = vec![json!({ "role": "roles/storage.bucketViewer", "members": [member] })];
    if rights.listing == Listing::Whole {
        bindings.push(binding(
            "roles/storage.objectViewer",
            &member,
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
            &member,
            title,
            &is_under(bucket, &grant.prefixes),
        ));
    }
    json!({ "version": 3, "bindings": bindings })
}

fn binding(role: &str, member: &str, title: &str, expression: &str) -> Value {
    json!({
        "role": role,
        "members": [member],
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

/// The account that a profile's plugin names, else one to be made.
fn member(deployment: &Deployment, subject: &Subject) -> String {
    let name = match subject {
        Subject::User(email) => return format!("user:{email}"),
        Subject::Backend => "kfp-backend".to_owned(),
        Subject::Profile(name) => match named(deployment, name) {
            Some(account) => return format!("serviceAccount:{account}"),
            None => format!("kfp-{name}"),
        },
    };
    format!("serviceAccount:{name}@PROJECT_ID.iam.gserviceaccount.com")
}

fn named<'a>(deployment: &'a Deployment, profile: &str) -> Option<&'a str> {
    let profile = deployment.profiles.iter().find(|it| it.name == profile)?;
    let mut plugins = profile.plugins.iter();
    let plugin = plugins.find(|plugin| plugin["kind"] == "WorkloadIdentity")?;
    plugin["spec"]["gcpServiceAccount"].as_str()
}
