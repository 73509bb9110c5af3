#!/usr/bin/env bash
# The two-minute try: starts `bowline up` on fresh state, applies examples/ with a stock kubectl, and
# shows for each workload what it asked for, what it got and why. Serves until Ctrl-C; with --once it
# ends after the show. Whatever happens, the server is stopped and its state removed. $BOWLINE names a
# program to show instead of the one that is built here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly project=harbour patience=60
once=false
case "${1:-}" in
  '') ;;
  --once) once=true ;;
  *)
    echo "error: unknown argument \`$1\`" >&2
    echo "help: make demo, or make demo ARGS=--once" >&2
    exit 2
    ;;
esac

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' blue=$'\e[34m' plain=$'\e[0m'
else
  bold='' dim='' green='' blue='' plain=''
fi

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
run() {
  printf '%s$ %s%s\n' "$dim" "${*/#$PWD\//}" "$plain"
  "$@"
}

server='' state=''
clean_up() {
  trap - EXIT
  if [ -n "$server" ] && kill -TERM "$server" 2> /dev/null; then
    wait "$server" 2> /dev/null || true
  fi
  [ -z "$state" ] || rm -rf "$state"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The server's last words, when it did not come up or went down.
give_up() {
  echo "error: $1" >&2
  sed 's/^/  /' "$state/log" | tail -n 20 >&2
  exit 1
}

start() {
  state=$(mktemp -d -t bowline-demo.XXXXXX)
  mkfifo "$state/ready"
  "$bowline" up --data "$state/data" --output json \
    --kubernetes-port 0 --admission-port 0 --http-port 0 > "$state/ready" 2> "$state/log" &
  server=$!
  local line=''
  exec 3< "$state/ready"
  read -r -t "$patience" line <&3 || give_up "\`bowline up\` did not come up"
  ready=$line
}

# A member of the line that `bowline up` prints when it is ready.
member() { sed -nE "s/.*\"$1\": *\"([^\"]*)\".*/\1/p" <<< "$ready"; }

# The `spec` of an object on stdin, as YAML, without the reference that a pod template may carry and
# what the API gives to every Job, which is another for each.
spec() { awk '/^[^ ]/ {inside = /^spec:/} inside && !/opendatahub\.io\/connections:|controller-uid:|job-name:/'; }

# What the API would store of a manifest that names nothing: its own defaults are no gift of ours.
untied() {
  sed -e 's|\(opendatahub.io/connections:\).*|\1 ""|' -e '0,/^  name: /s//&untied-/' "$1" |
    "$kubectl" create --dry-run=server -o yaml -f -
}

# What a workload asked for, what it got, and why (the manifest's own first comment).
show() {
  local manifest=$1 reference
  local kind='{.kind}/{.metadata.name}'
  reference='{.metadata.annotations.opendatahub\.io/connections}{.spec.template.metadata.annotations.opendatahub\.io/connections}'
  title "$("$kubectl" get -f "$manifest" -o "jsonpath=$kind")"
  printf '%swhy%s    %s\n' "$blue" "$plain" "$(sed -n '1s/^# //p' "$manifest")"
  printf '%snames%s  %s\n' "$blue" "$plain" "$("$kubectl" get -f "$manifest" -o "jsonpath=$reference")"
  printf '%sgot%s\n' "$blue" "$plain"
  diff -U 3 <(untied "$manifest" | spec) <("$kubectl" get -o yaml -f "$manifest" | spec) |
    sed -e '/^---/d; /^+++/d; /^@@/d' -e "s/^+.*/$green&$plain/" -e 's/^/  /' || true
}

kubectl=$(scripts/kubectl.sh)
if [ -n "${BOWLINE:-}" ]; then
  bowline=$BOWLINE
else
  title "Building"
  run cargo build --locked -p bowline
  bowline=${CARGO_TARGET_DIR:-$PWD/target}/debug/bowline
fi

title "Starting a Kubernetes API of its own, on fresh state"
echo "$dim\$ bowline up --data <new folder> --output json$plain"
start
KUBECONFIG=$(member kubeconfig)
export KUBECONFIG
echo "API at $(member kubernetes), admission at $(member admission)"

title "Applying the examples: a project, connections, and workloads that name them"
run "$kubectl" apply -f examples/

title "The connections of project $project"
run "$bowline" list -n "$project"

for manifest in examples/[2-9]*.yaml; do show "$manifest"; done

title "Accounts that exist because a model needs them"
run "$kubectl" get serviceaccounts -n "$project" \
  -o 'custom-columns=NAME:.metadata.name,LINKS:.secrets[*].name'

if $once; then
  title "That was the show; without ARGS=--once the API keeps serving."
  exit 0
fi

title "Now try it yourself, in another terminal"
cat <<EOF
  export KUBECONFIG=$KUBECONFIG
  $kubectl get notebooks,isvc,llmisvc -n $project
  $bowline show soundings -n $project
  $bowline lint -A

  ${dim}# drop a reference: exactly what it brought goes${plain}
  $kubectl annotate notebook chart-room -n $project --overwrite opendatahub.io/connections=harbour/berth-model
  $kubectl get notebook chart-room -n $project -o yaml

  ${dim}# delete a connection that is in use: the workload can still be changed, with a warning${plain}
  $kubectl delete secret berth-model -n $project
  $kubectl annotate notebook chart-room -n $project kubeflow-resource-stopped=now

  ${dim}# name a connection that is not there: refused, and told why${plain}
  $kubectl annotate isvc tide-forecast -n $project --overwrite opendatahub.io/connections=sounding
EOF
title "Serving until Ctrl-C; then all of this is removed."
trap 'echo; exit 0' INT
wait "$server" || give_up "\`bowline up\` went down"
