"""Sessions that end at any call, under any number of callers: one login each, and no absence."""

from __future__ import annotations

import asyncio
import collections
import os
from typing import Any

import hypothesis
import pytest
from akoo_vsphere.client import errors
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.sessions import SharedVCenters
from hypothesis import strategies

from akoo_core.plugin import external
from akoo_core.testing import virtual_time
from tests.vsphere.vcenter_door import GHOST, GROUP, HIDDEN, OTHER, SWITCH, EndingDoor, Shape

PROOF = 20 if os.environ.get("AKOO_PROOF") else 1
ACCOUNT = Account(address="vcenter.example", username="operator", password="password-1")
CALLERS = strategies.lists(strategies.sampled_from(["read", "list", "write", "about"]), max_size=24)


def play(door: EndingDoor, callers: list[str]) -> list[Any]:
    """The results of callers that begin at once, and of one read at the end."""

    async def main(clock: virtual_time.LoopClock) -> list[Any]:
        vcenters = SharedVCenters(now=clock, make_door=door)
        client = await vcenters.client(ACCOUNT, external=external.External())
        calls = {
            "read": lambda: client.port_group(GROUP.value),
            "list": lambda: client.port_groups(SWITCH.value),
            "hidden": lambda: client.port_group(HIDDEN.value),
            "ghost": lambda: client.port_group(GHOST.value),
            "write": lambda: client.rename(GROUP.value, "data"),
            "about": client.about,
        }
        results = await asyncio.gather(
            *(calls[caller]() for caller in callers), return_exceptions=True
        )
        await vcenters.close()
        return list(results)

    return virtual_time.run(main)


@hypothesis.settings(max_examples=PROOF * 100)
@hypothesis.given(
    CALLERS,
    strategies.sets(strategies.integers(-60, 60), max_size=8),
    strategies.sampled_from(["missing", "gone", "nothing"]),
)
def test_each_end_costs_one_login_and_nothing_is_ever_gone(
    callers: list[str], ends: set[int], shape: Shape
) -> None:
    door = EndingDoor(ends, shape=shape)
    results = play(door, callers)
    assert door.logins <= 1 + door.ended
    failures = collections.Counter(
        type(result) for result in results if isinstance(result, BaseException)
    )
    assert set(failures) <= {errors.SessionLostError}
    # Only who met two dead sessions in a row has an error.
    assert sum(failures.values()) == 0 or door.ended > 1
    for caller, result in zip(callers, results, strict=True):
        if caller == "read" and not isinstance(result, Exception):
            assert result["moRef"] == GROUP.value
        if caller == "list" and not isinstance(result, Exception):
            assert [group.mo_ref for group in result] == [GROUP.value, OTHER.value]
    assert door.alive == set()


@pytest.mark.parametrize("shape", ["missing", "gone", "nothing"])
@pytest.mark.parametrize("end", [*range(-8, 0), *range(1, 9)])
def test_one_end_at_each_call_of_a_read_is_not_noticed(end: int, shape: Shape) -> None:
    for caller in ("read", "list", "about"):
        door = EndingDoor({end}, shape=shape)
        (result,) = play(door, [caller])
        assert not isinstance(result, Exception), (caller, result)
        assert door.logins <= 2


def test_only_a_ghost_is_gone_and_what_is_hidden_is_not() -> None:
    hidden, ghost = play(EndingDoor(), ["hidden", "ghost"])
    assert type(hidden) is errors.UnreadableError
    assert type(ghost) is errors.NotFoundError
    assert ghost.mo_ref == GHOST.value


@hypothesis.settings(max_examples=PROOF * 50)
@hypothesis.given(
    CALLERS,
    strategies.sets(strategies.integers(-40, 40), max_size=3),
    strategies.sets(strategies.integers(1, 40), max_size=3),
)
def test_writes_are_made_at_most_once(callers: list[str], ends: set[int], cuts: set[int]) -> None:
    door = EndingDoor(ends, cuts)
    results = play(door, callers)
    known = {errors.SessionLostError, errors.UnreachableError, errors.OutcomeUnknownError}
    assert {type(result) for result in results if isinstance(result, Exception)} <= known
    assert door.renames <= callers.count("write")
    done = sum(
        caller == "write" and not isinstance(result, Exception)
        for caller, result in zip(callers, results, strict=True)
    )
    assert door.renames >= done
