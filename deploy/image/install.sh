#!/bin/sh
# Installs the operator and its plugins, byte-compiled, into a folder of its own:
#
#   install.sh FOLDER [PYTHON]
#
# FOLDER becomes a virtual environment; it must be empty or absent, and its content is not to be
# moved afterwards. PYTHON is the interpreter it is made from (default: python3).
#
# The versions are those of uv.lock, and the build backends those of hack/release_build.txt; the hashes
# of both are checked. akoo-core and the plugins are built as wheels from this checkout, which is only
# read. Needs uv, no compiler and no rights but to write to FOLDER, to the folder for temporary files and
# to uv's cache (UV_CACHE_DIR).
#
# PLUGINS holds further plugins, separated by spaces: each is NAME==VERSION in the package index, or the
# path of a wheel, from the root of the checkout. They may not change a version that is installed.
#
# No part of kubernetes_asyncio is left out, although it takes 47 of 107 MB: its __init__ imports all of
# its 859 modules, and a plugin may use them.
set -eu

if [ $# -lt 1 ]; then
    echo "usage: $0 FOLDER [PYTHON]" >&2
    exit 2
fi
case $1 in
/*) folder=$1 ;;
*) folder=$PWD/$1 ;;
esac
python=${2:-python3}
source=$(cd "$(dirname "$0")/../.." && pwd)

if [ -e "$folder" ] && [ -n "$(ls -A "$folder")" ]; then
    echo "$0: $folder is not empty" >&2
    exit 2
fi
for plugin in ${PLUGINS:-}; do
    case $plugin in
    *.whl)
        if ! (cd "$source" && [ -f "$plugin" ]); then
            echo "$0: PLUGINS names $plugin, which is not in $source" >&2
            exit 2
        fi
        ;;
    ?*==?*) ;;
    *)
        echo "$0: PLUGINS names $plugin. Write NAME==VERSION, or the path of a wheel" >&2
        exit 2
        ;;
    esac
done

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
trap 'exit 1' HUP INT TERM

names=akoo-core
packages="--package akoo-core"
for plugin in "$source"/plugins/*/; do
    names="$names akoo-$(basename "$plugin")"
    packages="$packages --package akoo-$(basename "$plugin")"
done

# shellcheck disable=SC2086
uv export --quiet --project "$source" --frozen --no-default-groups --extra otel $packages \
    --no-emit-workspace --format requirements.txt --output-file "$temporary/locked.txt" >/dev/null
uv venv --quiet --no-project --no-managed-python --python "$python" "$folder"

install() {
    uv pip install --quiet --no-progress --python "$folder/bin/python" --compile-bytecode \
        --link-mode copy --build-constraints "$source/hack/release_build.txt" --require-build-hashes "$@"
}

install --no-deps --require-hashes --requirements "$temporary/locked.txt"
# Not from the checkout: the folder alone must run.
for project in "$source" "$source"/plugins/*/; do
    uv build --quiet --wheel --no-create-gitignore --python "$python" --no-managed-python \
        --build-constraints "$source/hack/release_build.txt" --require-hashes \
        --out-dir "$temporary/wheels" "$project"
done
# By name: metadata of a wheel that is named by its path would hold that path.
# shellcheck disable=SC2086
install --no-deps --no-index --find-links "$temporary/wheels" $names

if [ -n "${PLUGINS:-}" ]; then
    uv pip list --quiet --python "$folder/bin/python" --format freeze >"$temporary/installed.txt"
    # shellcheck disable=SC2086
    (cd "$source" && install --constraints "$temporary/installed.txt" $PLUGINS)
fi
uv pip check --quiet --python "$folder/bin/python"
# Each plugin must load.
PYTHONDONTWRITEBYTECODE=1 "$folder/bin/akoo-core" plugins list
