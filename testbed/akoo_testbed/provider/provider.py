"""The fake provider: infrastructure, control planes and bootstrap data that are only pretended."""

import asyncio
import collections
import collections.abc
import datetime
import logging

from akoo_testbed import controlloop, kubeapi
from akoo_testbed.controlloop import Key, Watched
from akoo_testbed.kube import older
from akoo_testbed.kubeapi import Object
from akoo_testbed.kubelet import FakeKubelet
from akoo_testbed.provider import actions, world
from akoo_testbed.provider.options import ProviderOptions
from akoo_testbed.provider.plan import LIVING, plan, plan_without
from akoo_testbed.provider.world import ClusterKey, World
from akoo_testbed.workload.workloads import WorkloadApi, WorkloadApis

log = logging.getLogger(__name__)

WATCHED = (
    *(
        Watched(kind)
        for kind in (world.CLUSTER, world.MACHINE, world.MACHINE_POOL, world.NAMESPACE)
    ),
    *(Watched(kind) for kind in LIVING),
    Watched(world.SECRET, labels=world.CLUSTER_NAME_LABEL),
)


class FakeProvider:
    """Makes the real Cluster API manager bring Clusters to Available, and take them away.

    Works on all Clusters of one management server that refer to its kinds. Each control plane
    gets an API from `workloads`, which is closed when the control plane goes; the first Node of a
    Cluster starts a `FakeKubelet` there. Holds nothing that it needs later: another instance goes
    on where one stopped. `cluster_api` is the recipe of the management cluster's Cluster API.
    """

    def __init__(
        self,
        management_kubeconfig: str,
        workloads: WorkloadApis,
        options: ProviderOptions | None = None,
        *,
        cluster_api: str = "clusterapi",
    ) -> None:
        self._api = older.client(management_kubeconfig, cluster_api)
        self._workloads = workloads
        self._options = options or ProviderOptions()
        self._members: dict[ClusterKey, set[Key]] = collections.defaultdict(set)
        self._apis: dict[ClusterKey, WorkloadApi] = {}
        self._kubelets: dict[ClusterKey, FakeKubelet] = {}
        self._locks: dict[ClusterKey, asyncio.Lock] = collections.defaultdict(asyncio.Lock)
        self._loop = controlloop.ControlLoop(
            self._api, WATCHED, changed=self._changed, reconcile=self._reconcile, workers=8
        )

    async def start(self) -> None:
        """Return when the management API is watched. The CRDs must be Established before.

        After `stop` it may be started again, like a provider whose process was restarted.
        """
        for memory in (self._members, self._apis, self._kubelets):
            memory.clear()
        try:
            await self._loop.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End all work and all kubelets; the workload APIs stay open. Raises the first bug met."""
        try:
            await self._loop.stop()
        finally:
            kubelets = list(self._kubelets.values())
            self._kubelets.clear()
            results = await asyncio.gather(*(k.stop() for k in kubelets), return_exceptions=True)
            await self._api.close()
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def kubelet(self, namespace: str, name: str) -> FakeKubelet | None:
        """The kubelet of a Cluster's workload API, once its first Node is there."""
        return self._kubelets.get((namespace, name))

    def _changed(self, key: Key, obj: Object) -> None:
        kind, namespace, _ = key
        cluster = None if kind == world.NAMESPACE else world.cluster_name(kind, obj)
        if cluster is None:
            return
        members = self._members[namespace, cluster]
        if key in self._loop.objects:
            members.add(key)
        else:
            members.discard(key)
            self._loop.mark(key)
        self._mark(members)
        if not members:
            del self._members[namespace, cluster]

    def _mark(self, members: collections.abc.Iterable[Key]) -> None:
        for member in members:
            if member[0] in LIVING:
                self._loop.mark(member)

    async def _reconcile(self, key: Key) -> float | None:
        obj = self._loop.objects.get(key)
        if obj is None:
            for cluster in [known for known in self._apis if known[0] == key[1]]:
                await self._perform(key, cluster, plan_without(self._world(cluster)))
            return None
        name = world.cluster_name(key[0], obj)
        if name is None:
            return None
        cluster = (key[1], name)
        return await self._perform(key, cluster, plan(obj, self._world(cluster)))

    def _world(self, cluster: ClusterKey) -> World:
        objects: dict[str, list[Object]] = collections.defaultdict(list)
        for key in sorted(self._members.get(cluster, ())):
            objects[key[0]].append(self._loop.objects[key])
        namespace = self._loop.objects.get((world.NAMESPACE, "", cluster[0]))
        kubelet = self._kubelets.get(cluster)
        return World(
            now=datetime.datetime.now(datetime.UTC),
            options=self._options,
            cluster=next(iter(objects.get(world.CLUSTER, ())), None),
            objects=objects,
            api=self._apis.get(cluster),
            nodes=kubelet.nodes if kubelet else frozenset(),
            namespace_terminating=namespace is None or world.is_deleting(namespace),
        )

    async def _perform(
        self, key: Key, cluster: ClusterKey, todo: collections.abc.Iterable[actions.Action]
    ) -> float | None:
        again: float | None = None
        for action in todo:
            match action:
                case actions.Again(seconds):
                    again = seconds
                case actions.Note(text):
                    log.info("%s/%s: %s", *cluster, text)
                case actions.OpenApi() | actions.CloseApi() | actions.RunNode():
                    async with self._locks[cluster]:
                        await self._workload(key, cluster, action)
                case actions.LoseNode(name):
                    if kubelet := self._kubelets.get(cluster):
                        await kubelet.lose_node(name)
                case _:
                    await self._write(action)
        return again

    async def _write(self, action: actions.Create | actions.Patch | actions.Delete) -> None:
        try:
            match action:
                case actions.Create(obj):
                    await self._api.create(obj)
                case actions.Patch(kind, namespace, name, body, subresource):
                    await self._api.patch(kind, namespace, name, body, subresource=subresource)
                case actions.Delete(kind, namespace, name):
                    await self._api.delete(kind, namespace, name)
        except kubeapi.ApiError as error:
            exists = isinstance(action, actions.Create) and error.reason == "AlreadyExists"
            gone = isinstance(action, actions.Patch) and error.status == 404
            if not exists and not gone:
                raise

    async def _workload(self, key: Key, cluster: ClusterKey, action: actions.Action) -> None:
        """Called under the Cluster's lock: an API is never opened, used and closed at once."""
        match action:
            case actions.OpenApi() if cluster not in self._apis:
                self._apis[cluster] = await self._workloads.open(*cluster)
                self._mark({key, *self._members.get(cluster, ())})
            case actions.CloseApi():
                if kubelet := self._kubelets.pop(cluster, None):
                    await kubelet.stop()
                await self._workloads.close(*cluster)
                self._apis.pop(cluster, None)
            case actions.RunNode(node) if cluster in self._apis:
                kubelet = self._kubelets.get(cluster)
                if kubelet is None:
                    api = self._apis[cluster]
                    kubelet = FakeKubelet(api.kubeconfig, options=self._options.kubelet)
                    await kubelet.start()
                    self._kubelets[cluster] = kubelet
                await kubelet.run_node(node)
            case _:
                pass  # what was decided a moment ago no longer applies
