"""An operator process on a bare API server, for figures about the process itself."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp
from akoo_testbed import bare, definitions, kubeapi
from akoo_testbed.building import build
from akoo_testbed.provider import manifests

from akoo_core import settings
from akoo_core.manifests import packaged
from akoo_core.plugin_host import loader
from akoo_core.sandbox import demo, install, process

PLUGINS = "ako"
DEADLINE_SECONDS = 30.0


@dataclasses.dataclass(frozen=True)
class Installed:
    """A bare API server with our CRDs and rights, and the operator's kubeconfig on disk."""

    server: bare.BareServer
    kubeconfig: pathlib.Path


@contextlib.asynccontextmanager
async def installed(
    *,
    clusters: int,
    plugins: tuple[str, ...] = (PLUGINS,),
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Installed]:
    """An API server with ``clusters`` Clusters that nobody but the operator looks at."""
    async with bare.BareServer() as server:
        selected = ",".join(plugins)
        chosen = settings.load(environ=environment or {}, overrides={"enabledPlugins": selected})
        loaded = loader.load(chosen)
        async with kubeapi.KubeApi(server.server.kubeconfig) as api:
            share = build.ensure(["clusterapi"]).share("clusterapi") / "config" / "crd" / "bases"
            await definitions.install(
                api, share, definitions.FOLDER, *packaged.folders(loaded.ordered)
            )
            await install.install(api, loaded)
            for number in range(clusters):
                for obj in manifests.cluster("default", f"c{number}", workers=0):
                    await api.create(obj)
            await api.apply(demo.config(clusterSelector={"matchLabels": {"lb": "nobody"}}))
            text = await install.account_kubeconfig(
                api, server.server.url, server.base.authority.pem
            )
        path = install.write_private(server.base.folder / "operator.kubeconfig", text)
        yield Installed(server, path)


@contextlib.asynccontextmanager
async def running(
    bed: Installed,
    plugins: tuple[str, ...] = (PLUGINS,),
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[process.OperatorProcess]:
    """The operator, started and not waited for."""
    started = process.OperatorProcess(
        kubeconfig=bed.kubeconfig,
        plugins=plugins,
        log=bed.server.base.log_file("operator"),
        environment=environment,
    )
    try:
        await started.start()
        yield started
    finally:
        await started.stop()


async def metric(
    operator: process.OperatorProcess, accept: Callable[[str], bool], pause: float = 0.01
) -> str:
    """The text of /metrics as soon as ``accept`` says so. Raises TimeoutError. ``pause``: seconds
    between two looks, each of which costs the operator some milliseconds."""
    timeout = aiohttp.ClientTimeout(total=2)
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{operator.url}/metrics") as answer:
                    text = await answer.text()
                    if accept(text):
                        return text
            await asyncio.sleep(pause)
