#!/usr/bin/env bash
# Fuzzes every target for FUZZ_SECONDS (default 300), or the one that is named. Fails on a panic,
# on an input that takes longer than ten seconds, and on one that makes a parser ask for more than
# 64 MiB at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! cargo +nightly fuzz --version > /dev/null 2>&1; then
  cat >&2 <<EOF
error: fuzzing needs a nightly toolchain and cargo-fuzz
help: rustup toolchain install nightly && cargo install --locked cargo-fuzz
EOF
  exit 1
fi

targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(cargo +nightly fuzz list)
for target in "${targets[@]}"; do
  echo "+ cargo fuzz run $target, ${FUZZ_SECONDS:-300} s"
  cargo +nightly fuzz run "$target" -- \
    "-max_total_time=${FUZZ_SECONDS:-300}" -timeout=10 -malloc_limit_mb=64 -print_final_stats=1
done
