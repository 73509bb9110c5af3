//! `bowline pipelines render`: a description of a store in, objects out, without a cluster.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use bowline_core::{Finding, Secret, Severity, manifest};
use bowline_pipelines::Deployment;
use bowline_pipelines::render::{self, KUSTOMIZE_OBJECTS, Options};
use bowline_pipelines::traps;
use serde_json::Value;

use super::input;
use crate::args::{Render, RenderOutput};
use crate::failure::{Failure, Failures, Kind};
use crate::terminal;

/// Prints the objects.
///
/// # Errors
/// When an input cannot be read, or holds what cannot work.
pub fn run(args: &Render) -> Result<ExitCode, Failures> {
    let input = input::read(&args.source)?;
    let deployment = input::accepted(&input)?;
    let secrets = input.secrets.as_deref();
    let (text, findings) = match args.output {
        RenderOutput::HelmValues => helm_values(deployment),
        RenderOutput::Kustomize => kustomize(args, deployment, secrets)?,
        RenderOutput::Yaml | RenderOutput::Json => objects(args, deployment, secrets),
    };
    // Notes are left to `lint`.
    let mut traps = traps::findings(deployment, args.layout.names(), args.kyverno);
    traps.retain(|trap| trap.severity > Severity::Note);
    findings
        .iter()
        .chain(&traps)
        .for_each(|finding| terminal::tell("", finding));
    terminal::write(text.as_bytes()).map_err(Failures::from)?;
    Ok(ExitCode::SUCCESS)
}

fn options<'a>(args: &Render, secrets: Option<&'a [Secret]>) -> Options<'a> {
    Options {
        names: args.layout.names(),
        kyverno: args.kyverno,
        secrets,
    }
}

/// Objects one after another: of many thousands only the text is kept.
fn objects(
    args: &Render,
    deployment: &Deployment,
    secrets: Option<&[Secret]>,
) -> (String, Vec<Finding>) {
    let is_json = args.output == RenderOutput::Json;
    let mut text = String::new();
    if is_json {
        text.push_str("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[");
    }
    let mut is_first = true;
    let mut sink = |object: Value| {
        if is_json {
            text.push_str(if is_first { "\n" } else { ",\n" });
            text.push_str(&object.to_string());
        } else {
            text.push_str(if is_first { "" } else { "---\n" });
            text.push_str(&manifest::render(&[object]));
        }
        is_first = false;
    };
    let findings = render::each(deployment, options(args, secrets), &mut sink);
    if is_json {
        text.push_str("\n]}\n");
    }
    (text, findings)
}

fn kustomize(
    args: &Render,
    deployment: &Deployment,
    secrets: Option<&[Secret]>,
) -> Result<(String, Vec<Finding>), Failure> {
    let (objects, findings) = render::objects(deployment, options(args, secrets));
    let made = render::kustomization(&objects, &args.base);
    let Some(folder) = &args.into else {
        if !made.objects.is_empty() {
            terminal::warn(&format!(
                "`{KUSTOMIZE_OBJECTS}`, which the Kustomization names, is not printed; `--into FOLDER` writes both"
            ));
        }
        return Ok((made.text(), findings));
    };
    put(folder, "kustomization.yaml", &made.text())?;
    if !made.objects.is_empty() {
        put(folder, KUSTOMIZE_OBJECTS, &manifest::render(&made.objects))?;
    }
    Ok((String::new(), findings))
}

/// Writes a file that may hold keys, for its owner only.
fn put(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&path)?.write_all(text.as_bytes())
    });
    written.map_err(|error| {
        Failure::new(Kind::Usage, format!("cannot write `{}`", path.display()))
            .caused_by(&error)
            .help("name a folder that can be written")
    })
}

fn helm_values(deployment: &Deployment) -> (String, Vec<Finding>) {
    let (values, findings) = render::helm_values(deployment);
    (manifest::render(&[values]), findings)
}
