#!/usr/bin/env bash
# Prints the path of schemathesis, which tests servers by their OpenAPI documents, as pinned in
# tests/servers/schemathesis.txt: a virtual environment below target/tools. Does nothing where it is
# up to date. Explains itself on stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$(scripts/python-packages.sh schemathesis \
  "Tests send what the OpenAPI document allows, and what it does not" tests/servers/schemathesis.txt schemathesis \
  --only-binary :all:)
echo "$home/bin/schemathesis"
