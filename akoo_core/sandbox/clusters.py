"""Further Clusters for a sandbox that runs. They stay, for commands that need one that lives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from akoo_core import errors
from akoo_core.kube import client, discovery
from akoo_core.kube import errors as kube_errors
from akoo_core.kube.resource import AKO_DEPLOYMENTS, Resource
from akoo_core.sandbox import demo
from akoo_core.sandbox.stage import STEP_SECONDS, StoryError

Object = dict[str, Any]


async def create(kube: client.KubeClient, name: str, *, seconds: float = STEP_SECONDS) -> str:
    """Make the Cluster ``demo/NAME`` and return its record's name when AKO runs there.

    Raises InputError where the API server is not a sandbox's, or has that Cluster already, and
    StoryError where AKO does not run in time.
    """
    objects = demo.living(name)
    kinds = await _kinds(kube, objects)
    namespace, *others = zip(kinds, objects, strict=True)
    await kube.apply(*namespace)
    for kind, obj in others:
        try:
            await kube.create(kind, obj, demo.NAMESPACE)
        except kube_errors.AlreadyExistsError as error:
            raise errors.InputError(
                f"{kind.kind} {demo.NAMESPACE}/{obj['metadata']['name']} exists already. "
                "Choose another name"
            ) from error
    return await _running(kube, name, seconds)


async def _kinds(kube: client.KubeClient, objects: Iterable[Object]) -> list[Resource]:
    """The kind of each object. Only a sandbox has the fake provider's: nothing was made yet."""
    served: dict[str, dict[str, Resource]] = {}
    kinds = []
    for obj in objects:
        version, kind = obj["apiVersion"], obj["kind"]
        if version not in served:
            try:
                offered = await discovery.kinds(kube, version)
            except kube_errors.NotFoundError:
                offered = []
            served[version] = {entry.kind: entry for entry in offered}
        if kind not in served[version]:
            raise errors.InputError(
                f"this management cluster is no sandbox: it has no {kind} in {version}. "
                "Export the KUBECONFIG that `akoo-core sandbox` printed"
            )
        kinds.append(served[version][kind])
    return kinds


async def _running(kube: client.KubeClient, name: str, seconds: float) -> str:
    """The name of the Cluster's record, once its phase is Running."""
    seen = "no AKODeploymentConfig selects it"
    try:
        async with asyncio.timeout(seconds), contextlib.aclosing(_records(kube)) as records:
            async for record in records:
                if not _is_of(record, name):
                    continue
                phase = record.get("status", {}).get("phase", "")
                if phase == "Running":
                    return str(record["metadata"]["name"])
                seen = f"its record {record['metadata']['name']} is {phase or 'new'}"
    except TimeoutError as error:
        cluster = f"{demo.NAMESPACE}/{name}"
        raise StoryError(
            f"cluster {cluster} is late: {seen}. See akoo-core explain {cluster}"
        ) from error
    raise AssertionError("a watch of records goes on")


async def _records(kube: client.KubeClient) -> AsyncGenerator[Object, None]:
    """Every record as it is now and after each change, for ever, with bookmarks between them."""
    page = await kube.list(AKO_DEPLOYMENTS)
    for record in page.items:
        yield record
    version = page.resource_version
    while True:
        events = kube.watch(AKO_DEPLOYMENTS, resource_version=version)
        async with contextlib.aclosing(events):
            async for event in events:
                version = event.object["metadata"]["resourceVersion"]
                yield event.object


def _is_of(record: Object, name: str) -> bool:
    reference = record.get("spec", {}).get("clusterRef", {})
    return (reference.get("namespace"), reference.get("name")) == (demo.NAMESPACE, name)
