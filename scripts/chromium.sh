#!/usr/bin/env bash
# Prints the path of a headless Chromium: $CHROMIUM, else one on PATH, else Debian's, unpacked with
# the libraries that it misses below target/tools without touching the system. Explains itself on
# stderr; ends with 69 where it cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly tools="$PWD/target/tools"
readonly unpacked="$tools/chromium"
readonly program="$unpacked/headless"
readonly unavailable=69

cannot() {
  echo "error: there is no browser: $1" >&2
  echo "help: install Chromium, or set CHROMIUM to its path" >&2
  exit "$unavailable"
}

if [ -n "${CHROMIUM:-}" ]; then
  command -v "$CHROMIUM" && exit
  cannot "\$CHROMIUM is \`$CHROMIUM\`, which is not a program"
fi
for name in chromium-headless-shell chromium chromium-browser google-chrome; do
  command -v "$name" && exit
done
mkdir -p "$tools"
exec 9> "$unpacked.lock"
command -v flock > /dev/null || cannot "\`flock\` is not on PATH"
flock 9
if [ -x "$program" ]; then
  echo "$program"
  exit
fi
if ! command -v apt-get > /dev/null || ! command -v dpkg > /dev/null; then
  cannot "none on PATH, and this is not a Debian system to unpack one from"
fi
cat >&2 << EOF
Chromium is not on PATH. Tests let it look at the pages of \`bowline up\`.
Unpacking Debian's package \`chromium-headless-shell\` (90 MB with what it needs) into
$unpacked (no root needed, the system stays as it is).
EOF

# Lists and archives of our own, so that neither root nor a fresh system-wide list is needed.
readonly apt="$tools/chromium-apt"
rm -rf "$apt" "$unpacked.part"
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/download"
apt_options=(
  -qq
  -o "Dir::State::lists=$apt/lists"
  -o "Dir::Cache=$apt"
  -o "APT::Sandbox::User=$(id -un)"
  -o "Debug::NoLocking=true"
)
{
  apt-get "${apt_options[@]}" update || cannot "Debian's lists cannot be read"
  # What an installation would add is what this system misses.
  missing=$(apt-get "${apt_options[@]}" install --simulate --no-install-recommends \
    chromium-headless-shell) || cannot "Debian has none for this system"
  mapfile -t packages < <(sed -n 's/^Inst \([^ ]*\).*/\1/p' <<< "$missing")
  cd "$apt/download"
  apt-get "${apt_options[@]}" download "${packages[@]}" || cannot "Debian's packages cannot be fetched"
  for package in *.deb; do
    dpkg -x "$package" "$unpacked.part"
  done
} >&2
cat > "$unpacked.part/headless" << EOF
#!/bin/sh
LD_LIBRARY_PATH=$(find "$unpacked.part/usr/lib" -name 'lib*.so*' -printf '%h\n' | sort -u |
  sed "s|^$unpacked.part|$unpacked|" | paste -sd :) exec $unpacked/usr/lib/chromium/chromium-headless-shell "\$@"
EOF
chmod +x "$unpacked.part/headless"
mv "$unpacked.part" "$unpacked"
rm -rf "$apt"
echo "$program"
