#!/usr/bin/env bash
# Makes `demo.git` (branches `main` and `dev`, tag `v1`) and `empty.git`: `git_repositories.sh FOLDER`.
set -euo pipefail

# Without what the person who runs it has configured.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=tests GIT_AUTHOR_EMAIL=tests@example.org
export GIT_COMMITTER_NAME=tests GIT_COMMITTER_EMAIL=tests@example.org
folder=$1
work=$folder/work
git init -q -b main "$work"
mkdir "$work/src"
echo 'print("hello")' > "$work/src/train.py"
git -C "$work" add .
git -C "$work" commit -q -m first
git -C "$work" tag v1
git -C "$work" branch dev
git clone -q --bare "$work" "$folder/demo.git"
git init -q --bare -b main "$folder/empty.git"
rm -rf "$work"
