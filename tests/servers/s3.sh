#!/usr/bin/env bash
# A real S3 server on loopback: Ceph's object gateway over a cluster of one monitor and one disk,
# which is memory.
#
#   s3.sh [STATE_DIR [PORT]]
#
# Installs the Debian packages that it needs. When everything answers it prints one line of JSON:
# an endpoint without and one with TLS, the file of the CA, and two users. It stops on SIGTERM and
# when standard input ends, so that it never outlives whoever started it: give it a pipe. A server
# that ends early, a port that is taken or a failed start end it with 1; missing packages with 69.
#
# PORT is S3, PORT+1 the same over TLS, PORT+2 and PORT+10 to PORT+20 serve the cluster itself.
# Without PORT it looks for free ones. Logs, keys and the configuration stay in STATE_DIR; without
# one they are in a folder of its own, which goes when the server was told to stop.
#
# With S3_ROLES in the environment the gateway gives keys for roles too. It then refuses wrong keys
# without saying which it knows.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH="$PATH:/usr/sbin:/sbin"
readonly here last_port_offset=20
umask 077
state=${1:-$(mktemp -d)}
mkdir -p "$state/mon" "$state/osd" "$state/tls"
state=$(cd "$state" && pwd)
is_temporary=$([ $# -gt 0 ] || echo yes)
children=()

fail() {
  echo "error: S3 server: $1" >&2
  df -h "$state" | sed 's/^/  disk: /' >&2
  tail -qn 5 "$state"/*.log 2> /dev/null | sed 's/^/  log: /' >&2
  echo "help: see the logs in $state" >&2
  exit 1
}

# Nothing of it is worth an orderly end: the disk is memory.
stop() {
  local code=$?
  trap - EXIT TERM INT
  kill -KILL "${children[@]}" 2> /dev/null || true
  wait "${children[@]}" 2> /dev/null || true
  [ "$code$is_temporary" != 0yes ] || rm -rf "$state"
  exit "$code"
}
trap stop EXIT
trap 'exit 0' TERM INT

answers() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

is_free() {
  local base=$1 offset
  for offset in 0 1 2 $(seq 10 $last_port_offset); do
    ! answers $((base + offset)) || return 1
  done
}

# Below the ports that the kernel hands out by itself.
free_port() {
  local base
  for _ in $(seq 50); do
    base=$((20000 + RANDOM % 500 * 24))
    is_free $base && echo $base && return
  done
  fail "found no free ports"
}

# run NAME COMMAND...: a server in the background, which the kernel ends should this script be killed.
run() {
  setpriv --pdeathsig KILL -- "${@:2}" >> "$state/$1.log" 2>&1 < /dev/null 9>&- &
  children+=($!)
}

# until_true SECONDS WHAT COMMAND...
until_true() {
  local deadline=$((SECONDS + $1)) server
  until "${@:3}"; do
    for server in "${children[@]}"; do
      kill -0 "$server" 2> /dev/null || fail "a server ended early"
    done
    [ $SECONDS -lt $deadline ] || fail "$2 within $1 s"
    sleep 0.1
  done
}

# Makes a CA, and by it a certificate for loopback.
certificates() {
  cd "$state/tls"
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=S3 test CA" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout ca.key -out ca.pem
  openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out server.pem \
    -extfile <(printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n')
}

configuration() {
  cat << END
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$((port + 2))/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind port min = $((port + 10))
ms bind port max = $((port + last_port_offset))
auth allow insecure global id reclaim = false
keyring = $state/keyring
run dir = $state
pid file = $state/\$name.pid
log file = $state/\$name.log
admin socket =
# One disk holds the only copy of everything.
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
# A monitor without peers has nobody to wait for, and refuses to run on full disks.
paxos propose interval = 0.05
paxos min wait = 0.01
mon data avail crit = 0
mon data avail warn = 0
[mon.a]
mon data = $state/mon
[osd.0]
osd data = $state/osd
osd objectstore = memstore
memstore device bytes = 1073741824
${S3_ROLES:+$(roles)}
END
}

# The gateway gives temporary keys for roles, sealed by this one.
roles() {
  cat << END
[client.rgw]
rgw sts key = $(openssl rand -hex 8)
rgw s3 auth use sts = true
END
}

monitor() {
  local name
  for name in client.admin mon. osd.0 client.rgw; do
    ceph-authtool --create-keyring "$state/one" --gen-key -n $name --cap mon 'allow *' --cap osd 'allow *'
    if [ -s "$state/keyring" ]; then
      ceph-authtool "$state/keyring" --import-keyring "$state/one"
    else
      mv "$state/one" "$state/keyring"
    fi
  done
  monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$((port + 2))]" "$state/monmap"
  ceph-mon --mkfs -i a --monmap "$state/monmap" --keyring "$state/keyring"
}

disk() {
  local id
  id=$(cat /proc/sys/kernel/random/uuid)
  timeout 60 ceph osd new "$id"
  ceph-osd -i 0 --mkfs --osd-uuid "$id"
}

disk_is_up() { timeout 20 ceph osd stat 2> /dev/null | grep -q '1 up'; }

# user NAME [OPTION...]: makes a user of the gateway and prints his access key and secret key. Secrets
# begin as what is searched for in all that tests write (crates/testkit/src/canary.rs).
user() {
  local key secret
  key=$(tr '[:lower:]' '[:upper:]' <<< "test$1$(openssl rand -hex 6)")
  secret=Canary/$(openssl rand -hex 8)+$(openssl rand -hex 8)
  timeout 60 radosgw-admin -n client.rgw user create --uid="$1" --display-name="$1" \
    --access-key="$key" --secret-key="$secret" "${@:2}" 2>> "$state/init.log" > /dev/null || fail "could not make user $1"
  echo "$key $secret"
}

"$here/../../scripts/debian.sh" "the S3 server of the tests" ceph-mon:ceph-mon ceph-osd:ceph-osd \
  radosgw:radosgw ceph:ceph-common openssl:openssl python3:python3 setpriv:util-linux
port=${2:-$(free_port)}
is_free "$port" || fail "a port of $port to $((port + last_port_offset)) is taken"
fsid=$(cat /proc/sys/kernel/random/uuid)
configuration > "$state/ceph.conf"
export CEPH_CONF="$state/ceph.conf"
(certificates) >> "$state/init.log" 2>&1 || fail "could not make certificates"
(monitor) >> "$state/init.log" 2>&1 || fail "could not make a monitor"
run mon ceph-mon -i a -f
until_true 60 "the monitor did not listen" answers $((port + 2))
(disk) >> "$state/init.log" 2>&1 || fail "could not make a disk"
run osd ceph-osd -i 0 -f
until_true 60 "the disk did not come up" disk_is_up
run gateway radosgw -n client.rgw -f --log_file="$state/client.rgw.log" \
  --rgw_frontends="beast endpoint=127.0.0.1:$port ssl_endpoint=127.0.0.1:$((port + 1)) \
ssl_certificate=$state/tls/server.pem ssl_private_key=$state/tls/server.key"
until_true 120 "the gateway did not listen" answers "$port"
until_true 10 "the gateway did not listen with TLS" answers "$((port + 1))"
# The owner gives policies to users. He may from the start, as two who give him a right at once get in
# each other's way.
users=$(user owner --caps='user-policy=*' && user stranger)
read -r -d '' key secret other_key other_secret <<< "$users" || true

printf '{"endpoint":"%s","tls_endpoint":"%s","ca":"%s","region":"us-east-1",' \
  "http://127.0.0.1:$port" "https://127.0.0.1:$((port + 1))" "$state/tls/ca.pem"
printf '"access_key":"%s","secret_key":"%s","other_access_key":"%s","other_secret_key":"%s",' \
  "$key" "$secret" "$other_key" "$other_secret"
printf '"configuration":"%s"}\n' "$state/ceph.conf"
exec 1>&-

# Whatever ends first: standard input, or a server too early.
cat > /dev/null <&0 &
input=$!
children+=("$input")
ended=
wait -n -p ended "${children[@]}" || true
[ "$ended" = "$input" ] || fail "a server ended early"
