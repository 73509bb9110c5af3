//! Strategic merge patch, on pods unless said otherwise.

use super::*;
use rstest::rstest;

fn patch_kind(group: &str, kind: &str, target: &str, patch: &str) -> Result<Value, PatchError> {
    let keys = built_in(group, kind).expect("a built-in kind");
    apply(
        PatchKind::StrategicMerge,
        &value(target),
        &value(patch),
        &keys,
    )
}

/// Patches the spec of a pod.
fn patch(target: &str, patch: &str) -> Result<String, PatchError> {
    let spec = |text: &str| format!(r#"{{"spec":{text}}}"#);
    let patched = patch_kind("", "Pod", &spec(target), &spec(patch))?;
    Ok(patched["spec"].to_string())
}

#[rstest]
#[case::scalars_are_replaced(r#"{"nodeName":"a"}"#, r#"{"nodeName":"b"}"#, r#"{"nodeName":"b"}"#)]
#[case::null_removes(r#"{"a":1,"b":2,"c":3}"#, r#"{"a":null}"#, r#"{"b":2,"c":3}"#)]
#[case::null_of_nothing_is_dropped(r#"{}"#, r#"{"a":null}"#, r#"{}"#)]
#[case::nulls_of_new_objects_are_dropped(r#"{}"#, r#"{"a":{"b":null,"c":1}}"#, r#"{"a":{"c":1}}"#)]
#[case::objects_are_merged(r#"{"a":{"b":1}}"#, r#"{"a":{"c":2}}"#, r#"{"a":{"b":1,"c":2}}"#)]
#[case::another_type_replaces(r#"{"a":{"b":1}}"#, r#"{"a":"x"}"#, r#"{"a":"x"}"#)]
#[case::object_replaced(
    r#"{"a":{"b":1}}"#,
    r#"{"a":{"c":2,"$patch":"replace"}}"#,
    r#"{"a":{"c":2}}"#
)]
#[case::object_emptied(r#"{"a":{"b":1}}"#, r#"{"a":{"$patch":"delete"}}"#, r#"{"a":{}}"#)]
#[case::deletion_of_nothing(r#"{}"#, r#"{"a":{"$patch":"delete"}}"#, r#"{}"#)]
fn objects_merge(#[case] target: &str, #[case] body: &str, #[case] result: &str) {
    assert_eq!(patch(target, body).as_deref(), Ok(result));
}

#[rstest]
#[case::an_element_is_merged(
    r#"{"containers":[{"name":"a","image":"1","tty":true},{"name":"b"}]}"#,
    r#"{"containers":[{"name":"a","image":"2"}]}"#,
    r#"{"containers":[{"name":"a","image":"2","tty":true},{"name":"b"}]}"#
)]
#[case::a_new_element_comes_first(
    r#"{"containers":[{"name":"a"}]}"#,
    r#"{"containers":[{"name":"b"}]}"#,
    r#"{"containers":[{"name":"b"},{"name":"a"}]}"#
)]
#[case::a_later_element_stays_behind(
    r#"{"containers":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"containers":[{"name":"b","tty":true}]}"#,
    r#"{"containers":[{"name":"a"},{"name":"b","tty":true}]}"#
)]
#[case::an_element_is_deleted(
    r#"{"containers":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"containers":[{"name":"a","$patch":"delete"}]}"#,
    r#"{"containers":[{"name":"b"}]}"#
)]
#[case::deletion_and_addition_together(
    r#"{"containers":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"containers":[{"name":"c"},{"name":"a","$patch":"delete"}]}"#,
    r#"{"containers":[{"name":"c"},{"name":"b"}]}"#
)]
#[case::the_list_is_replaced(
    r#"{"containers":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"containers":[{"name":"c"},{"$patch":"replace"}]}"#,
    r#"{"containers":[{"name":"c"}]}"#
)]
#[case::the_list_is_emptied(
    r#"{"containers":[{"name":"a"}]}"#,
    r#"{"containers":[{"$patch":"replace"}]}"#,
    r#"{"containers":[]}"#
)]
#[case::the_same_new_element_twice(
    r#"{"containers":[]}"#,
    r#"{"containers":[{"name":"a","image":"1"},{"name":"a","tty":true}]}"#,
    r#"{"containers":[{"name":"a","image":"1","tty":true}]}"#
)]
#[case::lists_within_lists(
    r#"{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y","value":"1"}]}]}"#,
    r#"{"containers":[{"name":"a","env":[{"name":"Y","value":"2"}]}]}"#,
    r#"{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}]}]}"#
)]
#[case::numbers_as_keys(
    r#"{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"x"}]}]}"#,
    r#"{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"y"}]}]}"#,
    r#"{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"y"}]}]}"#
)]
#[case::a_list_without_key_is_replaced(
    r#"{"tolerations":[{"key":"a"},{"key":"b"}]}"#,
    r#"{"tolerations":[{"key":"c"}]}"#,
    r#"{"tolerations":[{"key":"c"}]}"#
)]
#[case::env_from_is_replaced(
    r#"{"containers":[{"name":"a","envFrom":[{"secretRef":{"name":"x"}}]}]}"#,
    r#"{"containers":[{"name":"a","envFrom":[{"secretRef":{"name":"y"}}]}]}"#,
    r#"{"containers":[{"name":"a","envFrom":[{"secretRef":{"name":"y"}}]}]}"#
)]
#[case::a_list_where_there_was_none(
    r#"{}"#,
    r#"{"containers":[{"name":"a","b":null},{"name":"c","$patch":"delete"}]}"#,
    r#"{"containers":[{"name":"a"}]}"#
)]
fn lists_merge_by_key(#[case] target: &str, #[case] body: &str, #[case] result: &str) {
    assert_eq!(patch(target, body).as_deref(), Ok(result));
}

#[rstest]
#[case::new_elements_take_their_place(
    r#"{"containers":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"$setElementOrder/containers":[{"name":"a"},{"name":"c"},{"name":"b"}],"containers":[{"name":"c"}]}"#,
    r#"{"containers":[{"name":"a"},{"name":"c"},{"name":"b"}]}"#
)]
#[case::an_order_alone_reorders(
    r#"{"containers":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}"#,
    r#"{"containers":[{"name":"b"},{"name":"a"}]}"#
)]
#[case::what_the_order_does_not_name_keeps_its_place(
    r#"{"containers":[{"name":"x"},{"name":"a"},{"name":"y"},{"name":"b"}]}"#,
    r#"{"$setElementOrder/containers":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"containers":[{"name":"x"},{"name":"a"},{"name":"y"},{"name":"b"}]}"#
)]
#[case::a_deletion_need_not_be_in_the_order(
    r#"{"containers":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"$setElementOrder/containers":[{"name":"b"}],"containers":[{"name":"a","$patch":"delete"}]}"#,
    r#"{"containers":[{"name":"b"}]}"#
)]
#[case::an_order_of_nothing(r#"{}"#, r#"{"$setElementOrder/containers":[{"name":"a"}]}"#, r#"{}"#)]
#[case::an_order_for_a_new_list(
    r#"{}"#,
    r#"{"$setElementOrder/containers":[{"name":"a"},{"name":"b"}],"containers":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"containers":[{"name":"a"},{"name":"b"}]}"#
)]
fn lists_take_the_order_that_is_set(
    #[case] target: &str,
    #[case] body: &str,
    #[case] result: &str,
) {
    assert_eq!(patch(target, body).as_deref(), Ok(result));
}

#[rstest]
#[case::united(r#"["a","b"]"#, r#"{"finalizers":["c","a"]}"#, r#"["c","a","b"]"#)]
#[case::deleted(
    r#"["a","b"]"#,
    r#"{"$deleteFromPrimitiveList/finalizers":["a","z"]}"#,
    r#"["b"]"#
)]
#[case::ordered(
    r#"["a","b"]"#,
    r#"{"$setElementOrder/finalizers":["b","c","a"],"finalizers":["c"]}"#,
    r#"["b","c","a"]"#
)]
#[case::as_a_client_changes_them(
    r#"["a","b"]"#,
    r#"{"$deleteFromPrimitiveList/finalizers":["a"],"$setElementOrder/finalizers":["b","c"],"finalizers":["c"]}"#,
    r#"["b","c"]"#
)]
fn sets_of_plain_values_merge(#[case] target: &str, #[case] body: &str, #[case] result: &str) {
    let target = format!(r#"{{"metadata":{{"finalizers":{target}}}}}"#);
    let patched = patch_kind("", "Secret", &target, &format!(r#"{{"metadata":{body}}}"#)).unwrap();
    assert_eq!(patched["metadata"]["finalizers"].to_string(), result);
}

#[rstest]
#[case::the_rest_goes(
    r#"{"volumes":[{"name":"v","emptyDir":{}}]}"#,
    r#"{"volumes":[{"name":"v","configMap":{"name":"c"},"$retainKeys":["name","configMap"]}]}"#,
    r#"{"volumes":[{"name":"v","configMap":{"name":"c"}}]}"#
)]
#[case::in_objects_too(
    r#"{"strategy":{"rollingUpdate":{},"type":"RollingUpdate"}}"#,
    r#"{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}"#,
    r#"{"strategy":{"type":"Recreate"}}"#
)]
fn only_retained_keys_stay(#[case] target: &str, #[case] body: &str, #[case] result: &str) {
    assert_eq!(patch(target, body).as_deref(), Ok(result));
}

#[rstest]
#[case::unknown_directive(r#"{"a":{}}"#, r#"{"a":{"$patch":"merge"}}"#, "$patch", "spec.a")]
#[case::directive_of_another_type(r#"{"a":{}}"#, r#"{"a":{"$patch":1}}"#, "$patch", "spec.a")]
#[case::unknown_directive_in_a_list(
    r#"{"containers":[]}"#,
    r#"{"containers":[{"name":"a","$patch":"merge"}]}"#,
    "$patch",
    "spec.containers"
)]
#[case::retained_keys_are_no_list(r#"{}"#, r#"{"$retainKeys":"a"}"#, "$retainKeys", "spec")]
#[case::retained_keys_lack_one(r#"{}"#, r#"{"$retainKeys":["a"],"b":1}"#, "$retainKeys", "spec")]
#[case::order_without_an_element(
    r#"{}"#,
    r#"{"$setElementOrder/containers":[{"name":"b"}],"containers":[{"name":"a"}]}"#,
    "$setElementOrder/containers",
    "spec.containers"
)]
#[case::order_against_the_patch(
    r#"{}"#,
    r#"{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a"},{"name":"b"}]}"#,
    "$setElementOrder/containers",
    "spec.containers"
)]
#[case::order_of_a_list_that_is_not_merged(
    r#"{}"#,
    r#"{"$setElementOrder/tolerations":[]}"#,
    "$setElementOrder/tolerations",
    "spec.tolerations"
)]
#[case::deletion_list_is_no_list(
    r#"{}"#,
    r#"{"$deleteFromPrimitiveList/x":"a"}"#,
    "$deleteFromPrimitiveList",
    "spec.x"
)]
fn a_misused_directive_is_refused(
    #[case] target: &str,
    #[case] body: &str,
    #[case] directive: &str,
    #[case] path: &str,
) {
    match patch(target, body) {
        Err(PatchError::Directive {
            directive: found,
            path: at,
            ..
        }) => {
            assert_eq!((found.as_str(), at.as_str()), (directive, path));
        }
        other => panic!("expected a refused directive, got {other:?}"),
    }
}

#[rstest]
#[case::in_the_patch(r#"{"containers":[]}"#, r#"{"containers":[{"image":"x"}]}"#)]
#[case::in_the_target(
    r#"{"containers":[{"image":"x"}]}"#,
    r#"{"containers":[{"name":"a"}]}"#
)]
#[case::not_plain(r#"{"containers":[]}"#, r#"{"containers":[{"name":{}}]}"#)]
fn an_element_without_its_key_is_refused(#[case] target: &str, #[case] body: &str) {
    let path = "spec.containers".to_owned();
    assert_eq!(
        patch(target, body),
        Err(PatchError::NoMergeKey { path, key: "name" })
    );
}

#[test]
fn an_object_in_a_set_of_plain_values_is_refused() {
    let result = patch_kind(
        "",
        "Pod",
        r#"{"metadata":{"finalizers":["a"]}}"#,
        r#"{"metadata":{"finalizers":[{}]}}"#,
    );
    assert_eq!(
        result,
        Err(PatchError::NotPlain {
            path: "metadata.finalizers".to_owned()
        })
    );
}

#[test]
fn only_objects_can_be_merged_strategically() {
    assert_eq!(
        patch_kind("", "Pod", "{}", "[]"),
        Err(PatchError::NotAnObject)
    );
}

#[rstest]
#[case::pod("", "Pod", "spec.containers", Some(ListStrategy::ByKey("name")))]
#[case::owner_references(
    "",
    "ConfigMap",
    "metadata.ownerReferences",
    Some(ListStrategy::ByKey("uid"))
)]
#[case::finalizers_of_a_template(
    "apps",
    "Deployment",
    "spec.template.metadata.finalizers",
    Some(ListStrategy::Set)
)]
#[case::deployment(
    "apps",
    "Deployment",
    "spec.template.spec.volumes",
    Some(ListStrategy::ByKey("name"))
)]
#[case::init_env(
    "batch",
    "Job",
    "spec.template.spec.initContainers.env",
    Some(ListStrategy::ByKey("name"))
)]
#[case::cron_job(
    "batch",
    "CronJob",
    "spec.jobTemplate.spec.template.spec.containers.volumeMounts",
    Some(ListStrategy::ByKey("mountPath"))
)]
#[case::another_place("apps", "Deployment", "spec.containers", None)]
#[case::service_ports("", "Service", "spec.ports", Some(ListStrategy::ByKey("port")))]
#[case::account_secrets("", "ServiceAccount", "secrets", Some(ListStrategy::ByKey("name")))]
#[case::account_pull_secrets("", "ServiceAccount", "imagePullSecrets", None)]
#[case::pod_pull_secrets("", "Pod", "spec.imagePullSecrets", Some(ListStrategy::ByKey("name")))]
#[case::role_rules("rbac.authorization.k8s.io", "Role", "rules", None)]
#[case::claim_templates("apps", "StatefulSet", "spec.volumeClaimTemplates", None)]
#[case::args("", "Pod", "spec.containers.args", None)]
fn built_in_kinds_have_their_merge_keys(
    #[case] group: &str,
    #[case] kind: &str,
    #[case] path: &str,
    #[case] expected: Option<ListStrategy>,
) {
    let path: Vec<_> = path.split('.').collect();
    assert_eq!(built_in(group, kind).unwrap().of(&path), expected);
}

#[test]
fn other_kinds_have_none() {
    assert!(built_in("kubeflow.org", "Notebook").is_none());
}
