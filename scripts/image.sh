#!/usr/bin/env bash
# Writes an image with one layer, as `docker save` would: `image.sh ARCHIVE NAME USER FOLDER
# ENTRYPOINT...`. For tests on a node; `deploy/Containerfile` makes the image that people install.
set -euo pipefail

readonly archive=$1 name=$2 user=$3 folder=$4 entrypoint=("${@:5}")
readonly part="$archive.part.$$"
trap 'rm -rf "$part"' EXIT
mkdir -p "$part"

tar -C "$folder" --sort=name --owner=0 --group=0 --mtime=@0 -cf "$part/layer.tar" .
digest=$(sha256sum "$part/layer.tar" | cut -d ' ' -f 1)
words=$(printf '"%s",' "${entrypoint[@]}")
cat > "$part/config.json" << END
{
  "architecture": "$(dpkg --print-architecture)", "os": "linux",
  "config": {"Entrypoint": [${words%,}], "User": "$user"},
  "rootfs": {"type": "layers", "diff_ids": ["sha256:$digest"]}
}
END
cat > "$part/manifest.json" << END
[{"Config": "config.json", "RepoTags": ["$name"], "Layers": ["layer.tar"]}]
END
tar -C "$part" -cf "$archive" manifest.json config.json layer.tar
