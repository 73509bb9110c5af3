#!/usr/bin/env bash
# Proves the direction of dependencies from `cargo tree`:
#   core       stands only on crates of scripts/core-allowed-crates.txt (no I/O, async, clock),
#              and does not reach for the standard library's;
#   pipelines  stands on core, and does no I/O of its own;
#   apiserver  stands on no other crate of this workspace;
#   catalog    stands on core, and serves nothing itself;
#   setup      serves nothing itself;
#   server     stands on catalog, without apiserver and operator;
#   probe      stands on core, knows no cluster, starts no process, and reads no file or variable;
#   operator   does without SQLite, and without apiserver.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly allowed=scripts/core-allowed-crates.txt
failed=0

# Names of all crates that a package is built with, itself included.
crates_of() {
  cargo tree --quiet --locked -p "$1" -e normal,build "${@:2}" --prefix none --format '{p}' |
    cut -d ' ' -f 1 | sort -u
}

complain() {
  printf 'error: %s\nhelp: %s\n' "$1" "$2" >&2
  failed=1
}

# forbid PACKAGE PATTERN WHY
forbid() {
  local found
  found=$(crates_of "$1" | grep -v -x "$1" | grep -E -x "$2" | paste -sd ' ' || true)
  [ -z "$found" ] || complain "$1 depends on: $found" "$3"
}

known=$(grep -v '^#' "$allowed" | cut -d ' ' -f 1 | sort -u)
built=$(crates_of bowline-core --target all)
foreign=$(comm -23 <(echo "$built") <(echo "$known") | paste -sd ' ')
gone=$(comm -13 <(echo "$built") <(echo "$known") | paste -sd ' ')
[ -z "$foreign" ] || complain "bowline-core depends on crates that nobody has looked at: $foreign" \
  "see that they open no socket, file or thread and read no clock, then add them to $allowed with a reason"
[ -z "$gone" ] || complain "$allowed names crates that bowline-core no longer needs: $gone" \
  "delete their lines"

impure='std::(fs|thread|process|env)\b|std::net::(Tcp|Udp|ToSocket)|(Instant|SystemTime)::now|socket_addrs|\basync fn'
reached=$(grep -rnE "$impure" crates/core/src || true)
[ -z "$reached" ] || complain "bowline-core reaches out: $reached" \
  "let the caller fetch it and pass it in as a value"

forbid bowline-pipelines 'kube.*|tokio.*|hyper.*|reqwest|rusqlite|bowline-(apiserver|catalog|operator|probe|server)' \
  "bowline-pipelines turns values into values; let the caller fetch and apply"
forbid bowline-apiserver 'bowline.*' \
  "declare a trait in apiserver and let cli adapt the other crate to it"
forbid bowline-catalog 'bowline-(apiserver|operator|server)|axum|rusqlite' \
  "catalog is for every face, and knows the Kubernetes API by its client only"
forbid bowline-setup 'bowline-(apiserver|operator|server)|axum|rusqlite' \
  "setup is for every face, and is handed its client and its bounds"
forbid bowline-server 'bowline-(apiserver|operator)|rusqlite|libsqlite3-sys' \
  "server reaches Kubernetes through a trait that it declares, which cli implements"
forbid bowline-probe 'bowline-(apiserver|operator|server|catalog)|kube.*|rusqlite' \
  "probe speaks to endpoints only; what it needs of a cluster is handed to it"
forbid bowline-probe 'flate2|miniz_oxide|brotli.*|zstd.*|async-compression' \
  "probe never unpacks what an endpoint sends, so that nothing grows"
reached=$(grep -rnE 'std::(fs|process|env)\b|tokio::(fs|process)\b' crates/probe/src || true)
[ -z "$reached" ] || complain "bowline-probe reaches for what is the process's own: $reached" \
  "hand it over in the request; whoever wrote a connection must not decide what runs or is read here"
forbid bowline-operator 'bowline-apiserver|rusqlite|libsqlite3-sys' \
  "operator runs in clusters, which have their own API and store"

[ "$failed" = 0 ] && echo "+ purity: core, apiserver, catalog, server, probe and operator depend on what they should"
exit "$failed"
