//! The differences that are known and say why; and the verdict on two servers' answers by them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::send::Answer;

/// All listed differences.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Differences(Vec<Difference>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// What is different, for people, and why.
    what: String,
    /// Each place: a request, and the JSON pointer of what may differ in its answer. `*` stands for
    /// any one segment.
    at: Vec<Place>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    requests: Vec<String>,
    paths: Vec<String>,
}

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Requests that were answered alike.
    pub equal: usize,
    /// Requests whose differences are all listed.
    pub listed: usize,
    /// Requests with other differences, each with what they are.
    pub unexplained: Vec<String>,
    /// Listed differences that did not occur.
    pub stale: Vec<String>,
}

impl Differences {
    /// Reads them from a file.
    ///
    /// # Errors
    /// When the file cannot be understood.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("reading {}", path.display()))?;
        Ok(serde_saphyr::from_str(&text)?)
    }

    /// Compares the embedded server's answers with a real one's, or a real one's with those of
    /// another day.
    pub fn judge(&self, real: &[Answer], ours: &[Answer]) -> Verdict {
        let mut verdict = Verdict::default();
        let mut occurred = BTreeSet::new();
        for real in real {
            let found = match ours.iter().find(|ours| ours.id == real.id) {
                Some(ours) => differing(&document(real), &document(ours)),
                None => vec![("".to_owned(), "an answer".into(), "none".into())],
            };
            let is_listed = |path: &str| self.listing(&real.id, path);
            let mut unexplained = String::new();
            for (path, theirs, ours) in &found {
                let listings = is_listed(path);
                if listings.is_empty() {
                    let _ = writeln!(unexplained, "  {path}\n    real {theirs}\n    ours {ours}");
                }
                occurred.extend(listings);
            }
            match (found.is_empty(), unexplained.is_empty()) {
                (true, _) => verdict.equal += 1,
                (_, true) => verdict.listed += 1,
                _ => verdict
                    .unexplained
                    .push(format!("{}\n{unexplained}", real.id)),
            }
        }
        // An answer that nothing was stored for was compared with nothing.
        let known: BTreeSet<&str> = real.iter().map(|answer| answer.id.as_str()).collect();
        let unknown = ours
            .iter()
            .filter(|answer| !known.contains(answer.id.as_str()));
        let unstored = unknown.map(|answer| {
            let id = &answer.id;
            format!("{id}\n  no answer is stored; run `make update-differential`\n")
        });
        verdict.unexplained.extend(unstored);
        verdict.stale = self
            .all_listings()
            .filter(|one| !occurred.contains(one))
            .map(|one| self.name(one))
            .collect();
        verdict
    }

    /// The listed differences, for people.
    pub fn page(&self) -> String {
        let mut page = "\n".to_owned();
        for difference in &self.0 {
            let _ = writeln!(page, "- {}", difference.what);
        }
        page
    }

    fn listing(&self, id: &str, path: &str) -> Vec<Listing> {
        let is_it = |&(of, at, request, place): &Listing| {
            let at = &self.0[of].at[at];
            matches(&at.requests[request], id) && matches(&at.paths[place], path)
        };
        self.all_listings().filter(is_it).collect()
    }

    fn all_listings(&self) -> impl Iterator<Item = Listing> + '_ {
        self.0.iter().enumerate().flat_map(|(of, difference)| {
            difference
                .at
                .iter()
                .enumerate()
                .flat_map(move |(at, place)| {
                    (0..place.requests.len()).flat_map(move |request| {
                        (0..place.paths.len()).map(move |path| (of, at, request, path))
                    })
                })
        })
    }

    fn name(&self, (of, at, request, path): Listing) -> String {
        let place = &self.0[of].at[at];
        format!(
            "{} {} ({})",
            place.requests[request], place.paths[path], self.0[of].what
        )
    }
}

/// A difference, and its place, request and path.
type Listing = (usize, usize, usize, usize);

/// Whether a text is what is listed, segment by segment.
fn matches(listed: &str, found: &str) -> bool {
    let (mut listed, mut found) = (listed.split('/'), found.split('/'));
    loop {
        match (listed.next(), found.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

fn document(answer: &Answer) -> Value {
    json!({"code": answer.code, "headers": answer.headers, "body": answer.body})
}

/// Every place where two values differ, with what is there.
fn differing(real: &Value, ours: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    compare(Some(real), Some(ours), "", &mut found);
    found
}

fn compare(
    real: Option<&Value>,
    ours: Option<&Value>,
    path: &str,
    found: &mut Vec<(String, String, String)>,
) {
    match (real, ours) {
        (Some(Value::Object(real)), Some(Value::Object(ours))) => {
            let names: BTreeSet<&String> = real.keys().chain(ours.keys()).collect();
            for name in names {
                let segment = name.replace('~', "~0").replace('/', "~1");
                compare(
                    real.get(name),
                    ours.get(name),
                    &format!("{path}/{segment}"),
                    found,
                );
            }
        }
        (Some(Value::Array(real)), Some(Value::Array(ours))) => {
            for index in 0..real.len().max(ours.len()) {
                compare(
                    real.get(index),
                    ours.get(index),
                    &format!("{path}/{index}"),
                    found,
                );
            }
        }
        (real, ours) if real == ours => {}
        (real, ours) => {
            let shown =
                |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            found.push((path.to_owned(), shown(real), shown(ours)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_nothing_is_stored_for_is_told() -> Result<()> {
        let differences: Differences = serde_saphyr::from_str("[]")?;
        let answer = |id: &str| Answer {
            id: id.to_owned(),
            code: 200,
            headers: std::collections::BTreeMap::new(),
            body: Value::Null,
        };
        let verdict = differences.judge(&[answer("a/b")], &[answer("a/b"), answer("a/c")]);
        assert_eq!(verdict.equal, 1);
        let told = verdict.unexplained.concat();
        assert!(told.starts_with("a/c\n  no answer is stored"), "{told}");
        Ok(())
    }
}
