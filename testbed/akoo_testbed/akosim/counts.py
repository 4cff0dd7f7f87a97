"""Starts and logins of the AKOs of this process, by the name of their cluster, for tests.

`counts.of("shop")` before and after; `.since(before)` is the difference.
"""

import typing


class Counts(typing.NamedTuple):
    """Events in the lives of the AKOs of one cluster."""

    starts: int = 0
    """Starts of the container that found its settings."""
    logins: int = 0
    """Logins that Avi took."""
    refused: int = 0
    """Logins that Avi refused: wrong or expired passwords, locked or deleted accounts."""

    def since(self, before: "Counts") -> "Counts":
        """The events after `before`."""
        return Counts(*(now - then for now, then in zip(self, before, strict=True)))


_counts: dict[str, Counts] = {}


def of(cluster: str) -> Counts:
    """The events of all AKOs so far whose setting clusterName is this."""
    return _counts.get(cluster, Counts())


def count(cluster: str, *, starts: int = 0, logins: int = 0, refused: int = 0) -> None:
    """Take in events."""
    now = of(cluster)
    _counts[cluster] = Counts(now.starts + starts, now.logins + logins, now.refused + refused)
