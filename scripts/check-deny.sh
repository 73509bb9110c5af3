#!/usr/bin/env bash
# Licences, bans and sources of all dependencies, and, where the advisory database can be had,
# known vulnerabilities. The rules are in deny.toml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly patience=60 # seconds to wait for the advisory database
deny=$(scripts/cargo-deny.sh)

echo "+ cargo deny check bans licenses sources"
"$deny" --locked check --hide-inclusion-graph bans licenses sources

echo "+ cargo deny check advisories"
if timeout "$patience" "$deny" --locked fetch db > /dev/null 2>&1; then
  "$deny" --locked check --hide-inclusion-graph --disable-fetch advisories
else
  cat >&2 <<EOF
warning: ADVISORIES WERE NOT CHECKED: the advisory database cannot be fetched from here.
         A machine with access to github.com has to run \`make check-deny\` before a release.
EOF
fi
