"""A change that means nothing calls nobody; everything that might mean something does."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import pytest

from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile import record_controller
from akoo_core.reconcile.read import secret_reader
from tests.unit.reconcile import reconcile_fleet, reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

KUBECONFIG = names.kubeconfig_secret_name("shop")


class Zoned(reconcile_plugins.Ako):
    """One that reads a label of the Cluster."""

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
        labels = view.cluster.labels if view.cluster else {}
        zone = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"zone": labels.get("zone", "")}}
        metadata = {"name": "zone", "namespace": reconcile_plugins.AKO_NAMESPACE}
        ako = super().contribute(view)
        assert isinstance(ako, api.Contribution)
        return api.Contribution(objects=(*ako.objects, zone | {"metadata": metadata}))


@pytest.fixture
async def name(fleet: ReconcileFleet) -> str:
    return await settled(fleet)


async def settled(fleet: ReconcileFleet) -> str:
    """A record that runs, in a process that follows Secrets; the last round found all well."""
    fleet.management.seed(kubeconfig())
    fleet.services = dataclasses.replace(fleet.services, secret_version=seen(fleet))
    fleet.reconciler = record_controller.RecordReconciler(fleet.services)
    name = await reconcile_fleet.running(fleet)
    await fleet.run(name)
    return name


def kubeconfig() -> dict[str, Any]:
    metadata = {"namespace": "demo", "name": KUBECONFIG}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"value": "AA=="}}


def seen(fleet: ReconcileFleet) -> Any:
    def version(namespace: str, name: str) -> str:
        secrets = fleet.management.objects(resources.SECRETS, namespace)
        return secret_reader.version_of(
            next((secret for secret in secrets if secret["metadata"]["name"] == name), None)
        )

    return version


async def calls(fleet: ReconcileFleet, name: str, *, explained: bool = True) -> list[str]:
    """The calls of one attempt to both API servers."""
    fleet.management.faults.calls.clear()
    fleet.workload.faults.calls.clear()
    await fleet.reconciler.reconcile(name, 0, explained=explained)
    return [str(call) for call in (*fleet.management.faults.calls, *fleet.workload.faults.calls)]


# What means nothing.


@pytest.mark.parametrize(
    "patch",
    [
        {"metadata": {"labels": {"note": "one"}}},
        {"metadata": {"annotations": {"note": "one"}}},
        {"metadata": {"finalizers": ["cluster.cluster.x-k8s.io", names.FINALIZER, "else/where"]}},
        {},
    ],
    ids=["label", "annotation", "finalizer", "nothing"],
)
async def test_what_changes_no_answer_calls_nobody(
    fleet: ReconcileFleet, name: str, patch: dict[str, Any]
) -> None:
    await fleet.patch_cluster(patch)
    assert await calls(fleet, name) == []


async def test_the_next_look_stays_when_it_was(fleet: ReconcileFleet, name: str) -> None:
    first = await fleet.run(name)
    fleet.clock.advance(60)
    assert first.requeue_after is not None
    again = await fleet.reconciler.reconcile(name, 0, explained=True)
    assert again == record_controller.Outcome(first.requeue_after - 60, changed=False)


# What might mean something.


async def test_when_it_is_time_it_is_looked(fleet: ReconcileFleet, name: str) -> None:
    fleet.clock.advance(fleet.services.resync_seconds)
    assert await calls(fleet, name)
    assert await calls(fleet, name) == []


async def test_who_gives_no_reason_is_served(fleet: ReconcileFleet, name: str) -> None:
    assert await calls(fleet, name, explained=False)


async def test_a_new_process_looks(fleet: ReconcileFleet, name: str) -> None:
    fleet.reconciler = record_controller.RecordReconciler(fleet.services)
    assert await calls(fleet, name)


async def _cluster_spec(fleet: ReconcileFleet) -> None:
    await fleet.patch_cluster({"spec": {"clusterNetwork": {"serviceDomain": "other"}}})


async def _config_spec(fleet: ReconcileFleet) -> None:
    await fleet.change_config(logLevel="DEBUG")


async def _credential(fleet: ReconcileFleet) -> None:
    data = {"data": {"password": base64.b64encode(b"another-password").decode()}}
    await fleet.user.merge_patch(resources.SECRETS, "ako", data, "akoo-system")


async def _kubeconfig(fleet: ReconcileFleet) -> None:
    await fleet.user.merge_patch(resources.SECRETS, KUBECONFIG, {"data": {"value": "AAAA"}}, "demo")


async def _kubeconfig_gone(fleet: ReconcileFleet) -> None:
    await fleet.user.delete(resources.SECRETS, KUBECONFIG, "demo")


@pytest.mark.parametrize(
    "change", [_cluster_spec, _config_spec, _credential, _kubeconfig, _kubeconfig_gone]
)
async def test_what_a_round_goes_by_leads_to_another(
    fleet: ReconcileFleet, name: str, change: Any
) -> None:
    await change(fleet)
    assert [call for call in await calls(fleet, name) if "statefulsets" in call], (
        "AKO was looked at"
    )


async def test_a_changed_credential_arrives(fleet: ReconcileFleet, name: str) -> None:
    await _credential(fleet)
    await calls(fleet, name)
    secret = fleet.in_workload(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert base64.b64decode(secret["data"]["password"]) == b"another-password"


async def test_a_label_that_a_plugin_reads_is_acted_upon() -> None:
    fleet = ReconcileFleet(Zoned())
    name = await settled(fleet)
    await fleet.patch_cluster({"metadata": {"labels": {"note": "one"}}})
    assert await calls(fleet, name) == []
    await fleet.patch_cluster({"metadata": {"labels": {"zone": "west"}}})
    assert await calls(fleet, name)
    config_map = fleet.in_workload(resources.CONFIG_MAPS, "zone")
    assert config_map is not None
    assert config_map["data"] == {"zone": "west"}


class Counted(reconcile_plugins.Ako):
    """Counts how often its contribution is asked for."""

    asked = 0

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
        self.asked += 1
        return super().contribute(view)


async def test_a_round_that_stands_asks_for_a_contribution_once() -> None:
    plugin = Counted()
    fleet = ReconcileFleet(plugin)
    name = await settled(fleet)
    plugin.asked = 0
    assert await calls(fleet, name, explained=False)
    assert plugin.asked == 1
    assert await calls(fleet, name) == []
    assert plugin.asked == 2, "compared with the answer of the round"


async def test_secrets_that_are_not_followed_are_read(fleet: ReconcileFleet, name: str) -> None:
    fleet.services = dataclasses.replace(fleet.services, secret_version=lambda *_: None)
    fleet.reconciler = record_controller.RecordReconciler(fleet.services)
    await fleet.run(name)
    assert await calls(fleet, name)


async def test_what_is_not_well_is_looked_at_again(fleet: ReconcileFleet, name: str) -> None:
    avi = fleet.plugins[1]
    assert isinstance(avi, reconcile_plugins.Avi)
    avi.fail["prepare"] = api.Blocked(reason="NoCloud", message="make one")
    await fleet.run(name)
    assert await calls(fleet, name)
    del avi.fail["prepare"]
    await calls(fleet, name)
    assert fleet.condition(name, "Ready") == ("True", "Running")


# What does not come from the last round.


async def test_a_user_is_obeyed_at_once(fleet: ReconcileFleet, name: str) -> None:
    await fleet.annotate(name, leave="sweep")
    await calls(fleet, name)
    assert fleet.record(name).spec.leaving is not None


async def test_a_condition_that_somebody_took_off_comes_back(
    fleet: ReconcileFleet, name: str
) -> None:
    await fleet.user.merge_patch(
        resources.CLUSTERS, "shop", {"status": {"conditions": []}}, "demo", subresource="status"
    )
    assert await calls(fleet, name) == ["apply clusters.cluster.x-k8s.io/status demo/shop"]
    assert fleet.on_cluster() == ("True", "Running")
