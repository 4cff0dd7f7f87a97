"""The deploy executor against an API server in memory; its journal is the witness."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import deployer
from tests.unit.reconcile import deploy_world
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.deploy_world import DeployWorld


async def test_objects_arrive_in_kind_order_with_our_labels(world: DeployWorld) -> None:
    report = await world.deploy(
        deploy_world.stateful_set(),
        deploy_world.config_map(),
        deploy_world.NAMESPACE,
        deploy_world.CRD,
        secrets=(deploy_world.SECRET,),
    )
    assert report == deployer.DeployReport(applied=5)
    applied = [write.resource.kind for write in world.writes if write.verb == "apply"]
    assert applied == [
        "Namespace",
        "CustomResourceDefinition",
        "Secret",
        "ConfigMap",
        "StatefulSet",
    ]
    config_map = world.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["metadata"]["labels"] == {
        names.MANAGED_BY_LABEL: "akoo-core",
        names.RECORD_LABEL: builders.RECORD,
    }


async def test_the_inventory_is_stored_before_anything_is_applied(world: DeployWorld) -> None:
    world.workload.faults.before("apply configmaps", errors.UnreachableError("gone"))
    with pytest.raises(errors.UnreachableError):
        await world.deploy(
            deploy_world.NAMESPACE, deploy_world.config_map(), deploy_world.stateful_set()
        )
    first, last = world.stored
    assert [(item.kind, item.digest) for item in first] == [
        ("ConfigMap", ""),
        ("Namespace", ""),
        ("StatefulSet", ""),
    ]
    assert [item.kind for item in last if item.digest] == ["Namespace"], "what was reached is kept"


async def test_nothing_is_called_when_nothing_differs(world: DeployWorld) -> None:
    await world.deploy(
        deploy_world.NAMESPACE, deploy_world.config_map(), deploy_world.stateful_set()
    )
    world.stored.clear()
    report = await world.deploy(
        deploy_world.NAMESPACE, deploy_world.config_map(), deploy_world.stateful_set()
    )
    assert report == deployer.DeployReport()
    assert world.calls == []
    assert world.stored == []


async def test_a_change_applies_that_object_only(world: DeployWorld) -> None:
    await world.deploy(deploy_world.config_map(), deploy_world.stateful_set())
    report = await world.deploy(
        deploy_world.config_map(logLevel="DEBUG"), deploy_world.stateful_set()
    )
    assert report.applied == 1
    assert [write.operation for write in world.writes] == ["apply configmaps"]
    config_map = world.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"] == {"logLevel": "DEBUG"}


async def test_what_is_not_wanted_any_more_is_pruned_backwards(world: DeployWorld) -> None:
    await world.deploy(
        deploy_world.NAMESPACE,
        deploy_world.config_map("a"),
        deploy_world.config_map("b"),
        deploy_world.stateful_set(),
    )
    report = await world.deploy(deploy_world.NAMESPACE, deploy_world.config_map("a"))
    assert report.pruned == 2
    assert [write.operation for write in world.writes] == [
        "delete statefulsets",
        "delete configmaps",
    ]
    assert [item.name for item in world.inventory] == ["a", "avi-system"]


async def test_a_plugin_in_trouble_keeps_all_its_objects(world: DeployWorld) -> None:
    """An object that it does not want any more may still be used by one that could not be
    changed."""
    await world.deploy(deploy_world.config_map("a"), deploy_world.config_map("b"))
    world.workload.faults.before("apply configmaps", errors.InvalidError("quota"))
    report = await world.deploy(deploy_world.config_map("a", logLevel="DEBUG"))
    assert report.verdicts["ako"].reason == "ObjectRefused"
    assert report.pruned == 0
    assert world.get(resources.CONFIG_MAPS, "b") is not None
    assert [item.name for item in world.inventory] == ["a", "b"]
    report = await world.deploy(deploy_world.config_map("a", logLevel="DEBUG"))
    assert report.pruned == 1


async def test_pruning_leaves_what_does_not_carry_our_label(world: DeployWorld) -> None:
    await world.deploy(deploy_world.config_map("a"), deploy_world.config_map("b"))
    await world.workload.client().merge_patch(
        resources.CONFIG_MAPS,
        "b",
        {"metadata": {"labels": {names.RECORD_LABEL: "akoo-other"}}},
        "avi-system",
    )
    report = await world.deploy(deploy_world.config_map("a"))
    assert report.left == ("ConfigMap avi-system/b is left: it does not carry our label",)
    assert world.get(resources.CONFIG_MAPS, "b") is not None
    assert [item.name for item in world.inventory] == ["a"]


async def test_a_foreign_object_blocks_its_plugin_and_no_other(world: DeployWorld) -> None:
    world.workload.seed(deploy_world.config_map(logLevel="WARN"))
    other = api.Contribution(objects=(deploy_world.config_map("of-avi"),))
    report = await world.deploy(deploy_world.config_map(), deploy_world.stateful_set(), avi=other)
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "ForeignObject"
    assert "ConfigMap avi-system/avi-k8s-config exists" in verdict.message
    config_map = world.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"] == {"logLevel": "WARN"}
    assert world.get(resources.CONFIG_MAPS, "of-avi") is not None
    assert world.get(deploy_world.STATEFUL_SETS, "ako") is None, (
        "what comes later waits for the user"
    )


async def test_an_object_made_while_we_looked_is_not_overwritten(world: DeployWorld) -> None:
    client = world.workload.client()
    place_live = client.get

    async def late(*args: Any, **kwargs: Any) -> Any:
        try:
            return await place_live(*args, **kwargs)
        except errors.NotFoundError:
            await world.workload.client(field_manager="helm").create(
                resources.CONFIG_MAPS, deploy_world.config_map(logLevel="WARN"), "avi-system"
            )
            raise

    client.get = late  # type: ignore[method-assign]
    job = deployer.Job(
        record_name=builders.RECORD,
        inventory=(),
        contributions={"ako": api.Contribution(objects=(deploy_world.config_map(),))},
    )
    with pytest.raises(errors.WorkloadConflictError, match="avi-system/avi-k8s-config"):
        await world.deployer.deploy(job, client, world.store)


async def test_a_shared_namespace_is_used_and_never_ours(world: DeployWorld) -> None:
    world.workload.seed(deploy_world.NAMESPACE)
    await world.deploy(deploy_world.NAMESPACE, deploy_world.config_map())
    namespace = world.get(resources.NAMESPACES, "avi-system")
    assert namespace is not None
    assert names.RECORD_LABEL not in namespace["metadata"].get("labels", {})


async def test_two_plugins_may_not_want_one_object(world: DeployWorld) -> None:
    other = api.Contribution(objects=(deploy_world.config_map(),))
    report = await world.deploy(deploy_world.config_map(), avi=other)
    verdict = report.verdicts["avi"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "ObjectConflict"
    assert world.calls == []


async def test_a_plugin_that_does_not_act_keeps_its_objects(world: DeployWorld) -> None:
    other = api.Contribution(objects=(deploy_world.config_map("of-avi"),))
    await world.deploy(deploy_world.config_map(), avi=other)
    report = await world.deploy(deploy_world.config_map())
    assert report == deployer.DeployReport()
    assert world.get(resources.CONFIG_MAPS, "of-avi") is not None


async def test_drift_is_looked_for_once_per_interval_and_put_right(world: DeployWorld) -> None:
    await world.deploy(deploy_world.config_map(), deploy_world.stateful_set())
    client = world.workload.client(field_manager="kubectl")
    change = {"data": {"logLevel": "TRACE", "extra": "kept"}}
    await client.merge_patch(resources.CONFIG_MAPS, "avi-k8s-config", change, "avi-system")
    await client.delete(deploy_world.STATEFUL_SETS, "ako", "avi-system")
    assert (
        await world.deploy(deploy_world.config_map(), deploy_world.stateful_set())
        == deployer.DeployReport()
    )
    world.clock.advance(deployer.DRIFT_SECONDS)
    report = await world.deploy(deploy_world.config_map(), deploy_world.stateful_set())
    assert report.drifted == (
        "ConfigMap avi-system/avi-k8s-config",
        "StatefulSet avi-system/ako",
    )
    config_map = world.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"] == {"logLevel": "INFO", "extra": "kept"}
    assert world.get(deploy_world.STATEFUL_SETS, "ako") is not None
    assert (
        await world.deploy(deploy_world.config_map(), deploy_world.stateful_set())
        == deployer.DeployReport()
    )
    assert world.calls == []


async def test_a_crd_is_waited_for(world: DeployWorld) -> None:
    world.pause = never  # type: ignore[method-assign]
    world.restart()
    report = await world.deploy(
        deploy_world.CRD, deploy_world.config_map(), deploy_world.stateful_set()
    )
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Wait)
    assert verdict.reason == "CRDNotEstablished"
    assert world.get(deploy_world.STATEFUL_SETS, "ako") is None


async def never(seconds: float) -> None:
    """Nothing happens meanwhile."""


async def test_a_kind_that_is_not_served_says_so(world: DeployWorld) -> None:
    rule = {
        "apiVersion": "ako.vmware.com/v1",
        "kind": "HostRule",
        "metadata": {"name": "one", "namespace": "avi-system"},
    }
    report = await world.deploy(rule)
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "KindNotServed"
    world.workload.served.serve(deploy_world.HOST_RULES)
    assert (await world.deploy(rule)).applied == 1


# Undeploy.


async def test_undeploy_takes_everything_that_is_ours_but_namespaces(world: DeployWorld) -> None:
    world.workload.served.serve(deploy_world.HOST_RULES)
    await world.deploy(
        deploy_world.NAMESPACE,
        deploy_world.CRD,
        deploy_world.config_map(),
        deploy_world.stateful_set(),
        secrets=(deploy_world.SECRET,),
    )
    world.workload.faults.calls.clear()
    report = await world.deployer.undeploy(
        builders.RECORD, world.inventory, world.workload.client(), world.store
    )
    assert [write.resource.kind for write in world.writes] == [
        "StatefulSet",
        "ConfigMap",
        "Secret",
        "CustomResourceDefinition",
    ]
    assert report.left == ("Namespace avi-system is left: other things may be in it",)
    assert world.inventory == ()


async def test_a_crd_with_objects_is_left(world: DeployWorld) -> None:
    world.workload.served.serve(deploy_world.HOST_RULES)
    await world.deploy(deploy_world.CRD)
    world.workload.seed(
        {
            "apiVersion": "ako.vmware.com/v1",
            "kind": "HostRule",
            "metadata": {"name": "of-a-user", "namespace": "shop"},
        }
    )
    report = await world.deployer.undeploy(
        builders.RECORD, world.inventory, world.workload.client(), world.store
    )
    assert "objects of that kind exist" in report.left[0]
    assert (
        world.get(resources.CUSTOM_RESOURCE_DEFINITIONS, deploy_world.CRD["metadata"]["name"])
        is not None
    )


async def test_undeploy_goes_on_where_it_stopped(world: DeployWorld) -> None:
    await world.deploy(deploy_world.config_map(), deploy_world.stateful_set())
    world.workload.faults.before("delete configmaps", errors.UnreachableError("gone"))
    client = world.workload.client()
    with pytest.raises(errors.UnreachableError):
        await world.deployer.undeploy(builders.RECORD, world.inventory, client, world.store)
    assert [item.kind for item in world.inventory] == ["ConfigMap"]
    await world.deployer.undeploy(builders.RECORD, world.inventory, client, world.store)
    assert world.get(resources.CONFIG_MAPS, "avi-k8s-config") is None


# Definitions that others bring.


NEEDED = (deploy_world.CRD["metadata"]["name"], "l4rules.ako.vmware.com")


async def test_nothing_is_written_before_the_definitions_of_others_are_there(
    world: DeployWorld,
) -> None:
    contribution = api.Contribution(objects=(deploy_world.config_map(),), definitions=NEEDED)
    world.workload.seed(deploy_world.CRD)
    report = await world.run({"ako": contribution})
    verdict = report.verdicts["ako"]
    assert (verdict.reason, world.writes, world.inventory) == ("DefinitionsMissing", [], ())
    assert "lacks the definitions l4rules.ako.vmware.com." in verdict.message
    world.workload.seed({**deploy_world.CRD, "metadata": {"name": NEEDED[1]}})
    assert (await world.run({"ako": contribution})).applied == 1
    assert (await world.run({"ako": contribution})).applied == 0
    assert world.calls == []


async def test_definitions_that_others_are_to_bring_are_not_pruned(world: DeployWorld) -> None:
    await world.deploy(deploy_world.CRD, deploy_world.config_map())
    contribution = api.Contribution(
        objects=(deploy_world.config_map(logLevel="DEBUG"),), definitions=NEEDED[:1]
    )
    report = await world.run({"ako": contribution})
    assert (report.applied, report.pruned) == (1, 0)
    kept = world.get(resources.CUSTOM_RESOURCE_DEFINITIONS, NEEDED[0])
    assert kept is not None
    assert [item.kind for item in world.inventory] == ["ConfigMap", "CustomResourceDefinition"]
    # Once nobody needs it, it goes as everything does that is no longer wanted.
    assert (await world.deploy(deploy_world.config_map(logLevel="DEBUG"))).pruned == 1
