"""`akoo-core plan` shows an adoption object by object, by dry run."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import pytest

from akoo_core import errors as core_errors
from akoo_core import external, structs
from akoo_core.cli.plan import adopting, ask
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.act.attempt import Attempt
from tests.unit.reconcile import deploy_world, reconcile_plugins, reconcile_world
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


class Adopting(reconcile_plugins.Ako):
    """Adopts a ConfigMap, a StatefulSet and a Secret."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (api.AdoptedName,)

    class Options(structs.StrictStruct, frozen=True, kw_only=True):
        existing: str | None = None

    config_type = Options

    def __init__(self) -> None:
        super().__init__()
        self.objects: tuple[api.AdoptedObject, ...] = ()
        self.stateful_set = deploy_world.stateful_set()
        self.held: api.Wait | None = None

    def only_observes(self, section: structs.JSON) -> bool:
        return section.get("existing") == "Adopt"

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
        assert view.spec.ako_cluster_name == "my-cluster"
        if not self.objects:
            return api.Blocked(reason="CredentialMissing", message="Name one.")
        service_account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "ako-sa", "namespace": "avi-system"},
        }
        return api.Contribution(
            objects=(deploy_world.config_map(), self.stateful_set, service_account),
            secrets=(deploy_world.SECRET,),
            adopts=self.objects,
            held=self.held,
        )

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        return api.Done(facts=(api.AdoptedName(cluster_name="my-cluster"),))


@pytest.fixture
def plugin() -> Adopting:
    return Adopting()


@pytest.fixture
async def looking(plugin: Adopting) -> Attempt:
    """The attempt of the command, for a cluster that the ancestor still holds: it is observed."""
    fleet = ReconcileFleet(plugin)
    await fleet.config(plugins={"ako": {"existing": "Adopt"}})
    name = await fleet.cluster(finalizers=[names.ANCESTOR_FINALIZER])
    helm = fleet.workload.client(field_manager="helm")
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "avi-secret", "namespace": "avi-system"},
        "data": {"password": "eA=="},
    }
    await helm.create(resources.CONFIG_MAPS, deploy_world.config_map())
    await helm.create(resources.STATEFUL_SETS, deploy_world.stateful_set())
    await helm.create(resources.SECRETS, secret)
    await fleet.run(name)
    assert fleet.record(name).spec.observed
    cluster = fleet.world.cluster_at("demo", "shop")
    (config,) = fleet.world.configs()
    seam = external.External(guard=external.ReadOnly())
    workloads = reconcile_world.Workloads(fleet.workload, seam)
    attempt = Attempt(
        services=dataclasses.replace(fleet.services, workloads=workloads),
        name=name,
        number=0,
        record=fleet.record(name),
        cluster=cluster,
        config=config,
    )
    plugin.objects = tuple(
        api.AdoptedObject(
            api_version=obj["apiVersion"],
            kind=obj["kind"],
            name=obj["metadata"]["name"],
            namespace="avi-system",
            uid=obj["metadata"]["uid"],
        )
        for kind in (resources.CONFIG_MAPS, resources.STATEFUL_SETS, resources.SECRETS)
        for obj in fleet.workload.objects(kind)
    )
    return attempt


def rows(planned: adopting.Rows) -> dict[str, tuple[str, str]]:
    return {row.kind: (row.action, row.why) for row in planned}


async def test_each_object_has_a_row(looking: Attempt, plugin: Adopting) -> None:
    assert adopting.is_ahead(looking.spec, "ako")
    assert not adopting.is_ahead(looking.spec, "avi")
    answer = await ask._answer(looking, plugin, "prepare")
    assert rows(answer.actions) == {
        "ServiceAccount": ("create", "it is not there"),
        "ConfigMap": (
            "change",
            "it is marked as ours with the fields of helm, and is applied as it stands",
        ),
        "StatefulSet": (
            "change",
            "it is marked as ours with the fields of helm, and is applied as it stands",
        ),
        "Secret": (
            "change",
            "it is marked as ours with the fields of helm; its values are compared first",
        ),
    }


async def test_what_comes_first_has_a_row(looking: Attempt, plugin: Adopting) -> None:
    plugin.held = api.Wait(reason="OwnerAwaited", message="Helm's release first.", after=30.0)
    answer = await ask._answer(looking, plugin, "prepare")
    first, *objects = answer.actions
    assert (first.kind, first.action, first.why) == ("AKO", "change", "Helm's release first.")
    assert len(objects) == 4


async def test_a_change_and_an_object_of_others(looking: Attempt, plugin: Adopting) -> None:
    template: dict[str, Any] = {"spec": {"containers": [{"name": "ako"}]}}
    plugin.stateful_set["spec"]["template"] = template
    plugin.objects = tuple(each for each in plugin.objects if each.kind != "ConfigMap")
    planned = rows(await adopting.preview(looking, plugin))
    assert planned["StatefulSet"] == (
        "keep",
        "AdoptionWouldRestart: spec.template.spec would change",
    )
    assert planned["ConfigMap"][1].startswith("ForeignObject: ConfigMap avi-system/avi-k8s-config")


async def test_what_the_plugin_waits_for(looking: Attempt, plugin: Adopting) -> None:
    """The plugin gives the reason."""
    plugin.objects = ()
    (row,) = await adopting.preview(looking, plugin)
    assert (row.action, row.name, row.why) == (
        "keep",
        "my-cluster",
        "CredentialMissing: Name one.",
    )


async def test_a_cluster_that_does_not_answer(looking: Attempt, plugin: Adopting) -> None:
    looking.services.workloads.error = errors.UnreachableError("no route")  # type: ignore[attr-defined]
    with pytest.raises(core_errors.AkooError, match="no route"):
        await adopting.preview(looking, plugin)
    answer = await ask._answer(looking, plugin, "prepare")
    assert "no route" in answer.problem
