"""AKO's Secret and Pods in the workload cluster: two bounded reads, nothing else.

The names are AKO's own (its Helm chart, and the objects that its binary looks up).
"""

from __future__ import annotations

import base64
import binascii
import datetime
from typing import Final, NamedTuple

from akoo_core.plugin import structs
from akoo_core.plugin.kube import PODS, SECRETS, KubeClient, NotFoundError

NAMESPACE: Final = "avi-system"
SECRET: Final = "avi-secret"  # noqa: S105 - a name
CONTAINER: Final = "ako"
POD_SELECTOR: Final = "app.kubernetes.io/name=ako"
MANAGER: Final = "akoo-core"
"""Field manager of the operator."""
_PODS: Final = 20


class LiveSecret(NamedTuple):
    """avi-secret as it is. ``password`` is secret."""

    username: str
    password: str
    written_at: datetime.datetime | None
    """The last write of the operator, by the clock of the workload cluster."""


async def secret(kube: KubeClient) -> LiveSecret | None:
    """avi-secret; None where there is none. Raises KubeErrors."""
    try:
        obj = await kube.get(SECRETS, SECRET, NAMESPACE)
    except NotFoundError:
        return None
    data = obj.get("data") or {}
    return LiveSecret(
        username=_decoded(data.get("username")),
        password=_decoded(data.get("password")),
        written_at=_written_at(obj["metadata"]),
    )


def _decoded(value: object) -> str:
    try:
        return base64.b64decode(str(value or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _written_at(metadata: structs.JSON) -> datetime.datetime | None:
    times = [
        structs.convert(entry["time"], datetime.datetime)
        for entry in metadata.get("managedFields") or ()
        if str(entry.get("manager", "")).startswith(MANAGER) and entry.get("time")
    ]
    return max(times, default=None)


async def starts(kube: KubeClient) -> tuple[datetime.datetime | None, ...]:
    """For each Pod of AKO the start of its container; None: it is not ready, or ends. Raises
    KubeErrors."""
    page = await kube.list(PODS, NAMESPACE, label_selector=POD_SELECTOR, limit=_PODS)
    return tuple(_start(pod) for pod in page.items if not _over(pod))


def _over(pod: structs.JSON) -> bool:
    """A Pod whose containers ended for good logs in no more."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _start(pod: structs.JSON) -> datetime.datetime | None:
    if "deletionTimestamp" in pod["metadata"]:
        return None
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        if container.get("name") != CONTAINER or not container.get("ready"):
            continue
        running = (container.get("state") or {}).get("running")
        if running is not None:
            stamp = running.get("startedAt") or pod["metadata"].get("creationTimestamp")
            return structs.convert(stamp, datetime.datetime) if stamp else None
    return None
