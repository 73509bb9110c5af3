"""Files and a model hub: `HUB_TOKEN=... HUB_PASSWORD=... hub.py PORT TLS_PORT TLS_FOLDER`.

`/files/open.txt` is for everybody, `/files/basic.txt` wants the user `demo` and his password,
`/files/bearer.txt` the token; ranges are served. Of the models `demo/tiny` is public, `demo/private`
wants the token, `demo/gated` refuses even that. Paths, answers and error headers are those that the
Hugging Face hub documents and its client library looks for.
"""

import base64
import hashlib
import json
import os
import re
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

PORT, TLS_PORT, TLS = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
TOKEN, PASSWORD = os.environ["HUB_TOKEN"], os.environ["HUB_PASSWORD"]
BASIC = "Basic " + base64.b64encode(f"demo:{PASSWORD}".encode()).decode()
COMMIT = hashlib.sha1(b"demo").hexdigest()
REVISIONS = ("main", COMMIT)
FILES = {"config.json": b'{"model_type": "demo"}\n', "weights/model.bin": bytes(1024)}
MODELS = {"demo/tiny": "public", "demo/private": "private", "demo/gated": "gated"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, data=b"", **headers):
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if status == 200 and part and body:
            first, last = int(part[1]), min(int(part[2]), len(body) - 1)
            headers["Content_Range"] = f"bytes {first}-{last}/{len(body)}"
            status, body = 206, body[first : last + 1]
        self.send_response(status)
        for key, value in {"Accept_Ranges": "bytes", "Content_Length": len(body), **headers}.items():
            self.send_header(key.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, text):
        self.answer(status, {"error": text}, X_Error_Code=code, X_Error_Message=text)

    def do_GET(self):
        path, login = unquote(urlsplit(self.path).path), self.headers.get("Authorization", "")
        token = login[7:] if login.lower().startswith("bearer ") else None
        if token not in (None, TOKEN) and path != "/files/open.txt":
            return self.refuse(401, "", "Invalid credentials in Authorization header")
        parts = path.strip("/").split("/")
        if parts[0] == "files":
            return self.file(parts[1:], login, token)
        if path == "/api/whoami-v2":
            return self.answer(200, {"name": "demo"}) if token else self.refuse(401, "", "Invalid username or password.")
        is_api = parts[:2] == ["api", "models"]
        rest = parts[2:] if is_api else parts
        return self.model("/".join(rest[:2]), rest[2:], is_api, token)

    do_HEAD = do_GET

    def model(self, repository, tail, is_api, token):
        kind = MODELS.get(repository)
        if kind is None or (kind == "private" and not token):
            # As on the hub, who is not logged in cannot tell an absent model from a private one.
            return self.refuse(404 if token else 401, "RepoNotFound", "Repository not found")
        if is_api:
            revision = tail[1] if tail[:1] == ["revision"] and len(tail) > 1 else "main"
            if revision not in REVISIONS:
                return self.refuse(404, "RevisionNotFound", "Invalid rev id")
            files = [{"rfilename": name} for name in FILES]
            gated = "manual" if kind == "gated" else False
            return self.answer(200, {"id": repository, "sha": COMMIT, "private": kind == "private", "gated": gated, "siblings": files})
        if tail[:1] != ["resolve"] or len(tail) < 3:
            return self.refuse(404, "", "Not found")
        if kind == "gated":
            return self.refuse(403, "GatedRepo", "Access to this model is restricted")
        if tail[1] not in REVISIONS:
            return self.refuse(404, "RevisionNotFound", "Invalid rev id")
        data = FILES.get("/".join(tail[2:]))
        if data is None:
            return self.refuse(404, "EntryNotFound", "Entry not found")
        return self.answer(200, data, ETag=f'"{hashlib.sha1(data).hexdigest()}"', X_Repo_Commit=COMMIT)

    def file(self, parts, login, token):
        name = "/".join(parts)
        if name == "basic.txt" and login != BASIC:
            return self.answer(401, b"login needed\n", WWW_Authenticate='Basic realm="files"')
        if name == "bearer.txt" and token != TOKEN:
            return self.answer(401, b"token needed\n", WWW_Authenticate="Bearer")
        if name not in ("open.txt", "basic.txt", "bearer.txt"):
            return self.answer(404, b"not found\n")
        return self.answer(200, b"hello\n", ETag='"hello"')


def server(port, is_tls):
    one = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if is_tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{TLS}/server.pem", f"{TLS}/server.key")
        one.socket = context.wrap_socket(one.socket, server_side=True, do_handshake_on_connect=False)
    return one


threading.Thread(target=server(TLS_PORT, True).serve_forever, daemon=True).start()
server(PORT, False).serve_forever()
