//! The object store of Kubeflow Pipelines in its three written forms, and all that follows from it.
#![no_main]

use bowline_fuzz::parts;
use bowline_pipelines::model::DeploykfRelease;
use bowline_pipelines::policies::{self, Dialect, Form};
use bowline_pipelines::render::{Names, Options, helm_values, kustomization, objects};
use bowline_pipelines::{Deployment, InputFile, deploykf, dspa, explain, store_document, traps};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [first, second] = parts(input);
    let (Ok(first), Ok(second)) = (std::str::from_utf8(first), std::str::from_utf8(second)) else {
        return;
    };
    let file = InputFile { name: "a.yaml", text: first };
    let other = InputFile { name: "b.yaml", text: second };
    let mut read = vec![store_document::read(file, &[]), dspa::read(file)];
    for release in [DeploykfRelease::V0_1_1, DeploykfRelease::V0_1_5] {
        read.push(deploykf::read(&[file, other], release));
    }
    for reading in read {
        assert!(reading.deployment.is_some() || !reading.findings.is_empty());
        if let Some(deployment) = &reading.deployment {
            follows(deployment);
        }
    }
});

fn follows(deployment: &Deployment) {
    for (names, kyverno) in [(Names::Native, false), (Names::Native, true), (Names::Deploykf, true)] {
        let options = Options { names, kyverno, secrets: None };
        let (rendered, _) = objects(deployment, options);
        let explained = explain::explain(deployment, &rendered);
        let _ = (explain::table(&explained), kustomization(&rendered, "base"));
        let _ = traps::findings(deployment, names, kyverno);
    }
    let _ = helm_values(deployment);
    for dialect in Dialect::ALL {
        for form in [Form::Limited, Form::Deploykf] {
            let _ = policies::merged(&policies::policies(deployment, dialect, form), dialect);
            let _ = policies::findings(deployment, dialect, form);
        }
    }
    let _ = policies::proof(deployment, Form::Limited);
}
