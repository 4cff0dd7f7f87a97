"""An operator that watches one namespace touches nothing on Avi of Clusters elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from akoo_core import settings
from akoo_core.kube import resource
from tests.avi import avi_fleet

World = Any
OTHER = "team-b"
HOURS = 2 * 3600.0


def _settings(namespace: str) -> settings.Settings:
    return settings.Settings(watch_namespace=namespace, allowed_secret_namespaces=("avi",))


async def _works(fleet: avi_fleet.AviFleet, cluster_name: str) -> None:
    body = {
        "name": f"{cluster_name}--default-web",
        "created_by": f"ako-{cluster_name}",
        "cloud_ref": "/api/cloud?name=vc-01",
        "markers": [{"key": "clustername", "values": [cluster_name]}],
    }
    await fleet.avi.create("pool", body, tenant="admin")


def _marked(fleet: avi_fleet.AviFleet, cluster_name: str) -> list[dict[str, Any]]:
    """Everything on Avi with the mark of that cluster, its claim included."""
    everything = fleet.world.avi.state.objects.everything().values()
    mark = {"key": "clustername", "values": [cluster_name]}
    return [obj.data for obj in everything if mark in obj.data.get("markers", ())]


def test_nothing_of_other_namespaces_is_swept_or_released(
    avi_world: Callable[..., World],
) -> None:
    async def story(fleet: avi_fleet.AviFleet) -> None:
        clusters = fleet.fleet
        await clusters.create_config(fleet.config())
        await clusters.create_cluster("shop")
        await clusters.create_cluster("web", OTHER)
        await clusters.until_phase("shop", "Running")
        record = await clusters.until_phase("web", "Running", OTHER)
        await avi_fleet.ako_works(fleet)
        name = record.spec.ako_cluster_name
        await _works(fleet, name)
        before = _marked(fleet, name)
        assert len(before) >= 2, "its claim and its pool"

        await clusters.restart(_settings("demo"))
        words = {"metadata": {"annotations": {"akoo.io/leave": "sweep"}}}
        await clusters.user.merge_patch(resource.AKO_DEPLOYMENTS, record.name, words)
        await clusters.delete_cluster("web", OTHER)
        # An administrator takes our finalizer off: it is really gone.
        await clusters.patch_cluster("web", {"metadata": {"finalizers": None}}, OTHER)
        mine = fleet.cluster_name("shop")
        await clusters.delete_cluster("shop")
        await clusters.until_gone("shop")
        await asyncio.sleep(HOURS)
        assert _marked(fleet, mine) == []
        assert _marked(fleet, name) == before
        kept = clusters.record("web", OTHER)
        assert kept is not None
        assert kept.spec == record.spec

        await clusters.restart(_settings(""))
        await clusters.until(lambda: not _marked(fleet, name))

    avi_fleet.play(avi_world(), story)
