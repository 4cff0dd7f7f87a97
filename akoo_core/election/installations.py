"""Other installations of akoo-core for the same management cluster, by their Leases. Pure.

A Lease carries a label made from the management id. A Lease elsewhere with the same label belongs
to a second installation. It counts as live until it was seen unchanged for a whole lease time: its
holder may act for as long, however wrong the clocks are.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

MANAGEMENT_LABEL = "akoo.io/management"
"""Label of a Lease: the management cluster that its holder works for."""
WATCH_LABEL = "akoo.io/watch-namespace"
"""Label of a Lease: the only namespace whose Clusters its holder watches. Absent: all are."""


def label_value(management_id: str) -> str:
    """The label's value; an id may have characters that labels cannot have."""
    return hashlib.sha256(management_id.encode()).hexdigest()[:32]


def labels(management_id: str, watch_namespace: str) -> dict[str, str]:
    """The labels of a Lease; "" for one that it must not have."""
    return {MANAGEMENT_LABEL: label_value(management_id), WATCH_LABEL: watch_namespace}


class SeenLease(NamedTuple):
    """A Lease with our label, at one moment."""

    namespace: str
    name: str
    holder: str
    renewed: str
    """MicroTime of the last renewal or release; "" for none."""
    created: str
    seconds: float
    """The time that the holder promised to renew it in; 0 for none."""

    @property
    def key(self) -> tuple[str, str]:
        return (self.namespace, self.name)

    @property
    def age_order(self) -> tuple[str, str, str]:
        """Sorts the older of two Leases first; the same for everybody who looks."""
        return (self.created, *self.key)


def seen(obj: dict[str, Any]) -> SeenLease:
    """A Lease as it was listed."""
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    return SeenLease(
        namespace=metadata.get("namespace") or "",
        name=metadata["name"],
        holder=spec.get("holderIdentity") or "",
        renewed=spec.get("renewTime") or "",
        created=metadata.get("creationTimestamp") or "",
        seconds=float(spec.get("leaseDurationSeconds") or 0),
    )


class Installations:
    """The Leases of all installations, as they were seen, and since when they are unchanged."""

    def __init__(self, namespace: str, name: str, *, lease_seconds: float) -> None:
        self._own = (namespace, name)
        self._lease_seconds = lease_seconds
        self._leases: dict[tuple[str, str], tuple[SeenLease, float]] = {}

    def observe(self, leases: Iterable[SeenLease], now: float) -> None:
        """Take all Leases of a list that ended at ``now``, a time of a monotonic clock."""
        before = self._leases
        self._leases = {}
        for lease in leases:
            known = before.get(lease.key)
            since = known[1] if known is not None and known[0] == lease else now
            self._leases[lease.key] = (lease, since)

    def live(self, now: float, wall: datetime.datetime) -> tuple[SeenLease, ...]:
        """The Leases of other installations that may act, or may soon act again; oldest first.

        ``wall`` spares the wait for a Lease that was released long ago. It decides nothing else.
        """
        return tuple(
            sorted(
                (
                    lease
                    for lease, since in self._leases.values()
                    if lease.key != self._own and self._is_live(lease, now - since, wall)
                ),
                key=lambda lease: lease.age_order,
            )
        )

    def oldest(self, others: Iterable[SeenLease]) -> bool:
        """Our Lease is there, and older than all ``others``."""
        own = self._leases.get(self._own)
        return own is not None and all(own[0].age_order < other.age_order for other in others)

    def _is_live(self, lease: SeenLease, unchanged: float, wall: datetime.datetime) -> bool:
        if unchanged >= max(lease.seconds, self._lease_seconds):
            return False
        if lease.holder:
            return True
        # Released: another replica of that installation takes it within a few seconds.
        return wall < _time(lease.renewed) + datetime.timedelta(seconds=self._lease_seconds)


def _time(text: str) -> datetime.datetime:
    """The time of a MicroTime; long ago for anything else."""
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
    except ValueError:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC) + datetime.timedelta(days=1)
