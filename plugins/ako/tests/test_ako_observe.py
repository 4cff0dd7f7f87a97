"""observe: from AKO's objects to one sentence that says what to do."""

from __future__ import annotations

import copy
import datetime
from typing import Any

import pytest
from akoo_ako import names, options
from akoo_ako.releases.release import Image
from akoo_ako.running import observe, pods, workload

from akoo_core import clock
from akoo_core.kube import resource
from akoo_core.plugin import api
from akoo_core.reconcile.decide import facts
from akoo_core.testing import memory

RESTARTED = {"exitCode": 0, "finishedAt": "2025-12-31T23:59:00Z"}


def stateful_set(build: Any, of: api.View | None = None, **status: Any) -> dict[str, Any]:
    """AKO's StatefulSet, fully rolled out unless ``status`` says otherwise."""
    (rendered,) = (obj for obj in build.deployed(of) if obj["kind"] == "StatefulSet")
    rendered["metadata"] |= {"generation": 1}
    rendered["status"] = {
        "observedGeneration": 1,
        "replicas": 1,
        "readyReplicas": 1,
        "updatedReplicas": 1,
        **status,
    }
    return rendered  # type: ignore[no-any-return]


def container(**changes: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"name": names.CONTAINER, "image": "i", **changes}]}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return container(state={"waiting": {"reason": reason, "message": message}})


def judged(build: Any, *pods: dict[str, Any], **status: Any) -> api.Result:
    return observe.judge(workload.Deployed(stateful_set(build, **status), list(pods)), build.now)


def test_running(build: Any) -> None:
    assert judged(build, build.pod()) == api.Done(version="2.1.1")


def test_version_is_the_images_tag(build: Any) -> None:
    image = Image(repository="mirror:5000/ako", tag="1.13.4-p2", digest=f"sha256:{0:064}")
    view = build.view(ako_options=options.Options(image=image))
    deployed = workload.Deployed(stateful_set(build, view), [build.pod()])
    assert observe.judge(deployed, build.now) == api.Done(version="1.13.4-p2")


def test_an_image_without_a_tag_has_no_version(build: Any) -> None:
    pod = build.pod()
    pod["spec"]["containers"][0]["image"] = "mirror:5000/ako@sha256:abc"
    assert pods.image_version(pod) == ""


def test_missing(build: Any) -> None:
    answer = observe.judge(workload.Deployed(None, []), build.now)
    assert isinstance(answer, api.Wait)
    assert (answer.reason, "avi-system/ako" in answer.message) == ("AkoMissing", True)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({"observedGeneration": 0}, "has not seen the StatefulSet"),
        ({"updatedReplicas": 0}, "0 of 1 Pods have the new configuration"),
        ({"readyReplicas": 0}, "0 of 1 Pods are ready"),
    ],
)
def test_rolling_out_is_a_wait_with_the_running_version(
    build: Any, status: dict[str, Any], message: str
) -> None:
    answer = judged(build, build.pod(), **status)
    assert isinstance(answer, api.Wait)
    assert (answer.reason, answer.version) == ("AkoNotReady", "2.1.1")
    assert message in answer.message


def test_no_pod_points_to_the_events(build: Any) -> None:
    answer = judged(build, updatedReplicas=0, readyReplicas=0)
    assert isinstance(answer, api.Wait)
    assert "quota, Pod Security" in answer.message


@pytest.mark.parametrize(("age", "after"), [(0, 1.0), (20, 4.0), (600, 15.0)])
def test_patience_grows_with_age(build: Any, age: int, after: float) -> None:
    now = build.now + datetime.timedelta(seconds=age)
    deployed = workload.Deployed(stateful_set(build, readyReplicas=0), [build.pod()])
    answer = observe.judge(deployed, now)
    assert isinstance(answer, api.Wait)
    assert answer.after == after


@pytest.mark.parametrize(
    ("status", "reason", "advice"),
    [
        (waiting("ImagePullBackOff"), "AkoImageNotPulled", "spec.plugins.ako.version"),
        (waiting("ErrImagePull"), "AkoImageNotPulled", "registry"),
        (
            waiting("CreateContainerConfigError", "couldn't find key vpcMode"),
            "AkoContainerNotCreated",
            "couldn't find key vpcMode",
        ),
        (waiting("CrashLoopBackOff"), "AkoCrashing", "AKOShutdown"),
        (
            container(restartCount=3, lastState={"terminated": RESTARTED}, state={"running": {}}),
            "AkoCrashing",
            "restarted 3 times (exit code 0)",
        ),
        (
            {
                "conditions": [
                    {"type": "PodScheduled", "reason": "Unschedulable", "message": "0/3 fit."}
                ]
            },
            "AkoUnschedulable",
            "0/3 fit. Adapt spec.plugins.ako.nodeSelector",
        ),
    ],
    ids=["backoff", "pull", "config", "crash", "restarts", "unschedulable"],
)
def test_what_somebody_must_mend(
    build: Any, status: dict[str, Any], reason: str, advice: str
) -> None:
    answer = judged(build, build.pod(status=status))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == reason
    assert advice in answer.message
    assert "ako-0" in answer.message


@pytest.mark.parametrize(
    "status",
    [
        container(
            restartCount=2,
            lastState={"terminated": RESTARTED | {"finishedAt": "2025-12-31T23:58:59Z"}},
        ),
        container(
            restartCount=9,
            lastState={"terminated": RESTARTED | {"finishedAt": "2025-12-31T20:00:00Z"}},
        ),
        waiting("ContainerCreating"),
    ],
    ids=["a few restarts", "long ago", "just starting"],
)
def test_what_mends_itself(build: Any, status: dict[str, Any]) -> None:
    assert isinstance(judged(build, build.pod(status=status)), api.Done)


def test_a_living_ako_told_to_delete_says_so(build: Any) -> None:
    rendered = stateful_set(build)
    rendered["metadata"]["annotations"] = {names.DELETION_STATUS: "Done"}
    answer = observe.judge(workload.Deployed(rendered, [build.pod()]), build.now)
    assert isinstance(answer, api.Done)
    assert answer.message.endswith("avi-config-delete): Done.")


def seeded(build: Any, *objects: dict[str, Any], of: api.View | None = None) -> memory.MemoryServer:
    """A workload cluster with AKO and ``objects``; Pods keep the UIDs they have."""
    server = memory.MemoryServer()
    (config_map,) = (obj for obj in build.deployed(of) if obj["kind"] == "ConfigMap")
    server.seed(stateful_set(build, of), config_map, *objects)
    return server


async def observed(build: Any, server: memory.MemoryServer, **more: Any) -> api.Result:
    now = more.pop("now", build.now)
    clock_ = clock.ManualClock(now)
    return await observe.observe(build.context(server.client(), now=clock_, of=build.view(**more)))


async def test_it_reads_only_and_less_once_ako_has_started(build: Any) -> None:
    foreign = build.pod("other", metadata={"labels": {"app": "other"}})
    server = seeded(build, build.pod(), foreign)
    (pod,) = server.objects(resource.PODS, names.NAMESPACE)[:1]
    event = build.event()
    event["involvedObject"]["uid"] = pod["metadata"]["uid"]
    server.seed(event)
    before = copy.deepcopy(server.store.version)
    now = build.now + datetime.timedelta(minutes=6)
    answer = await observed(build, server, now=now)
    assert isinstance(answer, api.Done)
    assert (answer.version, answer.recheck_seconds) == ("2.1.1", None)
    (fact,) = answer.facts
    stored = facts.stored("ako", (fact,))
    assert server.store.version == before
    calls = [call.operation for call in server.faults.calls]
    assert calls == ["get statefulsets", "list pods", "list events"], "it works: it writes Events"
    server.faults.calls.clear()
    again = await observed(build, server, now=now, facts=stored)
    assert again == answer
    assert [call.operation for call in server.faults.calls] == ["get statefulsets", "list pods"]


async def test_kubernetes_beyond_the_range_is_said_before_the_next_restart(build: Any) -> None:
    old = build.view(ako_options=options.Options(version="1.13.2"))
    server = seeded(build, build.pod(), of=old)
    answer = await observed(build, server, now=build.now + datetime.timedelta(hours=2))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "KubernetesVersionUnsupported"
    assert answer.message.startswith("AKO still runs. AKO 1.13.2 starts on Kubernetes 1.24 to 1.32")


async def test_a_silent_cluster(build: Any) -> None:
    answer = await observe.observe(build.context(None))
    assert isinstance(answer, api.Wait)
    assert answer.reason == "WorkloadUnreachable"
