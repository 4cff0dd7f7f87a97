"""AKO ends itself when its Secret changes: a restart by our own write is no crash."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from akoo_ako import names
from akoo_ako.running import observe, pushes, workload

from akoo_core import clock
from akoo_core.plugin import api
from akoo_core.testing import memory

PUSHED = datetime.datetime(2026, 1, 1, 11, 58, tzinfo=datetime.UTC)
NOW = PUSHED + datetime.timedelta(minutes=2)


def stamp(seconds: float) -> str:
    """Seconds after the write."""
    return f"{PUSHED + datetime.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def container(
    began: float, ended: float, *, restarts: int = 4, backing_off: bool = False
) -> dict[str, Any]:
    """AKO's container after a run, in seconds after the write."""
    run = {"exitCode": 0, "startedAt": stamp(began), "finishedAt": stamp(ended)}
    state: dict[str, Any] = {"running": {"startedAt": stamp(ended + 1)}}
    if backing_off:
        state = {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "name": names.CONTAINER,
        "image": "i",
        "ready": not backing_off,
        "restartCount": restarts,
        "lastState": {"terminated": run},
        "state": state,
    }


def secret(at: datetime.datetime | None = PUSHED, manager: str = "akoo-core") -> dict[str, Any]:
    """avi-secret with one write, and one of somebody else before."""
    writes = [{"manager": "kubectl", "time": "2020-01-01T00:00:00Z"}]
    if at is not None:
        writes.append({"manager": manager, "time": f"{at:%Y-%m-%dT%H:%M:%SZ}"})
    metadata = {"name": "avi-secret", "namespace": "avi-system", "managedFields": writes}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def judged(
    build: Any,
    state: dict[str, Any],
    pushed_at: datetime.datetime | None = PUSHED,
    now: datetime.datetime = NOW,
) -> api.Result:
    (rendered,) = (obj for obj in build.deployed() if obj["kind"] == "StatefulSet")
    rendered["metadata"] |= {"generation": 1}
    ready = int(state["ready"])
    counts = {"replicas": 1, "readyReplicas": ready, "updatedReplicas": 1}
    rendered["status"] = {"observedGeneration": 1, **counts}
    pod = build.pod(status={"containerStatuses": [state]})
    return observe.judge(workload.Deployed(rendered, [pod]), now, pushed_at)


def test_the_restart_by_our_write_is_no_crash(build: Any) -> None:
    """The fourth rotation of a Pod's life, say, two minutes after it."""
    assert isinstance(judged(build, container(-86400, 1)), api.Done)
    without = judged(build, container(-86400, 1), None)
    assert isinstance(without, api.Blocked)
    assert without.reason == "AkoCrashing"


def test_within_a_minute_it_waits_and_says_why(build: Any) -> None:
    answer = judged(build, container(-86400, 100))
    assert isinstance(answer, api.Wait)
    assert answer.reason == "AkoRestarted"
    assert "the operator wrote it at 2026-01-01 11:58:00 UTC" in answer.message
    assert "refused configuration" not in answer.message


def test_a_kubelet_that_holds_the_start_back_is_waited_for(build: Any) -> None:
    """An AKO that ran for less than ten minutes is in CrashLoopBackOff after its restart."""
    answer = judged(build, container(-60, 1, backing_off=True))
    assert isinstance(answer, api.Wait)
    assert answer.reason == "AkoNotReady"


@pytest.mark.parametrize("backing_off", [False, True])
@pytest.mark.parametrize(
    ("began", "ended"),
    [(2, 4), (0, 30), (-86400, 301)],
    ids=["after it", "at it", "long after"],
)
def test_a_crash_loop_is_seen(build: Any, began: float, ended: float, backing_off: bool) -> None:
    """A run that began with the new Secret and ended, or that ended at another time, is a crash."""
    later = PUSHED + datetime.timedelta(seconds=ended + 90)
    answer = judged(build, container(began, ended, backing_off=backing_off), now=later)
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "AkoCrashing"


def test_a_write_into_a_crash_loop_hides_nothing(build: Any) -> None:
    """The container waits to be started again; only where it runs the new account may help."""
    answer = judged(build, container(-86400, -30, backing_off=True))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "AkoCrashing"
    assert isinstance(judged(build, container(-86400, -30)), api.Done)


def test_an_image_that_is_not_pulled_is_reported_also_after_a_write(build: Any) -> None:
    state = container(-86400, 1) | {"ready": False}
    state["state"] = {"waiting": {"reason": "ErrImagePull"}}
    answer = judged(build, state)
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "AkoImageNotPulled"


def test_only_the_operators_writes_count() -> None:
    assert pushes.written_at([secret()]) == PUSHED
    assert pushes.written_at([secret(manager="kubectl")]) is None
    assert pushes.written_at([secret(None)]) is None
    assert pushes.written_at([]) is None


@pytest.mark.parametrize("ended", [True, False])
async def test_the_secret_is_looked_at_only_after_an_end(build: Any, ended: bool) -> None:
    """By its metadata alone: no value leaves the workload cluster."""
    (rendered,) = (obj for obj in build.deployed() if obj["kind"] == "StatefulSet")
    pod = build.pod(status={"containerStatuses": [container(-86400, 1 if ended else -3600)]})
    server = memory.MemoryServer()
    server.seed(rendered, pod, secret())
    now = clock.ManualClock(NOW)
    await observe.observe(build.context(server.client(), now=now))
    calls = [call.operation for call in server.faults.calls]
    assert ("list secrets" in calls) is ended
    assert "get secrets" not in calls
