#!/bin/sh
# Installs the operator and its plugins, byte-compiled, into a folder of its own:
#
#   install.sh FOLDER [PYTHON]
#
# FOLDER becomes a virtual environment; it must be empty or absent, and what is in it is not to be
# moved afterwards. PYTHON is the interpreter it is made from (default: python3).
#
# The versions are those of uv.lock, whose hashes are checked; akoo-core and the plugins are built as
# wheels from this checkout, which is only read. Needs uv, no compiler and no rights but to write to
# FOLDER and to uv's cache (UV_CACHE_DIR).
set -eu

if [ $# -lt 1 ]; then
    echo "usage: $0 FOLDER [PYTHON]" >&2
    exit 2
fi
folder=$1
python=${2:-python3}
source=$(cd "$(dirname "$0")/../.." && pwd)

if [ -e "$folder" ] && [ -n "$(ls -A "$folder")" ]; then
    echo "$0: $folder is not empty" >&2
    exit 2
fi

packages="--package akoo-core"
for plugin in "$source"/plugins/*/; do
    packages="$packages --package akoo-$(basename "$plugin")"
done

# Not from the checkout (--no-editable): the folder alone must run.
# shellcheck disable=SC2086
UV_PROJECT_ENVIRONMENT=$folder exec uv sync \
    --project "$source" --frozen --no-editable --no-default-groups --extra otel $packages \
    --compile-bytecode --link-mode copy --no-managed-python --python "$python" \
    --quiet --no-progress
