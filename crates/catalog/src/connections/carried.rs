//! A connection that comes as it was stored elsewhere: marks and values stay as they are, and what is
//! doubtful about them here is told and not refused. How it is written down meanwhile is left to the
//! faces.

use bowline_core::{Connection, Finding, Recognition, Secret, Severity, names};
use kube::api::PostParams;

use super::stored::{object, typed};
use super::{Connections, Saved, taken, what};
use crate::conflict::MANAGER;
use crate::draft::{advice, error};
use crate::edit::type_name;
use crate::error::{Error, Result};
use crate::types::ConnectionType;
use crate::values::{Purpose, check, decode};
use crate::{keys, who};

/// Whether an annotation says something of a connection that is true elsewhere as well: not how a
/// test went, who wrote it there, or its values once more.
pub fn is_carried(annotation: &str) -> bool {
    let is_of_the_place = [
        names::TESTED,
        names::LAST_APPLIED,
        keys::CREATOR,
        keys::EDITOR,
    ];
    !keys::TEST_RESULT.contains(&annotation) && !is_of_the_place.contains(&annotation)
}

impl Connections {
    /// Judges a connection that comes from elsewhere, and lets the API say whether it would take it.
    ///
    /// # Errors
    /// As [`Connections::create_as_stored`].
    pub async fn check_as_stored(&self, secret: &Secret) -> Result<Vec<Finding>> {
        Ok(self.carry(secret, true).await?.findings)
    }

    /// Creates a connection as it was stored elsewhere; the caller is its creator.
    ///
    /// # Errors
    /// When it is no connection, when the name is taken, or when the caller may not.
    pub async fn create_as_stored(&self, secret: &Secret) -> Result<Saved> {
        self.carry(secret, false).await
    }

    async fn carry(&self, secret: &Secret, is_dry_run: bool) -> Result<Saved> {
        let (namespace, name) = (secret.namespace.as_str(), secret.name.as_str());
        let mut secret = secret.clone();
        secret.annotations.retain(|key, _| is_carried(key));
        let findings = self.doubts(&secret).await?;
        let creator = who::name(&self.client).await?;
        secret
            .annotations
            .extend(creator.map(|creator| (keys::CREATOR.to_owned(), creator)));
        self.see_that_it_is_free(namespace, name).await?;
        let params = PostParams {
            dry_run: is_dry_run,
            field_manager: Some(MANAGER.to_owned()),
        };
        let step = format!("creating {}", what(namespace, name));
        let object = typed(&object(&secret))?;
        let stored = match self.api(namespace).create(&params, &object).await {
            Err(kube::Error::Api(status))
                if status.code == 409 && status.reason == "AlreadyExists" =>
            {
                return Err(taken(namespace, name, None));
            }
            other => other.map_err(Error::of_kubernetes(step))?,
        };
        Ok(Saved {
            stored: self.understood(stored).await?,
            findings,
            is_changed: true,
        })
    }

    /// Everything that its type and core have to say about it.
    async fn doubts(&self, secret: &Secret) -> Result<Vec<Finding>> {
        if !matches!(
            Connection::from_secret(secret.clone()),
            Recognition::Connection(_)
        ) {
            let message = "nothing says that this is a connection".to_owned();
            let help = "see that `annotations` names its protocol or type";
            return Err(Error::Invalid {
                what: what(&secret.namespace, &secret.name),
                findings: vec![error("protocol", "annotations", message, help)],
            });
        }
        let mut findings = match type_name(secret) {
            None => Vec::new(),
            Some(name) => match self.types.find(&name).await {
                Ok(Some(type_)) => of_type(&type_, secret),
                Ok(None) | Err(Error::Unreadable { .. }) => vec![no_type(&name)],
                Err(error) => return Err(error),
            },
        };
        findings.extend(advice(secret));
        for finding in &mut findings {
            if finding.severity == Severity::Error {
                finding.severity = Severity::Warning;
            }
        }
        Ok(findings)
    }
}

fn of_type(type_: &ConnectionType, secret: &Secret) -> Vec<Finding> {
    let values = decode(Some(type_), &secret.data);
    check(Some(type_), &values, Purpose::Create)
}

fn no_type(name: &str) -> Finding {
    let message = format!(
        "there is no connection type `{}` here",
        crate::naming::excerpt(name)
    );
    let help = "create the type, or choose another with `bowline set NAME --type TYPE`";
    error("type", "type", message, help)
}
