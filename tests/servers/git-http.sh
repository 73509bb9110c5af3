#!/usr/bin/env bash
# Git over HTTP(S) on loopback: git's own backend behind nginx.
#
#   git-http.sh [STATE_DIR [PORT]]
#
# PORT is HTTP, PORT+1 HTTPS. `/private/demo.git` wants a user and a password, or a token as the
# password; `/public/demo.git` is open for reading; `/forbidden/demo.git` is refused to all. See serve.sh.
# shellcheck source=tests/servers/serve.sh
source "$(dirname "${BASH_SOURCE[0]}")/serve.sh"
begin "the Git server (HTTP)" "${@:1:1}"
need nginx:nginx fcgiwrap:fcgiwrap git:git openssl:openssl setpriv:util-linux
take_ports 2 "${@:2:1}"
certificates
mkdir -p "$state/repositories"
"$here/git_repositories.sh" "$state/repositories" >> "$state/git.log" 2>&1 || fail "could not make the repositories"

password=$(secret)
token=$(secret)
{
  echo "demo:$(openssl passwd -apr1 "$password")"
  for user in x-access-token oauth2 git; do
    echo "$user:$(openssl passwd -apr1 "$token")"
  done
} > "$state/users"

# location NAME RULE: the repositories below a name, and who may read them.
location() {
  cat << END
    location ~ ^/$1(/.*)\$ {
      $2
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $(git --exec-path)/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT $state/repositories;
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param GIT_PROTOCOL \$http_git_protocol;
      fastcgi_param GIT_CONFIG_COUNT 1;
      fastcgi_param GIT_CONFIG_KEY_0 safe.directory;
      fastcgi_param GIT_CONFIG_VALUE_0 *;
      fastcgi_param PATH_INFO \$1;
      fastcgi_param REMOTE_USER \$remote_user;
      fastcgi_pass unix:$state/fcgi.sock;
    }
END
}
login="auth_basic tests; auth_basic_user_file $state/users;"
cat > "$state/nginx.conf" << END
$([ "$(id -u)" != 0 ] || echo "user root;")
# One process, so that killing it leaves none behind.
master_process off;
daemon off;
pid $state/nginx.pid;
error_log $state/nginx.log;
events { worker_connections 256; }
http {
  access_log $state/access.log;
  client_body_temp_path $state/body; fastcgi_temp_path $state/fastcgi; proxy_temp_path $state/proxy;
  scgi_temp_path $state/scgi; uwsgi_temp_path $state/uwsgi;
  server {
    listen 127.0.0.1:$port;
    listen 127.0.0.1:$((port + 1)) ssl;
    ssl_certificate $state/tls/server.pem;
    ssl_certificate_key $state/tls/server.key;
$(location private "$login")
$(location forbidden "$login deny all;")
$(location public 'if ($arg_service = git-receive-pack) { return 403; }')
    location / { return 404; }
  }
}
END
run fcgiwrap fcgiwrap -f -s "unix:$state/fcgi.sock"
until_true 10 "fcgiwrap did not listen" test -S "$state/fcgi.sock"
run nginx nginx -p "$state" -e "$state/nginx.log" -c "$state/nginx.conf"
until_listening "$port" $((port + 1))

announce url "http://127.0.0.1:$port" tls_url "https://127.0.0.1:$((port + 1))" ca "$state/tls/ca.pem" \
  commit "$(git --git-dir="$state/repositories/demo.git" rev-parse main)" username demo password "$password" token "$token"
serve
