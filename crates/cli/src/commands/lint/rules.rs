//! The rules about manifests and workloads, which only a look at several objects can tell. Those
//! about a single connection are `bowline_core::validate::RULES`.

use bowline_core::plan::{Denial, Warning};
use bowline_core::secret::SecretError;
use bowline_core::validate::{self, Rule};
use bowline_core::{Finding, Severity};

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

/// Every rule that `lint` knows.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    const OWN: &[Rule] = &[UNREADABLE, DENIED, UNCHECKED, ADVICE];
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

pub fn advice(field: &str, warning: &Warning) -> Finding {
    let help = "`bowline inject --diff` with the same files shows what the workload gets";
    finding(&ADVICE, field, warning.to_string(), help)
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
