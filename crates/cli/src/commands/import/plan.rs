//! What an import would do: each connection of the file is created, changed or found as it is. Everything
//! that stands in the way is found before anything is written.

use std::collections::BTreeSet;

use bowline_catalog::connections::Stored;
use bowline_catalog::draft::NewConnection;
use bowline_catalog::edit::{Change, Subject, edit, type_name};
use bowline_catalog::values::Given;
use bowline_catalog::{Connections, Error};
use bowline_core::{Secret, names};
use serde_json::{Value, json};

use super::super::export::document::{Document, Item};
use crate::args::Import;
use crate::cluster::Cluster;
use crate::failure::{Failure, Failures, Kind};
use crate::terminal::plain;
use crate::{catalog, given};

/// One connection that is to be written.
pub struct Step {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What is done.
    pub action: Action,
}

/// What is done to a connection.
pub enum Action {
    /// It is new.
    Create(NewConnection),
    /// It is new here, and as it was where it comes from.
    Carry(Box<Secret>),
    /// It is there, and changed.
    Change(Change, Box<Stored>),
    /// It is there, and as it should be.
    Nothing,
}

/// All steps, in the order of the file.
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Decides what is to be done.
    ///
    /// # Errors
    /// With everything that stands in the way.
    pub async fn of(
        document: &Document,
        args: &Import,
        cluster: &Cluster,
        connections: &Connections,
    ) -> Result<Self, Failures> {
        let (mut steps, mut failures) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for item in &document.items {
            let own = Some(item.namespace.as_str()).filter(|name| !name.is_empty());
            let namespace = cluster
                .namespace(args.namespace.as_deref().or(own))
                .to_owned();
            if !seen.insert((namespace.clone(), item.name.clone())) {
                let what = format!(
                    "connection `{}` stands twice in the file for project `{namespace}`",
                    item.name
                );
                failures.push(Failure::new(Kind::Invalid, what));
                continue;
            }
            match action(item, &namespace, args.replace, cluster, connections).await {
                Ok(action) => steps.push(Step {
                    namespace,
                    name: item.name.clone(),
                    action,
                }),
                Err(failure) => failures.push(failure),
            }
        }
        match failures.is_empty() {
            true => Ok(Self { steps }),
            false => Err(Failures(failures)),
        }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.steps
            .iter()
            .all(|step| matches!(step.action, Action::Nothing))
    }

    /// The steps, for programs.
    pub fn value(&self) -> Value {
        let step = |step: &Step| {
            let action = match &step.action {
                Action::Create(_) | Action::Carry(_) => "create",
                Action::Change(..) => "change",
                Action::Nothing => "none",
            };
            json!({"namespace": step.namespace, "name": step.name, "action": action})
        };
        json!({"connections": self.steps.iter().map(step).collect::<Vec<_>>()})
    }

    /// What would be done, one line each.
    pub fn preview(&self) -> String {
        let line = |step: &Step| {
            let (namespace, name) = (plain(&step.namespace), plain(&step.name));
            let what = match &step.action {
                Action::Create(new) => format!(
                    "create   {namespace}/{name} of type {}",
                    plain(&new.type_name)
                ),
                Action::Carry(secret) => match type_name(secret) {
                    Some(type_) => {
                        format!("create   {namespace}/{name} of type {}", plain(&type_))
                    }
                    None => format!("create   {namespace}/{name}"),
                },
                Action::Change(change, _) => {
                    let keys: Vec<&str> = change.values.keys().map(String::as_str).collect();
                    format!("change   {namespace}/{name}: {}", plain(&keys.join(", ")))
                }
                Action::Nothing => format!("as it is {namespace}/{name}"),
            };
            format!("{what}\n")
        };
        self.steps.iter().map(line).collect()
    }
}

async fn action(
    item: &Item,
    namespace: &str,
    may_replace: bool,
    cluster: &Cluster,
    connections: &Connections,
) -> Result<Action, Failure> {
    let refused = |error: Error| catalog::failure(cluster, error);
    match connections.get(namespace, &item.name).await {
        Ok(stored) => change(item, stored, may_replace).map_err(refused),
        Err(Error::NotFound { .. }) => {
            see_that_nothing_is_withheld(item, namespace).map_err(refused)?;
            if let Some(secret) = item.secret(namespace) {
                let judged = connections.check_as_stored(&secret).await;
                let findings = judged.map_err(refused)?;
                catalog::tell(&secret.name, &findings);
                return Ok(Action::Carry(Box::new(secret)));
            }
            let new = new(item, connections).await.map_err(refused)?;
            connections.check(namespace, &new).await.map_err(refused)?;
            Ok(Action::Create(new))
        }
        Err(error) => Err(refused(error)),
    }
}

fn see_that_nothing_is_withheld(item: &Item, namespace: &str) -> Result<(), Error> {
    if item.withheld.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict {
        what: format!(
            "connection `{}` in project `{namespace}` cannot be created: the export left out the values of {}",
            item.name,
            item.withheld.join(", ")
        ),
        help: "export it with `--with-values`, or create it with `bowline create`".to_owned(),
    })
}

async fn new(item: &Item, connections: &Connections) -> Result<NewConnection, Error> {
    let type_name = item.type_.clone().unwrap_or_default();
    let type_ = connections.types().find(&type_name).await?;
    let value = |(key, value): (&String, &bowline_core::Sensitive)| {
        (key.clone(), given::of_value(key, value, type_.as_ref()))
    };
    Ok(NewConnection {
        name: Some(item.name.clone()),
        display_name: item
            .display_name
            .clone()
            .unwrap_or_else(|| item.name.clone()),
        description: item.description.clone().unwrap_or_default(),
        type_name,
        is_vital: item.is_vital,
        values: item.values.iter().map(value).collect(),
    })
}

/// What has to change in a connection that is there; values that the export left out stay.
fn change(item: &Item, stored: Stored, may_replace: bool) -> Result<Action, Error> {
    let secret = &stored.connection.secret;
    let differs = |key: &str, value: &bowline_core::Sensitive| {
        secret
            .data
            .get(key)
            .is_none_or(|stored| stored.expose() != value.expose())
    };
    let mut values: bowline_catalog::values::Input = item
        .values
        .iter()
        .filter(|(key, value)| differs(key, value))
        .map(|(key, value)| {
            (
                key.clone(),
                given::of_value(key, value, stored.type_.as_ref()),
            )
        })
        .collect();
    let is_gone = |key: &&String| !item.values.contains_key(*key) && !item.withheld.contains(*key);
    values.extend(
        secret
            .data
            .keys()
            .filter(is_gone)
            .map(|key| (key.clone(), Given::Cleared)),
    );
    let is_vital = secret.annotation(names::VITAL) == Some("true");
    let display_name = item
        .display_name
        .clone()
        .filter(|name| name != stored.connection.display_name());
    let description = item
        .description
        .clone()
        .filter(|text| Some(text.as_str()) != stored.connection.description());
    let change = Change {
        display_name,
        description,
        is_vital: (item.is_vital != is_vital).then_some(item.is_vital),
        type_name: None,
        values,
        resource_version: stored.resource_version().map(str::to_owned),
    };
    if change.is_empty() {
        return Ok(Action::Nothing);
    }
    let what = format!(
        "connection `{}` in project `{}`",
        secret.name, secret.namespace
    );
    if !may_replace {
        return Err(Error::Conflict {
            what: format!("{what} is there already, and another one"),
            help: "`--replace` changes it to what the file says".to_owned(),
        });
    }
    let subject = Subject {
        secret,
        type_: stored.type_.as_ref(),
        other_type: None,
        editor: None,
    };
    edit(subject, &change).map_err(|findings| Error::Invalid { what, findings })?;
    Ok(Action::Change(change, Box::new(stored)))
}
