//! `bowline store`: the state of `bowline up` as a file. What is done to it is left to the API
//! server's store.

use std::path::Path;
use std::process::ExitCode;

use bowline_apiserver::store::{self, KeySource, Options, Rekeyed, StoreError};
use serde_json::json;

use crate::args::{State, Store, StoreCommand};
use crate::embed::control::{self, Refusal};
use crate::embed::store_of;
use crate::failure::{Failure, Kind};
use crate::output::{Output, Shown};
use crate::terminal;

/// Does what the subcommand says.
///
/// # Errors
/// When there is no store, its key is not at hand, or a file cannot be read or written.
pub async fn run(args: &Store) -> Result<ExitCode, Failure> {
    match &args.command {
        StoreCommand::Backup { to, state, shape } => backup(to, state, &shape.output)?,
        StoreCommand::Check {
            backup,
            state,
            shape,
        } => return check(backup.as_deref(), state, &shape.output),
        StoreCommand::Restore {
            backup,
            force,
            state,
            shape,
        } => restore(backup, *force, state, &shape.output)?,
        StoreCommand::Rekey { state, shape } => rekey(state, &shape.output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn options(state: &State) -> Result<Options, Failure> {
    Ok(store_of(&state.folder()?, state.key()).store())
}

fn backup(to: &Path, state: &State, output: &Output) -> Result<(), Failure> {
    let done = store::backup(&options(state)?.path, to)
        .map_err(|error| failure("the store cannot be backed up", &error))?;
    output.print(&Shown {
        value: &|| {
            Ok(json!({
                "file": to,
                "objects": done.objects,
                "version": done.version,
                "key": done.key,
                "bytes": done.bytes,
            }))
        },
        names: vec![to.display().to_string()],
        text: &|_| {
            format!(
                "{} at version {} are in `{}`, sealed with key {}\n",
                terminal::count(number(done.objects), "object"),
                done.version,
                to.display(),
                done.key,
            )
        },
    })
}

fn check(backup: Option<&Path>, state: &State, output: &Output) -> Result<ExitCode, Failure> {
    let mut options = options(state)?;
    if let Some(backup) = backup {
        // A backup has no key of its own beside it.
        if options.key == KeySource::Beside {
            let mut beside = options.path.into_os_string();
            beside.push(".key");
            options.key = KeySource::File(beside.into());
        }
        options.path = backup.to_owned();
    }
    let checked =
        store::check(&options).map_err(|error| failure("the store cannot be checked", &error))?;
    let is_sound = checked.findings.is_empty();
    output.print(&Shown {
        value: &|| {
            Ok(json!({
                "file": options.path,
                "sound": is_sound,
                "objects": checked.objects,
                "past": checked.past,
                "version": checked.version,
                "key": checked.key,
                "findings": checked.findings,
            }))
        },
        names: vec![options.path.display().to_string()],
        text: &|_| {
            let findings = checked.findings.iter();
            let findings: String = findings
                .map(|finding| format!("error: {}\n", terminal::plain(finding)))
                .collect();
            let said = if is_sound { "sound" } else { "damaged" };
            format!(
                "{findings}`{}` is {said}: {} at version {}, {} of the past, sealed with key {}\n",
                options.path.display(),
                terminal::count(number(checked.objects), "object"),
                checked.version,
                terminal::count(number(checked.past), "state"),
                checked.key,
            )
        },
    })?;
    Ok(if is_sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Kind::Invalid.exit_code())
    })
}

fn restore(backup: &Path, force: bool, state: &State, output: &Output) -> Result<(), Failure> {
    let options = options(state)?;
    let restored = store::restore(&options, backup, force)
        .map_err(|error| failure("the backup cannot be restored", &error))?;
    output.print(&Shown {
        value: &|| {
            Ok(json!({
                "file": options.path,
                "objects": restored.objects,
                "backupVersion": restored.version,
                "key": restored.key,
            }))
        },
        names: vec![options.path.display().to_string()],
        text: &|_| {
            format!(
                "{} are back as they were at version {}; `bowline up` serves them\n",
                terminal::count(number(restored.objects), "object"),
                restored.version,
            )
        },
    })
}

async fn rekey(state: &State, output: &Output) -> Result<(), Failure> {
    let options = options(state)?;
    if !options.path.exists() {
        let path = options.path;
        return Err(failure(
            "the key cannot be changed",
            &StoreError::Missing { path },
        ));
    }
    let done = match store::Store::open(options) {
        Ok(store) => store
            .rekey()
            .await
            .map_err(|error| failure("the key cannot be changed", &error))?,
        Err(StoreError::InUse { .. }) => control::rekey(&state.folder()?).await.map_err(refused)?,
        Err(error) => return Err(failure("the key cannot be changed", &error)),
    };
    output.print(&Shown {
        value: &|| Ok(json!({ "key": done.key, "retired": done.retired, "forgotten": done.is_forgotten, "resealed": done.resealed })),
        names: vec![done.key.clone()],
        text: &|_| told(&done),
    })
}

fn told(done: &Rekeyed) -> String {
    let states = terminal::count(number(done.resealed), "state");
    let rest = match &done.retired {
        None => String::new(),
        Some(old) if done.is_forgotten => format!(
            "; key {old} is gone, so older backups open only with a copy of it: make a new backup"
        ),
        Some(old) => format!("; key {old} need not be printed any more"),
    };
    format!(
        "the store is sealed with key {}, {states} anew{rest}\n",
        done.key
    )
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn refused(refusal: Refusal) -> Failure {
    let what = "the key cannot be changed";
    match refusal {
        Refusal::Silent(error) => Failure::new(Kind::Unavailable, what)
            .cause("a `bowline up` that serves this state does not answer")
            .caused_by(&error)
            .help("stop it and try again"),
        Refusal::Failed(words) => words
            .into_iter()
            .fold(Failure::new(Kind::Usage, what), Failure::cause),
    }
}

/// Errors of the store name files, versions and objects, never values, and say what to do.
fn failure(what: &str, error: &StoreError) -> Failure {
    let kind = match error {
        StoreError::InUse { .. } | StoreError::Rekeying { .. } => Kind::Unavailable,
        StoreError::Missing { .. } => Kind::NotFound,
        StoreError::Exists { .. } => Kind::Conflict,
        StoreError::Damaged { .. } | StoreError::Corrupt { .. } => Kind::Invalid,
        StoreError::Database { .. } => Kind::Internal,
        _ => Kind::Usage,
    };
    Failure::new(kind, what).caused_by(error)
}
