"""Events for people (events.k8s.io/v1): on change only; sending them delays nothing.

Each Event is about the Cluster and about the record.
"""

from __future__ import annotations

import asyncio
import collections
import hashlib
import logging
from typing import Any, Literal, NamedTuple

from akoo_core.clock import Clock
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient, Object
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import Record
from akoo_core.plugin.errors import describe
from akoo_core.reconcile.status import notices

Reason = Literal[
    "AKODeployed",
    "AKOCleanupStarted",
    "AKOCleanupHeld",
    "AKOCleanupProven",
    "PlacementLeft",
    "ClusterLetGo",
    "AKONotReady",
    "AKOReady",
]
"""Of the core. Plugins give others."""
NOTE_LIMIT = 1024
NAMESPACE = "default"
"""For Events about an object without a namespace (the API server takes no other)."""
QUEUE_LIMIT = 256
_REMEMBERED = 4096

_log = logging.getLogger(__name__)


class EventSubject(NamedTuple):
    """The object that an Event is about. ``namespace`` is "" for one of the whole cluster."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


def about_cluster(cluster: Cluster) -> EventSubject:
    """The subject of an Event about a Cluster, at the version it was read with."""
    version = cluster.raw.get("apiVersion", "")
    return EventSubject(version, "Cluster", cluster.namespace, cluster.name, cluster.uid)


def about_record(record: Record) -> EventSubject:
    """The subject of an Event about a record."""
    kind = resources.AKO_DEPLOYMENTS
    return EventSubject(kind.api_version, kind.kind, "", record.name, record.uid)


class Recorder:
    """Takes Events at once and sends them when ``run`` gets to it. The oldest are dropped first."""

    def __init__(self, client: KubeClient, clock: Clock, *, instance: str) -> None:
        self._client = client
        self._clock = clock
        self._instance = instance
        self._queue: collections.deque[Object] = collections.deque(maxlen=QUEUE_LIMIT)
        self._last: collections.OrderedDict[tuple[str, str], str] = collections.OrderedDict()
        self._wake = asyncio.Event()
        self.faults = notices.FaultMemory()

    def event(
        self,
        subject: EventSubject,
        reason: str,
        note: str,
        *,
        warning: bool = False,
        repeated: bool = False,
    ) -> None:
        """Queue an Event about ``subject``, unless ``note`` was its last note for this reason and
        is not to be ``repeated``."""
        key = (subject.uid, reason)
        if self._last.get(key) == note and not repeated:
            return
        self._last[key] = note
        self._last.move_to_end(key)
        while len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        self._queue.append(self._object(subject, reason, note[:NOTE_LIMIT], warning=warning))
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Send what is queued. An Event that cannot be sent is dropped and logged."""
        while self._queue:
            event = self._queue.popleft()
            namespace = event["metadata"]["namespace"]
            try:
                await self._client.create(resources.EVENTS, event, namespace)
            except errors.AlreadyExistsError:
                continue
            except Exception as error:  # noqa: BLE001 - one Event must not end all that follow
                _log.warning(
                    "event dropped", extra={"reason": event["reason"], "error": describe(error)}
                )

    def _object(
        self, subject: EventSubject, reason: str, note: str, *, warning: bool
    ) -> dict[str, Any]:
        now = self._clock.now()
        identity = f"{subject.uid}/{reason}/{note}/{now.timestamp()}".encode()
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": f"{subject.name[:200]}.{hashlib.sha256(identity).hexdigest()[:16]}",
                "namespace": subject.namespace or NAMESPACE,
            },
            "eventTime": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "reportingController": "akoo.io/akoo-core",
            "reportingInstance": self._instance[:128],
            "action": reason,
            "reason": reason,
            "note": note,
            "type": "Warning" if warning else "Normal",
            "regarding": {
                "apiVersion": subject.api_version,
                "kind": subject.kind,
                "name": subject.name,
                "uid": subject.uid,
            }
            | ({"namespace": subject.namespace} if subject.namespace else {}),
        }
