"""Only an attempt that is explained by the caches alone may come to nothing unseen."""

from __future__ import annotations

import pytest

from akoo_core.app import attempts
from akoo_core.bus import causes
from akoo_core.queue import core


def cause(kind: str) -> causes.Cause:
    return causes.Cause(kind=kind, name="demo/shop", resource_version="7")


def entry(*why: object, dropped: int = 0) -> core.QueueEntry:
    return core.QueueEntry(
        key="k", priority=0, attempt=1, waited_seconds=0.0, causes=why, dropped_causes=dropped
    )


@pytest.mark.parametrize("kind", ["Cluster", "AKODeployment", "AKODeploymentConfig", "Secret"])
def test_a_change_that_the_caches_follow_explains(kind: str) -> None:
    assert attempts.explained(entry(cause(kind), cause("Cluster")))


@pytest.mark.parametrize(
    "queue_entry",
    [
        entry(),
        entry(cause("AviIPPool")),
        entry(cause("Cluster"), cause("AviIPPool")),
        entry(cause("Cluster"), "somebody said so"),
        entry(cause("Cluster"), dropped=1),
    ],
    ids=["time", "another kind", "one of another kind", "a word", "forgotten causes"],
)
def test_anything_else_does_not(queue_entry: core.QueueEntry) -> None:
    assert not attempts.explained(queue_entry)
