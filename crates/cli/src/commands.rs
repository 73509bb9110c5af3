//! One module per command, and the choice among them. A runtime is started only for commands that
//! talk to a cluster, so that help and offline commands answer at once.

mod completion;
pub mod convert;
mod create;
mod delete;
mod edit;
mod env;
mod export;
mod import;
mod inject;
mod lint;
mod list;
mod login;
mod operator;
mod pipelines;
mod run;
mod server;
mod set;
mod show;
mod store;
mod test;
mod types;
mod up;
mod usage;

use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};

use crate::args::{Args, Command};
use crate::failure::{Failure, Failures, Kind};

/// Runs the command.
///
/// # Errors
/// When it could not do what it was asked to.
pub fn run(args: Args) -> Result<ExitCode, Failures> {
    let cluster = args.cluster;
    match args.command {
        Command::Up(up) => wait(&Runtime::new(), up::run(up))?,
        Command::Login(login) => wait(&small(), login::run(&login))?,
        Command::Operator(operator) => wait(&Runtime::new(), operator::run(operator, &cluster))?,
        Command::Server(server) => wait(&Runtime::new(), server::run(server, &cluster))?,
        Command::Inject(inject) => inject::run(&inject)?,
        Command::Lint(lint) if lint.files.is_empty() => {
            return Ok(wait(&small(), lint::cluster(&lint, &cluster))?);
        }
        Command::Lint(lint) => return Ok(lint::files(&lint)?),
        Command::List(list) => wait(&small(), list::run(&list, &cluster))?,
        Command::Show(show) => wait(&small(), show::run(&show, &cluster))?,
        Command::Create(create) => wait(&small(), create::run(&create, &cluster))?,
        Command::Set(set) => wait(&small(), set::run(&set, &cluster))?,
        Command::Unset(unset) => wait(&small(), set::unset(&unset, &cluster))?,
        Command::Edit(edit) => wait(&small(), edit::run(&edit, &cluster))?,
        Command::Export(export) => wait(&small(), export::run(&export, &cluster))?,
        Command::Import(import) => wait(&small(), import::run(&import, &cluster))?,
        Command::Types(types) => wait(&small(), types::run(&types, &cluster))?,
        Command::Test(test) => return wait(&Runtime::new(), test::run(&test, &cluster)),
        Command::Usage(usage) => wait(&small(), usage::run(&usage, &cluster))?,
        Command::Delete(delete) => wait(&small(), delete::run(&delete, &cluster))?,
        Command::Env(env) => wait(&small(), env::run(&env, &cluster))?,
        Command::Run(run) => {
            let injected = wait(&small(), run::fetch(&run, &cluster))?;
            return Ok(run::replace_process(&run, &injected));
        }
        Command::Convert(convert) => return Ok(convert::run(&convert)?),
        Command::Store(store) => return Ok(wait(&small(), store::run(&store))?),
        Command::Pipelines(pipelines) => return pipelines::run(&pipelines, &cluster),
        Command::Completion(completion) => completion::run(&completion)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A runtime for a few requests, one after another.
fn small() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn wait<T, E: From<Failure>>(
    runtime: &std::io::Result<Runtime>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            let failure = Failure::new(Kind::Internal, "the runtime cannot be started");
            Err(failure.caused_by(error).into())
        }
    }
}
