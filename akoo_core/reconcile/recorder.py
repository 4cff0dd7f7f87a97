"""Events for people (events.k8s.io/v1): on change only, and never in anybody's way."""

from __future__ import annotations

import asyncio
import collections
import hashlib
import logging
from typing import Any, Literal

from akoo_core import clock as clock_
from akoo_core.api import cluster
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube import resource as resources

Reason = Literal[
    "AKODeployed",
    "AKOCleanupStarted",
    "AKOCleanupHeld",
    "AKOCleanupProven",
    "PlacementLeft",
    "ClusterLetGo",
]
NOTE_LIMIT = 1024
QUEUE_LIMIT = 256
_REMEMBERED = 1024

_log = logging.getLogger(__name__)


class Recorder:
    """Takes Events at once and sends them when ``run`` gets to it. The oldest are dropped first."""

    def __init__(self, client: client_.KubeClient, clock: clock_.Clock, *, instance: str) -> None:
        self._client = client
        self._clock = clock
        self._instance = instance
        self._queue: collections.deque[client_.Object] = collections.deque(maxlen=QUEUE_LIMIT)
        self._last: collections.OrderedDict[tuple[str, str], str] = collections.OrderedDict()
        self._wake = asyncio.Event()

    def event(self, target: cluster.Cluster, reason: Reason, note: str) -> None:
        """Say ``note`` about the Cluster unless it was the last thing said for this reason."""
        key = (target.uid, reason)
        if self._last.get(key) == note:
            return
        self._last[key] = note
        self._last.move_to_end(key)
        while len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        self._queue.append(self._object(target, reason, note[:NOTE_LIMIT]))
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
            except (errors.KubeError, TimeoutError) as error:
                _log.warning(
                    "event dropped", extra={"reason": event["reason"], "error": str(error)}
                )

    def _object(self, target: cluster.Cluster, reason: Reason, note: str) -> dict[str, Any]:
        now = self._clock.now()
        identity = f"{target.uid}/{reason}/{note}/{now.timestamp()}".encode()
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": f"{target.name[:200]}.{hashlib.sha256(identity).hexdigest()[:16]}",
                "namespace": target.namespace,
            },
            "eventTime": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "reportingController": "akoo.io/akoo-core",
            "reportingInstance": self._instance[:128],
            "action": reason,
            "reason": reason,
            "note": note,
            "type": "Warning" if reason == "AKOCleanupHeld" else "Normal",
            "regarding": {
                "apiVersion": target.raw.get("apiVersion", ""),
                "kind": "Cluster",
                "namespace": target.namespace,
                "name": target.name,
                "uid": target.uid,
            },
        }
