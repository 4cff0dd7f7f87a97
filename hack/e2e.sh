#!/bin/sh
# Brings up (-u) a management and a workload cluster on this machine and prints where their
# kubeconfigs are and the command that starts the operator there, or takes them down (-d). Further
# arguments go to `akoo-testbed up` or `down`: `hack/e2e.sh -u --plugins vsphere,ako,avi` also brings up a vCenter, and tenancy an OpenBao.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)

case "${1:-}" in
-u) command=up ;;
-d) command=down ;;
*)
	echo "usage: hack/e2e.sh -u|-d" >&2
	exit 2
	;;
esac
shift

sh "$root/hack/setup.sh"
exec "$root/.venv/bin/akoo-testbed" "$command" "$@"
