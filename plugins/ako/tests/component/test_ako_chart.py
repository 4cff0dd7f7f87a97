"""AKO from a chart, with a real helm: rendered, accepted by an API server, and at rest."""

from __future__ import annotations

import asyncio
import copy
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_ako import desired, options, settings
from akoo_ako.plugin import AkoPlugin
from akoo_ako.rendering import objects
from akoo_testbed import running
from akoo_testbed.building import build as testbed_build

from akoo_core import external, structs
from akoo_core.kube import client, transport
from akoo_core.kube.access import config
from akoo_core.objects import names as core_names
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import drift, kinds
from tests.ako import ako_chart


class Threads:
    """Threads of asyncio."""

    async def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(function, *args, **kwargs)


@pytest.fixture(scope="module")
def helm() -> str:
    return str(testbed_build.ensure(["helm"]).binary("helm"))


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


def view_of(build: Any, section: dict[str, Any]) -> api.View:
    decoded = structs.convert(section, options.Options, path="spec.plugins.ako")
    view: api.View = build.view(build.adc({"plugins": {"ako": section}}), decoded)
    return view


async def rendered(
    build: Any, ours: settings.Settings, section: dict[str, Any]
) -> tuple[structs.JSON, ...] | api.Result | None:
    """The objects of one cluster, or the answer of prepare that kept them away."""
    view = view_of(build, section)
    ctx = structs.replace(build.context(None, of=view), threads=Threads())
    answer: api.Result | None = await AkoPlugin(ours).prepare(ctx)
    if isinstance(answer, api.Blocked):
        return answer
    return objects.render(desired.decide(view, ours))


async def apply(
    kube: client.KubeClient, view: api.View, manifests: tuple[structs.JSON, ...]
) -> dict[str, client.Object]:
    """The objects as the deploy executor applies them."""
    catalog, applied = kinds.Kinds(kube), {}
    for manifest in manifests:
        obj = copy.deepcopy(manifest)
        if obj["kind"] not in {"Namespace", "CustomResourceDefinition"}:
            obj["metadata"].setdefault("labels", {})[core_names.RECORD_LABEL] = view.record_name
        kind = await catalog.find(obj["apiVersion"], obj["kind"])
        applied[f"{obj['kind']}/{obj['metadata']['name']}"] = await kube.apply(kind, obj)
    return applied


async def test_a_chart_follows_a_release_and_is_at_rest(
    kube: client.KubeClient, build: Any, helm: str, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "charts"
    chart = ako_chart.put(folder, ako_chart.archive())
    ours = settings.Settings(chart_folder=str(folder), helm=helm)
    section = {"chart": chart, "values": {"extra": {"text": "of the config"}}}
    view = view_of(build, section)
    built_in = objects.render(desired.decide(view_of(build, {}), ours))
    before = await apply(kube, view, built_in)
    manifests = await rendered(build, ours, section)
    assert isinstance(manifests, tuple), manifests
    assert "Job" not in {manifest["kind"] for manifest in manifests}
    applied = await apply(kube, view, manifests)
    stateful_set = applied["StatefulSet/ako"]
    assert stateful_set["metadata"]["uid"] == before["StatefulSet/ako"]["metadata"]["uid"]
    data = applied["ConfigMap/avi-k8s-config"]["data"]
    assert (data["clusterName"], data["ofTheChart"]) == (build.record, "of the config")
    again = await apply(kube, view, manifests)
    for manifest in manifests:
        key = f"{manifest['kind']}/{manifest['metadata']['name']}"
        assert drift.differences(manifest, again[key]) == []
        if manifest["kind"] != "CustomResourceDefinition":
            versions = [each[key]["metadata"]["resourceVersion"] for each in (applied, again)]
            assert versions[0] == versions[1]
    after = await apply(kube, view, built_in)
    assert after["StatefulSet/ako"]["metadata"]["uid"] == stateful_set["metadata"]["uid"]


async def test_a_chart_that_helm_refuses(build: Any, helm: str, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "charts"
    broken = {"broken.yaml": '{{ fail "no such release" }}'}
    ours = settings.Settings(chart_folder=str(folder), helm=helm)
    chart = ako_chart.put(folder, ako_chart.archive(more=broken))
    answer = await rendered(build, ours, {"chart": chart})
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "ChartNotRendered"
    assert "no such release" in answer.message
    chart = ako_chart.put(folder, b"no archive")
    answer = await rendered(build, ours, {"chart": chart})
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "ChartNotRendered"
