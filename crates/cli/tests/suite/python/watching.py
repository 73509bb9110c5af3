"""Watches: what they tell, how they are resumed, and what is built on them."""

import threading

from expect import eventually, refused
from kubernetes import client, informer, watch
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock


def _create(namespace, name, **data):
    config_map = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)
    return client.CoreV1Api().create_namespaced_config_map(namespace, config_map)


def _patch(namespace, name, **data):
    return client.CoreV1Api().patch_namespaced_config_map(name, namespace, {"data": data})


def _version(namespace):
    return client.CoreV1Api().list_namespaced_config_map(namespace).metadata.resource_version


def _events(namespace, version, count, **options):
    """So many events since a version; the rest is left."""
    watcher, seen = watch.Watch(), []
    core = client.CoreV1Api()
    options = {"timeout_seconds": 20, **options}
    for event in watcher.stream(core.list_namespaced_config_map, namespace, resource_version=version, **options):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == count:
            watcher.stop()
    return seen, watcher.resource_version


def a_watch_tells_everything_since_a_list(namespace):
    before = _version(namespace)
    _create(namespace, "north")
    _create(namespace, "south")
    _patch(namespace, "north", wind="calm")
    client.CoreV1Api().delete_namespaced_config_map("south", namespace)
    seen, _ = _events(namespace, before, 4)
    assert seen == [("ADDED", "north"), ("ADDED", "south"), ("MODIFIED", "north"), ("DELETED", "south")], seen


def a_watch_is_resumed_where_it_ended(namespace):
    before = _version(namespace)
    for name in ["north", "south", "west"]:
        _create(namespace, name)
    seen, version = _events(namespace, before, 2)
    rest, _ = _events(namespace, version, 1)
    assert [name for _, name in seen + rest] == ["north", "south", "west"], seen + rest


def a_watch_waits_for_what_comes(namespace):
    before = _version(namespace)
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(_events(namespace, before, 1)[0]))
    thread.start()
    _create(namespace, "north")
    thread.join(20)
    assert seen == [("ADDED", "north")], seen


def a_watch_ends_after_its_time(namespace):
    seen, _ = _events(namespace, _version(namespace), 1, timeout_seconds=1)
    assert seen == [], seen


def what_leaves_a_selector_is_deleted_for_its_watch(namespace):
    before = _version(namespace)
    _create(namespace, "north")
    core = client.CoreV1Api()
    for side in ["up", "down"]:
        core.patch_namespaced_config_map("north", namespace, {"metadata": {"labels": {"side": side}}})
    seen, _ = _events(namespace, before, 2, label_selector="side=up")
    assert seen == [("ADDED", "north"), ("DELETED", "north")], seen


def an_informer_keeps_a_copy_of_what_is_stored(namespace):
    _create(namespace, "north", wind="calm")
    copy = informer.SharedInformer(client.CoreV1Api().list_namespaced_config_map, namespace)
    copy.start()

    def wind(name):
        found = copy.cache.get_by_key(f"{namespace}/{name}")
        return found and found.data["wind"]

    eventually(lambda: wind("north") == "calm")
    _patch(namespace, "north", wind="rough")
    _create(namespace, "south", wind="fresh")
    eventually(lambda: (wind("north"), wind("south")) == ("rough", "fresh"))
    client.CoreV1Api().delete_namespaced_config_map("north", namespace)
    eventually(lambda: wind("north") is None)
    copy.stop()


def one_of_two_candidates_leads(namespace):
    leaders = []

    def candidate(name):
        lock = LeaseLock("helm", namespace, name)
        options = electionconfig.Config(lock, 17, 15, 1, lambda: leaders.append(name), None)
        return leaderelection.LeaderElection(options)

    assert candidate("mate").try_acquire_or_renew()
    assert not candidate("captain").try_acquire_or_renew()
    lease = client.CoordinationV1Api().read_namespaced_lease("helm", namespace)
    assert lease.spec.holder_identity == "mate" and lease.spec.lease_duration_seconds == 17


def a_version_that_comes_later_is_not_waited_for_long(namespace):
    later = str(int(_version(namespace)) + 1_000_000)
    with refused(504, "Timeout", "Too large resource version"):
        client.CoreV1Api().list_namespaced_config_map(
            namespace, resource_version=later, resource_version_match="NotOlderThan"
        )
