#!/usr/bin/env bash
# Prints a folder with etcd, the programs of Kubernetes and helm, built from the versions that
# tests/cluster/tools pins. Built once per set of versions; explains itself on stderr. With `--built`
# it builds nothing, and ends with 69 where it was not built yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly module=tests/cluster/tools
pinned=$(cat "$module/go.mod" "$module/go.sum" | sha256sum | cut -c 1-16)
readonly folder="$PWD/target/tools/cluster/$pinned"

if [ -d "$folder" ]; then
  echo "$folder"
  exit
fi
if [ "${1:-}" = --built ]; then
  echo "error: $folder is not there" >&2
  echo "help: \`make install-tools\` builds it" >&2
  exit 69
fi
if ! command -v go > /dev/null; then
  echo "error: no \`go\` on PATH to build etcd, Kubernetes and helm with" >&2
  echo "help: install Go as $module/go.mod asks for, or set KUBEBUILDER_ASSETS to a folder that has them" >&2
  exit 1
fi

cd "$module"
version_of() { go list -m -f '{{.Version}}' "$1"; }
kubernetes=$(version_of k8s.io/kubernetes)
etcd=$(version_of go.etcd.io/etcd/server/v3)
helm=$(version_of helm.sh/helm/v4)
readonly kubernetes etcd helm
cat >&2 <<EOM
The cluster tests run against the real thing: Kubernetes $kubernetes, etcd $etcd, helm $helm.
Building them from source into $folder
(once per set of versions; fifteen minutes and more on two cores, sources come through the Go module proxy).
EOM

# What release builds set, since /version and the compatibility rules that follow from it read them.
readonly stamp=k8s.io/component-base/version
IFS=. read -r major minor _ <<< "${kubernetes#v}"
kubernetes_flags="-X $stamp.gitVersion=$kubernetes -X $stamp.gitMajor=$major -X $stamp.gitMinor=$minor -X $stamp.gitTreeState=clean"

readonly part="$folder.part.$$"
trap 'rm -rf "$part"' EXIT
mkdir -p "$part"
build() { # build PROGRAM PACKAGE LINKER-FLAGS
  echo "+ go build $2" >&2
  CGO_ENABLED=0 nice -n 5 go build -p 2 -trimpath -mod=readonly -ldflags "-s -w $3" -o "$part/$1" "$2" >&2
}
build etcd go.etcd.io/etcd/server/v3 ""
for program in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet; do
  build "$program" "k8s.io/kubernetes/cmd/$program" "$kubernetes_flags"
done
build helm helm.sh/helm/v4/cmd/helm "-X helm.sh/helm/v4/internal/version.version=$helm"
mv -T "$part" "$folder" 2> /dev/null || [ -d "$folder" ] # another run may have been quicker
echo "$folder"
