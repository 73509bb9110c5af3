"""Pushes one tiny image under each name: `PASSWORD=... registry_push.py URL USER NAME:TAG...`.

Prints the digest of its manifest.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import urllib.request

base, user, *images = sys.argv[1:]
LOGIN = base64.b64encode(f"{user}:{os.environ['PASSWORD']}".encode()).decode()
OCI = "application/vnd.oci.image."


def call(method, url, body, kind="application/octet-stream"):
    headers = {"Authorization": f"Basic {LOGIN}", "Content-Type": kind}
    full = url if "://" in url else base + url
    return urllib.request.urlopen(urllib.request.Request(full, body, headers, method=method), timeout=30)


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(name, data):
    where = call("POST", f"/v2/{name}/blobs/uploads/", b"").headers["Location"]
    call("PUT", f"{where}{'&' if '?' in where else '?'}digest={digest_of(data)}", data)
    return {"digest": digest_of(data), "size": len(data)}


archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as tar:
    entry = tarfile.TarInfo("models/hello.txt")
    entry.size = 5
    tar.addfile(entry, io.BytesIO(b"hello"))
layer = gzip.compress(archive.getvalue(), mtime=0)
rootfs = {"type": "layers", "diff_ids": [digest_of(archive.getvalue())]}
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}).encode()
manifest = b""
for image in images:
    name, _, tag = image.rpartition(":")
    parts = {
        "config": {"mediaType": OCI + "config.v1+json", **blob(name, config)},
        "layers": [{"mediaType": OCI + "layer.v1.tar+gzip", **blob(name, layer)}],
    }
    manifest = json.dumps({"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", **parts}).encode()
    call("PUT", f"/v2/{name}/manifests/{tag}", manifest, OCI + "manifest.v1+json")
print(digest_of(manifest))
