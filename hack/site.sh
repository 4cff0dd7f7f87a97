#!/bin/sh
# Build the pages as a site, strictly, for `make lint`: prints only problems. Zensical comes into .venv
# for it; where it cannot be had, one line says that the site was not built.
set -eu
cd "$(dirname "$0")/.."

PATH="$PWD/.tools/bin:$PATH"
export PATH
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! [ -x .venv/bin/zensical ] &&
   ! uv sync --quiet --frozen --all-packages --inexact --group docs >"$log" 2>&1; then
    cat "$log"
    echo "site of the docs: zensical cannot be installed (see above): NOT BUILT"
    exit 0
fi
.venv/bin/python -m hack.docs_site >"$log" 2>&1 || { cat "$log"; exit 1; }
