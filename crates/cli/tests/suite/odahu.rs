//! ODAHU's own command line client against `bowline up`: every `conn` and `bulk` command of its
//! documentation, as transcripts. What goes over the wire is left to the tests of the server.

mod client;

use std::path::Path;

use anyhow::Result;

use client::{Client, Door};

/// Plays a script of commands and compares what they print.
macro_rules! transcript {
    ($client:expr, $commands:expr) => {
        let transcript = $client.play($commands)?;
        insta::with_settings!({omit_expression => true}, {
            insta::assert_snapshot!(transcript);
        });
    };
}

#[test]
fn the_commands_of_the_documentation() -> Result<()> {
    let client = Client::new(Door::Open)?;
    transcript!(
        client,
        "odahuflowctl version
         odahuflowctl login --url $API_URL
         odahuflowctl conn get
         odahuflowctl conn create -f s3.yaml
         odahuflowctl conn create -f gcs.yaml
         odahuflowctl conn create -f azure.yaml
         odahuflowctl conn create -f git.yaml
         odahuflowctl conn create -f docker.yaml
         odahuflowctl conn create -f ecr.yaml -o json
         odahuflowctl conn create -f documented-docker.yaml
         odahuflowctl conn create -f documented-overview.yaml
         odahuflowctl conn get --format json
         odahuflowctl conn get -o json
         odahuflowctl conn get -o 'jsonpath=[*].id'
         odahuflowctl conn get --id ml-repository -o 'jsonpath=[*].spec.reference'
         odahuflowctl conn get --id ml-repository
         odahuflowctl conn get --id nobody
         odahuflowctl conn get --decrypted -o 'jsonpath=[*].spec.password'
         odahuflowctl conn get --id docker-registry --decrypted -o json
         odahuflowctl conn get -o xml
         odahuflowctl conn --help"
    );
    client.search_the_log()
}

#[test]
fn editing_and_deleting() -> Result<()> {
    let client = Client::new(Door::Open)?;
    transcript!(
        client,
        "odahuflowctl connection create --file docker.yaml --conn-id renamed -o 'jsonpath=[*].id'
         odahuflowctl conn create -f docker.yaml --id renamed
         odahuflowctl conn get --conn-id renamed -o json > read.json
         odahuflowctl conn edit -f read.json -o 'jsonpath=[*].spec.password'
         odahuflowctl conn get --id renamed -d -o 'jsonpath=[*].spec.password'
         odahuflowctl conn create -f read.json --id copied
         odahuflowctl conn edit -f docker.yaml --id nobody
         odahuflowctl conn edit -f elsewhere.yaml
         odahuflowctl conn create -f vital.yaml -o 'jsonpath=[*].spec.vital'
         odahuflowctl conn delete --id vital
         odahuflowctl conn edit -f vital-left-out.yaml -o 'jsonpath=[*].spec.vital'
         odahuflowctl conn delete -f vital.yaml
         odahuflowctl conn edit -f vital-lifted.yaml -o 'jsonpath=[*].spec.vital'
         odahuflowctl conn delete -f vital.yaml
         odahuflowctl conn delete --id vital
         odahuflowctl conn delete --id vital --ignore-not-found
         odahuflowctl conn delete --id vital --not-ignore-not-found
         odahuflowctl conn delete
         odahuflowctl conn delete --id renamed -f docker.yaml
         odahuflowctl conn delete --id renamed
         odahuflowctl conn create
         odahuflowctl conn create -f nowhere.yaml
         odahuflowctl conn create -f unreadable.yaml
         odahuflowctl conn create -f no-kind.yaml
         odahuflowctl conn create -f other-kind.yaml
         odahuflowctl conn create -f several.yaml
         odahuflowctl conn get -o table"
    );
    client.search_the_log()
}

#[test]
fn many_at_once() -> Result<()> {
    let client = Client::new(Door::Open)?;
    transcript!(
        client,
        "odahuflowctl bulk apply several.yaml
         odahuflowctl bulk apply several.yaml
         odahuflowctl bulk apply partly-wrong.yaml
         odahuflowctl conn get -o 'jsonpath=[*].id'
         odahuflowctl conn get -o json > all.json
         odahuflowctl bulk apply all.json
         odahuflowctl bulk delete partly-wrong.yaml
         odahuflowctl bulk delete several.yaml
         odahuflowctl bulk delete several.yaml
         odahuflowctl bulk apply nowhere.yaml
         odahuflowctl conn get"
    );
    client.search_the_log()
}

#[test]
fn credentials_decide_where_the_api_is_not_open() -> Result<()> {
    let client = Client::new(Door::Closed)?;
    transcript!(
        client,
        "odahuflowctl conn get
         odahuflowctl conn create -f docker.yaml
         odahuflowctl bulk apply several.yaml
         odahuflowctl conn --token wrong get
         odahuflowctl login --url $API_URL --token $ADMINISTRATOR
         odahuflowctl config get API_TOKEN
         odahuflowctl conn create -f docker.yaml -o 'jsonpath=[*].id'
         odahuflowctl conn get -o 'jsonpath=[*].id'
         odahuflowctl logout
         odahuflowctl conn get
         API_TOKEN=$ADMINISTRATOR odahuflowctl conn get -o 'jsonpath=[*].id'
         odahuflowctl conn --url $API_URL/ --token $READER get -o 'jsonpath=[*].id'
         odahuflowctl conn --token $READER create -f git.yaml
         odahuflowctl conn --token $READER delete --id docker-registry
         odahuflowctl conn --token $READER delete --id nobody --ignore-not-found
         odahuflowctl conn --token $STRANGER get
         odahuflowctl conn --token $STRANGER get --id docker-registry
         odahuflowctl conn --token $STRANGER get --id nobody"
    );
    client.search_the_log()
}

#[test]
fn what_the_client_makes_is_tied_into_workloads() -> Result<()> {
    let client = Client::new(Door::Open)?;
    for made in ["s3", "gcs", "docker", "git"] {
        client.play(&format!("odahuflowctl conn create -f {made}.yaml"))?;
    }
    transcript!(
        client,
        "bowline list -n odahu
         ${KUBECTL:-kubectl} create -f workloads.yaml
         ${KUBECTL:-kubectl} get notebook training-data -n odahu -o 'jsonpath={.spec.template.spec}'
         ${KUBECTL:-kubectl} get notebook google-data -n odahu -o 'jsonpath={.spec.template.spec}'
         ${KUBECTL:-kubectl} get notebook docker-registry -n odahu -o 'jsonpath={.spec.template.spec}'
         ${KUBECTL:-kubectl} get notebook ml-repository -n odahu -o 'jsonpath={.spec.template.spec}'
         ${KUBECTL:-kubectl} get inferenceservice training-data -n odahu -o 'jsonpath={.spec.predictor}'
         ${KUBECTL:-kubectl} get inferenceservice docker-registry -n odahu -o 'jsonpath={.spec.predictor}'
         bowline usage -n odahu"
    );
    client.search_the_log()
}

/// The manifests that the scripts name.
fn manifests() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/suite/odahu/manifests"
    ))
}
