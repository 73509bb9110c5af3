#!/usr/bin/env bash
# Prints the path of a kubectl: $KUBECTL, else the one on PATH, else Debian's, unpacked below
# target/tools without touching the system. Explains itself on stderr.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly tools="$PWD/target/tools"
readonly unpacked="$tools/kubernetes-client"

if [ -n "${KUBECTL:-}" ]; then
  command -v "$KUBECTL" && exit
  echo "error: \$KUBECTL is \`$KUBECTL\`, which is not a program" >&2
  echo "help: unset it, or set it to the path of a kubectl" >&2
  exit 1
fi
command -v kubectl && exit
if [ -x "$unpacked/usr/bin/kubectl" ]; then
  echo "$unpacked/usr/bin/kubectl"
  exit
fi

cat >&2 <<EOF
kubectl is not on PATH. The examples and tests run the real one against \`bowline up\`.
Unpacking Debian's package \`kubernetes-client\` into $unpacked
(package lists are fetched into the same folder; no root needed, the system stays as it is).
EOF

mkdir -p "$tools"
scripts/unpack.sh "$unpacked" kubernetes-client || {
  echo "error: no kubectl on PATH, and Debian's cannot be unpacked" >&2
  echo "help: install kubectl, or set KUBECTL to its path" >&2
  exit 1
}
"$unpacked/usr/bin/kubectl" version --client >&2
echo "$unpacked/usr/bin/kubectl"
