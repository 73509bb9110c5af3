#!/usr/bin/env bash
# Fuzzes every target for FUZZ_SECONDS (default 300), or those that are named. Fails on a panic, on an
# input that takes longer than ten seconds, on one that makes a parser ask for more than 64 MiB at
# once, and when the whole process grows beyond 512 MiB. Without a sanitizer: the project has no
# unsafe code, and inputs are tried several times as fast.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! cargo +nightly fuzz --version > /dev/null 2>&1; then
  cat >&2 <<MESSAGE
error: fuzzing needs a nightly toolchain and cargo-fuzz
help: rustup toolchain install nightly && cargo install --locked cargo-fuzz
MESSAGE
  exit 1
fi

scripts/fuzz-seeds.sh
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(cargo +nightly fuzz list)
for target in "${targets[@]}"; do
  echo "+ cargo fuzz run $target, ${FUZZ_SECONDS:-300} s"
  cargo +nightly fuzz run --sanitizer none "$target" -- "-max_total_time=${FUZZ_SECONDS:-300}" \
    -timeout=10 -malloc_limit_mb=64 -rss_limit_mb=512 -max_len=16384 -print_final_stats=1
done
