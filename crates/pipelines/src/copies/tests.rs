use std::collections::HashMap;

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::InputFile;
use crate::store_document::sources;

/// A store with a listed profile, one with a Secret of its own, one that takes another's, and one
/// without keys.
const STORE_OF_EACH: &str = "
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
metadata: {name: kfp, namespace: kubeflow}
spec:
  connection: shared
  auth: {type: KeyPerProfile, secretTemplate: 'keys-{profile_name}', accessKeyKey: a, secretKeyKey: s}
  profiles:
    - {name: listed}
    - {name: own, secret: {name: mine}}
    - {name: greedy, secret: {namespace: own, name: mine}}
    - {name: loop, secret: {name: pipelines-object-store}}
";
const SHARED: &str = "
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
spec: {connection: shared, profiles: [{name: listed}]}
";
const ONLY_LISTED: &str = "
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
spec: {connection: shared, onlyListed: true, profiles: [{name: listed}]}
";
const APART: &str = "
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
spec: {connection: shared, onlyListed: true, namespaces: {argo: wharf}}
";
const OF_A_PROFILE: &str = "
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
metadata: {namespace: own}
spec: {connection: mine}
";
const IDENTITY: &str = "
apiVersion: bowline.dev/v1alpha1
kind: PipelineStore
spec:
  connection: shared
  auth: {type: IRSA, backendIdentity: arn:aws:iam::1:role/a, profileIdentity: arn:aws:iam::1:role/b}
  profiles: [{name: listed}, {name: own, secret: {name: mine}}]
";

fn read(text: &str) -> Sources {
    sources(InputFile {
        name: "store.yaml",
        text,
    })
    .expect("a store")
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

/// A namespace: `p` has the label of profiles, `o` the Profile as its controller, `e` opted in.
fn standing(name: &str, marks: &str) -> Standing {
    let labels: Vec<_> = [('p', standing::PROFILE_LABEL), ('e', OPTED_IN)]
        .into_iter()
        .filter(|(mark, _)| marks.contains(*mark))
        .map(|(_, label)| label)
        .collect();
    let controller = Controller {
        api_version: "kubeflow.org/v1",
        kind: "Profile",
        name,
    };
    Standing::of(
        name,
        &map(&labels),
        marks.contains('o').then_some(controller),
    )
}

#[rstest]
#[case::listed(STORE_OF_EACH, "listed", "poe", "kubeflow/keys-listed")]
#[case::own_secret(STORE_OF_EACH, "own", "poe", "own/mine")]
#[case::another_profiles_secret(
    STORE_OF_EACH,
    "greedy",
    "poe",
    "refused: Secret `own/mine` belongs to another profile"
)]
#[case::the_copy_itself(
    STORE_OF_EACH,
    "loop",
    "poe",
    "refused: Secret `loop/pipelines-object-store` is the copy itself"
)]
#[case::unlisted_by_template(STORE_OF_EACH, "new", "poe", "kubeflow/keys-new")]
#[case::unlisted_by_shared_key(SHARED, "new", "poe", "kubeflow/shared")]
#[case::unlisted_where_only_the_listed_are_served(
    ONLY_LISTED,
    "new",
    "poe",
    "refused: the store serves listed profiles only"
)]
#[case::unlisted_and_not_opted_in(SHARED, "new", "po", "")]
#[case::unlisted_and_no_profile(SHARED, "new", "e", "refused: namespace `new` is no profile's")]
#[case::listed_and_not_opted_in(
    SHARED,
    "listed",
    "po",
    "refused: the profile has not opted in; `kubectl label namespace listed bowline.dev/pipelines=enabled`"
)]
#[case::shared_parts(STORE_OF_EACH, "kubeflow", "e", "kubeflow/shared")]
#[case::shared_parts_that_did_not_opt_in(
    STORE_OF_EACH,
    "kubeflow",
    "-",
    "refused: the namespace has not opted in; `kubectl label namespace kubeflow bowline.dev/pipelines=enabled`"
)]
#[case::shared_parts_apart(APART, "wharf", "e", "kubeflow/shared")]
#[case::shared_parts_that_are_not_there(
    APART,
    "wharf",
    "",
    "missing: namespace `wharf` is not there; create it"
)]
#[case::shared_parts_with_an_identity(IDENTITY, "kubeflow", "e", "")]
#[case::shared_parts_and_a_profile_s_secret(
    OF_A_PROFILE,
    "kubeflow",
    "e",
    "refused: Secret `own/mine` belongs to another profile"
)]
#[case::label_without_controller(
    SHARED,
    "listed",
    "pe",
    "refused: namespace `listed` is no profile's"
)]
#[case::controller_without_label(
    SHARED,
    "listed",
    "oe",
    "refused: namespace `listed` is no profile's"
)]
#[case::neither_profile_nor_opted_in(
    SHARED,
    "listed",
    "-",
    "refused: namespace `listed` is no profile's"
)]
#[case::listed_and_not_there(SHARED, "listed", "", "missing: namespace `listed` is not there")]
#[case::unlisted_and_not_there(SHARED, "new", "", "")]
#[case::identity(IDENTITY, "listed", "poe", "")]
#[case::identity_of_all_others(IDENTITY, "new", "poe", "")]
#[case::a_key_in_spite_of_identity(IDENTITY, "own", "poe", "own/mine")]
fn a_profile_is_given_what_the_table_says(
    #[case] store: &str,
    #[case] name: &str,
    #[case] marks: &str,
    #[case] expected: &str,
) {
    let mut namespaces = HashMap::from([
        ("own", standing("own", "poe")),
        ("kubeflow", standing("kubeflow", "")),
    ]);
    if !marks.is_empty() {
        namespaces.insert(name, standing(name, marks));
    }
    let decision = decide(&read(store), name, |name| namespaces.get(name).copied());
    let text = match decision {
        Decision::Nothing => String::new(),
        Decision::Told(status) => status.to_string(),
        Decision::Copy(source) => format!("{}/{}", source.namespace, source.name),
    };
    assert!(
        text.starts_with(expected) && text.is_empty() == expected.is_empty(),
        "{text}"
    );
}

#[rstest]
#[case::the_profile("kubeflow.org/v1", "Profile", "team", true)]
#[case::an_older_version("kubeflow.org/v1beta1", "Profile", "team", true)]
#[case::another_profile("kubeflow.org/v1", "Profile", "team-1", false)]
#[case::another_group("example.com/v1", "Profile", "team", false)]
#[case::no_group("v1", "Profile", "team", false)]
#[case::another_kind("kubeflow.org/v1", "Notebook", "team", false)]
fn only_the_profile_of_its_name_makes_a_namespace_one(
    #[case] api_version: &str,
    #[case] kind: &str,
    #[case] name: &str,
    #[case] expected: bool,
) {
    let labels = map(&[standing::PROFILE_LABEL]);
    let controller = Controller {
        api_version,
        kind,
        name,
    };
    let standing = Standing::of("team", &labels, Some(controller));
    assert_eq!(standing.is_profile(), expected);
}

#[rstest]
#[case::said(&[SOURCE], true)]
#[case::nothing_said(&[], false)]
#[case::another_word(&[(SOURCE.0, "yes")], false)]
#[case::withdrawn(&[(SOURCE.0, "false")], false)]
fn a_secret_is_copied_only_if_it_agrees(
    #[case] annotations: &[(&str, &str)],
    #[case] expected: bool,
) {
    let source = read(SHARED).of("listed").expect("a source");
    let source = source.keys().expect("keys");
    let agreed = agrees(source, &map(annotations));
    assert_eq!(agreed.is_ok(), expected);
    if let Err(status) = agreed {
        let advice =
            "`kubectl annotate secret shared -n kubeflow bowline.dev/pipelines-source=true`";
        assert!(status.to_string().ends_with(advice), "{status}");
    }
}

#[rstest]
#[case::made_by_the_operator(&[bowline_core::names::MANAGED_BY, COPY], true)]
#[case::applied(&[bowline_core::names::MANAGED_BY, (OWNED, "kubeflow.kfp")], true)]
#[case::made_for_something_else(&[bowline_core::names::MANAGED_BY], false)]
#[case::made_by_others(&[COPY], false)]
#[case::unmarked(&[], false)]
fn only_marked_secrets_are_ours(#[case] labels: &[(&str, &str)], #[case] expected: bool) {
    assert_eq!(is_ours(&map(labels), &BTreeMap::new()), expected);
}

/// Who applied it says when it goes.
#[rstest]
#[case::made_by_the_operator(&[bowline_core::names::MANAGED_BY, COPY], true)]
#[case::taken_over(&[bowline_core::names::MANAGED_BY, COPY, (OWNED, "kubeflow.kfp")], true)]
#[case::applied(&[bowline_core::names::MANAGED_BY, (OWNED, "kubeflow.kfp")], false)]
#[case::made_by_others(&[COPY], false)]
fn only_copies_that_the_operator_keeps_are_its_to_remove(
    #[case] labels: &[(&str, &str)],
    #[case] expected: bool,
) {
    assert_eq!(is_kept(&map(labels), &BTreeMap::new()), expected);
}

#[rstest]
#[case::both(json!({"a": "x", "s": "y", "other": "z"}), Ok(vec!["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]))]
#[case::one_empty(json!({"a": "x", "s": ""}), Err("missing: Secret `kubeflow/keys-listed` has no value under `s`"))]
#[case::none(json!({}), Err("missing: Secret `kubeflow/keys-listed` has no value under `a` and `s`"))]
fn a_copy_holds_the_keys_and_nothing_else(
    #[case] data: serde_json::Value,
    #[case] expected: Result<Vec<&str>, &str>,
) {
    let secret = json!({"metadata": {"name": "keys-listed"}, "stringData": data});
    let secret = Secret::from_value(&secret).expect("a Secret");
    let source = read(STORE_OF_EACH).of("listed").expect("a source");
    let keys = keys(source.keys().expect("keys"), &secret);
    match (keys, expected) {
        (Ok(keys), Ok(expected)) => assert_eq!(keys.into_keys().collect::<Vec<_>>(), expected),
        (Err(status), Err(expected)) => {
            assert!(status.to_string().starts_with(expected), "{status}");
            assert!(Status::is_source_missing(&status.to_string()));
        }
        (keys, _) => panic!("{:?}", keys.map(Keys::into_keys)),
    }
}

#[rstest]
#[case::a_command_as_a_name("connection: 'a; rm -rf ~'")]
#[case::a_command_as_a_profile("connection: a\n  profiles: [{name: '$(reboot)'}]")]
#[case::a_line_as_a_key("connection: a\n  auth: {accessKeyKey: \"a\\nb\"}")]
#[case::a_path_as_argos_namespace("connection: a\n  namespaces: {argo: ../c}")]
#[case::a_path_as_a_namespace(
    "connection: a\n  profiles: [{name: b, secret: {namespace: ../c, name: d}}]"
)]
#[case::a_misspelt_field("connection: a\n  profile: []")]
fn a_document_with_what_is_no_name_is_refused(#[case] spec: &str) {
    let text = format!("apiVersion: bowline.dev/v1alpha1\nkind: PipelineStore\nspec:\n  {spec}\n");
    let refusals = sources(InputFile {
        name: "store.yaml",
        text: &text,
    });
    assert!(refusals.is_err(), "{refusals:?}");
}
