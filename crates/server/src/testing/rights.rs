//! Asking the Kubernetes API whether somebody may do something that has no request of its own there.

use bowline_catalog::Error;
use bowline_catalog::rights::may;
use bowline_core::result;
use k8s_openapi::api::authorization::v1::ResourceAttributes;

use crate::callers::Caller;
use crate::problem::Problem;

/// Something that rules can allow.
pub(crate) struct Right(ResourceAttributes);

impl Right {
    /// The right to have a connection tested, without reading it.
    pub(super) fn test(project: &str, name: &str) -> Self {
        Self(ResourceAttributes {
            verb: Some(result::TEST.to_owned()),
            group: Some(result::GROUP.to_owned()),
            resource: Some(result::RESOURCE.to_owned()),
            namespace: Some(project.to_owned()),
            name: Some(name.to_owned()),
            ..ResourceAttributes::default()
        })
    }

    /// The right to store Secrets in a project.
    pub(crate) fn create_secrets(project: &str) -> Self {
        Self::secrets("create", project, None)
    }

    /// The right to change a Secret.
    pub(crate) fn change_secret(project: &str, name: &str) -> Self {
        Self::secrets("patch", project, Some(name))
    }

    fn secrets(verb: &str, project: &str, name: Option<&str>) -> Self {
        Self(ResourceAttributes {
            verb: Some(verb.to_owned()),
            resource: Some("secrets".to_owned()),
            namespace: Some(project.to_owned()),
            name: name.map(str::to_owned),
            ..ResourceAttributes::default()
        })
    }
}

/// Whether somebody has a right.
pub(crate) async fn has(caller: &Caller, right: &Right) -> Result<bool, Problem> {
    let answer = may(&caller.client, right.0.clone()).await;
    let failed = Error::of_kubernetes("asking what the sender may do");
    Ok(answer.map_err(failed)?)
}
