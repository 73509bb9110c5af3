#!/usr/bin/env bash
# Installs Debian packages that are missing: `debian.sh WHY COMMAND:PACKAGE...`. Each package is
# named behind a command that it brings, or behind nothing when it is needed whatever there is.
# Says on stderr what it does and why; ends with 69 where a package is missing and cannot be
# installed, which tests take as a reason to skip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly why=$1 pairs=("${@:2}")
PATH="$PATH:/usr/sbin:/sbin"

missing() {
  for pair in "${pairs[@]}"; do
    command -v "${pair%%:*}" > /dev/null || echo "${pair#*:}"
  done | sort -u
}

cannot() {
  echo "error: $why needs Debian packages that are not installed: $(missing | paste -sd ' ')" >&2
  echo "help: $1" >&2
  exit 69
}

[ -n "$(missing)" ] || exit 0
command -v apt-get > /dev/null || cannot "install them; this is not a Debian system"
root=()
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2> /dev/null || cannot "install them as root, or run this as root"
  root=(sudo -n)
fi

# One installation at a time, however many ask.
readonly log=target/tools/debian.log
mkdir -p target/tools
exec 9> target/tools/debian.lock
flock 9
mapfile -t packages < <(missing)
[ ${#packages[@]} -gt 0 ] || exit 0
echo "$why needs ${packages[*]}: installing Debian's packages" >&2
{
  "${root[@]}" apt-get -qq update &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes \
      --no-install-recommends -o DPkg::Lock::Timeout=300 "${packages[@]}"
} > "$log" 2>&1 || cannot "see $log: $(tail -n 1 "$log")"
