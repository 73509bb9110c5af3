#!/usr/bin/env bash
# What the servers of this folder share; sourced, not run. A server's script calls `begin`, makes
# what it needs, starts its parts with `run`, says with `announce` where they are, and ends with
# `serve`. Those that nothing else can stop end with their standard input, so give them a pipe.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=$here/../../target/tools
PATH="$PATH:/usr/sbin:/sbin"
readonly here tools
umask 077
children=()

# begin WHAT [STATE_DIR]: where logs, keys and configuration are; without STATE_DIR in a folder of
# its own, which goes when the server was told to stop.
begin() {
  what=$1
  state=${2:-$(mktemp -d)}
  is_temporary=$([ $# -gt 1 ] || echo yes)
  mkdir -p "$state"
  state=$(cd "$state" && pwd)
  trap stop EXIT
  trap 'exit 0' TERM INT
}

fail() {
  echo "error: $what: $1" >&2
  tail -qn 5 "$state"/*.log 2> /dev/null | sed 's/^/  log: /' >&2
  echo "help: see the logs in $state" >&2
  exit 1
}

# Nothing of it is worth an orderly end.
stop() {
  local code=$?
  trap - EXIT TERM INT
  kill -KILL "${children[@]}" 2> /dev/null || true
  wait "${children[@]}" 2> /dev/null || true
  [ "$code$is_temporary" != 0yes ] || rm -rf "$state"
  exit "$code"
}

# need COMMAND:PACKAGE...: Debian packages; ends with 69 where they cannot be had.
need() { "$here/../../scripts/debian.sh" "$what of the tests" "$@"; }

# fresh FOLDER STAMP: whether an installation must be made anew. Takes the lock of the folder.
fresh() {
  mkdir -p "$tools"
  exec 9> "$1.lock"
  flock 9
  [ "$(cat "$1/stamp" 2> /dev/null)" != "$2" ] || return 1
  echo "$what of the tests: installing into ${1##*/}" >&2
  rm -rf "$1"
}

cannot() {
  echo "error: $what of the tests cannot be installed" >&2
  tail -n 3 "$state/install.log" | sed 's/^/  log: /' >&2
  exit 69
}

# python_with NAME PACKAGE...: a virtual environment; its Python is then `$python`.
python_with() {
  local folder=$tools/$1 stamp
  shift
  need python3:python3 flock:util-linux
  stamp="$(python3 --version) $*"
  python=$folder/bin/python
  if fresh "$folder" "$stamp"; then
    python3 -c 'import ensurepip' 2> /dev/null || need :python3-venv
    { python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"; } \
      > "$state/install.log" 2>&1 || cannot
    echo "$stamp" > "$folder/stamp"
  fi
  exec 9>&-
}

# node_with NAME PACKAGE...: packages for Node.js below `$modules`.
node_with() {
  local folder=$tools/$1
  shift
  need node:nodejs npm:npm flock:util-linux
  modules=$folder/node_modules
  if fresh "$folder" "$*"; then
    mkdir -p "$folder"
    echo '{"private":true}' > "$folder/package.json"
    (cd "$folder" && npm install --no-audit --no-fund --omit=dev "$@") > "$state/install.log" 2>&1 || cannot
    echo "$*" > "$folder/stamp"
  fi
  exec 9>&-
}

answers() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# take_ports COUNT [FIRST]: neighbouring free ports from `$port` on, below those that the kernel
# hands out by itself.
take_ports() {
  local try offset
  for try in ${2:-$(seq 50)}; do
    port=${2:-$((20000 + RANDOM % 500 * 24))}
    for ((offset = 0; offset < $1; offset++)); do
      ! answers $((port + offset)) || continue 2
    done
    return 0
  done
  fail "found no free ports"
}

# run NAME COMMAND...: a part in the background, which the kernel ends should this script be killed.
run() {
  setpriv --pdeathsig KILL -- "${@:2}" >> "$state/$1.log" 2>&1 < /dev/null &
  children+=($!)
}

# until_true SECONDS WHAT COMMAND...
until_true() {
  local deadline=$((SECONDS + $1)) part
  until "${@:3}"; do
    for part in "${children[@]}"; do
      kill -0 "$part" 2> /dev/null || fail "a part ended early"
    done
    [ $SECONDS -lt $deadline ] || fail "$2 within $1 s"
    sleep 0.05
  done
}

# until_listening PORT...
until_listening() {
  local one
  for one; do
    until_true 60 "nothing listens on port $one" answers "$one"
  done
}

# certificates: a CA and by it a certificate for loopback, in `$state/tls`.
certificates() {
  local tls=$state/tls
  mkdir -p "$tls"
  {
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=Test CA" \
      -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$tls/ca.key" -out "$tls/ca.pem" &&
      openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout "$tls/server.key" -out "$tls/server.csr" &&
      openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial \
        -days 30 -out "$tls/server.pem" \
        -extfile <(printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n')
  } >> "$state/certificates.log" 2>&1 || fail "could not make certificates"
}

# secret: a value that begins as what is searched for in all that tests write
# (crates/testkit/src/canary.rs).
secret() { echo "Canary/$(openssl rand -hex 8)+$(openssl rand -hex 8)"; }

# announce KEY VALUE...: the one line of JSON that says that everything answers.
announce() {
  local line=
  while [ $# -gt 0 ]; do
    line+=",\"$1\":\"$2\""
    shift 2
  done
  printf '{%s}\n' "${line#,}"
  exec 1>&-
}

# serve: stays until standard input ends, or fails when a part ends too early.
serve() {
  local ended=
  cat > /dev/null <&0 &
  local input=$!
  children+=("$input")
  wait -n -p ended "${children[@]}" || true
  [ "$ended" = "$input" ] || fail "a part ended early"
}
