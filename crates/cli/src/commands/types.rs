//! `bowline types`: connection types, the forms that connections are made with.

mod edit;
mod text;

use std::path::Path;

use bowline_catalog::Error;
use bowline_catalog::connection_types::{Listed, Saved};
use bowline_catalog::types::{self, ConnectionType, TypeInput};
use bowline_core::manifest;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::delete::confirm;
use crate::args::{self, TypeCommand, Types};
use crate::cluster::Cluster;
use crate::failure::{Failure, Kind};
use crate::output::{self, Output, Shown};
use crate::suggest::nearest;
use crate::{catalog, manifests, terminal};

/// Does what the subcommand says.
///
/// # Errors
/// When a type is not there, breaks rules or is protected, or the cluster refuses.
pub async fn run(args: &Types, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let desk = Desk {
        types: catalog::types(&cluster, &args.home),
        cluster,
    };
    match &args.command {
        TypeCommand::List { shape } => desk.list(&shape.output).await,
        TypeCommand::Show(one) => {
            let type_ = desk.get(&one.name).await?;
            print(&one.shape.output, &type_, None)
        }
        TypeCommand::Create { file, shape } => desk.create(file, &shape.output).await,
        TypeCommand::Duplicate {
            name,
            display_name,
            shape,
        } => {
            desk.get(name).await?;
            let copied = desk
                .types
                .duplicate(desk.cluster.client(), name, display_name.as_deref())
                .await;
            let saved = desk.created(copied, "choose another with `--display-name`")?;
            print(&shape.output, &saved, Some("created"))
        }
        TypeCommand::Edit(one) => {
            let type_ = desk.get(&one.name).await?;
            match edit::edit(&desk, &type_).await? {
                Some(changed) => print(&one.shape.output, &changed, Some("changed")),
                None => print(&one.shape.output, &type_, Some("is as it was")),
            }
        }
        TypeCommand::Enable(one) => desk.switch(&one.name, true, &one.shape.output).await,
        TypeCommand::Disable(one) => desk.switch(&one.name, false, &one.shape.output).await,
        TypeCommand::Delete { one, yes } => {
            let type_ = desk.get(&one.name).await?;
            // What is protected is told before anybody is asked.
            if !type_.is_preinstalled {
                let name = terminal::plain(&type_.name);
                confirm(&format!("delete connection type `{name}`?"), *yes)?;
            }
            let client = desk.cluster.client();
            let deleted = desk.types.delete(client, &one.name, None).await;
            deleted.map_err(|error| catalog::failure(&desk.cluster, error))?;
            print(&one.shape.output, &type_, Some("deleted"))
        }
    }
}

/// The types and the cluster that they are in.
struct Desk {
    types: bowline_catalog::Types,
    cluster: Cluster,
}

impl Desk {
    async fn list(&self, output: &Output) -> Result<(), Failure> {
        let seen = self
            .types
            .list()
            .await
            .map_err(|error| catalog::failure(&self.cluster, error))?;
        for namespace in &seen.closed {
            terminal::warn(&format!(
                "connection types in namespace `{namespace}` are not shown: you may not list ConfigMaps there"
            ));
        }
        let listed = seen.types;
        for broken in listed.iter().filter_map(|listed| match listed {
            Listed::Broken(broken) => Some(broken),
            Listed::Type(_) => None,
        }) {
            terminal::warn(&format!(
                "connection type `{}` cannot be read: {}",
                broken.name, broken.error
            ));
        }
        let names = listed
            .iter()
            .map(|listed| listed.name().to_owned())
            .collect();
        let types: Vec<ConnectionType> = listed.into_iter().filter_map(Listed::into_type).collect();
        output.print(&Shown {
            value: &|| Ok(json!({"types": output::value(&types)?})),
            names,
            text: &|width| text::table(&types, width),
        })
    }

    /// A type, or a suggestion where there is none of the name.
    async fn get(&self, name: &str) -> Result<ConnectionType, Failure> {
        let found = self
            .types
            .find(name)
            .await
            .map_err(|error| catalog::failure(&self.cluster, error))?;
        match found {
            Some(type_) => Ok(type_),
            None => Err(self.not_found(name).await),
        }
    }

    async fn not_found(&self, name: &str) -> Failure {
        let failure = Failure::new(
            Kind::NotFound,
            format!("there is no connection type `{name}`"),
        );
        let listed = self.types.list().await.unwrap_or_default().types;
        match nearest(name, listed.iter().map(Listed::name)) {
            Some(other) => failure.help(format!("did you mean `{other}`?")),
            None => failure.help("`bowline types list` shows those that there are"),
        }
    }

    async fn create(&self, file: &Path, output: &Output) -> Result<(), Failure> {
        let input = read(file)?;
        let created = self.types.create(self.cluster.client(), &input).await;
        let help = "choose another `name` in the file, or change the one that is there with \
                    `bowline types edit NAME`";
        let saved = self.created(created, help)?;
        print(output, &saved, Some("created"))
    }

    async fn switch(&self, name: &str, is_enabled: bool, output: &Output) -> Result<(), Failure> {
        self.get(name).await?;
        let client = self.cluster.client();
        let switched = self.types.set_enabled(client, name, is_enabled).await;
        switched.map_err(|error| catalog::failure(&self.cluster, error))?;
        let type_ = self.get(name).await?;
        print(
            output,
            &type_,
            Some(if is_enabled { "enabled" } else { "disabled" }),
        )
    }

    /// A new type; where its name is taken, `help` says how to choose another.
    fn created(
        &self,
        result: bowline_catalog::Result<Saved>,
        help: &str,
    ) -> Result<ConnectionType, Failure> {
        match result {
            Err(Error::Conflict { what, .. }) => Err(Failure::new(Kind::Conflict, what).help(help)),
            other => self.saved(other),
        }
    }

    fn saved(&self, result: bowline_catalog::Result<Saved>) -> Result<ConnectionType, Failure> {
        let saved = result.map_err(|error| catalog::failure(&self.cluster, error))?;
        catalog::tell("", &saved.findings);
        Ok(saved.type_)
    }
}

/// One line about what was done, or all of the type.
fn print(output: &Output, type_: &ConnectionType, done: Option<&str>) -> Result<(), Failure> {
    output.print(&Shown {
        value: &|| output::value(type_),
        names: vec![type_.name.clone()],
        text: &|_| match done {
            Some(verb) => format!(
                "connection type `{}` {verb}\n",
                terminal::plain(&type_.name)
            ),
            None => text::one(type_),
        },
    })
}

/// What a file says about a type: our own form, or a ConfigMap.
fn read(file: &Path) -> Result<TypeInput, Failure> {
    let (name, bytes) = manifests::bytes(file)?;
    let unreadable = || Failure::new(Kind::Usage, format!("`{name}` is not a connection type"));
    let mut objects = manifest::parse(&bytes).map_err(|error| unreadable().caused_by(&error))?;
    let (Some(object), true) = (objects.pop(), objects.is_empty()) else {
        return Err(unreadable().cause("it holds more or less than one object"));
    };
    if object.get("kind").and_then(Value::as_str) == Some("ConfigMap") {
        let type_ = types::read(&object).map_err(|broken| unreadable().cause(broken.error))?;
        return Ok(TypeInput {
            name: Some(type_.name.clone()),
            resource_version: None,
            ..TypeInput::from(&type_)
        });
    }
    let mut input =
        TypeInput::deserialize(&object).map_err(|error| unreadable().caused_by(&error))?;
    input.resource_version = None;
    Ok(input)
}
