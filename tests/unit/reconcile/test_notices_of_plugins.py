"""A notice of a plugin is an Event, sent once, with the write that stores the answer."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from akoo_core.kube import errors
from akoo_core.objects.record import Record
from akoo_core.plugin import api
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

NOTICE = api.Notice(reason="BooksCounted", message="There are two.")


class Books(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Books"

    count: int


class Shelf(api.Plugin):
    """Counts books, and says so when they are more than the stored ones."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (Books,)

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.name = "shelf"
        self.count = 1
        self.reason = NOTICE.reason

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        before = ctx.view.fact(Books)
        more = before is not None and before.count < self.count
        notices = (api.Notice(reason=self.reason, message=NOTICE.message),) if more else ()
        return api.Done(facts=(Books(count=self.count),), notices=notices)

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        return api.Fenced(grade="Revoked", evidence="The shelf is empty.", notices=(NOTICE,))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def fleet(ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi, shelf: Shelf) -> ReconcileFleet:
    return ReconcileFleet(ako, avi, shelf)


async def notes(fleet: ReconcileFleet, about: str = "AKODeployment") -> list[str]:
    listed = await fleet.event_objects(about)
    return [event["note"] for event in listed if event["reason"] == NOTICE.reason]


def break_once(
    fleet: ReconcileFleet, error: Exception, *, written: bool, when: str = "facts"
) -> None:
    """The next write of the spec's field ends with the error; ``written``: after its effect."""
    change = fleet.services.records.change

    async def changed(record: Record, spec: Any, **how: Any) -> Record:
        if getattr(spec, when) == getattr(record.spec, when):
            return await change(record, spec, **how)
        fleet.services.records.change = change  # type: ignore[method-assign]
        if written:
            await change(record, spec, **how)
        raise error

    fleet.services.records.change = changed  # type: ignore[method-assign]


async def test_it_is_sent_about_record_and_cluster(
    fleet: ReconcileFleet, shelf: Shelf, name: str
) -> None:
    assert await notes(fleet) == []
    shelf.count = 2
    for _ in range(3):
        await fleet.run(name)
    assert await notes(fleet) == [NOTICE.message]
    assert await notes(fleet, "Cluster") == [NOTICE.message]


@pytest.mark.parametrize("written", [True, False])
async def test_a_write_without_an_answer_sends_it_once(
    fleet: ReconcileFleet, shelf: Shelf, name: str, written: bool
) -> None:
    shelf.count = 2
    break_once(fleet, TimeoutError("no answer"), written=written)
    with pytest.raises(TimeoutError):
        await fleet.run(name)
    for _ in range(3):
        await fleet.run(name)
    assert await notes(fleet) == [NOTICE.message]


async def test_a_conflict_sends_nothing_before_the_next_answer(
    fleet: ReconcileFleet, shelf: Shelf, name: str
) -> None:
    shelf.count = 2
    break_once(fleet, errors.ConflictError("stale"), written=False)
    await fleet.run(name)
    assert await notes(fleet) == []
    await fleet.run(name)
    assert await notes(fleet) == [NOTICE.message]


async def test_of_a_fence(fleet: ReconcileFleet, name: str) -> None:
    await fleet.delete_cluster()
    break_once(fleet, errors.ConflictError("stale"), written=False, when="leaving")
    for _ in range(4):
        await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).fences["shelf"].grade == "Revoked"
    assert await notes(fleet) == [NOTICE.message]


async def test_a_reason_that_is_none_is_an_error_of_the_plugin(
    fleet: ReconcileFleet, shelf: Shelf, name: str
) -> None:
    shelf.count, shelf.reason = 2, "two books"
    await fleet.run(name)
    assert fleet.condition(name, "ShelfReady") == ("False", "VerbFailed")
    assert await notes(fleet) == []
