#!/usr/bin/env bash
# Checks the chart without a cluster: lint, rendered objects compared with deploy/chart/snapshots, bad
# settings refused. `chart.sh update` writes the snapshots instead of comparing them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly chart=deploy/chart/bowline snapshots=deploy/chart/snapshots mode=${1:-check}
helm=$(scripts/helm.sh)
readonly helm
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The oldest Kubernetes that the chart allows, and the one setting that has no default.
render() {
  "$helm" template bowline "$chart" --namespace bowline --kube-version 1.30.0 \
    --set image.repository=registry.example/bowline "$@"
}

# Helm 3 and 4 differ in the order of documents and the blank lines around them.
in_order() {
  sed '/^$/d' | awk '/^---$/ {if (document) print document; document = ""} {document = document $0 "\r"} END {print document}' |
    LC_ALL=C sort | tr '\r' '\n' | sed '/^$/d'
}

fail() {
  printf 'error: %s\n' "$1" >&2
  printf 'help: %s\n' "$2" >&2
  failed=1
}

# snapshot NAME [ARGUMENTS]: what these settings render to.
snapshot() {
  local stored="$snapshots/$1.yaml" fresh="$work/$1.yaml"
  render "${@:2}" > "$work/rendered" || {
    fail "\`$1\` does not render" "see above"
    return
  }
  in_order < "$work/rendered" > "$fresh"
  if [ "$mode" = update ]; then
    cp "$fresh" "$stored"
  else
    diff -u --label "$stored" --label now "$stored" "$fresh" >&2 ||
      fail "\`$stored\` is not what the chart renders" "\`make update-chart-snapshots\`, and look at the difference"
  fi
}

mkdir -p "$snapshots"
[ "$mode" = check ] || rm -f "$snapshots"/*.yaml
"$helm" lint "$chart" --strict --quiet --kube-version 1.30.0 --set image.repository=registry.example/bowline ||
  fail "\`helm lint\` has findings" "mend them"
snapshot default
for values in deploy/values/*.yaml deploy/chart/cases/*.yaml; do
  snapshot "$(basename "$values" .yaml)" --values "$values"
done

# A refusal that says what to do is part of the chart.
refusals=0
while IFS=$'\t' read -r setting text; do
  [[ $setting == '#'* ]] && continue
  refusals=$((refusals + 1))
  if said=$(render --set "$setting" 2>&1 > /dev/null); then
    fail "\`--set $setting\` is accepted" "refuse it in values.schema.json or templates/_checks.tpl"
  elif [[ $said != *"$text"* ]]; then
    fail "\`--set $setting\` is refused without the words \`$text\`; helm says: $said" "say what to change"
  fi
done < deploy/chart/refused.tsv

[ "$failed" = 0 ] && echo "+ chart: lint, $(find "$snapshots" -name '*.yaml' | wc -l) snapshots, $refusals refusals"
exit "$failed"
