//! `bowline import`: the connections of an exported file, all or none. What is done is decided by
//! `plan` before anything is written, and taken back by `carry_out` when something fails.

mod carry_out;
mod plan;

use std::io::{IsTerminal, Write as _};

use super::export::{document::Document, sealed};
use crate::args::{self, Import};
use crate::cluster::Cluster;
use crate::failure::{Failure, Failures};
use crate::output::{Output, Shown};
use crate::{catalog, manifests, terminal};
use plan::Plan;

/// Reads the file, shows what would be done, asks, and does it.
///
/// # Errors
/// When the file cannot be read, something in it cannot be stored, a connection is there already, or
/// the cluster refuses; then nothing has changed.
pub async fn run(args: &Import, flags: &args::Cluster) -> Result<(), Failures> {
    let document = read(args)?;
    let cluster = Cluster::new(flags).await?;
    let connections = catalog::connections(&cluster, &args.home);
    let plan = Plan::of(&document, args, &cluster, &connections).await?;
    let output = &args.shape.output;
    let is_text = matches!(output, Output::Text | Output::Wide);
    if is_text {
        terminal::print(&plan.preview())?;
    } else if !args.yes {
        terminal::aside(&plan.preview());
    }
    if args.dry_run || plan.is_empty() {
        return Ok(print(output, &plan, "")?);
    }
    if !args.yes && !is_wanted()? {
        return Err(catalog::usage("nothing was imported").into());
    }
    let done = carry_out::all(&plan, &cluster, &connections).await?;
    let told = format!("{} imported\n", terminal::count(done, "connection"));
    Ok(print(output, &plan, &told)?)
}

/// The steps for programs; for people they have been told, and only the end is new.
fn print(output: &Output, plan: &Plan, told: &str) -> Result<(), Failure> {
    output.print(&Shown {
        value: &|| Ok(plan.value()),
        names: plan.steps.iter().map(|step| step.name.clone()).collect(),
        text: &|_| told.to_owned(),
    })
}

fn read(args: &Import) -> Result<Document, Failure> {
    let (name, bytes) = manifests::bytes(&args.file)?;
    let unreadable = |why: String| catalog::usage(format!("`{name}` is not an export")).cause(why);
    let text = match (sealed::is_sealed(&bytes), &args.identity) {
        (true, Some(identity)) => sealed::decrypt(&bytes, identity)?,
        (true, None) => {
            return Err(catalog::usage(format!("`{name}` is encrypted"))
                .help("name the file of an age identity with `--identity`"));
        }
        (false, _) => bowline_core::Sensitive::new(bytes),
    };
    Document::read(text.expose()).map_err(unreadable)
}

/// Asks whoever is at the terminal.
fn is_wanted() -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(
            catalog::usage("there is nobody to ask whether this is wanted")
                .help("`--yes` says so, `--dry-run` only looks"),
        );
    }
    // Where stderr is closed there is nobody who could answer either.
    let _ = write!(std::io::stderr().lock(), "Import? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|error| catalog::usage("the answer cannot be read").caused_by(&error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
