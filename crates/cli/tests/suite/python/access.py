"""Who a client is, what it may do, and what is refused whoever asks."""

import json
import os

from expect import refused
from kubernetes import client, config, stream
from kubernetes.config.incluster_config import InClusterConfigLoader


def _bearer(token):
    """A client that has nothing but a token."""
    own = client.Configuration.get_default_copy()
    own.api_key = {"BearerToken": f"Bearer {token}"}
    own.api_key_prefix = {}
    own.refresh_api_key_hook = None
    own.cert_file = own.key_file = None
    return client.ApiClient(own)


def _account(namespace, name):
    core = client.CoreV1Api()
    core.create_namespaced_service_account(namespace, client.V1ServiceAccount(metadata=client.V1ObjectMeta(name=name)))
    request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=600))
    return core.create_namespaced_service_account_token(name, namespace, request).status.token


def roles_decide_what_an_account_may(namespace):
    token = _account(namespace, "keeper")
    keeper = client.CoreV1Api(_bearer(token))
    with refused(403, "Forbidden", f'User "system:serviceaccount:{namespace}:keeper" cannot list resource "configmaps"'):
        keeper.list_namespaced_config_map(namespace)
    rbac, metadata = client.RbacAuthorizationV1Api(), client.V1ObjectMeta(name="readers")
    rule = client.V1PolicyRule(api_groups=[""], resources=["configmaps"], verbs=["list"])
    rbac.create_namespaced_role(namespace, client.V1Role(metadata=metadata, rules=[rule]))
    role = client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="Role", name="readers")
    subject = client.RbacV1Subject(kind="ServiceAccount", name="keeper", namespace=namespace)
    binding = client.V1RoleBinding(metadata=metadata, role_ref=role, subjects=[subject])
    rbac.create_namespaced_role_binding(namespace, binding)
    assert keeper.list_namespaced_config_map(namespace).items == []
    with refused(403, "Forbidden"):
        keeper.list_namespaced_secret(namespace)
    attributes = client.V1ResourceAttributes(namespace=namespace, verb="list", resource="configmaps")
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    access = client.AuthorizationV1Api(_bearer(token))
    assert access.create_self_subject_access_review(review).status.allowed


def nobody_grants_what_they_do_not_have(namespace):
    token = _account(namespace, "keeper")
    rbac = client.RbacAuthorizationV1Api()
    role = client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="admin")
    subject = client.RbacV1Subject(kind="ServiceAccount", name="keeper", namespace=namespace)
    metadata = client.V1ObjectMeta(name="keepers")
    binding = client.V1RoleBinding(metadata=metadata, role_ref=role, subjects=[subject])
    rbac.create_namespaced_role_binding(namespace, binding)
    rule = client.V1PolicyRule(api_groups=["*"], resources=["*"], verbs=["*"])
    with refused(403, "Forbidden", "attempting to grant RBAC permissions not currently held"):
        own = client.RbacAuthorizationV1Api(_bearer(token))
        own.create_namespaced_role(namespace, client.V1Role(metadata=metadata, rules=[rule]))


def a_token_is_enough_and_a_wrong_one_is_not(namespace):
    assert client.VersionApi(_bearer(_account(namespace, "keeper"))).get_code().major == "1"
    with refused(401, "Unauthorized"):
        client.CoreV1Api(_bearer("wrong")).list_namespace()


def a_pod_finds_the_server_by_its_files(namespace):
    host, port = client.Configuration.get_default_copy().host.removeprefix("https://").split(":")
    with open("account-token", "w") as file:
        file.write(_account(namespace, "keeper"))
    own = client.Configuration()
    environment = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    authority = client.Configuration.get_default_copy().ssl_ca_cert
    InClusterConfigLoader("account-token", authority, environ=environment).load_and_set(own)
    review = client.V1SelfSubjectReview()
    who = client.AuthenticationV1Api(client.ApiClient(own)).create_self_subject_review(review)
    assert who.status.user_info.username == f"system:serviceaccount:{namespace}:keeper"


def contexts_of_a_kubeconfig_are_used(namespace):
    contexts, active = config.list_kube_config_contexts()
    assert [context["name"] for context in contexts] == [active["name"]]
    api = config.new_client_from_config(os.environ["KUBECONFIG"], context=active["name"])
    assert client.CoreV1Api(api).read_namespace(namespace).status.phase == "Active"


def what_needs_a_running_pod_is_refused(namespace):
    core = client.CoreV1Api()
    container = client.V1Container(name="main", image="registry.harbour.example/web:1")
    pod = client.V1Pod(metadata=client.V1ObjectMeta(name="web"), spec=client.V1PodSpec(containers=[container]))
    core.create_namespaced_pod(namespace, pod)
    with refused(404, "NotFound", "stored here and never run"):
        core.read_namespaced_pod_log("web", namespace)
    with refused(404, "NotFound", "stored here and never run"):
        core.connect_get_namespaced_pod_exec("web", namespace, command=["true"], stdout=True)
    try:
        stream.stream(core.connect_get_namespaced_pod_exec, "web", namespace, command=["true"], stdout=True)
    except client.exceptions.ApiException as error:
        assert "404" in error.reason and "stored here and never run" in error.reason, error.reason
    else:
        raise AssertionError("something runs")


def every_field_that_is_wrong_is_named(namespace):
    container = client.V1Container(name="No Name", image="")
    metadata = client.V1ObjectMeta(name="No_Name", labels={"side": "no label"})
    pod = client.V1Pod(metadata=metadata, spec=client.V1PodSpec(containers=[container]))
    try:
        client.CoreV1Api().create_namespaced_pod(namespace, pod)
    except client.exceptions.ApiException as error:
        causes = json.loads(error.body)["details"]["causes"]
        fields = {cause["field"] for cause in causes}
        assert fields == {"metadata.name", "metadata.labels", "spec.containers[0].name", "spec.containers[0].image"}, fields
    else:
        raise AssertionError("it is created")
