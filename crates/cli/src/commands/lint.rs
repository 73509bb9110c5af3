//! `bowline lint`: everything that is wrong or doubtful about connections and the workloads that
//! name them. The rules about connections are `bowline_core::validate`'s; how findings are shown
//! is left to `text`, `json` and `sarif`.

mod json;
mod report;
mod rules;
mod sarif;
mod text;
mod workload;

use std::process::ExitCode;

use bowline_core::{Finding, Secret, Severity, WorkloadKind, validate};

use crate::args::{self, Lint, LintOutput};
use crate::bundle::Bundle;
use crate::cluster::Cluster;
use crate::failure::{Failure, Kind};
use crate::manifests::{self, Manifest};
use crate::object::{ObjectRef, is_core};
use crate::terminal;
use report::{Entry, Report};

/// Checks files.
///
/// # Errors
/// When a file cannot be read, or is not a manifest.
pub fn files(args: &Lint) -> Result<ExitCode, Failure> {
    let manifests = manifests::read(&args.files)?;
    let namespace = args.scope.namespace.as_deref().unwrap_or("default");
    show(&check(&manifests, namespace), args.output)
}

/// Checks the Secrets of a cluster.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub async fn cluster(args: &Lint, flags: &args::Cluster) -> Result<ExitCode, Failure> {
    let cluster = Cluster::new(flags).await?;
    let mut report = Report::default();
    let each = |secret: Secret| report.add_secret(&secret);
    cluster
        .each_secret(&cluster.scope(&args.scope), each)
        .await?;
    show(&report, args.output)
}

/// All findings about the objects of manifests, in their order.
fn check(manifests: &[Manifest], namespace: &str) -> Report {
    let bundle = Bundle::new(manifests, namespace);
    let mut report = Report::default();
    for manifest in manifests {
        let object = ObjectRef::of(&manifest.object, namespace);
        let findings = if is_core(&manifest.object, "Secret") {
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
            workload::findings(&bundle, &manifest.object)
        } else {
            continue;
        };
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
        let entry = |finding| Entry {
            object: object.clone(),
            place: None,
            finding,
        };
        self.entries
            .extend(validate::advice(secret).into_iter().map(entry));
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
