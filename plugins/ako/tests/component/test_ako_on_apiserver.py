"""The objects of this plugin on a real API server: accepted, stable, and safe for AKO."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_ako import desired, drain, fence, names, options, settings
from akoo_ako.rendering import crds, objects
from akoo_testbed import running

from akoo_core import external, structs
from akoo_core.kube import client, errors, resource, transport
from akoo_core.kube.access import config
from akoo_core.objects import names as core_names
from akoo_core.plugin import ako_values, api
from akoo_core.reconcile.deploy import drift, kinds
from tests.ako import ako_rules

EVERYTHING = {
    "extraConfigs.featureGates.GatewayAPI": True,
    "extraConfigs.istioEnabled": True,
    "extraConfigs.log": {"persistentVolumeClaim": "logs", "logLevel": "DEBUG"},
    "extraConfigs.ingress.defaultIngressController": True,
}
OPTIONS = options.Options(
    enable_prometheus=True,
    node_selector={"pool": "infra"},
    tolerations=({"key": "infra", "operator": "Exists", "effect": "NoSchedule"},),
    image_pull_secrets=("pull",),
)
RESTRICTED = "avi-restricted"
SERVICE_ACCOUNTS = resource.Resource("", "v1", "serviceaccounts", "ServiceAccount")


@pytest.fixture
async def kube(
    apiserver: running.RunningServer, tmp_path: pathlib.Path
) -> AsyncIterator[client.KubeClient]:
    file = tmp_path / "admin.kubeconfig"
    file.write_text(apiserver.kubeconfig)
    endpoint = await config.endpoint_of(str(file))
    connected = transport.HttpClient(endpoint, external=external.External(), system="workload")
    yield connected
    await connected.close()


async def apply(kube: client.KubeClient, view: api.View) -> dict[str, client.Object]:
    """Every object but the GatewayClass (its CRD is the user's) as the deploy executor would."""
    catalog, applied = kinds.Kinds(kube), {}
    for manifest in objects.render(desired.decide(view, settings.Settings())):
        if manifest["kind"] == "GatewayClass":
            continue
        obj = copy.deepcopy(manifest)
        if obj["kind"] not in {"Namespace", "CustomResourceDefinition"}:
            obj["metadata"].setdefault("labels", {})[core_names.RECORD_LABEL] = view.record_name
        kind = await catalog.find(obj["apiVersion"], obj["kind"])
        key = f"{obj['kind']}/{obj['metadata']['name']}"
        applied[key] = await kube.apply(kind, obj)
    return applied


def versions_of(applied: dict[str, client.Object]) -> dict[str, str]:
    return {key: obj["metadata"]["resourceVersion"] for key, obj in applied.items()}


async def settled(kube: client.KubeClient) -> None:
    """Wait until the server has finished with our CRDs: it writes their status itself."""
    for kind in crds.KINDS:
        async with asyncio.timeout(20):
            async for event in kube.watch(
                resource.CUSTOM_RESOURCE_DEFINITIONS, field_selector=f"metadata.name={kind.name}"
            ):
                status = event.object.get("status", {}).get("conditions") or []
                if any(c["type"] == "Established" and c["status"] == "True" for c in status):
                    break


@pytest.mark.parametrize(
    ("version", "changes"),
    list(itertools.product(["1.13.1", "1.13.4", "2.1.1"], [{}, EVERYTHING])),
)
async def test_accepted_and_then_at_rest(
    kube: client.KubeClient, build: Any, version: str, changes: dict[str, Any]
) -> None:
    ako_options = structs.replace(OPTIONS if changes else options.Options(), version=version)
    view = build.view(build.adc(changes), ako_options)
    await apply(kube, view)
    await settled(kube)
    applied = await apply(kube, view)
    assert versions_of(await apply(kube, view)) == versions_of(applied)
    for manifest in objects.render(desired.decide(view, settings.Settings())):
        live = applied.get(f"{manifest['kind']}/{manifest['metadata']['name']}", manifest)
        assert drift.differences(manifest, live) == []


def lines() -> list[list[str]]:
    """Path, releases, value and effect of each path that can be set."""
    text = (pathlib.Path(__file__).parents[1] / "chart.txt").read_text()
    cells = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    return [row for row in cells if row[3] != "refused"]


EXCLUDED = {"persistentVolumeClaim", "nodePortSelector.key", "nodePortSelector.value"}
"""Beside a claim that each Pod makes, and beside ClusterIP."""


async def test_values_of_the_chart_are_accepted_and_then_at_rest(
    kube: client.KubeClient, build: Any
) -> None:
    flat = {
        path: json.loads(value)
        for path, releases, value, _ in lines()
        if (releases == "all" or "2.1.1" in releases.split()) and path not in EXCLUDED
    }
    del flat["replicaCount"], flat["featureGates.GatewayAPI"], flat["L4Settings.defaultDomain"]
    del flat["NetworkSettings.nsxtT1LR"], flat["AKOSettings.vpcMode"]
    del flat["AKOSettings.primaryInstance"]
    values = ako_values.placed({}, flat)
    section = {"version": "2.1.1", "values": values}
    view = build.view(
        build.adc({"plugins.ako": section}), options.Options(version="2.1.1", values=values)
    )
    await apply(kube, view)
    await settled(kube)
    applied = await apply(kube, view)
    assert versions_of(await apply(kube, view)) == versions_of(applied)
    for manifest in objects.render(desired.decide(view, settings.Settings())):
        live = applied[f"{manifest['kind']}/{manifest['metadata']['name']}"]
        assert drift.differences(manifest, live) == []
    pod = applied["StatefulSet/ako"]["spec"]["template"]["spec"]
    assert pod["priorityClassName"] == "high"
    assert [container["name"] for container in pod["containers"]] == ["ako", "side"]
    claim = pod["volumes"][0]["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == "1Gi"


async def test_a_release_follows_another_in_place(kube: client.KubeClient, build: Any) -> None:
    uids, generations = set(), []
    for version in ("1.13.2", "2.1.1", "1.13.4"):
        applied = await apply(kube, build.view(ako_options=options.Options(version=version)))
        replaced = applied["StatefulSet/ako"]
        uids.add(replaced["metadata"]["uid"])
        generations.append(replaced["metadata"]["generation"])
    assert len(uids) == 1
    assert generations == sorted(set(generations))


async def test_a_live_setting_leaves_the_stateful_set_alone(
    kube: client.KubeClient, build: Any
) -> None:
    before = await apply(kube, build.view())
    changed = await apply(kube, build.view(build.adc({"extraConfigs.log.logLevel": "DEBUG"})))
    assert changed["ConfigMap/avi-k8s-config"]["data"]["logLevel"] == "DEBUG"
    same = "StatefulSet/ako"
    assert changed[same]["metadata"]["generation"] == before[same]["metadata"]["generation"]


async def test_pod_is_admitted_under_pod_security_restricted(
    kube: client.KubeClient, build: Any
) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace"}
    await kube.apply(
        resource.NAMESPACES, {**namespace, "metadata": {"name": RESTRICTED, "labels": labels}}
    )
    metadata = {"name": names.SERVICE_ACCOUNT, "namespace": RESTRICTED}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    await kube.apply(SERVICE_ACCOUNTS, account)
    for name, chosen, allowed in (
        ("restricted", options.Options(), True),
        ("vendor", options.Options(pod_security="Vendor"), False),
    ):
        view = build.view(build.adc({"extraConfigs.featureGates.GatewayAPI": True}), chosen)
        pod = pod_of(objects.render(desired.decide(view, settings.Settings())), name)
        if allowed:
            await kube.create(resource.PODS, pod, RESTRICTED)
            await kube.delete(resource.PODS, name, RESTRICTED)
        else:
            with pytest.raises(errors.ForbiddenError, match="violates PodSecurity"):
                await kube.create(resource.PODS, pod, RESTRICTED)


def pod_of(manifests: tuple[dict[str, Any], ...], name: str) -> dict[str, Any]:
    (stateful_set,) = (manifest for manifest in manifests if manifest["kind"] == "StatefulSet")
    template = copy.deepcopy(stateful_set["spec"]["template"])
    template["metadata"] |= {"name": name, "namespace": RESTRICTED}
    return {"apiVersion": "v1", "kind": "Pod", **template}


async def test_rules_are_completed_or_refused(kube: client.KubeClient, build: Any) -> None:
    """The API server stores what AKO's own definitions accept, with its defaults, and refuses the
    rest."""
    await apply(kube, build.view())
    await settled(kube)
    for rule in ako_rules.RULES:
        kind = resource.Resource(
            "ako.vmware.com", rule.version, rule.plural, rule.kind, rule.namespaced
        )
        if rule.refused:
            with pytest.raises(errors.InvalidError) as refusal:
                await kube.create(kind, rule.manifest(), "default" if rule.namespaced else None)
            assert rule.refused in str(refusal.value), rule.title
            continue
        made = await kube.create(kind, rule.manifest(), "default" if rule.namespaced else None)
        for path, value in rule.stored.items():
            assert ako_rules.at(made["spec"], path) == value, (rule.title, path)
        if rule.pruned:
            with pytest.raises(KeyError):
                ako_rules.at(made["spec"], rule.pruned)
        await kube.delete(kind, "web", "default" if rule.namespaced else None)


async def test_ako_writes_status(kube: client.KubeClient, build: Any) -> None:
    await apply(kube, build.view())
    await settled(kube)
    kind = resource.Resource("ako.vmware.com", "v1beta1", "hostrules", "HostRule")
    spec = {"virtualhost": {"fqdn": "shop.example.com", "fqdnType": "Exact"}}
    metadata = {"name": "shop", "namespace": "default"}
    rule = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
    await kube.apply(kind, rule)
    accepted = await kube.merge_patch(
        kind, "shop", {"status": {"status": "Accepted"}}, "default", subresource="status"
    )
    assert accepted["status"] == {"status": "Accepted"}
    old = await kube.get(kind._replace(version="v1alpha1"), "shop", "default")
    assert old["spec"] == spec
    await kube.delete(kind, "shop", "default")


async def test_leaving_on_a_real_server(kube: client.KubeClient, build: Any) -> None:
    """The patches of drain and fence as a real server takes them."""
    await apply(kube, build.view())
    pod = build.pod()
    del pod["metadata"]["creationTimestamp"]
    status = pod.pop("status")
    pod["spec"]["terminationGracePeriodSeconds"] = 0  # no kubelet is here to end it
    pod["spec"]["serviceAccountName"] = names.SERVICE_ACCOUNT
    await kube.create(resource.PODS, pod, names.NAMESPACE)
    status["containerStatuses"][0] |= {"image": "i", "imageID": "i"}
    await kube.merge_patch(
        resource.PODS, "ako-0", {"status": status}, names.NAMESPACE, subresource="status"
    )
    await report(kube, "Done")
    assert isinstance(await drain.drain(build.context(kube)), api.Wait)
    config_map = await kube.get(resource.CONFIG_MAPS, names.CONFIG_MAP, names.NAMESPACE)
    assert config_map["data"]["deleteConfig"] == "true"
    await report(kube, "Done")
    assert isinstance(await drain.drain(build.context(kube)), api.Done)

    assert isinstance(await fence.fence(build.context(kube)), api.Wait)
    stateful_set = await kube.get(resource.STATEFUL_SETS, names.STATEFUL_SET, names.NAMESPACE)
    assert stateful_set["spec"]["replicas"] == 0
    await kube.delete(resource.PODS, "ako-0", names.NAMESPACE)
    answer = await fence.fence(build.context(kube))
    assert isinstance(answer, api.Fenced)
    assert answer.grade == "Stopped"


async def report(kube: client.KubeClient, value: str) -> None:
    patch = {"metadata": {"annotations": {names.DELETION_STATUS: value}}}
    await kube.merge_patch(resource.STATEFUL_SETS, names.STATEFUL_SET, patch, names.NAMESPACE)
