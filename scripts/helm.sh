#!/usr/bin/env bash
# Prints the path of a helm: $HELM, else that of $KUBEBUILDER_ASSETS, else the one on PATH, else the
# one that scripts/cluster-tools.sh builds. `helm.sh --built` builds none and ends with 69 instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -n "${HELM:-}" ]; then
  command -v "$HELM" && exit
  echo "error: \$HELM is \`$HELM\`, which is not a program" >&2
  echo "help: unset it, or set it to the path of a helm" >&2
  exit 1
fi
command -v "${KUBEBUILDER_ASSETS:-/nowhere}/helm" && exit
command -v helm && exit
tools=$(scripts/cluster-tools.sh "$@")
echo "$tools/helm"
