//! The rules about manifests and workloads, which only a look at several objects can tell. Those
//! about a single connection are `bowline_core::validate::RULES`.

use bowline_core::plan::{Denial, Warning};
use bowline_core::secret::SecretError;
use bowline_core::validate::{self, Rule};
use bowline_core::{Finding, Severity, names};

use super::workload::World;
use crate::overlooked::Overlooked;

const UNREADABLE: Rule = Rule {
    id: "unreadable-secret",
    severity: Severity::Error,
    summary: "the manifest of a Secret has a form that the API server refuses",
};
const DENIED: Rule = Rule {
    id: "denied",
    severity: Severity::Error,
    summary: "admission denies the workload",
};
const UNCHECKED: Rule = Rule {
    id: "unchecked-reference",
    severity: Severity::Warning,
    summary: "the workload names a Secret whose manifest is not among the files",
};
const ADVICE: Rule = Rule {
    id: "admission-warning",
    severity: Severity::Warning,
    summary: "admission lets the workload pass with a warning",
};

const UNKNOWN_WORKLOAD: Rule = Rule {
    id: "unknown-workload",
    severity: Severity::Warning,
    summary: "an object of a kind into which nothing is injected names a connection",
};
const UNKNOWN_ANNOTATION: Rule = Rule {
    id: "unknown-annotation",
    severity: Severity::Warning,
    summary: "an annotation's key is almost, but not quite, one that Bowline reads",
};

/// Every rule that `lint` knows.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    const OWN: &[Rule] = &[
        UNREADABLE,
        DENIED,
        UNCHECKED,
        ADVICE,
        UNKNOWN_WORKLOAD,
        UNKNOWN_ANNOTATION,
    ];
    validate::RULES.iter().chain(OWN)
}

pub fn unreadable(error: &SecretError) -> Finding {
    let field = match error {
        SecretError::Name => "metadata.name".to_owned(),
        SecretError::Kind(_) => "kind".to_owned(),
        SecretError::Base64(key) | SecretError::Type(_, key) => key.clone(),
    };
    let help = "correct the manifest; `kubectl apply --dry-run=server` shows whether it is taken";
    finding(&UNREADABLE, &field, error.to_string(), help)
}

pub fn denied(field: &str, denial: &Denial) -> Finding {
    let help = format!("correct `{field}`, or the Secret that it names");
    finding(&DENIED, field, denial.to_string(), help)
}

pub fn unchecked(field: &str, secret: &str) -> Finding {
    let message =
        format!("Secret `{secret}` is not among the files, so the reference is unchecked");
    finding(&UNCHECKED, field, message, "add its manifest with `-f`")
}

pub fn advice(field: &str, warning: &Warning, world: World) -> Finding {
    let help = match world {
        World::Files => "`bowline inject --diff` with the same files shows what the workload gets",
        World::Cluster => "correct the workload, or the Secret that it names",
    };
    finding(&ADVICE, field, warning.to_string(), help)
}

pub fn overlooked(overlooked: &Overlooked) -> Finding {
    let message = overlooked.to_string();
    match overlooked {
        Overlooked::Kind(_) => {
            let help = "put the keys there yourself, by `envFrom`; \
                        the guide lists the kinds that can name connections";
            finding(&UNKNOWN_WORKLOAD, names::CONNECTIONS, message, help)
        }
        Overlooked::Key(key, meant) => finding(
            &UNKNOWN_ANNOTATION,
            key,
            message,
            format!("write `{meant}`"),
        ),
    }
}

fn finding(rule: &Rule, field: &str, message: String, help: impl Into<String>) -> Finding {
    Finding {
        severity: rule.severity,
        rule: rule.id,
        field: field.to_owned(),
        message,
        help: help.into(),
    }
}
