"""Two management API servers on one etcd, with Cluster API's CRDs and ours; clusterctl; copies."""

from __future__ import annotations

import asyncio
import base64
import pathlib
from typing import Any

import aiohttp
from akoo_testbed import base, clusterctl, definitions, kubeapi, parts, waiting

DEPLOY = pathlib.Path(__file__).parents[3] / "deploy"
SECONDS = 60.0
CLUSTERS = ["clusters"]
WEBHOOKS = {
    "MutatingWebhookConfiguration": "mutating-webhook-configuration",
    "ValidatingWebhookConfiguration": "validating-webhook-configuration",
}

Keys = dict[bytes, bytes]


class MovesBed:
    """`start` and `stop` on one event loop. ``servers`` are "alpha" and "beta"."""

    def __init__(self) -> None:
        self.base = base.BedBase(needs=("etcd", "kubernetes", "clusterapi"))
        self.servers: dict[str, parts.ApiServer] = {}

    async def start(self) -> None:
        """Both servers are ready, and serve all CRDs."""
        await self.base.start()
        try:
            self.etcd = parts.Etcd(self.base)
            await self.etcd.start()
            await self.etcd.ready()
            await waiting.together(*(self._server(name) for name in ("alpha", "beta")))
        except BaseException as error:
            if isinstance(error, Exception):
                self.base.keep_logs()
            await self.stop()
            raise

    async def stop(self) -> None:
        await self.base.stop()

    async def _server(self, name: str) -> None:
        self.servers[name] = server = parts.ApiServer(self.base, self.etcd, name)
        await server.start()
        await server.ready()
        crds = self.base.built.share("clusterapi") / "config" / "crd" / "bases"
        async with kubeapi.KubeApi(server.kubeconfig) as api:
            for obj in definitions.load(crds):
                if obj["spec"]["group"] == "cluster.x-k8s.io":
                    obj["metadata"].setdefault("labels", {}).update(clusterctl.labels(obj))
                await api.apply(obj)
            await api.apply(clusterctl.inventory())
            await definitions.install(api, DEPLOY / "crds")
            names = ("clusters", "machines", "machinepools")
            await definitions.wait_established(api, [f"{name}.cluster.x-k8s.io" for name in names])

    # etcd.

    async def keys(self, prefix: str) -> Keys:
        """All that the API server of that prefix has stored."""
        body = {"key": _text(prefix + "/"), "range_end": _text(prefix + "0")}
        pairs = (await self._ask("range", body)).get("kvs", [])
        return {base64.b64decode(pair["key"]): base64.b64decode(pair["value"]) for pair in pairs}

    async def put(self, prefix: str, keys: Keys) -> None:
        """Make ``keys``, which may be those of another prefix, all that is stored below this."""
        await self.etcd.drop(prefix)
        limit = asyncio.Semaphore(16)

        async def put_key(key: bytes, value: bytes) -> None:
            rest = key.split(b"/", 2)[2]
            renamed = base64.b64encode(f"{prefix}/".encode() + rest).decode()
            async with limit:
                await self._ask("put", {"key": renamed, "value": base64.b64encode(value).decode()})

        await asyncio.gather(*(put_key(key, value) for key, value in keys.items()))

    async def _ask(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.etcd.url}/v3/kv/{method}", json=body) as response,
        ):
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer

    async def restore(self, name: str, keys: Keys) -> None:
        """The server anew, with what was stored then."""
        server = self.servers[name]
        await server.stop()
        await self.put(server.prefix, keys)
        await server.start()
        await server.ready()

    # Cluster API's manager and its webhooks.

    async def webhooks(self, name: str) -> parts.ClusterApi:
        """Clusters of that server pass the webhooks of a manager that is not started (yet).

        From when this returns nobody can write a Cluster.
        """
        manager = parts.ClusterApi(self.base, self.servers[name])
        manifests = self.base.built.share("clusterapi") / "config" / "webhook" / "manifests.yaml"
        ca = base64.b64encode(self.base.authority.pem.encode()).decode()
        async with kubeapi.KubeApi(self.servers[name].kubeconfig) as api:
            for obj in definitions.load(manifests):
                kept = [
                    webhook
                    for webhook in obj["webhooks"]
                    if webhook["rules"][0]["resources"] == CLUSTERS
                ]
                for webhook in kept:
                    path = webhook["clientConfig"]["service"]["path"]
                    webhook["clientConfig"] = {"url": manager.webhook_url + path, "caBundle": ca}
                await api.apply(obj | {"webhooks": kept})
            await _until_asked(api, asked=True)
        return manager

    async def no_webhooks(self, name: str) -> None:
        """Everybody can write Clusters again."""
        async with kubeapi.KubeApi(self.servers[name].kubeconfig) as api:
            for kind, webhooks in WEBHOOKS.items():
                await api.delete(f"admissionregistration.k8s.io/v1/{kind}", None, webhooks)
            await _until_asked(api, asked=False)

    # clusterctl.

    async def move(self, source: str, target: str, namespace: str) -> str:
        """``clusterctl move``; its output. Raises PartError with that when it fails."""
        servers = self.servers
        return await clusterctl.move(
            self.base, servers[source].kubeconfig, servers[target].kubeconfig, namespace
        )


async def _until_asked(api: kubeapi.KubeApi, *, asked: bool) -> None:
    """API servers notice a while later which webhooks there are."""
    body = {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {"name": "asked", "namespace": "default"},
        "spec": {"paused": True},
    }
    path = await api.path("cluster.x-k8s.io/v1beta2/Cluster", "default")

    async def so() -> bool:
        try:
            await api.request("POST", path, body, params={"dryRun": "All"})
        except kubeapi.ApiError as error:
            if "webhook" not in str(error):
                raise
            return asked
        return not asked

    await waiting.until(so, title=f"webhooks asked: {asked}", seconds=SECONDS)


def _text(key: str) -> str:
    return base64.b64encode(key.encode()).decode()
