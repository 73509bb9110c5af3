"""Sends requests to an S3 server as one user, with Python's own library only.

    AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... s3_call.py ENDPOINT < CALLS

Reads a JSON list of {"method", "path", "query": [[name, value]], "body"} and prints the list of the
statuses of the answers. A path that is empty is the service itself, which takes its parameters as a
form. Signed as AWS asks for:
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

import hashlib
import hmac
import json
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


def encoded(query):
    return urllib.parse.urlencode(sorted(map(tuple, query)), quote_via=urllib.parse.quote, safe="-_.~")


def request(endpoint, method, path, query, body):
    url = urllib.parse.urlsplit(endpoint)
    path = "/" + urllib.parse.quote(path)
    query, body = encoded(query), body.encode()
    service = "s3"
    if path == "/":
        service, query, body = "iam", "", query.encode()
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/us-east-1/{service}/aws4_request"
    headers = {"host": url.netloc, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(), "x-amz-date": now}
    lines = [method, path, query, *(f"{name}:{value}" for name, value in headers.items()), "", SIGNED]
    canonical = "\n".join([*lines, headers["x-amz-content-sha256"]]).encode()
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical).hexdigest()])
    signed = signature(os.environ["AWS_SECRET_ACCESS_KEY"], scope, text)
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={SIGNED}, Signature={signed}"
    headers["content-type"] = "application/x-www-form-urlencoded" if service == "iam" else "application/octet-stream"
    target = endpoint + path + ("?" + query if query else "")
    return urllib.request.Request(target, data=body or None, method=method, headers=headers)


def status(call):
    try:
        with urllib.request.urlopen(request(sys.argv[1], **call), timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


print(json.dumps([status(call) for call in json.load(sys.stdin)]))
