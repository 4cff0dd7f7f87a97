"""The life of a cluster with a plugin, on a fleet in memory."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import testing
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from akoo_core.testing import virtual_time

WIDGETS: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [{"name": "v1", "served": True, "storage": True}],
    },
}
AGENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "agent", "namespace": "example"},
    "spec": {
        "replicas": 2,
        "template": {
            "metadata": {"labels": {"app": "agent"}},
            "spec": {"containers": [{"name": "agent", "image": "agent:1"}]},
        },
    },
}


class Agent(api.Plugin):
    """Deploys an agent, asks whether it runs, and stops it."""

    name = "agent"

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "example"}}
        widget = {
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "metadata": {"name": "one", "namespace": "example"},
            "spec": {"zone": (view.config.get("spec") or {}).get("zone", "")},
        }
        return api.Contribution(objects=(namespace, WIDGETS, widget, AGENT))

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        if ctx.workload is None:
            return api.Wait(reason="WorkloadUnreachable", message="no answer", after=5)
        agent = await ctx.workload.get(resources.STATEFUL_SETS, "agent", "example")
        if not (agent.get("status") or {}).get("readyReplicas"):
            return api.Wait(reason="AgentNotReady", message="no Pod is ready", after=2)
        return api.Done()

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait:
        if ctx.workload is None:
            return api.Fenced(grade="Unfenced", evidence="no answer")
        patch = {"spec": {"replicas": 0}}
        await ctx.workload.merge_patch(resources.STATEFUL_SETS, "agent", patch, "example")
        if (await ctx.workload.list(resources.PODS, "example")).items:
            return api.Wait(reason="AgentStopping", message="a Pod is left", after=2)
        return api.Fenced(grade="Stopped", evidence="no Pod")


def test_the_life_of_a_cluster() -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Agent()]) as fleet:
            await fleet.create_config({"zone": "a"})
            await fleet.create_cluster("shop")
            await fleet.until_phase("shop", "Running")
            workload = fleet.workload("shop")
            assert workload is not None
            pods = workload.objects(resources.PODS)
            assert [pod["metadata"]["name"] for pod in pods] == ["agent-0", "agent-1"]
            assert _zone(workload) == "a"

            await fleet.change_config({"zone": "b"})
            await fleet.until(lambda: _zone(workload) == "b")

            await fleet.delete_cluster("shop")
            await fleet.until_gone("shop")
            record = await fleet.until_phase("shop", "Finished")
            assert record.spec.leaving is not None
            assert record.spec.leaving.let_go is not None
            assert record.spec.leaving.let_go.why == "NoVerifier"
            assert fleet.workload("shop") is None

    virtual_time.run(main)


def test_it_is_removed_from_a_cluster_that_lives_on() -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Agent()]) as fleet:
            await fleet.create_config({"onUnmatch": "Remove"})
            await fleet.create_cluster("shop")
            await fleet.until_phase("shop", "Running")
            await fleet.restart()
            await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": None}}})
            record = await fleet.until_phase("shop", "Finished")
            assert record.spec.leaving is not None
            assert record.spec.leaving.fence is not None
            assert record.spec.leaving.fence.grade == "Stopped"
            workload = fleet.workload("shop")
            assert workload is not None
            assert workload.objects(resources.STATEFUL_SETS) == []
            assert workload.objects(resources.PODS) == []

    virtual_time.run(main)


def test_what_does_not_come_says_why() -> None:
    class Stuck(api.Plugin):
        name = "stuck"

        @api.hookimpl
        async def prepare(self, ctx: api.VerbContext) -> api.Result:
            return api.Blocked(reason="NoQuota", message="ask for more quota", after=30)

    async def main(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Stuck()]) as fleet:
            await fleet.create_config()
            await fleet.create_cluster("shop")
            with pytest.raises(AssertionError, match="NoQuota ask for more quota"):
                await fleet.until_phase("shop", "Running", seconds=300)

    virtual_time.run(main)


def test_the_operators_calls_go_through_the_seam() -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        calls = testing.Calls()
        async with testing.Fleet(clock, lambda: [Agent()], external=calls) as fleet:
            await fleet.create_config()
            await fleet.create_cluster("shop", labels={"lb": "avi"})
            await fleet.until_phase("shop", "Running")
        made = {call.operation for call in calls.made if call.system == "workload" and call.write}
        assert "apply statefulsets" in made
        assert "create pods" not in made

    virtual_time.run(main)


def test_a_turn_plays_what_runs_in_the_clusters() -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        async def turn(fleet: testing.Fleet) -> None:
            turns.append(len(fleet.capi.workloads))

        turns: list[int] = []
        async with testing.Fleet(clock, lambda: [Agent()], turn=turn) as fleet:
            await fleet.create_cluster("shop")
            await fleet.until(lambda: len(turns) > 2)
        assert set(turns) == {1}

    virtual_time.run(main)


def test_a_turn_that_fails_fails_the_test() -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        async def turn(fleet: testing.Fleet) -> None:
            raise KeyError("mine")

        async with testing.Fleet(clock, lambda: [Agent()], turn=turn) as fleet:
            await fleet.until(lambda: False, seconds=60)

    with pytest.raises(KeyError, match="mine"):
        virtual_time.run(main)


def test_an_operator_that_dies_is_started_again() -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        calls = testing.Calls()
        async with testing.Fleet(clock, lambda: [Agent()], external=calls) as fleet:
            await fleet.create_config()
            await fleet.create_cluster("shop")
            await fleet.until(lambda: fleet.record("shop") is not None)
            calls.fail(1, "after", testing.Crash("killed"))
            with pytest.raises(BaseExceptionGroup):
                await fleet.until_phase("shop", "Running")
            calls.heal()
            await fleet.restart()
            await fleet.until_phase("shop", "Running")

    virtual_time.run(main)


def test_the_kind_of_a_definition_goes_with_it() -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        server = testing.MemoryServer(clock=clock, definitions=True)
        client = server.client()
        widgets = next(testing.memory_definitions.defined(WIDGETS))
        with pytest.raises(errors.NotFoundError):
            await client.list(widgets)
        await client.create(resources.CUSTOM_RESOURCE_DEFINITIONS, WIDGETS)
        assert (await client.list(widgets)).items == []
        await client.delete(resources.CUSTOM_RESOURCE_DEFINITIONS, "widgets.example.com")
        with pytest.raises(errors.NotFoundError):
            await client.list(widgets)

    virtual_time.run(main)


def _zone(workload: testing.MemoryServer) -> str:
    kind = workload.served.find("example.com/v1", "Widget")
    return "".join(obj["spec"]["zone"] for obj in workload.objects(kind))
