"""AKO in a real cluster, with the test bed's stand-in for it: arrives, is changed, leaves."""

from __future__ import annotations

import asyncio
import base64
import copy
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from akoo_ako import desired, drain, fence, names, objects, observe, options, settings
from akoo_testbed import kubeapi, running

from akoo_core import clock, external
from akoo_core.kube import client, resource, transport
from akoo_core.kube.access import config
from akoo_core.objects import names as core_names
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import kinds

Verb = Callable[[api.VerbContext], Awaitable[object]]


@pytest.fixture
async def kube(
    bed: running.RunningBed, namespace: str, tmp_path: pathlib.Path
) -> AsyncIterator[client.KubeClient]:
    """A workload cluster with one Node, reached by its kubeconfig Secret."""
    await bed.call(bed.bed.new_cluster(namespace, "shop", workers=1))
    await bed.call(bed.bed.available(namespace, "shop"))
    async with kubeapi.KubeApi(bed.kubeconfig) as management:
        secret = await management.get("v1/Secret", namespace, "shop-kubeconfig")
    file = tmp_path / "shop.kubeconfig"
    file.write_bytes(base64.b64decode(secret["data"]["value"]))
    endpoint = await config.endpoint_of(str(file))
    connected = transport.HttpClient(endpoint, external=external.External(), system="workload")
    yield connected
    await connected.close()
    await bed.call(bed.bed.delete_cluster(namespace, "shop"))


async def deploy(kube: client.KubeClient, view: api.View) -> None:
    """The work of the deploy executor, without its care."""
    catalog = kinds.Kinds(kube)
    for manifest in objects.render(desired.decide(view, settings.Settings())):
        obj = copy.deepcopy(manifest)
        obj["metadata"].setdefault("labels", {})[core_names.RECORD_LABEL] = view.record_name
        await kube.apply(await catalog.find(obj["apiVersion"], obj["kind"]), obj)
    await kube.apply(
        resource.SECRETS,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": names.SECRET, "namespace": names.NAMESPACE},
            "stringData": {"username": "ako", "password": "not-a-secret"},
        },
    )


async def until(verb: Verb, ctx: api.VerbContext, kind: type[Any]) -> Any:
    """Call a verb as the engine does, until it answers with ``kind``."""
    async with asyncio.timeout(30):
        while True:
            answer = await verb(ctx)
            if isinstance(answer, kind):
                return answer
            assert isinstance(answer, api.Wait), answer
            await asyncio.sleep(min(answer.after, 0.3))


async def test_ako_arrives_is_changed_and_leaves(kube: client.KubeClient, build: Any) -> None:
    ctx = build.context(kube, now=clock.SystemClock())
    await deploy(kube, build.view(ako_options=options.Options(version="1.13.4")))
    done = await until(observe.observe, ctx, api.Done)
    assert done.version == "1.13.4"
    first = await pod_uid(kube)

    await deploy(kube, build.view(build.adc({"extraConfigs.log.logLevel": "DEBUG"}), OLD))
    await until(observe.observe, ctx, api.Done)
    assert await pod_uid(kube) == first

    await deploy(kube, build.view(build.adc({"extraConfigs.layer7Only": True}), OLD))
    await until(observe.observe, ctx, api.Done)
    second = await pod_uid(kube)
    assert second != first

    await deploy(kube, build.view(ako_options=options.Options(version="2.1.1")))
    done = await until(observe.observe, ctx, api.Done)
    assert done.version == "2.1.1"
    assert await pod_uid(kube) != second

    done = await until(drain.drain, ctx, api.Done)
    assert done.message == "AKO says Done."
    fenced = await until(fence.fence, ctx, api.Fenced)
    assert fenced.grade == "Stopped"


OLD = options.Options(version="1.13.4")


async def pod_uid(kube: client.KubeClient) -> str:
    pod = await kube.get(resource.PODS, "ako-0", names.NAMESPACE)
    return str(pod["metadata"]["uid"])
