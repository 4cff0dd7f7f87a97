"""The next action for one Pod; pure."""

import collections.abc
import dataclasses
import datetime

from akoo_testbed.kubeapi import Object
from akoo_testbed.kubelet import references, scheduling, status
from akoo_testbed.kubelet.options import KubeletOptions
from akoo_testbed.kubelet.program import Exit
from akoo_testbed.kubelet.references import Problem


@dataclasses.dataclass(frozen=True, slots=True)
class Bind:
    """Give the Pod its Node."""

    node: str


@dataclasses.dataclass(frozen=True, slots=True)
class WriteStatus:
    """Merge patch the Pod's status."""

    status: Object


@dataclasses.dataclass(frozen=True, slots=True)
class Start:
    """Start the main container's program; done when it is up, or has ended already."""

    restarts: int
    at: datetime.datetime
    """The time of the start, which the Pod's status shows until the next one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kill:
    """End the main container's program."""

    grace_seconds: float = 0.0
    """The time that it gets after SIGTERM, if it is a process."""


@dataclasses.dataclass(frozen=True, slots=True)
class Remove:
    """Take the Pod out of the API; if `orphan`, only when its Node really is gone."""

    orphan: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Again:
    """Look at the Pod again after some seconds."""

    seconds: float


Action = Bind | WriteStatus | Start | Kill | Remove | Again


@dataclasses.dataclass(frozen=True, slots=True)
class Memory:
    """The kubelet's knowledge of a Pod that the Pod does not hold."""

    seen: datetime.datetime
    """The time when the Pod was first met on a working Node of ours."""
    deleting: datetime.datetime | None = None
    """The time when its deletion was first noticed."""
    runs: bool = False
    """Its main container was started by this kubelet and has not ended."""
    restarts: int = -1
    """restartCount of the last start by this kubelet; -1 before it."""
    started: datetime.datetime | None = None
    """The time of that start. A status that is written again has the same one."""
    ready: bool = False
    """The last answer of its readiness probe; only for programs that are probed."""
    crashes: int = 0
    end: Exit | None = None
    ended: datetime.datetime | None = None
    """The last end of the main container by itself, with its time, until it is started again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Machines:
    """The Nodes of the workload cluster, and which of them are ours."""

    nodes: collections.abc.Mapping[str, Object]
    working: frozenset[str]
    lost: frozenset[str]
    load: collections.abc.Mapping[str, int]
    """Pods on each Node."""


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """The knowledge about a Pod at one moment."""

    now: datetime.datetime
    options: KubeletOptions
    machines: Machines
    memory: Memory
    has_program: bool
    find: references.Find
    probed: bool = False
    """The Pod is Ready when its program says so, and not as soon as it runs."""


def plan(pod: Object, view: View) -> list[Action]:
    """The next actions; none when all is as it should be, or when the Pod is not ours."""
    machines, node = view.machines, pod["spec"].get("nodeName")
    if not node:
        return _schedule(pod, view) if scheduling.is_waiting(pod) else []
    if node in machines.lost:
        ready = any(
            c["type"] == "Ready" and c["status"] == "True"
            for c in pod.get("status", {}).get("conditions", ())
        )
        return [WriteStatus(status.unready(pod, view.now))] if ready else []
    if node not in machines.working:
        return [] if node in machines.nodes else [Kill(), Remove(orphan=True)]
    if "deletionTimestamp" in pod["metadata"]:
        return _terminate(pod, view)
    if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return []
    return _run(pod, view)


def _schedule(pod: Object, view: View) -> list[Action]:
    machines = view.machines
    ours = [machines.nodes[name] for name in sorted(machines.working) if name in machines.nodes]
    node = scheduling.choose(pod, ours, machines.load)
    if node:
        return [Bind(node)]
    if any(c["type"] == "PodScheduled" for c in pod.get("status", {}).get("conditions", ())):
        return []
    return [WriteStatus(status.unschedulable(pod, view.now))]


def _terminate(pod: Object, view: View) -> list[Action]:
    grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    since = view.memory.deleting or view.now
    left = min(view.options.termination_seconds, grace) - _passed(since, view)
    return [Again(left)] if left > 0 else [Kill(grace), Remove()]


def _run(pod: Object, view: View) -> list[Action]:
    memory = view.memory
    if memory.runs and not status.is_running(pod):
        return [WriteStatus(_running(pod, memory.restarts, view))]
    if memory.runs and view.probed and status.is_ready(pod) is not memory.ready:
        return [WriteStatus(_running(pod, memory.restarts, view))]
    if memory.runs or (status.is_running(pod) and not view.has_program):
        return []
    if memory.end and memory.ended:
        # 40 times the first delay at most: the kubelet's own 10 s grow to 5 min, 30 times.
        delay = view.options.restart_seconds * min(2 ** max(memory.crashes - 1, 0), 40)
        left = delay - _passed(memory.ended, view)
        if left > 0:
            crash = status.crashed(pod, memory.end, memory.ended, memory.restarts)
            return [*_write(pod, crash), Again(left)]
    elif not status.has_run(pod):
        left = view.options.start_seconds - _passed(memory.seen, view)
        if left > 0:
            return [*_write(pod, status.waiting(pod, {}, view.now)), Again(left)]
    if problems := _problems(pod, view.find):
        return _write(pod, status.waiting(pod, problems, view.now))
    restarts = _next_count(pod, memory)
    ready = not view.probed
    shown = status.running(pod, restarts, view.now, started=view.now, ready=ready)
    return [Start(restarts, view.now), WriteStatus(shown)]


def _running(pod: Object, restarts: int, view: View) -> Object:
    ready = view.memory.ready or not view.probed
    started = view.memory.started or view.now
    return status.running(pod, restarts, view.now, started=started, ready=ready)


def _problems(pod: Object, find: references.Find) -> dict[str, Problem]:
    """Container name -> why it cannot start. One that cannot holds the whole Pod here."""
    namespace, containers = pod["metadata"]["namespace"], pod["spec"]["containers"]
    if problem := references.volume_problem(pod, find):
        return {container["name"]: problem for container in containers}
    problems_ = {}
    for container in containers:
        problem = references.image_problem(container)
        problem = problem or references.environment_problem(container, namespace, find)
        if problem:
            problems_[container["name"]] = problem
    return problems_


def _next_count(pod: Object, memory: Memory) -> int:
    """restartCount of the next start: one more if the container ran before."""
    if memory.restarts >= 0:
        return memory.restarts + 1
    known = int(status.main_status(pod).get("restartCount", 0))
    return known + 1 if status.has_run(pod) else known


def _write(pod: Object, want: Object) -> list[Action]:
    have = pod.get("status", {})
    return [] if all(have.get(key) == value for key, value in want.items()) else [WriteStatus(want)]


def _passed(since: datetime.datetime, view: View) -> float:
    return (view.now - since).total_seconds()
