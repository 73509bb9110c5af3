"""The typed clients: one class for each group, one model for each kind."""

import base64
import os
import tempfile

from expect import refused
from kubernetes import client, utils


def _config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def _template(**labels):
    container = client.V1Container(name="main", image="registry.harbour.example/web:1")
    spec = client.V1PodSpec(containers=[container], restart_policy=None if labels else "Never")
    return client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=labels), spec=spec)


def a_secret_is_made_read_and_deleted(namespace):
    core, value = client.CoreV1Api(), os.environ["CANARY"]
    metadata = client.V1ObjectMeta(name="key", labels={"side": "up"})
    core.create_namespaced_secret(namespace, client.V1Secret(metadata=metadata, string_data={"key": value}))
    secret = core.read_namespaced_secret("key", namespace)
    assert base64.b64decode(secret.data["key"]).decode() == value
    assert secret.type == "Opaque" and secret.metadata.creation_timestamp.tzinfo is not None
    assert core.delete_namespaced_secret("key", namespace)["status"] == "Success"
    with refused(404, "NotFound", 'secrets "key" not found'):
        core.read_namespaced_secret("key", namespace)


def a_deployment_is_replaced_and_scaled(namespace):
    apps = client.AppsV1Api()
    selector = client.V1LabelSelector(match_labels={"app": "web"})
    spec = client.V1DeploymentSpec(selector=selector, template=_template(app="web"))
    metadata = client.V1ObjectMeta(name="web")
    made = apps.create_namespaced_deployment(namespace, client.V1Deployment(metadata=metadata, spec=spec))
    assert made.spec.replicas == 1 and made.metadata.generation == 1
    made.spec.replicas = 2
    assert apps.replace_namespaced_deployment("web", namespace, made).metadata.generation == 2
    scale = apps.read_namespaced_deployment_scale("web", namespace)
    scale.spec.replicas = 3
    assert apps.replace_namespaced_deployment_scale("web", namespace, scale).spec.replicas == 3
    made = apps.read_namespaced_deployment_status("web", namespace)
    made.status.ready_replicas = 3
    assert apps.replace_namespaced_deployment_status("web", namespace, made).status.ready_replicas == 3


def jobs_and_cron_jobs_are_made(namespace):
    batch = client.BatchV1Api()
    metadata, spec = client.V1ObjectMeta(name="once"), client.V1JobSpec(template=_template())
    job = batch.create_namespaced_job(namespace, client.V1Job(metadata=metadata, spec=spec))
    assert job.spec.selector.match_labels["batch.kubernetes.io/controller-uid"] == job.metadata.uid
    template = client.V1JobTemplateSpec(spec=spec)
    spec = client.V1CronJobSpec(schedule="@daily", job_template=template)
    batch.create_namespaced_cron_job(namespace, client.V1CronJob(metadata=metadata, spec=spec))
    spec.schedule = "sometimes"
    metadata.name = "never"
    with refused(422, "Invalid", "spec.schedule: Invalid value"):
        batch.create_namespaced_cron_job(namespace, client.V1CronJob(metadata=metadata, spec=spec))


def custom_objects_are_made_listed_and_patched(namespace):
    api, of = client.CustomObjectsApi(), ("kubeflow.org", "v1", namespace, "notebooks")
    containers = [{"name": "chart-room", "image": "registry.harbour.example/workbench:1"}]
    notebook = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Notebook",
        "metadata": {"name": "chart-room"},
        "spec": {"template": {"spec": {"containers": containers}}},
    }
    api.create_namespaced_custom_object(*of, notebook)
    patch = {"metadata": {"labels": {"side": "up"}}}
    patched = api.patch_namespaced_custom_object(*of, "chart-room", patch)
    assert patched["metadata"]["labels"] == {"side": "up"}
    found = api.list_namespaced_custom_object(*of, label_selector="side=up")
    assert [item["metadata"]["name"] for item in found["items"]] == ["chart-room"]
    status = {"status": {"readyReplicas": 1}}
    assert api.patch_namespaced_custom_object_status(*of, "chart-room", status)["status"] == {"readyReplicas": 1}
    api.delete_namespaced_custom_object(*of, "chart-room")
    with refused(404, "NotFound"):
        api.get_namespaced_custom_object(*of, "chart-room")


def kinds_that_nothing_acts_on_are_stored(namespace):
    hard = client.V1ResourceQuotaSpec(hard={"pods": "2"})
    quota = client.V1ResourceQuota(metadata=client.V1ObjectMeta(name="crew"), spec=hard)
    assert client.CoreV1Api().create_namespaced_resource_quota(namespace, quota).spec.hard == {"pods": "2"}
    spec = client.V1PodDisruptionBudgetSpec(max_unavailable=1)
    budget = client.V1PodDisruptionBudget(metadata=client.V1ObjectMeta(name="web"), spec=spec)
    made = client.PolicyV1Api().create_namespaced_pod_disruption_budget(namespace, budget)
    assert made.spec.max_unavailable == 1 and made.status.disruptions_allowed == 0
    service = client.V1IngressServiceBackend(name="web", port=client.V1ServiceBackendPort(number=80))
    spec = client.V1IngressSpec(default_backend=client.V1IngressBackend(service=service))
    ingress = client.V1Ingress(metadata=client.V1ObjectMeta(name="web"), spec=spec)
    made = client.NetworkingV1Api().create_namespaced_ingress(namespace, ingress)
    assert made.spec.default_backend.service.port.number == 80


def lists_come_in_pages(namespace):
    core = client.CoreV1Api()
    for number in range(5):
        core.create_namespaced_config_map(namespace, _config_map(f"page-{number}"))
    names, sizes, more = [], [], None
    while more != "":
        page = core.list_namespaced_config_map(namespace, limit=2, _continue=more)
        names += [item.metadata.name for item in page.items]
        sizes.append((len(page.items), page.metadata.remaining_item_count))
        more = page.metadata._continue or ""
    assert names == [f"page-{number}" for number in range(5)], names
    assert sizes == [(2, 3), (2, 1), (1, None)], sizes


def every_type_of_patch_is_taken(namespace):
    core = client.CoreV1Api()
    core.create_namespaced_config_map(namespace, _config_map("tides", high="4"))

    def patched(body, kind):
        return core.patch_namespaced_config_map("tides", namespace, body, _content_type=kind).data

    operation = {"op": "add", "path": "/data/low", "value": "1"}
    assert patched([operation], "application/json-patch+json") == {"high": "4", "low": "1"}
    assert patched({"data": {"high": None}}, "application/merge-patch+json") == {"low": "1"}
    assert patched({"data": {"high": "5"}}, "application/strategic-merge-patch+json") == {"high": "5", "low": "1"}


def what_a_manager_applies_is_its_own(namespace):
    core = client.CoreV1Api()

    def apply(manager, force=None, **data):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "tides"}, "data": data}
        kind = "application/apply-patch+yaml"
        return core.patch_namespaced_config_map(
            "tides", namespace, body, field_manager=manager, force=force, _content_type=kind
        )

    apply("mate", high="4", low="1")
    with refused(409, "Conflict", 'conflict with "mate": .data.high'):
        apply("captain", high="5")
    assert apply("captain", force=True, high="5").data == {"high": "5", "low": "1"}
    assert apply("mate", high="5").data == {"high": "5"}


def a_version_that_is_not_the_present_one_is_a_conflict(namespace):
    core = client.CoreV1Api()
    old = core.create_namespaced_config_map(namespace, _config_map("tides", high="4"))
    core.patch_namespaced_config_map("tides", namespace, {"data": {"high": "5"}})
    with refused(409, "Conflict", "the object has been modified"):
        core.replace_namespaced_config_map("tides", namespace, old)
    with refused(409, "Conflict"):
        before = client.V1Preconditions(resource_version=old.metadata.resource_version)
        core.delete_namespaced_config_map("tides", namespace, body=client.V1DeleteOptions(preconditions=before))
    with refused(409, "AlreadyExists"):
        core.create_namespaced_config_map(namespace, _config_map("tides"))


def an_unknown_field_is_pointed_out(namespace):
    core = client.CoreV1Api()
    body = {"metadata": {"name": "tides"}, "dada": {"high": "4"}}
    api = client.ApiClient()

    def create(**query):
        return api.call_api(
            *api.param_serialize(
                "POST",
                "/api/v1/namespaces/{namespace}/configmaps",
                path_params={"namespace": namespace},
                query_params=list(query.items()),
                header_params={"Content-Type": "application/json", "Accept": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
            )
        )

    answer = create(fieldValidation="Strict")
    assert answer.status == 400, answer.status
    answer = create(fieldValidation="Warn")
    assert answer.status == 201 and 'unknown field \\"dada\\"' in answer.headers["Warning"], answer.headers
    assert core.read_namespaced_config_map("tides", namespace).data is None


def everything_with_a_label_is_deleted_at_once(namespace):
    core = client.CoreV1Api()
    for name, side in [("north", "up"), ("south", "down"), ("west", "up")]:
        config_map = _config_map(name)
        config_map.metadata.labels = {"side": side}
        core.create_namespaced_config_map(namespace, config_map)
    core.delete_collection_namespaced_config_map(namespace, label_selector="side=up")
    left = core.list_namespaced_config_map(namespace).items
    assert [item.metadata.name for item in left] == ["south"]


def manifests_are_made_from_a_file(namespace):
    text = "\n---\n".join(
        [
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: tides}, data: {high: '4'}}",
            "{apiVersion: v1, kind: ServiceAccount, metadata: {name: keeper}}",
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web},"
            " spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}}",
        ]
    )
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        utils.create_from_yaml(client.ApiClient(), file.name, namespace=namespace)
    assert client.CoreV1Api().read_namespaced_config_map("tides", namespace).data == {"high": "4"}
    assert client.NetworkingV1Api().read_namespaced_ingress("web", namespace).spec.default_backend
