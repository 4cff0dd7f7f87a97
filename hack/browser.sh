#!/bin/sh
# Installs Chromium from the distribution, for the tests of the fleet page. Nothing to do where it
# is there.
set -eu
command -v chromium >/dev/null && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
	echo "Install Chromium, or name one: AKOO_CHROMIUM=PATH" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# A mirror that does not answer must not hold a run.
options="-qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=60"
# shellcheck disable=SC2086
timeout 200 apt-get $options install -y --no-install-recommends chromium >/dev/null 2>&1 ||
	{ timeout 60 apt-get $options update >/dev/null &&
		timeout 200 apt-get $options install -y --no-install-recommends chromium >/dev/null; }
