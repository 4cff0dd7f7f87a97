"""The writes of this process, while its caches lie behind, and after a restore of etcd."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from akoo_core import structs
from akoo_core.clock import ManualClock
from akoo_core.kube import resource as resources
from akoo_core.objects.record import Record, RecordSpec
from akoo_core.reconcile.read import own_writes
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


class Caches(Protocol):
    """Chooses what the caches show of the record."""

    def __call__(self, *, behind: bool) -> None: ...


def test_own_writes_outlive_a_watch_that_is_slow() -> None:
    """A watch is given up after 90 s of silence: so long a cache may show what is over."""
    time = ManualClock()
    memory = own_writes.Written(time)
    written = structs.replace(builders.make_record(), resource_version="10")
    memory.note("n", written)
    time.advance(95.0)
    assert memory.newest("n", structs.replace(written, resource_version="9")) == written


def test_a_cache_that_stays_behind_is_doubted() -> None:
    """It is far behind, or the store went back: it cannot be told from here."""
    time = ManualClock()
    memory = own_writes.Written(time)
    ten = structs.replace(builders.make_record(), resource_version="10")
    nine = structs.replace(ten, resource_version="9")
    memory.note("n", ten)
    assert not memory.doubtful("n", nine), "what was written here is newer"
    time.advance(own_writes.KEPT_SECONDS + 1)
    assert memory.doubtful("n", nine)
    assert not memory.doubtful("n", ten)
    assert not memory.doubtful("n", structs.replace(nine, uid="another"))
    assert not memory.doubtful("n", None)
    assert not memory.doubtful("other", nine)


async def test_what_is_remembered_from_before_a_restore_runs_out(fleet: ReconcileFleet) -> None:
    """A write that was only tried does not count as written: every write conflicts then."""
    name = await reconcile_fleet.running(fleet)
    memory = fleet.reconciler._written
    memory.note(name, structs.replace(fleet.record(name), resource_version="999999"))
    await fleet.change_config(onUnmatch="Remove")
    for _ in range(2):
        await fleet.run(name)
        assert fleet.record(name).spec.policies.on_unmatch == "Orphan"
        fleet.clock.advance(own_writes.KEPT_SECONDS / 2 + 1)
    await fleet.run(name)
    assert fleet.record(name).spec.policies.on_unmatch == "Remove"


@pytest.fixture
async def caches(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str, monkeypatch: pytest.MonkeyPatch
) -> Caches:
    """Release has been made once; the caches show the record as it was before that, or as it is."""
    before: list[Record] = []
    change = fleet.services.records.change

    async def noting(record: Record, spec: RecordSpec, **how: Any) -> Record:
        made = await change(record, spec, **how)
        state = made.spec.leaving
        if state is not None and state.let_go is not None and state.released_at is None:
            before.append(made)
        return made

    monkeypatch.setattr(fleet.services.records, "change", noting)
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert avi.calls.count("release") == 1
    assert fleet.record(name).spec.finished_at is not None
    real = fleet.world.record

    def show(*, behind: bool) -> None:
        monkeypatch.setattr(fleet.world, "record", (lambda _: before[-1]) if behind else real)

    return show


async def test_caches_that_stay_far_behind_release_nothing_again(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str, caches: Caches
) -> None:
    caches(behind=True)
    for _ in range(3):
        fleet.clock.advance(10 * own_writes.KEPT_SECONDS)
        await fleet.run(name)
        assert avi.calls.count("release") == 1


async def test_a_new_leader_with_old_caches_does_not_release_again(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str, caches: Caches
) -> None:
    fleet.start()
    caches(behind=True)
    outcome = await fleet.run(name)
    assert avi.calls.count("release") == 1, "nothing is given back twice"
    assert outcome.requeue_after == 1.0, "the caches catch up, then it is decided again"
    caches(behind=False)
    await fleet.run(name)
    assert avi.calls.count("release") == 1
    fleet.clock.advance(8 * 24 * 3600)
    await fleet.run(name)
    assert not fleet.management.objects(resources.AKO_DEPLOYMENTS), "and then it is deleted"
    fleet.start()
    caches(behind=True)
    await fleet.run(name)
    assert avi.calls.count("release") == 1
