#!/usr/bin/env bash
# Prints the path of a virtual environment below target/tools that holds the Python packages pinned in
# a file; does nothing where it is up to date. Explains itself on stderr; ends with 69 where they
# cannot be had. For the scripts that name one tool each:
#   python-packages.sh WHAT WHY REQUIREMENTS NAME [OPTION OF PIP…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly what=$1 why=$2 requirements=$3 home="$PWD/target/tools/$4"
readonly unavailable=69

scripts/debian.sh "$what" python3:python3 flock:util-linux
stamp=$(python3 --version; sha256sum < "$requirements")
mkdir -p "$(dirname "$home")"
exec 9> "$home.lock"
flock 9
if [ "$(cat "$home/stamp" 2> /dev/null)" != "$stamp" ]; then
  # Debian has the module that fills a virtual environment in a package of its own.
  python3 -c 'import ensurepip' 2> /dev/null || scripts/debian.sh "$what" :python3-venv
  echo "$why: installing $what into $home" >&2
  rm -rf "$home"
  python3 -m venv "$home" >&2
  if ! "$home/bin/pip" install --quiet --disable-pip-version-check --no-deps "${@:5}" \
    --requirement "$requirements" >&2; then
    echo "error: $what cannot be installed; Python 3.11 to 3.13 and the package index are needed" >&2
    exit "$unavailable"
  fi
  echo "$stamp" > "$home/stamp"
fi
echo "$home"
