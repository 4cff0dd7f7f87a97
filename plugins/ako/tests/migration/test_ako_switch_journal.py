"""The journal of a switch: its ConfigMaps, and what happens to a broken one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from akoo_ako.migration import ancestor
from akoo_ako.migration.steps import adoption
from akoo_ako.migration.switch import back, journal, run
from akoo_ako.migration.switch.journal import Entry, Journal
from akoo_testbed.ancestor import objects
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import errors
from tests.ako.ancestor_place import AncestorPlace, CrashError

CONFIG_MAPS = "v1/ConfigMap"


@pytest.fixture(autouse=True)
def _adopts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "possible", lambda: True)


def stored(parts: Any, before: dict[int, Any] | None = None) -> list[dict[str, Any]]:
    """The ConfigMaps after these parts are written over those of ``before``."""
    maps = dict(before or {})
    for part in parts:
        obj = journal.written(part, "akoo-system")
        obj["metadata"] = {**obj["metadata"], "uid": "u", "resourceVersion": "1"}
        maps[part.index] = obj
    return [maps[index] for index in sorted(maps)]


def entry(name: str, size: int = 10, **fields: Any) -> Entry:
    return Entry(step="stop", kind="Machine", name=name, before={"value": "x" * size}, **fields)


NAMES = st.sampled_from([f"m-{number}" for number in range(8)])
SIZES = st.integers(min_value=1, max_value=journal.PART_BYTES - 1000)


@given(batches=st.lists(st.lists(st.tuples(NAMES, SIZES), max_size=4), max_size=5))
def test_the_journal_has_the_latest_entry_of_each_object(batches: Any) -> None:
    """Whatever was added before, in which order, and in how many parts."""
    current, expected = Journal(), dict[str, Entry]()
    for batch in batches:
        entries = [entry(name, size) for name, size in batch]
        expected |= {each.name: each for each in entries}
        parts = journal.with_entries(current, entries)
        known = {part.index: part.stored for part in current.parts}
        maps = stored(parts, known)
        current = journal.read(reversed(maps))
        assert all(len(json.dumps(each)) < 2 * journal.PART_BYTES + 5000 for each in maps)
    assert {each.name: each for each in current.entries} == expected
    assert len(current.entries) == len(expected)


def test_entries_that_are_there_write_nothing() -> None:
    current = journal.read(stored(journal.with_entries(Journal(), [entry("a"), entry("b")])))
    assert journal.with_entries(current, [entry("a")]) == ()
    (part,) = journal.with_entries(current, [entry("b", 11)])
    assert [each.name for each in part.entries] == ["a", "b"]


def test_an_entry_that_no_configmap_holds_is_refused() -> None:
    with pytest.raises(errors.InputError, match=r"Machine m is too large.*JournalTooLarge"):
        journal.with_entries(Journal(), [entry("m", journal.PART_BYTES)])


def test_an_object_that_is_too_large_stops_the_switch_before_it_is_changed() -> None:
    place = AncestorPlace()
    kind = "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration"
    (hook,) = place.all(kind)
    note = {"metadata": {"annotations": {"note": "x" * journal.PART_BYTES}}}
    place.patch(kind, hook["metadata"]["name"], note)
    before = place.end()
    with pytest.raises(errors.InputError, match="JournalTooLarge"):
        place.run()
    assert place.end() == before


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "is not a part of the journal"),
        ({journal.DATA: "["}, "is not a part of the journal"),
        ({journal.DATA: '[{"step": 1}]'}, "is not a part of the journal"),
        ({journal.DATA: "[]", journal.PHASE: "Elsewhere"}, "is not a part of the journal"),
    ],
)
def test_a_broken_part_is_named(data: dict[str, str], message: str) -> None:
    place = AncestorPlace()
    place.run()
    place.patch(CONFIG_MAPS, "akoo-migration-0", {"data": None}, "akoo-system")
    place.patch(CONFIG_MAPS, "akoo-migration-0", {"data": data}, "akoo-system")
    before = place.end()
    for command in (place.run, place.back, place.finish):
        with pytest.raises(errors.InputError, match=f"ConfigMap akoo-migration-0 {message}"):
            command()
    assert place.end() == before


def test_a_gap_is_named() -> None:
    parts = stored(journal.with_entries(Journal(), [entry("a", 300_000), entry("b", 300_000)]))
    assert len(parts) == 2
    with pytest.raises(errors.InputError, match="has a gap: only akoo-migration-1 are there"):
        journal.read(parts[1:])


def test_another_configmap_with_its_label_is_named() -> None:
    (part,) = stored(journal.with_entries(Journal(), [entry("a")]))
    part["metadata"]["name"] = "notes"
    with pytest.raises(errors.InputError, match="ConfigMap notes is not a part of the journal"):
        journal.read([part])


def test_two_commands_at_once() -> None:
    """One of them stops at the journal; the other one, or a rerun, makes the switch."""
    place = AncestorPlace()

    async def both() -> list[Any]:
        runs = (run.run(place.context(), place.sleep) for _ in range(2))
        return await asyncio.gather(*runs, return_exceptions=True)

    ends = asyncio.run(both())
    failed = [each for each in ends if isinstance(each, BaseException)]
    assert all("another migrate-akoo runs" in str(each) for each in failed)
    place.check_owners()
    place.run()
    assert place.run().lines == (run.DONE,)
    place.check_owners()


def test_it_survives_the_loss_of_an_answer() -> None:
    """A write whose answer was lost is found by the next look."""
    place = AncestorPlace()
    place.server.faults.after("patch *", ConnectionResetError("lost"), nth=3)
    with pytest.raises(ConnectionResetError):
        place.run()
    place.check_owners()
    assert place.run().exit_code == 0
    assert place.back().lines[-1] == back.DONE


def test_the_journal_is_gone_after_the_way_back() -> None:
    place = AncestorPlace()
    place.run()
    maps = place.all(CONFIG_MAPS)
    assert [each["metadata"]["namespace"] for each in maps] == ["akoo-system"]
    place.back()
    assert place.all(CONFIG_MAPS) == []
    assert place.all(objects.SECRETS)


@pytest.mark.parametrize("command", ["back", "finish"])
def test_a_journal_of_two_parts_is_deleted_from_its_end(command: str) -> None:
    """So that what is left after an interruption can still be read."""
    place = AncestorPlace(())
    note = {"metadata": {"annotations": {"note": "x" * 300_000}}}
    for kind, name in zip(ancestor.WEBHOOK_KINDS, ancestor.WEBHOOKS, strict=True):
        place.patch(f"{kind.api_version}/{kind.kind}", name, note)
    before = place.end()
    assert place.run().exit_code == 0
    assert len(place.all(CONFIG_MAPS)) == 2
    place.server.faults.after("delete configmaps", CrashError())
    with pytest.raises(CrashError):
        getattr(place, command)()
    assert [each["metadata"]["name"] for each in place.all(CONFIG_MAPS)] == ["akoo-migration-0"]
    assert getattr(place, command)().exit_code == 0
    assert place.all(CONFIG_MAPS) == []
    if command == "back":
        assert place.end() == before
