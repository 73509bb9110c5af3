//! The values about profiles: who they are, whose Secret each uses, and who has access.

use std::collections::{BTreeMap, BTreeSet};

use bowline_core::Severity;
use indexmap::IndexMap;
use serde_json::Value;

use super::store::{StoreValues, USE_EXTERNAL};
use crate::finding::Rule;
use crate::model::{Credentials, Member, Namespaces, PROFILE_NAME, Profile, Role, SecretRef};
use crate::reading::{Reader, View};

const DEFAULT_SECRET: &str = "kubeflow-pipelines--profile-object-store-auth--{profile_name}";

const NO_NAME: Rule = Rule::refusal("profile-without-name");
const SAME_NAME: Rule = Rule::refusal("profile-twice");
const OVERRIDE_WITHOUT_SECRET: Rule = Rule::refusal("override-without-secret");
const DEFAULT_WITHOUT_SECRET: Rule = Rule::refusal("default-without-secret");
const DEFAULT_WITHOUT_NAME: Rule = Rule::refusal("default-without-profile-name");
const PLACEHOLDER: Rule = Rule::silent("placeholder-in-override", Severity::Error);
const EMPTY_OVERRIDE: Rule = Rule::silent("empty-override", Severity::Warning);
const PREFIX: Rule = Rule::silent("profile-name-prefix", Severity::Warning);
const PLUGIN: Rule = Rule::silent("plugin", Severity::Error);
const STRANGER: Rule = Rule::silent("unknown-member", Severity::Error);

/// What all profiles have in common.
struct Defaults<'a> {
    auth: View<'a>,
    plugins: View<'a>,
    owner: String,
    role: Role,
    emails: BTreeMap<String, String>,
    groups: BTreeMap<String, Vec<String>>,
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    root: &View<'_>,
    namespaces: &Namespaces,
    store: &StoreValues,
    minio_fix: bool,
) -> Vec<Profile> {
    let generator = root.at("deploykf_core.deploykf_profiles_generator");
    let defaults = defaults(reader, root, &generator);
    let list = generator.child("profiles");
    if !list.is_set() {
        return examples(reader, &defaults, namespaces, store, minio_fix);
    }
    let mut seen = BTreeSet::new();
    let mut profiles = Vec::new();
    for (index, view) in reader.items(&list).into_iter().enumerate() {
        let name_view = view.child("name");
        let name = reader.text(&name_view, "");
        if name.is_empty() {
            let message = format!(
                "elements of `{}` must have non-empty `name`, but element {index} does not",
                list.path
            );
            reader.report(NO_NAME, &name_view, message, "name the profile");
            continue;
        }
        if !seen.insert(name.clone()) {
            let message = format!(
                "elements of `{}` must have unique `name`, but '{name}' appears more than once",
                list.path
            );
            reader.report(SAME_NAME, &name_view, message, "remove one, or rename it");
            continue;
        }
        let credentials = credentials(
            reader, &view, &name, &defaults, namespaces, store, minio_fix,
        );
        let plugins = match view.child("plugins").is_set() {
            true => view.child("plugins"),
            false => defaults.plugins.clone(),
        };
        profiles.push(Profile {
            owner: Some(reader.text_or(&view.child("ownerEmail"), &defaults.owner)),
            credentials,
            plugins: read_plugins(reader, &plugins),
            annotations: IndexMap::new(),
            members: members(reader, &view.child("members"), &defaults),
            name,
        });
    }
    profiles
}

fn defaults<'a>(reader: &mut Reader<'_>, root: &View<'a>, generator: &View<'a>) -> Defaults<'a> {
    let lower = root.at("deploykf_core.deploykf_istio_gateway.gateway.emailToLowercase");
    let is_lower = reader.truth(&lower, false);
    let view = generator.child("profileDefaults");
    let prefix = view.child("profileNamePrefix");
    if prefix.is_truthy() {
        let message = format!(
            "`{}` is put before the name of `Profile` objects and of nothing that pipelines have",
            prefix.path
        );
        let help = "write the prefix into each profile's name";
        reader.report(PREFIX, &prefix, message, help);
    }
    let (emails, groups) = people(reader, generator, is_lower);
    Defaults {
        auth: view.at("tools.kubeflowPipelines.objectStoreAuth"),
        plugins: view.child("plugins"),
        owner: reader.text_or(&view.child("ownerEmail"), "admin@example.com"),
        role: role(&reader.text_or(&view.at("memberAccess.role"), "view")),
        emails,
        groups,
    }
}

type People = (BTreeMap<String, String>, BTreeMap<String, Vec<String>>);

/// The emails of users and the users of groups, by their ids.
fn people(reader: &mut Reader<'_>, generator: &View<'_>, is_lower: bool) -> People {
    let mut emails = BTreeMap::new();
    let users = generator.child("users");
    for view in reader.items(&users) {
        let email = reader.text(&view.child("email"), "");
        let email = if is_lower {
            email.to_lowercase()
        } else {
            email
        };
        emails.insert(reader.text(&view.child("id"), ""), email);
    }
    if !users.is_set() {
        for user in ["1", "2"] {
            emails.insert(format!("user-{user}"), format!("user{user}@example.com"));
        }
    }
    let mut members = BTreeMap::new();
    let groups = generator.child("groups");
    for view in reader.items(&groups) {
        let users = reader.items(&view.child("users"));
        let users = users.iter().map(|user| reader.text(user, "")).collect();
        members.insert(reader.text(&view.child("id"), ""), users);
    }
    if !groups.is_set() {
        let users = vec!["user-1".to_owned(), "user-2".to_owned()];
        members.insert("team-1".to_owned(), users);
    }
    (emails, members)
}

/// The profiles that deployKF's own values hold, for values that list none.
fn examples(
    reader: &mut Reader<'_>,
    defaults: &Defaults<'_>,
    namespaces: &Namespaces,
    store: &StoreValues,
    minio_fix: bool,
) -> Vec<Profile> {
    let users = defaults.groups.get("team-1").cloned().unwrap_or_default();
    let nothing = crate::tree::Node::nothing();
    let none = View::root(&nothing);
    let mut example = |name: &str, role: Role| Profile {
        name: name.to_owned(),
        owner: Some(defaults.owner.clone()),
        credentials: credentials(reader, &none, name, defaults, namespaces, store, minio_fix),
        plugins: read_plugins(reader, &defaults.plugins),
        annotations: IndexMap::new(),
        members: users
            .iter()
            .filter_map(|user| defaults.emails.get(user))
            .map(|email| Member {
                user: email.clone(),
                role,
            })
            .collect(),
    };
    vec![
        example("team-1", Role::Edit),
        example("team-1-prod", Role::View),
    ]
}

/// Whose keys a profile has: its own section as a whole, else the environment, else the defaults.
fn credentials(
    reader: &mut Reader<'_>,
    profile: &View<'_>,
    name: &str,
    defaults: &Defaults<'_>,
    namespaces: &Namespaces,
    store: &StoreValues,
    minio_fix: bool,
) -> Credentials {
    let own = profile.at("tools.kubeflowPipelines.objectStoreAuth");
    if own.is_truthy() {
        return Credentials::Keys(overridden(reader, &own, name));
    }
    if own.is_set() && !store.is_external {
        let message = format!(
            "`{}` is empty: deployKF makes no keys for profile '{name}', and waits for them",
            own.path
        );
        reader.report(EMPTY_OVERRIDE, &own, message, "remove the key");
    }
    if store.backend == Credentials::Environment {
        return Credentials::Environment;
    }
    let auth = &defaults.auth;
    let template_view = auth.child("existingSecret");
    let template = reader.text(&template_view, DEFAULT_SECRET);
    let keys = ["existingSecretAccessKeyKey", "existingSecretSecretKeyKey"];
    let mut secret = SecretRef {
        namespace: "kubeflow".to_owned(),
        name: template.replace(PROFILE_NAME, name),
        access_key_key: reader.text_or(&auth.child(keys[0]), "access_key"),
        secret_key_key: reader.text_or(&auth.child(keys[1]), "secret_key"),
        session_token_key: None,
    };
    if store.is_external {
        secret.namespace = reader.text_or(&auth.child("existingSecretNamespace"), "kubeflow");
        if template.is_empty() {
            let message = format!(
                "`{}` must be non-empty if `{USE_EXTERNAL}` is true",
                template_view.path
            );
            let help = "name a Secret; `{profile_name}` in it stands for each profile's name";
            once(
                reader,
                DEFAULT_WITHOUT_SECRET,
                &template_view,
                &message,
                help,
            );
        }
        return Credentials::Keys(secret);
    }
    if !template.contains(PROFILE_NAME) {
        let message = format!(
            "if `{USE_EXTERNAL}` is false, then `{}` must contain '{{profile_name}}', but got '{template}'",
            template_view.path
        );
        let help = "put `{profile_name}` into the name, or remove the value";
        once(reader, DEFAULT_WITHOUT_NAME, &template_view, &message, help);
    }
    secret.namespace.clone_from(&namespaces.minio);
    secret.name = format!("generated--{}", secret.name);
    if minio_fix {
        secret.access_key_key = "accesskey".to_owned();
        secret.secret_key_key = "secretkey".to_owned();
    }
    Credentials::Keys(secret)
}

/// Reports what every profile would report again.
fn once(reader: &mut Reader<'_>, rule: Rule, view: &View<'_>, message: &str, help: &str) {
    let is_said = reader
        .findings
        .iter()
        .any(|found| found.finding.rule == rule.id);
    if !is_said {
        reader.report(rule, view, message, help);
    }
}

fn overridden(reader: &mut Reader<'_>, own: &View<'_>, name: &str) -> SecretRef {
    let view = own.child("existingSecret");
    let secret = reader.text(&view, "");
    if secret.is_empty() {
        let message = format!(
            "profiles that set `tools.kubeflowPipelines.objectStoreAuth` must have non-empty \
             `objectStoreAuth.existingSecret`, but profile '{name}' does not"
        );
        let help = "name the Secret, or remove `objectStoreAuth`";
        reader.report(OVERRIDE_WITHOUT_SECRET, &view, message, help);
    }
    if secret.contains(PROFILE_NAME) {
        let message = format!(
            "`{}` is taken as it is: `{PROFILE_NAME}` is replaced in the defaults only",
            view.path
        );
        let help = format!("write the name of profile '{name}' instead");
        reader.report(PLACEHOLDER, &view, message, help);
    }
    SecretRef {
        namespace: reader.text_or(&own.child("existingSecretNamespace"), name),
        name: secret,
        access_key_key: reader.text_or(&own.child("existingSecretAccessKeyKey"), "access_key"),
        secret_key_key: reader.text_or(&own.child("existingSecretSecretKeyKey"), "secret_key"),
        session_token_key: None,
    }
}

/// Plugins as the profile controller takes them, which does not mind the case of keys.
fn read_plugins(reader: &mut Reader<'_>, list: &View<'_>) -> Vec<Value> {
    let mut plugins = Vec::new();
    for view in reader.items(list) {
        let kind = reader.text(&view.child("kind"), "");
        let needed = match kind.as_str() {
            "AwsIamForServiceAccount" => Some("awsIamRole"),
            "WorkloadIdentity" => Some("gcpServiceAccount"),
            _ => None,
        };
        let spec = view.child("spec");
        let has = |key: &str| {
            let node = spec.node;
            node.is_some_and(|node| {
                let mut members = node.members();
                members.any(|(name, node)| name.eq_ignore_ascii_case(key) && node.is_truthy())
            })
        };
        if let Some(needed) = needed.filter(|needed| !has(needed)) {
            let message = format!("`{}` has no `spec.{needed}`", view.path);
            let help = format!("name it; a `{kind}` does nothing without");
            reader.report(PLUGIN, &view, message, help);
        }
        plugins.extend(view.node.map(crate::tree::Node::to_value));
    }
    plugins
}

fn role(text: &str) -> Role {
    match text {
        "edit" => Role::Edit,
        _ => Role::View,
    }
}

/// Everybody with access, each with the greatest of their roles.
fn members(reader: &mut Reader<'_>, list: &View<'_>, defaults: &Defaults<'_>) -> Vec<Member> {
    let mut roles: IndexMap<String, Role> = IndexMap::new();
    for view in reader.items(list) {
        let role_view = view.at("access.role");
        let role = match role_view.is_truthy() {
            true => role(&reader.text(&role_view, "")),
            false => defaults.role,
        };
        let (user, group) = (view.child("user"), view.child("group"));
        let users = if user.is_truthy() {
            vec![reader.text(&user, "")]
        } else {
            let name = reader.text(&group, "");
            defaults.groups.get(&name).cloned().unwrap_or_else(|| {
                stranger(reader, &group, "group", &name);
                Vec::new()
            })
        };
        for id in users {
            match defaults.emails.get(&id) {
                Some(email) => {
                    let entry = roles.entry(email.clone()).or_insert(role);
                    *entry = role.max(*entry);
                }
                None => stranger(reader, &user, "user", &id),
            }
        }
    }
    let member = |(user, role)| Member { user, role };
    roles.into_iter().map(member).collect()
}

fn stranger(reader: &mut Reader<'_>, view: &View<'_>, what: &str, id: &str) {
    let message = format!("`{}` names {what} '{id}', which is not defined", view.path);
    let help = format!("add it to `deploykf_core.deploykf_profiles_generator.{what}s`");
    reader.report(STRANGER, view, message, help);
}
