"""AKO is ready once it has said that it works, and not as long as it only answers its probe."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import pytest
from akoo_ako import names
from akoo_ako.plugin import AkoPlugin
from akoo_ako.running import observe, pods, starts, workload
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import testing
from akoo_core.kube import resource
from akoo_core.objects import conditions
from akoo_core.plugin import api, structs
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time
from akoo_core.testing.memory import kubelet

SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)


def at(build: Any, seconds: float) -> str:
    """Text of a time, ``seconds`` after the Pod's container was started."""
    moment: datetime.datetime = build.now + seconds * SECOND
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def restarted(build: Any, seconds: float, count: int = 1) -> dict[str, Any]:
    """A Pod whose container ended and was started again so late."""
    state = {"running": {"startedAt": at(build, seconds)}}
    ended = {"terminated": {"exitCode": 2, "finishedAt": at(build, seconds)}}
    container = {"name": names.CONTAINER, "state": state, "ready": True, "restartCount": count}
    pod: dict[str, Any] = build.pod(
        status={"containerStatuses": [{**container, "lastState": ended}]}
    )
    return pod


def state(build: Any, pod: Any, *events: Any, seconds: float, **more: Any) -> str:
    known = more.pop("known", None)
    start = starts.judge(pod, starts.Events(events, **more), known, build.now + seconds * SECOND)
    return start.state if start is not None else "none"


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ((), "starting"),
        (("ValidatedUserInput",), "starting"),
        (("ValidatedUserInput", "LeaderElection"), "starting"),
        (("ValidatedUserInput", "LeaderElection", "AKOReady"), "ready"),
        (("ValidatedUserInput", "AKODeleteConfigSet"), "ready"),
        (("SyncDisabled",), "starting"),
    ],
)
def test_it_has_started_once_it_says_so(
    build: Any, reasons: tuple[str, ...], expected: str
) -> None:
    events = [build.event(reason, at(build, 5)) for reason in reasons]
    assert state(build, build.pod(), *events, seconds=20) == expected


def test_a_container_that_waits_has_not_started(build: Any) -> None:
    waits = {"name": names.CONTAINER, "state": {"waiting": {"reason": "ContainerCreating"}}}
    pod = build.pod(status={"containerStatuses": [waits]})
    assert state(build, pod, build.event(), seconds=20) == "none"
    assert starts.waiting(pod, None, starts.Events(), build.now) is not None


def test_each_restart_has_to_say_it_again(build: Any) -> None:
    before = build.event("AKOReady", at(build, 30))
    assert state(build, restarted(build, 30), before, seconds=40) == "starting"
    after = build.event("AKOReady", at(build, 31))
    assert state(build, restarted(build, 30), before, after, seconds=40) == "ready"
    known = starts.Start(
        pod_uid="uid-of-ako-0", started_at=build.now, state="ready", looked_at=build.now
    )
    assert starts.AkoStarts(starts=(known,)).of(build.pod()) == known
    assert starts.AkoStarts(starts=(known,)).of(restarted(build, 30)) is None
    assert starts.AkoStarts(starts=(known,)).of(build.pod("ako-1")) is None


def test_a_start_within_a_second_is_told_by_the_one_before(build: Any) -> None:
    """AKO had said that it works, and says it again in the second in which it is restarted."""
    again, pod = build.event("AKOReady", at(build, 30)), restarted(build, 30)
    ready = starts.Start(
        pod_uid="uid-of-ako-0", started_at=build.now, state="ready", looked_at=build.now + SECOND
    )
    assert starts.AkoStarts(starts=(ready,)).follows_ready(pod)
    assert state(build, pod, again, seconds=40, follows_ready=True) == "ready"
    late = structs.replace(ready, looked_at=build.now + 30 * SECOND)
    waits = structs.replace(ready, state="starting")
    other = structs.replace(ready, pod_uid="another")
    for before in ((late,), (waits,), (other,), ()):
        assert not starts.AkoStarts(starts=before).follows_ready(pod)
    first = starts.judge(pod, starts.Events(follows_ready=True), None, build.now + 31 * SECOND)
    assert first is not None
    assert first.state == "starting"
    assert starts.AkoStarts(starts=(first,)).follows_ready(pod), "at the next look, too"


def test_an_event_that_was_counted_up_has_the_later_time(build: Any) -> None:
    event = build.event("AKOReady", at(build, 40)) | {"firstTimestamp": at(build, 5), "count": 2}
    assert state(build, restarted(build, 30), event, seconds=50) == "ready"


def test_times_of_newer_events_count_too(build: Any) -> None:
    event = build.event("AKOReady") | {
        "lastTimestamp": None,
        "eventTime": at(build, 5).replace("Z", ".123456Z"),
    }
    assert state(build, build.pod(), event, seconds=20) == "ready"


def test_what_was_seen_once_holds_when_the_event_is_gone(build: Any) -> None:
    known = starts.judge(build.pod(), starts.Events([build.event()]), None, build.now + MINUTE)
    assert state(build, build.pod(), seconds=7 * 86400, known=known) == "ready"


def test_a_start_that_nobody_saw_is_judged_by_restarts_and_probe(build: Any) -> None:
    assert state(build, build.pod(), seconds=49 * 60) == "starting"
    assert state(build, build.pod(), seconds=51 * 60) == "ready"


@pytest.mark.parametrize(("age", "seconds"), [(0, 1.0), (5, 1.0), (10, 2.0), (15, 3.0), (600, 3.0)])
def test_a_young_start_is_looked_at_more_often(build: Any, age: int, seconds: float) -> None:
    start = starts.judge(build.pod(), starts.Events(), None, build.now)
    assert start is not None
    fact = starts.AkoStarts(starts=(start,))
    assert observe.next_look(fact, build.now + age * SECOND) == seconds


def test_a_start_that_hangs_is_never_ready(build: Any) -> None:
    known = None
    for minute in range(0, 3 * 1440, 5):
        known = starts.judge(build.pod(), starts.Events(), known, build.now + minute * MINUTE)
        assert known is not None
        assert known.state == "starting", minute
    hanging = starts.waiting(build.pod(), known, starts.Events(), build.now + 3 * 1440 * MINUTE)
    assert hanging is not None
    assert hanging[0] == "AkoStartHangs"
    assert "cniPlugin" in hanging[1]


def test_what_hangs_is_not_written_at_each_look(build: Any) -> None:
    first = starts.judge(build.pod(), starts.Events(), None, build.now + MINUTE)
    assert starts.judge(build.pod(), starts.Events(), first, build.now + 5 * MINUTE) is first
    later = starts.judge(build.pod(), starts.Events(), first, build.now + 12 * MINUTE)
    assert later is not first


def test_where_ako_writes_no_events_it_cannot_be_told(build: Any) -> None:
    assert state(build, build.pod(), seconds=20, enabled=False) == "ready"


@given(
    ends=st.lists(st.integers(min_value=1, max_value=20), min_size=1, max_size=6),
    look=st.integers(min_value=0, max_value=59),
)
def test_restarts_within_a_minute_are_never_ready(build: Any, ends: list[int], look: int) -> None:
    """However soon after its restart each container says that it works."""
    last = sum(ends)
    pod = restarted(build, last, count=len(ends))
    now = build.now + (last + look) * SECOND
    template = next(obj for obj in build.deployed() if obj["kind"] == "StatefulSet")
    template["metadata"]["generation"] = 1
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas"), 1)
    template["status"] = {"observedGeneration": 1, **counts}
    answer = observe.judge(workload.Deployed(template, [pod]), now)
    assert not isinstance(answer, api.Done)
    assert pods.restarts(pod) == len(ends)


SETTINGS = Settings(allowed_secret_namespaces=("avi",))


def ready(fleet: testing.Fleet) -> tuple[str, str]:
    record = fleet.record("shop")
    condition = record and conditions.find(record.status.conditions, "Ready")
    return (condition.status, condition.reason) if condition else ("Unknown", "")


async def prepared(fleet: testing.Fleet, build: Any) -> None:
    for name, keys in (("shop-avi", ("username", "password")), ("ca", (CA,))):
        secret = {"apiVersion": "v1", "kind": "Secret", "data": dict.fromkeys(keys, "YQ==")}
        metadata = {"name": name, "namespace": "avi"}
        await fleet.user.create(resource.SECRETS, {**secret, "metadata": metadata})
    await fleet.create_config(build.adc()["spec"])
    await fleet.create_cluster("shop")


CA = "certificateAuthorityData"


def test_a_life_with_a_start_that_hangs(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kubelet.READY_EVENTS, "ako", "ValidatedUserInput")

    async def main(now: virtual_time.LoopClock) -> None:
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            await prepared(fleet, build)
            await fleet.until(lambda: ready(fleet)[1] == "AkoStarting", seconds=600)
            await fleet.until(lambda: ready(fleet)[1] == "AkoStartHangs", seconds=1200)
            await asyncio.sleep(300)
            assert ready(fleet) == ("False", "AkoStartHangs")
            record = fleet.record("shop")
            assert record is not None
            assert record.status.phase == "Deploying"
            server = fleet.workload("shop")
            assert server is not None
            (pod,) = server.objects(resource.PODS, names.NAMESPACE)
            event = build.event("AKOReady", now.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
            event["involvedObject"]["uid"] = pod["metadata"]["uid"]
            server.seed(event)
            await fleet.until(lambda: ready(fleet)[0] == "True", seconds=120)
            for event in server.objects(resource.CORE_EVENTS, names.NAMESPACE):
                await server.client().delete(
                    resource.CORE_EVENTS, event["metadata"]["name"], names.NAMESPACE
                )
            await fleet.restart()
            await asyncio.sleep(120)
            assert ready(fleet)[0] == "True", "what was seen once is stored"

    virtual_time.run(main)


async def test_the_second_replica_has_to_start_too(build: Any) -> None:
    server = testing.MemoryServer()
    server.seed(*build.deployed(), build.pod(), build.pod("ako-1"))
    first, second = server.objects(resource.PODS, names.NAMESPACE)
    event = build.event()
    event["involvedObject"]["uid"] = first["metadata"]["uid"]
    server.seed(event)
    deployed = workload.Deployed(None, [first, second])
    now = build.now + 20 * SECOND
    fact, waiting = await observe._look_at_starts(
        server.client(), deployed, starts.AkoStarts(), now
    )
    assert [start.state for start in fact.starts] == ["ready", "starting"]
    assert waiting is not None
    assert "ako-1" in waiting[1]
