"""The steps of a switch, in their order. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from akoo_ako.migration.estate import Estate
from akoo_ako.migration.steps import (
    account,
    adoption,
    conditions,
    definitions,
    finalizers,
    hooks,
    stop,
)
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Entry, Journal


class SwitchStep(NamedTuple):
    """One step: the changes that it lacks, and those that undo it."""

    name: str
    forward: Callable[[Estate, Journal], Iterator[Change]]
    backward: Callable[[Sequence[Entry], Estate], Iterator[Change]]


STEPS: Final = tuple(
    SwitchStep(step.NAME, step.forward, step.backward)
    for step in (stop, definitions, finalizers, hooks, conditions, account, adoption)
)


def missing(estate: Estate, journal: Journal) -> tuple[Change, ...]:
    """All changes that a switch still lacks, as far as they can be planned now."""
    return tuple(change for step in STEPS for change in step.forward(estate, journal))


def undoing(estate: Estate, journal: Journal) -> tuple[Change, ...]:
    """All changes of the way back, as far as they can be planned now."""
    return tuple(
        change
        for step in reversed(STEPS)
        for change in step.backward(journal.of(step.name), estate)
    )
