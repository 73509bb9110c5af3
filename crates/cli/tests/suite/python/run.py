"""Runs every check of some modules, each in a namespace of its own, on the server that KUBECONFIG names.

Says what became of each in a line of JSON: its module and name, and why it failed or null.
"""

import importlib
import inspect
import json
import sys
import traceback

from kubernetes import client, config


def main():
    config.load_kube_config()
    for module in map(importlib.import_module, sys.argv[1:]):
        for name, check in inspect.getmembers(module, inspect.isfunction):
            if check.__module__ == module.__name__ and not name.startswith("_"):
                print(json.dumps([f"{module.__name__}::{name}", outcome(check)]), flush=True)


def outcome(check):
    metadata = client.V1ObjectMeta(generate_name="python-")
    namespace = client.CoreV1Api().create_namespace(client.V1Namespace(metadata=metadata))
    try:
        check(namespace.metadata.name)
    except Exception:
        return traceback.format_exc()


main()
