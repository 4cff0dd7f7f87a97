"""What a process has written itself, while its caches lie behind, and after a restore of etcd."""

from __future__ import annotations

from akoo_core import clock, structs
from akoo_core.reconcile import seen
from tests.unit.reconcile import reconcile_bed as bed_
from tests.unit.reconcile import reconcile_builders as builders


def test_own_writes_outlive_a_watch_that_is_slow() -> None:
    """A watch is given up after 90 s of silence: so long a cache may show what is over."""
    time = clock.ManualClock()
    memory = seen.Written(time)
    written = structs.replace(builders.make_record(), resource_version="10")
    memory.note("n", written)
    time.advance(95.0)
    assert memory.newest("n", structs.replace(written, resource_version="9")) == written


async def test_what_is_remembered_from_before_a_restore_runs_out(bed: bed_.Bed) -> None:
    """What was only tried does not count as written: every write conflicts then."""
    name = await bed_.running(bed)
    memory = bed.reconciler._written
    memory.note(name, structs.replace(bed.record(name), resource_version="999999"))
    await bed.change_config(onUnmatch="Remove")
    for _ in range(2):
        await bed.run(name)
        assert bed.record(name).spec.policies.on_unmatch == "Orphan"
        bed.clock.advance(seen.KEPT_SECONDS / 2 + 1)
    await bed.run(name)
    assert bed.record(name).spec.policies.on_unmatch == "Remove"
