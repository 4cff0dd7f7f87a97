"""The checks in one place, and the pytest class that runs them."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.testing import verbs
from akoo_core.testing.conformance import (
    canaries,
    departure,
    following,
    interruption,
    looking,
    neighbours,
    newer,
    outside,
    repetition,
    requests,
    rights,
)
from akoo_core.testing.conformance.subject import ConformanceError, Subject
from akoo_core.testing.world import World

if TYPE_CHECKING:
    import pytest

CHECKS: Mapping[str, Callable[[Subject], None]] = {
    check.__name__: check
    for check in (
        repetition.twice_is_once,
        repetition.leaves_no_tasks,
        interruption.survives_cancellation,
        interruption.survives_failures,
        requests.handles_annotations_once,
        departure.leaves_before_prepared,
        departure.leaves_with_nothing,
        departure.fences_without_workload,
        newer.bears_newer_facts,
        newer.bears_declined_facts,
        canaries.keeps_secrets,
        rights.declares_its_rights,
        rights.reconciles_alike,
        following.follows_quietly,
        neighbours.bears_missing_kinds,
        neighbours.keeps_marks_of_others,
        neighbours.waits_for_holds,
        looking.looks_only,
        outside.does_not_block,
        outside.writes_by_the_seam,
        outside.counts_what_is_there,
    )
}
"""Every check by name. Each takes a Subject and raises ConformanceError."""


def contract_error(subject: Subject) -> Exception | None:
    """The error for which the operator would refuse the plugin before any verb; None for none."""
    try:
        _, plugin = subject.fresh()
        verbs.registered(plugin)
    except Exception as error:  # noqa: BLE001 - the plugin's own constructor may raise anything
        return error
    return None


def problems(subject: Subject) -> tuple[str, ...]:
    """One message for each check that fails; the contract's alone where the plugin breaks it."""
    refusal = contract_error(subject)
    if isinstance(refusal, errors.AkooError):
        return (str(refusal),)
    if refusal is not None:
        raise refusal
    messages: list[str] = []
    for check in CHECKS.values():
        try:
            check(subject)
        except (ConformanceError, errors.AkooError) as error:
            messages.append(str(error))
    return tuple(dict.fromkeys(messages))


class Suite:
    """Subclass it in a test module, and pytest runs every check in every scenario::

        class TestConformance(conformance.Suite):
            plugin = MyPlugin
            scenarios = {"plain": lambda: testing.World(config=...)}

    ``plugin`` is called without arguments; override ``make`` where it needs something of the World.
    ``name`` is the plugin's, where it is not installed. Each scenario makes a fresh World of a
    cluster that lives, or leaves (``spec.leaving``). The Worlds together must let every verb be
    called. A plugin that breaks the contract fails ``test_contract``; the other tests are skipped.
    """

    plugin: ClassVar[Callable[[], api.Plugin]]
    name: ClassVar[str] = ""
    scenarios: ClassVar[Mapping[str, Callable[[], World]]] = {"plain": World}

    def make(self, world: World) -> api.Plugin:
        """The plugin, as a new process would make it, for this World."""
        return type(self).plugin()

    def subject(self, scenario: str) -> Subject:
        """The subject of the checks, in one scenario."""
        world = type(self).scenarios[scenario]
        return Subject(self.make, world, name=self.name, scenario=scenario)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each scenario and check."""
        if "scenario" in metafunc.fixturenames:
            metafunc.parametrize("scenario", list(self.scenarios))
        if "check" in metafunc.fixturenames:
            metafunc.parametrize("check", list(CHECKS))

    def test_contract(self) -> None:
        """Names, declarations, signatures and controllers, before any verb is called."""
        refusal = _refusal(type(self))
        if isinstance(refusal, errors.AkooError):
            raise ConformanceError(str(refusal)) from refusal
        if refusal is not None:
            raise refusal

    def test_check(self, scenario: str, check: str) -> None:
        """One check in one scenario."""
        self._skip_without_contract()
        CHECKS[check](self.subject(scenario))

    def test_scenarios_reach_every_verb(self) -> None:
        """A verb that no scenario comes to is checked by nobody."""
        self._skip_without_contract()
        subjects = [self.subject(scenario) for scenario in self.scenarios]
        missed = unreached(subjects)
        if missed:
            raise ConformanceError(
                f"no scenario comes to {', '.join(missed)}: give one where nothing before it waits "
                "or is Blocked, with the facts and the config that the plugin needs"
            )

    def _skip_without_contract(self) -> None:
        """One mistake is one failure: no check says more of a plugin that is refused."""
        if _refusal(type(self)) is not None:
            raise unittest.SkipTest("the plugin breaks the contract: see test_contract")


_refusals: dict[type[Suite], Exception | None] = {}
"""By suite, since pytest makes a new instance for each test."""


def _refusal(suite: type[Suite]) -> Exception | None:
    """``contract_error`` in the first scenario of a suite."""
    if suite not in _refusals:
        first = next(iter(suite.scenarios))
        _refusals[suite] = contract_error(suite().subject(first))
    return _refusals[suite]


def unreached(subjects: list[Subject]) -> list[str]:
    """The verbs of the plugin that none of the scenarios comes to."""
    names = {verb for subject in subjects for verb in subject.verbs()}
    missed = [verb for verb in names if all(subject.reach(verb) is None for subject in subjects)]
    return sorted(missed)
