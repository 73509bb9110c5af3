//! What must hold for a type to be saved: everything that is wrong with it at once. Findings point
//! at members of the input, such as `fields[2].envVar`.

mod field;

use std::collections::BTreeMap;

use bowline_core::{Finding, Protocol, Severity};

use super::{ConnectionType, Entry, Field, FieldKind, Item, TypeInput, wire};
use crate::naming;

/// Most bytes that the API stores in one ConfigMap.
const LARGEST: usize = 1024 * 1024;

/// Findings under way.
pub(super) struct Report(Vec<Finding>);

impl Report {
    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        field: String,
        texts: (String, &str),
    ) {
        let (message, help) = (texts.0, texts.1.to_owned());
        self.0.push(Finding {
            severity,
            rule,
            field,
            message,
            help,
        });
    }

    pub(super) fn error(
        &mut self,
        rule: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
        help: &str,
    ) {
        self.add(Severity::Error, rule, field.into(), (message.into(), help));
    }

    pub(super) fn warn(
        &mut self,
        rule: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
        help: &str,
    ) {
        self.add(
            Severity::Warning,
            rule,
            field.into(),
            (message.into(), help),
        );
    }
}

/// The type as it is saved: without the blanks, empty parts and defaults that must not be there.
pub fn cleaned(type_: &ConnectionType) -> ConnectionType {
    let trim = |text: &String| text.trim().to_owned();
    ConnectionType {
        display_name: trim(&type_.display_name),
        description: trim(&type_.description),
        categories: type_.categories.iter().map(trim).collect(),
        fields: type_.fields.iter().map(cleaned_entry).collect(),
        ..type_.clone()
    }
}

/// What is wrong with the protocol that a person names.
pub fn check_protocol(input: &TypeInput) -> Option<Finding> {
    let text = input.stated_protocol.as_deref()?;
    if text.is_empty() || text.parse::<Protocol>().is_ok() {
        return None;
    }
    let known = Protocol::ALL.map(|protocol| format!("`{}`", protocol.as_str()));
    Some(Finding {
        severity: Severity::Error,
        rule: "unknown-protocol",
        field: "statedProtocol".to_owned(),
        message: format!("`{text}` is no protocol"),
        help: format!(
            "name one of {}, or none where the fields tell it",
            known.join(", ")
        ),
    })
}

fn cleaned_entry(entry: &Entry) -> Entry {
    match entry {
        Entry::Section(_) => entry.clone(),
        Entry::Field(field) => Entry::from(cleaned_field(field)),
    }
}

/// Hidden fields never have a default: everybody who is signed in reads types.
fn cleaned_field(field: &Field) -> Field {
    let mut field = field.clone();
    field.env_var = field.env_var.trim().to_owned();
    match &mut field.kind {
        FieldKind::Hidden => field.is_deferred = true,
        FieldKind::Dropdown { items, .. } => {
            for item in items.iter_mut() {
                *item = Item {
                    label: item.label.trim().to_owned(),
                    value: item.value.trim().to_owned(),
                };
            }
            items.retain(|item| *item != Item::default());
        }
        FieldKind::File { extensions, .. } => {
            let clean = |text: &String| text.split_whitespace().collect::<String>().to_lowercase();
            *extensions = extensions
                .iter()
                .map(clean)
                .filter(|text| !text.is_empty())
                .collect();
        }
        _ => {}
    }
    if field.is_deferred {
        field.default = None;
        field.is_read_only = false;
    }
    field
}

/// Everything that is wrong or doubtful about a type as given; `others` are the types that are
/// there already. Whoever saves it saves it [`cleaned`].
pub fn check(given: &ConnectionType, others: &[ConnectionType]) -> Vec<Finding> {
    let mut report = Report(Vec::new());
    check_lost_defaults(given, &mut report);
    let type_ = &cleaned(given);
    if !naming::is_valid(&type_.name) {
        let message = format!("`{}` is not a resource name", naming::excerpt(&type_.name));
        report.error("resource-name", "name", message, naming::RULE);
    }
    if type_.display_name.is_empty() {
        let help = "give it a name that people recognise";
        report.error(
            "display-name",
            "displayName",
            "the display name is empty",
            help,
        );
    }
    check_categories(&type_.categories, &mut report);
    for (index, entry) in type_.fields.iter().enumerate() {
        field::check(entry, &format!("fields[{index}]"), &mut report);
    }
    check_conflicts(type_, &mut report);
    check_size(type_, &mut report);
    check_display_names(type_, others, &mut report);
    report
        .0
        .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report.0
}

fn check_lost_defaults(given: &ConnectionType, report: &mut Report) {
    for (index, entry) in given.fields.iter().enumerate() {
        let Some(field) = entry.as_field() else {
            continue;
        };
        let is_lost = field.is_deferred || field.kind == FieldKind::Hidden;
        if is_lost && field.default.is_some() {
            let message = format!(
                "the default of `{}` is not kept: its input is deferred to the user",
                field.name
            );
            let place = format!("fields[{index}].properties.defaultValue");
            report.warn("default-dropped", place, message, "remove the default");
        }
    }
}

fn check_categories(categories: &[String], report: &mut Report) {
    if categories.is_empty() {
        let help = "name at least one, such as `Object storage`";
        report.error("category", "categories", "there is no category", help);
    }
    for (index, category) in categories.iter().enumerate() {
        let place = || format!("categories[{index}]");
        if category.is_empty() {
            report.error("category", place(), "the category is empty", "remove it");
        } else if categories[..index].contains(category) {
            report.error(
                "category",
                place(),
                "the category is there twice",
                "remove one of the two",
            );
        }
    }
}

fn check_conflicts(type_: &ConnectionType, report: &mut Report) {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, entry) in type_.fields.iter().enumerate() {
        if let Some(field) = entry.as_field().filter(|field| !field.env_var.is_empty()) {
            places.entry(&field.env_var).or_default().push(index);
        }
    }
    for (name, places) in places.iter().filter(|(_, places)| places.len() > 1) {
        for index in places {
            let message = format!(
                "{} fields have the environment variable `{name}`",
                places.len()
            );
            let help = "give each field a variable of its own";
            report.error(
                "env-var-conflict",
                format!("fields[{index}].envVar"),
                message,
                help,
            );
        }
    }
}

fn check_size(type_: &ConnectionType, report: &mut Report) {
    let fields: usize = type_
        .fields
        .iter()
        .map(|entry| format!("{:#}", wire::to_value(entry)).len())
        .sum();
    let categories: usize = type_.categories.iter().map(String::len).sum();
    if fields + categories > LARGEST {
        let message = "the fields are larger than 1 MiB, more than Kubernetes stores";
        report.error(
            "too-large",
            "fields",
            message,
            "shorten descriptions and defaults",
        );
    }
}

fn check_display_names(type_: &ConnectionType, others: &[ConnectionType], report: &mut Report) {
    let is_same = |other: &&ConnectionType| {
        let is_itself = other.name == type_.name && other.dialect == type_.dialect;
        !is_itself
            && other
                .display_name
                .trim()
                .eq_ignore_ascii_case(&type_.display_name)
    };
    if let Some(other) = others.iter().find(is_same) {
        let message = format!("connection type `{}` has the same display name", other.name);
        let help = "choose another, or people cannot tell them apart";
        report.warn("display-name-taken", "displayName", message, help);
    }
}
