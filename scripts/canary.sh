#!/usr/bin/env bash
# Searches a folder for canaries: the made-up secret values that tests plant, in any of the forms
# a value takes on its way out (plain, base64, URL, JSON). The search itself is bowline-testkit's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo "+ canary-scan $1"
cargo run --quiet --locked -p bowline-testkit --bin canary-scan -- "$1"
