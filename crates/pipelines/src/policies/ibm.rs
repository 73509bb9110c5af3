//! Access policies of IBM Cloud IAM with conditions on paths and prefixes.

use serde_json::{Value, json};

use super::{Access, Listing, Rights, Subject};

/// A list of policies, since one policy knows one set of roles.
pub(super) fn documents(bucket: &str, rights: &Rights) -> Value {
    let subject = match &rights.subject {
        Subject::Backend => "SERVICE_ID_OF_BACKEND".to_owned(),
        Subject::Profile(name) => format!("SERVICE_ID_OF_{name}"),
        Subject::User(email) => format!("IAM_ID_OF_{email}"),
    };
    let mut policies = Vec::new();
    if rights.listing == Listing::Whole {
        policies.push(policy(bucket, &subject, "ContentReader", &[]));
    }
    for grant in &rights.grants {
        let role = match grant.access {
            Access::Read => "Reader",
            Access::Write => "Writer",
        };
        policies.push(policy(bucket, &subject, role, &grant.prefixes));
    }
    json!(policies)
}

fn policy(bucket: &str, subject: &str, role: &str, prefixes: &[String]) -> Value {
    let equals =
        |key: &str, value: &str| json!({ "key": key, "operator": "stringEquals", "value": value });
    let like = |key: &str, prefix: &str| {
        json!({
            "key": format!("{{{{resource.attributes.{key}}}}}"),
            "operator": "stringMatch",
            "value": format!("{prefix}*"),
        })
    };
    let conditions: Vec<Value> = prefixes
        .iter()
        .flat_map(|prefix| [like("path", prefix), like("prefix", prefix)])
        .collect();
    let mut policy = json!({
        "type": "access",
        "subject": { "attributes": [equals("iam_id", subject)] },
        "control": { "grant": { "roles": [
            { "role_id": format!("crn:v1:bluemix:public:iam::::serviceRole:{role}") },
        ] } },
        "resource": { "attributes": [
            equals("serviceName", "cloud-object-storage"),
            equals("resourceType", "bucket"),
            equals("resource", bucket),
        ] },
    });
    if !conditions.is_empty() {
        policy["rule"] = json!({ "operator": "or", "conditions": conditions });
        policy["pattern"] = json!("attribute-based-condition:resource:literal-and-wildcard");
    }
    policy
}
