"""Makes the containers `models` and `public`, each with a blob: `KEY=... azure_fill.py ENDPOINT`."""

import os
import sys
import urllib.request

from azure_sas import signature

endpoint = sys.argv[1]
sas = signature(endpoint.rpartition("/")[2], os.environ["KEY"], "rwlac", 1)


def put(path, body, headers):
    url = f"{endpoint}/{path}{'&' if '?' in path else '?'}{sas}"
    urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PUT"), timeout=30)


for name, headers in ("models", {}), ("public", {"x-ms-blob-public-access": "container"}):
    put(f"{name}?restype=container", b"", headers)
    put(f"{name}/demo/hello.txt", b"hello", {"x-ms-blob-type": "BlockBlob"})
