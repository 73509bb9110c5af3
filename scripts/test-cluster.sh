#!/usr/bin/env bash
# Runs the tests that need a real Kubernetes API, on one that they start themselves: etcd and
# kube-apiserver of $KUBEBUILDER_ASSETS, else of the versions that the project pins. Then those that
# need pods that run, beside a node. Then searches what all wrote for secret values. Arguments go to
# `cargo test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -z "${KUBEBUILDER_ASSETS:-}" ]; then
  KUBEBUILDER_ASSETS=$(scripts/cluster-tools.sh)
fi
export KUBEBUILDER_ASSETS
export BOWLINE_CANARY_DIR="$PWD/target/canary-cluster"
rm -rf "$BOWLINE_CANARY_DIR"
mkdir -p "$BOWLINE_CANARY_DIR"

# Some tests run the program itself, one of them by a clock that jumps; that one is skipped without.
cargo build -p bowline --locked
scripts/debian.sh "The test of clocks that jump" faketime:faketime || [ $? = 69 ]
# What fetches models; the S3 server that they are fetched from is seen to by the tests.
scripts/kserve-storage.sh > /dev/null || [ $? = 69 ]

echo "+ cargo test -p bowline-cluster-tests --lib --test suite --locked $*   (with $KUBEBUILDER_ASSETS)"
cargo test -p bowline-cluster-tests --lib --test suite --locked "$@" 2>&1 |
  tee "$BOWLINE_CANARY_DIR/cargo-test.log"

echo "+ scripts/node.sh cargo test -p bowline-cluster-tests --test node --locked $*"
cargo test -p bowline-cluster-tests --test node --locked --no-run
# Nothing can be fetched beside the node.
scripts/node.sh cargo test -p bowline-cluster-tests --test node --locked --offline "$@" 2>&1 |
  tee "$BOWLINE_CANARY_DIR/cargo-test-node.log" || {
  [ "${PIPESTATUS[0]}" = 69 ] || exit 1
  echo "SKIPPED: the tests that need a node; see above what it needs" >&2
}
scripts/canary.sh "$BOWLINE_CANARY_DIR"
