"""Runs every check of a module, each in a namespace of its own, on the server that KUBECONFIG names.

Says what became of each in a line of JSON: its name, and why it failed or null.
"""

import importlib
import inspect
import json
import sys
import traceback

from kubernetes import client, config


def main():
    config.load_kube_config()
    module = importlib.import_module(sys.argv[1])
    for name, check in inspect.getmembers(module, inspect.isfunction):
        if check.__module__ != module.__name__ or name.startswith("_"):
            continue
        metadata = client.V1ObjectMeta(generate_name="python-")
        namespace = client.CoreV1Api().create_namespace(client.V1Namespace(metadata=metadata))
        try:
            check(namespace.metadata.name)
            why = None
        except Exception:
            why = traceback.format_exc()
        print(json.dumps([name, why]), flush=True)


main()
