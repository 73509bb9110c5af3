#!/usr/bin/env bash
# House rules that no other tool knows. Each rule prints what breaks it; all rules run.
set -euo pipefail
shopt -s lastpipe # so that `| rule` can count
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly long_files=scripts/long-files.txt
readonly longest_file=600 longest_readme=150 most_packages=640
failed=0
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT

# The project's own files, committed or about to be; lock files are the tools'.
files() {
  git ls-files --cached --others --exclude-standard -- "$@" ':!*.lock' |
    while read -r file; do [ -f "$file" ] && echo "$file"; done
}

# rule WHAT HELP: fails when something comes in on stdin.
rule() {
  local found
  found=$(cat)
  [ -n "$found" ] || return 0
  printf 'error: %s\n' "$1" >&2
  head -n 20 <<< "$found" | sed 's/^/  /' >&2
  printf 'help: %s\n' "$2" >&2
  failed=1
}

# Lines of the project's files that match; the rest of the arguments narrows the files.
lines() {
  files "${@:2}" | xargs -d '\n' grep -nIE -e "$1" -- /dev/null || true
}

# Tests inside of src are described by the module that they test.
without_module_comment() {
  files '*.rs' ':!*/tests.rs' ':!*/src/*/tests/*' | while read -r file; do [[ $(head -n 1 "$file") == '//!'* ]] || echo "$file"; done
}

too_long() {
  files '*.rs' '*.sh' '*.ts' '*.tsx' '*.py' | xargs -d '\n' wc -l |
    awk -v most=$longest_file '$2 != "total" && $1 > most {print $2}' |
    grep -vxFf <(grep -v '^#' "$long_files" | cut -d ' ' -f 1) || true
}

# Checks that a relative link in a Markdown file leads somewhere.
broken_links() {
  files '*.md' | while read -r file; do
    { grep -oE '\]\([^)# ]+' "$file" || true; } | cut -c 3- | sort -u | while read -r link; do
      [[ $link == *:* || -e $(dirname "$file")/$link ]] || echo "$file: $link"
    done
  done
}

# Tests that pages name as proof, but that are not there: a name in backticks with three underscores
# or more is a test's.
missing_proofs() {
  lines '^[[:blank:]]*(pub )?(async )?fn [a-z0-9_]+|^[[:blank:]]*#\[case::' '*.rs' | grep -oE 'fn [a-z0-9_]+' |
    cut -d ' ' -f 2 | sort -u > "$scratch"
  grep -ohE '`([a-z_]+::)*[a-z0-9]+(_[a-z0-9]+){3,}`' ARCHITECTURE.md docs/reference/security.md 2> /dev/null |
    tr -d '`' | sed 's/.*:://' | sort -u | comm -23 - "$scratch"
}

# Where this machine gets its packages from; a fact about the machine, not about the project.
mirrors() {
  grep -rhoE 'https?://[^/"@ ]+' ~/.cargo/config.toml /etc/apt/sources.list /etc/apt/sources.list.d \
    2> /dev/null | sed -E 's#^https?://##; s#\.#\\.#g' | grep -v -x 'github\\.com' | sort -u
}

machine_words() {
  { printf '%s/\n' "$PWD" "$HOME"; echo '/tmp/[a-z]'; } | sed 's#^#(^|[^A-Za-z0-9_./$}-])#'
  mirrors
}

without_module_comment | rule "modules without a \`//!\` first line" \
  "say in one sentence what the module is, and what it leaves to others"
lines 'TOD[O]|FIXM[E]|\bXX[X]\b|\btod[o]!\(|unimplemente[d]!\(|\bdb[g]!\(|#\[ignor[e]' '*.rs' '*.sh' '*.toml' '*.md' |
  rule "work left open" "finish it, or open an issue and say nothing here"
too_long | rule "files of more than $longest_file lines" \
  "split the file, or say in $long_files why it is one thing"
files '*/mod.rs' '*utils*' '*helper*' '*manager*' | rule "names this house does not use" \
  "\`foo.rs\` beside \`foo/\`; name a file for what it does"
lines "$(machine_words | paste -sd '|')" | rule "paths or hosts of this machine" \
  "make paths relative; tests use the tempfile crate"
lines '[[:blank:]]+$' '*.rs' '*.sh' '*.md' '*.toml' '*.yaml' Makefile | rule "blanks at the end of a line" \
  "remove them"
broken_links | rule "links that lead nowhere" "correct the path"
missing_proofs | rule "tests that a page names as proof and that do not exist" \
  "name the test as it is called now"
awk -v most=$longest_readme 'END {if (NR > most) print NR " lines"}' README.md |
  rule "README.md is longer than $longest_readme lines" "move detail to docs/"
files '*.sh' .ci/run | while read -r file; do [ -x "$file" ] || echo "$file"; done |
  rule "scripts without a run bit" "chmod +x"
grep -c '^\[\[package\]\]$' Cargo.lock | awk -v most=$most_packages '$1 > most {print $1 " packages"}' |
  rule "more than $most_packages locked packages" "see what the last dependency brought with it"
if command -v shellcheck > /dev/null; then
  { files '*.sh' .ci/run | xargs -d '\n' shellcheck --format gcc || true; } |
    rule "shellcheck has findings" "mend them"
fi

[ "$failed" = 0 ] && echo "+ tidy: house rules hold"
exit "$failed"
