#!/bin/sh
# Runs actionlint on the workflows. It is built once into .tools/bin, from hack/actionlint/go.mod, whose
# go.sum holds the hashes; its package on PyPI loads a binary from elsewhere.
#
# Says so and succeeds where it cannot be built: lint must not end because a mirror does not answer.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.tools/bin:$PATH:$PWD/.venv/bin"
export PATH

stamp=$(sha256sum hack/actionlint/go.mod hack/actionlint/go.sum)
if [ ! -x .tools/bin/actionlint ] || [ "$stamp" != "$(cat .tools/actionlint.stamp 2>/dev/null || true)" ]; then
	mkdir -p .tools/bin
	if ! (
		cd hack/actionlint
		CGO_ENABLED=0 GOFLAGS="-mod=readonly -trimpath -buildvcs=false" GOTOOLCHAIN=local GOWORK=off GOSUMDB=off \
			timeout 200 go build -o ../../.tools/bin/actionlint github.com/rhysd/actionlint/cmd/actionlint
	); then
		echo "actionlint cannot be built (see above): workflows are NOT CHECKED by it"
		exit 0
	fi
	printf '%s\n' "$stamp" >.tools/actionlint.stamp
fi
exec .tools/bin/actionlint -shellcheck= -pyflakes= "$@"
