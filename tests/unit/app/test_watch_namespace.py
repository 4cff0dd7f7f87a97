"""An operator that watches one namespace leaves the records of all others alone: a Cluster that it
does not follow is not gone."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

from akoo_core import settings, testing
from akoo_core.app import world as world_
from akoo_core.kube import resource as resources
from akoo_core.kube.client import Object
from akoo_core.plugin import api
from akoo_core.telemetry import metrics
from akoo_core.testing import virtual_time
from tests.unit.reconcile import reconcile_builders as builders

HOURS = 2 * 3600.0
"""Longer than the deadline of leaving, and than every resync and wait."""
MINE, OTHER = "team-a", "team-b"
LIMITED = settings.Settings(watch_namespace=MINE)


class Thing(api.Plugin):
    """Has one thing outside for each record, and a controller that sees records and Clusters."""

    name = "thing"
    rbac: ClassVar[tuple[api.RbacRule, ...]] = (
        api.RbacRule(
            groups=("cluster.x-k8s.io",), resources=("clusters",), verbs=("get", "list", "watch")
        ),
    )

    def __init__(self, outside: set[str], seen: set[str]) -> None:
        super().__init__()
        self.outside = outside
        self.seen = seen

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (
            api.ControllerRegistration(
                name="things",
                watches=(resources.CLUSTERS, resources.AKO_DEPLOYMENTS),
                keys=_keys,
                reconcile=self.reconcile,
            ),
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        self.seen.add(request.key)
        return api.Done()

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        self.outside.add(ctx.view.record_name)
        return api.Done()

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced:
        return api.Fenced(grade="Revoked", evidence="revoked")

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        self.outside.discard(ctx.view.record_name)
        return api.Done()

    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        return api.Proof(own=int(ctx.view.record_name in self.outside), queries=("count",))


def _keys(kind: resources.Resource, obj: Object) -> tuple[str, ...]:
    return (f"{kind.kind} {obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}",)


def _state(fleet: testing.Fleet, namespace: str) -> list[Any]:
    """The Cluster, its record and its workload cluster, with their versions."""
    workload = fleet.workload("shop", namespace)
    return [
        fleet.record("shop", namespace),
        fleet.cluster("shop", namespace),
        workload and workload.objects(resources.CONFIG_MAPS),
    ]


@virtual_time.test
async def test_records_of_other_namespaces_are_left_alone(clock: virtual_time.LoopClock) -> None:
    outside: set[str] = set()
    async with testing.Fleet(clock, lambda: [Thing(outside, set())]) as fleet:
        await fleet.create_config()
        for namespace in (MINE, OTHER):
            await fleet.create_cluster("shop", namespace)
            await fleet.until_phase("shop", "Running", namespace)
        assert len(outside) == 2
        await fleet.restart(LIMITED)
        before = _state(fleet, OTHER)
        await fleet.create_cluster("new", OTHER)
        await fleet.create_cluster("new", MINE)
        await fleet.until_phase("new", "Running", MINE)
        await asyncio.sleep(HOURS)
        assert _state(fleet, OTHER) == before
        assert fleet.record("new", OTHER) is None
        assert len(outside) == 3

        await fleet.delete_cluster("shop", MINE)
        await fleet.until_gone("shop", MINE)
        assert len(outside) == 2, "what is watched leaves as ever"


@virtual_time.test
async def test_a_cluster_elsewhere_is_not_gone_whatever_happens_to_it(
    clock: virtual_time.LoopClock,
) -> None:
    """It is deleted, its config stops to match, a person says that it leaves: all of that waits."""
    outside: set[str] = set()
    async with testing.Fleet(clock, lambda: [Thing(outside, set())]) as fleet:
        await fleet.create_config({"onUnmatch": "Remove"})
        await fleet.create_cluster("shop", OTHER)
        record = await fleet.until_phase("shop", "Running", OTHER)
        await fleet.restart(LIMITED)
        await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": "none"}}}, OTHER)
        word = {"metadata": {"annotations": {"akoo.io/leave": "sweep"}}}
        await fleet.user.merge_patch(resources.AKO_DEPLOYMENTS, record.name, word)
        await fleet.delete_cluster("shop", OTHER)
        await fleet.change_config({"clusterSelector": {"matchLabels": {"lb": "other"}}})
        await asyncio.sleep(HOURS)
        kept = fleet.record("shop", OTHER)
        assert kept is not None
        assert (kept.spec, kept.status) == (record.spec, record.status)
        cluster = fleet.cluster("shop", OTHER)
        assert cluster is not None, "our finalizer holds it"
        assert outside == {record.name}

        await fleet.restart(settings.Settings())
        await fleet.until_gone("shop", OTHER)
        assert outside == set(), "an operator that watches it cleans up"


@virtual_time.test
async def test_even_one_that_is_gone_is_not_looked_for(clock: virtual_time.LoopClock) -> None:
    outside: set[str] = set()
    async with testing.Fleet(clock, lambda: [Thing(outside, set())]) as fleet:
        await fleet.create_config()
        await fleet.create_cluster("shop", OTHER)
        record = await fleet.until_phase("shop", "Running", OTHER)
        await fleet.restart(LIMITED)
        await fleet.delete_cluster("shop", OTHER)
        await fleet.patch_cluster("shop", {"metadata": {"finalizers": None}}, OTHER)
        word = {"metadata": {"annotations": {"akoo.io/leave": "sweep"}}}
        await fleet.user.merge_patch(resources.AKO_DEPLOYMENTS, record.name, word)
        await fleet.until(lambda: fleet.cluster("shop", OTHER) is None)
        await asyncio.sleep(HOURS)
        kept = fleet.record("shop", OTHER)
        assert kept is not None
        assert (kept.spec, kept.status) == (record.spec, record.status)
        assert outside == {record.name}

        await fleet.restart(settings.Settings())
        await fleet.until(lambda: not outside)


@virtual_time.test
async def test_controllers_of_plugins_see_all_records_and_the_clusters_that_are_watched(
    clock: virtual_time.LoopClock,
) -> None:
    seen: set[str] = set()
    async with testing.Fleet(clock, lambda: [Thing(set(), seen)]) as fleet:
        await fleet.create_config()
        records = set()
        for namespace in (MINE, OTHER):
            await fleet.create_cluster("shop", namespace)
            record = await fleet.until_phase("shop", "Running", namespace)
            records.add(f"AKODeployment /{record.name}")
        clusters = {f"Cluster {namespace}/shop" for namespace in (MINE, OTHER)}
        await asyncio.sleep(60.0)
        assert seen == records | clusters
        seen.clear()
        await fleet.restart(LIMITED)
        await asyncio.sleep(60.0)
        assert seen == records | {f"Cluster {MINE}/shop"}


@virtual_time.test
async def test_metrics_count_what_is_watched(clock: virtual_time.LoopClock) -> None:
    def running() -> float:
        return metrics.REGISTRY.get_sample_value("akoo_records", {"phase": "Running"}) or 0.0

    async with testing.Fleet(clock, lambda: [Thing(set(), set())]) as fleet:
        await fleet.create_config()
        for namespace in (MINE, OTHER):
            await fleet.create_cluster("shop", namespace)
            await fleet.until_phase("shop", "Running", namespace)
        assert running() == 2
        await fleet.restart(LIMITED)
        await asyncio.sleep(60.0)
        assert running() == 1


@pytest.mark.parametrize(
    ("namespace", "fleet", "left_alone"), [("", 3, 0), ("a", 2, 1), ("b", 1, 2), ("c", 0, 3)]
)
def test_the_limit_on_removals_counts_the_records_that_are_watched(
    namespace: str, fleet: int, left_alone: int
) -> None:
    world = world_.CachedWorld("mgmt", resources.CLUSTERS, namespace=namespace)
    kind = resources.AKO_DEPLOYMENTS
    items = []
    for number, (place, finished) in enumerate([("a", None), ("a", None), ("a", "x"), ("b", None)]):
        spec: dict[str, Any] = {
            "clusterRef": {"namespace": place, "name": "shop", "uid": f"u-{number}"},
            "configRef": {"name": "default", "uid": "u"},
        }
        if finished:
            spec["finishedAt"] = str(builders.NOW)
        metadata = {"name": f"akoo-{number}", "uid": f"r-{number}", "resourceVersion": "1"}
        obj = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
        items.append(world.record_objects.item(obj | {"spec": spec}))
    world.record_objects.replace(items)
    assert (world.removals().fleet(), world.left_alone()) == (fleet, left_alone)
