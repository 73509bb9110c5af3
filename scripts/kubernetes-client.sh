#!/usr/bin/env bash
# Prints the path of a Python that has the Kubernetes client, as pinned in
# tests/servers/kubernetes-client.txt: a virtual environment below target/tools. Does nothing where it
# is up to date. Explains itself on stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$(scripts/python-packages.sh "the Python client of Kubernetes" \
  "Tests use \`bowline up\` from Python" tests/servers/kubernetes-client.txt kubernetes-client-python \
  --only-binary :all:)
echo "$home/bin/python"
