//! `bowline pipelines resolve`: what KFP's launcher makes of a ConfigMap and a root. The rules are left
//! to `bowline_pipelines::launcher`.

use std::process::ExitCode;

use bowline_pipelines::launcher::{self, LauncherConfig, Session};
use serde_json::json;

use crate::args::Resolve;
use crate::failure::{Failure, Kind};
use crate::output::{self, Output, Shown};
use crate::{manifests, terminal};

/// Prints the session, or what the run dies of.
///
/// # Errors
/// When the file cannot be read, or is no such ConfigMap.
pub fn run(args: &Resolve) -> Result<ExitCode, Failure> {
    let (shown, bytes) = manifests::bytes(&args.launcher)?;
    let config = LauncherConfig::parse(&bytes).map_err(|error| {
        Failure::new(
            Kind::Usage,
            format!("`{shown}` is no `kfp-launcher` ConfigMap"),
        )
        .caused_by(&error)
        .help("give the manifest of the ConfigMap, or its `data` alone")
    })?;
    let root = args.pipeline_root.as_deref().unwrap_or(config.root());
    for finding in launcher::notes(&config, root, args.kfp) {
        terminal::tell(&shown, &finding);
    }
    match launcher::resolve(&config, root, args.kfp) {
        Ok(session) => {
            args.output.print(&Shown {
                value: &|| Ok(json!({ "session": output::value(&session)? })),
                names: Vec::new(),
                text: &|_| lines(&session),
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            refuse(&args.output, &error.to_string(), error.help())?;
            Ok(ExitCode::from(Kind::Invalid.exit_code()))
        }
    }
}

fn refuse(output: &Output, error: &str, help: &str) -> Result<(), Failure> {
    output.print(&Shown {
        value: &|| Ok(json!({ "error": error })),
        names: Vec::new(),
        text: &|_| format!("error: {error}\nhelp: {help}\n"),
    })
}

fn lines(session: &Session) -> String {
    let width = session
        .params
        .keys()
        .map(|name| name.len())
        .max()
        .unwrap_or(0);
    let width = width.max("Provider".len());
    let mut text = format!("{:width$}  {}\n", "Provider", session.provider);
    for (name, value) in &session.params {
        text.push_str(format!("{name:width$}  {value}").trim_end());
        text.push('\n');
    }
    text
}
