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
from tests.unit.reconcile import reconcile_bed
from tests.unit.reconcile import reconcile_plugins as bedplugins
from tests.unit.reconcile.reconcile_bed import Bed

KUBECONFIG = names.kubeconfig_secret_name("shop")


class Zoned(bedplugins.Ako):
    """One that reads a label of the Cluster."""

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
        labels = view.cluster.labels if view.cluster else {}
        zone = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"zone": labels.get("zone", "")}}
        metadata = {"name": "zone", "namespace": bedplugins.AKO_NAMESPACE}
        ako = super().contribute(view)
        assert isinstance(ako, api.Contribution)
        return api.Contribution(objects=(*ako.objects, zone | {"metadata": metadata}))


@pytest.fixture
async def name(bed: Bed) -> str:
    return await settled(bed)


async def settled(bed: Bed) -> str:
    """A record that runs, in a process that follows Secrets; the last round found all well."""
    bed.management.seed(kubeconfig())
    bed.services = dataclasses.replace(bed.services, secret_version=seen(bed))
    bed.reconciler = record_controller.RecordReconciler(bed.services)
    name = await reconcile_bed.running(bed)
    await bed.run(name)
    return name


def kubeconfig() -> dict[str, Any]:
    metadata = {"namespace": "demo", "name": KUBECONFIG}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"value": "AA=="}}


def seen(bed: Bed) -> Any:
    def version(namespace: str, name: str) -> str:
        secrets = bed.management.objects(resources.SECRETS, namespace)
        return secret_reader.version_of(
            next((secret for secret in secrets if secret["metadata"]["name"] == name), None)
        )

    return version


async def calls(bed: Bed, name: str, *, explained: bool = True) -> list[str]:
    """The calls of one attempt to both API servers."""
    bed.management.faults.calls.clear()
    bed.workload.faults.calls.clear()
    await bed.reconciler.reconcile(name, 0, explained=explained)
    return [str(call) for call in (*bed.management.faults.calls, *bed.workload.faults.calls)]


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
    bed: Bed, name: str, patch: dict[str, Any]
) -> None:
    await bed.patch_cluster(patch)
    assert await calls(bed, name) == []


async def test_the_next_look_stays_when_it_was(bed: Bed, name: str) -> None:
    first = await bed.run(name)
    bed.clock.advance(60)
    assert first.requeue_after is not None
    again = await bed.reconciler.reconcile(name, 0, explained=True)
    assert again == record_controller.Outcome(first.requeue_after - 60, changed=False)


# What might mean something.


async def test_when_it_is_time_it_is_looked(bed: Bed, name: str) -> None:
    bed.clock.advance(bed.services.resync_seconds)
    assert await calls(bed, name)
    assert await calls(bed, name) == []


async def test_who_gives_no_reason_is_served(bed: Bed, name: str) -> None:
    assert await calls(bed, name, explained=False)


async def test_a_new_process_looks(bed: Bed, name: str) -> None:
    bed.reconciler = record_controller.RecordReconciler(bed.services)
    assert await calls(bed, name)


async def _cluster_spec(bed: Bed) -> None:
    await bed.patch_cluster({"spec": {"clusterNetwork": {"serviceDomain": "other"}}})


async def _config_spec(bed: Bed) -> None:
    await bed.change_config(logLevel="DEBUG")


async def _credential(bed: Bed) -> None:
    data = {"data": {"password": base64.b64encode(b"another-password").decode()}}
    await bed.user.merge_patch(resources.SECRETS, "ako", data, "akoo-system")


async def _kubeconfig(bed: Bed) -> None:
    await bed.user.merge_patch(resources.SECRETS, KUBECONFIG, {"data": {"value": "AAAA"}}, "demo")


async def _kubeconfig_gone(bed: Bed) -> None:
    await bed.user.delete(resources.SECRETS, KUBECONFIG, "demo")


@pytest.mark.parametrize(
    "change", [_cluster_spec, _config_spec, _credential, _kubeconfig, _kubeconfig_gone]
)
async def test_what_a_round_goes_by_leads_to_another(bed: Bed, name: str, change: Any) -> None:
    await change(bed)
    assert [call for call in await calls(bed, name) if "statefulsets" in call], "AKO was looked at"


async def test_a_changed_credential_arrives(bed: Bed, name: str) -> None:
    await _credential(bed)
    await calls(bed, name)
    secret = bed.in_workload(resources.SECRETS, "avi-secret")
    assert secret is not None
    assert base64.b64decode(secret["data"]["password"]) == b"another-password"


async def test_a_label_that_a_plugin_reads_is_acted_upon() -> None:
    bed = Bed(Zoned())
    name = await settled(bed)
    await bed.patch_cluster({"metadata": {"labels": {"note": "one"}}})
    assert await calls(bed, name) == []
    await bed.patch_cluster({"metadata": {"labels": {"zone": "west"}}})
    assert await calls(bed, name)
    config_map = bed.in_workload(resources.CONFIG_MAPS, "zone")
    assert config_map is not None
    assert config_map["data"] == {"zone": "west"}


async def test_secrets_that_are_not_followed_are_read(bed: Bed, name: str) -> None:
    bed.services = dataclasses.replace(bed.services, secret_version=lambda *_: None)
    bed.reconciler = record_controller.RecordReconciler(bed.services)
    await bed.run(name)
    assert await calls(bed, name)


async def test_what_is_not_well_is_looked_at_again(bed: Bed, name: str) -> None:
    avi = bed.plugins[1]
    assert isinstance(avi, bedplugins.Avi)
    avi.fail["prepare"] = api.Blocked(reason="NoCloud", message="make one")
    await bed.run(name)
    assert await calls(bed, name)
    del avi.fail["prepare"]
    await calls(bed, name)
    assert bed.condition(name, "Ready") == ("True", "Running")


# What does not come from the last round.


async def test_a_user_is_obeyed_at_once(bed: Bed, name: str) -> None:
    await bed.annotate(name, leave="sweep")
    await calls(bed, name)
    assert bed.record(name).spec.leaving is not None


async def test_a_condition_that_somebody_took_off_comes_back(bed: Bed, name: str) -> None:
    await bed.user.merge_patch(
        resources.CLUSTERS, "shop", {"status": {"conditions": []}}, "demo", subresource="status"
    )
    assert await calls(bed, name) == ["apply clusters.cluster.x-k8s.io/status demo/shop"]
    assert bed.on_cluster() == ("True", "Running")
