//! Tokens of Cloudflare R2, which know whole buckets only: profiles in one bucket cannot be kept apart.

use serde_json::{Value, json};

use super::{Access, Rights};

pub(super) fn token(bucket: &str, rights: &Rights) -> Value {
    let writes = rights
        .grants
        .iter()
        .any(|grant| grant.access == Access::Write);
    let group = match writes {
        true => "Workers R2 Storage Bucket Item Write",
        false => "Workers R2 Storage Bucket Item Read",
    };
    let resource = format!("com.cloudflare.edge.r2.bucket.ACCOUNT_ID_default_{bucket}");
    json!({ "policies": [{
        "effect": "allow",
        "permission_groups": [{ "name": group }],
        "resources": { resource: "*" },
    }] })
}
