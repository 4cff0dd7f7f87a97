"""Fences of several plugins: each plugin that has one is asked until it has finished."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.objects.record import Leaving
from akoo_core.plugin import api
from akoo_core.reconcile.decide import fences
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet
from tests.unit.reconcile.reconcile_relocator import Relocator

Answer = api.Fenced | api.Wait | api.Blocked | Exception | None
REVOKED = api.Fenced(grade="Revoked", evidence="the account is deleted")
AWAY = api.Wait(reason="AviAway", message="The Avi Controller does not answer.", after=7)


class Tenancy(api.Plugin):
    """Gives each cluster an account; its fence answers what a test tells it to."""

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.name = "tenancy"
        self.answer: Answer = REVOKED
        self.intent: dict[str, Any] = {"user": "shop-1"}
        self.calls: list[str] = []
        self.clients: list[bool] = []

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        return api.Intent(data=self.intent)

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        self.calls.append("fence")
        self.clients.append(ctx.workload is not None)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result | None:
        self.calls.append("release")
        return None


@pytest.fixture
def tenancy() -> Tenancy:
    return Tenancy()


@pytest.fixture
def fleet(
    ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi, tenancy: Tenancy
) -> ReconcileFleet:
    return ReconcileFleet(ako, avi, tenancy)


def _leaving(fleet: ReconcileFleet, name: str) -> Leaving:
    return reconcile_fleet.leaving(fleet.record(name))


def _grades(fleet: ReconcileFleet, name: str) -> dict[str, str]:
    """The stored grades by plugin; the one that counts by ""."""
    state = _leaving(fleet, name)
    assert state.fence is not None
    grades: dict[str, str] = {plugin: fence.grade for plugin, fence in state.fences.items()}
    return grades | {"": state.fence.grade}


async def test_a_slow_revocation_is_asked_again_after_ako_is_stopped(
    fleet: ReconcileFleet, tenancy: Tenancy, avi: reconcile_plugins.Avi, name: str
) -> None:
    tenancy.answer = AWAY
    await fleet.delete_cluster()
    outcome = await fleet.run(name)
    assert avi.calls == ["sweep", "verify"], "sweeping starts with the first fence"
    assert outcome.requeue_after == AWAY.after
    assert _grades(fleet, name) == {"ako": "Stopped", "": "Stopped"}
    assert fleet.condition(name, "TenancyReady") == ("False", "AviAway")
    fleet.clock.advance(60)
    outcome = await fleet.run(name)
    assert fleet.condition(name, "Held") == ("True", "FencePending")
    assert fleet.message(name, "Held").startswith(
        'Plugin "tenancy" has not finished its fence: The Avi Controller does not answer. Let go'
    )
    assert outcome.requeue_after == AWAY.after
    assert reconcile_fleet.held_by_us(fleet)
    usual = fleet.clock.now() + datetime.timedelta(seconds=AWAY.expected_seconds)
    assert fleet.record(name).status.usual_until == usual.replace(microsecond=0)
    fleet.clock.advance(10)
    tenancy.answer = structs.replace(AWAY, message="Still away.")
    await fleet.run(name)
    assert "Still away." in fleet.message(name, "Held")
    assert fleet.record(name).status.usual_until == usual.replace(microsecond=0), "the same wait"
    tenancy.answer = REVOKED
    outcome = await fleet.run(name)
    assert tenancy.calls == ["fence", "fence", "fence", "fence"]
    assert _grades(fleet, name) == {"ako": "Stopped", "tenancy": "Revoked", "": "Revoked"}
    assert fleet.condition(name, "Held") == ("True", "QuietPeriod"), "it starts anew"
    assert fleet.record(name).status.usual_until is None
    assert outcome.requeue_after == 30.0
    fleet.clock.advance(30)
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "Proven"
    assert tenancy.calls == ["fence", "fence", "fence", "fence", "release"]


async def test_a_fence_that_has_finished_is_not_asked_again(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, tenancy: Tenancy, name: str
) -> None:
    tenancy.answer = AWAY
    await fleet.delete_cluster()
    for _ in range(3):
        await fleet.run(name)
        fleet.clock.advance(20)
    assert ako.calls == ["drain", "fence"]
    assert tenancy.calls == ["fence", "fence", "fence"]
    assert tenancy.clients == [True, True, True]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            api.Blocked(reason="NoRights", message="The role lacks USER."),
            "The role lacks USER. Let",
        ),
        (RuntimeError("boom"), "fence of plugin"),
    ],
    ids=["blocked", "raises"],
)
async def test_letting_go_waits_for_a_fence_until_the_deadline(
    fleet: ReconcileFleet, tenancy: Tenancy, name: str, answer: Answer, message: str
) -> None:
    tenancy.answer = answer
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(1800)
    outcome = await fleet.run(name)
    assert fleet.condition(name, "Held") == ("True", "FencePending")
    assert message in fleet.message(name, "Held")
    assert fleet.record(name).status.usual_until is None, "no wait ends it"
    assert fleet.condition(name, "CleanupProven") == ("True", "Proven")
    assert outcome.requeue_after is not None
    assert reconcile_fleet.held_by_us(fleet)
    fleet.clock.advance(1800)
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "Deadline"
    assert fleet.record(name).status.phase == "Finished", "release does not wait for it"
    assert tenancy.calls == ["fence", "fence", "fence", "release"]


async def test_unfenced_holds_nothing_and_is_asked_again(
    fleet: ReconcileFleet, tenancy: Tenancy, name: str
) -> None:
    tenancy.answer = api.Fenced(grade="Unfenced", evidence="AKO has an account of somebody else.")
    await fleet.delete_cluster()
    await fleet.run(name)
    assert _grades(fleet, name) == {"ako": "Stopped", "tenancy": "Unfenced", "": "Stopped"}
    tenancy.answer = AWAY
    fleet.clock.advance(30)
    await fleet.run(name)
    assert tenancy.calls == ["fence", "fence", "release"]
    assert reconcile_fleet.let_go(fleet, name) == "Proven"


async def test_no_answer_holds_nothing(fleet: ReconcileFleet, tenancy: Tenancy, name: str) -> None:
    tenancy.answer = None
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert tenancy.calls == ["fence", "fence", "release"]
    assert reconcile_fleet.let_go(fleet, name) == "Proven"


async def test_a_plugin_is_asked_although_no_machine_is_left(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, tenancy: Tenancy, name: str
) -> None:
    await fleet.delete_cluster()
    await fleet.tear_down()
    await fleet.run(name)
    assert _grades(fleet, name) == {"ako": "Unfenced", "tenancy": "Revoked", "": "Revoked"}
    assert tenancy.clients == [False]


async def test_a_plugin_is_asked_although_ako_was_never_deployed(
    fleet: ReconcileFleet, tenancy: Tenancy
) -> None:
    await fleet.config(quietPeriod="0s")
    name = await fleet.cluster()
    status = {"status": {"initialization": {"controlPlaneInitialized": False}}}
    await fleet.user.merge_patch(resources.CLUSTERS, "shop", status, "demo", subresource="status")
    await fleet.run(name)
    tenancy.answer = AWAY
    await fleet.delete_cluster()
    await fleet.run(name)
    assert _grades(fleet, name)[""] == "Stopped"
    assert fleet.condition(name, "Held") == ("True", "FencePending")
    tenancy.answer = REVOKED
    await fleet.run(name)
    assert tenancy.calls == ["fence", "fence", "release"]


async def test_a_plugin_that_intends_nothing_is_not_asked(
    fleet: ReconcileFleet, tenancy: Tenancy
) -> None:
    tenancy.intent = {}
    tenancy.answer = AWAY
    name = await reconcile_fleet.running(fleet)
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert tenancy.calls == ["release"]
    assert _leaving(fleet, name).fences.keys() == {"ako"}
    assert reconcile_fleet.let_go(fleet, name) == "Proven"


async def test_a_new_process_asks_only_what_is_missing(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, tenancy: Tenancy, name: str
) -> None:
    tenancy.answer = AWAY
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.start()
    tenancy.answer = REVOKED
    await fleet.run(name)
    assert ako.calls == ["drain", "fence"]
    assert _grades(fleet, name) == {"ako": "Stopped", "tenancy": "Revoked", "": "Revoked"}


async def test_a_revocation_at_once_starts_sweeping_while_ako_stops(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, ako: reconcile_plugins.Ako, name: str
) -> None:
    await fleet.delete_cluster()
    ako.fence_answer = api.Wait(reason="AkoStopping", message="Pods end.", after=1)
    outcome = await fleet.run(name)
    assert _grades(fleet, name) == {"tenancy": "Revoked", "": "Revoked"}
    assert avi.calls == ["sweep", "verify"]
    assert outcome.requeue_after == fences.PENDING_SECONDS, "each attempt counts, too"
    ako.fence_answer = None
    fleet.clock.advance(30)
    await fleet.run(name)
    assert _grades(fleet, name) == {"ako": "Stopped", "tenancy": "Revoked", "": "Revoked"}
    assert reconcile_fleet.let_go(fleet, name) == "Proven", "a weaker fence starts nothing anew"


async def test_the_longest_sleep_of_all_unfenced_counts(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, tenancy: Tenancy, name: str
) -> None:
    tenancy.answer = api.Fenced(grade="Unfenced", evidence="It has another account.")
    ako.fence_answer = api.Wait(reason="AkoStopping", message="Pods end.", after=1)
    await fleet.delete_cluster()
    await fleet.run(name)
    first = _leaving(fleet, name).fence
    assert first is not None
    fleet.clock.advance(10)
    ako.fence_answer = api.Fenced(grade="Unfenced", evidence="Another AKO.", settle_seconds=1200)
    await fleet.run(name)
    fence = _leaving(fleet, name).fence
    assert fence is not None
    assert (fence.grade, fence.settle_seconds, fence.at) == ("Unfenced", 1200, first.at)


async def test_a_relocation_waits_for_a_fence_without_a_deadline(
    ako: reconcile_plugins.Ako, tenancy: Tenancy
) -> None:
    fleet = ReconcileFleet(ako, Relocator(), tenancy)
    await fleet.config(cloudName="cloud-1")
    name = await fleet.cluster()
    for _ in range(3):
        await fleet.run(name)
    tenancy.answer = AWAY
    await fleet.change_config(cloudName="cloud-2")
    for seconds in (0, 0, 30, 30, 7200):
        fleet.clock.advance(seconds)
        await fleet.run(name)
    assert fleet.condition(name, "Held") == ("True", "FencePending")
    assert fleet.record(name).spec.ended_placements == ()
    assert "release" not in tenancy.calls
    tenancy.answer = REVOKED
    await fleet.run(name)
    assert _grades(fleet, name)[""] == "Revoked"
    fleet.clock.advance(30)
    await fleet.run(name)
    (ended,) = fleet.record(name).spec.ended_placements
    assert (ended.plugin, ended.how) == ("avi", "Proved")
    assert tenancy.calls[-2:] == ["fence", "release"]
