"""Further Clusters for a sandbox that runs."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from akoo_testbed import kubeapi

from akoo_core.sandbox import demo
from akoo_core.sandbox.stage import RECORD, STEP_SECONDS, StoryError

Object = dict[str, Any]


async def create(api: kubeapi.KubeApi, name: str) -> str:
    """Make the Cluster ``demo/NAME`` and return its record's name when AKO runs there.

    Raises StoryError where it exists already, or AKO does not run in time.
    """
    key = f"{demo.NAMESPACE}/{name}"
    namespace, *objects = demo.living(name)
    await api.apply(namespace)
    for obj in objects:
        try:
            await api.create(obj)
        except kubeapi.ApiError as error:
            if error.status != 409:
                raise
            raise StoryError(f"cluster {key} exists already. Choose another name") from error
    return await _running(api, name)


async def _running(api: kubeapi.KubeApi, name: str) -> str:
    """The name of the Cluster's record, once its phase is Running."""
    key, seen = f"{demo.NAMESPACE}/{name}", "it has no record"
    try:
        async with (
            asyncio.timeout(STEP_SECONDS),
            contextlib.aclosing(api.watch(RECORD)) as events,
        ):
            async for event in events:
                if event.type == "SYNCED" or _cluster(event.object) != (demo.NAMESPACE, name):
                    continue
                phase = event.object.get("status", {}).get("phase", "")
                seen = f"its record is {phase or 'new'}"
                if phase == "Running":
                    return str(event.object["metadata"]["name"])
    except TimeoutError as error:
        raise StoryError(f"cluster {key} is late: {seen}") from error
    raise AssertionError("a watch does not end")


def _cluster(record: Object) -> tuple[str, str]:
    reference = record["spec"]["clusterRef"]
    return reference["namespace"], reference["name"]
