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
	apt-get download -qq prometheus 2>/dev/null || { apt-get update -qq && apt-get download -qq prometheus; }
	dpkg-deb -x prometheus_*.deb unpacked
)
mkdir -p .tools
rm -rf .tools/prometheus
mv "$folder/unpacked" .tools/prometheus
.tools/prometheus/usr/bin/promtool --version 2>&1 | head -1
