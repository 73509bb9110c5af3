//! The keys that an input may have, as paths, and what is said about others: the nearest known one.

use bowline_core::Severity;

use crate::finding::Rule;
use crate::reading::{Reader, View};
use crate::tree::Tree;

const UNKNOWN: Rule = Rule::refusal("unknown-key");
const UNHEARD: Rule = Rule::silent("unheard-key", Severity::Warning);
const EMPTIED: Rule = Rule::silent("emptied-section", Severity::Warning);

/// What is known of one input.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    /// One path a line: `[]` stands for every element of a list, `*` for members that are not looked
    /// at.
    pub(crate) paths: &'static str,
    /// The sections of which every key is known; outside of them live others' keys.
    pub(crate) closed: &'static [&'static str],
    /// What a key is called, such as `value of deployKF`.
    pub(crate) whose: &'static str,
    /// Paths that people find written and that are not heard, and what is meant by them.
    pub(crate) aliases: &'static [(&'static str, &'static str)],
}

impl Known {
    /// Looks at every key.
    pub(crate) fn check(self, reader: &mut Reader<'_>, root: &View<'_>) {
        let known: Vec<&str> = self.paths.lines().filter(|line| !line.is_empty()).collect();
        self.members(reader, root, "", &known);
    }

    /// Looks at the members of one mapping, whose path with `[]` for positions is `path`; `known` are
    /// the paths below it, shortened by it.
    fn members(self, reader: &mut Reader<'_>, view: &View<'_>, path: &str, known: &[&str]) {
        let is_open = !self.closed.iter().any(|closed| path.starts_with(closed));
        let Some(node) = view.node else { return };
        for (key, _) in node.members() {
            let child = view.child(key);
            let below: Vec<&str> = known.iter().filter_map(|path| under(path, key)).collect();
            if below.is_empty() {
                self.unknown(reader, &child, key, known, is_open);
                continue;
            }
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            self.look(reader, &child, &path, &below);
        }
    }

    fn look(self, reader: &mut Reader<'_>, view: &View<'_>, path: &str, below: &[&str]) {
        let below: Vec<&str> = below.iter().copied().filter(|p| !p.is_empty()).collect();
        let is_section = !below.is_empty() && below != ["*"];
        if !is_section {
            return;
        }
        let is_null = view
            .node
            .is_some_and(|node| matches!(node.value, Tree::Null));
        if is_null {
            let message = format!(
                "`{}` is empty, which takes the defaults in it away",
                view.path
            );
            reader.report(EMPTIED, view, message, "remove the key, or write `{}`");
            return;
        }
        if below.iter().all(|path| path.starts_with("[]")) {
            let below: Vec<&str> = below.iter().filter_map(|path| under(path, "[]")).collect();
            for item in reader.items(view) {
                self.members(reader, &item, path, &below);
            }
            return;
        }
        if reader.is_mapping(view) {
            self.members(reader, view, path, &below);
        }
    }

    fn unknown(
        self,
        reader: &mut Reader<'_>,
        view: &View<'_>,
        key: &str,
        known: &[&str],
        is_open: bool,
    ) {
        if self.is_alias(reader, view) {
            return;
        }
        let candidates = known
            .iter()
            .map(|path| path.split('.').next().unwrap_or(path));
        let nearest = nearest(key, candidates, is_open);
        match nearest {
            Some(nearest) => {
                let message = format!(
                    "`{}` is no {}; did you mean `{nearest}`?",
                    view.path, self.whose
                );
                let help = format!("write `{nearest}` instead of `{key}`");
                reader.report_key(UNKNOWN, view, message, help);
            }
            None if is_open => {}
            None => {
                let message = format!("`{}` is no {} that is known", view.path, self.whose);
                let help = "see that its name and its place are right; it is passed over";
                reader.report_key(UNHEARD, view, message, help);
            }
        }
    }
}

impl Known {
    /// Whether an unknown key is an alias, or holds some, which are then told.
    fn is_alias(self, reader: &mut Reader<'_>, view: &View<'_>) -> bool {
        let mut is_alias = false;
        for (alias, meant) in self.aliases {
            let Some(rest) = under(alias, &view.path) else {
                continue;
            };
            let written = match rest {
                "" => view.clone(),
                rest => view.at(rest),
            };
            if written.node.is_some() {
                let message = format!("`{alias}` is no {}; it is `{meant}`", self.whose);
                let help = format!("move what it holds to `{meant}`");
                reader.report_key(UNKNOWN, &written, message, help);
                is_alias = true;
            }
        }
        is_alias
    }
}

/// What is left of a path below a first segment.
fn under<'a>(path: &'a str, first: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(first)?;
    match rest.strip_prefix('.') {
        Some(rest) => Some(rest),
        None => rest.is_empty().then_some(rest),
    }
}

/// The nearest of the known keys, when it is near enough to be meant.
fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>, is_open: bool) -> Option<&'a str> {
    let lower = key.to_lowercase();
    let most = match is_open {
        true => 2,
        false => 2.max(key.len() / 3),
    };
    known
        .filter(|known| !known.starts_with(['[', '*']))
        .map(|known| {
            let distance = strsim::osa_distance(&lower, &known.to_lowercase());
            (distance, known)
        })
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
