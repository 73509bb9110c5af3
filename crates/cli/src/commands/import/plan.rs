//! What an import would do: each connection of the file is created, changed or found as it is. Everything
//! that stands in the way is found before anything is written.

use std::collections::BTreeSet;

use bowline_catalog::connections::Stored;
use bowline_catalog::draft::NewConnection;
use bowline_catalog::edit::{Change, Subject, edit};
use bowline_catalog::values::Given;
use bowline_catalog::{Connections, Error};

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

    /// What would be done, one line each.
    pub fn preview(&self) -> String {
        let line = |step: &Step| {
            let (namespace, name) = (plain(&step.namespace), plain(&step.name));
            let what = match &step.action {
                Action::Create(new) => format!(
                    "create   {namespace}/{name} of type {}",
                    plain(&new.type_name)
                ),
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
            let new = new(item, namespace, connections).await.map_err(refused)?;
            connections.check(namespace, &new).await.map_err(refused)?;
            Ok(Action::Create(new))
        }
        Err(error) => Err(refused(error)),
    }
}

async fn new(
    item: &Item,
    namespace: &str,
    connections: &Connections,
) -> Result<NewConnection, Error> {
    let what = format!("connection `{}` in project `{namespace}`", item.name);
    if !item.withheld.is_empty() {
        let why = format!(
            "the export left out the values of {}",
            item.withheld.join(", ")
        );
        return Err(Error::Conflict {
            what: format!("{what} cannot be created: {why}"),
            help: "export it with `--with-values`, or create it with `bowline create`".to_owned(),
        });
    }
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
        type_name: None,
        values,
        resource_version: stored.resource_version().map(str::to_owned),
    };
    if change.values.is_empty() && change.display_name.is_none() && change.description.is_none() {
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
