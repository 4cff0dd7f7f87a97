"""The deploy executor against an API server in memory; its journal is the witness."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import deployer
from tests.unit.reconcile import reconcile_bench
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.reconcile_bench import Bench


async def test_objects_arrive_in_kind_order_with_our_labels(bench: Bench) -> None:
    report = await bench.deploy(
        reconcile_bench.stateful_set(),
        reconcile_bench.config_map(),
        reconcile_bench.NAMESPACE,
        reconcile_bench.CRD,
        secrets=(reconcile_bench.SECRET,),
    )
    assert report == deployer.DeployReport(applied=5)
    applied = [write.resource.kind for write in bench.writes if write.verb == "apply"]
    assert applied == [
        "Namespace",
        "CustomResourceDefinition",
        "Secret",
        "ConfigMap",
        "StatefulSet",
    ]
    config_map = bench.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["metadata"]["labels"] == {
        names.MANAGED_BY_LABEL: "akoo-core",
        names.RECORD_LABEL: builders.RECORD,
    }


async def test_the_inventory_is_stored_before_anything_is_applied(bench: Bench) -> None:
    bench.workload.faults.before("apply configmaps", errors.UnreachableError("gone"))
    with pytest.raises(errors.UnreachableError):
        await bench.deploy(
            reconcile_bench.NAMESPACE, reconcile_bench.config_map(), reconcile_bench.stateful_set()
        )
    first, last = bench.stored
    assert [(item.kind, item.digest) for item in first] == [
        ("ConfigMap", ""),
        ("Namespace", ""),
        ("StatefulSet", ""),
    ]
    assert [item.kind for item in last if item.digest] == ["Namespace"], "what was reached is kept"


async def test_nothing_is_called_when_nothing_differs(bench: Bench) -> None:
    await bench.deploy(
        reconcile_bench.NAMESPACE, reconcile_bench.config_map(), reconcile_bench.stateful_set()
    )
    bench.stored.clear()
    report = await bench.deploy(
        reconcile_bench.NAMESPACE, reconcile_bench.config_map(), reconcile_bench.stateful_set()
    )
    assert report == deployer.DeployReport()
    assert bench.calls == []
    assert bench.stored == []


async def test_a_change_applies_that_object_only(bench: Bench) -> None:
    await bench.deploy(reconcile_bench.config_map(), reconcile_bench.stateful_set())
    report = await bench.deploy(
        reconcile_bench.config_map(logLevel="DEBUG"), reconcile_bench.stateful_set()
    )
    assert report.applied == 1
    assert [write.operation for write in bench.writes] == ["apply configmaps"]
    config_map = bench.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"] == {"logLevel": "DEBUG"}


async def test_what_is_not_wanted_any_more_is_pruned_backwards(bench: Bench) -> None:
    await bench.deploy(
        reconcile_bench.NAMESPACE,
        reconcile_bench.config_map("a"),
        reconcile_bench.config_map("b"),
        reconcile_bench.stateful_set(),
    )
    report = await bench.deploy(reconcile_bench.NAMESPACE, reconcile_bench.config_map("a"))
    assert report.pruned == 2
    assert [write.operation for write in bench.writes] == [
        "delete statefulsets",
        "delete configmaps",
    ]
    assert [item.name for item in bench.inventory] == ["a", "avi-system"]


async def test_a_plugin_in_trouble_keeps_all_its_objects(bench: Bench) -> None:
    """An object that it does not want any more may still be used by one that could not be
    changed."""
    await bench.deploy(reconcile_bench.config_map("a"), reconcile_bench.config_map("b"))
    bench.workload.faults.before("apply configmaps", errors.InvalidError("quota"))
    report = await bench.deploy(reconcile_bench.config_map("a", logLevel="DEBUG"))
    assert report.verdicts["ako"].reason == "ObjectRefused"
    assert report.pruned == 0
    assert bench.get(resources.CONFIG_MAPS, "b") is not None
    assert [item.name for item in bench.inventory] == ["a", "b"]
    report = await bench.deploy(reconcile_bench.config_map("a", logLevel="DEBUG"))
    assert report.pruned == 1


async def test_pruning_leaves_what_does_not_carry_our_label(bench: Bench) -> None:
    await bench.deploy(reconcile_bench.config_map("a"), reconcile_bench.config_map("b"))
    await bench.workload.client().merge_patch(
        resources.CONFIG_MAPS,
        "b",
        {"metadata": {"labels": {names.RECORD_LABEL: "akoo-other"}}},
        "avi-system",
    )
    report = await bench.deploy(reconcile_bench.config_map("a"))
    assert report.left == ("ConfigMap avi-system/b is left: it does not carry our label",)
    assert bench.get(resources.CONFIG_MAPS, "b") is not None
    assert [item.name for item in bench.inventory] == ["a"]


async def test_a_foreign_object_blocks_its_plugin_and_no_other(bench: Bench) -> None:
    bench.workload.seed(reconcile_bench.config_map(logLevel="WARN"))
    other = api.Contribution(objects=(reconcile_bench.config_map("of-avi"),))
    report = await bench.deploy(
        reconcile_bench.config_map(), reconcile_bench.stateful_set(), avi=other
    )
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "ForeignObject"
    assert "ConfigMap avi-system/avi-k8s-config exists" in verdict.message
    config_map = bench.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"] == {"logLevel": "WARN"}
    assert bench.get(resources.CONFIG_MAPS, "of-avi") is not None
    assert bench.get(reconcile_bench.STATEFUL_SETS, "ako") is None, (
        "what comes later waits for the user"
    )


async def test_an_object_made_while_we_looked_is_not_overwritten(bench: Bench) -> None:
    client = bench.workload.client()
    place_live = client.get

    async def late(*args: Any, **kwargs: Any) -> Any:
        try:
            return await place_live(*args, **kwargs)
        except errors.NotFoundError:
            await bench.workload.client(field_manager="helm").create(
                resources.CONFIG_MAPS, reconcile_bench.config_map(logLevel="WARN"), "avi-system"
            )
            raise

    client.get = late  # type: ignore[method-assign]
    job = deployer.Job(
        record_name=builders.RECORD,
        inventory=(),
        contributions={"ako": api.Contribution(objects=(reconcile_bench.config_map(),))},
    )
    with pytest.raises(errors.WorkloadConflictError, match="avi-system/avi-k8s-config"):
        await bench.deployer.deploy(job, client, bench.store)


async def test_a_shared_namespace_is_used_and_never_ours(bench: Bench) -> None:
    bench.workload.seed(reconcile_bench.NAMESPACE)
    await bench.deploy(reconcile_bench.NAMESPACE, reconcile_bench.config_map())
    namespace = bench.get(resources.NAMESPACES, "avi-system")
    assert namespace is not None
    assert names.RECORD_LABEL not in namespace["metadata"].get("labels", {})


async def test_two_plugins_may_not_want_one_object(bench: Bench) -> None:
    other = api.Contribution(objects=(reconcile_bench.config_map(),))
    report = await bench.deploy(reconcile_bench.config_map(), avi=other)
    verdict = report.verdicts["avi"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "ObjectConflict"
    assert bench.calls == []


async def test_a_plugin_that_does_not_act_keeps_its_objects(bench: Bench) -> None:
    other = api.Contribution(objects=(reconcile_bench.config_map("of-avi"),))
    await bench.deploy(reconcile_bench.config_map(), avi=other)
    report = await bench.deploy(reconcile_bench.config_map())
    assert report == deployer.DeployReport()
    assert bench.get(resources.CONFIG_MAPS, "of-avi") is not None


async def test_drift_is_looked_for_once_per_interval_and_put_right(bench: Bench) -> None:
    await bench.deploy(reconcile_bench.config_map(), reconcile_bench.stateful_set())
    client = bench.workload.client(field_manager="kubectl")
    change = {"data": {"logLevel": "TRACE", "extra": "kept"}}
    await client.merge_patch(resources.CONFIG_MAPS, "avi-k8s-config", change, "avi-system")
    await client.delete(reconcile_bench.STATEFUL_SETS, "ako", "avi-system")
    assert (
        await bench.deploy(reconcile_bench.config_map(), reconcile_bench.stateful_set())
        == deployer.DeployReport()
    )
    bench.clock.advance(deployer.DRIFT_SECONDS)
    report = await bench.deploy(reconcile_bench.config_map(), reconcile_bench.stateful_set())
    assert report.drifted == (
        "ConfigMap avi-system/avi-k8s-config",
        "StatefulSet avi-system/ako",
    )
    config_map = bench.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert config_map is not None
    assert config_map["data"] == {"logLevel": "INFO", "extra": "kept"}
    assert bench.get(reconcile_bench.STATEFUL_SETS, "ako") is not None
    assert (
        await bench.deploy(reconcile_bench.config_map(), reconcile_bench.stateful_set())
        == deployer.DeployReport()
    )
    assert bench.calls == []


async def test_a_crd_is_waited_for(bench: Bench) -> None:
    bench.pause = never  # type: ignore[method-assign]
    bench.restart()
    report = await bench.deploy(
        reconcile_bench.CRD, reconcile_bench.config_map(), reconcile_bench.stateful_set()
    )
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Wait)
    assert verdict.reason == "CRDNotEstablished"
    assert bench.get(reconcile_bench.STATEFUL_SETS, "ako") is None


async def never(seconds: float) -> None:
    """Nothing happens meanwhile."""


async def test_a_kind_that_is_not_served_says_so(bench: Bench) -> None:
    rule = {
        "apiVersion": "ako.vmware.com/v1",
        "kind": "HostRule",
        "metadata": {"name": "one", "namespace": "avi-system"},
    }
    report = await bench.deploy(rule)
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "KindNotServed"
    bench.workload.served.serve(reconcile_bench.HOST_RULES)
    assert (await bench.deploy(rule)).applied == 1


# Undeploy.


async def test_undeploy_takes_everything_that_is_ours_but_namespaces(bench: Bench) -> None:
    bench.workload.served.serve(reconcile_bench.HOST_RULES)
    await bench.deploy(
        reconcile_bench.NAMESPACE,
        reconcile_bench.CRD,
        reconcile_bench.config_map(),
        reconcile_bench.stateful_set(),
        secrets=(reconcile_bench.SECRET,),
    )
    bench.workload.faults.calls.clear()
    report = await bench.deployer.undeploy(
        builders.RECORD, bench.inventory, bench.workload.client(), bench.store
    )
    assert [write.resource.kind for write in bench.writes] == [
        "StatefulSet",
        "ConfigMap",
        "Secret",
        "CustomResourceDefinition",
    ]
    assert report.left == ("Namespace avi-system is left: other things may be in it",)
    assert bench.inventory == ()


async def test_a_crd_with_objects_is_left(bench: Bench) -> None:
    bench.workload.served.serve(reconcile_bench.HOST_RULES)
    await bench.deploy(reconcile_bench.CRD)
    bench.workload.seed(
        {
            "apiVersion": "ako.vmware.com/v1",
            "kind": "HostRule",
            "metadata": {"name": "of-a-user", "namespace": "shop"},
        }
    )
    report = await bench.deployer.undeploy(
        builders.RECORD, bench.inventory, bench.workload.client(), bench.store
    )
    assert "objects of that kind exist" in report.left[0]
    assert (
        bench.get(resources.CUSTOM_RESOURCE_DEFINITIONS, reconcile_bench.CRD["metadata"]["name"])
        is not None
    )


async def test_undeploy_goes_on_where_it_stopped(bench: Bench) -> None:
    await bench.deploy(reconcile_bench.config_map(), reconcile_bench.stateful_set())
    bench.workload.faults.before("delete configmaps", errors.UnreachableError("gone"))
    client = bench.workload.client()
    with pytest.raises(errors.UnreachableError):
        await bench.deployer.undeploy(builders.RECORD, bench.inventory, client, bench.store)
    assert [item.kind for item in bench.inventory] == ["ConfigMap"]
    await bench.deployer.undeploy(builders.RECORD, bench.inventory, client, bench.store)
    assert bench.get(resources.CONFIG_MAPS, "avi-k8s-config") is None
