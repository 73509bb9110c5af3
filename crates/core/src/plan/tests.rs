//! The laws that hold for every workload, whatever it looks like. Single cases live in the table of
//! admission cases that runs against the served API.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::diff::diff;
use crate::footprint::Skeleton;

const NAMESPACE: &str = "harbour";
const KINDS: [(WorkloadKind, &str, &str); 11] = [
    (WorkloadKind::Notebook, "kubeflow.org/v1", "Notebook"),
    (
        WorkloadKind::InferenceService,
        "serving.kserve.io/v1beta1",
        "InferenceService",
    ),
    (
        WorkloadKind::LlmInferenceService,
        "serving.kserve.io/v1alpha2",
        "LLMInferenceService",
    ),
    (WorkloadKind::Pod, "v1", "Pod"),
    (WorkloadKind::Job, "batch/v1", "Job"),
    (WorkloadKind::CronJob, "batch/v1", "CronJob"),
    (WorkloadKind::Deployment, "apps/v1", "Deployment"),
    (WorkloadKind::StatefulSet, "apps/v1", "StatefulSet"),
    (WorkloadKind::DaemonSet, "apps/v1", "DaemonSet"),
    (WorkloadKind::RayCluster, "ray.io/v1", "RayCluster"),
    (WorkloadKind::RayJob, "ray.io/v1", "RayJob"),
];

fn secret(name: &str, protocol: &str, data: &[(&str, &str)]) -> (String, Found) {
    let data: serde_json::Map<String, Value> = data
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    let object = json!({
        "kind": "Secret",
        "metadata": {"name": name, "annotations": {names::PROTOCOL: protocol}},
        "stringData": data,
    });
    (
        name.to_owned(),
        Found::Secret(Secret::from_value(&object).expect("a good Secret")),
    )
}

fn lookup() -> Lookup {
    Lookup::from([
        secret(
            "models",
            "s3",
            &[
                ("AWS_S3_BUCKET", "bucket"),
                ("AWS_S3_ENDPOINT", "https://s3.example.com"),
                ("AWS_ACCESS_KEY_ID", "id"),
                ("AWS_SECRET_ACCESS_KEY", "key"),
            ],
        ),
        secret(
            "weights",
            "uri",
            &[("URI", "hf://org/model"), ("HF_TOKEN", "token")],
        ),
        secret(
            "images",
            "oci",
            &[
                ("OCI_HOST", "registry.example.com/team"),
                (".dockerconfigjson", r#"{"auths":{}}"#),
            ],
        ),
    ])
}

/// Anything that may stand in a field that we know nothing of.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z.:/]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An object with some of these members and some unknown ones.
fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (keys, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
    let values: Vec<_> = values.into_iter().map(prop::option::of).collect();
    let unknown = prop::collection::btree_map("x[a-z]{1,3}", anything(), 0..3);
    (values, unknown)
        .prop_map(move |(values, unknown)| {
            let known = keys
                .iter()
                .zip(values)
                .filter_map(|(k, v)| Some(((*k).to_owned(), v?)));
            Value::Object(known.chain(unknown).collect())
        })
        .boxed()
}

fn one_of(values: &'static [&'static str]) -> BoxedStrategy<Value> {
    let texts = values.iter().map(|text| json!(text));
    prop::sample::select(texts.chain([Value::Null]).collect::<Vec<_>>()).boxed()
}

fn env_from() -> BoxedStrategy<Value> {
    let entry = prop_oneof![
        Just(json!({"secretRef": {"name": "models"}})),
        Just(json!({"secretRef": {"name": "weights"}, "prefix": "W_"})),
        Just(json!({"configMapRef": {"name": "settings"}})),
        Just(json!({"secretRef": {"name": "mine", "optional": true}})),
    ];
    prop_oneof![
        Just(Value::Null),
        prop::collection::vec(entry, 0..4).prop_map(Value::from)
    ]
    .boxed()
}

fn pull_secrets() -> BoxedStrategy<Value> {
    let entry = prop_oneof![
        Just(json!({"name": "images"})),
        Just(json!({"name": "mine"}))
    ];
    prop_oneof![
        Just(Value::Null),
        prop::collection::vec(entry, 0..3).prop_map(Value::from)
    ]
    .boxed()
}

fn pod() -> BoxedStrategy<Value> {
    let container = object(vec![
        ("name", one_of(&["wb", "proxy"])),
        ("envFrom", env_from()),
    ]);
    let containers = prop::collection::vec(container, 1..3)
        .prop_map(Value::from)
        .boxed();
    let rest = object(vec![
        ("serviceAccountName", one_of(&["", "mine", "models-sa"])),
        ("imagePullSecrets", pull_secrets()),
    ]);
    (containers, rest)
        .prop_map(|(containers, mut rest)| {
            rest["containers"] = containers;
            rest
        })
        .boxed()
}

fn template() -> BoxedStrategy<Value> {
    pod()
        .prop_map(|pod| json!({"metadata": {"labels": {"a": "b"}}, "spec": pod}))
        .boxed()
}

fn model() -> BoxedStrategy<Value> {
    let storage = object(vec![
        ("key", one_of(&["models", "mine"])),
        ("path", one_of(&["", "mine/path"])),
        ("parameters", anything().boxed()),
    ]);
    let model = object(vec![
        (
            "storageUri",
            one_of(&["", "pvc://claim/x", "oci://registry.example.com/team/m"]),
        ),
        ("storage", prop_oneof![Just(Value::Null), storage].boxed()),
        (
            "uri",
            one_of(&["", "hf://org/model", "oci://other.example.com/m"]),
        ),
        ("name", one_of(&["m"])),
    ]);
    prop_oneof![1 => Just(Value::Null), 4 => model].boxed()
}

fn spec(kind: WorkloadKind) -> BoxedStrategy<Value> {
    let at = |wrap: fn(Value) -> Value| template().prop_map(wrap).boxed();
    match kind {
        WorkloadKind::Pod => pod(),
        WorkloadKind::CronJob => at(|t| json!({"jobTemplate": {"spec": {"template": t}}})),
        WorkloadKind::RayCluster => at(|t| ray_cluster(&t)),
        WorkloadKind::RayJob => at(|t| json!({"rayClusterSpec": ray_cluster(&t)})),
        WorkloadKind::InferenceService => {
            let predictor = object(vec![
                ("model", model()),
                ("serviceAccountName", one_of(&["", "mine", "models-sa"])),
                ("imagePullSecrets", pull_secrets()),
            ]);
            predictor
                .prop_map(|predictor| json!({"predictor": predictor, "transformer": {}}))
                .boxed()
        }
        WorkloadKind::LlmInferenceService => {
            let router = pod().prop_map(|pod| json!({"scheduler": {"template": pod}}));
            object(vec![
                ("model", model()),
                ("template", prop_oneof![Just(Value::Null), pod()].boxed()),
                ("worker", pod()),
                (
                    "prefill",
                    object(vec![("template", pod()), ("worker", pod())]),
                ),
                ("router", router.boxed()),
            ])
        }
        _ => at(|template| json!({"replicas": 1, "template": template})),
    }
}

fn ray_cluster(template: &Value) -> Value {
    json!({
        "headGroupSpec": {"template": template},
        "workerGroupSpecs": [{"groupName": "w", "replicas": 2, "template": template}],
    })
}

/// A workload that nobody has tied anything into, and the annotations that tie it.
fn workload() -> impl Strategy<Value = (WorkloadKind, Value, Vec<(&'static str, &'static str)>)> {
    let kind = prop::sample::select(KINDS.to_vec());
    kind.prop_flat_map(|(kind, api_version, name)| {
        let annotations = prop_oneof![
            Just(Value::Null),
            Just(json!({})),
            Just(json!({"team": "north"})),
        ];
        let has_annotations = any::<bool>();
        let workload =
            (spec(kind), annotations, has_annotations).prop_map(move |(spec, notes, has)| {
                let mut object = json!({
                    "apiVersion": api_version, "kind": name,
                    "metadata": {"name": "wb", "generation": 3}, "spec": spec, "status": {},
                });
                if has {
                    object["metadata"]["annotations"] = notes;
                }
                object
            });
        (Just(kind), workload, references(kind))
    })
}

fn references(kind: WorkloadKind) -> BoxedStrategy<Vec<(&'static str, &'static str)>> {
    let path = (names::CONNECTION_PATH, "llm/granite");
    let lists: Vec<Vec<(&str, &str)>> = match kind {
        WorkloadKind::InferenceService => {
            let own = ["models", "weights", "images"].map(|name| (names::CONNECTIONS, name));
            let alauda = ["models", "weights", "images"].map(|name| (names::ALAUDA_SOURCE, name));
            own.into_iter()
                .chain(alauda)
                .flat_map(|r| [vec![r], vec![r, path]])
                .collect()
        }
        WorkloadKind::LlmInferenceService => ["models", "weights", "images"]
            .into_iter()
            .map(|name| vec![(names::CONNECTIONS, name), path])
            .collect(),
        _ => [
            "harbour/models",
            "harbour/models, harbour/weights,harbour/images",
        ]
        .into_iter()
        .map(|list| vec![(names::CONNECTIONS, list)])
        .collect(),
    };
    prop::sample::select(lists).boxed()
}

fn with(object: &Value, annotations: &[(&str, &str)]) -> Value {
    let mut object = object.clone();
    for (key, value) in annotations {
        if object["metadata"]["annotations"].is_null() {
            object["metadata"]["annotations"] = json!({});
        }
        object["metadata"]["annotations"][*key] = json!(value);
    }
    object
}

fn without(object: &Value, annotations: &[(&str, &str)]) -> Value {
    let mut object = object.clone();
    if let Some(map) = place::annotations_mut(&mut object) {
        annotations
            .iter()
            .for_each(|(key, _)| drop(map.shift_remove(*key)));
    }
    object
}

fn admit(kind: WorkloadKind, object: &Value, before: Option<&Value>) -> Result<Plan, Denial> {
    let operation = if before.is_some() {
        Operation::Update
    } else {
        Operation::Create
    };
    let request = Request {
        kind,
        operation,
        namespace: NAMESPACE,
        object,
        before,
    };
    plan(&request, &lookup())
}

fn after(object: &Value, plan: &Plan) -> Value {
    plan.object.clone().unwrap_or_else(|| object.clone())
}

/// Annotations that are absent, null and empty mean the same to Kubernetes, and a person who
/// removes the last one leaves an empty map behind.
fn settled(mut object: Value) -> Value {
    let is_bare = match &object["metadata"]["annotations"] {
        Value::Object(map) => map.is_empty(),
        other => other.is_null(),
    };
    if let (true, Some(metadata)) = (is_bare, object["metadata"].as_object_mut()) {
        metadata.shift_remove("annotations");
    }
    object
}

/// Adds a member to every object, as somebody may who knows more fields than we do.
fn add_to_all(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(add_to_all);
            members.insert("added".to_owned(), json!(1));
        }
        Value::Array(items) => items.iter_mut().for_each(add_to_all),
        _ => {}
    }
}

fn skeleton(object: &Value) -> Value {
    let Skeleton(kept) = serde_json::from_str(&object.to_string()).expect("a workload is JSON");
    kept
}

/// The patch that a plan on the skeleton makes is right for the whole.
fn same_on_the_skeleton(
    kind: WorkloadKind,
    object: &Value,
    before: Option<&Value>,
) -> Result<(), TestCaseError> {
    let (kept, kept_before) = (skeleton(object), before.map(skeleton));
    match (
        admit(kind, object, before),
        admit(kind, &kept, kept_before.as_ref()),
    ) {
        (Ok(whole), Ok(part)) => {
            let after_part = after(&kept, &part);
            let patch = serde_json::to_value(diff(&kept, &after_part)).expect("a patch is JSON");
            let patch: json_patch::Patch = serde_json::from_value(patch).expect("a patch");
            let mut patched = object.clone();
            json_patch::patch(&mut patched, &patch).expect("the patch applies");
            prop_assert_eq!(patched, after(object, &whole));
            prop_assert_eq!(whole.warnings, part.warnings);
            prop_assert_eq!(whole.accounts, part.accounts);
        }
        (whole, part) => prop_assert_eq!(whole.err(), part.err()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn planning_twice_is_planning_once((kind, object, references) in workload()) {
        let wanted = with(&object, &references);
        if let Ok(first) = admit(kind, &wanted, None) {
            let tied = after(&wanted, &first);
            let again = admit(kind, &tied, None).expect("what was admitted is admitted again");
            prop_assert_eq!(after(&tied, &again), tied.clone());
            let update = admit(kind, &tied, Some(&tied)).expect("an update without change passes");
            prop_assert_eq!(update.object, None);
        }
    }

    #[test]
    fn attaching_and_detaching_gives_the_original_back((kind, object, references) in workload()) {
        prop_assume!(!kind.is_pod_immutable());
        let wanted = with(&object, &references);
        if let Ok(first) = admit(kind, &wanted, None) {
            let tied = after(&wanted, &first);
            let dropped = without(&tied, &references);
            let second = admit(kind, &dropped, Some(&tied)).expect("detaching is never denied");
            prop_assert_eq!(settled(after(&dropped, &second)), settled(object));
        }
    }

    #[test]
    fn the_secret_may_be_gone_when_a_connection_is_detached((kind, object, references) in workload()) {
        prop_assume!(!kind.is_pod_immutable());
        let wanted = with(&object, &references);
        if let Ok(first) = admit(kind, &wanted, None) {
            let tied = after(&wanted, &first);
            let dropped = without(&tied, &references);
            let request = Request {
                kind, operation: Operation::Update, namespace: NAMESPACE,
                object: &dropped, before: Some(&tied),
            };
            let second = plan(&request, &Lookup::new()).expect("detaching is never denied");
            prop_assert_eq!(settled(after(&dropped, &second)), settled(object));
        }
    }

    #[test]
    fn fields_lost_in_a_replace_come_back_even_without_the_secret(
        (kind, object, references) in workload()
    ) {
        prop_assume!(!kind.is_pod_immutable());
        let wanted = with(&object, &references);
        if let Ok(first) = admit(kind, &wanted, None) {
            let tied = after(&wanted, &first);
            let request = Request {
                kind, operation: Operation::Update, namespace: NAMESPACE,
                object: &wanted, before: Some(&tied),
            };
            let second = plan(&request, &Lookup::new()).expect("an unchanged reference passes");
            prop_assert_eq!(after(&wanted, &second), tied);
        }
    }

    #[test]
    fn a_plan_on_the_skeleton_is_the_plan_on_the_whole((kind, object, references) in workload()) {
        same_on_the_skeleton(kind, &with(&object, &references), None)?;
    }

    #[test]
    fn detaching_on_the_skeleton_is_detaching_from_the_whole(
        (kind, object, references) in workload(), is_added_to in any::<bool>(),
    ) {
        let wanted = with(&object, &references);
        if let Ok(first) = admit(kind, &wanted, None) {
            let tied = after(&wanted, &first);
            let mut dropped = without(&tied, &references);
            if is_added_to {
                add_to_all(&mut dropped["spec"]);
            }
            same_on_the_skeleton(kind, &dropped, Some(&tied))?;
        }
    }

    #[test]
    fn a_plan_that_needs_no_values_is_the_same_without_them((kind, object, references) in workload()) {
        let wanted = with(&object, &references);
        let without_values: Lookup = lookup().into_iter().map(|(name, found)| match found {
            Found::Secret(secret) => (name, Found::Variables(Arc::new(Variables::of(&secret)))),
            other => (name, other),
        }).collect();
        // New; stored without us, as a peer leaves it; named for the first time.
        for before in [None, Some(&wanted), Some(&object)] {
            let operation = if before.is_some() { Operation::Update } else { Operation::Create };
            let request = Request { kind, operation, namespace: NAMESPACE, object: &wanted, before };
            prop_assume!(!needs(&request).values);
            prop_assert_eq!(plan(&request, &without_values), plan(&request, &lookup()));
        }
    }

    #[test]
    fn nothing_outside_of_the_known_places_changes((kind, object, references) in workload()) {
        let wanted = with(&object, &references);
        if let Ok(plan) = admit(kind, &wanted, None) {
            for operation in diff(&wanted, &after(&wanted, &plan)) {
                let path = serde_json::to_value(&operation).expect("JSON")["path"].to_string();
                let known = ["envFrom", "serviceAccountName", "imagePullSecrets", "model", "template",
                    "prefill", "metadata/annotations"];
                prop_assert!(known.iter().any(|part| path.contains(part)), "{path}");
            }
        }
    }

    #[test]
    fn no_annotation_makes_the_plan_panic(value in "\\PC{0,80}|[a-z/, .-]{0,80}", record in "\\PC{0,80}") {
        for (kind, api_version, name) in KINDS {
            let object = json!({
                "apiVersion": api_version, "kind": name,
                "metadata": {"name": "wb", "annotations": {
                    names::CONNECTIONS: value, names::INJECTED: record,
                }},
                "spec": {"containers": [{"name": "wb"}], "template": {"spec": {"containers": [{}]}}},
            });
            let _ = admit(kind, &object, None);
            let _ = admit(kind, &object, Some(&object));
        }
    }
}
