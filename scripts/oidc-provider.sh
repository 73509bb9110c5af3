#!/usr/bin/env bash
# Prints the folder of the OpenID provider of the tests with its npm packages, as pinned in
# tests/servers/oidc/package-lock.json: below target/tools. Does nothing where it is up to date.
# Explains itself on stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly source=$PWD/tests/servers/oidc
readonly home=$PWD/target/tools/oidc-provider

scripts/debian.sh "the OpenID provider of the tests" node:nodejs npm:npm flock:util-linux
stamp=$(node --version; sha256sum < "$source/package-lock.json")
mkdir -p "$(dirname "$home")"
exec 9> "$home.lock"
flock 9
if [ "$(cat "$home/stamp" 2> /dev/null)" != "$stamp" ]; then
  echo "Tests sign in with OpenID Connect: installing the provider they ask into $home" >&2
  rm -rf "$home"
  mkdir -p "$home"
  cp "$source/package.json" "$source/package-lock.json" "$home"
  # The packages run nothing when they are installed.
  (cd "$home" && npm ci --silent --ignore-scripts --no-audit --no-fund) >&2 || {
    echo "error: the OpenID provider of the tests cannot be installed" >&2
    exit 69
  }
  echo "$stamp" > "$home/stamp"
fi
echo "$home"
