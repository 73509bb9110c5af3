#!/usr/bin/env bash
# Prints the path of a Python that has the Kubernetes client, as pinned in
# tests/servers/kubernetes-client.txt: a virtual environment below target/tools. Does nothing where it
# is up to date. Explains itself on stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly requirements=tests/servers/kubernetes-client.txt
readonly home="$PWD/target/tools/kubernetes-client-python"
readonly unavailable=69

scripts/debian.sh "the Python client of Kubernetes" python3:python3 flock:util-linux
stamp=$(python3 --version; sha256sum < "$requirements")
mkdir -p "$(dirname "$home")"
exec 9> "$home.lock"
flock 9
if [ "$(cat "$home/stamp" 2> /dev/null)" != "$stamp" ]; then
  # Debian has the module that fills a virtual environment in a package of its own.
  python3 -c 'import ensurepip' 2> /dev/null ||
    scripts/debian.sh "the Python client of Kubernetes" :python3-venv
  echo "Installing the Python client of Kubernetes into $home" >&2
  rm -rf "$home"
  python3 -m venv "$home" >&2
  if ! "$home/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --requirement "$requirements" >&2; then
    echo "error: the Python client of Kubernetes cannot be installed; Python 3.11 or later and the package index are needed" >&2
    exit "$unavailable"
  fi
  echo "$stamp" > "$home/stamp"
fi
echo "$home/bin/python"
