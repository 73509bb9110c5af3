//! The `bowline` binary: reads the command line, runs one command, reports how it went.
#![expect(
    unreachable_pub,
    reason = "a binary exports nothing; `pub` says what other modules may use"
)]

mod args;
mod bundle;
mod catalog;
mod cluster;
mod columns;
mod commands;
mod completion;
mod embed;
mod failure;
mod given;
mod incluster;
mod lookup;
mod manifests;
mod object;
mod output;
mod overlooked;
mod plugin;
mod process;
mod suggest;
mod terminal;
#[cfg(feature = "otel")]
mod traces;
mod web;

use std::process::ExitCode;

use clap::FromArgMatches;
use mimalloc::MiMalloc;
use plugin::Face;

/// Admission takes and gives back memory in small pieces on many threads, which glibc's allocator
/// is slow at.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let face = Face::of(std::env::args_os().next());
    if completion::answer(face) {
        return ExitCode::SUCCESS;
    }
    let matches = face.command().get_matches();
    let args = args::Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match commands::run(args) {
        Ok(code) => code,
        Err(failures) => failures.report(),
    }
}
