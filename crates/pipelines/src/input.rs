//! Files in, a deployment and findings out: what the readers of all inputs have in common.

use crate::finding::Located;
use crate::model::Deployment;
use crate::reading::Reader;

/// A file as it was read.
#[derive(Clone, Copy)]
pub struct InputFile<'a> {
    /// How the person named it.
    pub name: &'a str,
    /// What it holds.
    pub text: &'a str,
}

/// What was read from an input.
#[derive(Debug)]
pub struct Reading {
    /// The deployment; `None` when a finding refuses the input.
    pub deployment: Option<Deployment>,
    /// Everything there is to say about the input, in the order of its places.
    pub findings: Vec<Located>,
}

impl Reading {
    pub(crate) fn new(reader: Reader<'_>, deployment: Option<Deployment>) -> Self {
        let mut findings = reader.findings;
        findings.sort_by(|a, b| a.place.cmp(&b.place));
        let is_refused = findings.iter().any(|found| found.is_refused);
        Self {
            deployment: deployment.filter(|_| !is_refused),
            findings,
        }
    }
}
