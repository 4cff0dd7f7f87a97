"""Pods of an install are found by its live selector and owner, in its own namespace."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from akoo_ako import drain, fence, installed
from akoo_ako.running import observe, workload

from akoo_core.objects import record
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import CONFIG_MAPS, PODS, STATEFUL_SETS
from akoo_core.testing import memory

PLACE = "balancers"
LABELS = {"app": "ako-team-a-shop"}
CONTAINER = "ako-team-a-shop"


def package(build: Any, **metadata: Any) -> list[dict[str, Any]]:
    """ConfigMap, StatefulSet and Pod as the ancestor's package names them, in a namespace of its
    own; they carry the record's label, as after an adoption."""
    objects: list[dict[str, Any]] = copy.deepcopy(build.deployed())
    for obj in objects:
        obj["metadata"]["namespace"] = PLACE
    stateful_set = next(obj for obj in objects if obj["kind"] == "StatefulSet")
    stateful_set["spec"]["selector"] = {"matchLabels": LABELS}
    stateful_set["spec"]["template"]["metadata"]["labels"] = LABELS
    stateful_set["spec"]["template"]["spec"]["containers"][0]["name"] = CONTAINER
    stateful_set["metadata"]["uid"] = "uid-of-ako"
    pod: dict[str, Any] = build.pod(metadata={"namespace": PLACE, "labels": LABELS, **metadata})
    pod["spec"]["containers"][0]["name"] = CONTAINER
    pod["status"]["containerStatuses"][0]["name"] = CONTAINER
    return [*objects, pod]


def controlled(by: str) -> dict[str, Any]:
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "ako", "uid": by}
    return {"ownerReferences": [{**owner, "controller": True}]}


def adopted(build: Any, **more: Any) -> api.View:
    """A record that knows the install."""
    fact = installed.AkoInstall(namespace=PLACE, selector=LABELS, cluster_name="my-cluster")
    stored = record.StoredFact(plugin="ako", version=1, data=structs.to_object(fact))
    view: api.View = build.view(facts={"AkoInstall": stored}, **more)
    return view


def test_without_a_fact_it_is_where_akoo_core_deploys(build: Any) -> None:
    assert installed.namespace_of(build.view()) == "avi-system"
    assert installed.namespace_of(adopted(build)) == PLACE


@pytest.mark.parametrize(
    ("selector", "known", "lists"),
    [
        ({"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": "r"}, {}, 1),
        ({"app": "x"}, {}, 2),
        (None, {"app": "x"}, 2),
        (None, {}, 1),
    ],
)
def test_one_list_where_one_is_enough(
    selector: dict[str, str] | None, known: dict[str, str], lists: int
) -> None:
    stateful_set = {"spec": {"selector": {"matchLabels": selector}}} if selector else None
    asked = workload.selectors(stateful_set, known)
    assert len(asked) == lists
    assert asked[-1] == "app.kubernetes.io/name=ako"


def test_observe_sees_its_pods(build: Any) -> None:
    server = memory.MemoryServer()
    *objects, _ = package(build)
    server.seed(*objects)
    uid = server.objects(STATEFUL_SETS, PLACE)[0]["metadata"]["uid"]
    server.seed(package(build, **controlled(uid))[-1], build.event())
    deployed = asyncio.run(workload.find(server.client(), PLACE))
    assert [pod["metadata"]["name"] for pod in deployed.pods] == ["ako-0"]
    assert deployed.strangers == []
    answer = asyncio.run(observe.observe(build.context(server.client(), of=adopted(build))))
    assert isinstance(answer, api.Wait)
    assert answer.reason != "AkoMissing"
    elsewhere = asyncio.run(observe.observe(build.context(server.client())))
    assert isinstance(elsewhere, api.Wait)
    assert elsewhere.reason == "AkoMissing"


def test_fence_stops_it_and_waits_for_its_pods(build: Any) -> None:
    server = memory.MemoryServer()
    server.seed(*package(build))
    ctx = build.context(server.client(), of=adopted(build))
    first = asyncio.run(fence.fence(ctx))
    assert isinstance(first, api.Wait)
    assert first.reason == "AkoStopping"
    (stateful_set,) = server.objects(STATEFUL_SETS, PLACE)
    assert stateful_set["spec"]["replicas"] == 0
    second = asyncio.run(fence.fence(ctx))
    assert isinstance(second, api.Wait), "its Pod is still there"
    assert "Pods are ending: ako-0." in second.message
    asyncio.run(server.client().delete(PODS, "ako-0", PLACE))
    third = asyncio.run(fence.fence(ctx))
    assert isinstance(third, api.Fenced)
    assert third.grade == "Stopped"
    assert f"StatefulSet {PLACE}/ako is at 0 replicas" in third.evidence


def test_pods_are_found_by_the_record_when_the_stateful_set_is_gone(build: Any) -> None:
    server = memory.MemoryServer()
    server.seed(*(obj for obj in package(build) if obj["kind"] != "StatefulSet"))
    answer = asyncio.run(fence.fence(build.context(server.client(), of=adopted(build))))
    assert isinstance(answer, api.Wait)
    assert "Pods are ending: ako-0." in answer.message


def test_a_pod_of_another_owner_is_no_part_of_it_but_keeps_the_fence(build: Any) -> None:
    stateful_set = {"metadata": {"uid": "uid-of-ako"}}
    other = build.pod(metadata=controlled("another"))
    assert not workload.is_controlled(other, stateful_set)
    assert workload.is_controlled(other, None), "nobody can tell"
    assert workload.is_controlled(build.pod(), stateful_set)
    assert workload.is_controlled(build.pod(metadata=controlled("uid-of-ako")), stateful_set)
    deployed = workload.Deployed(stateful_set, [], [other])
    assert isinstance(fence.judge(deployed, build.now), api.Wait)


def test_drain_asks_it_in_its_namespace(build: Any) -> None:
    server = memory.MemoryServer()
    server.seed(*package(build))
    answer = asyncio.run(drain.drain(build.context(server.client(), of=adopted(build))))
    assert isinstance(answer, api.Wait)
    assert answer.reason == "AkoDeleting"
    (config_map,) = server.objects(CONFIG_MAPS, PLACE)
    assert config_map["data"]["deleteConfig"] == "true"
