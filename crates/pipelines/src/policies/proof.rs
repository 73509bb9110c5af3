//! In words: what everybody may reach and what not, and why one profile's prefix does not catch
//! another's. Where the layout does not keep profiles apart, that is a finding.

use std::fmt::Write;

use bowline_core::{Finding, Severity};

use super::rights::{keeps_apart, of_profile, with_end};
use super::simulate::{Request, allows};
use super::{Access, Dialect, Form, Listing, Rights, Subject, aws, rights};
use crate::model::{Deployment, Vendor};
use crate::stores::vendor;

/// What keeps profiles from being kept apart.
pub fn findings(deployment: &Deployment, dialect: Dialect, form: Form) -> Vec<Finding> {
    let mut found = Vec::new();
    let layout = &deployment.layout;
    let templates = [
        (
            "key format of artifacts",
            layout.artifacts_key_format.clone(),
        ),
        ("root of v2 artifacts", with_end(layout.root_path())),
    ];
    for (field, template) in templates {
        if !keeps_apart(&template) {
            found.push(Finding {
                severity: Severity::Error,
                rule: "no-isolation",
                field: field.to_owned(),
                message: format!("the {field} does not begin with a folder of the namespace's own, so no policy can keep profiles apart"),
                help: "begin it with fixed folders and then the namespace as a folder, such as `artifacts/{{ workflow.namespace }}/`".to_owned(),
            });
        }
    }
    if dialect == Dialect::R2 || vendor(&deployment.store) == Vendor::Azure {
        found.push(Finding {
            severity: Severity::Warning,
            rule: "no-prefix-rights",
            field: "bucket".to_owned(),
            message: "the store knows rights on whole buckets only, so every profile can reach every other's data".to_owned(),
            help: "use a store with rights on prefixes, or a bucket and an installation for each group that trusts each other".to_owned(),
        });
    }
    if form == Form::Deploykf {
        found.push(Finding {
            severity: Severity::Note,
            rule: "open-listing",
            field: "s3:ListBucket".to_owned(),
            message: "every profile may list the names of all keys in the bucket".to_owned(),
            help: "leave `--layout deploykf` away, for policies that limit it by `s3:prefix`"
                .to_owned(),
        });
    }
    found
}

/// The proof, in words.
pub fn proof(deployment: &Deployment, form: Form) -> String {
    let all = rights(deployment, form);
    let mut text = String::new();
    for rights in &all {
        about(&mut text, rights);
        if let Subject::Profile(name) = &rights.subject {
            against_others(&mut text, deployment, rights, name, form);
        }
        text.push('\n');
    }
    text
}

fn about(text: &mut String, rights: &Rights) {
    let who = match &rights.subject {
        Subject::Backend => "The backend".to_owned(),
        Subject::Profile(name) => format!("Profile `{name}`"),
        Subject::User(email) => format!("User `{email}`"),
    };
    // Writing into a String cannot fail.
    let _ = writeln!(text, "{who}");
    for grant in &rights.grants {
        let what = match grant.access {
            Access::Read => "reads",
            Access::Write => "reads, writes and deletes",
        };
        let _ = writeln!(
            text,
            "  {what} keys that begin with {}",
            quoted(&grant.prefixes)
        );
    }
    let _ = match &rights.listing {
        Listing::Whole => writeln!(text, "  lists the whole bucket"),
        Listing::Under(prefixes) => writeln!(text, "  lists only under {}", quoted(prefixes)),
    };
}

fn quoted(prefixes: &[String]) -> String {
    let quote = |prefix: &String| match prefix.as_str() {
        "" => "anything at all".to_owned(),
        prefix => format!("`{prefix}`"),
    };
    prefixes.iter().map(quote).collect::<Vec<_>>().join(" or ")
}

/// Tries the policy of one profile on the keys of every other.
fn against_others(
    text: &mut String,
    deployment: &Deployment,
    rights: &Rights,
    name: &str,
    form: Form,
) {
    let bucket = &deployment.store.bucket;
    let policy = match form {
        Form::Limited => aws::limited(aws::PARTITION, bucket, rights),
        Form::Deploykf => aws::deploykf(bucket, rights),
    };
    let others = deployment
        .profiles
        .iter()
        .filter(|other| other.name != name);
    let (mut kept_out, mut reached) = (0, Vec::new());
    for other in others {
        let prefixes = of_profile(&deployment.layout, &other.name);
        let can = prefixes
            .iter()
            .any(|prefix| can_read(&policy, bucket, prefix));
        match can {
            true => reached.push(other.name.as_str()),
            false => kept_out += 1,
        }
        if !can && other.name.starts_with(name) {
            let own = rights
                .grants
                .first()
                .and_then(|grant| grant.prefixes.first());
            let own = own.map_or("", String::as_str);
            let theirs = prefixes.first().map_or("", String::as_str);
            let _ = writeln!(
                text,
                "  does not reach `{}`, though its name begins alike: `{theirs}` does not begin with `{own}`, which ends in `/`",
                other.name,
            );
        }
    }
    let pipelines = deployment.layout.pipelines_prefix.trim_matches('/');
    if !can_read(&policy, bucket, &format!("{pipelines}/")) {
        let _ = writeln!(
            text,
            "  reads nothing under `{pipelines}/`, where the definitions of all profiles are"
        );
    }
    if kept_out > 0 {
        let noun = if kept_out == 1 { "profile" } else { "profiles" };
        let _ = writeln!(
            text,
            "  reads, writes and deletes nothing of {kept_out} other {noun}"
        );
    }
    if !reached.is_empty() {
        let _ = writeln!(text, "  REACHES the data of {}", reached.join(", "));
    }
}

fn can_read(policy: &serde_json::Value, bucket: &str, prefix: &str) -> bool {
    let key = format!("{prefix}x");
    ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        .iter()
        .any(|action| allows(policy, bucket, Request::Object { action, key: &key }))
}
