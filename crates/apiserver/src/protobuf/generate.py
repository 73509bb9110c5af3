#!/usr/bin/env python3
"""Writes `messages.txt` beside this file: the numbers, names and types of the protobuf messages.

Run it with no arguments; it needs `go` on PATH, which fetches the two modules named below:

    crates/apiserver/src/protobuf/generate.py

The `generated.proto` of a package says which field has which number and type; the tags in its Go
sources say the JSON name and when the field is left out. Only messages that a kind below leads to
are written.
"""

import json
import pathlib
import re
import subprocess
import tempfile
import textwrap

VERSION = "v0.34.2"

KINDS = {
    "k8s.io.api.core.v1": "ConfigMap Event Namespace PersistentVolumeClaim Pod ResourceQuota Secret Service"
    " ServiceAccount",
    "k8s.io.api.apps.v1": "DaemonSet Deployment ReplicaSet StatefulSet",
    "k8s.io.api.authentication.v1": "SelfSubjectReview TokenRequest",
    "k8s.io.api.authorization.v1": "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview"
    " SubjectAccessReview",
    "k8s.io.api.batch.v1": "CronJob Job",
    "k8s.io.api.coordination.v1": "Lease",
    "k8s.io.api.events.v1": "Event",
    "k8s.io.api.networking.v1": "Ingress",
    "k8s.io.api.policy.v1": "PodDisruptionBudget",
    "k8s.io.api.rbac.v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "k8s.io.api.scheduling.v1": "PriorityClass",
    "k8s.io.apimachinery.pkg.apis.meta.v1": "CreateOptions DeleteOptions PatchOptions UpdateOptions",
}

API_VERSIONS = {
    "k8s.io.api.core.v1": "v1",
    "k8s.io.api.authentication.v1": "authentication.k8s.io/v1",
    "k8s.io.api.authorization.v1": "authorization.k8s.io/v1",
    "k8s.io.api.coordination.v1": "coordination.k8s.io/v1",
    "k8s.io.api.events.v1": "events.k8s.io/v1",
    "k8s.io.api.networking.v1": "networking.k8s.io/v1",
    "k8s.io.api.rbac.v1": "rbac.authorization.k8s.io/v1",
    "k8s.io.api.scheduling.v1": "scheduling.k8s.io/v1",
    "k8s.io.apimachinery.pkg.apis.meta.v1": "meta.k8s.io/v1",
}

# Messages whose JSON is not an object of their fields; the reader knows each of them.
OWN_JSON = {
    "k8s.io.apimachinery.pkg.api.resource.Quantity": "quantity",
    "k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1": "json",
    "k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "k8s.io.apimachinery.pkg.apis.meta.v1.Time": "time",
    "k8s.io.apimachinery.pkg.runtime.RawExtension": "json",
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": "intstr",
}
SCALARS = {"bool", "bytes", "int32", "int64", "string"}

HEADER = """\
# The protobuf messages a request body may hold. Written by `generate.py`; do not edit.
#
# [apiVersion]                     of the messages below it
# Message: number name type, ...   `Message*` may be the whole body
#
# After a name: `?` shown when it was sent, even empty; `!` shown even when it was not sent; else shown
# when it is not empty. Nothing is ever shown as null.
# A name of `...`: its fields stand among those of the message; `=`: it is the message's whole JSON.
# Types: bool bytes int32 int64 string intstr json microtime quantity time, [T] a list, {T} a map,
# else a message: of the same apiVersion, or `apiVersion.Message`.
"""

PROTO_MESSAGE = re.compile(r"^message (\w+) \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
PROTO_FIELD = re.compile(r"^  (optional|repeated|map<string, )\s*([\w.]+)>? (\w+) = (\d+);$", re.MULTILINE)
GO_STRUCT = re.compile(r"^type (\w+) struct \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
GO_FIELD = re.compile(r'^\t(?:\w+\s+)?(\S+)\s+`json:"([^"]*)"[^`]* protobuf:"\w+,(\d+)', re.MULTILINE)


def module(name):
    """The folder of a Go module, fetched when it is not there yet."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["go", "mod", "download", "-json", f"{name}@{VERSION}"]
        answer = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return pathlib.Path(json.loads(answer.stdout)["Dir"])


def go_tags(folder):
    """By struct and field number: the Go type, the JSON name and the options of the tag."""
    tags = {}
    for file in folder.glob("*.go"):
        if file.name.endswith(("_test.go", ".pb.go")):
            continue
        for struct, body in GO_STRUCT.findall(file.read_text()):
            for go_type, tag, number in GO_FIELD.findall(body):
                name, *options = tag.split(",")
                tags[struct, int(number)] = go_type, name, options
    return tags


def load(package, modules):
    """The messages of a package: full name to a list of (number, shape, type, tag)."""
    prefix = next(prefix for prefix in modules if package.startswith(prefix))
    folder = modules[prefix] / package.removeprefix(prefix).replace(".", "/")
    tags = go_tags(folder)
    found = {}
    for message, body in PROTO_MESSAGE.findall((folder / "generated.proto").read_text()):
        fields = []
        for shape, kind, _, number in PROTO_FIELD.findall(body):
            if kind not in SCALARS:
                kind = kind.lstrip(".") if "." in kind else f"{package}.{kind}"
            fields.append((int(number), shape, kind, tags.get((message, int(number)))))
        statements = sum(line.endswith(";") and not line.lstrip().startswith("//") for line in body.splitlines())
        assert statements == len(fields), f"{package}.{message}: a field is not understood"
        found[f"{package}.{message}"] = fields
    return found


def is_list(fields):
    """A Go slice type of its own is a message of one repeated field, without a tag."""
    return len(fields) == 1 and fields[0][1] == "repeated" and fields[0][3] is None


def reachable(modules):
    messages, loaded = {}, set()
    queue = [f"{package}.{kind}" for package, kinds in KINDS.items() for kind in kinds.split()]
    reached = {}
    while queue:
        name = queue.pop()
        package = name.rpartition(".")[0]
        if package not in loaded:
            messages |= load(package, modules)
            loaded.add(package)
        if name in reached:
            continue
        reached[name] = messages[name]
        queue += [kind for _, _, kind, _ in messages[name] if kind not in SCALARS and kind not in OWN_JSON]
    return reached


def entry(package, message, field, lists):
    number, shape, kind, tag = field
    is_struct = kind not in SCALARS and kind not in lists and shape == "optional"
    short = OWN_JSON.get(kind, kind)
    if short.startswith(f"{package}."):
        short = short.removeprefix(f"{package}.")
    elif "." in short:
        other, _, last = short.rpartition(".")
        short = f"{api_version(other)}.{last}"
    short = {"repeated": f"[{short}]", "optional": short}.get(shape, f"{{{short}}}")
    if tag is None:
        assert message in lists, f"{message}: field {number} has no tag"
        return f"{number} = {short}"
    go_type, name, options = tag
    if "inline" in options:
        return f"{number} ... {short}"
    if go_type.startswith("*"):
        mark = "?"
    elif short in ("time", "microtime") or "omitzero" in options:
        mark = ""
    else:
        mark = "!" if is_struct or "omitempty" not in options else ""
    return f"{number} {name}{mark} {short}"


def api_version(package):
    return API_VERSIONS.get(package, "/".join(package.split(".")[-2:]))


def wrapped(start, fields):
    """Breaks lines between fields only."""
    joined = ", ".join(field.replace(" ", "\xa0") for field in fields)
    filled = textwrap.fill(f"{start} {joined}", 120, subsequent_indent="  ", break_on_hyphens=False)
    return filled.replace("\xa0", " ")


def main():
    modules = {"k8s.io.apimachinery.": module("k8s.io/apimachinery"), "k8s.io.api.": module("k8s.io/api")}
    reached = reachable(modules)
    lists = {name for name, fields in reached.items() if is_list(fields)}
    text, package = HEADER, None
    for name in sorted(reached, key=lambda name: name.rsplit(".", 1)):
        if name.rpartition(".")[0] != package:
            package = name.rpartition(".")[0]
            text += f"\n[{api_version(package)}]\n"
        short = name.rpartition(".")[2]
        mark = "*" if short in KINDS.get(package, "").split() else ""
        fields = [entry(package, name, field, lists) for field in sorted(reached[name])]
        text += wrapped(f"{short}{mark}:", fields) + "\n"
    pathlib.Path(__file__).with_name("messages.txt").write_text(text)


if __name__ == "__main__":
    main()
