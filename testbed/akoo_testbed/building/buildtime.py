"""The time that the first build of a binary takes. Pure, but for the number of cores.

CPU_SECONDS were measured with Go 1.26 and the options of `gobuild` on a busy machine, by `go build
-debug-actiongraph=FILE`: CmdUser and CmdSys of its actions and the time of `go` itself, the
binaries in the order of the recipes from an empty cache. Each finds compiled what it shares with
those before it. clusterctl and vcsim were measured with other options, in seconds on two cores, and
have the ratio of the others.
"""

import os
import typing
from collections.abc import Iterable

USED: typing.Final = 0.92
"""The part of two cores that a build keeps busy: 32 CPU minutes took 17 min 21 s."""
CPU_SECONDS: typing.Final = {
    "etcd": 95,
    "kube-apiserver": 380,
    "kube-controller-manager": 115,
    "kubectl": 50,
    "cluster-api": 263,
    "clusterctl": 43,
    "jaeger": 96,
    "vcsim": 36,
}


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def expected_seconds(binaries: Iterable[str], cores: int) -> float | None:
    """Seconds for a build of these binaries alone on so many cores; None where one of them was not
    measured."""
    seconds = [CPU_SECONDS.get(binary) for binary in binaries]
    known = [each for each in seconds if each is not None]
    if len(known) < len(seconds):
        return None
    return sum(known) / (USED * cores)


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
