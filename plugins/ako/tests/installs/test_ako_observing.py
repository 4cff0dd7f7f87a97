"""existing: Observe: an AKO of somebody else is looked for in all namespaces, and looked at."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from akoo_ako import installed, names, options, plugin, settings
from akoo_ako.running import observing

from akoo_core import external
from akoo_core.objects import record
from akoo_core.plugin import api, structs
from akoo_core.plugin.kube import PODS
from akoo_core.testing import memory

TABLE = settings.Settings().table
OBSERVE = options.Options(existing="Observe")


def package(build: Any, namespace: str, **data: str) -> list[dict[str, Any]]:
    """An AKO that somebody else deployed, running."""
    objects: list[dict[str, Any]] = copy.deepcopy(build.deployed())
    for obj in objects:
        obj["metadata"]["namespace"] = namespace
        obj["metadata"]["labels"] = {}
        if obj["kind"] == "ConfigMap":
            obj["data"] |= {"clusterName": "my-cluster", **data}
        else:
            status = {"readyReplicas": 1, "updatedReplicas": 1, "observedGeneration": 1}
            obj |= {"status": status}
    pod: dict[str, Any] = build.pod(metadata={"namespace": namespace, "labels": names.SELECTOR})
    return [*objects, pod]


def seed(server: memory.MemoryServer, build: Any, namespace: str, **data: str) -> None:
    """The AKO of ``package``, which has said that it works."""
    server.seed(*package(build, namespace, **data))
    (pod,) = server.objects(PODS, namespace)
    event: dict[str, Any] = build.event()
    event["metadata"]["namespace"] = namespace
    event["involvedObject"] |= {"namespace": namespace, "uid": pod["metadata"]["uid"]}
    server.seed(event)


def looked(build: Any, server: memory.MemoryServer) -> api.Result:
    """The answer, by a client that cannot write."""
    read_only = external.External(guard=external.ReadOnly())
    ctx = build.context(server.client(external=read_only))
    return asyncio.run(observing.look(ctx, TABLE))


@pytest.mark.parametrize("namespace", ["avi-system", "balancers"])
def test_it_is_looked_at_in_its_namespace(build: Any, namespace: str) -> None:
    server = memory.MemoryServer()
    seed(server, build, namespace)
    answer = looked(build, server)
    assert isinstance(answer, api.Done)
    assert answer.version == "2.1.1"
    assert answer.facts[-1] == installed.AkoInstall(
        namespace=namespace,
        selector=dict(names.SELECTOR),
        cluster_name="my-cluster",
        kind="YAML",
    )


def test_the_primary_is_looked_at(build: Any) -> None:
    server = memory.MemoryServer()
    seed(server, build, "a-secondary", primaryInstance="false")
    seed(server, build, "the-primary")
    answer = looked(build, server)
    assert isinstance(answer, api.Done)
    (fact,) = [fact for fact in answer.facts if isinstance(fact, installed.AkoInstall)]
    assert fact.namespace == "the-primary"


def test_a_cluster_without_ako_gets_none(build: Any) -> None:
    server = memory.MemoryServer()
    answer = looked(build, server)
    assert isinstance(answer, api.Wait)
    assert (answer.reason, answer.facts) == ("AkoMissing", ())
    assert "None is deployed while spec.plugins.ako.existing is Observe" in answer.message
    left, *_ = package(build, "blue")
    server.seed(left)
    assert isinstance(looked(build, server), api.Wait), "a ConfigMap alone runs nothing"


def test_an_ako_in_trouble(build: Any) -> None:
    server = memory.MemoryServer()
    objects = package(build, "balancers")
    objects[-1]["status"]["containerStatuses"][0] |= {
        "state": {"waiting": {"reason": "ImagePullBackOff"}}
    }
    server.seed(*objects)
    answer = looked(build, server)
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "AkoImageNotPulled"


def test_a_cluster_that_does_not_answer(build: Any) -> None:
    answer = asyncio.run(observing.look(build.context(None), TABLE))
    assert isinstance(answer, api.Wait)
    assert answer.reason == "WorkloadUnreachable"


def test_the_plugin_observes_where_the_record_is_observed(build: Any) -> None:
    """A managed cluster has its AKO in one namespace."""
    server = memory.MemoryServer()
    seed(server, build, "balancers")
    ako = plugin.AkoPlugin()
    for observed, reason in ((True, ""), (False, "AkoMissing")):
        ctx = build.context(server.client(), of=build.view(observed=observed))
        answer = asyncio.run(ako.observe(ctx))
        assert (answer.reason if isinstance(answer, api.Wait) else "") == reason


@pytest.mark.parametrize(
    ("section", "only"),
    [
        ({"existing": "Observe"}, True),
        ({"existing": "Observe", "misspelt": 1}, True),
        ({"existing": "Refuse"}, False),
        ({"existing": ["Observe"]}, False),
        ({}, False),
    ],
)
def test_the_section_that_asks_for_it(section: dict[str, Any], only: bool) -> None:
    """A mistake beside it does not make the cluster a managed one."""
    assert plugin.AkoPlugin().only_observes(section) is only


def test_nothing_is_deployed_where_it_is_too_late(build: Any) -> None:
    """A cluster that got AKO already keeps it: that AKO is ours."""
    ako = plugin.AkoPlugin()
    answer = ako.contribute(build.view(ako_options=OBSERVE))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "ObserveTooLate"
    item = record.InventoryItem(plugin="ako", api_version="v1", kind="ConfigMap", name="x")
    kept = ako.contribute(build.view(ako_options=OBSERVE, inventory=(item,)))
    assert isinstance(kept, api.Contribution)
    assert structs.to_plain(kept) == structs.to_plain(ako.contribute(build.view()))
