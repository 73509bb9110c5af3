#!/usr/bin/env bash
# Runs every test of the workspace and those of the feature `otel`, then searches all that the tests
# wrote for secret values. Arguments go to `cargo test`; with any it is the workspace only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

KUBECTL=$(scripts/kubectl.sh)
export KUBECTL
# Tests ask for these again; here they can say what they install and why, or why they cannot be had.
scripts/jq.sh > /dev/null || [ $? = 69 ]
scripts/odahu-client.sh > /dev/null || [ $? = 69 ]
scripts/kubernetes-client.sh > /dev/null || [ $? = 69 ]
scripts/google-auth.sh > /dev/null || [ $? = 69 ]
scripts/kubernetes-mcp-server.sh > /dev/null || [ $? = 69 ]
# Tests put the output of what they start into this folder; the suite's own output joins it.
export INSTA_UPDATE=no
export BOWLINE_CANARY_DIR="$PWD/target/canary"
rm -rf "$BOWLINE_CANARY_DIR"
mkdir -p "$BOWLINE_CANARY_DIR"

echo "+ cargo test --workspace --locked $*   (with $KUBECTL)"
cargo test --workspace --locked "$@" 2>&1 | tee "$BOWLINE_CANARY_DIR/cargo-test.log"
if [ $# = 0 ]; then
  echo "+ cargo test -p bowline --features otel --test otel --locked"
  cargo test -p bowline --features otel --test otel --locked 2>&1 | tee -a "$BOWLINE_CANARY_DIR/cargo-test.log"
fi
scripts/canary.sh "$BOWLINE_CANARY_DIR"
