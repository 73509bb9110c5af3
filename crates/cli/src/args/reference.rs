//! Writes `docs/reference/cli.md` from the command line itself, and fails where the page is stale.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};

use super::Args;

/// Set to `1` to write the page anew.
const UPDATE: &str = "UPDATE_REFERENCE";
const START: &str = "\
# Commands

This page is made from the command line itself by `make update-reference`; the same texts are shown
by `--help`.
[The command line](../guide/command-line.md) explains how the commands go together, and
[errors](errors.md) what their exit codes mean.
";

#[test]
fn the_page_about_commands_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let page = page();
    if std::env::var_os(UPDATE).is_some_and(|value| value == "1") {
        std::fs::write(&path, &page).expect("the page is written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/cli.md is stale; run `make update-reference`"
    );
}

fn page() -> String {
    let mut command = Args::command();
    command.build();
    let mut out = START.to_owned();
    out.push_str("\n| Command | What it does |\n| --- | --- |\n");
    for sub in shown(&command) {
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            out,
            "| [`bowline {0}`](#bowline-{0}) | {about} |",
            sub.get_name()
        );
    }
    out.push_str("\n## Flags of every command\n");
    let global: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| arg.is_global_set())
        .collect();
    flags(&mut out, &global);
    for sub in shown(&command) {
        section(&mut out, sub, 2);
    }
    out
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
}

fn section(out: &mut String, command: &Command, level: usize) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let _ = write!(
        out,
        "\n{} {name}\n\n{}\n",
        "#".repeat(level),
        about.trim_end()
    );
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let _ = write!(out, "\n```text\n{usage}\n```\n");
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help")
        .collect();
    flags(out, &own);
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let lines = examples.trim_start_matches("Examples:").trim_matches('\n');
        let lines: Vec<&str> = lines
            .lines()
            .map(|line| line.strip_prefix("  ").unwrap_or(line))
            .collect();
        let _ = write!(out, "\n```sh\n{}\n```\n", lines.join("\n"));
    }
    shown(command).for_each(|sub| section(out, sub, level + 1));
}

fn flags(out: &mut String, args: &[&Arg]) {
    if args.is_empty() {
        return;
    }
    out.push_str("\n| Flag | What it means |\n| --- | --- |\n");
    for arg in args {
        let _ = writeln!(out, "| {} | {} |", spelling(arg), meaning(arg));
    }
}

/// How an argument is written.
fn spelling(arg: &Arg) -> String {
    let value = arg
        .get_value_names()
        .map(|names| {
            names
                .iter()
                .map(|name| name.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        })
        .filter(|_| arg.get_action().takes_values());
    if arg.is_positional() {
        let many = arg
            .get_num_args()
            .is_some_and(|range| range.max_values() > 1);
        return format!(
            "`{}{}`",
            value.unwrap_or_default(),
            if many { "…" } else { "" }
        );
    }
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg
        .get_long()
        .into_iter()
        .chain(arg.get_visible_aliases().into_iter().flatten());
    let mut names: Vec<String> = short
        .into_iter()
        .chain(long.map(|long| format!("--{long}")))
        .collect();
    if let (Some(last), Some(value)) = (names.last_mut(), value) {
        let _ = write!(last, " {value}");
    }
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What an argument means, its values, default and twin in the environment.
fn meaning(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let mut out = help.replace('\n', " ").replace('|', "\\|");
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && arg.get_action().takes_values())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() {
        let _ = write!(out, "; one of {}", values.join(", "));
    }
    let defaults: Vec<String> = arg
        .get_default_values()
        .iter()
        .map(|value| format!("`{}`", value.to_string_lossy()))
        .collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        let _ = write!(out, "; default {}", defaults.join(", "));
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(out, "; or `${}`", variable.to_string_lossy());
    }
    out
}
