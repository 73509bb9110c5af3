"""Makes a bucket, or puts standard input into it as an object, with Python's own library only.

    AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... s3_put.py ENDPOINT BUCKET [KEY]

Signed as AWS asks for: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

import hashlib
import hmac
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SIGNED = "host;x-amz-content-sha256;x-amz-date"


def signature(secret, scope, text):
    key = ("AWS4" + secret).encode()
    for part in [*scope.split("/"), text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def request(endpoint, path, body):
    url = urllib.parse.urlsplit(endpoint)
    path = urllib.parse.quote(path)
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    headers = {"host": url.netloc, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(), "x-amz-date": now}
    lines = ["PUT", path, "", *(f"{name}:{value}" for name, value in headers.items()), "", SIGNED]
    canonical = "\n".join([*lines, headers["x-amz-content-sha256"]]).encode()
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical).hexdigest()])
    signed = signature(os.environ["AWS_SECRET_ACCESS_KEY"], scope, text)
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={SIGNED}, Signature={signed}"
    headers["content-type"] = "application/octet-stream"
    return urllib.request.Request(endpoint + path, data=body, method="PUT", headers=headers)


endpoint, *names = sys.argv[1:]
body = sys.stdin.buffer.read() if len(names) > 1 else b""
try:
    urllib.request.urlopen(request(endpoint, "/" + "/".join(names), body), timeout=60).close()
except urllib.error.HTTPError as error:
    sys.exit(f"error: {'/'.join(names)}: {error.code} {error.read().decode(errors='replace')}")
