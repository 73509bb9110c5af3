#!/usr/bin/env bash
# Prints the path of a Python that has KServe's own storage code, as pinned in
# tests/cluster/storage/requirements.txt: a virtual environment below target/tools. Does nothing
# where it is up to date. Explains itself on stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly requirements=tests/cluster/storage/requirements.txt
readonly home="$PWD/target/tools/kserve-storage"

scripts/debian.sh "KServe's storage code" python3:python3 flock:util-linux
stamp=$(python3 --version; sha256sum < "$requirements")
mkdir -p "$(dirname "$home")"
exec 9> "$home.lock"
flock 9
if [ "$(cat "$home/stamp" 2> /dev/null)" != "$stamp" ]; then
  # Debian has the module that fills a virtual environment in a package of its own.
  python3 -c 'import ensurepip' 2> /dev/null ||
    scripts/debian.sh "KServe's storage code" :python3-venv
  echo "Installing KServe's storage code into $home" >&2
  rm -rf "$home"
  python3 -m venv "$home" >&2
  "$home/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --requirement "$requirements" >&2
  echo "$stamp" > "$home/stamp"
fi
echo "$home/bin/python"
