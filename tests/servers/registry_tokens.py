"""Gives out tokens for a registry: `registry_tokens.py PORT TLS_FOLDER LOGINS`.

Answers `GET /token` as the token specification of the CNCF's Distribution asks. A login that is
sent must be one of LOGINS, a JSON object of names and passwords; without one, only `pull` of
`public/*` is granted, and `reader` is never granted `push`.
"""

import base64
import binascii
import json
import re
import subprocess
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PORT, TLS = int(sys.argv[1]), sys.argv[2]
with open(sys.argv[3], encoding="utf-8") as file:
    LOGINS = json.load(file)
with open(f"{TLS}/server.pem", encoding="utf-8") as file:
    CERTIFICATE = "".join(file.read().split("-----")[2].split())
SCOPE = re.compile(r"(\w+):([^:]+(?::\d+/[^:]+)?):([\w*,]+)")


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims):
    """A JWT by the key of the certificate that the registry trusts."""
    header = {"typ": "JWT", "alg": "RS256", "x5c": [CERTIFICATE]}
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    command = ["openssl", "dgst", "-sha256", "-sign", f"{TLS}/server.key"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    return f"{text}.{encoded(done.stdout)}"


def granted(user, name, actions):
    if user is None:
        return [a for a in actions if a == "pull" and name.startswith("public/")]
    return [a for a in actions if user != "reader" or a == "pull"]


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        for key, value in [("Content-Type", "application/json"), ("Content-Length", str(len(data))), *headers]:
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def user(self):
        """Who asks: a name, or None without a login. Raises ValueError for a wrong one."""
        header = self.headers.get("Authorization")
        if header is None:
            return None
        try:
            name, _, password = base64.b64decode(header.partition(" ")[2]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError from error
        if LOGINS.get(name) != password:
            raise ValueError
        return name

    def do_GET(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if url.path != "/token":
            return self.answer(404, {"errors": [{"code": "NOT_FOUND"}]})
        try:
            user = self.user()
        except ValueError:
            error = {"code": "UNAUTHORIZED", "message": "incorrect username or password"}
            return self.answer(401, {"errors": [error]}, [("WWW-Authenticate", 'Basic realm="tests"')])
        scopes = [SCOPE.fullmatch(scope) for scope in " ".join(query.get("scope", [])).split()]
        access = [
            {"type": kind, "name": name, "actions": granted(user, name, actions.split(","))}
            for kind, name, actions in (scope.groups() for scope in scopes if scope)
        ]
        now = int(time.time())
        claims = {"iss": "tests", "sub": user or "", "aud": query.get("service", [""])[0], "access": access}
        claims |= {"iat": now, "nbf": now - 10, "exp": now + 300, "jti": uuid.uuid4().hex}
        token = signed(claims)
        return self.answer(200, {"token": token, "access_token": token, "expires_in": 300})


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
