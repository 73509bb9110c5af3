//! What holds for every case of every table.

use bowline_pipelines::copies::Sources;
use bowline_pipelines::launcher::{LauncherConfig, resolve};
use bowline_pipelines::render::{self, Names, Options, document, helm_values};
use bowline_pipelines::{InputFile, deploykf, store_document};
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
        let again = again
            .deployment
            .unwrap_or_else(|| panic!("{}: {:?}", case.name, again.findings));
        let options = Options {
            names: Names::Native,
            kyverno: false,
            secrets: None,
        };
        let [again, made] = [&again, &deployment].map(|one| render::objects(one, options).0);
        assert!(again == made, "{}:\n{document}", case.name);
    }
}
