//! Reading values by their paths as Go templates do, and saying what is wrong with them and
//! where they stand.

use bowline_core::Severity;
use bowline_core::manifest::ManifestError;
use indexmap::IndexMap;

use crate::finding::{Located, Place, Rule};
use crate::tree::{At, Node, Tree};

const UNREADABLE: Rule = Rule::refusal("unreadable");
const WRONG_TYPE: Rule = Rule::refusal("wrong-type");
const TEXT_FOR_BOOLEAN: Rule = Rule::silent("text-for-boolean", Severity::Warning);

/// Collects what is wrong while values are read.
pub(crate) struct Reader<'a> {
    files: &'a [&'a str],
    pub(crate) findings: Vec<Located>,
}

/// A place in the values, whether something stands there or not.
#[derive(Clone)]
pub(crate) struct View<'a> {
    /// What stands there; `None` also below something that is no mapping.
    pub(crate) node: Option<&'a Node>,
    /// The path, as people write it.
    pub(crate) path: String,
    /// Where it stands, or else what it would stand in.
    at: At,
}

impl<'a> View<'a> {
    /// All values.
    pub(crate) fn root(node: &'a Node) -> Self {
        Self {
            node: Some(node),
            path: String::new(),
            at: node.at,
        }
    }

    /// A member.
    pub(crate) fn child(&self, key: &str) -> Self {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        let node = self.node.and_then(|node| node.get(key));
        // The start of a mapping is its first key, so the key that holds it says more.
        let at = match (node, self.node) {
            (Some(node), _) => node.at,
            (None, Some(parent)) => parent.key_at.unwrap_or(self.at),
            (None, None) => self.at,
        };
        Self { node, path, at }
    }

    /// What a dotted path below leads to.
    pub(crate) fn at(&self, path: &str) -> Self {
        path.split('.')
            .fold(self.clone(), |view, key| view.child(key))
    }

    /// Whether something stands there that is not null.
    pub(crate) fn is_set(&self) -> bool {
        self.node
            .is_some_and(|node| !matches!(node.value, Tree::Null))
    }

    /// Whether a Go template takes it for true.
    pub(crate) fn is_truthy(&self) -> bool {
        self.node.is_some_and(Node::is_truthy)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(files: &'a [&'a str]) -> Self {
        Self {
            files,
            findings: Vec::new(),
        }
    }

    fn place(&self, at: At) -> Option<Place> {
        self.files.get(at.file).map(|file| Place {
            file: (*file).to_owned(),
            line: at.line,
            column: at.column,
        })
    }

    /// Says that a file is no YAML.
    pub(crate) fn unreadable(&mut self, file: &str, error: &ManifestError) {
        let (line, column) = match error {
            ManifestError::At { line, column, .. } => (*line, *column),
            _ => (1, 1),
        };
        let place = Place {
            file: file.to_owned(),
            line,
            column,
        };
        let help = "correct the file; it must be YAML or JSON with a mapping at its top";
        self.findings
            .push(UNREADABLE.found("", Some(place), error.to_string(), help));
    }

    /// Says something about a value.
    pub(crate) fn report(
        &mut self,
        rule: Rule,
        view: &View<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = self.place(view.at);
        self.findings
            .push(rule.found(view.path.clone(), place, message, help));
    }

    /// Says something about a key.
    pub(crate) fn report_key(
        &mut self,
        rule: Rule,
        view: &View<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let at = view.node.and_then(|node| node.key_at).unwrap_or(view.at);
        let place = self.place(at);
        self.findings
            .push(rule.found(view.path.clone(), place, message, help));
    }

    fn mistyped(&mut self, view: &View<'_>, wanted: &str) {
        let found = view.node.map_or("nothing", Node::kind);
        let message = format!("`{}` must be {wanted}, and is {found}", view.path);
        self.report(
            WRONG_TYPE,
            view,
            message,
            format!("write {wanted} under `{}`", view.path),
        );
    }

    /// A scalar as text; `default` when nothing stands there.
    pub(crate) fn text(&mut self, view: &View<'_>, default: &str) -> String {
        match view.node {
            None => default.to_owned(),
            Some(node) => node.scalar().unwrap_or_else(|| {
                self.mistyped(view, "text");
                default.to_owned()
            }),
        }
    }

    /// Like [`Reader::text`], but what is empty counts as absent.
    pub(crate) fn text_or(&mut self, view: &View<'_>, default: &str) -> String {
        match self.text(view, "").as_str() {
            "" => default.to_owned(),
            text => text.to_owned(),
        }
    }

    /// A switch, as a Go template takes it: any text that is not empty is on.
    pub(crate) fn truth(&mut self, view: &View<'_>, default: bool) -> bool {
        let Some(node) = view.node else {
            return default;
        };
        match &node.value {
            Tree::List(_) | Tree::Map(_) => {
                self.mistyped(view, "a boolean");
                return default;
            }
            Tree::Text(text) if !text.is_empty() => {
                let message = format!(
                    "`{}` is text, and deployKF takes every text for true",
                    view.path
                );
                let help = "write `true` or `false` without quotes";
                self.report(TEXT_FOR_BOOLEAN, view, message, help);
            }
            _ => {}
        }
        node.is_truthy()
    }

    /// The elements of a list.
    pub(crate) fn items<'b>(&mut self, view: &View<'b>) -> Vec<View<'b>> {
        match view.node.map(|node| &node.value) {
            None | Some(Tree::Null) => Vec::new(),
            Some(Tree::List(items)) => {
                let item = |(index, node): (usize, &'b Node)| View {
                    node: Some(node),
                    path: format!("{}[{index}]", view.path),
                    at: node.at,
                };
                items.iter().enumerate().map(item).collect()
            }
            Some(_) => {
                // An empty mapping is how some write an empty list.
                if view.is_truthy() {
                    self.mistyped(view, "a list");
                }
                Vec::new()
            }
        }
    }

    /// Whether it is a mapping; said when it is something else.
    pub(crate) fn is_mapping(&mut self, view: &View<'_>) -> bool {
        let is_mapping = view
            .node
            .is_some_and(|node| matches!(node.value, Tree::Map(_)));
        if !is_mapping {
            self.mistyped(view, "a mapping");
        }
        is_mapping
    }

    /// A mapping of texts, such as annotations.
    pub(crate) fn texts(&mut self, view: &View<'_>) -> IndexMap<String, String> {
        let Some(node) = view.node.filter(|_| view.is_set()) else {
            return IndexMap::new();
        };
        if !self.is_mapping(view) {
            return IndexMap::new();
        }
        node.members()
            .map(|(key, _)| (key.clone(), self.text(&view.child(key), "")))
            .collect()
    }
}
