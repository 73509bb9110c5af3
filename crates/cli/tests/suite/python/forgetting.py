"""What a server says of versions that it has forgotten. It makes a server forget, so it needs its own."""

from expect import refused
from kubernetes import client, watch

# Of the history that is kept, in bytes, and of the largest object.
HISTORY = 64 << 20
LARGE = 1_000_000


def a_version_that_is_forgotten_is_gone(namespace):
    core = client.CoreV1Api()
    page = core.list_namespace(limit=1)
    metadata = client.V1ObjectMeta(name="large")
    core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=metadata))
    for number in range(HISTORY // LARGE + 2):
        core.patch_namespaced_config_map("large", namespace, {"data": {"blob": str(number % 10) * LARGE}})
    version = page.metadata.resource_version
    try:
        for _ in watch.Watch().stream(core.list_namespace, resource_version=version, timeout_seconds=10):
            raise AssertionError("the watch goes on")
    except client.exceptions.ApiException as error:
        assert error.status == 410 and "too old resource version" in error.reason, error
    else:
        raise AssertionError("the watch ends without a word")
    with refused(410, "Expired"):
        core.list_namespace(limit=1, _continue=page.metadata._continue)
    with refused(410, "Expired"):
        core.list_namespace(resource_version=version, resource_version_match="Exact")
