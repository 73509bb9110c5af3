//! The `bowline` binary: reads the command line, runs one command, reports how it went.
#![expect(
    unreachable_pub,
    reason = "a binary exports nothing; `pub` says what other modules may use"
)]

mod args;
mod bundle;
mod cluster;
mod commands;
mod completion;
mod embed;
mod failure;
mod incluster;
mod lookup;
mod manifests;
mod object;
mod output;
mod process;
mod suggest;
mod terminal;
#[cfg(feature = "otel")]
mod traces;
mod web;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::run(args::Args::parse()) {
        Ok(code) => code,
        Err(failures) => failures.report(),
    }
}
