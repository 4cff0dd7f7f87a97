"""A cluster leaves, through the real reconciler, on two API servers in memory."""

from __future__ import annotations

import bed as bed_
import builders
import pytest

from akoo_core.api import names
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.plugins import api

CLUSTERS = resources.CLUSTERS


@pytest.fixture
def ako() -> bed_.Ako:
    return bed_.Ako()


@pytest.fixture
def avi() -> bed_.Avi:
    return bed_.Avi()


@pytest.fixture
def bed(ako: bed_.Ako, avi: bed_.Avi) -> bed_.Bed:
    return bed_.Bed(ako, avi)


@pytest.fixture
async def name(bed: bed_.Bed, avi: bed_.Avi, ako: bed_.Ako) -> str:
    """The record of demo/shop, running, with two objects of it outside."""
    name = await running(bed)
    avi.outside[name] = {"vs-web", "pool-web"}
    avi.calls.clear()
    ako.calls.clear()
    return name


async def running(bed: bed_.Bed, **spec: object) -> str:
    await bed.config(**spec)
    name = await bed.cluster()
    await bed.run(name)
    await bed.run(name)
    await bed.recorder.flush()
    return name


def let_go(bed: bed_.Bed, name: str) -> str:
    state = bed_.leaving(bed.record(name))
    return state.let_go.why if state.let_go else ""


def held_by_us(bed: bed_.Bed) -> bool:
    found = bed.world.cluster_at("demo", "shop")
    return found is not None and names.FINALIZER in found.finalizers


# The whole way.


async def test_a_deleted_cluster_is_swept_proven_and_let_go(
    bed: bed_.Bed, ako: bed_.Ako, avi: bed_.Avi, name: str
) -> None:
    await bed.delete_cluster()
    outcome = await bed.run(name)
    assert ako.calls == ["drain", "fence"]
    assert avi.calls == ["sweep", "verify"]
    assert bed.record(name).status.phase == "Verifying"
    assert bed.condition(name, "CleanupProven") == ("False", "QuietPeriod")
    assert bed.condition(name, "Held") == ("True", "QuietPeriod")
    assert outcome.requeue_after == 30.0
    assert held_by_us(bed)
    bed.clock.advance(30)
    await bed.run(name)
    assert avi.calls == ["sweep", "verify", "verify", "release"]
    assert let_go(bed, name) == "Proven"
    assert bed.condition(name, "CleanupProven") == ("True", "Proven")
    assert bed.record(name).status.phase == "Finished"
    assert not held_by_us(bed)
    assert avi.outside == {}
    assert "Leaked" not in bed.conditions(name)
    assert sorted(await bed.events()) == [
        "AKOCleanupHeld",
        "AKOCleanupProven",
        "AKOCleanupStarted",
        "AKODeployed",
        "ClusterLetGo",
    ]


async def test_each_step_is_stored_before_the_next_begins(bed: bed_.Bed, name: str) -> None:
    stored: list[str] = []

    async def noting(one: object, spec: object) -> object:
        state = getattr(spec, "leaving", None)
        if state is not None:
            at = ("confirmed_at", "drained_at", "fence", "proof", "let_go", "released_at")
            stored.extend(step for step in at if getattr(state, step) and step not in stored)
        return await change(one, spec)  # type: ignore[arg-type]

    change = bed.services.records.change
    bed.services.records.change = noting  # type: ignore[method-assign,assignment]
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert stored == ["confirmed_at", "drained_at", "fence", "proof", "let_go", "released_at"]


async def test_no_workload_write_once_the_cluster_is_let_go(bed: bed_.Bed, name: str) -> None:
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert [one for one in bed.workload.faults.calls if one.write] == []
    assert bed.workloads.forgotten


async def test_a_finished_record_is_kept_and_then_pruned(bed: bed_.Bed, name: str) -> None:
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    await bed.tear_down()
    await bed.run(name)
    outcome = await bed.run(name)
    assert bed.writes == []
    assert outcome.requeue_after is not None
    assert outcome.requeue_after > 6 * 86400
    bed.clock.advance(outcome.requeue_after)
    await bed.run(name)
    assert bed.world.record(name) is None
    assert (await bed.run(name)).requeue_after is None


async def test_drain_waits_and_is_bounded(bed: bed_.Bed, ako: bed_.Ako, name: str) -> None:
    ako.drain_answer = api.Wait(reason="Draining", message="AKO deletes.", after=2, left=7)
    await bed.delete_cluster()
    outcome = await bed.run(name)
    assert outcome.requeue_after == 2.0
    assert bed.record(name).status.phase == "Draining"
    assert bed.record(name).status.left == 7
    assert bed.condition(name, "Held") == ("True", "Draining")
    assert "Let go by itself at 2026-03-01 13:00 UTC." in bed.message(name, "Held")
    await bed.run(name)
    assert bed.writes == ["patch configmaps avi-system/avi-k8s-config"], "the plugin's, not ours"
    bed.clock.advance(600)
    await bed.run(name)
    state = bed_.leaving(bed.record(name))
    assert state.drain_outcome == "TimedOut after 10m: AKO deletes."
    assert state.fence is not None


async def test_drain_is_skipped_when_the_machines_die(
    bed: bed_.Bed, ako: bed_.Ako, name: str
) -> None:
    await bed.delete_cluster()
    await bed.kill_machines()
    await bed.run(name)
    state = bed_.leaving(bed.record(name))
    assert state.drain_outcome.startswith("Skipped: the Machines")
    assert ako.calls == ["fence"]


async def test_a_dead_workload_is_swept_from_outside(
    bed: bed_.Bed, ako: bed_.Ako, avi: bed_.Avi, name: str
) -> None:
    bed.workloads.error = errors.UnreachableError("connection refused")
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.condition(name, "Held") == ("True", "WorkloadUnreachable")
    assert ako.calls == []
    bed.workloads.silent = 31.0
    await bed.run(name)
    state = bed_.leaving(bed.record(name))
    assert "silent for 31 s" in state.drain_outcome
    assert state.fence is not None
    assert state.fence.grade == "Unfenced"
    assert "Machine shop-1" in state.fence.evidence
    assert avi.calls == ["sweep", "verify"]
    await bed.tear_down()
    await bed.run(name)
    fence = bed_.leaving(bed.record(name)).fence
    assert fence is not None
    assert fence.grade == "Gone", "the stronger fence takes the place of the weaker"
    bed.clock.advance(30)
    await bed.run(name)
    assert let_go(bed, name) == "Proven"
    assert bed.world.cluster_at("demo", "shop") is None


async def test_unfenced_waits_five_minutes_for_the_last_count(
    bed: bed_.Bed, avi: bed_.Avi, name: str
) -> None:
    bed.workloads.error = errors.NotFoundError("no kubeconfig Secret")
    await bed.delete_cluster()
    outcome = await bed.run(name)
    assert outcome.requeue_after == 300.0
    avi.outside[name] = {"vs-made-by-a-living-ako"}
    bed.clock.advance(300)
    outcome = await bed.run(name)
    assert let_go(bed, name) == ""
    assert bed.record(name).status.left == 1


async def test_what_is_held_is_named_until_the_deadline(
    bed: bed_.Bed, avi: bed_.Avi, name: str
) -> None:
    avi.held = {"pool-web"}
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.condition(name, "CleanupProven") == ("False", "ForeignReference")
    assert bed.condition(name, "Held") == ("True", "ForeignReference")
    assert bed.record(name).status.left == 1
    assert held_by_us(bed)
    await bed.run(name)
    assert bed.writes == [], "the same finding is not written again"
    bed.clock.advance(3599)
    await bed.run(name)
    assert held_by_us(bed)
    bed.clock.advance(1)
    await bed.run(name)
    assert not held_by_us(bed)
    assert let_go(bed, name) == "Deadline"
    assert bed.condition(name, "Leaked") == ("True", "Deadline")
    assert "Held" not in bed.conditions(name)
    await bed.tear_down()
    avi.held = set()
    bed.clock.advance(60)
    await bed.run(name)
    assert bed.condition(name, "CleanupProven") == ("True", "Proven")
    assert "Leaked" not in bed.conditions(name)
    assert bed.record(name).status.phase == "Finished"


async def test_on_deadline_hold_holds(bed: bed_.Bed, avi: bed_.Avi) -> None:
    name = await running(bed, onDeadline="Hold")
    avi.outside[name] = {"pool"}
    avi.held = {"pool"}
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(86400)
    await bed.run(name)
    assert held_by_us(bed)
    assert "onDeadline: Hold" in bed.message(name, "Held")


async def test_the_deadline_needs_one_complete_attempt(
    bed: bed_.Bed, avi: bed_.Avi, ako: bed_.Ako, name: str
) -> None:
    ako.drain_answer = api.Wait(reason="Draining", message="AKO deletes.", after=2)
    await bed.delete_cluster()
    await bed.run(name)
    assert bed_.leaving(bed.record(name)).attempted_at is None
    bed.clock.advance(7200)
    await bed.run(name)
    assert avi.calls == ["sweep", "verify"], "the operator was away: it tries first"
    assert let_go(bed, name) == "Deadline"
    assert avi.outside[name] == set()


async def test_a_failing_verb_is_retried_and_says_so(
    bed: bed_.Bed, avi: bed_.Avi, name: str
) -> None:
    avi.fail["verify"] = RuntimeError("avi.example.com is down")
    await bed.delete_cluster()
    outcome = await bed.run(name, attempt=2)
    assert bed.condition(name, "AviReady") == ("False", "VerbFailed")
    assert bed.condition(name, "CleanupProven") == ("Unknown", "VerbFailed")
    assert outcome.requeue_after == 4.0
    assert held_by_us(bed)


# Pauses and moves.


async def test_a_paused_deletion_waits_and_its_time_does_not_count(
    bed: bed_.Bed, avi: bed_.Avi, name: str
) -> None:
    avi.held = {"pool-web"}
    await bed.delete_cluster()
    await bed.run(name)
    await bed.patch_cluster({"spec": {"paused": True}})
    await bed.run(name)
    avi.calls.clear()
    bed.clock.advance(7200)
    await bed.run(name)
    assert avi.calls == []
    assert bed.writes == []
    await bed.patch_cluster({"spec": {"paused": None}})
    await bed.run(name)
    assert bed_.leaving(bed.record(name)).paused_seconds == 7200
    assert held_by_us(bed)
    bed.clock.advance(3600)
    await bed.run(name)
    assert let_go(bed, name) == "Deadline"


async def test_a_moved_cluster_takes_its_record_along_and_touches_nothing(
    bed: bed_.Bed, ako: bed_.Ako, avi: bed_.Avi, name: str
) -> None:
    annotation = {names.DELETE_FOR_MOVE_ANNOTATION: ""}
    await bed.patch_cluster({"metadata": {"annotations": annotation}, "spec": {"paused": True}})
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.world.record(name) is None
    assert (ako.calls, avi.calls) == ([], [])
    assert bed.workload.faults.calls == []
    assert avi.outside[name] == {"vs-web", "pool-web"}
    await bed.run(name)
    assert bed.world.record(name) is None


async def test_a_vanished_cluster_waits_for_a_person(
    bed: bed_.Bed, avi: bed_.Avi, name: str
) -> None:
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("False", "ClusterVanished")
    assert avi.calls == []
    await bed.run(name)
    assert bed.writes == []
    await bed.annotate(name, leave="sweep")
    await bed.run(name)
    bed.clock.advance(300)
    await bed.run(name)
    assert bed.record(name).status.phase == "Finished"
    assert avi.outside == {}


async def test_a_new_cluster_of_the_same_name_gets_its_own_record(
    bed: bed_.Bed, ako: bed_.Ako, name: str
) -> None:
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.delete_cluster()
    await bed.user.merge_patch(
        resources.MACHINES, "shop-1", {"metadata": {"finalizers": None}}, "demo"
    )
    await bed.user.delete(resources.MACHINES, "shop-1", "demo")
    await bed.user.delete(bed_.FAKE_INFRA, "shop", "demo")
    bed.workloads.server = bed_.memory.MemoryServer(name="second", clock=bed.clock)
    second = await bed.cluster()
    assert second != name
    ako.calls.clear()
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("False", "ClusterVanished")
    assert ako.calls == []
    await bed.run(second)
    assert bed.condition(second, "Ready") == ("True", "Running")
    before = len(bed.workloads.server.objects(resources.CONFIG_MAPS))
    await bed.annotate(name, leave="sweep")
    bed.workloads.server.faults.calls.clear()
    await bed.run(name)
    assert [one for one in bed.workloads.server.faults.calls if one.write] == []
    assert len(bed.workloads.server.objects(resources.CONFIG_MAPS)) == before


async def test_the_same_workload_under_a_new_uid_is_adopted(
    bed: bed_.Bed, avi: bed_.Avi, name: str
) -> None:
    await bed.patch_cluster({"metadata": {"finalizers": None}})
    await bed.delete_cluster()
    await bed.user.merge_patch(
        resources.MACHINES, "shop-1", {"metadata": {"finalizers": None}}, "demo"
    )
    await bed.user.delete(resources.MACHINES, "shop-1", "demo")
    await bed.user.delete(bed_.FAKE_INFRA, "shop", "demo")
    second = await bed.cluster()
    outcome = await bed.run(second)
    assert bed.world.record(second) is None, "the earlier record has it"
    assert outcome.requeue_after == 5.0
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("True", "Running")
    assert held_by_us(bed)
    assert await bed.run(second) == (None, False)
    assert bed.world.record(second) is None


# Remove.


async def test_remove_cleans_up_and_leaves_the_cluster_alone_for_good(
    bed: bed_.Bed, ako: bed_.Ako, avi: bed_.Avi
) -> None:
    name = await running(bed, onUnmatch="Remove")
    avi.outside[name] = {"vs"}
    ako.calls.clear()
    await bed.patch_cluster({"metadata": {"labels": {"lb": None}}})
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert ako.calls == ["drain", "fence", "release"]
    assert let_go(bed, name) == "Proven"
    assert bed.record(name).status.phase == "Finished"
    assert bed.in_workload(resources.STATEFUL_SETS, "ako") is None
    assert bed.in_workload(resources.SECRETS, "avi-secret") is None
    assert bed.in_workload(resources.NAMESPACES, bed_.AKO_NAMESPACE) is not None
    found = bed.world.cluster_at("demo", "shop")
    assert found is not None
    assert names.FINALIZER not in found.finalizers
    assert names.RECORD_ANNOTATION not in found.annotations
    assert bed.on_cluster() is None
    await bed.run(name)
    assert bed.writes == []
    await bed.patch_cluster({"metadata": {"labels": {"lb": "avi"}}})
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("True", "Running"), "selected again: a new life"
    assert bed.record(name).spec.leaving is None


async def test_removals_are_braked(bed: bed_.Bed) -> None:
    await bed.config(onUnmatch="Remove")
    records = [await bed.cluster(f"c{index}") for index in range(5)]
    for index, name in enumerate(records):
        bed.workloads.others[f"c{index}"] = bed_.memory.MemoryServer(name=f"w{index}")
        await bed.run(name)
    await bed.change_config(clusterSelector={"matchLabels": {"lb": "typo"}})
    for name in records:
        await bed.run(name)
    started = [name for name in records if bed.record(name).spec.leaving is not None]
    assert len(started) == 3
    held = next(name for name in records if name not in started)
    assert bed.condition(held, "Held") == ("True", "RemovalHeld")
    assert bed.condition(held, "Ready") == ("True", "Running")
    bed.start()
    await bed.run(held)
    assert bed.record(held).spec.leaving is None, "a restart does not release the brake"
    await bed.annotate(held, confirm_removal="")
    await bed.run(held)
    assert bed.record(held).spec.leaving is not None


async def test_a_stale_cache_starts_nothing(bed: bed_.Bed) -> None:
    name = await running(bed, onUnmatch="Remove")
    stale = bed.world.cluster_of(name)
    assert stale is not None
    relabelled = builders.structs.replace(stale, labels={})
    bed.world.cluster_of = lambda _: relabelled  # type: ignore[method-assign]
    outcome = await bed.run(name)
    assert outcome.requeue_after == 1.0
    assert bed.record(name).spec.leaving is None


# Words.


async def test_let_go_by_word(bed: bed_.Bed, avi: bed_.Avi, name: str) -> None:
    avi.held = {"pool-web"}
    await bed.delete_cluster()
    await bed.run(name)
    await bed.annotate(name, let_go="INC-42")
    await bed.run(name)
    assert not held_by_us(bed)
    assert bed.condition(name, "Leaked") == ("True", "UserWord")
    state = bed_.leaving(bed.record(name))
    assert state.let_go is not None
    assert state.let_go.message == "INC-42"


async def test_words_that_are_not_followed_are_answered(bed: bed_.Bed, name: str) -> None:
    await bed.annotate(name, adopt="old", abandon_placement="x", leave="purge", let_go="now")
    await bed.run(name)
    assert bed.condition(name, "UserWordFollowed") == ("False", "NotFollowed")
    told = bed.message(name, "UserWordFollowed")
    for part in ("akoo.io/adopt", "akoo.io/abandon-placement", "'purge'", "akoo.io/let-go has no"):
        assert part in told
    assert bed.condition(name, "Ready") == ("True", "Running")


async def test_leave_sweep_by_word_removes_and_does_not_come_back(bed: bed_.Bed, name: str) -> None:
    await bed.annotate(name, leave="sweep")
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert bed.record(name).status.phase == "Finished"
    assert bed.in_workload(resources.STATEFUL_SETS, "ako") is None
    await bed.run(name)
    assert bed.record(name).status.phase == "Finished"
    await bed.annotate(name, leave=None)
    await bed.run(name)
    assert bed.record(name).status.phase == "Running"


async def test_a_record_deleted_by_hand_stays_and_says_why(bed: bed_.Bed, name: str) -> None:
    await bed.user.delete(resources.AKO_DEPLOYMENTS, name)
    await bed.run(name)
    assert "Somebody deleted this record" in bed.message(name, "UserWordFollowed")
    assert bed.condition(name, "Ready") == ("True", "Running")
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    await bed.run(name)
    assert bed.world.record(name) is None


# Letting go.


async def test_a_refused_finalizer_patch_is_tried_for_ever(
    bed: bed_.Bed, avi: bed_.Avi, name: str
) -> None:
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    refusal = errors.InvalidError("admission webhook: ClusterClass not found")
    bed.management.faults.before("patch clusters", refusal, times=50)
    for attempt in range(12):
        bed.clock.advance(86400)
        outcome = await bed.run(name, attempt=attempt)
        assert outcome.requeue_after is not None
        assert outcome.requeue_after <= 60.0
    assert bed.condition(name, "Held") == ("True", "LetGoRefused")
    assert "ClusterClass not found" in bed.message(name, "Held")
    assert let_go(bed, name) == "Proven"
    bed.management.faults.clear()
    await bed.run(name)
    assert not held_by_us(bed)
    assert bed.record(name).status.phase == "Finished"


async def test_foreign_finalizers_survive(bed: bed_.Bed, name: str) -> None:
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    found = bed.world.cluster_at("demo", "shop")
    assert found is not None
    assert found.finalizers == ("cluster.cluster.x-k8s.io",)


# Without a verifier.


async def test_without_a_verifier_it_is_let_go_but_never_called_clean(ako: bed_.Ako) -> None:
    bed = bed_.Bed(ako)
    name = await running(bed)
    ako.calls.clear()
    await bed.delete_cluster()
    await bed.run(name)
    assert ako.calls == ["drain", "fence", "release"]
    assert not held_by_us(bed)
    assert let_go(bed, name) == "NoVerifier"
    assert bed.condition(name, "CleanupProven") == ("Unknown", "NoVerifier")
    assert bed.record(name).status.phase == "Finished"
    assert "AKOCleanupProven" not in await bed.events()


async def test_a_missing_plugin_holds_the_cluster(bed: bed_.Bed, ako: bed_.Ako, name: str) -> None:
    bed.plugins = (ako,)
    bed.start()
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("False", "PluginMissing")
    assert held_by_us(bed)
    assert bed.record(name).spec.leaving is None


# Crashes.


class CrashError(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


class Cut:
    """Ends the process at write n, before it takes effect or before its answer is seen."""

    def __init__(self, n: int, moment: str) -> None:
        self._left, self._moment = n, moment
        self.happened = False

    def before(self, site: str, *, write: bool) -> None:
        self._count("before", write)

    def after(self, site: str, *, write: bool) -> None:
        self._count("after", write)

    def _count(self, moment: str, write: bool) -> None:
        if write and moment == self._moment:
            self._left -= 1
            if self._left == 0:
                self.happened = True
                raise CrashError


async def survive(bed: bed_.Bed, name: str, times: int) -> None:
    """Attempts by process after process."""
    for _ in range(times):
        try:
            await bed.run(name)
        except CrashError:
            bed.start()
        bed.clock.advance(31)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_crash_at_any_write_is_survived(moment: str) -> None:
    """The life of a cluster, ended at write n and gone on with by a new process, for every n."""
    n, happened = 0, True
    while happened:
        n += 1
        avi = bed_.Avi()
        bed = bed_.Bed(bed_.Ako(), avi)
        cut = Cut(n, moment)
        bed.external._interceptor = cut
        await bed.config()
        name = await bed.cluster()
        await survive(bed, name, 3)
        avi.outside[name].add("vs-web")
        await bed.delete_cluster()
        await survive(bed, name, 5)
        assert bed.record(name).status.phase == "Finished", f"after a crash at write {n}"
        assert let_go(bed, name) == "Proven"
        assert avi.outside == {}
        assert not held_by_us(bed)
        happened = cut.happened
    assert n > 20, "every write was tried"
