#!/usr/bin/env bash
# Files over HTTP(S) and a small model hub on loopback.
#
#   hub.sh [STATE_DIR [PORT]]
#
# PORT is HTTP, PORT+1 HTTPS. See hub.py and serve.sh.
# shellcheck source=tests/servers/serve.sh
source "$(dirname "${BASH_SOURCE[0]}")/serve.sh"
begin "the model hub" "${@:1:1}"
need python3:python3 openssl:openssl setpriv:util-linux
take_ports 2 "${@:2:1}"
certificates
HUB_TOKEN=hf_$(secret)
HUB_PASSWORD=$(secret)
export HUB_TOKEN HUB_PASSWORD
run hub python3 "$here/hub.py" "$port" $((port + 1)) "$state/tls"
until_listening "$port" $((port + 1))

announce endpoint "http://127.0.0.1:$port" tls_endpoint "https://127.0.0.1:$((port + 1))" \
  ca "$state/tls/ca.pem" token "$HUB_TOKEN" username demo password "$HUB_PASSWORD"
serve
