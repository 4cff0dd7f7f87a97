#!/bin/sh
# Set up .venv from uv.lock. Needs Python >= 3.11; brings uv and, where the machine's Go is missing
# or too old, Go along (as a wheel, about 300 MB).
set -eu
cd "$(dirname "$0")/.."

go_needed=1.26
go_found=$(go env GOVERSION 2>/dev/null | sed 's/^go//' || true)
if [ -n "$go_found" ] &&
   [ "$(printf '%s\n%s\n' "$go_needed" "$go_found" | sort -V | head -n 1)" = "$go_needed" ]; then
    go_group=""
else
    go_group="--group go"
fi

PATH="$PWD/.tools/bin:$PATH"
export PATH
command -v uv >/dev/null 2>&1 || python3 hack/get_uv.py

wanted="$(cat uv.lock pyproject.toml plugins/*/pyproject.toml testbed/pyproject.toml hack/setup.sh) $go_group"
stamp=$(printf '%s' "$wanted" | sha256sum)
if [ -x .venv/bin/python ] && [ "$stamp" = "$(cat .venv/stamp 2>/dev/null)" ]; then
    exit 0
fi
# shellcheck disable=SC2086
uv sync --quiet --frozen --all-packages --python-preference only-system $go_group
printf '%s\n' "$stamp" >.venv/stamp
