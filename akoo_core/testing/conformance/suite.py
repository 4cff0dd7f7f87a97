"""The checks in one place, and the pytest class that runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.testing.conformance import (
    canaries,
    departure,
    interruption,
    looking,
    newer,
    outside,
    repetition,
    rights,
)
from akoo_core.testing.conformance.subject import ConformanceError, Subject
from akoo_core.testing.world import World

if TYPE_CHECKING:
    import pytest

CHECKS: Mapping[str, Callable[[Subject], None]] = {
    one.__name__: one
    for one in (
        repetition.twice_is_once,
        repetition.leaves_no_tasks,
        interruption.survives_cancellation,
        interruption.survives_failures,
        departure.leaves_before_prepared,
        departure.leaves_with_nothing,
        newer.bears_newer_facts,
        canaries.keeps_secrets,
        rights.declares_its_rights,
        rights.reconciles_alike,
        looking.looks_only,
        outside.does_not_block,
        outside.writes_by_the_seam,
        outside.counts_what_is_there,
    )
}
"""Every check by name. Each takes a Subject and raises ConformanceError."""


def problems(subject: Subject) -> tuple[str, ...]:
    """What is wrong, one message for each check that fails."""
    found: list[str] = []
    for check in CHECKS.values():
        try:
            check(subject)
        except (ConformanceError, errors.AkooError) as error:
            found.append(str(error))
    return tuple(dict.fromkeys(found))


class Suite:
    """Subclass it in a test module, and pytest runs every check in every scenario::

        class TestConformance(conformance.Suite):
            plugin = MyPlugin
            scenarios = {"plain": lambda: testing.World(config=...)}

    ``plugin`` is called without arguments; override ``make`` where it needs something of the World.
    ``name`` is the plugin's, where it is not installed. Each scenario makes a fresh World of a
    cluster that lives, or leaves (``spec.leaving``). The Worlds together must let every verb be
    called.
    """

    plugin: ClassVar[Callable[[], api.Plugin]]
    name: ClassVar[str] = ""
    scenarios: ClassVar[Mapping[str, Callable[[], World]]] = {"plain": World}

    def make(self, world: World) -> api.Plugin:
        """The plugin, as a new process would make it, for this World."""
        return type(self).plugin()

    def subject(self, scenario: str) -> Subject:
        """What checks get."""
        world = type(self).scenarios[scenario]
        return Subject(self.make, world, name=self.name, scenario=scenario)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each scenario and check."""
        if "scenario" in metafunc.fixturenames:
            metafunc.parametrize("scenario", list(self.scenarios))
        if "check" in metafunc.fixturenames:
            metafunc.parametrize("check", list(CHECKS))

    def test_check(self, scenario: str, check: str) -> None:
        """One check in one scenario."""
        CHECKS[check](self.subject(scenario))

    def test_scenarios_reach_every_verb(self) -> None:
        """A verb that no scenario comes to is checked by nobody."""
        subjects = [self.subject(scenario) for scenario in self.scenarios]
        missed = unreached(subjects)
        if missed:
            raise ConformanceError(
                f"no scenario comes to {', '.join(missed)}: give one where nothing before it waits "
                "or is Blocked, with the facts and the config that the plugin needs"
            )


def unreached(subjects: list[Subject]) -> list[str]:
    """The verbs of the plugin that none of the scenarios comes to."""
    verbs = {verb for subject in subjects for verb in subject.verbs()}
    missed = [verb for verb in verbs if all(subject.reach(verb) is None for subject in subjects)]
    return sorted(missed)
