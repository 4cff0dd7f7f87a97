"""Conditions that several controllers write into one object: each its own; others' stay."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.kube import client
from akoo_core.kube.errors import ConflictError
from akoo_core.kube.resource import Resource
from akoo_core.objects import conditions as objects
from akoo_core.plugin import conditions
from akoo_core.plugin.conditions import Condition
from akoo_core.testing import builders
from akoo_core.testing.memory import BUILT_IN, MemoryServer

LINES = Resource("akoo.io", "v1alpha1", "lines", "Line", namespaced=False)
NOW = builders.CREATED
LATER = NOW + datetime.timedelta(hours=1)
ODD = {"type": "Odd", "status": "Perhaps", "reason": "", "of": {"others": [1]}}
"""A condition of others that we could not read."""


def condition(kind: str, *, good: bool = True, message: str = "") -> Condition:
    return Condition(
        type=kind, status="True" if good else "False", reason="Looked", message=message
    )


class Board:
    """One object with a status."""

    def __init__(self, *rows: dict[str, Any], **status: Any) -> None:
        self.server = MemoryServer(resources=(*BUILT_IN, LINES))
        self.client = self.server.client()
        self.server.seed(
            {
                "apiVersion": LINES.api_version,
                "kind": "Line",
                "metadata": {"name": "east"},
                "status": {**status, "conditions": list(rows)},
            }
        )

    async def read(self) -> client.Object:
        return await self.client.get(LINES, "east")

    async def write(
        self,
        obj: client.Object,
        *wanted: Condition,
        owns: tuple[str, ...],
        now: datetime.datetime = NOW,
        **status: Any,
    ) -> client.Object:
        return await conditions.write(
            self.client, LINES, obj, wanted, owns=owns, now=now, status=status
        )

    @property
    def status(self) -> dict[str, Any]:
        (obj,) = self.server.objects(LINES)
        status: dict[str, Any] = obj["status"]
        return status

    @property
    def types(self) -> list[str]:
        return [row["type"] for row in self.status["conditions"]]


async def test_two_controllers_write_one_object() -> None:
    board = Board()
    await board.write(await board.read(), condition("Ready"), condition("Up"), owns=("Ready", "Up"))
    await board.write(await board.read(), condition("Held"), owns=("Held",), now=LATER)
    assert board.types == ["Ready", "Held", "Up"]
    await board.write(
        await board.read(), condition("Ready", good=False), owns=("Ready", "Up"), now=LATER
    )
    assert board.types == ["Ready", "Held"], "what it wants no more is its own to remove"
    await board.write(await board.read(), owns=("Held",))
    assert board.types == ["Ready"]


async def test_the_slower_of_two_looks_again() -> None:
    board = Board()
    first, second = await board.read(), await board.read()
    await board.write(first, condition("Ready"), owns=("Ready",))
    with pytest.raises(ConflictError):
        await board.write(second, condition("Held"), owns=("Held",))
    assert board.types == ["Ready"]
    await board.write(await board.read(), condition("Held"), owns=("Held",))
    assert board.types == ["Ready", "Held"]


async def test_conditions_of_others_stay_in_every_field() -> None:
    long = {
        "type": "Long",
        "status": "True",
        "reason": "Looked",
        "message": "x" * 2 * conditions.MESSAGE_LIMIT,
        "lastTransitionTime": "2020-01-01T00:00:00Z",
    }
    board = Board(ODD, long)
    await board.write(await board.read(), condition("Ready"), owns=("Ready",))
    assert board.status["conditions"][1:] == [long, ODD]


async def test_nothing_is_written_where_nothing_differs() -> None:
    board = Board(ODD)
    obj = await board.write(await board.read(), condition("Up"), owns=("Up",), nodes=3)
    assert (board.types, board.status["nodes"]) == (["Odd", "Up"], 3)
    same = await board.write(obj, condition("Up"), owns=("Up",), now=LATER, nodes=3)
    assert same is obj


async def test_a_field_of_the_status_changes_alone() -> None:
    board = Board(ODD, nodes=3, version="1")
    obj = await board.write(await board.read(), condition("Up"), owns=("Up",), nodes=3)
    await board.write(obj, condition("Up"), owns=("Up",), now=LATER, nodes=4, version=None)
    assert board.status["nodes"] == 4
    assert "version" not in board.status
    assert board.status["conditions"] == obj["status"]["conditions"]


def test_a_condition_of_another_is_not_written() -> None:
    with pytest.raises(ValueError, match="conditions of others are not written: Held"):
        objects.replaced([], [condition("Held")], owns=("Ready",), now=NOW)


def test_a_condition_of_its_own_that_cannot_be_read_is_replaced() -> None:
    rows = objects.replaced([ODD], [condition("Odd")], owns=("Odd",), now=NOW)
    assert rows is not None
    assert [row["status"] for row in rows] == ["True"]
    assert objects.replaced([ODD], [], owns=("Odd",), now=NOW) == []


def test_the_readable_ones_are_listed() -> None:
    ready = structs.to_object(condition("Ready"))
    assert conditions.listed({"status": {"conditions": [ODD, ready]}}) == (condition("Ready"),)
    assert conditions.listed({}) == ()


def test_merge_leaves_a_wanted_condition_of_another_as_it_is() -> None:
    theirs = structs.replace(
        condition("Theirs", message="x" * 2 * objects.MESSAGE_LIMIT), last_transition_time=NOW
    )
    assert objects.merge((theirs,), (theirs,), now=LATER) == (theirs,)


def test_merge_gives_no_time_to_a_condition_of_another() -> None:
    theirs = condition("Theirs")
    (mine,) = objects.merge((), (condition("Ready"),), now=NOW)
    assert objects.merge((theirs, mine), (theirs, mine), now=LATER) == (mine, theirs)


def test_kept_rows_are_those_that_cannot_be_read_and_those_that_are_wanted() -> None:
    extended = structs.to_object(condition("Ready")) | {"more": 1}
    gone = structs.to_object(condition("Gone"))
    rows = conditions.kept([ODD, extended, gone], (condition("Ready"), condition("Held")))
    assert rows == (extended, structs.to_object(condition("Held")), ODD)
    changed = conditions.kept([extended], (condition("Ready", good=False),))
    assert changed == (structs.to_object(condition("Ready", good=False)),)
    mine = structs.to_object(condition("Odd"))
    assert conditions.kept([ODD], (condition("Odd"),)) == (mine,)


def test_a_status_is_read_without_conditions_that_cannot_be() -> None:
    ready = structs.to_object(condition("Ready"))
    status = {"size": 1, "conditions": [ODD, ready]}
    assert conditions.readable(status) == {"size": 1, "conditions": [ready]}
    assert conditions.readable({}) == {"conditions": []}


TYPES = ("Ready", "Held", "Up", "Down")
ROWS = st.dictionaries(st.sampled_from(TYPES), st.booleans())


@given(ROWS, ROWS, st.sets(st.sampled_from(TYPES)))
def test_what_is_written_is_ours_and_the_rest_is_theirs(
    before: dict[str, bool], after: dict[str, bool], owns: set[str]
) -> None:
    seen = [condition(kind, good=good) for kind, good in before.items()]
    stored = objects.merge((), seen, now=NOW)
    listed = [structs.to_object(row) for row in stored]
    wanted = [condition(kind, good=good) for kind, good in after.items() if kind in owns]
    rows = objects.replaced(listed, wanted, owns=owns, now=LATER)
    result = {row["type"]: row for row in (listed if rows is None else rows)}
    theirs = {row["type"]: row for row in listed if row["type"] not in owns}
    assert {kind: row for kind, row in result.items() if kind not in owns} == theirs
    assert {kind for kind in result if kind in owns} == {row.type for row in wanted}
    assert objects.replaced(list(result.values()), wanted, owns=owns, now=LATER) is None
