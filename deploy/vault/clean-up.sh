#!/bin/sh
# Remove the tombstones of clusters that are gone: records without passwords, which akoo-core leaves.
#
#   BEFORE=2026-06-01 sh clean-up.sh             # lists them
#   BEFORE=2026-06-01 sh clean-up.sh --delete    # deletes them with their history
#
# It needs a token that may list and read records and delete their metadata. akoo-core itself may not
# delete metadata. Keep tombstones for as long as a cluster may be restored from a backup.
set -eu
LC_ALL=C
export LC_ALL

MOUNT="${MOUNT:-akoo}"
PREFIX="${PREFIX:-akoo-core}"
case "$BEFORE" in
[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) ;;
*) echo "BEFORE must be a date, such as 2026-06-01" >&2; exit 1 ;;
esac

program="$(command -v bao || command -v vault)" || { echo "neither bao nor vault is installed" >&2; exit 1; }
folder="$PREFIX/clusters"
"$program" kv list -format=yaml -mount="$MOUNT" "$folder" | sed -n 's/^- //p' | while read -r name; do
  # No answer: its last version was deleted by hand. It is not ours to judge.
  state="$("$program" kv get -mount="$MOUNT" -field=state "$folder/$name")" || continue
  updated="$("$program" kv metadata get -format=yaml -mount="$MOUNT" "$folder/$name" |
    sed -n 's/^ *updated_time: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p')"
  if [ "$state" = revoked ] && [ -n "$updated" ] && expr "x$updated" \< "x$BEFORE" >/dev/null; then
    echo "$folder/$name ($updated)"
    [ "${1:-}" != --delete ] || "$program" kv metadata delete -mount="$MOUNT" "$folder/$name" >/dev/null
  fi
done
