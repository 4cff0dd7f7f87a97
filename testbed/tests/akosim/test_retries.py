"""AKO's retry queue, in virtual time: it needs nothing of the cluster, in no life of AKO."""

import asyncio
import collections.abc
import dataclasses
import itertools
import selectors
import typing

import pytest
from akoo_testbed.akosim import avi, config, cutoff, life, syncing, watching
from akoo_testbed.akosim.objects.desired import desired
from akoo_testbed.akosim.objects.maker import BootUuids
from akoo_testbed.akosim.retries import Retries
from akoo_testbed.akosim.world import NODE, SERVICE, World
from akoo_testbed.kubeapi import KubeApi, Object
from akoo_testbed.kubelet.options import KubeletOptions
from akoo_testbed.kubelet.program import Container, Switches

SITE = BootUuids(cloud="cloud-1", vrf="vrf-1", se_group="seg-1", network="net-1", controller="c")
NETWORKS = '[{"networkName": "vips", "cidr": "10.9.0.0/24"}]'
SETTINGS = config.parse(
    {"clusterName": "shop", "vipNetworkList": NETWORKS, "serviceType": "NodePort"}, "avi-system"
)
OWNERS = [{"kind": "StatefulSet", "name": "ako"}]
POD = {
    "metadata": {"name": "ako-0", "namespace": "avi-system", "uid": "u", "ownerReferences": OWNERS},
    "spec": {"containers": [{"name": "ako"}]},
}
POOL = "shop--default-web-TCP-80"


class _Jumping(selectors.SelectSelector):
    """A selector that moves the time to the next timer instead of sleeping until then."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def in_virtual_time(work: collections.abc.Coroutine[typing.Any, typing.Any, None]) -> None:
    """Run a coroutine that waits for nothing but timers."""
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        runner.run(work)


class Cluster:
    """A workload API server that serves no rules, and can be gone."""

    def __init__(self) -> None:
        self.gone = False
        self.refused = 0

    async def list(self, kind: str) -> collections.abc.Sequence[Object]:
        self._answer()
        return []

    async def create(self, body: Object) -> Object:
        self._answer()
        return body

    async def patch(self, *where: object, subresource: str = "") -> Object:
        self._answer()
        return {}

    def _answer(self) -> None:
        if self.gone:
            self.refused += 1
            raise ConnectionRefusedError("gone")


def _no_writes() -> list[tuple[float, str, str, int]]:
    return []


class Controller:
    """An Avi Controller in memory that notes when which call came."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.writes = _no_writes()
        self.down = False
        self._numbers = itertools.count()

    async def list(self, kind: str, **filters: object) -> collections.abc.Sequence[Object]:
        return [body for uuid, body in self.objects.items() if uuid.startswith(f"{kind}-")]

    async def call(
        self, method: str, path: str, body: Object | None = None, *, tenant: str = ""
    ) -> Object:
        if method == "GET":
            return {}
        kind, _, uuid = path.partition("/")
        status = 503 if self.down else 404 if uuid and uuid not in self.objects else 200
        now = asyncio.get_running_loop().time()
        self.writes.append((now, method, kind, status))
        if status != 200:
            raise avi.AviError(status, "")
        uuid = uuid or f"{kind}-{next(self._numbers)}"
        self.objects[uuid] = {**(body or {}), "uuid": uuid}
        return self.objects[uuid]

    def names(self, kind: str) -> collections.abc.Sequence[str]:
        return [body["name"] for uuid, body in self.objects.items() if uuid.startswith(f"{kind}-")]

    async def close(self) -> None:
        """End all connections."""

    def gaps(self) -> collections.abc.Sequence[float]:
        """Seconds between the times at which calls came."""
        times = sorted({time for time, *_ in self.writes})
        return [round(b - a, 6) for a, b in itertools.pairwise(times)]


@dataclasses.dataclass
class View:
    """The view of AKO, without watches."""

    world: World
    config_map: Object | None = dataclasses.field(default_factory=dict)
    secret: Object | None = None
    changed: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def move_node(self, address: str) -> None:
        self.world.put(NODE, node(address))
        self.changed.set()


def node(address: str) -> Object:
    return {
        "metadata": {"name": "n1"},
        "status": {"addresses": [{"type": "InternalIP", "address": address}]},
    }


def world() -> World:
    seen = World()
    ports = [{"port": 80, "nodePort": 30080}]
    metadata = {"namespace": "default", "name": "web"}
    seen.put(SERVICE, {"metadata": metadata, "spec": {"type": "LoadBalancer", "ports": ports}})
    seen.put(NODE, node("10.1.1.1"))
    return seen


@pytest.mark.parametrize("gone", [False, True], ids=["cluster", "no-cluster"])
def test_a_living_ako_goes_on_by_its_queue(*, gone: bool) -> None:
    in_virtual_time(_live(gone=gone))


async def _live(*, gone: bool) -> None:
    cluster, controller, view = Cluster(), Controller(), View(world())
    container = Container(POD, typing.cast("KubeApi", cluster), Switches(KubeletOptions()))
    hands = syncing.Hands(typing.cast("avi.Avi", controller), SETTINGS)
    ako = life.Ako(container, hands, SITE, typing.cast("watching.View", view))
    living = asyncio.create_task(ako.run())
    await asyncio.sleep(1)
    assert controller.names("pool") == [POOL]

    cluster.gone = gone
    controller.objects.clear()  # swept from outside
    await asyncio.sleep(17)
    before = len(controller.writes)
    view.move_node("10.1.1.2")
    await asyncio.sleep(1)
    assert [write[1:] for write in controller.writes[before:]] == [
        ("PUT", "pool", 404),
        ("POST", "pool", 200),
    ]
    assert controller.names("pool") == [POOL]

    controller.writes.clear()
    controller.down = True
    view.move_node("10.1.1.3")
    await asyncio.sleep(1000)
    assert controller.gaps()[-3:] == [90.0, 90.0, 90.0]
    assert {write[1:] for write in controller.writes} == {("PUT", "pool", 503)}
    assert bool(cluster.refused) is gone
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)


def test_a_life_that_is_cut_off_has_the_same_queue() -> None:
    controller = Controller()
    controller.down = True
    objects = desired(SETTINGS, SITE, world())
    client = typing.cast("avi.Avi", controller)
    in_virtual_time(cutoff.outlive(client, SETTINGS, objects, 1000))
    assert controller.gaps()[-3:] == [90.0, 90.0, 90.0]
    assert {write[1:] for write in controller.writes} == {
        ("POST", "pool", 503),
        ("POST", "vsvip", 503),
    }


def test_delays_double_up_to_the_period_of_the_slow_queue() -> None:
    now = 0.0
    retries = Retries(lambda: now)
    delays, waits = [], [retries.waits]
    for _ in range(12):
        retries.note(complete=False)
        waits.append(retries.waits)
        delays.append(retries.seconds)
        now += retries.seconds
        waits.append(retries.waits)
    assert waits == [False] + [True, False] * 12
    assert delays[:4] == [0.25, 0.5, 1.0, 2.0]
    assert delays[-3:] == [90.0, 90.0, 90.0]
    retries.note(complete=True)
    assert retries.seconds == float("inf")
    retries.note(complete=False)
    assert retries.seconds == 0.25
