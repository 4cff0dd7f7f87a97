"""A snapshot of an Avi Controller for all clusters: paged lists, grouped by AKO's marker.

The number of requests a minute depends on pages, never on the number of clusters that ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from akoo_avi.client import AviClient
from akoo_avi.client.access.reach import Reach
from akoo_avi.connect import readings
from akoo_avi.spec import names
from akoo_core.plugin import structs
from akoo_core.plugin.clock import Clock

SNAPSHOT_SECONDS = 30.0


class VirtualService(NamedTuple):
    """One virtual service as it runs."""

    name: str
    tenant: str
    state: str
    """``OPER_UP``, ``OPER_DOWN`` ..."""
    reason: str
    """The controller's reason; "" if it gives none."""


class Snapshot(NamedTuple):
    """One moment of one controller."""

    taken_at: float
    """Monotonic seconds."""
    services: Mapping[str, tuple[VirtualService, ...]]
    """By cluster name, as marked."""
    clouds: Mapping[str, str]
    """State of each cloud, by UUID."""
    engines: Mapping[str, tuple[str, ...]]
    """States of the service engines of each group, by the group's UUID."""


async def take(client: AviClient, *, now: float) -> Snapshot:
    """A new snapshot. On a busy controller a virtual service that moves between two pages may be
    missing until the next snapshot. Raises AviErrors."""
    services, clouds, engines = await asyncio.gather(
        client.seen("virtualservice-inventory"),
        client.seen("cloud-inventory", tenant=names.ADMIN_TENANT),
        client.seen("serviceengine-inventory"),
    )
    return Snapshot(
        taken_at=now,
        services=grouped(services.objects),
        clouds={
            str((entry.get("config") or entry).get("uuid", "")): str(
                (entry.get("status") or {}).get("state", "")
            )
            for entry in clouds.objects
        },
        engines=_by_group(engines.objects),
    )


def grouped(inventory: Iterable[structs.JSON]) -> dict[str, tuple[VirtualService, ...]]:
    """Virtual services by the cluster that their marker names; pure."""
    services: dict[str, list[VirtualService]] = {}
    for entry in inventory:
        settings = entry.get("config") or {}
        for cluster in _clusters(settings):
            services.setdefault(cluster, []).append(_service(settings, entry.get("runtime") or {}))
    return {cluster: tuple(sorted(listed)) for cluster, listed in services.items()}


def _clusters(settings: structs.JSON) -> list[str]:
    return [
        str(value)
        for marker in settings.get("markers") or ()
        if marker.get("key") == names.CLUSTER_MARKER
        for value in marker.get("values") or ()
    ]


def _service(settings: structs.JSON, runtime: structs.JSON) -> VirtualService:
    status: dict[str, Any] = runtime.get("oper_status") or {}
    reason = status.get("reason") or ()
    return VirtualService(
        name=str(settings.get("name", "")),
        tenant=str(settings.get("tenant_ref", "")).rpartition("#")[2],
        state=str(status.get("state", "")),
        reason=reason if isinstance(reason, str) else "; ".join(map(str, reason)),
    )


def _by_group(engines: Iterable[structs.JSON]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for engine in engines:
        reference = str((engine.get("config") or {}).get("se_group_ref", ""))
        group = reference.rpartition("/")[2].partition("#")[0]
        status = (engine.get("runtime") or {}).get("oper_status") or {}
        groups.setdefault(group, []).append(str(status.get("state", "")))
    return {group: tuple(sorted(states)) for group, states in groups.items()}


class Snapshots:
    """The last snapshot of each way to a controller; one reading at a time, for all callers."""

    def __init__(self, *, seconds: float = SNAPSHOT_SECONDS) -> None:
        self.seconds = seconds
        self._readings: readings.Readings[Reach, Snapshot] = readings.Readings()

    async def of(self, reach: Reach, client: AviClient, clock: Clock) -> Snapshot:
        """A snapshot that is at most ``seconds`` old. Raises AviErrors, for all waiting callers.

        One per ``reach`` rather than per address, since accounts may see different objects.
        """

        async def read() -> Snapshot:
            return await take(client, now=clock.monotonic())

        def fresh(last: Snapshot) -> bool:
            return clock.monotonic() - last.taken_at < self.seconds

        return await self._readings.get(reach, read, fresh)
