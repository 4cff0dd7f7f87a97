"""One real API server with its controllers, for all tests of this folder."""

import collections.abc

import pytest_asyncio
from akoo_testbed import kubeapi, parts, site


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def kubeconfig() -> collections.abc.AsyncGenerator[str, None]:
    """An administrator's way into a workload API with StatefulSets, and without Nodes."""
    ground = site.Site(needs=("etcd", "kubernetes"))
    await ground.start()
    try:
        etcd = parts.Etcd(ground)
        server = parts.ApiServer(ground, etcd, "kubelet")
        manager = parts.ControllerManager(ground, server)
        for part in (etcd, server, manager):
            await part.start()
            await part.ready()
        yield server.kubeconfig
    finally:
        await ground.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def api(kubeconfig: str) -> collections.abc.AsyncGenerator[kubeapi.KubeApi, None]:
    """A client of that API."""
    async with kubeapi.KubeApi(kubeconfig) as client:
        yield client
