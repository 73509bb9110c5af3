#!/usr/bin/env bash
# Git over SSH on loopback: OpenSSH's own server with deploy keys.
#
#   git-ssh.sh [STATE_DIR [PORT]]
#
# Of its keys `read` may read, `write` may also push, `locked` has a passphrase and may read, and
# `unknown` is not known to it, like `unknown-pem`. At the port after it a second one serves the same
# with an RSA host key and no other. Logs in as whoever runs it, confined to git. See serve.sh.
# shellcheck source=tests/servers/serve.sh
source "$(dirname "${BASH_SOURCE[0]}")/serve.sh"
begin "the Git server (SSH)" "${@:1:1}"
need sshd:openssh-server ssh-keygen:openssh-client git:git openssl:openssl setpriv:util-linux
take_ports 2 "${@:2:1}"
mkdir -p "$state/repositories" "$state/keys"
"$here/git_repositories.sh" "$state/repositories" >> "$state/git.log" 2>&1 || fail "could not make the repositories"

# The comment is stored inside of the private key, where it betrays a leak.
key() { ssh-keygen -q -t ed25519 -N "${2:-}" -C "$(secret)" -f "$state/keys/$1"; }
passphrase=$(secret)
for name in host other_host read write unknown; do key $name; done
key locked "$passphrase"
rsa() { ssh-keygen -q -t rsa -b "$2" -m "$3" -N '' -C "$(secret)" -f "$state/keys/$1"; }
rsa rsa 2048 RFC4716
rsa rsa_host 3072 RFC4716
rsa rsa-pem 3072 PEM
rsa unknown-pem 2048 PKCS8
rsa short 1024 RFC4716
ssh-keygen -q -t ecdsa -N '' -C "$(secret)" -f "$state/keys/ecdsa"

cat > "$state/login" << END
#!/bin/sh
# What a login may do: git's own services on the repositories of this folder.
mode=\$1
set -- \$SSH_ORIGINAL_COMMAND
repository=\$(printf %s "\$2" | tr -d "'")
repository=$state/repositories/\${repository#/}
case \$repository in *..*) exit 128 ;; esac
[ -d "\$repository" ] || { echo "ERROR: Repository not found." >&2; exit 128; }
case \$mode:\$1 in
  *:git-upload-pack | write:git-receive-pack) exec "\$1" "\$repository" ;;
  *) echo "ERROR: This key may only read." >&2; exit 128 ;;
esac
END
chmod 700 "$state/login"
for name in read locked rsa rsa-pem short ecdsa write; do
  mode=$([ $name = write ] && echo write || echo read)
  echo "restrict,command=\"$state/login $mode\" $(cat "$state/keys/$name.pub")"
done > "$state/authorized_keys"
# config PORT HOST_KEY
config() {
  cat << END
ListenAddress 127.0.0.1
Port $1
HostKey $state/keys/$2
AuthorizedKeysFile $state/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers $(id -un)
MaxStartups 100
LogLevel VERBOSE
END
}
config "$port" host > "$state/sshd_config"
config $((port + 1)) rsa_host > "$state/rsa_sshd_config"
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
run sshd "$(command -v sshd)" -D -e -f "$state/sshd_config"
run rsa-sshd "$(command -v sshd)" -D -e -f "$state/rsa_sshd_config"
until_listening "$port"
until_listening $((port + 1))
# known PORT HOST_KEY
known() { echo "[127.0.0.1]:$1 $(cut -d ' ' -f 1,2 "$state/keys/$2.pub")"; }
known "$port" host > "$state/known_hosts"
known "$port" other_host > "$state/wrong_known_hosts"
known "$port" rsa_host > "$state/rsa_known_hosts"
known $((port + 1)) rsa_host >> "$state/rsa_known_hosts"

announce url "ssh://$(id -un)@127.0.0.1:$port" rsa_url "ssh://$(id -un)@127.0.0.1:$((port + 1))" \
  keys "$state/keys" passphrase "$passphrase" \
  known_hosts "$state/known_hosts" wrong_known_hosts "$state/wrong_known_hosts" \
  rsa_known_hosts "$state/rsa_known_hosts" \
  commit "$(git --git-dir="$state/repositories/demo.git" rev-parse main)"
serve
