#!/usr/bin/env bash
# Prints the path of kubernetes-mcp-server, as pinned in tests/servers/mcp/package-lock.json: below
# target/tools. Does nothing where it is up to date. Explains itself on stderr; ends with 69 where it
# cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly source=$PWD/tests/servers/mcp
readonly home=$PWD/target/tools/kubernetes-mcp-server
readonly program=$home/node_modules/.bin/kubernetes-mcp-server

cannot() {
  echo "error: kubernetes-mcp-server cannot be had: $1" >&2
  exit 69
}

scripts/debian.sh kubernetes-mcp-server node:nodejs npm:npm flock:util-linux
stamp=$(node --version; sha256sum < "$source/package-lock.json")
mkdir -p "$(dirname "$home")"
exec 9> "$home.lock"
flock 9
if [ "$(cat "$home/stamp" 2> /dev/null)" != "$stamp" ]; then
  echo "Tests let assistants use \`bowline up\` through it: installing kubernetes-mcp-server into $home" >&2
  rm -rf "$home"
  mkdir -p "$home"
  cp "$source/package.json" "$source/package-lock.json" "$home"
  # The packages run nothing when they are installed.
  (cd "$home" && npm ci --silent --ignore-scripts --no-audit --no-fund) >&2 ||
    cannot "npm cannot install it"
  "$program" --version > /dev/null || cannot "there is none for this machine"
  echo "$stamp" > "$home/stamp"
fi
echo "$program"
