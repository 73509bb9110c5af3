#!/usr/bin/env bash
# Prints the path of a Python that has KServe's own storage code, as pinned in
# tests/cluster/storage/requirements.txt: a virtual environment below target/tools. Does nothing
# where it is up to date. Explains itself on stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$(scripts/python-packages.sh "KServe's storage code" \
  "Tests fetch models as KServe does" tests/cluster/storage/requirements.txt kserve-storage \
  --require-hashes --only-binary :all:)
echo "$home/bin/python"
