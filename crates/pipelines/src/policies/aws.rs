//! Policies in AWS's language, which MinIO, Wasabi and Ceph speak too.

use serde_json::{Value, json};

use super::{Access, Listing, Rights, Subject};
use crate::model::Store;

/// The partition of most of the world, and of everybody who is not Amazon.
pub(super) const PARTITION: &str = "aws";

/// The partition that a store of Amazon's is in.
pub(super) fn partition(store: &Store) -> &'static str {
    let host = &store.endpoint.host;
    let is_in = |part: &str| store.region.starts_with(part) || host.contains(&format!(".{part}"));
    match () {
        () if host.ends_with(".amazonaws.com.cn") || is_in("cn-") => "aws-cn",
        () if is_in("us-gov-") => "aws-us-gov",
        () => PARTITION,
    }
}

const OBJECTS: [&str; 3] = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
/// Seeing to uploads that broke off.
const UPLOADS: [&str; 2] = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];

/// Word for word deployKF's.
pub(super) fn deploykf(bucket: &str, rights: &Rights) -> Value {
    let arn = format!("arn:aws:s3:::{bucket}");
    let mut statements = vec![json!({
        "Effect": "Allow",
        "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
        "Resource": [arn],
    })];
    for grant in &rights.grants {
        let actions = match grant.access {
            Access::Read => &OBJECTS[..1],
            Access::Write => &OBJECTS,
        };
        statements.push(json!({
            "Effect": "Allow",
            "Action": actions,
            "Resource": under(&arn, &grant.prefixes),
        }));
    }
    document(&statements)
}

/// One that limits listing to one's own prefixes.
pub(super) fn limited(partition: &str, bucket: &str, rights: &Rights) -> Value {
    document(&statements(
        &format!("arn:{partition}:s3:::{bucket}"),
        rights,
    ))
}

/// The same as a part of a bucket's policy, which has to name whom it is about.
pub(super) fn bucket_policy(bucket: &str, rights: &Rights) -> Value {
    let user = match &rights.subject {
        Subject::Backend => "kubeflow-pipelines--backend".to_owned(),
        Subject::Profile(name) => format!("kubeflow-pipelines--profile--{name}"),
        Subject::User(email) => email.clone(),
    };
    let mut statements = statements(&format!("arn:aws:s3:::{bucket}"), rights);
    for statement in &mut statements {
        statement["Principal"] = json!({ "AWS": [format!("arn:aws:iam:::user/{user}")] });
    }
    document(&statements)
}

fn statements(arn: &str, rights: &Rights) -> Vec<Value> {
    let mut statements = vec![json!({
        "Sid": "Location",
        "Effect": "Allow",
        "Action": ["s3:GetBucketLocation"],
        "Resource": [arn],
    })];
    let mut list = json!({
        "Sid": "List",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [arn],
    });
    if let Listing::Under(prefixes) = &rights.listing {
        let prefixes: Vec<_> = prefixes.iter().map(|prefix| format!("{prefix}*")).collect();
        list["Condition"] = json!({ "StringLike": { "s3:prefix": prefixes } });
    }
    statements.push(list);
    for (access, sid) in [(Access::Write, "Write"), (Access::Read, "Read")] {
        let of_access = rights.grants.iter().filter(|grant| grant.access == access);
        let prefixes: Vec<_> = of_access.flat_map(|grant| grant.prefixes.clone()).collect();
        if prefixes.is_empty() {
            continue;
        }
        let actions = match access {
            Access::Read => OBJECTS[..1].to_vec(),
            Access::Write => [&OBJECTS[..], &UPLOADS].concat(),
        };
        statements.push(json!({
            "Sid": sid,
            "Effect": "Allow",
            "Action": actions,
            "Resource": under(arn, &prefixes),
        }));
    }
    statements
}

fn under(arn: &str, prefixes: &[String]) -> Vec<String> {
    prefixes
        .iter()
        .map(|prefix| format!("{arn}/{prefix}*"))
        .collect()
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}
