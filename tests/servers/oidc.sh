#!/usr/bin/env bash
# A real OpenID provider on loopback: oidc-provider, with a login page, two users with groups, and
# two clients, one with a secret and one without.
#
#   oidc.sh
#
# Installs the npm packages that it needs. When it answers it prints one line of JSON: issuer,
# clients, users. The line `rotate` on standard input makes it sign with another key from then on,
# which it answers with the name of the key. It stops when standard input ends, so that it never
# outlives whoever started it: give it a pipe. Where it cannot be had it ends with 69.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

modules=$(scripts/oidc-provider.sh)
exec node tests/servers/oidc/provider.mjs "$modules"
