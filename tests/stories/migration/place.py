"""A management cluster of the ancestor: its operator, a config, and Clusters with an AKO that runs.

Its API server is a bare one: Clusters and Machines are objects, and the ancestor acts when a story
says so. AKO, Avi, akoo-core and its commands are those of all stories.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import itertools
import os
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from typing import Any, Final

import pytest
from akoo_testbed import bare, base, definitions, kubeapi, waiting
from akoo_testbed.ancestor import Ancestor, Kapp, objects
from akoo_testbed.kubelet import FakeKubelet, KubeletOptions, NodeSpec
from akoo_testbed.kubelet.options import AkoProgram
from akoo_testbed.workload import pool

from akoo_core import settings
from akoo_core.objects import names
from akoo_core.plugin_host import loader
from akoo_core.sandbox import install, process
from tests import commands, crds
from tests.stories import avi as avis
from tests.stories import second, setting, story_bed
from tests.stories.adoption import installs
from tests.stories.adoption.adopting import Adoption
from tests.stories.migration import deaths, fronts
from tests.stories.scene import Scene
from tests.stories.setting import CLUSTER, CONFIG, NAME, SECONDS, Object

PLUGINS: Final = "ako,avi"
PROOF: Final = bool(os.environ.get("AKOO_PROOF"))
MACHINE: Final = "cluster.x-k8s.io/v1beta2/Machine"
WEBHOOKS: Final = tuple(map(kubeapi.kind_of, objects.webhooks()))
STALE: Final = "ClusterIpFamilyValidationSucceeded"
AT_ONCE: Final = 4
"""API servers that start, and commands that run, side by side."""
INTERRUPTIONS: Final = 80
COMMAND_SECONDS: Final = 180.0
LEASE: Final = ("coordination.k8s.io/v1/Lease", "akoo-system", "akoo-core")
_OF_SERVER: Final = ("resourceVersion", "managedFields", "generation", "uid", "creationTimestamp")
_numbers = itertools.count(1)


class PatientApi(kubeapi.KubeApi):
    """Repeats what a server did not act upon, as all clients do: while a definition changes, it
    answers 429 for its kind."""

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        answer: Object = {}

        async def answered() -> bool:
            try:
                again = await kubeapi.KubeApi.request(
                    self, method, path, body, params=params, content_type=content_type
                )
            except kubeapi.ApiError as error:
                if error.status != 429:
                    raise
                return False
            answer.update(again)
            return True

        await waiting.until(answered, title=f"an answer to {method} {path}", seconds=SECONDS)
        return answer


class ServedApi:
    """The API of a place, at the version of Cluster API that it serves.

    Implements `akoo_testbed.ancestor.api.Api`.
    """

    def __init__(self, api: kubeapi.KubeApi) -> None:
        self._api = api

    async def find(self, kind: str, namespace: str | None, name: str) -> Object | None:
        return await self._api.find(_served(kind), namespace, name)

    async def list(self, kind: str, namespace: str | None = None) -> Sequence[Object]:
        return await self._api.list(_served(kind), namespace)

    async def create(self, obj: Object) -> Object:
        return await self._api.create(obj)

    async def patch(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        body: Object | Sequence[Object],
        *,
        subresource: str = "",
    ) -> Object:
        return await self._api.patch(_served(kind), namespace, name, body, subresource=subresource)

    async def delete(self, kind: str, namespace: str | None, name: str) -> None:
        await self._api.delete(_served(kind), namespace, name)


class Member(Scene):
    """One Cluster of a place."""

    def __init__(self, place: Place, number: int) -> None:
        s = place.scene
        super().__init__(s.story_bed, s.slot, f"{s.story}-{number}")
        self._pool = place.pool
        self.api = place.api
        self.config, self.labels = s.config, s.labels
        self.adoption = Adoption(self)

    @contextlib.asynccontextmanager
    async def workload(self) -> AsyncIterator[kubeapi.KubeApi]:
        server = self._pool.server(self.namespace, NAME)
        async with kubeapi.KubeApi(server.server.kubeconfig) as api:
            yield api

    async def put(self, kubeconfig: str) -> None:
        """The Cluster with two Machines, and a condition that the ancestor left behind."""
        await second.put(self.api, self.namespace, kubeconfig, self.labels)
        for number in range(2):
            await self.api.create(_machine(self.namespace, f"{NAME}-{number}"))
        listed = [_condition("Ready", "True"), _condition(STALE, "False")]
        status = {"status": {"deprecated": {"v1beta1": {"conditions": listed}}}}
        await self.api.patch(CLUSTER, self.namespace, NAME, status, subresource="status")

    async def serves(self, **_: object) -> None:
        """The ancestor's add-on deploys AKO, with the account that the ancestor makes."""
        a = self.adoption
        a.cluster = await self.api.get(CLUSTER, self.namespace, NAME)
        account = objects.account(a.cluster, self.avi.account(f"{NAME}-{self.namespace}-ako-user"))
        account["stringData"]["certificateAuthorityData"] = self.avi.ca_pem
        await self.api.create(account)
        config = copy.deepcopy(await self.api.get(CONFIG, None, self.config))
        config["spec"]["plugins"] = {"ako": {"podSecurity": "Vendor"}}
        plan = installs.Plan(
            config=config,
            cluster=a.cluster,
            cluster_name=f"{self.namespace}-{NAME}",
            account=account["stringData"],
        )
        a.install = installs.by_ancestor(plan)
        async with self.workload() as workload:
            await a.install.create(workload)
        await a.served()

    async def restored(self) -> bool:
        """One interval of the add-on's package. False while it is paused."""
        a = self.adoption
        async with self.workload() as workload:
            where = (installs.PACKAGES, a.install.package)
            return await Kapp(workload, a.install.parts, install=where).step()


class Place:
    """The management cluster; see `opened`."""

    def __init__(
        self, scene: Scene, server: bare.BareServer, ends: contextlib.AsyncExitStack
    ) -> None:
        self.scene = scene
        self.api = api = scene.api
        self.server = server
        self._ends = ends
        self._killer: deaths.OperatorKiller | None = None
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.pool = pool.WorkloadPool(server.base, server.etcd, size=0, limit=64)
        self.members: list[Member] = []
        self.ancestor = Ancestor(ServedApi(api))
        self.kapp = Kapp(ServedApi(api), ())
        self.webhook = fronts.Webhook(ServedApi(api))
        folder, text = server.base.folder, server.base.admin_kubeconfig(server.server.url)
        self._kubeconfig = install.write_private(folder / "person.kubeconfig", text)

    async def furnish(self, members: int) -> None:
        """The ancestor, its config, and so many Clusters that it serves."""
        s, api, own = self.scene, self.api, self.server.base
        await self.pool.start()
        self._ends.push_async_callback(self.pool.stop)
        handle = self.webhook.handle
        front = fronts.served(own.authority, own.folder, "webhook", handle)
        webhook = await self._ends.enter_async_context(front)
        capi = own.built.share("clusterapi") / "config" / "crd" / "bases"
        await definitions.install(api, capi)
        for namespace in (objects.NAMESPACE, objects.MANAGEMENT_NAMESPACE):
            await api.create(installs.made("v1", "Namespace", namespace))
        webhooks = fronts.webhooks(webhook, own.authority)
        installation = [objects.definition(), *webhooks, objects.deployment()]
        await installs.define(api, [*installs.definitions(), objects.definition()])
        for obj in installation[1:]:
            await api.create(obj)
        await api.create(objects.package_install())
        self.kapp = Kapp(ServedApi(api), installation)
        await s.story_bed.install(api, PLUGINS)
        spec = {"workloadCredentialRef": None}
        await setting.configure(api, s.avi, s.config, s.labels, **spec)
        self.members = [Member(self, number) for number in range(members)]
        await asyncio.gather(*map(self._open, self.members))
        await self.others_work()
        everyone = tuple(f"{member.namespace}-{NAME}" for member in self.members)
        for member in self.members:
            member.adoption.others = everyone
            await member.adoption.watched()

    async def _open(self, member: Member) -> None:
        async with self._gate:
            opened = await self.pool.open(member.namespace, NAME)
        own, number = self.server.base, next(_numbers)
        target = f"https://{opened.host}:{opened.port}"
        front = fronts.Front(target, own.admin_tls, self._written_in_workload)
        served = front.served(own.authority, own.folder, f"front-{number}")
        url = await self._ends.enter_async_context(served)
        options = KubeletOptions(ako_program=AkoProgram.AKOSIM, restart_seconds=0.05)
        nodes = [NodeSpec(member.namespace)]
        kubelet = FakeKubelet(opened.kubeconfig, nodes, options=options)
        await kubelet.start()
        self._ends.push_async_callback(kubelet.stop)
        await member.put(own.admin_kubeconfig(url))
        await member.serves()

    async def _written_in_workload(self, write: fronts.Write) -> None:
        """A program that has its kubeconfig from a Secret has written in a workload cluster."""
        if self._killer is not None:
            await self._killer.written("workload", write)

    # Whoever acts in it.

    async def others_work(self) -> None:
        """An interval of the ancestor's package, and the ancestor itself."""
        await self.kapp.step()
        await self.ancestor.settle(2)

    async def typed(self, *words: str) -> tuple[int, str]:
        """The exit code of a command of akoo-core, and all that it printed."""
        return await commands.typed(self._kubeconfig, *words, seconds=COMMAND_SECONDS)

    async def must(self, *words: str) -> str:
        """All that a command printed, which ended well."""
        code, printed = await self.typed(*words)
        assert code == 0, (words, printed)
        return printed

    async def interrupted(self, *words: str, after: Collection[int], owners: int) -> int:
        """Run a command again and again until it ends well, and is killed after a write before.

        At least so many operators own each object at each moment, and never both. The number of
        times that it was killed."""
        own, killer = self.server.base, deaths.CommandKiller(after)
        file = f"front-{next(_numbers)}"
        front = fronts.Front(self.server.server.url, own.admin_tls, killer.written)
        async with front.served(own.authority, own.folder, file) as url:
            text = own.admin_kubeconfig(url)
            kubeconfig = install.write_private(own.folder / f"{file}.kubeconfig", text)

            def started(running: asyncio.subprocess.Process) -> None:
                killer.process = running

            for number in range(INTERRUPTIONS):
                code, printed = await commands.typed(
                    kubeconfig, *words, seconds=COMMAND_SECONDS, started=started
                )
                await self.check_owners(owners)
                if code != -signal.SIGKILL:
                    assert code == 0, printed
                    return number
                await self.others_work()
        raise AssertionError(f"{words} was killed {INTERRUPTIONS} times")

    async def handed_back(self) -> None:
        """Each AKO is given back, by the command."""

        async def hand_back(member: Member) -> None:
            async with self._gate:
                await self.must("ako", "hand-back", f"{member.namespace}/{NAME}", "--yes")
            await member.adoption.given_back()

        await asyncio.gather(*map(hand_back, self.members))

    @contextlib.asynccontextmanager
    async def operator(self, url: str = "") -> AsyncIterator[process.OperatorProcess]:
        """akoo-core is installed and runs until the block ends. ``url``: its way to the API
        server."""
        everything = [
            obj
            for obj in definitions.load(crds.FOLDER)
            if obj["kind"] == "CustomResourceDefinition"
        ]
        for obj in everything:
            await self.api.apply(obj)
        defined = [obj["metadata"]["name"] for obj in everything]
        await definitions.wait_established(self.api, defined)
        own, name = self.server.base, f"{self.scene.story}-{next(_numbers)}"
        url = url or self.server.server.url
        text = await install.account_kubeconfig(self.api, url, own.authority.pem)
        path = install.write_private(own.folder / f"{name}.kubeconfig", text)
        replica = self.scene.story_bed.replica(name, kubeconfig=path, plugins=PLUGINS)
        async with process.running(replica):
            yield replica

    @contextlib.asynccontextmanager
    async def mortal_operator(self) -> AsyncIterator[deaths.OperatorKiller]:
        """The same, killed after the first write of each kind, here and in workload clusters."""
        own = self.server.base

        async def written(write: fronts.Write) -> None:
            if self._killer is not None:
                await self._killer.written("management", write)

        tls = ssl.create_default_context(cadata=own.authority.pem)
        front = fronts.Front(self.server.server.url, tls, written)
        file = f"front-{next(_numbers)}"
        async with (
            front.served(own.authority, own.folder, file) as url,
            self.operator(url) as operator,
            asyncio.TaskGroup() as group,
        ):
            self._killer = deaths.OperatorKiller(operator, self._while_dead)
            reviver = group.create_task(self._killer.revive())
            try:
                yield self._killer
            finally:
                self._killer = None
                reviver.cancel()

    async def _while_dead(self) -> None:
        """Everybody else goes on. Nobody waits for the end of the Lease."""
        await self.check_owners(1)
        await self.others_work()
        for member in self.members:
            await member.restored()
        await self.api.delete(*LEASE)

    # What is seen of it.

    async def unchanged(self) -> None:
        """No AKO has noticed anything."""
        for member in self.members:
            await member.adoption.unchanged()

    async def owners(self) -> dict[str, list[str]]:
        """The finalizers of both operators on each config and Cluster."""
        of_operators = (objects.FINALIZER, names.FINALIZER)
        return {
            f"{kind} {obj['metadata'].get('namespace')}/{obj['metadata']['name']}": [
                each for each in obj["metadata"].get("finalizers") or () if each in of_operators
            ]
            for kind in (CONFIG, CLUSTER)
            for obj in await self.api.list(kind)
        }

    async def owned_by(self, finalizer: str) -> bool:
        """True if each config and Cluster has this finalizer, and not that of the other."""
        return all(each == [finalizer] for each in (await self.owners()).values())

    async def check_owners(self, least: int) -> None:
        """No object has two owners, and the ancestor does not run beside an object of ours."""
        owners = await self.owners()
        assert all(least <= len(each) <= 1 for each in owners.values()), owners
        operator = await self.api.get(objects.DEPLOYMENTS, objects.NAMESPACE, objects.OPERATOR)
        if operator["spec"]["replicas"]:
            assert await self.owned_by(objects.FINALIZER), owners

    async def end(self) -> dict[str, Any]:
        """All that a switch changes, without what a server writes: to compare two ends."""
        kinds = (CONFIG, CLUSTER, MACHINE, objects.DEPLOYMENTS, objects.PACKAGE_INSTALLS, *WEBHOOKS)
        stored = [(kind, obj) for kind in kinds for obj in await self.api.list(kind)]
        name = objects.definition()["metadata"]["name"]
        stored.append((objects.DEFINITIONS, await self.api.get(objects.DEFINITIONS, None, name)))
        for member in self.members:
            secrets = await self.api.list(objects.SECRETS, member.namespace)
            stored += [(objects.SECRETS, secret) for secret in secrets]
        return {
            f"{kind} {obj['metadata'].get('namespace')}/{obj['metadata']['name']}": _content(
                kind, obj
            )
            for kind, obj in stored
        }


class _Stage(story_bed.StoryBed):
    """As much of the bed of the stories as a place needs: no Cluster API and no store of accounts
    runs."""

    def __init__(self, api: kubeapi.KubeApi, own: base.BedBase) -> None:
        super().__init__(1)
        self._api = api
        self.bed.base = own

    @property
    def api(self) -> kubeapi.KubeApi:
        return self._api

    async def install(self, api: kubeapi.KubeApi, plugins: str) -> None:
        chosen = settings.load(None, {}, {"enabledPlugins": plugins})
        await install.install(api, loader.load(chosen))


@contextlib.asynccontextmanager
async def opened(story: str, members: int) -> AsyncIterator[Place]:
    """A place with so many Clusters, while the block lasts."""
    async with contextlib.AsyncExitStack() as ends:
        server = bare.BareServer()
        server.base = base.BedBase(needs=("etcd", "kubernetes", "clusterapi"))
        await ends.enter_async_context(server)
        try:
            api = await ends.enter_async_context(PatientApi(server.server.kubeconfig))
            avi = await ends.enter_async_context(avis.serving())
            slot = story_bed.Slot(0, avi, "nobody")
            place = Place(Scene(_Stage(api, server.base), slot, story), server, ends)
            await place.furnish(members)
            yield place
        except Exception as error:
            error.add_note(f"logs of the place: {server.base.keep_logs()}")
            raise


def story(
    seconds: float = story_bed.STORY_SECONDS,
) -> Callable[[Callable[[], Coroutine[Any, Any, None]]], Callable[[], None]]:
    """A test of a coroutine that opens a place. Only ``make proof`` runs it."""

    def decorated(play: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
        @pytest.mark.bed
        @pytest.mark.xdist_group("stories")
        @pytest.mark.skipif(not PROOF, reason="minutes: make proof runs it")
        def test() -> None:
            async def timed() -> None:
                async with asyncio.timeout(seconds):
                    await play()

            asyncio.run(timed())

        test.__name__, test.__doc__ = play.__name__, play.__doc__
        return test

    return decorated


def _served(kind: str) -> str:
    return kind.replace("cluster.x-k8s.io/v1beta1/", "cluster.x-k8s.io/v1beta2/")


def _machine(namespace: str, name: str) -> Object:
    labels = {"cluster.x-k8s.io/cluster-name": NAME}
    group, _, kind = "infrastructure.cluster.x-k8s.io/FakeMachine".partition("/")
    spec = {
        "clusterName": NAME,
        "bootstrap": {"dataSecretName": name},
        "infrastructureRef": {"apiGroup": group, "kind": kind, "name": name},
    }
    version, _, kind = MACHINE.rpartition("/")
    return installs.made(version, kind, name, namespace, labels=labels, spec=spec)


def _condition(name: str, status: str) -> Object:
    return {"type": name, "status": status, "lastTransitionTime": "2026-01-01T00:00:00Z"}


def _content(kind: str, obj: Object) -> Object:
    """An object without what differs between two servers. Only of a Cluster the status counts."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _OF_SERVER}
    plain = {key: value for key, value in obj.items() if kind == CLUSTER or key != "status"}
    return copy.deepcopy({**plain, "metadata": metadata})


__all__ = ["Member", "Place", "opened", "story"]
