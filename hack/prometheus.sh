#!/bin/sh
# Brings promtool and prometheus of the distribution's package below .tools, without installing it:
# the package would start a service. Nothing to do where both are there.
set -eu
cd "$(dirname "$0")/.."
if command -v promtool >/dev/null && command -v prometheus >/dev/null; then
	exit 0
fi
if [ -x .tools/prometheus/usr/bin/promtool ]; then
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "There is no apt-get here. Install promtool and prometheus 2.42 or newer, and put them into PATH." >&2
	exit 1
fi
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
(
	cd "$folder"
	# A mirror that does not answer must not hold a run.
	options="-qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20"
	# shellcheck disable=SC2086
	timeout 100 apt-get $options download prometheus 2>/dev/null ||
		{ timeout 60 apt-get $options update && timeout 100 apt-get $options download prometheus; }
	dpkg-deb -x prometheus_*.deb unpacked
)
mkdir -p .tools
rm -rf .tools/prometheus
mv "$folder/unpacked" .tools/prometheus
.tools/prometheus/usr/bin/promtool --version 2>&1 | head -1
