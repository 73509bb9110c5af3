//! The reference page of object stores, made of the tables and of what the findings say about each
//! store with each release; both are left to the parent.

use std::fmt::Write as _;

use bowline_core::Severity;

use super::*;
use crate::model::{Deployment, Release};
use crate::releases::{KFP, argo_of, short};
use crate::{InputFile, store_document};

/// The text of `docs/reference/pipelines-stores.md`.
pub fn reference() -> String {
    let mut page = String::from(HEAD);
    for store in &STORES {
        let tls = if store.needs_tls {
            "needed"
        } else {
            "optional"
        };
        let rights = if store.has_prefix_rights { "yes" } else { "no" };
        let cells = [
            store.name,
            &endpoint(store),
            store.region.as_str(),
            store.styles.as_str(),
            tls,
            rights,
            store.signature,
        ];
        row_of(&mut page, &cells);
    }
    page.push_str(BETWEEN);
    let releases: Vec<_> = KFP.into_iter().map(short).collect();
    let mut head = vec!["Store"];
    head.extend(releases.iter().map(String::as_str));
    row_of(&mut page, &head);
    row_of(&mut page, &vec!["---"; head.len()]);
    for store in &STORES {
        let verdicts = KFP.map(|kfp| verdict(store, kfp));
        let mut cells = vec![store.name];
        cells.extend(verdicts.iter().map(String::as_str));
        row_of(&mut page, &cells);
    }
    page.push_str(END);
    page
}

const HEAD: &str = "\
# Object stores of pipelines

What each store wants of those who speak to it, and which releases of Kubeflow Pipelines can use it.
`bowline pipelines lint` goes by these tables. The page is made from the code; a test fails when they
differ.

## What a store wants

All of them take signatures of Amazon's version 4, which every release writes; the last column says
what is particular about it. Rights on prefixes are what keeps profiles apart in one bucket.

| Store | Endpoint | Region | Bucket in | TLS | Rights on prefixes | Signature |
| --- | --- | --- | --- | --- | --- | --- |
";

const BETWEEN: &str = "
## Which release can use it

Of a store that is described as it wants to be, with keys, in our own layout, and the release of Argo
that comes with it. A cell is `yes`, or the [rules](pipelines-findings.md) that stand against it.

";

const END: &str = "
Before 2.2 nothing but the environment gives runs their keys, so `--kyverno` or an identity is needed:
that is the rule `no-keys-for-runs`, which holds for every store and is left out here.
";

fn row_of(page: &mut String, cells: &[&str]) {
    // Writing into a String cannot fail.
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

/// A pattern in the type of code; words as they are.
fn endpoint(store: &Traits) -> String {
    match store.endpoint.contains('.') {
        true => format!("`{}`", store.endpoint),
        false => store.endpoint.to_owned(),
    }
}

/// What stands against a store with a release.
fn verdict(store: &Traits, kfp: Release) -> String {
    let mut deployment = well_described(store);
    deployment.releases.kfp = kfp;
    deployment.releases.argo = argo_of(kfp);
    let errors = findings(&deployment)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error);
    let mut rules: Vec<_> = errors
        .map(|finding| format!("`{}`", finding.rule))
        .collect();
    rules.dedup();
    match rules.is_empty() {
        true => "yes".to_owned(),
        false => rules.join(", "),
    }
}

/// A store as it wants to be described.
fn well_described(store: &Traits) -> Deployment {
    let host = match store.endpoint.contains('.') {
        true => store.endpoint,
        false => "store.example.com",
    };
    let host = host
        .replace("{region}", REGION)
        .replace("{account}", "account");
    let words = store_document::VENDORS;
    let (word, _) = words
        .iter()
        .find(|(_, vendor)| *vendor == store.vendor)
        .expect("every store of the table has a word");
    let region = match store.region {
        Region::Auto => "auto",
        Region::Any | Region::TheServers | Region::TheBuckets | Region::TheEndpoints => REGION,
    };
    let addressing = match store.styles {
        Styles::VirtualOnly => "virtual",
        Styles::PathOnly => "path",
        Styles::Both | Styles::PathUnlessDomain => "auto",
    };
    let text = format!(
        "apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
metadata: {{name: store, namespace: kubeflow}}
spec: {{vendor: {word}, endpoint: 'https://{host}', bucket: models, region: {region}, addressing: {addressing}, connection: keys}}"
    );
    let file = InputFile {
        name: "store.yaml",
        text: &text,
    };
    let read = store_document::read(file, &[]).deployment;
    read.expect("the document is complete")
}

/// A region that every vendor has a name of this form for.
const REGION: &str = "eu-west-1";
