"""The dynamic client, which learns of kinds from the server."""

import time

from expect import refused
from kubernetes import client
from kubernetes import dynamic as kubernetes_dynamic
from kubernetes.dynamic import exceptions


def _client():
    return kubernetes_dynamic.DynamicClient(client.ApiClient())


def _config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def kinds_are_found_by_name_and_short_name(namespace):
    resources = _client().resources
    assert resources.get(api_version="v1", kind="Secret").name == "secrets"
    assert resources.get(short_names=["isvc"]).group_version == "serving.kserve.io/v1beta1"
    assert resources.get(api_version="kubeflow.org/v1", kind="Notebook").namespaced
    try:
        resources.get(api_version="v1", kind="Toaster")
    except exceptions.ResourceNotFoundError:
        return
    raise AssertionError("there is a Toaster")


def an_object_is_made_read_replaced_patched_and_deleted(namespace):
    api = _client().resources.get(api_version="v1", kind="ConfigMap")
    made = api.create(body=_config_map("tides", high="4"), namespace=namespace)
    assert made.data.high == "4"
    body = made.to_dict()
    body["data"]["high"] = "5"
    assert api.replace(body=body, namespace=namespace).data.high == "5"
    kind = "application/merge-patch+json"
    patched = api.patch(name="tides", namespace=namespace, body={"data": {"low": "1"}}, content_type=kind)
    assert patched.data.to_dict() == {"high": "5", "low": "1"}
    found = api.get(namespace=namespace, field_selector="metadata.name=tides")
    assert [item.metadata.name for item in found.items] == ["tides"]
    api.delete(name="tides", namespace=namespace)
    with refused(404, "NotFound"):
        api.get(name="tides", namespace=namespace)


def an_object_is_applied_on_the_server(namespace):
    api = _client().resources.get(api_version="v1", kind="ConfigMap")
    api.server_side_apply(body=_config_map("tides", high="4"), namespace=namespace, field_manager="mate")
    body = _config_map("tides", high="5")
    try:
        api.server_side_apply(body=body, namespace=namespace, field_manager="captain")
    except exceptions.ConflictError as error:
        assert 'conflict with "mate": .data.high' in error.summary(), error.summary()
    else:
        raise AssertionError("it is no conflict")
    forced = api.server_side_apply(body=body, namespace=namespace, field_manager="captain", force_conflicts=True)
    assert forced.data.high == "5"


def a_dry_run_stores_nothing(namespace):
    api = _client().resources.get(api_version="v1", kind="ConfigMap")
    api.create(body=_config_map("tides"), namespace=namespace, dry_run="All")
    assert api.get(namespace=namespace).items == []


def a_kind_that_is_defined_later_is_found(namespace):
    group = f"{namespace}.example"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"light": {"type": "boolean"}}}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"buoys.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Buoy", "plural": "buoys"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    known = _client().resources
    known.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition").create(body=definition)
    buoys = known.get(api_version=f"{group}/v1", kind="Buoy")
    body = {"metadata": {"name": "one"}, "spec": {"light": True}}
    made = buoys.create(body={"apiVersion": f"{group}/v1", "kind": "Buoy", **body}, namespace=namespace)
    assert made.spec.light is True
    body["spec"]["light"] = "bright"
    with refused(422, "Invalid", "spec.light"):
        body["metadata"]["name"] = "two"
        buoys.create(body={"apiVersion": f"{group}/v1", "kind": "Buoy", **body}, namespace=namespace)


def a_status_and_a_scale_are_subresources(namespace):
    api = _client().resources.get(api_version="apps/v1", kind="Deployment")
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "registry.harbour.example/web:1"}]},
    }
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    api.create(body=body, namespace=namespace)
    merge = {"namespace": namespace, "name": "web", "content_type": "application/merge-patch+json"}
    assert api.scale.patch(body={"spec": {"replicas": 4}}, **merge).spec.replicas == 4
    assert api.status.patch(body={"status": {"replicas": 4}}, **merge).status.replicas == 4


def a_watch_begins_with_what_is_there(namespace):
    api = _client().resources.get(api_version="v1", kind="ConfigMap")
    api.create(body=_config_map("tides"), namespace=namespace)
    seen = []
    begun = time.monotonic()
    watch = api.watch(
        namespace=namespace,
        timeout=20,
        allow_watch_bookmarks=True,
        send_initial_events=True,
        resource_version_match="NotOlderThan",
    )
    for event in watch:
        seen.append(event["type"])
        if event["type"] == "BOOKMARK":
            break
    assert seen == ["ADDED", "BOOKMARK"] and time.monotonic() - begun < 10, seen
    ends = event["raw_object"]["metadata"]["annotations"]
    assert ends == {"k8s.io/initial-events-end": "true"}, ends
