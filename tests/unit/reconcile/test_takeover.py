"""A new leader acts on nothing that its predecessor has changed since."""

from __future__ import annotations

import pytest

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import record as records
from akoo_core.objects.record import Record
from akoo_core.reconcile.read import leader_change
from akoo_core.testing.memory import MemoryServer
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

RECORDS = resources.AKO_DEPLOYMENTS
WORD = {"metadata": {"annotations": {"note": "one"}}}


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer()


async def stored(server: MemoryServer, name: str) -> Record:
    made = records.to_object(name, builders.make_record().spec)
    made["metadata"].pop("finalizers", None)
    return records.from_object(await server.client().create(RECORDS, made))


async def test_caches_that_are_behind_wait(server: MemoryServer) -> None:
    old = await stored(server, "a")
    new = records.from_object(await server.client().merge_patch(RECORDS, "a", WORD))
    taking = leader_change.Takeover(server.client())
    for cached in (old, None):
        with pytest.raises(errors.ConflictError, match="behind"):
            await taking.check("a", cached)
    await taking.check("a", new)


async def test_what_was_deleted_before_is_not_acted_on(server: MemoryServer) -> None:
    """A record that was dropped with a move would be onboarded again here."""
    old = await stored(server, "a")
    await server.client().delete(RECORDS, "a")
    taking = leader_change.Takeover(server.client())
    with pytest.raises(errors.ConflictError, match="behind"):
        await taking.check("a", old)
    await taking.check("a", None)


async def test_what_went_after_the_list_does_not_wait_for_ever(server: MemoryServer) -> None:
    await stored(server, "a")
    taking = leader_change.Takeover(server.client())
    await taking.check("b", None)
    await server.client().delete(RECORDS, "a")
    await taking.check("a", None)


async def test_a_restore_of_etcd_after_the_list_holds_nothing_up(server: MemoryServer) -> None:
    """Versions are smaller then."""
    record = await stored(server, "a")
    taking = leader_change.Takeover(server.client())
    taking._stored = {"a": "999999"}
    await taking.check("a", record)


async def test_one_list_for_all_and_none_later(server: MemoryServer) -> None:
    ones = [await stored(server, name) for name in ("a", "b")]
    taking = leader_change.Takeover(server.client())
    server.faults.calls.clear()
    for record in (*ones, *ones):
        await taking.check(record.name, record)
    assert [call.verb for call in server.faults.calls] == ["list"]


async def test_a_leaving_record_is_not_prepared_again(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await reconcile_fleet.running(fleet)
    before = fleet.world.record(name)
    assert before is not None
    await fleet.delete_cluster()
    await fleet.run(name)
    assert fleet.record(name).spec.leaving is not None
    fleet.start()
    monkeypatch.setattr(fleet.world, "record", lambda _: structs.replace(before))
    avi.calls.clear()
    await fleet.run(name)
    assert avi.calls == []
