"""Tell an AKO that works from one that only answers its probe. Pure.

AKO serves /api/status from its first second, before it has looked at anything. It says in Events
on its Pod how far it has come: ValidatedUserInput, LeaderElection, and AKOReady once it listens
to the cluster (AKODeleteConfigSet instead, where it was told to delete); every replica does. Events
expire, so what was seen of a start is stored as a fact. Source: internal/k8s/ako_init.go of AKO.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal, NamedTuple

from akoo_ako.running import pods
from akoo_core.plugin import api, structs

READY_EVENTS: Final = ("AKOReady", "AKODeleteConfigSet")
EVENTS_KEPT = datetime.timedelta(minutes=50)
"""An API server keeps Events for an hour, unless it is told otherwise (--event-ttl)."""
STORED_AGAIN = datetime.timedelta(minutes=10)
"""A start that hangs is looked at all the time, and written this often."""
HANGS_AFTER = datetime.timedelta(minutes=10)
_EVENTS_SHOWN = 3

State = Literal["starting", "ready"]


class Start(structs.Struct, frozen=True, kw_only=True):
    """One start of AKO's container, as it was last seen."""

    pod_uid: str
    started_at: datetime.datetime
    state: State
    looked_at: datetime.datetime
    """The last look at its Events; once it is ready there is none any more."""
    follows_ready: bool = False
    """The start before it in the same Pod had said that it works. Each start says so once, so even
    an Event of the second of the restart is this one's."""


class AkoStarts(api.Fact, frozen=True, kw_only=True):
    """The starts of the containers that run now."""

    fact_name: ClassVar[str] = "AkoStarts"

    starts: tuple[Start, ...] = ()

    def of(self, pod: structs.JSON) -> Start | None:
        """The stored start of the Pod's container; None for a newer one."""
        uid, begun = pods.uid(pod), pods.started_at(pod)
        return next(
            (start for start in self.starts if (start.pod_uid, start.started_at) == (uid, begun)),
            None,
        )

    def follows_ready(self, pod: structs.JSON) -> bool:
        """The start before the Pod's current one had said that it works."""
        begun, known = pods.started_at(pod), self.of(pod)
        if known is not None:
            return known.follows_ready
        return begun is not None and any(
            start.pod_uid == pods.uid(pod) and start.state == "ready" and start.looked_at < begun
            for start in self.starts
        )


class Events(NamedTuple):
    """AKO's Events on one Pod. ``enabled``: AKO writes some at all (key enableEvents).

    ``follows_ready``: see Start.
    """

    items: Sequence[structs.JSON] = ()
    enabled: bool = True
    follows_ready: bool = False


def judge(
    pod: structs.JSON, events: Events, known: Start | None, now: datetime.datetime
) -> Start | None:
    """The progress of this start; None while the container does not run.

    A start that nobody looked at in time has no Events any more: it counts as ready, and restarts
    and the probe decide.
    """
    begun = pods.started_at(pod)
    if begun is None:
        return None
    if known is not None and known.state == "ready":
        return known
    looked_at = known.looked_at if known is not None else begun
    ready = bool(since_start(pod, events, READY_EVENTS))
    unseen = not events.enabled or now - looked_at > EVENTS_KEPT
    state: State = "ready" if ready or unseen else "starting"
    if known is not None and state == known.state and now - looked_at < STORED_AGAIN:
        return known
    return Start(
        pod_uid=pods.uid(pod),
        started_at=begun,
        state=state,
        looked_at=now,
        follows_ready=events.follows_ready,
    )


def since_start(pod: structs.JSON, events: Events, reasons: Sequence[str] = ()) -> list[str]:
    """Reasons of the Events of this start of the container, oldest first.

    Of a container that was restarted, an Event of the second of the restart is the old one's,
    unless that had said before that it works.
    """
    begun = pods.started_at(pod)
    if begun is None:
        return []
    unclear = pods.restarts(pod) and not events.follows_ready
    least = begun + datetime.timedelta(seconds=1 if unclear else 0)
    times = [(_time(event), str(event.get("reason", ""))) for event in events.items]
    return [
        reason
        for time, reason in sorted(times)
        if time >= least and (not reasons or reason in reasons)
    ]


def _time(event: structs.JSON) -> datetime.datetime:
    metadata: dict[str, Any] = event["metadata"]
    stamps = (event.get("lastTimestamp"), event.get("eventTime"), event.get("firstTimestamp"))
    text = next(filter(None, stamps), None) or metadata.get("creationTimestamp")
    if not text:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return structs.convert(text, datetime.datetime)


def waiting(
    pod: structs.JSON, start: Start | None, events: Events, now: datetime.datetime
) -> tuple[str, str] | None:
    """Reason and message while AKO in this Pod has not started to work; None once it has."""
    where = f"AKO in Pod {pods.name(pod)}"
    if start is None:
        return "AkoStarting", f"{where} does not run (yet)."
    if start.state == "ready":
        return None
    age = now - start.started_at
    reasons = since_start(pod, events)[-_EVENTS_SHOWN:]
    last = "it has written no Event so far"
    if reasons:
        last = f"its Events so far: {', '.join(reasons)}"
    message = (
        f"{where} was started at {start.started_at:%Y-%m-%d %H:%M:%S} UTC and has not said yet "
        f"that it works (Event AKOReady); {last}."
    )
    if age < HANGS_AFTER:
        return "AkoStarting", message
    return "AkoStartHangs", (
        f"{message} It waits for something: for kinds of its CNI plugin that the cluster does not "
        "have (spec.extraConfigs.cniPlugin), for an object of its own kinds that it cannot read, "
        f"or for the Avi Controller. See kubectl -n {pods.namespace(pod)} logs {pods.name(pod)}."
    )
