"""Checks logins as Google does: `gcs_gate.py PORT INNER_PORT ACCOUNT PUBLIC_KEY`.

`POST /token` takes the JWT of a service account (RFC 7523): its signature, audience and times are
checked. All else wants a token from there and then goes to the emulator as it is, but for the
bucket `forbidden`. Refusals have the status and the form of the real service.
"""

import base64
import json
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PORT, INNER, ACCOUNT, PUBLIC_KEY = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKENS = {}


class Refused(Exception):
    """Why a JWT was not taken, as Google words it."""


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_signed(text, signature):
    with tempfile.NamedTemporaryFile() as file:
        file.write(signature)
        file.flush()
        command = ["openssl", "dgst", "-sha256", "-verify", PUBLIC_KEY, "-signature", file.name]
        return subprocess.run(command, input=text.encode(), capture_output=True).returncode == 0


def check(jwt):
    try:
        header, body, signature = jwt.split(".")
        claims, algorithm = json.loads(decoded(body)), json.loads(decoded(header)).get("alg")
    except ValueError as error:
        raise Refused("Invalid JWT: Failed to decode.") from error
    if algorithm != "RS256":
        raise Refused("Invalid JWT: unsupported algorithm.")
    if claims.get("iss") != ACCOUNT:
        raise Refused("Invalid grant: account not found")
    if not is_signed(f"{header}.{body}", decoded(signature)):
        raise Refused("Invalid JWT Signature.")
    now, made, ends = time.time(), claims.get("iat", 0), claims.get("exp", 0)
    if not made - 300 <= now <= ends <= made + 3600:
        raise Refused("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
    if claims.get("aud") != f"http://127.0.0.1:{PORT}/token" or not claims.get("scope"):
        raise Refused("Invalid JWT: audience and scope must be given.")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, data, headers=()):
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        for key, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, reason, message):
        error = {"message": message, "domain": "global", "reason": reason}
        self.answer(status, {"error": {"code": status, "message": message, "errors": [error]}})

    def token(self, body):
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        try:
            if form.get("grant_type") != GRANT:
                raise Refused("Invalid grant_type")
            check(form.get("assertion", ""))
        except Refused as error:
            return self.answer(400, {"error": "invalid_grant", "error_description": str(error)})
        token = "ya29.Canary/" + secrets.token_hex(24)
        TOKENS[token] = time.time() + 3599
        return self.answer(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def inner(self, body):
        kept = {key: value for key, value in self.headers.items() if key.lower() in ("content-type", "range")}
        data = body if self.command in ("POST", "PUT", "PATCH") else None
        url = f"http://127.0.0.1:{INNER}{self.path}"
        try:
            answer = urllib.request.urlopen(urllib.request.Request(url, data, kept, method=self.command), timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            kinds = [("Content-Type", answer.headers.get("Content-Type", "application/octet-stream"))]
            return answer.status, answer.read(), kinds

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path == "/token":
            return self.token(body)
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if not kind:
            return self.refuse(401, "required", "Anonymous caller does not have storage.objects.list access.")
        if kind != "Bearer" or TOKENS.get(token, 0) < time.time():
            return self.refuse(401, "authError", "Invalid Credentials")
        if "/b/forbidden" in path:
            message = f"{ACCOUNT} does not have storage.objects.list access to the Google Cloud Storage bucket."
            return self.refuse(403, "forbidden", message)
        return self.answer(*self.inner(body))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
