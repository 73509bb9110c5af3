#!/usr/bin/env bash
# Unpacks Debian packages into a folder, without root and without touching the system:
# `unpack.sh FOLDER PACKAGE...`. The folder is there as a whole or not at all. Ends with 69 where
# the packages cannot be had.
set -euo pipefail

readonly folder=$1 packages=("${@:2}") unavailable=69

if ! command -v apt-get > /dev/null || ! command -v dpkg > /dev/null; then
  echo "error: this is not a Debian system to unpack ${packages[*]} from" >&2
  exit "$unavailable"
fi
# Lists and archives of our own, so that neither root nor a fresh system-wide list is needed.
readonly apt="$folder.apt"
rm -rf "$apt" "$folder.part"
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/download"
apt_options=(
  -qq
  -o "Dir::State::lists=$apt/lists"
  -o "Dir::Cache=$apt"
  -o "APT::Sandbox::User=$(id -un)"
)
{
  apt-get "${apt_options[@]}" update || exit "$unavailable"
  cd "$apt/download"
  apt-get "${apt_options[@]}" download "${packages[@]}" || exit "$unavailable"
  for package in *.deb; do
    dpkg -x "$package" "$folder.part"
  done
} >&2
mv "$folder.part" "$folder"
rm -rf "$apt"
