#!/usr/bin/env bash
# Prints the path of ODAHU's own command line client, as pinned in tests/servers/odahu-client.txt: a
# virtual environment below target/tools. Does nothing where it is up to date. Explains itself on
# stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Three of its libraries come as source only, so building has to be allowed.
home=$(scripts/python-packages.sh "ODAHU's client" \
  "Tests let it use ODAHU's API of \`bowline up\`" tests/servers/odahu-client.txt odahu-client)
echo "$home/bin/odahuflowctl"
