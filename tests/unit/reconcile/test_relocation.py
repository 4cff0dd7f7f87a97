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
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed
from tests.unit.reconcile.reconcile_relocator import Relocator


@pytest.fixture
def relocator() -> Relocator:
    return Relocator()


@pytest.fixture
def bed(ako: bedplugins.Ako, relocator: Relocator) -> Bed:
    return Bed(ako, relocator)


@pytest.fixture
async def name(bed: Bed, relocator: Relocator, ako: bedplugins.Ako) -> str:
    """The record of demo/shop, running in cloud-1, with one object there."""
    await bed.config(cloudName="cloud-1")
    name = await bed.cluster()
    await runs(bed, name, 3)
    assert bed.condition(name, "Ready") == ("True", "Running")
    assert relocator.outside == {"uuid-1": {name: {"vs"}}}
    relocator.calls.clear()
    ako.calls.clear()
    return name


async def runs(bed: Bed, name: str, times: int) -> None:
    for _ in range(times):
        await bed.run(name)


def intent(bed: Bed, name: str) -> StoredIntent:
    return bed.record(name).spec.intents["avi"]


# Facts on the way.


async def test_a_wait_gives_facts_that_intend_sees_next_time(
    bed: Bed, relocator: Relocator
) -> None:
    await bed.config(cloudName="cloud-1")
    name = await bed.cluster()
    outcome = await bed.run(name)
    assert outcome.requeue_after == 0.0
    assert bed.condition(name, "AviReady") == ("False", "LookedUp")
    spec = bed.record(name).spec
    assert spec.facts["Lookup"].data == {"name": "cloud-1", "uuid": "uuid-1"}
    assert (spec.intents, relocator.outside) == ({}, {}), "nothing intended, nothing touched"
    await bed.run(name)
    assert intent(bed, name).placement == "uuid-1"
    assert set(bed.record(name).spec.facts) == {"Lookup", "LoadBalancerPlacement"}
    assert relocator.outside == {"uuid-1": {name: {"vs"}}}


async def test_facts_on_the_way_stand_beside_those_given_before(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await bed.change_config(cloudName="same-cloud")
    await bed.run(name)
    facts = bed.record(name).spec.facts
    assert facts["Lookup"].data["name"] == "same-cloud"
    assert facts["LoadBalancerPlacement"].data["cloud"] == "cloud-1"


# What is a relocation, and what is none.


async def test_a_relocation_leaves_the_old_place_first_and_lives_at_the_new_one(
    bed: Bed, relocator: Relocator, ako: bedplugins.Ako, name: str
) -> None:
    await bed.change_config(cloudName="cloud-2")
    await bed.run(name)
    assert bed.record(name).spec.leaving is None, "the new place is looked at first"
    relocator.calls.clear()
    await bed.run(name)
    state = reconcile_bed.leaving(bed.record(name))
    assert (state.cause, state.moved) == ("Relocated", ("avi",))
    assert relocator.calls == ["confirm", "sweep", "verify"]
    assert ako.calls[-2:] == ["drain", "fence"]
    assert intent(bed, name).placement == "uuid-1", "the old intent stays"
    assert bed.condition(name, "Ready") == ("False", "Relocating")
    assert bed.condition(name, "Held") == ("True", "QuietPeriod")
    assert reconcile_bed.held_by_us(bed)
    assert bed.record(name).spec.inventory, "nothing is undeployed"
    bed.clock.advance(30)
    relocator.calls.clear()
    await bed.run(name)
    assert relocator.calls[:2] == ["verify", "release"]
    spec = bed.record(name).spec
    assert spec.leaving is None
    (left,) = spec.ended_placements
    assert (left.plugin, left.placement, left.how) == ("avi", "uuid-1", "Proved")
    assert "own 0" in left.message
    assert relocator.claims == {"uuid-1": set()}
    assert "LoadBalancerPlacement" not in spec.facts
    await runs(bed, name, 2)
    assert intent(bed, name).placement == "uuid-2"
    assert relocator.outside == {"uuid-1": {}, "uuid-2": {name: {"vs"}}}
    assert bed.condition(name, "Ready") == ("True", "Running")
    assert reconcile_bed.held_by_us(bed)
    stateful_set = bed.in_workload(resources.STATEFUL_SETS, "ako")
    assert stateful_set is not None
    assert stateful_set["spec"]["replicas"] == 1, "what the fence did is undone"
    assert "PlacementLeft" in await bed.events()
    await bed.run(name)
    assert bed.writes == [], "and it does not begin again"


async def test_another_name_of_the_same_place_is_no_relocation(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await bed.change_config(cloudName="same-cloud")
    await runs(bed, name, 2)
    spec = bed.record(name).spec
    assert spec.leaving is None
    assert (spec.intents["avi"].data, intent(bed, name).placement) == (
        {"cloud": "same-cloud"},
        "uuid-1",
    )
    assert set(relocator.calls) == {"prepare"}
    assert spec.ended_placements == ()


async def test_a_typo_relocates_nothing(bed: Bed, relocator: Relocator, name: str) -> None:
    await bed.change_config(cloudName="clod-2")
    await runs(bed, name, 3)
    assert bed.condition(name, "AviReady") == ("False", "CloudNotFound")
    assert bed.record(name).spec.leaving is None
    assert intent(bed, name).placement == "uuid-1"
    assert set(relocator.calls) == {"prepare"}
    await bed.change_config(cloudName="cloud-1")
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("True", "Running")


async def test_a_newer_plugin_says_the_same_in_other_words(
    bed: Bed, relocator: Relocator, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Relocator, "intent_version", 2)
    bed.start()
    await bed.run(name)
    assert (intent(bed, name).version, bed.record(name).spec.leaving) == (2, None)


async def test_without_a_place_the_data_is_the_place(
    ako: bedplugins.Ako, avi: bedplugins.Avi
) -> None:
    bed = Bed(ako, avi)
    name = await reconcile_bed.running(bed, cloudName="cloud-1")
    await bed.change_config(cloudName="cloud-2")
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).cause == "Relocated"
    bed.clock.advance(30)
    await bed.run(name)
    spec = bed.record(name).spec
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


class Leftover(bedplugins.Avi):
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
    bed = Bed(leftover, relocator)
    await bed.config(cloudName="cloud-1")
    name = await bed.cluster()
    await runs(bed, name, 3)
    leftover.wants = False
    await bed.change_config(cloudName="cloud-2")
    await runs(bed, name, 2)
    assert reconcile_bed.leaving(bed.record(name)).moved == ("avi",)
    bed.clock.advance(30)
    await runs(bed, name, 4)
    assert bed.condition(name, "Ready") == ("True", "Running")
    assert intent(bed, name).placement == "uuid-2"


async def test_nobody_relocates_before_all_know_where_to(relocator: Relocator) -> None:
    """Two changes at once, one of them a typo: it must not cost the old place."""
    bed = Bed(Network(), relocator)
    await bed.config(cloudName="cloud-1")
    name = await bed.cluster()
    await runs(bed, name, 3)
    assert bed.condition(name, "Ready") == ("True", "Running")
    relocator.calls.clear()
    await bed.change_config(cloudName="clod-2", logLevel="DEBUG")
    await runs(bed, name, 3)
    assert bed.record(name).spec.leaving is None
    assert bed.condition(name, "AkoReady") == ("False", "RelocationWaits")
    assert bed.condition(name, "AviReady") == ("False", "CloudNotFound")
    assert set(relocator.calls) == {"prepare"}
    assert bed.record(name).spec.intents["ako"].data == {"network": "INFO"}
    await bed.change_config(cloudName="cloud-2")
    await runs(bed, name, 2)
    assert reconcile_bed.leaving(bed.record(name)).moved == ("ako", "avi")
    bed.clock.advance(30)
    await runs(bed, name, 3)
    assert [placement.plugin for placement in bed.record(name).spec.ended_placements] == [
        "ako",
        "avi",
    ]
    assert bed.condition(name, "Ready") == ("True", "Running")


# What holds a relocation, and how it ends otherwise.


async def relocating(bed: Bed, relocator: Relocator, name: str) -> None:
    """The dead old controller: nothing of it can be proved."""
    relocator.fail = {verb: RuntimeError("no route") for verb in ("sweep", "verify")}
    await bed.change_config(cloudName="cloud-2")
    await runs(bed, name, 2)
    assert reconcile_bed.leaving(bed.record(name)).confirmed_at is not None


async def test_no_deadline_ends_a_relocation(bed: Bed, relocator: Relocator, name: str) -> None:
    await relocating(bed, relocator, name)
    for _ in range(3):
        bed.clock.advance(7200)
        await bed.run(name)
    state = reconcile_bed.leaving(bed.record(name))
    assert (state.cause, state.let_go, state.attempted_at) == ("Relocated", None, None)
    assert bed.condition(name, "Held") == ("True", "VerbFailed")
    message = bed.message(name, "Held")
    assert f"{names.ABANDON_PLACEMENT_ANNOTATION}=<reason>" in message
    assert "Let go automatically" not in message
    assert reconcile_bed.held_by_us(bed)
    assert conditions.deadline_seconds(bed.record(name), bed.clock.now()) is None
    relocator.fail = {}
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert bed.record(name).spec.ended_placements[0].how == "Proved", "it is tried for ever"


async def test_an_old_place_is_abandoned_by_annotation_and_only_that_one(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await relocating(bed, relocator, name)
    await bed.annotate(name, abandon_placement="INC-7: the controller is gone")
    relocator.calls.clear()
    await bed.run(name)
    assert "release" not in relocator.calls
    (left,) = bed.record(name).spec.ended_placements
    assert (left.how, left.message) == ("Abandoned", "INC-7: the controller is gone")
    assert names.ABANDON_PLACEMENT_ANNOTATION not in bed.record(name).annotations
    await runs(bed, name, 2)
    assert intent(bed, name).placement == "uuid-2"
    assert bed.condition(name, "Ready") == ("True", "Running")
    await bed.change_config(cloudName="cloud-1")
    await runs(bed, name, 2)
    assert reconcile_bed.leaving(bed.record(name)).cause == "Relocated", (
        "the next relocation waits again"
    )


async def test_an_annotation_said_before_a_relocation_is_not_about_it(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await bed.annotate(name, abandon_placement="too early")
    await bed.run(name)
    assert bed.condition(name, "AnnotationsAccepted") == ("False", "NotAccepted")
    await relocating(bed, relocator, name)
    assert bed.record(name).spec.ended_placements == ()
    assert names.ABANDON_PLACEMENT_ANNOTATION not in bed.record(name).annotations


async def test_an_abandon_without_a_reason_does_nothing(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await relocating(bed, relocator, name)
    await bed.annotate(name, abandon_placement=" ")
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).cause == "Relocated"
    assert "needs a reason" in bed.message(name, "AnnotationsAccepted")


async def test_taken_back_before_anything_was_done_it_is_cancelled(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    relocator.fail["confirm"] = bed_blocked()
    await bed.change_config(cloudName="cloud-2")
    await runs(bed, name, 2)
    assert reconcile_bed.leaving(bed.record(name)).confirmed_at is None
    await bed.change_config(cloudName="cloud-1")
    relocator.calls.clear()
    await bed.run(name)
    await bed.run(name)
    spec = bed.record(name).spec
    assert (spec.leaving, spec.ended_placements) == (None, ())
    assert set(relocator.calls) == {"prepare"}
    assert relocator.outside == {"uuid-1": {name: {"vs"}}}
    assert bed.condition(name, "Ready") == ("True", "Running")


async def test_taken_back_later_it_ends_and_comes_back(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await relocating(bed, relocator, name)
    await bed.change_config(cloudName="cloud-1")
    relocator.fail = {}
    await bed.run(name)
    bed.clock.advance(30)
    await runs(bed, name, 3)
    spec = bed.record(name).spec
    assert [placement.placement for placement in spec.ended_placements] == ["uuid-1"]
    assert intent(bed, name).placement == "uuid-1"
    assert relocator.outside == {"uuid-1": {name: {"vs"}}}
    assert bed.condition(name, "Ready") == ("True", "Running")


@pytest.mark.parametrize("unmatched", [True, False])
async def test_unselected_before_anything_was_done_it_is_cancelled(
    bed: Bed, relocator: Relocator, name: str, unmatched: bool
) -> None:
    relocator.fail["confirm"] = bed_blocked()
    await bed.change_config(cloudName="cloud-2")
    await runs(bed, name, 2)
    if unmatched:
        await bed.patch_cluster({"metadata": {"labels": {"lb": None}}})
    else:
        await bed.annotate(name, leave="orphan")
    await bed.run(name)
    assert bed.record(name).spec.leaving is None
    assert bed.record(name).status.phase == "Orphaned"


async def test_unselected_later_the_relocation_ends_first(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await relocating(bed, relocator, name)
    await bed.annotate(name, leave="sweep")
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).cause == "Relocated"
    relocator.fail = {}
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).cause == "UserWord"
    assert len(bed.record(name).spec.ended_placements) == 1


async def test_the_cluster_is_deleted_during_a_relocation(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await relocating(bed, relocator, name)
    before = reconcile_bed.leaving(bed.record(name))
    bed.clock.advance(1000)
    await bed.delete_cluster()
    relocator.fail = {}
    await bed.run(name)
    state = reconcile_bed.leaving(bed.record(name))
    assert (state.cause, state.moved) == ("ClusterDeleted", ())
    assert state.started_at == bed.clock.now()
    assert state.confirmed_at == before.confirmed_at, "it goes on from where it is"
    bed.clock.advance(30)
    await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == "Proven"
    assert bed.record(name).status.phase == "Finished"
    assert relocator.claims == {"uuid-1": set()}
    assert not reconcile_bed.held_by_us(bed)


async def test_a_deleted_cluster_that_was_moving_has_its_deadline(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await relocating(bed, relocator, name)
    await bed.delete_cluster()
    await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == ""
    assert "Let go automatically" in bed.message(name, "Held")
    bed.clock.advance(3600)
    await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == "Deadline"


async def test_an_annotation_about_a_relocation_says_nothing_about_the_departure_it_became(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    """Kept, it would abandon a place at the next look, although the Cluster's end proves it."""
    await relocating(bed, relocator, name)
    await bed.annotate(name, abandon_placement="INC-7: the controller is gone")
    await bed.delete_cluster()
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).cause == "ClusterDeleted"
    assert bed.record(name).spec.ended_placements == ()
    assert names.ABANDON_PLACEMENT_ANNOTATION not in bed.record(name).annotations


async def test_let_go_says_nothing_to_a_cluster_that_lives(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await relocating(bed, relocator, name)
    await bed.annotate(name, let_go="now")
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).let_go is None
    assert "akoo.io/let-go has no effect" in bed.message(name, "AnnotationsAccepted")
    await bed.delete_cluster()
    await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == "UserWord"
    assert reconcile_bed.leaving(bed.record(name)).cause == "ClusterDeleted"


async def test_a_cluster_that_vanishes_during_a_relocation_waits_for_a_person(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await relocating(bed, relocator, name)
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.delete_cluster()
    relocator.calls.clear()
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("False", "ClusterVanished")
    assert relocator.calls == []
    await bed.annotate(name, leave="sweep")
    relocator.fail = {}
    await bed.run(name)
    assert reconcile_bed.leaving(bed.record(name)).cause == "UserWord"


async def test_nothing_begins_where_nobody_can_prove(ako: bedplugins.Ako, bed: Bed) -> None:
    """Its only plugin with a place gives back, and counts nothing."""
    giver = Giver()
    bed = Bed(ako, giver)
    name = await reconcile_bed.running(bed, cloudName="cloud-1")
    ako.calls.clear()
    await bed.change_config(cloudName="cloud-2")
    await runs(bed, name, 2)
    assert bed.condition(name, "Held") == ("True", "NoVerifier")
    assert ako.calls == []
    await bed.annotate(name, abandon_placement="it is empty")
    await bed.run(name)
    assert bed.record(name).spec.intents["avi"].data == {"cloud": "cloud-2"}
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


async def test_a_paused_relocation_waits(bed: Bed, relocator: Relocator, name: str) -> None:
    await relocating(bed, relocator, name)
    await bed.annotate(name, paused="")
    await runs(bed, name, 2)
    relocator.calls.clear()
    await bed.run(name)
    assert (relocator.calls, bed.writes) == ([], [])
    await bed.annotate(name, paused=None)
    relocator.fail = {}
    await bed.run(name)
    assert "verify" in relocator.calls


async def test_a_move_elsewhere_drops_the_record_here(
    bed: Bed, relocator: Relocator, name: str
) -> None:
    await relocating(bed, relocator, name)
    annotation = {names.DELETE_FOR_MOVE_ANNOTATION: ""}
    await bed.patch_cluster({"metadata": {"annotations": annotation}, "spec": {"paused": True}})
    relocator.calls.clear()
    bed.world.moved.add(bed.record(name).spec.cluster_ref.uid)
    await bed.delete_cluster()
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.run(name)
    assert (relocator.calls, bed.world.record(name)) == ([], None)


# Brakes and caches.


async def test_relocations_are_braked_like_removals(bed: Bed, relocator: Relocator) -> None:
    await bed.config(cloudName="cloud-1")
    records = [await bed.cluster(f"c{index}") for index in range(5)]
    for index, name in enumerate(records):
        bed.workloads.others[f"c{index}"] = memory.MemoryServer(name=f"w{index}")
        await runs(bed, name, 3)
    await bed.change_config(cloudName="cloud-2")
    for name in records:
        await runs(bed, name, 2)
    held = [name for name in records if bed.record(name).spec.leaving is None]
    assert len(held) == 2
    assert bed.condition(held[0], "Held") == ("True", "RemovalHeld")
    assert bed.condition(held[0], "Ready") == ("False", "RemovalHeld")
    bed.clock.advance(30)
    for name in records:
        await bed.run(name)
    assert sum(len(bed.record(name).spec.ended_placements) for name in records) == 3
    bed.start()
    await bed.run(held[0])
    assert bed.record(held[0]).spec.leaving is None, "relocations that have ended count, too"
    await bed.annotate(held[0], confirm_removal="")
    await bed.run(held[0])
    assert reconcile_bed.leaving(bed.record(held[0])).cause == "Relocated"
    assert names.CONFIRM_REMOVAL_ANNOTATION not in bed.record(held[0]).annotations


async def test_a_stale_config_starts_no_relocation(
    bed: Bed, relocator: Relocator, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bed.change_config(cloudName="cloud-2")
    await bed.run(name)
    stale = bed.world.configs()
    await bed.change_config(cloudName="cloud-1")
    monkeypatch.setattr(bed.world, "configs", lambda: stale)
    outcome = await bed.run(name)
    assert outcome.requeue_after == 1.0
    assert bed.record(name).spec.leaving is None


# Crashes.


class _StopError(errors.ProcessEnd):
    """Nothing catches it."""


async def test_a_crash_at_every_write_ends_as_without_one(bed: Bed) -> None:
    """The whole relocation, with the process gone before or after its n-th write to the record."""
    plain, writes = await _moved(None)
    assert writes > 5
    for number in range(writes):
        for late in (False, True):
            crashed, _ = await _moved((number, late))
            assert crashed == plain, f"write {number}, {'after' if late else 'before'} it"


async def _moved(crash: tuple[int, bool] | None) -> tuple[Any, int]:
    relocator, ako = Relocator(), bedplugins.Ako()
    bed = Bed(ako, relocator)
    await bed.config(cloudName="cloud-1")
    name = await bed.cluster()
    await runs(bed, name, 3)
    await bed.change_config(cloudName="cloud-2")
    count = 0

    def crashing() -> None:
        records = bed.services.records
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
            await bed.run(name)
        except _StopError:
            bed.start()
            crashing()
        bed.clock.advance(10)
    spec = bed.record(name).spec
    assert spec.leaving is None
    ended = [(placement.placement, placement.how) for placement in spec.ended_placements]
    stateful = bed.in_workload(resources.STATEFUL_SETS, "ako")
    assert stateful is not None
    state = (
        ended,
        {plugin: structs.to_plain(intent) for plugin, intent in spec.intents.items()},
        sorted(spec.facts),
        {place: list(map(sorted, users.values())) for place, users in relocator.outside.items()},
        {place: len(by_record) for place, by_record in relocator.claims.items()},
        stateful["spec"],
        bed.condition(name, "Ready"),
    )
    return state, count


def bed_blocked() -> api.Blocked:
    return api.Blocked(reason="NotYet", message="Somebody must look.")
