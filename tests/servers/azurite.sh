#!/usr/bin/env bash
# Azure Blob storage on loopback: Azurite, Microsoft's own emulator.
#
#   azurite.sh [STATE_DIR [PORT]]
#
# PORT is HTTP, PORT+1 HTTPS, each with data of its own. The container `models` holds
# `demo/hello.txt`, and `public`, which everybody may read, the same. Give signatures out with
# azure_sas.py. See serve.sh.
# shellcheck source=tests/servers/serve.sh
source "$(dirname "${BASH_SOURCE[0]}")/serve.sh"
begin "the Azure server" "${@:1:1}"
need python3:python3 openssl:openssl setpriv:util-linux
node_with azurite azurite@3.37.0
take_ports 2 "${@:2:1}"
certificates

# 64 bytes that begin, as base64, like all secrets of tests.
key=$(python3 -c 'import base64, secrets; print("Canary/" + base64.b64encode(secrets.token_bytes(64)).decode()[7:])')
export AZURITE_ACCOUNTS="tests:$key"

# azurite NAME PORT OPTION...
azurite() {
  mkdir -p "$state/$1"
  run "$1" node "$modules/azurite/dist/src/blob/main.js" --blobHost 127.0.0.1 --blobPort "$2" \
    --location "$state/$1" --disableTelemetry --skipApiVersionCheck --silent "${@:3}"
}
azurite plain "$port"
azurite secured $((port + 1)) --cert "$state/tls/server.pem" --key "$state/tls/server.key"
until_listening "$port" $((port + 1))
endpoint=http://127.0.0.1:$port/tests
tls_endpoint=https://127.0.0.1:$((port + 1))/tests
for url in "$endpoint" "$tls_endpoint"; do
  KEY=$key SSL_CERT_FILE=$state/tls/ca.pem python3 "$here/azure_fill.py" "$url" >> "$state/fill.log" 2>&1 ||
    fail "could not fill the store"
done

announce endpoint "$endpoint" tls_endpoint "$tls_endpoint" ca "$state/tls/ca.pem" account tests key "$key"
serve
