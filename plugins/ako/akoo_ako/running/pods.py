"""Facts about AKO's Pods, read from their objects; pure."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from akoo_ako import names
from akoo_ako.installs import template
from akoo_ako.running import pushes
from akoo_core.plugin import structs

_IMAGE = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
_RESTARTS_WORTH_SAYING = 3
RECENT = datetime.timedelta(minutes=5)
_SETTLED = datetime.timedelta(minutes=1)
"""A container that was restarted is believed after so long."""


class Problem(NamedTuple):
    """Something that does not mend itself. ``message`` says what to do."""

    reason: str
    message: str


def name(pod: structs.JSON) -> str:
    """The Pod's name."""
    return str(pod["metadata"]["name"])


def namespace(pod: structs.JSON) -> str:
    """The Pod's namespace."""
    return str(pod["metadata"].get("namespace") or names.NAMESPACE)


def uid(pod: structs.JSON) -> str:
    """The Pod's UID."""
    return str(pod["metadata"].get("uid", ""))


def started_at(pod: structs.JSON) -> datetime.datetime | None:
    """The last start of AKO's container; None while it does not run."""
    for container in _of_ako(pod):
        run = (container.get("state") or {}).get("running")
        if run is not None:
            stamp = run.get("startedAt") or pod["metadata"].get("creationTimestamp")
            return structs.convert(stamp, datetime.datetime) if stamp else None
    return None


def restarts(pod: structs.JSON) -> int:
    """Restarts of AKO's container."""
    return sum(int(container.get("restartCount") or 0) for container in _of_ako(pod))


def ended_at(pod: structs.JSON) -> datetime.datetime | None:
    """The last end of any container of the Pod; None: none has ended yet."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    runs = ((container.get("lastState") or {}).get("terminated") or {} for container in statuses)
    stamps = (run.get("finishedAt") for run in runs)
    times = [structs.convert(stamp, datetime.datetime) for stamp in stamps if stamp]
    return max(times, default=None)


def restarted(
    pod: structs.JSON, now: datetime.datetime, pushed_at: datetime.datetime | None = None
) -> str:
    """A sentence on a container of AKO that ended a moment ago; "" otherwise."""
    for container in _of_ako(pod):
        ended = (container.get("lastState") or {}).get("terminated") or {}
        stamp = ended.get("finishedAt")
        if stamp and now - structs.convert(stamp, datetime.datetime) < _SETTLED:
            where = f"container {container['name']} of Pod {name(pod)}"
            if pushes.ended_by(container, pushed_at):
                return (
                    f"{where} ended and was restarted, as AKO does whenever Secret {names.SECRET} "
                    f"changes; the operator wrote it at {pushed_at:%Y-%m-%d %H:%M:%S} UTC."
                )
            return f"{where} ended a moment ago and was restarted {_ending(pod, container)}"
    return ""


def problem(
    pod: structs.JSON, now: datetime.datetime, pushed_at: datetime.datetime | None = None
) -> Problem | None:
    """The problem of this Pod that somebody must solve, if there is one.

    ``pushed_at``: the operator's last write of avi-secret, which is expected to end AKO once.
    """
    status = pod.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            message = condition.get("message", "no Node fits")
            return Problem(
                "AkoUnschedulable",
                f"Pod {name(pod)} cannot be scheduled: {message} Adapt "
                "spec.plugins.ako.nodeSelector, tolerations or resources, or add Nodes "
                "(each replica needs its own).",
            )
    for container in status.get("containerStatuses") or ():
        obstacle = _waiting(pod, container)
        if obstacle is None or obstacle.reason == "AkoCrashing":
            if pushes.excused(container, pushed_at):
                continue
            obstacle = obstacle or _restarting(pod, container, now)
        if obstacle is not None:
            return obstacle
    return None


def running(pod: structs.JSON) -> bool:
    """AKO's process in the Pod can do something: it runs, and the Pod is not being deleted."""
    if "deletionTimestamp" in pod["metadata"]:
        return False
    return any("running" in (container.get("state") or {}) for container in _of_ako(pod))


def image_version(pod: structs.JSON) -> str:
    """The tag of the image of AKO's container, in a Pod or a Pod template; "" if it has none."""
    container = template.ako_container(pod.get("spec") or {})
    return template.parse_image(str(container.get("image") or "")).tag


def overdue(pod: structs.JSON, now: datetime.datetime) -> datetime.timedelta:
    """The time since a Pod that is being deleted should have been gone; zero if it is not."""
    stamp = pod["metadata"].get("deletionTimestamp")
    if stamp is None:
        return datetime.timedelta()
    return max(now - structs.convert(stamp, datetime.datetime), datetime.timedelta())


def _of_ako(pod: structs.JSON) -> list[structs.JSON]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    own = template.ako_container(pod.get("spec") or {}).get("name") or names.CONTAINER
    return [container for container in statuses if container.get("name") == own]


def _waiting(pod: structs.JSON, container: structs.JSON) -> Problem | None:
    waiting: dict[str, Any] = (container.get("state") or {}).get("waiting") or {}
    reason, where = waiting.get("reason", ""), f"container {container['name']} of Pod {name(pod)}"
    if reason in _IMAGE:
        return Problem(
            "AkoImageNotPulled",
            f"{where} waits in {reason}: image {container.get('image', '')}. Check "
            "spec.plugins.ako.version, image and imagePullSecrets, and that the Nodes reach the "
            "registry.",
        )
    if reason in {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}:
        message = waiting.get("message", "no message")
        return Problem(
            "AkoContainerNotCreated",
            f"{where} waits in {reason}: {message}. If a key of ConfigMap {names.CONFIG_MAP} or "
            f"Secret {names.SECRET} is missing, somebody else writes it; else check "
            "spec.plugins.ako.podSecurity and spec.extraConfigs.log.",
        )
    if reason == "CrashLoopBackOff":
        return Problem("AkoCrashing", f"{where} ends again and again {_ending(pod, container)}")
    return None


def _restarting(
    pod: structs.JSON, container: structs.JSON, now: datetime.datetime
) -> Problem | None:
    ended = (container.get("lastState") or {}).get("terminated") or {}
    count = int(container.get("restartCount") or 0)
    if count < _RESTARTS_WORTH_SAYING or "finishedAt" not in ended:
        return None
    if now - structs.convert(ended["finishedAt"], datetime.datetime) > RECENT:
        return None
    where = f"container {container['name']} of Pod {name(pod)}"
    return Problem("AkoCrashing", f"{where} was restarted {count} times {_ending(pod, container)}")


def _ending(pod: structs.JSON, container: structs.JSON) -> str:
    ended = (container.get("lastState") or {}).get("terminated") or {}
    code = f"exit code {ended['exitCode']}" if "exitCode" in ended else "no exit code yet"
    return (
        f"({code}). AKO says why in events of its Pod (AKOShutdown, SyncDisabled; exit code 0 is "
        f"a refused configuration): kubectl -n {namespace(pod)} events"
    )
