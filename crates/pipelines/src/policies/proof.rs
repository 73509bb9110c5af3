//! In words: what everybody may reach and what not, and why one profile's prefix does not catch
//! another's. Where the layout does not keep profiles apart, that is a finding.

use std::fmt::Write;

use bowline_core::{Finding, Severity};

use super::rights::{Templates, keeps_apart, overlap};
use super::{Access, Dialect, Form, Listing, Rights, Subject, rights};
use crate::finding::finding;
use crate::model::{Deployment, Vendor};
use crate::stores::vendor;

/// What keeps profiles from being kept apart.
pub fn findings(deployment: &Deployment, dialect: Dialect, form: Form) -> Vec<Finding> {
    let mut found = Vec::new();
    // One pipeline server has nobody to be kept apart from.
    if deployment.server.is_none() {
        isolation(deployment, &mut found);
    }
    if dialect == Dialect::R2 || vendor(&deployment.store) == Vendor::Azure {
        let message = "the store knows rights on whole buckets only, so every profile can reach every other's data";
        let help = "use a store with rights on prefixes, or a bucket and an installation for each group that trusts each other";
        found.push(finding(
            Severity::Warning,
            "no-prefix-rights",
            "bucket",
            message,
            help,
        ));
    }
    if form == Form::Deploykf {
        let message = "every profile may list the names of all keys in the bucket";
        let help = "leave `--layout deploykf` away, for policies that limit it by `s3:prefix`";
        found.push(finding(
            Severity::Note,
            "open-listing",
            "s3:ListBucket",
            message,
            help,
        ));
    }
    found
}

fn isolation(deployment: &Deployment, found: &mut Vec<Finding>) {
    let templates = Templates::of(deployment);
    let formats = [
        ("key format of artifacts", &templates.artifacts),
        ("root of v2 artifacts", &templates.root),
    ];
    let before = found.len();
    for (field, _) in formats
        .into_iter()
        .filter(|(_, template)| !keeps_apart(template))
    {
        let message = format!(
            "the {field} does not begin with a folder of the namespace's own, so no policy can keep profiles apart"
        );
        let help = "begin it with fixed folders and then the namespace as a folder, such as `artifacts/{{ workflow.namespace }}/`";
        found.push(finding(
            Severity::Error,
            "no-isolation",
            field,
            message,
            help,
        ));
    }
    if found.len() > before {
        return;
    }
    if let Some((one, other)) = mixed(deployment, &templates) {
        let message = format!("keys of profile `{one}` lie where those of {other} do");
        let help =
            "rename the profile, or begin both formats with a folder that is no profile's name";
        found.push(finding(
            Severity::Error,
            "no-isolation",
            "profiles",
            message,
            help,
        ));
    }
}

/// A profile whose keys lie among somebody else's, such as one that is named as a folder of the layout.
fn mixed<'a>(deployment: &'a Deployment, templates: &Templates) -> Option<(&'a str, String)> {
    let names = deployment
        .profiles
        .iter()
        .map(|profile| profile.name.as_str());
    let mut all: Vec<(String, Option<&str>)> = names
        .flat_map(|name| {
            templates
                .of_profile(name)
                .into_iter()
                .map(move |prefix| (prefix, Some(name)))
        })
        .collect();
    all.push((templates.pipelines.clone(), None));
    // Whatever begins with a prefix is sorted right behind it.
    all.sort();
    let mut open: Vec<&(String, Option<&str>)> = Vec::new();
    for entry in &all {
        while open
            .last()
            .is_some_and(|last| !entry.0.starts_with(&last.0))
        {
            open.pop();
        }
        let other = open.iter().find(|outer| outer.1 != entry.1);
        if let Some(outer) = other {
            let (one, other) = match (outer.1, entry.1) {
                (Some(one), other) => (one, other),
                (None, one) => (one?, None),
            };
            let other = other.map_or("the definitions of pipelines".to_owned(), |name| {
                format!("`{name}`")
            });
            return Some((one, other));
        }
        open.push(entry);
    }
    None
}

/// The proof, in words.
pub fn proof(deployment: &Deployment, form: Form) -> String {
    let all = rights(deployment, form);
    let templates = Templates::of(deployment);
    let mut text = String::new();
    for rights in &all {
        about(&mut text, rights);
        if let Subject::Profile(name) = &rights.subject {
            against_others(&mut text, deployment, &templates, rights, name);
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

/// Compares the prefixes of one profile with those of every other.
fn against_others(
    text: &mut String,
    deployment: &Deployment,
    templates: &Templates,
    rights: &Rights,
    name: &str,
) {
    let own = || rights.grants.iter().flat_map(|grant| &grant.prefixes);
    let is_reached = |theirs: &String| own().any(|own| overlap(own, theirs));
    let others = deployment
        .profiles
        .iter()
        .filter(|other| other.name != name);
    let (mut kept_out, mut reached) = (0, Vec::new());
    for other in others {
        let theirs = templates.of_profile(&other.name);
        if theirs.iter().any(is_reached) {
            reached.push(other.name.as_str());
            continue;
        }
        kept_out += 1;
        if let (true, Some(own), Some(theirs)) =
            (other.name.starts_with(name), own().next(), theirs.first())
        {
            let _ = writeln!(
                text,
                "  does not reach `{}`, though its name begins alike: `{theirs}` does not begin with `{own}`, which ends in `/`",
                other.name,
            );
        }
    }
    if !is_reached(&templates.pipelines) {
        let _ = writeln!(
            text,
            "  reads nothing under `{}`, where the definitions of all profiles are",
            templates.pipelines
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
