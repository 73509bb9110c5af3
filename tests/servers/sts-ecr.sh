#!/usr/bin/env bash
# AWS on loopback: moto's server with its checks of signatures and policies on. STS, ECR, IAM, S3.
#
#   sts-ecr.sh [STATE_DIR [PORT]]
#
# Of its users one may do everything and one nothing. See moto_app.py, moto_setup.py and serve.sh.
# shellcheck source=tests/servers/serve.sh
source "$(dirname "${BASH_SOURCE[0]}")/serve.sh"
begin "the AWS server" "${@:1:1}"
need setpriv:util-linux
python_with moto 'moto[server]==5.2.5' boto3==1.44.5
take_ports 1 "${@:2:1}"
export MOTO_IAM_LOAD_MANAGED_POLICIES=false INITIAL_NO_AUTH_ACTION_COUNT=inf
run moto "$python" "$here/moto_app.py" "$port"
until_listening "$port"
"$python" "$here/moto_setup.py" "http://127.0.0.1:$port" > "$state/setup.txt" 2>> "$state/setup.log" ||
  fail "could not fill the account"
read -r -d '' key secret denied denied_secret role narrow < "$state/setup.txt" || true

announce endpoint "http://127.0.0.1:$port" region us-east-1 account 123456789012 \
  access_key "$key" secret_key "$secret" denied_access_key "$denied" denied_secret_key "$denied_secret" role "$role" narrow_role "$narrow"
serve
