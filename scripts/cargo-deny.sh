#!/usr/bin/env bash
# Prints the path of the cargo-deny that the checks agree on, building it below target/tools when
# this machine has none or another version. Explains itself on stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly version=0.20.2
readonly tools="$PWD/target/tools"

for candidate in cargo-deny "$tools/bin/cargo-deny"; do
  if [ "$("$candidate" --version 2> /dev/null)" = "cargo-deny $version" ]; then
    command -v "$candidate"
    exit
  fi
done

cat >&2 <<EOF
cargo-deny $version is not installed. It checks licences, bans, sources and advisories of dependencies.
Building it into $tools (a few minutes, once).
EOF
cargo install --quiet --locked cargo-deny --version "$version" --root "$tools" >&2
echo "$tools/bin/cargo-deny"
