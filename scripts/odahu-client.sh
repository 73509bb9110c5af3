#!/usr/bin/env bash
# Prints the path of ODAHU's own command line client, as pinned in tests/servers/odahu-client.txt: a
# virtual environment below target/tools. Does nothing where it is up to date. Explains itself on
# stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly requirements=tests/servers/odahu-client.txt
readonly home="$PWD/target/tools/odahu-client"
readonly unavailable=69

scripts/debian.sh "ODAHU's client" python3:python3 flock:util-linux
stamp=$(python3 --version; sha256sum < "$requirements")
mkdir -p "$(dirname "$home")"
exec 9> "$home.lock"
flock 9
if [ "$(cat "$home/stamp" 2> /dev/null)" != "$stamp" ]; then
  # Debian has the module that fills a virtual environment in a package of its own.
  python3 -c 'import ensurepip' 2> /dev/null ||
    scripts/debian.sh "ODAHU's client" :python3-venv
  echo "Installing ODAHU's client into $home" >&2
  rm -rf "$home"
  python3 -m venv "$home" >&2
  # Three of its libraries come as source only, so building has to be allowed.
  if ! "$home/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    --requirement "$requirements" >&2; then
    echo "error: ODAHU's client cannot be installed; Python 3.11 to 3.13 and the package index are needed" >&2
    exit "$unavailable"
  fi
  echo "$stamp" > "$home/stamp"
fi
echo "$home/bin/odahuflowctl"
