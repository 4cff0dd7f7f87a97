"""Restarts of AKO that our own write of Secret avi-secret causes; pure.

AKO ends itself when its Secret changes, and the kubelet starts it again. Only the run of a
container during which the operator wrote the Secret, and which ended soon after, is ended by the
write. A run that began after the write and ended is a crash: it had the new account from its start.
A run that ended before the write says nothing about the new account; AKO is about to be restarted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Final, NamedTuple

from akoo_core.plugin import structs

MANAGER: Final = "akoo-core"
"""Field manager of the operator."""
PROMPTLY: Final = datetime.timedelta(minutes=5)
"""AKO watches its Secret. A run that ended later than this ended for another reason."""
CLOCKS: Final = datetime.timedelta(seconds=5)
"""The Secret has the time of the API server, and the container that of its Node."""


def written_at(secrets: Iterable[structs.JSON]) -> datetime.datetime | None:
    """The last write of the operator, by the metadata of avi-secret; None: there was none."""
    times = [
        structs.convert(entry["time"], datetime.datetime)
        for secret in secrets
        for entry in secret["metadata"].get("managedFields") or ()
        if entry.get("manager") == MANAGER and entry.get("time")
    ]
    return max(times, default=None)


def ended_by(container: structs.JSON, pushed_at: datetime.datetime | None) -> bool:
    """The write at ``pushed_at`` ended the last run of the container."""
    run = _last_run(container)
    if pushed_at is None or run is None:
        return False
    return run.began < pushed_at and pushed_at - CLOCKS <= run.ended <= pushed_at + PROMPTLY


def excused(container: structs.JSON, pushed_at: datetime.datetime | None) -> bool:
    """The last end is no sign of a crash: the write caused it, or came after it to a container that
    runs. One that does not run again is only excused if the write ended it."""
    run = _last_run(container)
    if ended_by(container, pushed_at):
        return True
    runs = "running" in (container.get("state") or {})
    return runs and run is not None and pushed_at is not None and run.ended < pushed_at


class _Run(NamedTuple):
    began: datetime.datetime
    ended: datetime.datetime


def _last_run(container: structs.JSON) -> _Run | None:
    run = (container.get("lastState") or {}).get("terminated") or {}
    if not run.get("startedAt") or not run.get("finishedAt"):
        return None
    return _Run(
        structs.convert(run["startedAt"], datetime.datetime),
        structs.convert(run["finishedAt"], datetime.datetime),
    )
