"""The brake on removals."""

from __future__ import annotations

import pytest

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.reconcile.decide import removal_limit
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.reconcile_world import Ledger


def leaver(number: int, ago: float, cause: record.Cause = "Unmatched") -> record.Record:
    state = record.Leaving(cause=cause, started_at=builders.NOW - builders.seconds(ago))
    return structs.replace(builders.make_record(leaving=state), name=f"akoo-{number}")


def fleet(size: int) -> tuple[record.Record, ...]:
    return tuple(structs.replace(builders.make_record(), name=f"akoo-f{n}") for n in range(size))


@pytest.mark.parametrize(
    ("size", "allowed"), [(0, 3), (1, 3), (60, 3), (80, 4), (100, 5), (2000, 100)]
)
def test_how_many_an_hour(size: int, allowed: int) -> None:
    assert removal_limit.allowed(size) == allowed


@pytest.mark.parametrize(
    ("leavers", "wait"),
    [
        ([], 0.0),
        ([leaver(n, 60) for n in range(2)], 0.0),
        ([leaver(n, 60 * n) for n in range(3)], 3600.0 - 120),
        ([leaver(n, 3601) for n in range(9)], 0.0),
        ([leaver(n, 60, "ClusterDeleted") for n in range(9)], 0.0),
        ([leaver(n, 60, "ConfigDeleted") for n in range(3)], 3540.0),
        ([leaver(n, 100 * n) for n in range(5)], 3600.0 - 200),
    ],
)
def test_how_long_the_next_one_waits(leavers: list[record.Record], wait: float) -> None:
    records = (*fleet(10), *leavers)
    brake = removal_limit.Brake()
    assert brake.ask("akoo-next", Ledger(records), now=builders.NOW) == wait


def test_what_the_caches_do_not_show_yet_counts() -> None:
    brake, records = removal_limit.Brake(), fleet(10)
    ledger = Ledger(records)
    asked = [brake.ask(record.name, ledger, now=builders.NOW) for record in records[:4]]
    assert asked == [0.0, 0.0, 0.0, 3600.0]
    assert brake.ask(records[0].name, ledger, now=builders.NOW) == 0.0, "asked again, not twice"


def test_what_both_know_counts_once() -> None:
    brake, records = removal_limit.Brake(), fleet(10)
    for number in range(2):
        brake.ask(f"akoo-{number}", Ledger(records), now=builders.NOW)
    shown = (*records, leaver(0, 0), leaver(1, 0))
    assert brake.ask("akoo-2", Ledger(shown), now=builders.NOW) == 0.0
    assert brake.ask("akoo-3", Ledger(shown), now=builders.NOW) > 0.0


def test_a_relocation_that_has_ended_counts_once() -> None:
    """It leaves no trace in ``leaving``, only in the places that have ended."""
    brake, records = removal_limit.Brake(), fleet(10)
    for number in range(2):
        brake.ask(f"akoo-{number}", Ledger(records), now=builders.NOW)
    later = builders.NOW + builders.seconds(30)
    place = record.EndedPlacement(plugin="avi", placement="old", how="Proved", at=later)
    ended = structs.replace(builders.make_record(ended_placements=(place,)), name="akoo-0")
    shown = (*records, ended, leaver(1, 0))
    assert brake.ask("akoo-2", Ledger(shown), now=later) == 0.0
    assert brake.ask("akoo-3", Ledger(shown), now=later) > 0.0


def test_what_was_begun_is_forgotten_after_an_hour() -> None:
    """Also where the caches never showed it."""
    brake, records = removal_limit.Brake(), fleet(10)
    for number in range(3):
        brake.ask(f"akoo-{number}", Ledger(records), now=builders.NOW)
    assert brake.ask("akoo-3", Ledger(records), now=builders.NOW + builders.seconds(3599)) == 1.0
    assert brake.ask("akoo-3", Ledger(records), now=builders.NOW + builders.seconds(3600)) == 0.0


def test_the_finished_are_not_of_the_fleet() -> None:
    """Proofs of a thousand clusters that are gone must not let the last ones go at once."""
    gone = structs.replace(builders.make_record(finished_at=builders.NOW), name="akoo-gone")
    brake, records = removal_limit.Brake(), (*fleet(10), *([gone] * 1000))
    assert [brake.ask(f"akoo-{n}", Ledger(records), now=builders.NOW) for n in range(4)][3] > 0.0


def test_asking_alone_counts_nothing() -> None:
    brake, ledger = removal_limit.Brake(), Ledger(fleet(10))
    for number in range(9):
        assert brake.held(f"akoo-{number}", ledger, now=builders.NOW) == 0.0
    for number in range(3):
        brake.ask(f"akoo-{number}", ledger, now=builders.NOW)
    assert brake.held("akoo-3", ledger, now=builders.NOW) == 3600.0
