"""`akoo-core ako inspect` and `existing: Observe` on a real API server, which fills in defaults."""

from __future__ import annotations

import contextlib
import copy
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_ako import desired, installed, names, options, settings
from akoo_ako.installs import command
from akoo_ako.rendering import objects
from akoo_ako.running import observing
from akoo_testbed import running

from akoo_core import clock, external
from akoo_core.kube import client, transport
from akoo_core.kube.access import config
from akoo_core.plugin import api, commands
from akoo_core.plugin.kube import NAMESPACES, STATEFUL_SETS, NotFoundError
from akoo_core.reconcile.deploy import kinds

HELM = {
    "meta.helm.sh/release-name": "ako",
    "meta.helm.sh/release-namespace": "avi-system",
}
OPTIONS = options.Options(
    version="1.13.4",
    node_selector={"pool": "infra"},
    tolerations=({"key": "infra", "operator": "Exists", "effect": "NoSchedule"},),
    image_pull_secrets=("pull",),
    pod_security="Vendor",
)
SHARED = ("Namespace", "CustomResourceDefinition")
CHANGES = {
    "extraConfigs.istioEnabled": True,
    "extraConfigs.log": {"persistentVolumeClaim": "logs", "logLevel": "DEBUG"},
    "extraConfigs.ingress.serviceType": "ClusterIP",
}


@pytest.fixture
async def kube(
    apiserver: running.RunningServer, tmp_path: pathlib.Path
) -> AsyncIterator[client.KubeClient]:
    """A client that may write."""
    connected = await connect(apiserver, tmp_path, external.External())
    yield connected
    await connected.close()


@pytest.fixture
async def reader(
    apiserver: running.RunningServer, tmp_path: pathlib.Path
) -> AsyncIterator[client.KubeClient]:
    """A client that cannot write."""
    seam = external.External(guard=external.ReadOnly())
    connected = await connect(apiserver, tmp_path, seam)
    yield connected
    await connected.close()


async def connect(
    apiserver: running.RunningServer, folder: pathlib.Path, seam: external.External
) -> client.KubeClient:
    file = folder / "admin.kubeconfig"
    file.write_text(apiserver.kubeconfig)
    endpoint = await config.endpoint_of(str(file))
    return transport.HttpClient(endpoint, external=seam, system="workload")


def manifests(build: Any) -> list[dict[str, Any]]:
    """AKO as Helm leaves it: marks on every object, and a release Secret. Without the definitions:
    other tests of this server need their own."""
    wanted = desired.decide(build.view(build.adc(CHANGES), OPTIONS), settings.Settings())
    release = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "sh.helm.release.v1.ako.v1",
            "namespace": names.NAMESPACE,
            "labels": {"owner": "helm", "name": "ako"},
        },
    }
    rendered = [*objects.render(wanted), release]
    made = [copy.deepcopy(obj) for obj in rendered if obj["kind"] not in SHARED]
    for obj in made:
        if obj["kind"] != "Secret":
            obj["metadata"].setdefault("annotations", {}).update(HELM)
    return made


async def remove(kube: client.KubeClient, build: Any) -> None:
    """Delete what this and other tests have left of AKO."""
    catalog = kinds.Kinds(kube)
    for obj in manifests(build):
        kind = await catalog.find(obj["apiVersion"], obj["kind"])
        with contextlib.suppress(NotFoundError):
            await kube.delete(kind, obj["metadata"]["name"], obj["metadata"].get("namespace"))


@pytest.fixture
async def deployed(kube: client.KubeClient, build: Any) -> AsyncIterator[None]:
    """AKO by Helm, and nothing else of AKO."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": names.NAMESPACE}}
    await kube.apply(NAMESPACES, namespace)
    await remove(kube, build)
    catalog = kinds.Kinds(kube)
    for obj in manifests(build):
        kind = await catalog.find(obj["apiVersion"], obj["kind"])
        await kube.apply(kind, obj, field_manager="helm")
    yield
    await remove(kube, build)


@pytest.mark.usefixtures("deployed")
async def test_a_helm_release_is_recognised_and_its_config_is_equal(
    reader: client.KubeClient, build: Any
) -> None:
    answer = await command.inspect(
        commands.CommandContext(
            kube=reader,
            clock=clock.SystemClock(),
            settings=settings.Settings(),
            management_id="m-1",
            cluster=build.cluster(),
            workload=reader,
        )
    )
    assert answer.data["notLookedAt"] == []
    (install,) = answer.data["installs"]
    assert install["differences"] == []
    assert (install["kind"], install["equal"], install["adoptable"]) == ("Helm", True, True)
    assert (install["version"], install["clusterName"]) == ("1.13.4", build.record)
    owned = {(obj["kind"], obj["name"]): obj for obj in install["objects"]}
    stateful_set = owned["StatefulSet", "ako"]
    assert [owner["kind"] for owner in stateful_set["owners"]] == ["Helm release"]
    assert stateful_set["managers"] == ["helm"]
    spec = install["config"]["spec"]
    assert spec["plugins"]["ako"]["podSecurity"] == "Vendor"
    assert spec["extraConfigs"]["log"]["persistentVolumeClaim"] == "logs"


@pytest.mark.usefixtures("deployed")
async def test_it_is_observed_without_a_write(
    kube: client.KubeClient, reader: client.KubeClient, build: Any
) -> None:
    """No controllers run here, so it has no Pod: that is said, and nothing is changed."""
    before = await kube.get(STATEFUL_SETS, names.STATEFUL_SET, names.NAMESPACE)
    answer = await observing.look(build.context(reader), settings.Settings().table)
    assert isinstance(answer, api.Wait)
    (fact,) = answer.facts
    assert isinstance(fact, installed.AkoInstall)
    assert (fact.namespace, fact.kind) == (names.NAMESPACE, "Helm")
    assert fact.selector == names.SELECTOR
    after = await kube.get(STATEFUL_SETS, names.STATEFUL_SET, names.NAMESPACE)
    assert after == before
