//! `bowline pipelines policies`: who may touch what in the bucket. The rights and languages are left to
//! `bowline_pipelines::policies`.

use std::process::ExitCode;

use bowline_core::{Finding, Severity};
use bowline_pipelines::policies::{self, Dialect, Form};

use super::input;
use crate::args::{Policies, RenderLayout};
use crate::failure::{Failure, Failures, Kind};
use crate::output::{self, Shown};
use crate::terminal;

/// Prints the policies, or what they come to.
///
/// # Errors
/// When an input cannot be read or is refused, or policies cannot be merged.
pub fn run(args: &Policies) -> Result<ExitCode, Failures> {
    let input = input::read(&args.source)?;
    let deployment = input::accepted(&input)?;
    let dialect = args
        .dialect
        .unwrap_or_else(|| Dialect::of(&deployment.store));
    let form = match args.layout {
        RenderLayout::Native => Form::Limited,
        RenderLayout::Deploykf => Form::Deploykf,
    };
    let findings = policies::findings(deployment, dialect, form);
    findings
        .iter()
        .for_each(|finding| terminal::tell("", finding));
    let made = policies::policies(deployment, dialect, form);
    let value = match args.merge {
        true => policies::merged(&made, dialect).ok_or_else(|| cannot_merge(dialect))?,
        false => output::value(&made)?,
    };
    args.output.print(&Shown {
        value: &|| Ok(value.clone()),
        names: made.profiles.keys().cloned().collect(),
        text: &|_| policies::proof(deployment, form),
    })?;
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    Ok(match findings.iter().any(is_error) {
        true => ExitCode::from(Kind::Invalid.exit_code()),
        false => ExitCode::SUCCESS,
    })
}

fn cannot_merge(dialect: Dialect) -> Failure {
    let what = format!("policies for `{dialect}` belong to users, so there is no single one");
    Failure::new(Kind::Usage, what).help("leave `--merge` away, or write for `ceph` or `gcs`")
}
