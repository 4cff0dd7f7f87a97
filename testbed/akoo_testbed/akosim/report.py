"""Reports of AKO in Kubernetes: annotations of its StatefulSet, events on its Pod."""

import asyncio

from akoo_testbed.kubeapi import HICCUPS, ApiError
from akoo_testbed.kubelet import events
from akoo_testbed.kubelet.program import Container

STATEFUL_SET = "apps/v1/StatefulSet"
ANNOTATION = "AviObjectDeletionStatus"
GATEWAY_ANNOTATION = "AviGatewayObjectDeletionStatus"
GATEWAY_CONTAINER = "ako-gateway-api"

_RETRY_SECONDS = 0.2
_EVENTS = {"Done": "AKODeleteConfigDone", "Timeout": "AKODeleteConfigTimeout"}


async def started(container: Container) -> None:
    """Say that deleteConfig was seen."""
    await _annotate(container, "Started")
    await events.event(container, "AKODeleteConfigSet", "DeleteConfig set in configmap")


async def finished(container: Container, how: str) -> None:
    """Say that the deletion ended: `Done` or `Timeout`."""
    await _annotate(container, how)
    await events.event(container, _EVENTS[how], f"deletion of Avi objects: {how}")


async def cleared(container: Container) -> None:
    """Take an old report away."""
    await _annotate(container, None)


async def _annotate(container: Container, value: str | None) -> None:
    """Write the annotations; lasts until the API server takes it, or the StatefulSet is gone."""
    pod = container.pod
    names = [each["name"] for each in pod["spec"]["containers"]]
    annotations = {ANNOTATION: value}
    if GATEWAY_CONTAINER in names:
        annotations[GATEWAY_ANNOTATION] = value
    owners = pod["metadata"]["ownerReferences"]
    owner = next(o["name"] for o in owners if o["kind"] == "StatefulSet")
    body = {"metadata": {"annotations": annotations}}
    while True:
        try:
            await container.api.patch(STATEFUL_SET, pod["metadata"]["namespace"], owner, body)
            return
        except HICCUPS as error:
            if isinstance(error, ApiError) and error.status == 404:
                return
        await asyncio.sleep(_RETRY_SECONDS)
