//! What holds for every case of every table.

use bowline_pipelines::copies::Sources;
use bowline_pipelines::launcher::{LauncherConfig, resolve};
use bowline_pipelines::model::{Addressing, DeploykfRelease};
use bowline_pipelines::render::{self, Names, Options, document, helm_values};
use bowline_pipelines::{Deployment, InputFile, deploykf, explain, store_document, stores};
use serde_json::Value;

use crate::case::{Case, name_of};
use crate::tables::{TABLES, cases};

fn all() -> impl Iterator<Item = Case> {
    TABLES.into_iter().flat_map(cases)
}

#[test]
fn objects_have_a_kind_a_name_and_stand_once() {
    for case in all() {
        let mut seen = std::collections::BTreeSet::new();
        for object in case.objects().unwrap_or_default() {
            let name = name_of(&object);
            assert!(object["apiVersion"].is_string(), "{}: {name}", case.name);
            assert!(!name.ends_with(['/', ' ']), "{}: {name}", case.name);
            assert!(seen.insert(name.clone()), "{}: {name} twice", case.name);
        }
    }
}

#[test]
fn deploykfs_values_made_of_a_deployment_give_it_back() {
    for case in all() {
        let Some(mut deployment) = case.read().deployment else {
            continue;
        };
        let Some(release) = deployment.releases.deploykf else {
            continue;
        };
        let (values, _) = helm_values(&deployment);
        let text = serde_saphyr::to_string(&values).expect("values are YAML");
        let file = InputFile {
            name: "again.yaml",
            text: &text,
        };
        let mut again = deploykf::read(&[file], release)
            .deployment
            .expect("values that are accepted");
        // Images are no part of what a store needs.
        again.deploykf = Default::default();
        deployment.deploykf = Default::default();
        assert!(
            again == deployment,
            "{}:\n{again:#?}\n{deployment:#?}",
            case.name
        );
    }
}

/// A reader's differences from a store, in objects that are rendered in a deployment's ways.
fn mistakes(deployment: &Deployment, names: Names, store: &Deployment) -> Vec<String> {
    let options = Options {
        names,
        kyverno: names == Names::Deploykf,
        secrets: None,
    };
    let objects = render::objects(deployment, options).0;
    // What is expected is what the first description says.
    let mut expected = deployment.clone();
    expected.store = store.store.clone();
    let explained = explain::explain(&expected, &objects);
    let is_told = |view: &&explain::View| {
        // The UI cannot be told everything, whoever sets it up.
        [
            "API server",
            "Argo controller",
            "Argo in the profile",
            "v2 launcher",
        ]
        .contains(&view.reader)
    };
    let differs = |view: &explain::View| {
        let mut differences = view.differences.clone();
        // Told as `not-in-deploykf`, or a trap of its own.
        differences.retain(|it| *it != "addressing" && *it != "credentials");
        let is_wrong = !differences.is_empty() || view.error.is_some();
        is_wrong.then(|| {
            format!(
                "{} in {}: {differences:?} {:?}",
                view.reader, view.namespace, view.error
            )
        })
    };
    explained
        .readers
        .iter()
        .filter(is_told)
        .filter_map(differs)
        .collect()
}

/// Documents whose region only the bucket knows, and nobody says.
fn lacks_region(deployment: &Deployment) -> bool {
    stores::region(&deployment.store).is_empty()
}

#[test]
fn a_store_that_moves_to_deploykf_is_still_found_by_all() {
    let mut moved = 0;
    for case in all().filter(Case::is_store) {
        let Some(deployment) = case.read().deployment.filter(|it| !lacks_region(it)) else {
            continue;
        };
        let (values, findings) = helm_values(&deployment);
        let text = serde_saphyr::to_string(&values).expect("values are YAML");
        let file = InputFile {
            name: "again.yaml",
            text: &text,
        };
        let reading = deploykf::read(&[file], DeploykfRelease::V0_1_5);
        let again = reading
            .deployment
            .unwrap_or_else(|| panic!("{}: {:?}\n{text}", case.name, reading.findings));
        let wrong = mistakes(&again, Names::Deploykf, &deployment);
        assert!(wrong.is_empty(), "{}: {wrong:#?}\n{text}", case.name);
        for (profile, moved) in deployment.profiles.iter().zip(&again.profiles) {
            let plugins = serde_json::to_string(&moved.plugins).expect("plain data");
            for (name, identity) in &profile.annotations {
                let is_told = findings.iter().any(|it| it.field == "profiles");
                let is_kept = plugins.contains(&format!("{identity:?}"));
                assert!(is_kept || is_told, "{}: {name} in {plugins}", case.name);
            }
        }
        let virtually = deployment.store.addressing != Addressing::Auto;
        let is_told = findings.iter().any(|it| it.field == "addressing");
        assert_eq!(virtually, is_told, "{}", case.name);
        moved += 1;
    }
    assert!(moved > 15, "{moved}");
}

#[test]
fn a_store_in_deploykfs_layout_is_found_by_all() {
    for case in all().filter(Case::is_store) {
        let Some(mut deployment) = case.read().deployment.filter(|it| !lacks_region(it)) else {
            continue;
        };
        // The newest release whose launcher takes deployKF's query.
        deployment.releases.kfp = "2.4".parse().expect("a release");
        let wrong = mistakes(&deployment, Names::Deploykf, &deployment);
        assert!(wrong.is_empty(), "{}: {wrong:#?}", case.name);
    }
}

#[test]
fn the_launcher_takes_every_config_of_the_native_layout() {
    for case in all() {
        let Some(deployment) = case.read().deployment else {
            continue;
        };
        let options = bowline_pipelines::render::Options {
            names: bowline_pipelines::render::Names::Native,
            kyverno: false,
            secrets: None,
        };
        for kfp in ["2.2", "2.5", "2.15", "2.17"] {
            let mut deployment = deployment.clone();
            deployment.releases.kfp = kfp.parse().expect("a release");
            let (objects, _) = bowline_pipelines::render::objects(&deployment, options);
            let is_launcher = |object: &&Value| object["metadata"]["name"] == "kfp-launcher";
            for object in objects.iter().filter(is_launcher) {
                let config =
                    LauncherConfig::parse(object.to_string().as_bytes()).expect("a ConfigMap");
                let session = resolve(&config, config.root(), deployment.releases.kfp);
                assert!(
                    session.is_ok(),
                    "{} at {kfp}: {:?}",
                    case.name,
                    session.err()
                );
            }
        }
    }
}

#[test]
fn the_store_that_the_operator_reads_says_whose_keys_go_where() {
    for case in all() {
        let Some(deployment) = case.read().deployment else {
            continue;
        };
        // A pipeline server has its own namespace and no copies.
        if deployment.server.is_some() {
            continue;
        }
        let document = serde_saphyr::to_string(&document(&deployment)).expect("YAML");
        let file = InputFile {
            name: "store.yaml",
            text: &document,
        };
        match store_document::sources(file) {
            Ok(sources) => assert!(
                sources == Sources::from(&deployment),
                "{}: {sources:?}\n{document}",
                case.name
            ),
            // Some values name a Secret that cannot be, which they are told.
            Err(found) => assert!(
                found.iter().all(|found| found.finding.rule == "name"),
                "{}: {found:?}\n{document}",
                case.name
            ),
        }
    }
}

#[test]
fn a_store_made_of_a_store_makes_the_same_objects() {
    for case in all().filter(Case::is_store) {
        let Some(mut deployment) = case.read().deployment else {
            continue;
        };
        // A URL does not say the port that its scheme has anyway.
        let port = &mut deployment.store.endpoint.port;
        *port = port.filter(|port| ![80, 443].contains(port));
        let document = serde_saphyr::to_string(&document(&deployment)).expect("YAML");
        let file = InputFile {
            name: "store.yaml",
            text: &document,
        };
        let again = store_document::read(file, &[]);
        let mut again = again
            .deployment
            .unwrap_or_else(|| panic!("{}: {:?}", case.name, again.findings));
        // A name without a namespace, or with another one, does not fit into the document.
        if !deployment
            .name
            .starts_with(again.name.split('.').next().unwrap_or_default())
        {
            again.name.clone_from(&deployment.name);
        }
        let options = Options {
            names: Names::Native,
            kyverno: false,
            secrets: None,
        };
        let [again, made] = [&again, &deployment].map(|one| render::objects(one, options).0);
        assert!(again == made, "{}:\n{document}", case.name);
    }
}
