#!/usr/bin/env bash
# An OCI registry on loopback: the CNCF's Distribution over one store, with each way to log in.
#
#   registry.sh [STATE_DIR [PORT]]
#
# PORT takes a user and a password, PORT+1 the same over TLS, PORT+2 tokens that PORT+3 gives out;
# there, `public/*` can be pulled without a login, and the user `reader` may not push. See serve.sh.
# shellcheck source=tests/servers/serve.sh
source "$(dirname "${BASH_SOURCE[0]}")/serve.sh"
begin "the registry" "${@:1:1}"
need docker-registry:docker-registry htpasswd:apache2-utils openssl:openssl python3:python3 setpriv:util-linux
take_ports 4 "${@:2:1}"
certificates

password=$(secret)
reader_password=$(secret)
# What moto's ECR gives out as a login, so that a test can go on from there to here.
ecr_password=123456789012-auth-token
htpasswd -Bbn -C 5 robot "$password" > "$state/users"
htpasswd -Bbn -C 5 AWS "$ecr_password" >> "$state/users"

# configuration PORT AUTH [TLS]
configuration() {
  cat << END
version: 0.1
log: {level: info, accesslog: {disabled: false}}
storage:
  filesystem: {rootdirectory: '$state/data'}
  delete: {enabled: true}
http:
  addr: 127.0.0.1:$1
  secret: one-secret-for-uploads
${3:+  tls: {certificate: '$state/tls/server.pem', key: '$state/tls/server.key'\}}
auth: {$2}
END
}
basic="htpasswd: {realm: tests, path: '$state/users'}"
tokens="token: {realm: 'http://127.0.0.1:$((port + 3))/token', service: tests, issuer: tests, rootcertbundle: '$state/tls/server.pem'}"
configuration "$port" "$basic" > "$state/basic.yml"
configuration $((port + 1)) "$basic" tls > "$state/tls.yml"
configuration $((port + 2)) "$tokens" > "$state/token.yml"
for kind in basic tls token; do
  run $kind docker-registry serve "$state/$kind.yml"
done
printf '{"robot":"%s","reader":"%s"}\n' "$password" "$reader_password" > "$state/logins.json"
run tokens python3 "$here/registry_tokens.py" $((port + 3)) "$state/tls" "$state/logins.json"
until_listening "$port" $((port + 1)) $((port + 2)) $((port + 3))
digest=$(PASSWORD=$password python3 "$here/registry_push.py" "http://127.0.0.1:$port" robot \
  team/app:v1 public/app:v1 2>> "$state/push.log") || fail "could not push an image"

announce basic "127.0.0.1:$port" tls "127.0.0.1:$((port + 1))" token "127.0.0.1:$((port + 2))" \
  ca "$state/tls/ca.pem" username robot password "$password" \
  reader reader reader_password "$reader_password" digest "$digest"
serve
