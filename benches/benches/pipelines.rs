//! A store for 1,000 profiles, from deployKF's values to all objects as YAML, with a copy of each
//! profile's Secret: how long it takes, and how much memory at most.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bowline_benches::resident;
use bowline_core::{Secret, manifest};
use bowline_pipelines::model::DeploykfRelease;
use bowline_pipelines::render::{self, Names, Options};
use bowline_pipelines::{InputFile, deploykf};
use serde_json::json;

const PROFILES: usize = 1_000;
const MOST_SECONDS: f64 = 1.0;
const MOST_MEGABYTES: f64 = 100.0;

fn main() -> Result<()> {
    let values = values()?;
    let secrets: Vec<Secret> = (0..PROFILES).map(secret).collect::<Result<_>>()?;
    for names in [Names::Deploykf, Names::Native] {
        let start = Instant::now();
        let file = InputFile {
            name: "values.yaml",
            text: &values,
        };
        let reading = deploykf::read(&[file], DeploykfRelease::V0_1_5);
        let deployment = reading.deployment.context("the values are accepted")?;
        let read = start.elapsed().as_secs_f64();
        let options = Options {
            names,
            kyverno: false,
            secrets: Some(&secrets),
        };
        let (mut count, mut text) = (0, String::new());
        render::each(&deployment, options, &mut |object| {
            count += 1;
            text.push_str(&manifest::render(&[object]));
        });
        let took = start.elapsed().as_secs_f64();
        let most = resident(std::process::id(), "VmHWM")?;
        anstream::println!(
            "{names:?}: {PROFILES} profiles, {count} objects, {} kB: {:.0} ms, of which reading {:.0} ms; \
             {most:.0} MB at most",
            text.len() / 1000,
            took * 1e3,
            read * 1e3,
        );
        ensure!(took < MOST_SECONDS, "more than {MOST_SECONDS} s");
        ensure!(most < MOST_MEGABYTES, "more than {MOST_MEGABYTES} MB");
    }
    Ok(())
}

fn values() -> Result<String> {
    let mut text = "kubeflow_tools: {pipelines: {objectStore: {useExternal: true, \
                    auth: {existingSecret: backend}}}}\n\
                    deploykf_core:\n  deploykf_profiles_generator:\n    profiles:\n"
        .to_owned();
    for n in 0..PROFILES {
        writeln!(text, "      - name: team-{n}\n        members: []")?;
    }
    Ok(text)
}

fn secret(n: usize) -> Result<Secret> {
    let name = format!("kubeflow-pipelines--profile-object-store-auth--team-{n}");
    Ok(Secret::from_value(&json!({
        "metadata": {"name": name, "namespace": "kubeflow"},
        "stringData": {"access_key": format!("key-{n}"), "secret_key": format!("secret-{n}")},
    }))?)
}
