//! Searches a folder for canaries in all spellings; the exit code says whether any was found.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use bowline_testkit::canary::marks;
use memchr::memmem;

fn main() -> Result<ExitCode> {
    let folder = std::env::args_os()
        .nth(1)
        .context("usage: canary-scan FOLDER")?;
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files)?;
    let mut leaks = 0;
    let mut bytes = 0;
    for file in &files {
        let content = std::fs::read(file)?;
        bytes += content.len();
        for (encoding, mark) in marks() {
            let found = memmem::find_iter(&content, mark.as_bytes()).count();
            if found > 0 {
                anstream::eprintln!("{}: {found} canaries, {encoding}", file.display());
                leaks += found;
            }
        }
    }
    anstream::println!(
        "canary-scan: {leaks} leaks in {} files, {bytes} bytes",
        files.len()
    );
    Ok(if leaks == 0 && bytes > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?
        } else {
            files.push(path)
        }
    }
    Ok(())
}
