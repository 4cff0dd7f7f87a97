"""Moves under whatever people, plugins and crashes do: one place at a time, and an end to it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from akoo_core import errors
from akoo_core.objects import names
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet
from tests.unit.reconcile.reconcile_relocator import Relocator

CLOUDS = ["cloud-1", "cloud-2", "same-cloud", "typo"]
VERBS = ["prepare", "confirm", "sweep", "verify", "release"]


class _StopError(errors.ProcessEnd):
    """Nothing catches it."""


class Moves(RuleBasedStateMachine):
    """demo/shop with a plugin that has places."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self.relocator, self.ako = Relocator(), reconcile_plugins.Ako()
        self.fleet = self._do(_made(self.ako, self.relocator))
        self.name = ""
        self.deleted = False

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def teardown(self) -> None:
        self._runner.close()

    @initialize()
    def lives(self) -> None:
        self._do(self.fleet.config(cloudName="cloud-1"))
        self.name = self._do(self.fleet.cluster())
        for _ in range(3):
            self._do(self.fleet.run(self.name))

    # People.

    @rule(cloud=st.sampled_from(CLOUDS))
    def another_cloud(self, cloud: str) -> None:
        self._do(self.fleet.change_config(cloudName=cloud))

    @rule(annotation=st.sampled_from(["abandon_placement", "confirm_removal", "let_go", "paused"]))
    def an_annotation(self, annotation: str) -> None:
        if self._there():
            self._do(self.fleet.annotate(self.name, **{annotation: "because"}))

    @rule()
    def no_annotations(self) -> None:
        self._quiet()

    @precondition(lambda self: not self.deleted)
    @rule()
    def cluster_deleted(self) -> None:
        self.deleted = True
        self._do(self.fleet.delete_cluster())

    # The outside, time, and the process.

    @rule(verb=st.sampled_from(VERBS))
    def a_verb_fails(self, verb: str) -> None:
        self.relocator.fail[verb] = RuntimeError("no route")

    @rule()
    def all_heals(self) -> None:
        self.relocator.fail = {}

    @rule(seconds=st.sampled_from([1, 30, 3700]))
    def time_passes(self, seconds: int) -> None:
        self.fleet.clock.advance(seconds)

    @rule()
    def restart(self) -> None:
        self.fleet.start()

    @rule(times=st.integers(1, 3))
    def attempts(self, times: int) -> None:
        self._run(times)

    @rule(number=st.integers(0, 3), late=st.booleans())
    def an_attempt_that_crashes(self, number: int, late: bool) -> None:
        self._do(_crashing(self.fleet, self.name, number, late=late))
        self.fleet.start()

    # What always holds.

    @invariant()
    def one_place_at_a_time(self) -> None:
        if not self._there():
            return
        spec = self.fleet.record(self.name).spec
        given_up = {
            placement.placement
            for placement in spec.ended_placements
            if placement.how == "Abandoned"
        }
        if spec.leaving is not None and spec.leaving.let_go is not None:
            return
        stored = spec.intents.get("avi")
        here = {stored.placement} if stored is not None else set()
        used = {place for place, users in self.relocator.outside.items() if self.name in users}
        used |= {place for place, users in self.relocator.claims.items() if self.name in users}
        assert used - given_up <= here, "what is not in the record is not outside"

    @invariant()
    def a_relocation_holds_the_cluster_and_lets_it_live(self) -> None:
        if not self._there():
            return
        record = self.fleet.record(self.name)
        state = record.spec.leaving
        if state is None or state.cause != "Relocated":
            return
        assert state.let_go is None
        assert state.undeployed_at is None
        assert reconcile_fleet.held_by_us(self.fleet)
        assert record.spec.inventory

    def _there(self) -> bool:
        return bool(self.name) and self.fleet.world.record(self.name) is not None

    def _run(self, times: int) -> None:
        for _ in range(times):
            if self._there():
                self._do(self.fleet.run(self.name))

    def _quiet(self) -> None:
        if self._there():
            annotations = ("abandon_placement", "confirm_removal", "let_go", "paused")
            self._do(self.fleet.annotate(self.name, **dict.fromkeys(annotations)))

    @rule()
    def left_alone_it_comes_to_its_end(self) -> None:
        """Nothing fails, nobody says anything, and the config names a place that exists."""
        self._quiet()
        self.relocator.fail = {}
        self._do(self.fleet.change_config(cloudName="cloud-2"))
        for _ in range(8):
            self._run(2)
            self.fleet.clock.advance(1900)
        if self.deleted:
            assert self.fleet.record(self.name).status.phase == "Finished"
            return
        assert self.fleet.condition(self.name, "Ready") == ("True", "Running")
        assert self.fleet.record(self.name).spec.intents["avi"].placement == "uuid-2"
        annotations = self.fleet.record(self.name).annotations
        assert names.ABANDON_PLACEMENT_ANNOTATION not in annotations


async def _made(ako: reconcile_plugins.Ako, relocator: Relocator) -> ReconcileFleet:
    return ReconcileFleet(ako, relocator)


async def _crashing(fleet: ReconcileFleet, name: str, number: int, *, late: bool) -> None:
    """One attempt whose process is gone before or after its n-th write to the record."""
    records = fleet.services.records
    change, count = records.change, 0

    async def change_or_stop(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        here, count = count, count + 1
        if here == number and not late:
            raise _StopError
        made = await change(*args, **kwargs)
        if here == number:
            raise _StopError
        return made

    records.change = change_or_stop  # type: ignore[method-assign]
    try:
        if fleet.world.record(name) is not None:
            await fleet.run(name)
    except _StopError:
        return


EXAMPLES = 400 if os.environ.get("AKOO_PROOF") else 20
Moves.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
TestMoves = Moves.TestCase
