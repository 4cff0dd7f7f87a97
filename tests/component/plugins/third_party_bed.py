"""The surroundings of a third party's plugin: an API server with its CRD, and a Jaeger."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator

import yaml
from akoo_testbed import base, definitions, kubeapi, parts
from akoo_testbed.building import build
from akoo_testbed.provider import manifests

from akoo_core.sandbox import demo, install, process
from tests import crds

LABELS = {"dns": "acme"}


@dataclasses.dataclass(frozen=True)
class ThirdPartyBed:
    """A running bed: its API, its Jaeger, and the operator's kubeconfig."""

    api: kubeapi.KubeApi
    jaeger: parts.Jaeger
    kubeconfig: pathlib.Path
    log: pathlib.Path


@contextlib.asynccontextmanager
async def running(own_crds: pathlib.Path, rights: str) -> AsyncIterator[ThirdPartyBed]:
    """The bed, with ``own_crds`` beside ours, and ``rights`` for the operator's account."""
    bed_base = base.BedBase(needs=("etcd", "kubernetes", "jaeger"))
    await bed_base.start()
    try:
        etcd = parts.Etcd(bed_base)
        server, jaeger = parts.ApiServer(bed_base, etcd, "only"), parts.Jaeger(bed_base)
        await _bring(etcd)
        await asyncio.gather(_bring(server), _bring(jaeger))
        capi = build.ensure(["clusterapi"]).share("clusterapi") / "config" / "crd" / "bases"
        async with kubeapi.KubeApi(server.kubeconfig) as api:
            await definitions.install(api, capi, definitions.FOLDER, crds.FOLDER, own_crds)
            for obj in (*install.account_objects(), *yaml.safe_load_all(rights)):
                await api.apply(obj)
            text = await install.account_kubeconfig(api, server.url, bed_base.authority.pem)
            path = install.write_private(bed_base.folder / "operator.kubeconfig", text)
            yield ThirdPartyBed(api, jaeger, path, bed_base.log_file("operator"))
    finally:
        await bed_base.stop()


async def _bring(part: parts.Part) -> None:
    await part.start()
    await part.ready()


async def select_a_cluster(api: kubeapi.KubeApi) -> None:
    """A Cluster that nobody provisions, selected by an AKODeploymentConfig."""
    for secret in demo.credentials("no CA is needed here"):
        await api.apply(secret)
    await api.apply(demo.config(clusterSelector={"matchLabels": LABELS}))
    for obj in manifests.cluster("default", "shop", labels=LABELS, workers=0):
        await api.create(obj)


def operator(where: ThirdPartyBed, command: pathlib.Path, *plugins: str) -> process.OperatorProcess:
    """The operator of another environment, on this bed."""
    return process.OperatorProcess(
        kubeconfig=where.kubeconfig,
        plugins=plugins,
        log=where.log,
        environment={"AKOO_TELEMETRY__ENDPOINT": where.jaeger.otlp_url},
        command=(str(command),),
    )
