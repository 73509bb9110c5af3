#!/usr/bin/env bash
# Builds each crate by itself: one that compiles only because a neighbour switches a feature on is
# broken for everybody who uses it alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for package in $(sed -n 's/^name = "\(bowline.*\)"$/\1/p' crates/*/Cargo.toml | sort -u); do
  echo "+ cargo check -p $package"
  cargo check --quiet --locked -p "$package"
done
echo "+ cargo check -p bowline --features otel"
cargo check --quiet --locked -p bowline --features otel
