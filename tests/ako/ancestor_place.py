"""A management cluster of the ancestor in memory, and the commands of a switch over it."""

from __future__ import annotations

import asyncio
import base64
import copy
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from akoo_ako import settings
from akoo_ako.installs import kinds
from akoo_ako.migration import ancestor as names_of_ancestor
from akoo_ako.migration.switch import back, finish, run
from akoo_testbed import kubeapi
from akoo_testbed.ancestor import Ancestor, Kapp, objects

from akoo_core import clock, external
from akoo_core.kube import errors as kube_errors
from akoo_core.kube.resource import Resource
from akoo_core.manifests import packaged
from akoo_core.objects import names
from akoo_core.plugin import commands
from akoo_core.testing import memory

OPERATOR_NAMESPACE = "akoo-system"
OF_SERVER = ("resourceVersion", "managedFields", "generation", "uid", "creationTimestamp")
DEFINITIONS = packaged.read(packaged.core_folder("crds"))
DEPLOYMENTS = names_of_ancestor.DEPLOYMENTS


class CrashError(BaseException):
    """The end of a process."""


class MemoryApi:
    """A server in memory as the ancestor's API. Implements `akoo_testbed.ancestor.api.Api`."""

    def __init__(self, server: memory.MemoryServer) -> None:
        self._server = server
        self._client = server.client(field_manager="ancestor")

    async def find(self, kind: str, namespace: str | None, name: str) -> dict[str, Any] | None:
        try:
            return await self._client.get(self._resource(kind), name, namespace)
        except kube_errors.NotFoundError:
            return None

    async def list(self, kind: str, namespace: str | None = None) -> Sequence[dict[str, Any]]:
        page = await self._client.list(self._resource(kind), namespace, limit=0)
        return page.items

    async def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        stored = copy.deepcopy(obj)
        plain = stored.pop("stringData", None)
        if plain:
            encoded = {key: base64.b64encode(text.encode()) for key, text in plain.items()}
            stored["data"] = {key: value.decode() for key, value in encoded.items()}
        kind = self._server.resource_of(obj)
        return await self._client.create(kind, stored, obj["metadata"].get("namespace"))

    async def patch(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        body: dict[str, Any] | Sequence[dict[str, Any]],
        *,
        subresource: str = "",
    ) -> dict[str, Any]:
        assert isinstance(body, dict)
        try:
            return await self._client.merge_patch(
                self._resource(kind), name, body, namespace, subresource=subresource or None
            )
        except kube_errors.KubeError as error:
            raise kubeapi.ApiError(409, type(error).__name__, str(error)) from error

    async def delete(self, kind: str, namespace: str | None, name: str) -> None:
        try:
            await self._client.delete(self._resource(kind), name, namespace)
        except kube_errors.NotFoundError:
            return

    def _resource(self, kind: str) -> Resource:
        api_version, _, short = kind.rpartition("/")
        return self._server.served.find(api_version, short)


class JudgedClient(memory.MemoryClient):
    """A client whose writes of configs need the ancestor, while its webhooks are there.

    ``meanwhile`` is called once, before the first write of a kind (``clusters/status``):
    others write too.
    """

    server: memory.MemoryServer
    meanwhile: dict[str, Callable[[], Awaitable[Any]]]

    async def json_patch(
        self,
        resource: Resource,
        name: str,
        patch: Sequence[Mapping[str, Any]],
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> dict[str, Any]:
        await self._others_write(resource, subresource)
        if resource.plural == "akodeploymentconfigs" and self._refuses():
            raise kube_errors.ServerError("failed calling webhook vakodeploymentconfig.kb.io")
        return await super().json_patch(resource, name, patch, namespace, subresource=subresource)

    async def delete(self, resource: Resource, *arguments: Any, **options: Any) -> None:
        await self._others_write(resource)
        await super().delete(resource, *arguments, **options)

    async def _others_write(self, resource: Resource, subresource: str | None = None) -> None:
        key = "/".join(filter(None, (resource.plural, subresource)))
        write = self.meanwhile.pop(key, None)
        if write is not None:
            await write()

    def _refuses(self) -> bool:
        judged = [
            rule["resources"]
            for kind in names_of_ancestor.WEBHOOK_KINDS
            for configuration in self.server.objects(kind)
            for hook in configuration["webhooks"]
            for rule in hook["rules"]
        ]
        running = [
            each
            for each in self.server.objects(DEPLOYMENTS)
            if each["metadata"]["namespace"] == objects.NAMESPACE and each["spec"]["replicas"]
        ]
        return ["akodeploymentconfigs"] in judged and not running


class AncestorPlace:
    """The ancestor has served some Clusters with two Machines each; kapp-controller keeps it."""

    def __init__(self, clusters: Sequence[str] = ("shop", "till"), *, package: bool = True) -> None:
        self.server = memory.MemoryServer(namespaces_must_exist=True)
        for kind in (
            *names_of_ancestor.WEBHOOK_KINDS,
            *kinds.PACKAGE_INSTALLS,
            *kinds.CLUSTER_BOOTSTRAPS,
            names_of_ancestor.CLUSTERS[1],
            names_of_ancestor.MACHINES[1],
            names_of_ancestor.INFRA_SETTINGS[0],
        ):
            self.server.served.serve(kind)
        for plural in (names_of_ancestor.CLUSTERS[0], names_of_ancestor.MACHINES[0]):
            self.server.served.stop(plural)
        for namespace in (
            *("team-a", objects.NAMESPACE, objects.MANAGEMENT_NAMESPACE),
            OPERATOR_NAMESPACE,
        ):
            self.seed("v1/Namespace", namespace)
        self.api = MemoryApi(self.server)
        self.ancestor = Ancestor(self.api)
        self.kapp = Kapp(self.api, objects.installation())
        self.operator = ""
        self.records: tuple[Any, ...] = ()
        self.slept: list[float] = []
        self.meanwhile: dict[str, Callable[[], Awaitable[Any]]] = {}
        for obj in objects.installation():
            self.server.seed(obj)
        if package:
            self.server.seed(objects.package_install())
        self.seed(objects.CONFIGS, objects.DEFAULT_CONFIG, spec=config_spec())
        for name in clusters:
            self.cluster(name)
        asyncio.run(self.ancestor.settle())

    def seed(self, kind: str, name: str, namespace: str = "", **fields: Any) -> None:
        api_version, _, short = kind.rpartition("/")
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        metadata |= fields.pop("metadata", {})
        self.server.seed({"apiVersion": api_version, "kind": short, "metadata": metadata, **fields})

    def cluster(self, name: str, namespace: str = "team-a") -> None:
        """A Cluster with two Machines, and a condition that the ancestor left behind."""
        stale = {"type": "ClusterIpFamilyValidationSucceeded", "status": "False"}
        status = {"conditions": [{"type": "Ready", "status": "True"}, stale]}
        self.seed(objects.CLUSTERS, name, namespace, spec={}, status=status)
        labels = {"cluster.x-k8s.io/cluster-name": name}
        for index in range(2):
            metadata = {"labels": labels}
            self.seed(objects.MACHINES, f"{name}-{index}", namespace, metadata=metadata, spec={})

    def context(self, *, guard: external.External | None = None) -> commands.CommandContext:
        async def reach(cluster: Any) -> commands.Reachability:
            del cluster
            return commands.Reachability()

        client = JudgedClient(
            self.server,
            guard or external.External(),
            system="kubernetes",
            field_manager="akoo-core",
        )
        client.server, client.meanwhile = self.server, self.meanwhile
        return commands.CommandContext(
            kube=client,
            clock=clock.ManualClock(),
            settings=settings.Settings(),
            management_id="m-1",
            records=self.records,
            reach=reach,
            operator=commands.OperatorState(namespace=OPERATOR_NAMESPACE, holder=self.operator),
            definitions=DEFINITIONS,
        )

    async def sleep(self, seconds: float) -> None:
        """Waiting: meanwhile the ancestor works."""
        self.slept.append(seconds)
        await self.ancestor.step()

    def run(self) -> commands.CommandAnswer:
        return asyncio.run(run.run(self.context(), self.sleep))

    def back(self) -> commands.CommandAnswer:
        return asyncio.run(back.back(self.context(), self.sleep))

    def finish(self) -> commands.CommandAnswer:
        return asyncio.run(finish.finish(self.context(), self.sleep))

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        asyncio.run(self.api.delete(kind, namespace, name))

    def patch(self, kind: str, name: str, body: Any, namespace: str | None = None) -> None:
        asyncio.run(self.api.patch(kind, namespace, name, body))

    def all(self, kind: str) -> list[dict[str, Any]]:
        """The objects of a kind."""
        api_version, _, short = kind.rpartition("/")
        return self.server.objects(self.server.served.find(api_version, short))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        (obj,) = (each for each in self.all(kind) if each["metadata"]["name"] == name)
        return obj

    def end(self) -> dict[str, Any]:
        """All objects, without what a server writes: to compare two ends."""
        return {"/".join(key): content(row) for key, row in self.server.store.rows.items()}

    def owners(self) -> dict[str, list[str]]:
        """The finalizers of both operators on each config and Cluster."""
        of_operators = (objects.FINALIZER, names.FINALIZER)
        return {
            f"{obj['kind']} {obj['metadata']['name']}": [
                each for each in obj["metadata"].get("finalizers") or () if each in of_operators
            ]
            for kind in (objects.CONFIGS, objects.CLUSTERS)
            for obj in self.all(kind)
        }

    def check_owners(self) -> None:
        """Each object has one owner, and the ancestor does not run beside an object of ours, nor
        where the journal says that it is stopped."""
        owners = self.owners()
        assert all(len(each) == 1 for each in owners.values()), owners
        operator = self.get(objects.DEPLOYMENTS, objects.OPERATOR)
        if operator["spec"]["replicas"]:
            assert {name for each in owners.values() for name in each} == {objects.FINALIZER}
            assert all("stopped" not in part["data"] for part in self.all("v1/ConfigMap"))


def content(obj: dict[str, Any]) -> dict[str, Any]:
    """An object without what differs between two servers."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in OF_SERVER}
    plain = {**obj, "metadata": metadata}
    plain.pop("apiVersion", None)
    return copy.deepcopy(plain)


def config_spec() -> dict[str, Any]:
    """A config that both operators accept."""
    secret = {"name": "avi-controller-credentials", "namespace": objects.NAMESPACE}
    return {
        "cloudName": "dc1",
        "controller": "avi.example.com",
        "serviceEngineGroup": "seg",
        "adminCredentialRef": secret,
        "certificateAuthorityRef": {**secret, "name": "avi-controller-ca"},
        "dataNetwork": {"name": "vip", "cidr": "10.0.0.0/24"},
    }
