"""A stand-in for AKO: no Avi Controller, only what AKO shows in Kubernetes when it is told to go.

After AKO 1.13/2.1: the ConfigMap key deleteConfig, text `true`, makes AKO delete its Avi objects;
it reports in an annotation of its StatefulSet. While it deletes it listens to nothing else.
"""

import asyncio
import base64
import contextlib
import typing

from akoo_testbed.kubeapi import HICCUPS, ApiError, Object
from akoo_testbed.kubelet import events
from akoo_testbed.kubelet.options import AkoAnswer
from akoo_testbed.kubelet.program import Container, Exit

CONFIG_MAP = "avi-k8s-config"
SECRET = "avi-secret"  # noqa: S105 a name
STATEFUL_SET = "apps/v1/StatefulSet"
STATUS_ANNOTATION = "AviObjectDeletionStatus"
GATEWAY_STATUS_ANNOTATION = "AviGatewayObjectDeletionStatus"
GATEWAY_CONTAINER = "ako-gateway-api"

STARTED = {
    False: ("AKOReady", "the stand-in listens to its ConfigMap"),
    True: ("AKODeleteConfigSet", "the stand-in starts with deleteConfig set"),
}
"""Reason and message of the Event after a start, by the value of deleteConfig."""
_RETRY_SECONDS = 0.2


class Reaction(typing.NamedTuple):
    """The reaction of AKO to a value of deleteConfig."""

    started: bool = False
    """Report `Started`."""
    finish: bool = False
    """Delete, then report how that ended."""
    clear: bool = False
    """Take the report away."""


def react(before: bool | None, wanted: bool) -> Reaction:
    """AKO's reaction; `before` is None at its start.

    A start with deleteConfig set skips `Started`: AKO deletes only what it knows of then.
    """
    if before is None:
        return Reaction(finish=True) if wanted else Reaction(clear=True)
    if wanted == before:
        return Reaction()
    return Reaction(started=True, finish=True) if wanted else Reaction(clear=True)


def credential_problem(secret: Object | None) -> str | None:
    """The reason why AKO cannot log in with this Secret; None if it can."""
    if secret is None:
        return f"Secret {SECRET} not found"
    data = secret.get("data") or {}
    if not base64.b64decode(data.get("username", "")):
        return f"Secret {SECRET} has no username"
    if not any(base64.b64decode(data.get(key, "")) for key in ("password", "authtoken")):
        return f"Secret {SECRET} has neither password nor authtoken"
    return None


async def ako_stand_in(container: Container) -> Exit:
    """Be AKO until the ConfigMap goes; refuse to start without a usable avi-secret."""
    api, namespace = container.api, container.pod["metadata"]["namespace"]
    if problem := credential_problem(await api.find("v1/Secret", namespace, SECRET)):
        return Exit(1, problem)
    before: bool | None = None
    watch = api.watch("v1/ConfigMap", namespace, fields=f"metadata.name={CONFIG_MAP}")
    async with contextlib.aclosing(watch):
        async for event in watch:
            if event.type == "DELETED" or (event.type == "SYNCED" and before is None):
                return Exit(1, f"ConfigMap {CONFIG_MAP} not found")
            if event.type == "SYNCED":
                continue
            wanted = (event.object.get("data") or {}).get("deleteConfig") == "true"
            first = before is None
            reaction, before = react(before, wanted), wanted
            container.up.set()
            if first:
                await events.event(container, *STARTED[wanted])
            await _perform(container, reaction)
    raise AssertionError("a watch does not end")


async def _perform(container: Container, reaction: Reaction) -> None:
    if reaction.started:
        await _report(container, "Started")
    if reaction.finish:
        await _report(container, await _ending(container))
    if reaction.clear:
        await _report(container, None)


async def _ending(container: Container) -> str:
    """Wait until the deletion ends; as long as the switch says never, it does not."""
    switches = container.switches
    while True:
        await switches.until(lambda options: options.ako_answer != AkoAnswer.NEVER)
        await asyncio.sleep(switches.current.ako_seconds)
        if switches.current.ako_answer != AkoAnswer.NEVER:
            return switches.current.ako_answer.value.capitalize()


async def _report(container: Container, value: str | None) -> None:
    """Write the annotations, or take them away (None); lasts until the API server takes it."""
    pod = container.pod
    names = [container_["name"] for container_ in pod["spec"]["containers"]]
    annotations = {STATUS_ANNOTATION: value}
    if GATEWAY_CONTAINER in names:
        annotations[GATEWAY_STATUS_ANNOTATION] = value
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
