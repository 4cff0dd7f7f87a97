"""Many Clusters with an AKO of Helm, and one new config that adopts them all at once.

A whole operator with the ako plugin; all API servers are in memory and in virtual time, so that the
time is that of one CPU: of the operator, and of the imitation of its servers.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import copy
import logging
import os
import time
from typing import Any

from akoo_ako import desired, names, settings
from akoo_ako.installs import differences, kinds
from akoo_ako.plugin import AkoPlugin
from akoo_ako.rendering import objects

from akoo_core import settings as core_settings
from akoo_core import structs
from akoo_core.app import gc_tuning
from akoo_core.external import External
from akoo_core.kube import resource
from akoo_core.testing import Fleet, memory, virtual_time
from benchmarks import figures, fleet
from benchmarks.accounts.site import play

CLUSTERS = int(os.environ.get("AKOO_BENCH_ADOPTIONS", "200"))
NAMESPACE = "balancers"
RELEASE = "sh.helm.release.v1.ako.v1"
LIMIT_SECONDS = 3600.0
LOOK_SECONDS = 0.5
QUIET_SECONDS = 600.0
"""Time after the last adoption in which nothing may restart."""
SELECTOR = {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": "ako"}
SECTION = {"existing": "Adopt", "version": "1.13.4", "podSecurity": "Vendor"}
SPEC = {
    "controller": "avi.example.com",
    "cloudName": "vc-01",
    "serviceEngineGroup": "Default-Group",
    "dataNetwork": {"name": "vip-a", "cidr": "10.70.0.0/24"},
    "adminCredentialRef": {"name": "admin", "namespace": "avi"},
    "certificateAuthorityRef": {"name": "ako", "namespace": "avi"},
    "workloadCredentialRef": {"name": "ako", "namespace": "avi"},
}
VALUES = {"username": "ako", "password": "ako", "certificateAuthorityData": "ca"}


async def adoptions() -> None:
    """CLUSTERS Clusters whose AKO Helm deployed; then a config that adopts them."""
    logging.disable(logging.CRITICAL)
    print(f"-- {CLUSTERS} adoptions at once, load {os.getloadavg()[0]:.1f} before; all in memory")
    gc_tuning.settle()
    await play(_adopted)
    logging.disable(logging.NOTSET)


async def _adopted(clock: virtual_time.LoopClock) -> None:
    calls = Calls()
    allowed = core_settings.Settings(allowed_secret_namespaces=("avi",))
    seam = External(interceptor=calls)
    bed = Fleet(clock, lambda: [AkoPlugin()], settings=allowed, external=seam)
    async with bed:
        await bed.user.create(resource.SECRETS, _secret("ako", "avi"))
        clusters = [f"c{number}" for number in range(CLUSTERS)]
        for name in clusters:
            await bed.create_cluster(name)
            await _deploy(_server(bed, name), name)
        await asyncio.sleep(30)
        before = {name: _running(_server(bed, name)) for name in clusters}
        assert all(pods for pods, *_ in before.values())
        calls.clear()
        began, used = clock.monotonic(), time.thread_time()
        section = SECTION | {"adoptAtOnce": CLUSTERS}
        await bed.create_config(SPEC | {"plugins": {"ako": section}})
        async with asyncio.timeout(LIMIT_SECONDS):
            while _ended(bed) < CLUSTERS:
                await asyncio.sleep(LOOK_SECONDS)
        name = f"{CLUSTERS} adoptions"
        figures.show(f"{name}: CPU until all ended", "s", [time.thread_time() - used], "< 15 s")
        figures.show(f"{name}: waits until then", "virtual s", [clock.monotonic() - began])
        made, written = calls.sites.copy(), calls.writes
        await asyncio.sleep(QUIET_SECONDS)
        restarted = sum(_running(_server(bed, each)) != before[each] for each in clusters)
        figures.show(f"{name}: restarts", "", [restarted], "0")
        helm = sum(_found_by_helm(_server(bed, each)) for each in clusters)
        figures.show(f"{name}: releases that Helm still finds", "", [helm], "0")
        figures.show(f"{name}: calls for each", "", [made.total() / CLUSTERS])
        figures.show(f"{name}: writes for each", "", [written / CLUSTERS])
        fleet.by_site(made, CLUSTERS)


class Calls:
    """External calls of the operator, by site."""

    def __init__(self) -> None:
        self.sites: collections.Counter[str] = collections.Counter()
        self.writes = 0

    def clear(self) -> None:
        """Count anew."""
        self.sites.clear()
        self.writes = 0

    def before(self, site: str, *, write: bool) -> None:
        self.sites[site] += 1
        self.writes += write

    def after(self, site: str, *, write: bool) -> None:
        return


def _ended(bed: Fleet) -> int:
    """The records whose adoption has ended."""
    rows = bed.management.store.select(resource.AKO_DEPLOYMENTS, None)
    return sum("endedAt" in (obj["spec"].get("adoption") or {}) for _, obj in rows)


def _server(bed: Fleet, name: str) -> memory.MemoryServer:
    server = bed.workload(name)
    assert server is not None
    return server


def _running(server: memory.MemoryServer) -> list[Any]:
    """The Pods, what they are made of, and what AKO reads."""
    pods = [pod["metadata"]["uid"] for pod in server.objects(resource.PODS, NAMESPACE)]
    sets = server.objects(resource.STATEFUL_SETS, NAMESPACE)
    data = [
        obj.get("data")
        for kind in (resource.CONFIG_MAPS, resource.SECRETS)
        for obj in server.objects(kind, NAMESPACE)
    ]
    return [pods, [obj["spec"]["template"] for obj in sets], data]


def _found_by_helm(server: memory.MemoryServer) -> bool:
    return any(
        "owner" in (secret["metadata"].get("labels") or {})
        for secret in server.objects(resource.SECRETS, NAMESPACE)
        if secret["metadata"]["name"] == RELEASE
    )


# The install.


async def _deploy(server: memory.MemoryServer, cluster_name: str) -> None:
    """Create the objects as Helm does, and the Secret in which it keeps the release."""
    helm = server.client(system="others", field_manager="helm")
    by_kind = {kind.kind: kind for kind in (*kinds.OWN, resource.NAMESPACES)}
    release = _secret(RELEASE, NAMESPACE, type="helm.sh/release.v1")
    release["metadata"]["labels"] = {"owner": "helm", "name": "ako", "status": "deployed"}
    for manifest in [*_objects(cluster_name), _marked(_secret(names.SECRET, NAMESPACE)), release]:
        await helm.create(by_kind[manifest["kind"]], manifest)


def _objects(cluster_name: str) -> list[structs.JSON]:
    """The objects of the vendor's chart."""
    spec = SPEC | {"plugins": {"ako": SECTION}}
    wanted: desired.Desired = differences.decided(spec, cluster_name, settings.Settings())
    manifests: list[structs.JSON] = [copy.deepcopy(obj) for obj in objects.render(wanted)]
    kept = [_placed(obj) for obj in manifests if obj["kind"] != "CustomResourceDefinition"]
    return [obj if obj["kind"] == "Namespace" else _marked(obj) for obj in kept]


def _placed(manifest: structs.JSON) -> structs.JSON:
    """The manifest in the namespace of the release, without what is ours alone."""
    metadata, spec = manifest["metadata"], manifest.get("spec") or {}
    if manifest["kind"] == "Namespace":
        metadata["name"] = NAMESPACE
    if "namespace" in metadata:
        metadata["namespace"] = NAMESPACE
    for subject in manifest.get("subjects") or ():
        subject["namespace"] = NAMESPACE
    if manifest["kind"] == "StatefulSet":
        spec |= {"selector": {"matchLabels": dict(SELECTOR)}, "podManagementPolicy": "OrderedReady"}
        spec["template"]["metadata"] = {"labels": dict(SELECTOR)}
        del spec["template"]["spec"]["containers"][0]["readinessProbe"]
    return manifest


def _marked(manifest: structs.JSON) -> structs.JSON:
    """The manifest with the marks of Helm."""
    manifest["metadata"] |= {
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {
            "meta.helm.sh/release-name": "ako",
            "meta.helm.sh/release-namespace": NAMESPACE,
        },
    }
    return manifest


def _secret(name: str, namespace: str, **more: str) -> structs.JSON:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in VALUES.items()}
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data, **more}
