#!/usr/bin/env bash
# Runs the tests that need a real Kubernetes API, on one that they start themselves: etcd and
# kube-apiserver of $KUBEBUILDER_ASSETS, else of the versions that the project pins. Arguments go to
# `cargo test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -z "${KUBEBUILDER_ASSETS:-}" ]; then
  KUBEBUILDER_ASSETS=$(scripts/cluster-tools.sh)
fi
export KUBEBUILDER_ASSETS

echo "+ cargo test -p bowline-cluster-tests --locked $*   (with $KUBEBUILDER_ASSETS)"
exec cargo test -p bowline-cluster-tests --locked "$@"
