"""The caches and the records give the brake the same answers, at a cost that is not the fleet's."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.app import world as world_
from akoo_core.kube import resource
from akoo_core.objects import record
from akoo_core.reconcile.decide import removal_limit
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.reconcile_world import Ledger

moments = st.integers(-3 * 3600, 60).map(lambda ago: builders.NOW + builders.seconds(ago))
places = st.builds(
    record.EndedPlacement,
    plugin=st.just("avi"),
    placement=st.just("old"),
    how=st.just("Proved"),
    at=moments,
)
leavings = st.builds(
    record.Leaving,
    cause=st.sampled_from(["ClusterDeleted", "Unmatched", "Relocated", "UserWord"]),
    started_at=moments,
)
specs = st.fixed_dictionaries(
    {
        "leaving": st.none() | leavings,
        "ended_placements": st.lists(places, max_size=2).map(tuple),
        "finished_at": st.none() | moments,
    }
)


def _obj(number: int, version: int, stored: record.Record) -> dict[str, Any]:
    metadata = {"name": f"akoo-{number}", "uid": f"r-{number}", "resourceVersion": str(version)}
    kind = resource.AKO_DEPLOYMENTS
    spec = structs.to_object(stored.spec)
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}


@given(changes=st.lists(st.tuples(st.integers(0, 4), specs), max_size=12))
def test_the_brake_sees_what_the_records_say(changes: list[tuple[int, dict[str, Any]]]) -> None:
    world = world_.CachedWorld("mgmt", resource.CLUSTERS)
    world.record_objects.replace([])
    records: dict[int, record.Record] = {}
    for version, (number, spec) in enumerate(changes, start=1):
        named = structs.replace(builders.make_record(**spec), name=f"akoo-{number}")
        records[number] = named
        world.record_objects.put(world.record_objects.item(_obj(number, version, named)))
    expected, ledger_of_caches = Ledger(tuple(records.values())), world.removals()
    assert ledger_of_caches.fleet() == expected.fleet()
    since = builders.NOW - removal_limit.WINDOW
    assert _recent(ledger_of_caches, since) == _recent(expected, since)
    for stored in records.values():
        assert ledger_of_caches.leaves(stored.name) == expected.leaves(stored.name)
        ask = [
            removal_limit.Brake().ask(stored.name, ledger, now=builders.NOW)
            for ledger in (ledger_of_caches, expected)
        ]
        assert ask[0] == ask[1]


def _recent(ledger: removal_limit.Ledger, since: datetime.datetime) -> list[datetime.datetime]:
    begun = ledger.begun(builders.NOW).values()
    return sorted(at for each in begun for at in each if at > since)


def test_a_held_removal_does_not_look_at_the_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong selector holds a whole fleet, and each held record asks again and again."""
    world = world_.CachedWorld("mgmt", resource.CLUSTERS)
    leaving = record.Leaving(cause="Unmatched", started_at=builders.NOW - builders.seconds(60))
    items = []
    for number in range(500):
        state = leaving if number < 60 else None
        stored = builders.make_record(leaving=state)
        items.append(world.record_objects.item(_obj(number, number + 1, stored)))
    world.record_objects.replace(items)
    monkeypatch.setattr(structs, "decode_json", lambda _: pytest.fail("an object is decoded"))
    looked: list[str] = []
    indexed = world.record_objects.indexed

    def counted(index: str, name: str, namespace: str = "") -> frozenset[str] | None:
        looked.append(name)
        return indexed(index, name, namespace)

    monkeypatch.setattr(world.record_objects, "indexed", counted)
    assert removal_limit.Brake().held("akoo-400", world.removals(), now=builders.NOW) > 0.0
    assert len(looked) == 60, "only those that were removed within the hour"
