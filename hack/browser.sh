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
apt-get install -qq -y --no-install-recommends chromium >/dev/null 2>&1 ||
	{ apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium >/dev/null; }
