//! What everybody needs, as prefixes of keys; the languages of policies are left to the others.

use indexmap::IndexMap;

use super::Form;
use crate::model::{Deployment, PROFILE_NAME, Role};
use crate::releases::{MissingBucket, api_server};

/// Who has rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The parts that all profiles share.
    Backend,
    /// The pods of a profile.
    Profile(String),
    /// A person, by email.
    User(String),
}

/// What somebody may do with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Read.
    Read,
    /// Read, write and delete.
    Write,
}

/// What somebody may do with the keys under some prefixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What.
    pub access: Access,
    /// What the keys begin with: ends in `/`, or is empty for the whole bucket.
    pub prefixes: Vec<String>,
}

/// Which keys somebody may list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// All of the bucket's.
    Whole,
    /// Those that begin so.
    Under(Vec<String>),
}

/// Everything that somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Who.
    pub subject: Subject,
    /// Which keys they may list.
    pub listing: Listing,
    /// What they may do with which.
    pub grants: Vec<Grant>,
}

/// The rights of everybody: the backend, each profile, each person.
pub fn rights(deployment: &Deployment, form: Form) -> Vec<Rights> {
    let templates = Templates::of(deployment);
    let mut all = vec![backend(deployment, form)];
    for profile in &deployment.profiles {
        let grant = Grant {
            access: Access::Write,
            prefixes: templates.of_profile(&profile.name),
        };
        all.push(make(
            Subject::Profile(profile.name.clone()),
            vec![grant],
            form,
        ));
    }
    let has_users = match form {
        Form::Limited => true,
        Form::Deploykf => deployment
            .embedded
            .as_ref()
            .is_some_and(|it| it.has_user_policies),
    };
    if has_users {
        all.extend(users(deployment, form));
    }
    all
}

fn make(subject: Subject, grants: Vec<Grant>, form: Form) -> Rights {
    let under = || {
        grants
            .iter()
            .flat_map(|grant| grant.prefixes.clone())
            .collect()
    };
    let listing = match form {
        Form::Limited => Listing::Under(under()),
        Form::Deploykf => Listing::Whole,
    };
    Rights {
        subject,
        listing,
        grants,
    }
}

fn backend(deployment: &Deployment, form: Form) -> Rights {
    let grant = Grant {
        access: Access::Write,
        prefixes: Templates::of(deployment).of_backend(),
    };
    let rights = make(Subject::Backend, vec![grant], form);
    // It looks whether the bucket is there, which counts as listing it without a prefix.
    match api_server(deployment.releases.kfp).missing_bucket {
        MissingBucket::Fatal => Rights {
            listing: Listing::Whole,
            ..rights
        },
        MissingBucket::Logged => rights,
    }
}

fn users(deployment: &Deployment, form: Form) -> impl Iterator<Item = Rights> {
    // Somebody in several memberships of one profile has the greater role.
    let mut roles: IndexMap<&str, IndexMap<&str, Role>> = IndexMap::new();
    for profile in &deployment.profiles {
        for member in &profile.members {
            let role = roles
                .entry(&member.user)
                .or_default()
                .entry(&profile.name)
                .or_insert(member.role);
            *role = member.role.max(*role);
        }
    }
    let templates = Templates::of(deployment);
    roles.into_iter().map(move |(email, roles)| {
        let of = |wanted: Role, access: Access| {
            let wanted = roles.iter().filter(move |(_, role)| **role == wanted);
            let templates = &templates;
            wanted.map(move |(profile, _)| Grant {
                access,
                prefixes: templates.of_profile(profile),
            })
        };
        let grants = of(Role::Edit, Access::Write)
            .chain(of(Role::View, Access::Read))
            .collect();
        make(Subject::User(email.to_owned()), grants, form)
    })
}

/// Where keys of a kind lie, with the variables that the layout has.
pub(super) struct Templates {
    pub(super) artifacts: String,
    pub(super) root: String,
    pub(super) pipelines: String,
}

impl Templates {
    /// Those of an installation; all of them lie under its base path, but for the definitions of
    /// pipelines, which only a pipeline server moves there.
    pub(super) fn of(deployment: &Deployment) -> Self {
        let layout = &deployment.layout;
        let base = with_end(deployment.store.base_path.trim_matches('/'));
        let pipelines = match layout.pipelines_prefix.trim_matches('/') {
            "" => "pipelines",
            prefix => prefix,
        };
        let pipelines_base = if deployment.server.is_some() {
            base.as_str()
        } else {
            ""
        };
        Self {
            artifacts: format!(
                "{base}{}",
                layout.artifacts_key_format.trim_start_matches('/')
            ),
            root: format!("{base}{}", with_end(layout.root_path())),
            pipelines: format!("{pipelines_base}{pipelines}/"),
        }
    }

    /// The prefixes of the shared parts.
    fn of_backend(&self) -> Vec<String> {
        distinct([
            before_variables(&self.artifacts, None),
            self.pipelines.clone(),
            before_variables(&self.root, None),
        ])
    }

    /// The prefixes of a profile.
    pub(super) fn of_profile(&self, profile: &str) -> Vec<String> {
        distinct([
            before_variables(&self.artifacts, Some(profile)),
            before_variables(&self.root, Some(profile)),
        ])
    }
}

/// Whether the keys of two profiles differ before the first variable ends, even when the name of one
/// begins as the other's.
pub(super) fn keeps_apart(template: &str) -> bool {
    let (short, long) = ("-", "-0");
    let of = |profile| before_variables(template, Some(profile));
    !of(long).starts_with(&of(short))
}

/// Whether some key begins with both prefixes.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// The prefixes without those that lie in another.
fn distinct<const N: usize>(prefixes: [String; N]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for prefix in prefixes {
        if kept.iter().any(|outer| prefix.starts_with(outer)) {
            continue;
        }
        kept.retain(|inner| !inner.starts_with(&prefix));
        kept.push(prefix);
    }
    kept
}

/// A root is a folder; a key format is a file in one.
fn with_end(path: &str) -> String {
    match path {
        "" => String::new(),
        path => format!("{path}/"),
    }
}

/// The whole folders that a template begins with, up to its first variable; the one of the namespace
/// stands for the profile where one is given.
pub(crate) fn before_variables(template: &str, profile: Option<&str>) -> String {
    let template = profile.map_or_else(|| template.to_owned(), |name| filled(template, name));
    let fixed = template
        .find('{')
        .map_or(template.as_str(), |at| &template[..at]);
    let end = fixed.rfind('/').map_or(0, |at| at + 1);
    fixed[..end].trim_start_matches('/').to_owned()
}

/// The template with the profile for the namespace, in Argo's spelling and in deployKF's.
fn filled(template: &str, profile: &str) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once("{{") {
        let Some((variable, after)) = tail.split_once("}}") else {
            break;
        };
        text.push_str(before);
        match variable.trim() {
            "workflow.namespace" => text.push_str(profile),
            other => text.push_str(&format!("{{{{{other}}}}}")),
        }
        rest = after;
    }
    text.push_str(rest);
    text.replace(PROFILE_NAME, profile)
}
