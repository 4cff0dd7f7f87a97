"""Guarded writes: merge patches of records, Events, own writes read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.clock import ManualClock
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.objects import record as records
from akoo_core.objects.record import Orphaned, Record
from akoo_core.reconcile.act import record_writes
from akoo_core.reconcile.read import own_writes
from akoo_core.reconcile.status import events
from akoo_core.testing import memory
from akoo_core.testing.memory.patch import merge_patch
from tests.unit.reconcile import reconcile_builders as builders

LEAVES = st.integers(0, 3) | st.text(max_size=2) | st.lists(st.integers(0, 2), max_size=2)
OBJECTS = st.recursive(
    st.dictionaries(st.sampled_from("abcd"), LEAVES, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), LEAVES | inner, max_size=3),
    max_leaves=8,
)


@given(OBJECTS, OBJECTS)
def test_difference_is_what_a_merge_patch_makes_good(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert merge_patch(before, record_writes.difference(before, after)) == after
    assert record_writes.difference(after, after) == {}


@pytest.fixture
def server() -> memory.MemoryServer:
    return memory.MemoryServer(clock=ManualClock(builders.NOW))


async def test_a_record_is_created_once(server: memory.MemoryServer) -> None:
    store = record_writes.RecordWriter(server.client())
    first = await store.create(builders.RECORD, builders.make_spec())
    again = await store.create(builders.RECORD, builders.make_spec(epoch=9))
    assert again == first, "the one that is there counts"
    assert first.finalizers == (names.RECORD_FINALIZER,)


async def test_a_change_needs_the_state_it_was_decided_from(server: memory.MemoryServer) -> None:
    store = record_writes.RecordWriter(server.client())
    first = await store.create(builders.RECORD, builders.make_spec())
    orphaned = Orphaned(cause="Unmatched", at=builders.NOW)
    second = await store.change(first, builders.make_spec(orphaned=orphaned))
    assert second.spec.orphaned == orphaned
    with pytest.raises(errors.ConflictError):
        await store.change(first, builders.make_spec(epoch=2))
    third = await store.change(second, builders.make_spec())
    assert third.spec.orphaned is None, "what goes back to its default goes"


async def test_fields_of_a_newer_version_survive(server: memory.MemoryServer) -> None:
    client = server.client()
    store = record_writes.RecordWriter(client)
    await store.create(builders.RECORD, builders.make_spec())
    patch = {"spec": {"fromTheFuture": {"x": 1}}}
    await client.merge_patch(resources.AKO_DEPLOYMENTS, builders.RECORD, patch)
    record = records.from_object(await client.get(resources.AKO_DEPLOYMENTS, builders.RECORD))
    await store.change(record, structs.replace(record.spec, epoch=2))
    obj = await client.get(resources.AKO_DEPLOYMENTS, builders.RECORD)
    assert obj["spec"]["fromTheFuture"] == {"x": 1}


async def test_equal_values_are_not_written(server: memory.MemoryServer) -> None:
    store = record_writes.RecordWriter(server.client())
    record = await store.create(builders.RECORD, builders.make_spec())
    server.faults.calls.clear()
    assert await store.change(record, record.spec) is record
    assert await store.write_status(record, record.status) is record
    assert server.faults.calls == []


# Events.


async def test_an_event_is_said_once(server: memory.MemoryServer) -> None:
    recorder = events.Recorder(server.client(), server.clock, instance="pod-1")
    target = events.about_cluster(builders.make_cluster())
    for note in ("a", "a", "b"):
        recorder.event(target, "AKODeployed", note)
    await recorder.flush()
    written = server.objects(resources.EVENTS, "demo")
    assert sorted(event["note"] for event in written) == ["a", "b"]
    assert written[0]["regarding"]["uid"] == target.uid
    assert written[0]["eventTime"] == "2026-03-01T12:00:00.000000Z"


async def test_events_never_grow_without_bound_nor_raise(server: memory.MemoryServer) -> None:
    server.faults.before("create events", errors.ForbiddenError("no"), times=10_000)
    recorder = events.Recorder(server.client(), server.clock, instance="pod-1")
    for number in range(events.QUEUE_LIMIT + 50):
        recorder.event(events.about_cluster(builders.make_cluster()), "AKODeployed", str(number))
    await recorder.flush()
    tried = [call for call in server.faults.calls if call.resource == resources.EVENTS]
    assert len(tried) == events.QUEUE_LIMIT


# Own writes.


def version(number: str, uid: str = "u") -> Record:
    return structs.replace(builders.make_record(), resource_version=number, uid=uid)


@pytest.mark.parametrize(
    ("cached", "written", "expected"),
    [
        ("9", "10", "10"),
        ("10", "9", "10"),
        ("x", "10", "x"),
    ],
)
def test_the_later_of_cache_and_own_write_counts(cached: str, written: str, expected: str) -> None:
    memory_ = own_writes.Written(ManualClock())
    memory_.note("n", version(written))
    newest = memory_.newest("n", version(cached))
    assert newest is not None
    assert newest.resource_version == expected


def test_own_writes_are_believed_for_a_while_only() -> None:
    time = ManualClock()
    memory_ = own_writes.Written(time)
    memory_.note("n", version("10"))
    assert memory_.newest("n", None) is not None, "the cache has not seen the create yet"
    other = version("3", uid="made again")
    assert memory_.newest("n", other) is other
    time.advance(own_writes.KEPT_SECONDS + 1)
    assert memory_.newest("n", None) is None
