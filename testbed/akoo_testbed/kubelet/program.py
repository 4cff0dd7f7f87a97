"""The seam for what runs inside a Pod's main container."""

import asyncio
import collections.abc
import dataclasses
import typing

from akoo_testbed.kubeapi import KubeApi, Object
from akoo_testbed.kubelet.options import KubeletOptions

WORKLOADS = ("StatefulSet", "ReplicaSet")
"""Owners of Pods that run a program."""


class Exit(typing.NamedTuple):
    """The end of a container by itself."""

    code: int
    message: str


class Switches:
    """The options in force, which change while the kubelet runs."""

    def __init__(self, options: KubeletOptions) -> None:
        self.current = options
        self._changed = asyncio.Event()

    def set(self, options: KubeletOptions) -> None:
        """Put other options in force and wake those who wait for it."""
        self.current = options
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, predicate: collections.abc.Callable[[KubeletOptions], bool]) -> None:
        """Return as soon as the options satisfy `predicate`."""
        while not predicate(self.current):
            await self._changed.wait()


@dataclasses.dataclass(slots=True)
class Ending:
    """The end that a program is given."""

    grace_seconds: float = 0.0
    """The time between SIGTERM and SIGKILL; 0: it is killed at once."""


def _not_probed(_ready: bool) -> None:
    """Takes the answer of a probe that nobody asked for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Container:
    """The input of a program."""

    pod: Object
    api: KubeApi
    switches: Switches
    up: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    """To be set by the program when it has read its configuration: the Pod is Ready then.

    A real AKO's Pod is Ready a little earlier. Here a change made to a Ready Pod's ConfigMap is
    always met as a change.
    """
    report: collections.abc.Callable[[bool], None] = _not_probed
    """To be called with each answer of the readiness probe, by programs with `probes`."""
    ending: Ending = dataclasses.field(default_factory=Ending)


class Program(typing.Protocol):
    """Runs while the container runs; cancelled, without a chance to write, when it is killed.

    Returning means that the container ended by itself: it is started again after a back-off.
    """

    async def __call__(self, container: Container) -> Exit:
        """Do the container's work."""
        ...


def is_probed(program: Program | None) -> bool:
    """The program reports whether its Pod is ready; other Pods are ready when they run."""
    return bool(getattr(program, "probes", False))


def program_for(pod: Object, programs: collections.abc.Mapping[str, Program]) -> Program | None:
    """The program of a workload's Pod, by its label app.kubernetes.io/name, or by the name of its
    StatefulSet: some packages label AKO's Pod after the cluster."""
    owners = [
        owner for owner in pod["metadata"].get("ownerReferences", ()) if owner["kind"] in WORKLOADS
    ]
    if not owners:
        return None
    label = pod["metadata"].get("labels", {}).get("app.kubernetes.io/name", "")
    sets = [owner["name"] for owner in owners if owner["kind"] == "StatefulSet"]
    return next((programs[name] for name in (label, *sets) if name in programs), None)
