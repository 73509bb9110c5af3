#!/usr/bin/env bash
# Azure Blob storage on loopback: Azurite, Microsoft's own emulator.
#
#   azurite.sh [STATE_DIR [PORT]]
#
# PORT is HTTP. The container `models` holds `demo/hello.txt`. Give signatures out with
# azure_sas.py. See serve.sh.
# shellcheck source=tests/servers/serve.sh
source "$(dirname "${BASH_SOURCE[0]}")/serve.sh"
begin "the Azure server" "${@:1:1}"
need python3:python3 setpriv:util-linux
node_with azurite azurite@3.37.0
take_ports 1 "${@:2:1}"

# 64 bytes that begin, as base64, like all secrets of tests.
key=$(python3 -c 'import base64, secrets; print("Canary/" + base64.b64encode(secrets.token_bytes(64)).decode()[7:])')
mkdir -p "$state/data"
export AZURITE_ACCOUNTS="tests:$key"
run azurite node "$modules/azurite/dist/src/blob/main.js" --blobHost 127.0.0.1 --blobPort "$port" \
  --location "$state/data" --disableTelemetry --skipApiVersionCheck --silent
until_listening "$port"
endpoint=http://127.0.0.1:$port/tests
KEY=$key python3 "$here/azure_fill.py" "$endpoint" >> "$state/fill.log" 2>&1 || fail "could not fill the store"

announce endpoint "$endpoint" account tests key "$key"
serve
