#!/usr/bin/env bash
# Prints the path of a Python that has the client library of Google's identities, as pinned in
# tests/servers/google-auth.txt: a virtual environment below target/tools. Does nothing where it is up
# to date. Explains itself on stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$(scripts/python-packages.sh "the Python library google-auth" \
  "Tests compare how workloads sign in at Google" tests/servers/google-auth.txt google-auth \
  --only-binary :all:)
echo "$home/bin/python"
