//! `bowline lint`: everything that is wrong or doubtful about connections and the workloads that
//! name them. The rules about connections are `bowline_core::validate`'s; how findings are shown
//! is left to `text`, `json` and `sarif`.

mod json;
mod report;
mod rules;
mod sarif;
mod text;
mod workload;

use std::collections::BTreeSet;
use std::process::ExitCode;

use bowline_core::plan::{Found, Plan};
use bowline_core::{Finding, Secret, Severity, WorkloadKind, validate};
use serde_json::Value;

use crate::args::{self, Lint, LintOutput};
use crate::bundle::Bundle;
use crate::cluster::Cluster;
use crate::failure::{Failure, Kind};
use crate::manifests::{self, Manifest};
use crate::object::{ObjectRef, is_core, is_object};
use crate::overlooked::Overlooked;
use crate::terminal;
use report::{Entry, Report};
use workload::World;

/// Checks files. Those that hold no object are fine beside others that do.
///
/// # Errors
/// When a file cannot be read or is not a manifest, or when none of them holds an object.
pub fn files(args: &Lint) -> Result<ExitCode, Failure> {
    let manifests = manifests::read(&args.files)?;
    if !manifests.iter().any(|manifest| is_object(&manifest.object)) {
        return Err(
            Failure::new(Kind::Usage, "there is nothing to check in what was given")
                .cause("nothing there has `apiVersion` and `kind`, as all manifests have")
                .help("name manifests; those of a chart are what `helm template` prints"),
        );
    }
    let namespace = args.scope.namespace.as_deref().unwrap_or("default");
    show(&check(&manifests, namespace), args.output)
}

/// Checks the Secrets and workloads of a cluster.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub async fn cluster(args: &Lint, flags: &args::Cluster) -> Result<ExitCode, Failure> {
    let cluster = Cluster::new(flags).await?;
    let scope = cluster.scope(&args.scope);
    let mut report = Report::default();
    // Of all there is, only what names a connection is kept, and then only the Secrets that are
    // named: the values of a whole cluster are never held at once.
    let mut workloads = Workloads::default();
    let each = |object: Value| {
        report.workloads += 1;
        report.add(
            &object,
            Overlooked::of(&object).iter().map(rules::overlooked),
        );
        workloads.add(object);
    };
    let not_looked_at = cluster.each_workload(&scope, each).await?;
    let mut secrets = Vec::new();
    let each = |secret: Secret| {
        report.add_secret(&secret);
        if workloads.name(&secret) {
            secrets.push(secret);
        }
    };
    cluster.each_secret(&scope, each).await?;
    for (namespace, name) in workloads.still_wanted(&secrets) {
        secrets.extend(cluster.secret(&namespace, &name).await?);
    }
    if report.secrets + report.workloads == 0 {
        cluster.must_exist(&scope).await?;
    }
    let bundle = Bundle::of(secrets);
    for object in &workloads.objects {
        report.add(object, workload::findings(&bundle, object, World::Cluster));
    }
    for kind in not_looked_at {
        terminal::warn(&format!("not looked at: {kind}"));
    }
    show(&report, args.output)
}

/// The workloads of a cluster that name connections.
#[derive(Debug, Default)]
struct Workloads {
    objects: Vec<Value>,
    /// By namespace and name.
    secrets: BTreeSet<(String, String)>,
}

impl Workloads {
    /// Keeps a workload, if admission has anything to say about it.
    fn add(&mut self, object: Value) {
        let nothing = Bundle::of(Vec::new());
        let Some(outcome) = nothing.plan(&object, &Found::Missing) else {
            return;
        };
        if outcome.missing.is_empty() && outcome.plan == Ok(Plan::default()) {
            return;
        }
        let namespace = ObjectRef::of(&object, "").namespace;
        let named = outcome.missing.into_iter();
        self.secrets
            .extend(named.map(|name| (namespace.clone(), name)));
        self.objects.push(object);
    }

    fn name(&self, secret: &Secret) -> bool {
        self.secrets
            .contains(&(secret.namespace.clone(), secret.name.clone()))
    }

    /// Named Secrets that a list of connections leaves out.
    fn still_wanted(&self, found: &[Secret]) -> Vec<(String, String)> {
        let is_found = |(namespace, name): &&(String, String)| {
            let is_it = |secret: &Secret| secret.namespace == *namespace && secret.name == *name;
            found.iter().any(is_it)
        };
        let wanted = self.secrets.iter().filter(|place| !is_found(place));
        wanted.cloned().collect()
    }
}

/// All findings about the objects of manifests, in their order.
fn check(manifests: &[Manifest], namespace: &str) -> Report {
    let bundle = Bundle::new(manifests, namespace);
    let mut report = Report::default();
    for manifest in manifests {
        let object = ObjectRef::of(&manifest.object, namespace);
        let mut findings = if is_core(&manifest.object, "Secret") {
            report.secrets += 1;
            match Secret::from_value(&manifest.object) {
                Ok(secret) => validate::advice(&Secret {
                    namespace: object.namespace.clone(),
                    ..secret
                }),
                Err(error) => vec![rules::unreadable(&error)],
            }
        } else if WorkloadKind::of_object(&manifest.object).is_some() {
            report.workloads += 1;
            workload::findings(&bundle, &manifest.object, World::Files)
        } else {
            Vec::new()
        };
        let overlooked = Overlooked::of(&manifest.object);
        findings.extend(overlooked.iter().map(rules::overlooked));
        let entry = |finding: Finding| Entry {
            object: object.clone(),
            place: Some(manifest.source.place_of(&finding.field)),
            finding,
        };
        report.entries.extend(findings.into_iter().map(entry));
    }
    report
}

impl Report {
    fn add_secret(&mut self, secret: &Secret) {
        self.secrets += 1;
        let object = ObjectRef::secret(&secret.namespace, &secret.name);
        self.add_findings(&object, validate::advice(secret));
    }

    /// Findings about an object of a cluster.
    fn add(&mut self, object: &Value, findings: impl IntoIterator<Item = Finding>) {
        self.add_findings(&ObjectRef::of(object, ""), findings);
    }

    fn add_findings(&mut self, object: &ObjectRef, findings: impl IntoIterator<Item = Finding>) {
        let entry = |finding| Entry {
            object: object.clone(),
            place: None,
            finding,
        };
        self.entries.extend(findings.into_iter().map(entry));
    }
}

fn show(report: &Report, output: LintOutput) -> Result<ExitCode, Failure> {
    let text = match output {
        LintOutput::Text => text::render(report),
        LintOutput::Json => json::render(report),
        LintOutput::Sarif => sarif::render(report),
    };
    terminal::print(&text)?;
    let has_errors = report.count(Severity::Error) > 0;
    Ok(if has_errors {
        ExitCode::from(Kind::Invalid.exit_code())
    } else {
        ExitCode::SUCCESS
    })
}

#[cfg(test)]
mod tests;
