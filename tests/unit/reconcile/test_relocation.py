"""Relocation: the leaves verbs clean up the old place while the cluster lives."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import errors, structs
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.objects.record import Record, StoredIntent
from akoo_core.plugin import api
from akoo_core.reconcile.status import conditions
from akoo_core.testing import memory
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet
from tests.unit.reconcile.reconcile_relocator import Relocator


@pytest.fixture
def relocator() -> Relocator:
    return Relocator()


@pytest.fixture
def fleet(ako: reconcile_plugins.Ako, relocator: Relocator) -> ReconcileFleet:
    return ReconcileFleet(ako, relocator)


@pytest.fixture
async def name(fleet: ReconcileFleet, relocator: Relocator, ako: reconcile_plugins.Ako) -> str:
    """The record of demo/shop, running in cloud-1, with one object there."""
    await fleet.config(cloudName="cloud-1")
    name = await fleet.cluster()
    await runs(fleet, name, 3)
    assert fleet.condition(name, "Ready") == ("True", "Running")
    assert relocator.outside == {"uuid-1": {name: {"vs"}}}
    relocator.calls.clear()
    ako.calls.clear()
    return name


async def runs(fleet: ReconcileFleet, name: str, times: int) -> None:
    for _ in range(times):
        await fleet.run(name)


def intent(fleet: ReconcileFleet, name: str) -> StoredIntent:
    return fleet.record(name).spec.intents["avi"]


# Facts on the way.


async def test_a_wait_gives_facts_that_intend_sees_next_time(
    fleet: ReconcileFleet, relocator: Relocator
) -> None:
    await fleet.config(cloudName="cloud-1")
    name = await fleet.cluster()
    outcome = await fleet.run(name)
    assert outcome.requeue_after == 0.0
    assert fleet.condition(name, "AviReady") == ("False", "LookedUp")
    spec = fleet.record(name).spec
    assert spec.facts["Lookup"].data == {"name": "cloud-1", "uuid": "uuid-1"}
    assert (spec.intents, relocator.outside) == ({}, {}), "nothing intended, nothing touched"
    await fleet.run(name)
    assert intent(fleet, name).placement == "uuid-1"
    assert set(fleet.record(name).spec.facts) == {"Lookup", "LoadBalancerPlacement"}
    assert relocator.outside == {"uuid-1": {name: {"vs"}}}


async def test_facts_on_the_way_stand_beside_those_given_before(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await fleet.change_config(cloudName="same-cloud")
    await fleet.run(name)
    facts = fleet.record(name).spec.facts
    assert facts["Lookup"].data["name"] == "same-cloud"
    assert facts["LoadBalancerPlacement"].data["cloud"] == "cloud-1"


# What is a relocation, and what is none.


async def test_a_relocation_leaves_the_old_place_first_and_lives_at_the_new_one(
    fleet: ReconcileFleet, relocator: Relocator, ako: reconcile_plugins.Ako, name: str
) -> None:
    await fleet.change_config(cloudName="cloud-2")
    await fleet.run(name)
    assert fleet.record(name).spec.leaving is None, "the new place is looked at first"
    relocator.calls.clear()
    await fleet.run(name)
    state = reconcile_fleet.leaving(fleet.record(name))
    assert (state.cause, state.moved) == ("Relocated", ("avi",))
    assert relocator.calls == ["confirm", "sweep", "verify"]
    assert ako.calls[-2:] == ["drain", "fence"]
    assert intent(fleet, name).placement == "uuid-1", "the old intent stays"
    assert fleet.condition(name, "Ready") == ("False", "Relocating")
    assert fleet.condition(name, "Held") == ("True", "QuietPeriod")
    assert reconcile_fleet.held_by_us(fleet)
    assert fleet.record(name).spec.inventory, "nothing is undeployed"
    fleet.clock.advance(30)
    relocator.calls.clear()
    await fleet.run(name)
    assert relocator.calls[:2] == ["verify", "release"]
    spec = fleet.record(name).spec
    assert spec.leaving is None
    (left,) = spec.ended_placements
    assert (left.plugin, left.placement, left.how) == ("avi", "uuid-1", "Proved")
    assert "own 0" in left.message
    assert relocator.claims == {"uuid-1": set()}
    assert "LoadBalancerPlacement" not in spec.facts
    await runs(fleet, name, 2)
    assert intent(fleet, name).placement == "uuid-2"
    assert relocator.outside == {"uuid-1": {}, "uuid-2": {name: {"vs"}}}
    assert fleet.condition(name, "Ready") == ("True", "Running")
    assert reconcile_fleet.held_by_us(fleet)
    stateful_set = fleet.in_workload(resources.STATEFUL_SETS, "ako")
    assert stateful_set is not None
    assert stateful_set["spec"]["replicas"] == 1, "what the fence did is undone"
    assert "PlacementLeft" in await fleet.events()
    await fleet.run(name)
    assert fleet.writes == [], "and it does not begin again"


async def test_another_name_of_the_same_place_is_no_relocation(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await fleet.change_config(cloudName="same-cloud")
    await runs(fleet, name, 2)
    spec = fleet.record(name).spec
    assert spec.leaving is None
    assert (spec.intents["avi"].data, intent(fleet, name).placement) == (
        {"cloud": "same-cloud"},
        "uuid-1",
    )
    assert set(relocator.calls) == {"prepare"}
    assert spec.ended_placements == ()


async def test_a_typo_relocates_nothing(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await fleet.change_config(cloudName="clod-2")
    await runs(fleet, name, 3)
    assert fleet.condition(name, "AviReady") == ("False", "CloudNotFound")
    assert fleet.record(name).spec.leaving is None
    assert intent(fleet, name).placement == "uuid-1"
    assert set(relocator.calls) == {"prepare"}
    await fleet.change_config(cloudName="cloud-1")
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("True", "Running")


async def test_a_newer_plugin_says_the_same_in_other_words(
    fleet: ReconcileFleet, relocator: Relocator, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Relocator, "intent_version", 2)
    fleet.start()
    await fleet.run(name)
    assert (intent(fleet, name).version, fleet.record(name).spec.leaving) == (2, None)


async def test_without_a_place_the_data_is_the_place(
    ako: reconcile_plugins.Ako, avi: reconcile_plugins.Avi
) -> None:
    fleet = ReconcileFleet(ako, avi)
    name = await reconcile_fleet.running(fleet, cloudName="cloud-1")
    await fleet.change_config(cloudName="cloud-2")
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).cause == "Relocated"
    fleet.clock.advance(30)
    await fleet.run(name)
    spec = fleet.record(name).spec
    assert (spec.leaving, spec.intents["avi"].data["cloud"]) == (None, "cloud-2")
    assert spec.ended_placements[0].placement == '{"cloud":"cloud-1","networks":["vip-a"]}'


class Network(api.Plugin):
    """Its place is all of its data."""

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        return api.Intent(data={"network": view.config["spec"].get("logLevel", "INFO")})

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result | None:
        return None


class Leftover(reconcile_plugins.Avi):
    """Wants no place any more; what it had is still stored."""

    provides = ()
    wants = True

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        return api.Intent(data={"had": "one"}) if self.wants else None

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result | None:
        return None


async def test_one_that_wants_no_place_keeps_nobody_from_relocating(relocator: Relocator) -> None:
    leftover = Leftover()
    fleet = ReconcileFleet(leftover, relocator)
    await fleet.config(cloudName="cloud-1")
    name = await fleet.cluster()
    await runs(fleet, name, 3)
    leftover.wants = False
    await fleet.change_config(cloudName="cloud-2")
    await runs(fleet, name, 2)
    assert reconcile_fleet.leaving(fleet.record(name)).moved == ("avi",)
    fleet.clock.advance(30)
    await runs(fleet, name, 4)
    assert fleet.condition(name, "Ready") == ("True", "Running")
    assert intent(fleet, name).placement == "uuid-2"


async def test_nobody_relocates_before_all_know_where_to(relocator: Relocator) -> None:
    """Two changes at once, one of them a typo: it must not cost the old place."""
    fleet = ReconcileFleet(Network(), relocator)
    await fleet.config(cloudName="cloud-1")
    name = await fleet.cluster()
    await runs(fleet, name, 3)
    assert fleet.condition(name, "Ready") == ("True", "Running")
    relocator.calls.clear()
    await fleet.change_config(cloudName="clod-2", logLevel="DEBUG")
    await runs(fleet, name, 3)
    assert fleet.record(name).spec.leaving is None
    assert fleet.condition(name, "AkoReady") == ("False", "RelocationWaits")
    assert fleet.condition(name, "AviReady") == ("False", "CloudNotFound")
    assert set(relocator.calls) == {"prepare"}
    assert fleet.record(name).spec.intents["ako"].data == {"network": "INFO"}
    await fleet.change_config(cloudName="cloud-2")
    await runs(fleet, name, 2)
    assert reconcile_fleet.leaving(fleet.record(name)).moved == ("ako", "avi")
    fleet.clock.advance(30)
    await runs(fleet, name, 3)
    assert [placement.plugin for placement in fleet.record(name).spec.ended_placements] == [
        "ako",
        "avi",
    ]
    assert fleet.condition(name, "Ready") == ("True", "Running")


# What holds a relocation, and how it ends otherwise.


async def relocating(fleet: ReconcileFleet, relocator: Relocator, name: str) -> None:
    """The dead old controller: nothing of it can be proved."""
    relocator.fail = {verb: RuntimeError("no route") for verb in ("sweep", "verify")}
    await fleet.change_config(cloudName="cloud-2")
    await runs(fleet, name, 2)
    assert reconcile_fleet.leaving(fleet.record(name)).confirmed_at is not None


async def test_no_deadline_ends_a_relocation(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    for _ in range(3):
        fleet.clock.advance(7200)
        await fleet.run(name)
    state = reconcile_fleet.leaving(fleet.record(name))
    assert (state.cause, state.let_go, state.attempted_at) == ("Relocated", None, None)
    assert fleet.condition(name, "Held") == ("True", "VerbFailed")
    message = fleet.message(name, "Held")
    assert f"{names.ABANDON_PLACEMENT_ANNOTATION}=<reason>" in message
    assert "Let go automatically" not in message
    assert reconcile_fleet.held_by_us(fleet)
    assert conditions.deadline_seconds(fleet.record(name), fleet.clock.now()) is None
    relocator.fail = {}
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert fleet.record(name).spec.ended_placements[0].how == "Proved", "it is tried for ever"


async def test_an_old_place_is_abandoned_by_annotation_and_only_that_one(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    await fleet.annotate(name, abandon_placement="INC-7: the controller is gone")
    relocator.calls.clear()
    await fleet.run(name)
    assert "release" not in relocator.calls
    (left,) = fleet.record(name).spec.ended_placements
    assert (left.how, left.message) == ("Abandoned", "INC-7: the controller is gone")
    assert names.ABANDON_PLACEMENT_ANNOTATION not in fleet.record(name).annotations
    await runs(fleet, name, 2)
    assert intent(fleet, name).placement == "uuid-2"
    assert fleet.condition(name, "Ready") == ("True", "Running")
    await fleet.change_config(cloudName="cloud-1")
    await runs(fleet, name, 2)
    assert reconcile_fleet.leaving(fleet.record(name)).cause == "Relocated", (
        "the next relocation waits again"
    )


async def test_an_annotation_said_before_a_relocation_is_not_about_it(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await fleet.annotate(name, abandon_placement="too early")
    await fleet.run(name)
    assert fleet.condition(name, "AnnotationsAccepted") == ("False", "NotAccepted")
    await relocating(fleet, relocator, name)
    assert fleet.record(name).spec.ended_placements == ()
    assert names.ABANDON_PLACEMENT_ANNOTATION not in fleet.record(name).annotations


async def test_an_abandon_without_a_reason_does_nothing(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    await fleet.annotate(name, abandon_placement=" ")
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).cause == "Relocated"
    assert "needs a reason" in fleet.message(name, "AnnotationsAccepted")


async def test_taken_back_before_anything_was_done_it_is_cancelled(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    relocator.fail["confirm"] = bed_blocked()
    await fleet.change_config(cloudName="cloud-2")
    await runs(fleet, name, 2)
    assert reconcile_fleet.leaving(fleet.record(name)).confirmed_at is None
    await fleet.change_config(cloudName="cloud-1")
    relocator.calls.clear()
    await fleet.run(name)
    await fleet.run(name)
    spec = fleet.record(name).spec
    assert (spec.leaving, spec.ended_placements) == (None, ())
    assert set(relocator.calls) == {"prepare"}
    assert relocator.outside == {"uuid-1": {name: {"vs"}}}
    assert fleet.condition(name, "Ready") == ("True", "Running")


async def test_taken_back_later_it_ends_and_comes_back(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    await fleet.change_config(cloudName="cloud-1")
    relocator.fail = {}
    await fleet.run(name)
    fleet.clock.advance(30)
    await runs(fleet, name, 3)
    spec = fleet.record(name).spec
    assert [placement.placement for placement in spec.ended_placements] == ["uuid-1"]
    assert intent(fleet, name).placement == "uuid-1"
    assert relocator.outside == {"uuid-1": {name: {"vs"}}}
    assert fleet.condition(name, "Ready") == ("True", "Running")


@pytest.mark.parametrize("unmatched", [True, False])
async def test_unselected_before_anything_was_done_it_is_cancelled(
    fleet: ReconcileFleet, relocator: Relocator, name: str, unmatched: bool
) -> None:
    relocator.fail["confirm"] = bed_blocked()
    await fleet.change_config(cloudName="cloud-2")
    await runs(fleet, name, 2)
    if unmatched:
        await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})
    else:
        await fleet.annotate(name, leave="orphan")
    await fleet.run(name)
    assert fleet.record(name).spec.leaving is None
    assert fleet.record(name).status.phase == "Orphaned"


async def test_unselected_later_the_relocation_ends_first(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    await fleet.annotate(name, leave="sweep")
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).cause == "Relocated"
    relocator.fail = {}
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).cause == "UserWord"
    assert len(fleet.record(name).spec.ended_placements) == 1


async def test_the_cluster_is_deleted_during_a_relocation(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    before = reconcile_fleet.leaving(fleet.record(name))
    fleet.clock.advance(1000)
    await fleet.delete_cluster()
    relocator.fail = {}
    await fleet.run(name)
    state = reconcile_fleet.leaving(fleet.record(name))
    assert (state.cause, state.moved) == ("ClusterDeleted", ())
    assert state.started_at == fleet.clock.now()
    assert state.confirmed_at == before.confirmed_at, "it goes on from where it is"
    fleet.clock.advance(30)
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "Proven"
    assert fleet.record(name).status.phase == "Finished"
    assert relocator.claims == {"uuid-1": set()}
    assert not reconcile_fleet.held_by_us(fleet)


async def test_a_deleted_cluster_that_was_moving_has_its_deadline(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    await fleet.delete_cluster()
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == ""
    assert "Let go automatically" in fleet.message(name, "Held")
    fleet.clock.advance(3600)
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "Deadline"


async def test_an_annotation_about_a_relocation_says_nothing_about_the_departure_it_became(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    """Kept, it would abandon a place at the next look, although the Cluster's end proves it."""
    await relocating(fleet, relocator, name)
    await fleet.annotate(name, abandon_placement="INC-7: the controller is gone")
    await fleet.delete_cluster()
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).cause == "ClusterDeleted"
    assert fleet.record(name).spec.ended_placements == ()
    assert names.ABANDON_PLACEMENT_ANNOTATION not in fleet.record(name).annotations


async def test_let_go_says_nothing_to_a_cluster_that_lives(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    await fleet.annotate(name, let_go="now")
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).let_go is None
    assert "akoo.io/let-go has no effect" in fleet.message(name, "AnnotationsAccepted")
    await fleet.delete_cluster()
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "UserWord"
    assert reconcile_fleet.leaving(fleet.record(name)).cause == "ClusterDeleted"


async def test_a_cluster_that_vanishes_during_a_relocation_waits_for_a_person(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    await fleet.patch_cluster({"metadata": {"finalizers": None}})
    await fleet.delete_cluster()
    relocator.calls.clear()
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("False", "ClusterVanished")
    assert relocator.calls == []
    await fleet.annotate(name, leave="sweep")
    relocator.fail = {}
    await fleet.run(name)
    assert reconcile_fleet.leaving(fleet.record(name)).cause == "UserWord"


async def test_nothing_begins_where_nobody_can_prove(
    ako: reconcile_plugins.Ako, fleet: ReconcileFleet
) -> None:
    """Its only plugin with a place gives back, and counts nothing."""
    giver = Giver()
    fleet = ReconcileFleet(ako, giver)
    name = await reconcile_fleet.running(fleet, cloudName="cloud-1")
    ako.calls.clear()
    await fleet.change_config(cloudName="cloud-2")
    await runs(fleet, name, 2)
    assert fleet.condition(name, "Held") == ("True", "NoVerifier")
    assert ako.calls == []
    await fleet.annotate(name, abandon_placement="it is empty")
    await fleet.run(name)
    assert fleet.record(name).spec.intents["avi"].data == {"cloud": "cloud-2"}
    assert giver.released == 0


class Giver(api.Plugin):
    def __init__(self) -> None:
        super().__init__()
        self.released = 0

    @api.hookimpl
    def intend(self, view: api.View) -> Any:
        return api.Intent(data={"cloud": view.config["spec"]["cloudName"]})

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> Any:
        self.released += 1


async def test_a_paused_relocation_waits(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    await fleet.annotate(name, paused="")
    await runs(fleet, name, 2)
    relocator.calls.clear()
    await fleet.run(name)
    assert (relocator.calls, fleet.writes) == ([], [])
    await fleet.annotate(name, paused=None)
    relocator.fail = {}
    await fleet.run(name)
    assert "verify" in relocator.calls


async def test_a_move_elsewhere_drops_the_record_here(
    fleet: ReconcileFleet, relocator: Relocator, name: str
) -> None:
    await relocating(fleet, relocator, name)
    annotation = {names.DELETE_FOR_MOVE_ANNOTATION: ""}
    await fleet.patch_cluster({"metadata": {"annotations": annotation}, "spec": {"paused": True}})
    relocator.calls.clear()
    fleet.world.moved.add(fleet.record(name).spec.cluster_ref.uid)
    await fleet.delete_cluster()
    await fleet.patch_cluster({"metadata": {"finalizers": None}})
    await fleet.run(name)
    assert (relocator.calls, fleet.world.record(name)) == ([], None)


# Brakes and caches.


async def test_relocations_are_braked_like_removals(
    fleet: ReconcileFleet, relocator: Relocator
) -> None:
    await fleet.config(cloudName="cloud-1")
    records = [await fleet.cluster(f"c{index}") for index in range(5)]
    for index, name in enumerate(records):
        fleet.workloads.others[f"c{index}"] = memory.MemoryServer(name=f"w{index}")
        await runs(fleet, name, 3)
    await fleet.change_config(cloudName="cloud-2")
    for name in records:
        await runs(fleet, name, 2)
    held = [name for name in records if fleet.record(name).spec.leaving is None]
    assert len(held) == 2
    assert fleet.condition(held[0], "Held") == ("True", "RemovalHeld")
    assert fleet.condition(held[0], "Ready") == ("False", "RemovalHeld")
    fleet.clock.advance(30)
    for name in records:
        await fleet.run(name)
    assert sum(len(fleet.record(name).spec.ended_placements) for name in records) == 3
    fleet.start()
    await fleet.run(held[0])
    assert fleet.record(held[0]).spec.leaving is None, "relocations that have ended count, too"
    await fleet.annotate(held[0], confirm_removal="")
    await fleet.run(held[0])
    assert reconcile_fleet.leaving(fleet.record(held[0])).cause == "Relocated"
    assert names.CONFIRM_REMOVAL_ANNOTATION not in fleet.record(held[0]).annotations


async def test_a_stale_config_starts_no_relocation(
    fleet: ReconcileFleet, relocator: Relocator, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fleet.change_config(cloudName="cloud-2")
    await fleet.run(name)
    stale = fleet.world.configs()
    await fleet.change_config(cloudName="cloud-1")
    monkeypatch.setattr(fleet.world, "configs", lambda: stale)
    outcome = await fleet.run(name)
    assert outcome.requeue_after == 1.0
    assert fleet.record(name).spec.leaving is None


# Crashes.


class _StopError(errors.ProcessEnd):
    """Nothing catches it."""


async def test_a_crash_at_every_write_ends_as_without_one(fleet: ReconcileFleet) -> None:
    """The whole relocation, with the process gone before or after its n-th write to the record."""
    plain, writes = await _moved(None)
    assert writes > 5
    for number in range(writes):
        for late in (False, True):
            crashed, _ = await _moved((number, late))
            assert crashed == plain, f"write {number}, {'after' if late else 'before'} it"


async def _moved(crash: tuple[int, bool] | None) -> tuple[Any, int]:
    relocator, ako = Relocator(), reconcile_plugins.Ako()
    fleet = ReconcileFleet(ako, relocator)
    await fleet.config(cloudName="cloud-1")
    name = await fleet.cluster()
    await runs(fleet, name, 3)
    await fleet.change_config(cloudName="cloud-2")
    count = 0

    def crashing() -> None:
        records = fleet.services.records
        change = records.change

        async def counted(*args: Any, **kwargs: Any) -> Record:
            nonlocal count
            here, count = count, count + 1
            if crash == (here, False):
                raise _StopError
            made = await change(*args, **kwargs)
            if crash == (here, True):
                raise _StopError
            return made

        records.change = counted  # type: ignore[method-assign]

    crashing()
    for _ in range(14):
        try:
            await fleet.run(name)
        except _StopError:
            fleet.start()
            crashing()
        fleet.clock.advance(10)
    spec = fleet.record(name).spec
    assert spec.leaving is None
    ended = [(placement.placement, placement.how) for placement in spec.ended_placements]
    stateful = fleet.in_workload(resources.STATEFUL_SETS, "ako")
    assert stateful is not None
    state = (
        ended,
        {plugin: structs.to_plain(intent) for plugin, intent in spec.intents.items()},
        sorted(spec.facts),
        {place: list(map(sorted, users.values())) for place, users in relocator.outside.items()},
        {place: len(by_record) for place, by_record in relocator.claims.items()},
        stateful["spec"],
        fleet.condition(name, "Ready"),
    )
    return state, count


def bed_blocked() -> api.Blocked:
    return api.Blocked(reason="NotYet", message="Somebody must look.")
