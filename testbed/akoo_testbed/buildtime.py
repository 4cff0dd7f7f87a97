"""The time that the first build of a binary takes. Pure, but for the number of cores.

Measured on two quiet cores with Go 1.26 and empty caches, the binaries in the order of the recipes:
each finds compiled what it shares with those before it. The options of `gobuild`, which came later,
save SAVED of the CPU time: without debug information 13 % at etcd and at vcsim, and with less
garbage collection 19 % at vcsim. Jaeger, without the client of Elasticsearch 8, takes 150 s of CPU
time in an empty cache, and 96 s with what others compile before it (`-debug-actiongraph`).
"""

import os
import typing
from collections.abc import Iterable

MEASURED_ON_CORES: typing.Final = 2
SAVED: typing.Final = 0.15
SECONDS: typing.Final = {
    "etcd": 77,
    "kube-apiserver": 340,
    "kube-controller-manager": 124,
    "kubectl": 38,
    "cluster-api": 210,
    "clusterctl": 35,
    "jaeger": 60,
    "vcsim": 30,
}


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def expected_seconds(binaries: Iterable[str], cores: int) -> float | None:
    """Seconds for a build of these binaries alone on so many cores; None where one of them was not
    measured."""
    seconds = [SECONDS.get(binary) for binary in binaries]
    known = [each for each in seconds if each is not None]
    if len(known) < len(seconds):
        return None
    return sum(known) * (1 - SAVED) * MEASURED_ON_CORES / cores


def text(seconds: float) -> str:
    """`40 s`, `3 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def about(binaries: Iterable[str], cores: int) -> str:
    """`about 6 min on 2 cores`, or "" where it is not known."""
    seconds = expected_seconds(binaries, cores)
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    time = f"{minutes} min" if minutes > 1 else "a minute" if seconds >= 45 else "half a minute"
    return f"about {time} on {cores} core{'s' if cores > 1 else ''}"
