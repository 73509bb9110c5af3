#!/usr/bin/env bash
# Google Cloud Storage on loopback: an emulator of the store behind a gate that checks logins, which
# the emulator does not.
#
#   gcs.sh [STATE_DIR [PORT]]
#
# PORT is the gate, with the token endpoint and the JSON API, PORT+1 the emulator. The bucket
# `models` holds `demo/hello.txt`; the bucket `forbidden` is refused to all. See gcs_gate.py and
# serve.sh.
# shellcheck source=tests/servers/serve.sh
source "$(dirname "${BASH_SOURCE[0]}")/serve.sh"
begin "the GCS server" "${@:1:1}"
need openssl:openssl setpriv:util-linux
python_with gcs gcp-storage-emulator==2026.7.19
take_ports 2 "${@:2:1}"

mkdir -p "$state/store"
for name in reader stranger; do
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$state/$name.pem" 2>> "$state/keys.log"
done
openssl pkey -in "$state/reader.pem" -pubout -out "$state/reader.pub"

# key_file ACCOUNT KEY: as the cloud console gives it.
key_file() {
  "$python" - "$1" "$state/$2.pem" "http://127.0.0.1:$port/token" << 'END'
import json, secrets, sys
name, file, token_uri = sys.argv[1:]
key = {"type": "service_account", "project_id": "tests", "private_key_id": secrets.token_hex(20),
       "private_key": open(file).read(), "client_email": f"{name}@tests.iam.gserviceaccount.com",
       "client_id": "1", "token_uri": token_uri, "universe_domain": "googleapis.com"}
print(json.dumps(key))
END
}
key_file reader reader > "$state/good.json"
key_file reader stranger > "$state/wrong_key.json"
key_file nobody stranger > "$state/unknown_account.json"
export STORAGE_BASE="$state" STORAGE_DIR=store
run emulator "$python" -m gcp_storage_emulator start --host=127.0.0.1 --port=$((port + 1))
run gate "$python" "$here/gcs_gate.py" "$port" $((port + 1)) reader@tests.iam.gserviceaccount.com "$state/reader.pub"
until_listening "$port" $((port + 1))
"$python" - "http://127.0.0.1:$((port + 1))" >> "$state/fill.log" 2>&1 << 'END' || fail "could not fill the store"
import json, sys, urllib.request
def post(path, body, kind):
    urllib.request.urlopen(urllib.request.Request(sys.argv[1] + path, body, {"Content-Type": kind}), timeout=30)
for bucket in ("models", "forbidden"):
    post("/storage/v1/b?project=tests", json.dumps({"name": bucket}).encode(), "application/json")
post("/upload/storage/v1/b/models/o?uploadType=media&name=demo/hello.txt", b"hello", "text/plain")
END

announce endpoint "http://127.0.0.1:$port" key_file "$state/good.json" \
  wrong_key_file "$state/wrong_key.json" unknown_account_file "$state/unknown_account.json"
serve
