//! Reading manifests from files and stdin, and remembering where each object stood. What the
//! objects mean is left to `bundle`; the syntax to `bowline_core::manifest`.

use std::io::{self, Read};
use std::path::Path;
use std::{fmt, fs};

use bowline_core::manifest;
use serde_json::Value;

use crate::failure::{Failure, Kind};
use crate::suggest::nearest;

/// The path that stands for stdin.
const STDIN: &str = "-";

/// One object and where it was read. It has no `Debug`, since it may be a Secret.
pub struct Manifest {
    /// The object.
    pub object: Value,
    /// Where it stood.
    pub source: Source,
}

/// The text that an object was read from; like the object, without `Debug`.
pub struct Source {
    file: String,
    object: usize,
    /// The numbered lines of the object; empty where they cannot be told.
    lines: Vec<(usize, String)>,
}

/// Where something stood, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the person named it; `stdin` for `-`.
    pub file: String,
    /// Position among the objects of the file, from 1.
    pub object: usize,
    /// Line of the file, from 1, where it is known.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => write!(f, "{}, object {}", self.file, self.object),
        }
    }
}

impl Source {
    /// Where the object starts.
    pub fn start(&self) -> Place {
        self.at(self.lines.first().map(|(number, _)| *number))
    }

    /// The line that sets `key`, where exactly one does, else where the object starts.
    pub fn place_of(&self, key: &str) -> Place {
        let sets = |line: &str| {
            let rest = line.trim_start_matches([' ', '"', '\'']).strip_prefix(key);
            rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
        };
        let mut found = self.lines.iter().filter(|(_, line)| sets(line));
        match (found.next(), found.next()) {
            (Some((number, _)), None) => self.at(Some(*number)),
            _ => self.start(),
        }
    }

    fn at(&self, line: Option<usize>) -> Place {
        Place {
            file: self.file.clone(),
            object: self.object,
            line,
        }
    }
}

/// Reads all objects of all files, in order; `-` is stdin.
///
/// # Errors
/// When a file cannot be read or is not a manifest.
pub fn read(files: &[impl AsRef<Path>]) -> Result<Vec<Manifest>, Failure> {
    let mut manifests = Vec::new();
    for file in files {
        let (name, bytes) = bytes(file.as_ref())?;
        let objects = manifest::parse(&bytes).map_err(|error| {
            Failure::new(Kind::Usage, format!("`{name}` is not a manifest")).caused_by(&error)
        })?;
        manifests.extend(located(&name, &bytes, objects));
    }
    Ok(manifests)
}

/// The bytes of a file, and how it is called; `-` is stdin.
///
/// # Errors
/// When it cannot be read.
pub fn bytes(file: &Path) -> Result<(String, Vec<u8>), Failure> {
    if file.as_os_str() == STDIN {
        let mut bytes = Vec::new();
        return match io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => Ok(("stdin".to_owned(), bytes)),
            Err(error) => Err(Failure::new(Kind::Usage, "stdin cannot be read").caused_by(&error)),
        };
    }
    let name = file.display().to_string();
    fs::read(file)
        .map(|bytes| (name.clone(), bytes))
        .map_err(|error| {
            let failure =
                Failure::new(Kind::Usage, format!("`{name}` cannot be read")).caused_by(&error);
            match (error.kind(), neighbour(file)) {
                (io::ErrorKind::IsADirectory, _) => {
                    failure.help(format!("name the files in it: `-f {name}/*.yaml`"))
                }
                (io::ErrorKind::NotFound, Some(other)) => {
                    failure.help(format!("did you mean `{other}`?"))
                }
                _ => failure.help("name a file that can be read, or `-` for stdin"),
            }
        })
}

/// The file beside a missing one whose name is nearest.
fn neighbour(file: &Path) -> Option<String> {
    let folder = file.parent()?;
    let listed = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let names: Vec<String> = fs::read_dir(listed)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let name = nearest(
        file.file_name()?.to_str()?,
        names.iter().map(String::as_str),
    )?;
    Some(folder.join(name).display().to_string())
}

fn located(file: &str, bytes: &[u8], objects: Vec<Value>) -> impl Iterator<Item = Manifest> {
    let mut segments = segments(&String::from_utf8_lossy(bytes));
    // A list holds many objects in one document, so positions are known only without one.
    if segments.len() != objects.len() {
        segments = vec![Vec::new(); objects.len()];
    }
    objects
        .into_iter()
        .zip(segments)
        .enumerate()
        .map(move |(index, (object, lines))| {
            let source = Source {
                file: file.to_owned(),
                object: index + 1,
                lines,
            };
            Manifest { object, source }
        })
}

/// The numbered lines of each document that holds something, from its first line of content on.
fn segments(text: &str) -> Vec<Vec<(usize, String)>> {
    let mut segments = vec![Vec::new()];
    for (index, line) in text.lines().enumerate() {
        // At the start of a line these can be nothing but separators, whatever surrounds them.
        let separator = ["---", "..."]
            .into_iter()
            .find_map(|mark| line.strip_prefix(mark));
        let is_separator =
            separator.is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty());
        let content = if is_separator {
            separator.unwrap_or_default()
        } else {
            line
        };
        if is_separator {
            segments.push(Vec::new());
        }
        let is_comment = content.trim_start().starts_with(['#', '%']);
        let Some(segment) = segments.last_mut() else {
            continue;
        };
        if !segment.is_empty() || !(content.trim().is_empty() || is_comment) {
            segment.push((index + 1, content.to_owned()));
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Vec<Source> {
        let objects = manifest::parse(text.as_bytes()).expect("a manifest");
        located("a.yaml", text.as_bytes(), objects)
            .map(|manifest| manifest.source)
            .collect()
    }

    #[test]
    fn each_document_knows_its_first_line() {
        let text = "# ours\n---\n# first\nkind: A\n---\n---\nkind: B\n...\n--- # third\nkind: C\n";
        let lines: Vec<_> = sources(text)
            .iter()
            .map(|source| source.start().line)
            .collect();
        assert_eq!(lines, [Some(4), Some(7), Some(10)]);
    }

    #[test]
    fn a_list_knows_no_lines() {
        let text = "kind: List\nitems:\n- kind: A\n- kind: B\n";
        let lines: Vec<_> = sources(text)
            .iter()
            .map(|source| source.start().line)
            .collect();
        assert_eq!(lines, [None, None]);
    }

    #[test]
    fn a_key_is_found_where_one_line_sets_it() {
        let text = "kind: A\ndata:\n  KEY: x\n  \"KEY_2\" : y\na:\n  twice: 1\nb:\n  twice: 2\n";
        let source = &sources(text)[0];
        assert_eq!(source.place_of("KEY").line, Some(3));
        assert_eq!(source.place_of("KEY_2").line, Some(4));
        assert_eq!(source.place_of("twice").line, Some(1));
    }
}
