#!/bin/sh
# Runs the tests of trust and of both clients on the newest Python of this machine: TLS differs from
# release to release, and the image ships a newer Python than many machines have as python3.
#
# The environment is .venv-newest; it is made when the lock or the interpreter changes. Prints one line that
# names the interpreter, or says why there is none.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.tools/bin:$PATH"
export PATH

tests="tests/unit/test_trust.py tests/component/kube/test_farewell.py
    tests/component/kube/test_transport.py plugins/avi/tests/client/test_client_wire.py
    plugins/avi/tests/client/test_client_sessions.py plugins/avi/tests/client/test_client_proxy.py
    tests/unit/kube/test_workload_proxy.py tests/unit/core/test_ca_bundle.py"
environment=.venv-newest

# "3.13.0 /path/to/python" of an interpreter that starts, has TLS and is new enough.
describe() {
    [ -x "$1" ] && timeout 10 "$1" -c '
import ssl, sys
if sys.version_info >= (3, 11) and sys.implementation.name == "cpython":
    print("{}.{}.{}".format(*sys.version_info), sys.argv[1])
' "$1" 2>/dev/null || true
}

# pyenv is searched by path: its shims start only what its settings select.
candidates() {
    for python in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python; do
        describe "$python"
    done
    printf '%s\n' "$PATH" | tr ':' '\n' | grep -v '/shims$' | while read -r folder; do
        for python in "$folder"/python3 "$folder"/python3.1[1-9]; do
            describe "$python"
        done
    done
}

newest=$(candidates | sort -V | tail -n 1)
if [ -z "$newest" ]; then
    echo "newest Python: none was found, so nothing is tested besides .venv"
    exit 0
fi
version=${newest%% *}
python=${newest#* }
ours=$(.venv/bin/python -c 'import sys; print("{}.{}.{}".format(*sys.version_info))')
if [ "${version%.*}" = "${ours%.*}" ]; then
    echo "newest Python: $version ($python), which .venv has, too: tested already"
    exit 0
fi

inputs="$(cat uv.lock pyproject.toml plugins/*/pyproject.toml testbed/pyproject.toml) $newest"
stamp=$(printf '%s' "$inputs" | sha256sum)
if [ "$stamp" != "$(cat $environment/stamp 2>/dev/null || true)" ]; then
    if ! UV_PROJECT_ENVIRONMENT=$environment uv sync --quiet --frozen --all-packages --python "$python"; then
        echo "newest Python: $version ($python), but its environment cannot be made (see above): NOT TESTED"
        exit 0
    fi
    printf '%s\n' "$stamp" >$environment/stamp
fi

echo "newest Python: $version ($python), tests of trust and of the clients"
# shellcheck disable=SC2086
exec $environment/bin/pytest -q -p no:cacheprovider -m "not bed" $tests "$@"
