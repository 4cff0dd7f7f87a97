"""Letting go against resistance, without a verifier, and through crashes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from akoo_core import errors as core_errors
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


async def test_a_refused_finalizer_patch_is_tried_for_ever(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    refusal = errors.InvalidError("admission webhook: ClusterClass not found")
    fleet.management.faults.before("patch clusters", refusal, times=50)
    for attempt in range(12):
        fleet.clock.advance(86400)
        outcome = await fleet.run(name, attempt=attempt)
        assert outcome.requeue_after is not None
        assert outcome.requeue_after <= 60.0
    assert fleet.condition(name, "Held") == ("True", "LetGoRefused")
    assert "ClusterClass not found" in fleet.message(name, "Held")
    assert reconcile_fleet.let_go(fleet, name) == "Proven"
    fleet.management.faults.clear()
    await fleet.run(name)
    assert not reconcile_fleet.held_by_us(fleet)
    assert fleet.record(name).status.phase == "Finished"


async def test_release_never_holds_the_cluster(
    fleet: ReconcileFleet, avi: reconcile_plugins.Avi, name: str
) -> None:
    avi.fail["release"] = RuntimeError("avi.example.com is down")
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    assert reconcile_fleet.let_go(fleet, name) == "Proven"
    assert not reconcile_fleet.held_by_us(fleet)
    assert fleet.record(name).status.phase == "Releasing"
    avi.fail = {}
    await fleet.run(name)
    assert fleet.record(name).status.phase == "Finished"


async def test_foreign_finalizers_survive(fleet: ReconcileFleet, name: str) -> None:
    await fleet.delete_cluster()
    await fleet.run(name)
    fleet.clock.advance(30)
    await fleet.run(name)
    cluster = fleet.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert cluster.finalizers == ("cluster.cluster.x-k8s.io",)


# Without a verifier.


async def test_without_a_verifier_it_is_let_go_but_never_called_clean(
    ako: reconcile_plugins.Ako,
) -> None:
    fleet = ReconcileFleet(ako)
    name = await reconcile_fleet.running(fleet)
    ako.calls.clear()
    await fleet.delete_cluster()
    await fleet.run(name)
    assert ako.calls == ["drain", "fence", "release"]
    assert not reconcile_fleet.held_by_us(fleet)
    assert reconcile_fleet.let_go(fleet, name) == "NoVerifier"
    assert fleet.condition(name, "CleanupProven") == ("Unknown", "NoVerifier")
    assert fleet.record(name).status.phase == "Finished"
    assert "AKOCleanupProven" not in await fleet.events()


async def test_a_missing_plugin_holds_the_cluster(
    fleet: ReconcileFleet, ako: reconcile_plugins.Ako, name: str
) -> None:
    fleet.plugins = (ako,)
    fleet.start()
    await fleet.delete_cluster()
    await fleet.run(name)
    assert fleet.condition(name, "Ready") == ("False", "PluginMissing")
    assert reconcile_fleet.held_by_us(fleet)
    assert fleet.record(name).spec.leaving is None


# Crashes.


End = Callable[[ReconcileFleet], Awaitable[None]]


class CrashError(core_errors.ProcessEnd):
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


async def survive(fleet: ReconcileFleet, name: str, times: int) -> None:
    """Attempts by process after process."""
    for _ in range(times):
        try:
            await fleet.run(name)
        except CrashError:
            fleet.start()
        fleet.clock.advance(31)


async def unselect(fleet: ReconcileFleet) -> None:
    await fleet.patch_cluster({"metadata": {"labels": {"lb": None}}})


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("end", [ReconcileFleet.delete_cluster, unselect])
async def test_a_crash_at_any_write_is_survived(end: End, moment: str) -> None:
    """The life of a cluster, ended at write n and gone on with by a new process, for every n."""
    n, happened = 0, True
    while happened:
        n += 1
        avi = reconcile_plugins.Avi()
        fleet = ReconcileFleet(reconcile_plugins.Ako(), avi)
        cut = Cut(n, moment)
        fleet.external._interceptor = cut
        await fleet.config(onUnmatch="Remove")
        name = await fleet.cluster()
        await survive(fleet, name, 3)
        avi.outside[name].add("vs-web")
        await end(fleet)
        await survive(fleet, name, 5)
        assert fleet.record(name).status.phase == "Finished", f"after a crash at write {n}"
        assert reconcile_fleet.let_go(fleet, name) == "Proven"
        assert avi.outside == {}
        assert not reconcile_fleet.held_by_us(fleet)
        if end is unselect:
            left = fleet.workload.objects(resources.STATEFUL_SETS)
            assert left == [], f"after a crash at write {n}"
        happened = cut.happened
    assert n > 20, "every write was tried"
