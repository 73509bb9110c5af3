//! Answers of a real kube-apiserver, stored: a file for each script file, a line for each request.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::send::Answer;

/// The answers that are stored.
///
/// # Errors
/// When they cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for path in paths(folder)? {
        let text = std::fs::read_to_string(&path)?;
        for line in text.lines() {
            let answer = serde_json::from_str(line);
            answers.push(answer.with_context(|| format!("reading {}", path.display()))?);
        }
    }
    Ok(answers)
}

/// Stores answers in place of those that were.
///
/// # Errors
/// When they cannot be written.
pub fn write(folder: &Path, answers: &[Answer]) -> Result<()> {
    for path in paths(folder)? {
        std::fs::remove_file(path)?;
    }
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for answer in answers {
        let file = answer.id.split('/').next().unwrap_or_default();
        writeln!(
            files.entry(file).or_default(),
            "{}",
            serde_json::to_string(answer)?
        )?;
    }
    std::fs::create_dir_all(answers_in(folder))?;
    for (file, text) in files {
        std::fs::write(answers_in(folder).join(format!("{file}.jsonl")), text)?;
    }
    Ok(())
}

fn answers_in(folder: &Path) -> PathBuf {
    folder.join("answers")
}

fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let folder = answers_in(folder);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.sort();
    Ok(paths)
}
