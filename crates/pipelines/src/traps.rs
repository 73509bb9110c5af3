//! Traps of Kubeflow Pipelines, Argo and deployKF that can be seen before anything is applied: what
//! looks right and does not work, or works otherwise than people think. Traps of a store with a release
//! are left to [`stores`], those of a text of `providers` to [`launcher`].

mod argo;
mod credentials;
mod layout;
mod root;
#[cfg(test)]
mod tests;
mod ui;

use bowline_core::Finding;

use crate::model::{Deployment, Vendor};
use crate::render::{self, Names};
use crate::{launcher, stores};

/// What is looked at: an installation, and in whose ways it is rendered.
#[derive(Clone, Copy)]
struct Case<'a> {
    deployment: &'a Deployment,
    names: Names,
    kyverno: bool,
}

impl Case<'_> {
    /// Whether the store is neither deployKF's own nor the one that Kubeflow Pipelines brings.
    fn is_external(self) -> bool {
        self.deployment.embedded.is_none()
    }

    /// The root of some profile, as it is rendered.
    fn root(self) -> String {
        let profile = self
            .deployment
            .profiles
            .first()
            .map_or("PROFILE", |it| it.name.as_str());
        match self.names {
            Names::Deploykf => render::deploykf_root(self.deployment, profile),
            Names::Native => render::native_root(self.deployment, profile),
        }
    }

    fn is_aws(self) -> bool {
        stores::vendor(&self.deployment.store) == Vendor::Aws
    }
}

/// Every trap that an installation is in: those of its store too, worst first. Names and `kyverno` are
/// those that it is rendered with.
pub fn findings(deployment: &Deployment, names: Names, kyverno: bool) -> Vec<Finding> {
    let case = Case {
        deployment,
        names,
        kyverno,
    };
    let mut found = stores::findings(deployment);
    // A pipeline server has ways of its own.
    let is_moved = deployment.releases.deploykf.is_none() && deployment.server.is_none();
    if names == Names::Deploykf && is_moved {
        found.extend(render::unsayable(deployment));
    }
    root::find(case, &mut found);
    credentials::find(case, &mut found);
    ui::find(case, &mut found);
    argo::find(case, &mut found);
    layout::find(case, &mut found);
    // Stable: within a severity, the order of the rules.
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

/// What the launcher would say of a root alone.
fn root_notes(root: &str, deployment: &Deployment) -> Vec<Finding> {
    launcher::notes(
        &launcher::LauncherConfig::default(),
        root,
        deployment.releases.kfp,
    )
}
