"""AKOO and akoo-core in one management cluster: beside each other, after a switch, and back."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_ako import settings
from akoo_ako.migration import ancestor as names_of_ancestor
from akoo_ako.migration.steps import adoption
from akoo_ako.migration.switch import run
from akoo_testbed.ancestor import Ancestor, objects

from akoo_core.kube import resource
from akoo_core.objects import names
from akoo_core.plugin import commands
from tests.ako.ancestor_place import DEFINITIONS, MemoryApi
from tests.unit.reconcile import reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


class Beside:
    """A fleet of akoo-core in whose management cluster the ancestor was first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(adoption, "possible", lambda: True)
        self.fleet = ReconcileFleet(reconcile_plugins.Ako(), reconcile_plugins.Avi())
        server = self.fleet.management
        for kind in (names_of_ancestor.CLUSTERS[1], names_of_ancestor.MACHINES[1]):
            server.served.serve(kind)
        server.seed(objects.deployment())
        self.ancestor = Ancestor(MemoryApi(server))

    async def cluster(self) -> str:
        """demo/shop, which the ancestor serves; the name of the record that it would get."""
        await self.fleet.config()
        name = await self.fleet.cluster()
        await self.ancestor.settle()
        return name

    async def switch(self) -> None:
        async def reach(cluster: Any) -> commands.Reachability:
            del cluster
            return commands.Reachability()

        async def never(seconds: float) -> None:
            raise AssertionError(f"it waits {seconds} s")

        ctx = commands.CommandContext(
            kube=self.fleet.management.client(),
            clock=self.fleet.clock,
            settings=settings.Settings(),
            management_id="m-1",
            definitions=DEFINITIONS,
            reach=reach,
        )
        answer = await run.run(ctx, never)
        assert answer.exit_code == 0, answer.lines
        # The plugins of this fleet have no options.
        await self.fleet.change_config(plugins=None)

    async def start_ancestor(self) -> None:
        await self.fleet.user.merge_patch(
            names_of_ancestor.DEPLOYMENTS,
            objects.OPERATOR,
            {"spec": {"replicas": 1}},
            objects.NAMESPACE,
        )
        await self.ancestor.settle()

    def finalizers(self) -> list[set[str]]:
        """Those of both operators, of the config and of the Cluster."""
        of_operators = {names.FINALIZER, objects.FINALIZER}
        return [
            of_operators & set(obj["metadata"].get("finalizers") or ())
            for kind in (resource.AKO_DEPLOYMENT_CONFIGS, resource.CLUSTERS)
            for obj in self.fleet.management.objects(kind)
        ]

    def deployed(self) -> bool:
        return self.fleet.in_workload(resource.CONFIG_MAPS, "avi-k8s-config") is not None


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Beside:
    return Beside(monkeypatch)


async def test_what_the_ancestor_manages_is_left_alone(beside: Beside) -> None:
    name = await beside.cluster()
    assert beside.finalizers() == [{objects.FINALIZER}] * 2
    for _ in range(3):
        await beside.fleet.run(name)
    assert beside.fleet.management.objects(resource.AKO_DEPLOYMENTS) == []
    assert beside.finalizers() == [{objects.FINALIZER}] * 2
    assert not beside.deployed()


async def test_after_a_switch_it_is_akoo_cores(beside: Beside) -> None:
    name = await beside.cluster()
    await beside.switch()
    assert beside.finalizers() == [{names.FINALIZER}] * 2
    for _ in range(2):
        await beside.fleet.run(name)
    assert await beside.ancestor.step() is False
    assert beside.fleet.record(name).status.phase == "Running"
    assert beside.deployed()
    (cluster,) = beside.fleet.management.objects(resource.CLUSTERS)
    assert cluster["metadata"]["labels"][objects.LABEL] == "default"
    assert cluster["metadata"]["annotations"][names.RECORD_ANNOTATION] == name


@pytest.mark.parametrize("switched", [True, False])
async def test_a_cluster_of_a_switch_may_be_observed(beside: Beside, switched: bool) -> None:
    """Our finalizer alone says that a record was lost; after a switch it does not."""
    name = await beside.cluster()
    await beside.switch()
    if not switched:
        bare: dict[str, Any] = {"metadata": {"labels": {objects.LABEL: None}}}
        await beside.fleet.patch_cluster(bare)
    await beside.fleet.run(name)
    assert beside.fleet.record(name).spec.history_unknown is not switched


async def test_its_label_follows_another_config(beside: Beside) -> None:
    """As the ancestor would write it; who reads it, such as a script of a person, goes on."""
    name = await beside.cluster()
    await beside.switch()
    await beside.fleet.run(name)
    await beside.fleet.config("edge", priority=5)
    for _ in range(2):
        await beside.fleet.run(name)
    assert beside.fleet.record(name).spec.config_ref.name == "edge"
    (cluster,) = beside.fleet.management.objects(resource.CLUSTERS)
    assert cluster["metadata"]["labels"] == {"lb": "avi", objects.LABEL: "edge"}
    before = len([call for call in beside.fleet.management.faults.calls if call.write])
    await beside.fleet.run(name)
    assert len([call for call in beside.fleet.management.faults.calls if call.write]) == before


async def test_an_ancestor_that_comes_back_stops_akoo_core(beside: Beside) -> None:
    """Nothing is written while both finalizers are there, and it goes on once one of them went."""
    name = await beside.cluster()
    await beside.switch()
    for _ in range(2):
        await beside.fleet.run(name)
    await beside.start_ancestor()
    assert beside.finalizers() == [{names.FINALIZER, objects.FINALIZER}] * 2
    await beside.fleet.change_config(serviceEngineGroup="other")
    before = {
        kind: beside.fleet.workload.objects(kind)
        for kind in (resource.CONFIG_MAPS, resource.STATEFUL_SETS)
    }
    for _ in range(3):
        await beside.fleet.run(name)
    assert beside.fleet.condition(name, "Ready") == ("False", "TwoOperators")
    after = {kind: beside.fleet.workload.objects(kind) for kind in before}
    assert after == before
    await beside.switch()
    await beside.fleet.run(name)
    assert beside.finalizers() == [{names.FINALIZER}] * 2
    assert beside.fleet.condition(name, "Ready") == ("True", "Running")
