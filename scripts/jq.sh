#!/usr/bin/env bash
# Prints the path of jq: the one on PATH, else Debian's, unpacked with its libraries below
# target/tools without touching the system. Explains itself on stderr; ends with 69 where it cannot
# be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly unpacked="$PWD/target/tools/jq"
readonly program="$unpacked/jq"

command -v jq && exit
mkdir -p "$PWD/target/tools"
exec 9> "$unpacked.lock"
command -v flock > /dev/null && flock 9
if [ ! -x "$program" ]; then
  cat >&2 << TEXT
jq is not on PATH. Tests run the commands of guides that pipe objects through it.
Unpacking Debian's packages \`jq\`, \`libjq1\` and \`libonig5\` into $unpacked
(no root needed, the system stays as it is).
TEXT
  rm -rf "$unpacked"
  scripts/unpack.sh "$unpacked" jq libjq1 libonig5
  cat > "$program.part" << TEXT
#!/bin/sh
LD_LIBRARY_PATH=$(find "$unpacked/usr/lib" -name 'lib*.so*' -printf '%h\n' | sort -u | paste -sd :) exec "$unpacked/usr/bin/jq" "\$@"
TEXT
  chmod +x "$program.part"
  mv "$program.part" "$program"
fi
"$program" --version >&2
echo "$program"
