"""moto's server, refusing in the form of AWS: `moto_app.py PORT`.

moto checks signatures and policies, but words a refusal as EC2 does whatever the service, fails on
a request that is not signed, lets a role be assumed that does not exist, and refuses whoever comes
with a web identity because they sign nothing. This puts those right, and gives out secret keys that
begin like all secrets of tests. Tokens of web identities are looked at for their audience and end;
nobody signs them here.
"""

import base64

import io
import json
import re
import secrets
import sys
import time
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import moto.iam.models as iam
import moto.sts.models as sts
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

ACCOUNT = "123456789012"
WITHOUT_KEYS = "AssumeRoleWithWebIdentity"
# What the services that speak JSON call the refusals.
JSON_CODES = {
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "AccessDenied": "AccessDeniedException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
}


def refusal(service, code, message, start_response):
    if service == "s3":
        code = {"MissingAuthenticationToken": "AccessDenied"}.get(code, code)
        status, kind = "403 Forbidden", "application/xml"
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    elif service in ("sts", "iam"):
        status, kind = "403 Forbidden", "text/xml"
        error = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
        body = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
    else:
        status, kind = "400 Bad Request", "application/x-amz-json-1.1"
        body = json.dumps({"__type": JSON_CODES.get(code, code), "message": message})
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body.encode())))])
    return [body.encode()]


def refused_token(token):
    """Why a web identity is none, as STS names it; None for a good one."""
    try:
        claims = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except (IndexError, ValueError):
        return "InvalidIdentityToken"
    if claims.get("aud") != "sts.amazonaws.com":
        return "InvalidIdentityToken"
    return "ExpiredTokenException" if claims.get("exp", 0) < time.time() else None


def is_known(role):
    return any(known.arn == role for known in iam.iam_backends[ACCOUNT]["aws"].roles.values())


class AwsForm:
    """Answers as the wrapped application does, but for refusals."""

    def __init__(self, app):
        self.app = app

    def __call__(self, env, start_response):
        if env["PATH_INFO"].startswith("/moto-api") or settings.INITIAL_NO_AUTH_ACTION_COUNT == float("inf"):
            return self.app(env, start_response)
        scope = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", env.get("HTTP_AUTHORIZATION", ""))
        body = env["wsgi.input"].read(int(env.get("CONTENT_LENGTH") or 0))
        env["wsgi.input"] = io.BytesIO(body)
        is_form = "x-www-form-urlencoded" in env.get("CONTENT_TYPE", "")
        form = parse_qs(body.decode(errors="replace")) if is_form else {}
        if form.get("Action") == [WITHOUT_KEYS]:
            code = refused_token(form.get("WebIdentityToken", [""])[0])
            if not code and not is_known(form.get("RoleArn", [""])[0]):
                code = "AccessDenied"
            if code:
                return refusal("sts", code, "Not authorized to perform sts:" + WITHOUT_KEYS, start_response)
            return self.app(env, start_response)
        if not scope:
            service = "ecr" if env.get("HTTP_X_AMZ_TARGET") else "sts" if form.get("Action") else "s3"
            message = "Request is missing Authentication Token"
            return refusal(service, "MissingAuthenticationToken", message, start_response)
        service = scope[1]
        if service == "sts" and form.get("Action") == ["AssumeRole"]:
            role = form.get("RoleArn", [""])[0]
            if not is_known(role):
                message = f"User is not authorized to perform: sts:AssumeRole on resource: {role}"
                return refusal(service, "AccessDenied", message, start_response)
        got = []
        data = b"".join(self.app(env, lambda status, headers, exc=None: got.extend([status, headers])))
        if got[0].startswith("403") and service != "s3":
            code, message = (re.search(rf"<{t}>(.*?)</{t}>".encode(), data, re.S) for t in ("Code", "Message"))
            if code and message:
                return refusal(service, code[1].decode(), message[1].decode(), start_response)
        start_response(*got)
        return [data]


def with_marked_secret(key, *args, **kwargs):
    """Makes a key whose secret begins like all secrets of tests."""
    make_key(key, *args, **kwargs)
    key.secret_access_key = f"Canary/{secrets.token_hex(8)}+{secrets.token_hex(8)}"


def unless_without_keys(request, *args, **kwargs):
    if request._get_action() != WITHOUT_KEYS:
        authorize(request, *args, **kwargs)


def with_marked_keys(role, *args, **kwargs):
    """Assumes a role whose secret and token begin like all secrets of tests."""
    assume(role, *args, **kwargs)
    role.secret_access_key = f"Canary/{secrets.token_hex(8)}+{secrets.token_hex(8)}"
    role.session_token = f"Canary/{secrets.token_hex(32)}"


make_key, iam.AccessKey.__init__ = iam.AccessKey.__init__, with_marked_secret
assume, sts.AssumedRole.__init__ = sts.AssumedRole.__init__, with_marked_keys
authorize = ActionAuthenticatorMixin._authenticate_and_authorize_action
ActionAuthenticatorMixin._authenticate_and_authorize_action = unless_without_keys
app = AwsForm(DomainDispatcherApplication(create_backend_app))
run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=True, request_handler=MotoRequestHandler)
