"""Acts of users on Clusters, on the whole operator with its caches, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from akoo_core import testing
from akoo_core.cache.store import LAST_APPLIED_ANNOTATION
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.testing import virtual_time

Story = Callable[[testing.Fleet], Awaitable[None]]


class Mini(api.Plugin):
    """One thing outside for each record."""

    name = "mini"

    def __init__(self, outside: set[str]) -> None:
        super().__init__()
        self._outside = outside

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent:
        return api.Intent(data={"thing": view.record_name})

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        async with ctx.external.call("outside", "PUT thing", write=True):
            self._outside.add(ctx.view.record_name)
        return api.Done()

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mini"}}
        return api.Contribution(objects=(namespace,))

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced:
        return api.Fenced(grade="Revoked", evidence="revoked")

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        async with ctx.external.call("outside", "DELETE thing", write=True):
            self._outside.discard(ctx.view.record_name)
        return api.Done()

    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        return api.Proof(own=int(ctx.view.record_name in self._outside), queries=("things",))


def play(story: Story, outside: set[str], **config: Any) -> None:
    """The story, with Cluster demo/shop running."""

    async def main(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Mini(outside)]) as fleet:
            await fleet.create_config(config)
            await fleet.create_cluster("shop")
            await fleet.until_phase("shop", "Running")
            await story(fleet)

    virtual_time.run(main)


def annotate(**annotations: str | None) -> dict[str, Any]:
    marks = {"last_applied": LAST_APPLIED_ANNOTATION, "move": names.DELETE_FOR_MOVE_ANNOTATION}
    return {"metadata": {"annotations": {marks[key]: value for key, value in annotations.items()}}}


def test_what_kubectl_keeps_on_a_cluster_is_never_lost() -> None:
    """The caches leave it out; the Cluster has no other annotation when our finalizer comes."""

    async def story(fleet: testing.Fleet) -> None:
        await fleet.patch_cluster("shop", annotate(last_applied="{}"))
        await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": None}}})
        await fleet.until_phase("shop", "Finished")
        assert _annotations(fleet) == {LAST_APPLIED_ANNOTATION}
        await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": "avi"}}})
        await fleet.until_phase("shop", "Running")
        assert _annotations(fleet) == {LAST_APPLIED_ANNOTATION, names.RECORD_ANNOTATION}

    play(story, set(), onUnmatch="Remove")


def test_a_mark_of_a_tenant_costs_no_record() -> None:
    """Set on a living Cluster, kept over its deletion, and taken away again."""
    outside: set[str] = set()

    async def story(fleet: testing.Fleet) -> None:
        record = fleet.record("shop")
        assert record is not None
        await fleet.patch_cluster("shop", annotate(move=""))
        await asyncio.sleep(60)
        assert _held(fleet) == "MoveAwaited"
        await fleet.delete_cluster("shop")
        await asyncio.sleep(6 * 3600)
        assert _held(fleet) == "MoveAwaited"
        assert outside == {record.name}
        assert fleet.cluster("shop") is not None
        await fleet.patch_cluster("shop", annotate(move=None))
        await fleet.until_gone("shop")
        ended = await fleet.until_phase("shop", "Finished")
        assert ended.uid == record.uid
        assert ended.spec.leaving is not None
        assert ended.spec.leaving.let_go is not None
        assert ended.spec.leaving.let_go.why == "Proven"
        assert outside == set()

    play(story, outside, onDeadline="Hold")


def test_a_real_move_takes_the_record_and_touches_nothing() -> None:
    """As clusterctl does it: paused long before, then marked, deleted and freed at once."""
    outside: set[str] = set()

    async def story(fleet: testing.Fleet) -> None:
        await fleet.patch_cluster("shop", {"spec": {"paused": True}})
        await asyncio.sleep(60)
        await fleet.patch_cluster("shop", annotate(move=""))
        await fleet.delete_cluster("shop")
        await fleet.patch_cluster("shop", {"metadata": {"finalizers": None}})
        await asyncio.sleep(60)
        assert fleet.cluster("shop") is None
        assert fleet.management.objects(resources.AKO_DEPLOYMENTS) == []
        assert len(outside) == 1

    play(story, outside)


def test_a_deletion_that_waits_for_a_pause_says_so() -> None:
    async def story(fleet: testing.Fleet) -> None:
        await fleet.patch_cluster("shop", {"spec": {"paused": True}})
        await asyncio.sleep(30)
        assert _held(fleet) == "Paused"
        await fleet.delete_cluster("shop")
        await asyncio.sleep(3 * 3600)
        assert _held(fleet) == "DeletionPaused"
        cluster = fleet.cluster("shop")
        assert cluster is not None
        (condition,) = (
            condition
            for condition in cluster["status"]["conditions"]
            if condition["type"] == names.LOAD_BALANCER_READY
        )
        assert (condition["status"], condition["reason"]) == ("False", "DeletionPaused")
        await fleet.patch_cluster("shop", {"spec": {"paused": False}})
        await fleet.until_gone("shop")

    play(story, set())


def _annotations(fleet: testing.Fleet) -> set[str]:
    cluster = fleet.cluster("shop")
    assert cluster is not None
    return set(cluster["metadata"].get("annotations") or {})


def _held(fleet: testing.Fleet) -> str:
    record = fleet.record("shop")
    assert record is not None
    return next(
        (condition.reason for condition in record.status.conditions if condition.type == "Held"), ""
    )
