#!/usr/bin/env bash
# Runs a command beside a whole cluster with one node: `node.sh COMMAND...`, such as `node.sh bash`.
#
# etcd, the programs of Kubernetes and containerd are real, and run in network, mount and process
# namespaces of their own: nothing reaches them from outside, nothing that they do reaches the
# machine's network, and all of it is gone when the command ends. There, `bowline.test/bowline:dev` is
# an image of the program as `cargo build` made it, or the archive $BOWLINE_NODE_IMAGE, and
# `bowline.test/shell:1` one with a shell. Needs root; ends with 69 where a node cannot be had.
set -euo pipefail
if [ -n "${BOWLINE_NODE_IMAGE:-}" ]; then
  BOWLINE_NODE_IMAGE=$(realpath "$BOWLINE_NODE_IMAGE")
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly name=harbour address=10.88.0.1 pods=10.88.0.0/16 services=10.96.0.0/16 domain=cluster.local
readonly spaces=(--net --mount --pid --ipc --fork --kill-child --mount-proc) unavailable=69
PATH="$PATH:/usr/sbin:/sbin"

cannot() {
  echo "error: there can be no node here: $1" >&2
  exit $unavailable
}

outside() {
  local code=0
  [ "$(id -u)" = 0 ] || cannot "it needs root"
  unshare "${spaces[@]}" true || cannot "it needs the right to make namespaces"
  scripts/debian.sh "A cluster with a node" containerd:containerd runc:runc ip:iproute2 nft:nftables \
    dnsmasq:dnsmasq-base busybox:busybox-static openssl:openssl \
    /usr/lib/cni/bridge:containernetworking-plugins
  ASSETS=${KUBEBUILDER_ASSETS:-$(scripts/cluster-tools.sh)}
  [ -x "$ASSETS/kubelet" ] || cannot "there is no kubelet in $ASSETS"
  KUBECTL=$(scripts/kubectl.sh)
  HELM=$(scripts/helm.sh)
  STATE=$(mktemp -d --tmpdir bowline-node.XXXXXX)
  export ASSETS KUBECTL HELM STATE
  trap clear_up EXIT
  cgroups
  unshare "${spaces[@]}" scripts/node.sh --inside "$@" || code=$?
  exit $code
}

# Groups of our own, below which it is counted what pods use: one for each controller, or one for all
# where the system has them in one hierarchy.
cgroups() {
  local controller
  for controller in /sys/fs/cgroup /sys/fs/cgroup/*/; do
    [ -e "$controller/cgroup.procs" ] && ! [ -L "${controller%/}" ] || continue
    mkdir "$controller/${STATE##*/}" || cannot "it needs the right to make groups in $controller"
    [ "$controller" != /sys/fs/cgroup ] || break
  done
}

# What outlives the namespaces; they themselves where this script was told to end.
clear_up() {
  local try children
  children=$(< "/proc/$$/task/$$/children")
  # shellcheck disable=SC2086
  kill -KILL $children 2> /dev/null || true
  # Containers that ended take a moment to be gone.
  for try in {1..20}; do
    find /sys/fs/cgroup -depth -type d -path "*/${STATE##*/}*" -exec rmdir {} + 2> /dev/null && break
    sleep 0.1
  done
  rm -rf "$STATE"
}

# Starts a program that runs until the namespaces end.
start() {
  "$@" > "$logs/node-${1##*/}.log" 2>&1 < /dev/null &
}

# Waits until a command succeeds; its last words and the log are shown where it never does.
await() {
  local log=$1 try
  for try in {1..600}; do
    "${@:2}" > "$STATE/await" 2>&1 && return
    sleep 0.1
  done
  cat "$STATE/await" >&2
  tail -n 20 "$logs/node-$log.log" >&2
  echo "error: the node's $log does not come up" >&2
  exit 1
}

network() {
  ip link set lo up
  ip link add cni0 type bridge
  ip address add "$address/${pods#*/}" dev cni0
  ip link set cni0 up
  ip route add "$services" dev cni0 # to Services, which kube-proxy leads on
  echo 1 > /proc/sys/net/ipv4/ip_forward
  # Also what goes from pod to pod passes the rules of kube-proxy.
  if [ -e /proc/sys/net/bridge ]; then echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables; fi
  # Names of Services; a test adds its own as files.
  mkdir "$STATE/hosts"
  start dnsmasq --keep-in-foreground --no-resolv --no-hosts --listen-address="$address" \
    --bind-interfaces --user=root --pid-file= --local="/$domain/" --hostsdir="$STATE/hosts"
}

# Who each program is to the API server, by a token.
identities() {
  local user
  cat > "$STATE/tokens.csv" << END
admin-token,admin,1,system:masters
controllers-token,system:kube-controller-manager,2
scheduler-token,system:kube-scheduler,3
proxy-token,system:kube-proxy,4
node-token,system:node:$name,5,system:nodes
END
  for user in admin controllers scheduler proxy node; do
    cat > "$STATE/$user.kubeconfig" << END
apiVersion: v1
kind: Config
current-context: node
contexts: [{name: node, context: {cluster: node, user: $user}}]
clusters: [{name: node, cluster: {server: "https://$address:6443", certificate-authority: "$STATE/certificates/apiserver.crt"}}]
users: [{name: $user, user: {token: $user-token}}]
END
  done
  export KUBECONFIG="$STATE/admin.kubeconfig"
  openssl ecparam -name prime256v1 -genkey -noout -out "$STATE/accounts.key"
}

control_plane() {
  start "$ASSETS/etcd" --data-dir="$STATE/etcd" --unsafe-no-fsync --log-level=warn
  start "$ASSETS/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
    --bind-address="$address" --advertise-address="$address" --cert-dir="$STATE/certificates" \
    --token-auth-file="$STATE/tokens.csv" --authorization-mode=Node,RBAC \
    --enable-admission-plugins=NodeRestriction --service-cluster-ip-range="$services" \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$STATE/accounts.key" \
    --service-account-signing-key-file="$STATE/accounts.key" \
    --kubelet-preferred-address-types=InternalIP \
    --enable-aggregator-routing=true # webhooks are called at the pods behind their Service
  await kube-apiserver "$KUBECTL" get --raw /readyz
  start "$ASSETS/kube-controller-manager" --kubeconfig="$STATE/controllers.kubeconfig" \
    --use-service-account-credentials --leader-elect=false --bind-address=127.0.0.1 \
    --root-ca-file="$STATE/certificates/apiserver.crt" \
    --service-account-private-key-file="$STATE/accounts.key"
  start "$ASSETS/kube-scheduler" --kubeconfig="$STATE/scheduler.kubeconfig" --leader-elect=false \
    --bind-address=127.0.0.1
  start "$ASSETS/kube-proxy" --kubeconfig="$STATE/proxy.kubeconfig" --proxy-mode=nftables \
    --hostname-override="$name" --bind-address="$address" --cluster-cidr="$pods" \
    --conntrack-max-per-core=0
}

# What the programs of a node write outside of their folders, they write for this namespace only.
private() {
  local folder key value
  for folder in /run /var/log /var/lib/kubelet /var/lib/cni; do
    mkdir -p "$folder"
    mount -t tmpfs tmpfs "$folder"
  done
  # The kubelet sets these for the whole machine, unless they are so already.
  while read -r key value; do
    echo "$value" > "$STATE/${key##*/}"
    mount --bind "$STATE/${key##*/}" "/proc/sys/$key"
  done << END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END
  unset http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
  mkdir "$STATE/tmp"
  export TMPDIR="$STATE/tmp" KUBECACHEDIR="$STATE/cache"
}

containers() {
  mkdir "$STATE/cni"
  cat > "$STATE/cni/node.conflist" << END
{"cniVersion": "0.4.0", "name": "node", "plugins": [{
  "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": "$pods"}]],
           "routes": [{"dst": "0.0.0.0/0"}]}
}]}
END
  cat > "$STATE/containerd.toml" << END
version = 2
root = "$STATE/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "bowline.test/shell:1"
  # Where root may not protect processes from running out of memory, as in a container.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
END
  start containerd --config "$STATE/containerd.toml"
  await containerd ctr version
}

# The images of the node: nothing is pulled.
images() {
  local root="$STATE/root" library
  mkdir -p "$root/shell/bin" "$root/program"
  cp "$(command -v busybox)" "$root/shell/bin/busybox"
  ln -s busybox "$root/shell/bin/sh"
  scripts/image.sh "$STATE/shell.tar" bowline.test/shell:1 65532:65532 "$root/shell" \
    /bin/busybox sleep 2147483647
  import "$STATE/shell.tar" bowline.test/shell:1
  if [ -n "${BOWLINE_NODE_IMAGE:-}" ]; then
    import "$BOWLINE_NODE_IMAGE" bowline.test/bowline:dev
    return
  fi
  cp target/debug/bowline "$root/program/bowline"
  ldd target/debug/bowline | grep -o '/lib[^ ]*' | while read -r library; do
    install -D "$library" "$root/program$library"
  done
  scripts/image.sh "$STATE/program.tar" bowline.test/bowline:dev 65532:65532 "$root/program" /bowline
  import "$STATE/program.tar" bowline.test/bowline:dev
}

import() { # import ARCHIVE NAME
  local imported
  imported=$(ctr --namespace k8s.io images import "$1" | sed -n 's/^unpacking \([^ ]*\) .*/\1/p')
  if [ "$imported" != "$2" ]; then
    ctr --namespace k8s.io images tag "$imported" "$2" > /dev/null
  fi
}

kubelet() {
  touch "$STATE/resolv.conf" # none of the machine's names
  cat > "$STATE/kubelet.yaml" << END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
clusterDNS: [$address]
clusterDomain: $domain
cgroupDriver: cgroupfs
cgroupRoot: /${STATE##*/}
podLogsDir: $logs/pods
resolvConf: $STATE/resolv.conf
cgroupsPerQOS: false
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
# Only this namespace and its pods reach it.
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
healthzPort: 0
# The machine may be full; the test is small.
evictionHard: {nodefs.available: "0%"}
imageGCHighThresholdPercent: 100
makeIPTablesUtilChains: false
END
  start "$ASSETS/kubelet" --config="$STATE/kubelet.yaml" --kubeconfig="$STATE/node.kubeconfig" \
    --root-dir="$STATE/kubelet" --hostname-override="$name" --node-ip="$address"
  await kubelet "$KUBECTL" wait --for=condition=Ready "node/$name" --timeout=1s
  # Taken away a moment after it is ready.
  await kubelet sh -c 'taints=$("$0" get node -o "jsonpath={.items[*].spec.taints}") && [ -z "$taints" ]' \
    "$KUBECTL"
}

inside() {
  readonly logs="${BOWLINE_CANARY_DIR:-$STATE/logs}"
  mkdir -p "$logs"
  private
  network
  identities
  containers
  images
  control_plane
  kubelet
  BOWLINE_NODE_ADDRESS=$address BOWLINE_NODE_HOSTS="$STATE/hosts" "$@"
}

case "${1:-}" in
  --inside) inside "${@:2}" ;;
  '') echo "error: say which command to run beside the node, such as \`bash\`" >&2 && exit 2 ;;
  *) outside "$@" ;;
esac
