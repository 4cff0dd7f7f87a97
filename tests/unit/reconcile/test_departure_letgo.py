"""Letting go against resistance, without a verifier, and through crashes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from akoo_core import errors as core_errors
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed


async def test_a_refused_finalizer_patch_is_tried_for_ever(
    bed: Bed, avi: bedplugins.Avi, name: str
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
    assert reconcile_bed.let_go(bed, name) == "Proven"
    bed.management.faults.clear()
    await bed.run(name)
    assert not reconcile_bed.held_by_us(bed)
    assert bed.record(name).status.phase == "Finished"


async def test_release_never_holds_the_cluster(bed: Bed, avi: bedplugins.Avi, name: str) -> None:
    avi.fail["release"] = RuntimeError("avi.example.com is down")
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    assert reconcile_bed.let_go(bed, name) == "Proven"
    assert not reconcile_bed.held_by_us(bed)
    assert bed.record(name).status.phase == "Releasing"
    avi.fail = {}
    await bed.run(name)
    assert bed.record(name).status.phase == "Finished"


async def test_foreign_finalizers_survive(bed: Bed, name: str) -> None:
    await bed.delete_cluster()
    await bed.run(name)
    bed.clock.advance(30)
    await bed.run(name)
    cluster = bed.world.cluster_at("demo", "shop")
    assert cluster is not None
    assert cluster.finalizers == ("cluster.cluster.x-k8s.io",)


# Without a verifier.


async def test_without_a_verifier_it_is_let_go_but_never_called_clean(ako: bedplugins.Ako) -> None:
    bed = Bed(ako)
    name = await reconcile_bed.running(bed)
    ako.calls.clear()
    await bed.delete_cluster()
    await bed.run(name)
    assert ako.calls == ["drain", "fence", "release"]
    assert not reconcile_bed.held_by_us(bed)
    assert reconcile_bed.let_go(bed, name) == "NoVerifier"
    assert bed.condition(name, "CleanupProven") == ("Unknown", "NoVerifier")
    assert bed.record(name).status.phase == "Finished"
    assert "AKOCleanupProven" not in await bed.events()


async def test_a_missing_plugin_holds_the_cluster(bed: Bed, ako: bedplugins.Ako, name: str) -> None:
    bed.plugins = (ako,)
    bed.start()
    await bed.delete_cluster()
    await bed.run(name)
    assert bed.condition(name, "Ready") == ("False", "PluginMissing")
    assert reconcile_bed.held_by_us(bed)
    assert bed.record(name).spec.leaving is None


# Crashes.


End = Callable[[Bed], Awaitable[None]]


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


async def survive(bed: Bed, name: str, times: int) -> None:
    """Attempts by process after process."""
    for _ in range(times):
        try:
            await bed.run(name)
        except CrashError:
            bed.start()
        bed.clock.advance(31)


async def unselect(bed: Bed) -> None:
    await bed.patch_cluster({"metadata": {"labels": {"lb": None}}})


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("end", [Bed.delete_cluster, unselect])
async def test_a_crash_at_any_write_is_survived(end: End, moment: str) -> None:
    """The life of a cluster, ended at write n and gone on with by a new process, for every n."""
    n, happened = 0, True
    while happened:
        n += 1
        avi = bedplugins.Avi()
        bed = Bed(bedplugins.Ako(), avi)
        cut = Cut(n, moment)
        bed.external._interceptor = cut
        await bed.config(onUnmatch="Remove")
        name = await bed.cluster()
        await survive(bed, name, 3)
        avi.outside[name].add("vs-web")
        await end(bed)
        await survive(bed, name, 5)
        assert bed.record(name).status.phase == "Finished", f"after a crash at write {n}"
        assert reconcile_bed.let_go(bed, name) == "Proven"
        assert avi.outside == {}
        assert not reconcile_bed.held_by_us(bed)
        if end is unselect:
            left = bed.workload.objects(resources.STATEFUL_SETS)
            assert left == [], f"after a crash at write {n}"
        happened = cut.happened
    assert n > 20, "every write was tried"
