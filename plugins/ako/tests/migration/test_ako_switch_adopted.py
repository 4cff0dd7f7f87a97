"""An AKO that the ancestor's add-on deployed is adopted with the account that the ancestor made."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from akoo_ako.installs import kinds
from akoo_ako.migration.steps import adoption
from akoo_ako.plugin import AkoPlugin
from akoo_testbed.ancestor import objects

from akoo_core import testing
from akoo_core.kube import resource as resources
from akoo_core.objects import names as core_names
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time
from akoo_core.testing.memory import kubelet

NAME = "demo-shop"
"""AKO's clusterName, as the ancestor makes it."""
KINDS = {kind.kind: kind for kind in kinds.OWN}
SELECTOR = {"app.kubernetes.io/name": f"ako-{NAME}", "app.kubernetes.io/instance": "shop-ako"}
VALUES = {"username": "shop-demo-ako-user", "password": "a-pass", "certificateAuthorityData": "ca"}
MARKS = {"kapp.k14s.io/app": "1650"}
PACKAGE = "load-balancer-and-ingress-service.tanzu.vmware.com"


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    """AKO says that it works, whatever its container is called."""
    monkeypatch.setitem(kubelet.READY_EVENTS, f"ako-{NAME}", "AKOReady")


def encoded() -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in VALUES.items()}


async def add_on(fleet: testing.Fleet, build: Any) -> None:
    """The objects that kapp-controller has made of the ancestor's values; its package is paused."""
    server = fleet.workload("shop")
    assert server is not None
    for kind in (*kinds.PACKAGE_INSTALLS, *kinds.APPS):
        server.served.serve(kind)
    kapp = server.client(system="others", field_manager="kapp")
    for name in ("avi-system", "tkg-system"):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await kapp.create(resources.NAMESPACES, body)
    for obj in build.helm_install("avi-system", NAME, SELECTOR, VALUES):
        obj["metadata"] |= {"labels": MARKS, "annotations": {}}
        await kapp.create(KINDS[obj["kind"]], obj)
    where = {"name": "shop-ako", "namespace": "tkg-system"}
    install = {
        "apiVersion": "packaging.carvel.dev/v1alpha1",
        "kind": "PackageInstall",
        "metadata": where,
        "spec": {"packageRef": {"refName": PACKAGE}, "paused": True},
    }
    made = await kapp.create(kinds.PACKAGE_INSTALLS[0], install)
    owner = {
        "apiVersion": install["apiVersion"],
        "kind": "PackageInstall",
        "name": "shop-ako",
        "uid": made["metadata"]["uid"],
        "controller": True,
    }
    app = {"apiVersion": "kappctrl.k14s.io/v1alpha1", "kind": "App"}
    await kapp.create(kinds.APPS[0], {**app, "metadata": {**where, "ownerReferences": [owner]}})
    data = {"spec": '{"labelKey":"kapp.k14s.io/app","labelValue":"1650"}'}
    labels = {"kapp.k14s.io/is-app": ""}
    metadata = {**where, "name": "shop-ako-ctrl", "labels": labels}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    await kapp.create(resources.CONFIG_MAPS, config_map)


def state(fleet: testing.Fleet) -> tuple[list[str], Any, int]:
    """The Pods of AKO, the values of its Secret, and the generation of its StatefulSet."""
    server = fleet.workload("shop")
    assert server is not None
    (secret,) = server.objects(resources.SECRETS, "avi-system")
    (stateful_set,) = server.objects(resources.STATEFUL_SETS, "avi-system")
    pods = [pod["metadata"]["uid"] for pod in server.objects(resources.PODS, "avi-system")]
    return pods, secret["data"], stateful_set["metadata"]["generation"]


@pytest.mark.skipif(not adoption.possible(), reason="this release cannot adopt")
@pytest.mark.parametrize("kind", ["avi.cluster.x-k8s.io/secret", "Opaque"])
def test_it_keeps_its_pod_and_its_account(build: Any, kind: str) -> None:
    """One config serves many Clusters, and names no account. The type of the Secret decides."""

    async def main(now: virtual_time.LoopClock) -> None:
        settings = Settings(allowed_secret_namespaces=("avi",))
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=settings) as fleet:
            await fleet.create_cluster("shop")
            cluster = {"metadata": {"name": "shop", "namespace": "demo"}}
            secret = {**objects.account(cluster), "type": kind, "data": encoded()}
            del secret["stringData"]
            await fleet.user.create(resources.SECRETS, secret)
            await add_on(fleet, build)
            await fleet.until(lambda: bool(state(fleet)[0]), seconds=60)
            labels = {core_names.ANCESTOR_LABEL: "default"}
            switched = {"finalizers": [core_names.FINALIZER], "labels": labels}
            await fleet.patch_cluster("shop", {"metadata": switched})
            before = state(fleet)
            spec = build.adc({"workloadCredentialRef": None})["spec"]
            section = {"existing": "Adopt", "version": "1.13.4", "podSecurity": "Vendor"}
            await fleet.create_config(spec | {"plugins": {"ako": section}})
            wanted = "Running" if kind != "Opaque" else "SecretNamespaceNotAllowed"
            await fleet.until(lambda: reason(fleet) == wanted, seconds=1200)
            record = fleet.record("shop")
            assert record is not None
            assert record.spec.ako_cluster_name == NAME
            assert state(fleet) == before
            assert VALUES["password"] not in str(
                fleet.management.objects(resources.AKO_DEPLOYMENTS)
            )

    virtual_time.run(main)


def reason(fleet: testing.Fleet) -> str:
    record = fleet.record("shop")
    listed = record.status.conditions if record is not None else ()
    return next((each.reason for each in listed if each.type == "Ready"), "")
