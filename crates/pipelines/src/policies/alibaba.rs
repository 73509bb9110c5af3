//! Policies of Alibaba Cloud's Resource Access Management.

use serde_json::{Value, json};

use super::{Access, Listing, Rights};

pub(super) fn document(bucket: &str, rights: &Rights) -> Value {
    let resource = format!("acs:oss:*:*:{bucket}");
    let mut list = json!({
        "Effect": "Allow",
        "Action": ["oss:ListObjects"],
        "Resource": [resource],
    });
    if let Listing::Under(prefixes) = &rights.listing {
        let prefixes: Vec<_> = prefixes.iter().map(|prefix| format!("{prefix}*")).collect();
        list["Condition"] = json!({ "StringLike": { "oss:Prefix": prefixes } });
    }
    let location = json!({
        "Effect": "Allow",
        "Action": ["oss:GetBucketLocation", "oss:GetBucketInfo"],
        "Resource": [resource],
    });
    let mut statements = vec![location, list];
    for grant in &rights.grants {
        let actions: &[&str] = match grant.access {
            Access::Read => &["oss:GetObject"],
            Access::Write => &[
                "oss:GetObject",
                "oss:PutObject",
                "oss:DeleteObject",
                "oss:AbortMultipartUpload",
                "oss:ListParts",
            ],
        };
        let prefixes = grant.prefixes.iter();
        let resources: Vec<_> = prefixes
            .map(|prefix| format!("{resource}/{prefix}*"))
            .collect();
        statements.push(json!({ "Effect": "Allow", "Action": actions, "Resource": resources }));
    }
    json!({ "Version": "1", "Statement": statements })
}
