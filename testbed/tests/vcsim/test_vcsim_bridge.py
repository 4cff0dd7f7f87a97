"""Networks of a vCenter cloud are the port groups of a vCenter, some time later."""

import typing
from collections.abc import Mapping

import aiohttp
import pytest
from akoo_testbed import waiting
from akoo_testbed.avisim import Controller
from akoo_testbed.avisim import client as admins
from akoo_testbed.avisim import pytest as avisim_
from akoo_testbed.vcsim import PortGroupState, bridge
from akoo_testbed.vcsim import pytest as plugin
from pyVmomi import vim

ADDRESS = "vc.example.com"
PASSWORD = "Avi-simulated-1"


def group(number: int, name: str, datacenter: str = "DC0", **more: typing.Any) -> PortGroupState:
    fields: dict[str, typing.Any] = {
        "reference": f"dvportgroup-{number}",
        "name": name,
        "path": f"/{datacenter}/network/{name}",
        "datacenter": datacenter,
        "datacenter_reference": f"datacenter-of-{datacenter}",
        "switch": "DVS0",
        "switch_uuid": "50 1e",
        "vlan": 7,
        "version": "1",
        "uplink": False,
        "connected": (),
        **more,
    }
    return PortGroupState(**fields)


class Source:
    """A vCenter whose port groups a test chooses."""

    def __init__(self, *groups: PortGroupState) -> None:
        self.groups = list(groups)
        self.answers = True

    async def port_groups(self) -> Mapping[str, PortGroupState]:
        if not self.answers:
            raise aiohttp.ClientError
        return {each.reference: each for each in self.groups}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """A controller with a vCenter cloud, a vCenter and the bridge between them."""

    def __init__(self, *groups: PortGroupState, delay_seconds: float = 0.0) -> None:
        self.controller = Controller(password=PASSWORD)
        self.admin = admins.Client(self.controller, password=PASSWORD)
        self.source = Source(*groups)
        self.clock = Clock()
        self.bridge = bridge.Bridge(
            self.controller,
            {ADDRESS: self.source},
            delay_seconds=delay_seconds,
            clock=self.clock,
        )
        self.cloud = self.make_cloud()

    def make_cloud(self, name: str = "vc", **settings: str) -> str:
        chosen = {"vcenter_url": ADDRESS, "datacenter": "DC0", **settings}
        body = {"name": name, "vtype": "CLOUD_VCENTER", "vcenter_configuration": chosen}
        return str(self.admin.post("cloud", body)["uuid"])

    def networks(self, cloud: str = "vc") -> list[str]:
        return self.admin.names(f"network?cloud_ref.name={cloud}")


async def test_a_network_is_its_port_group() -> None:
    scene = Scene(group(1, "web"))
    await scene.bridge.look()
    network = scene.admin.get("network?name=web")["results"][0]
    assert network["uuid"] == f"dvportgroup-1-{scene.cloud}"
    runtime = scene.admin.get(f"vimgrnwruntime/{network['uuid']}")
    assert runtime["managed_object_id"] == "dvportgroup-1"
    assert (runtime["switch_name"], runtime["vlan"]) == ("DVS0", 7)
    assert runtime["datacenter_uuid"] == "datacenter-of-DC0"
    assert network["vimgrnw_ref"].endswith(f"/{network['uuid']}")


async def test_it_follows_a_rename_and_goes() -> None:
    scene = Scene(group(1, "web"), group(2, "db"))
    await scene.bridge.look()
    before = scene.admin.get("network?name=web")["results"][0]
    scene.source.groups = [group(1, "store")]
    await scene.bridge.look()
    assert scene.networks() == ["store"]
    assert scene.admin.get("network?name=store")["results"][0]["uuid"] == before["uuid"]
    scene.source.groups = []
    await scene.bridge.look()
    assert scene.networks() == []


async def test_it_comes_after_the_delay() -> None:
    scene = Scene(delay_seconds=10.0)
    await scene.bridge.look()
    assert scene.networks() == []
    scene.source.groups = [group(1, "web")]
    await scene.bridge.look()
    scene.clock.now += 5
    scene.source.groups = [group(1, "renamed")]
    await scene.bridge.look()
    scene.clock.now += 4.9
    await scene.bridge.look()
    assert scene.networks() == []
    scene.clock.now += 0.1
    await scene.bridge.look()
    assert scene.networks() == ["web"]
    scene.clock.now += 5
    await scene.bridge.look()
    assert scene.networks() == ["renamed"]
    scene.bridge.delay_seconds = 0.0
    scene.source.groups = []
    await scene.bridge.look()
    assert scene.networks() == []


async def test_a_cloud_sees_its_datacenter_and_no_uplinks() -> None:
    scene = Scene(
        group(1, "web"),
        group(2, "far", "DC1"),
        group(3, "DVS0-DVUplinks-8", uplink=True),
        group(4, "trunk", vlan=-1),
    )
    scene.make_cloud(
        "by-reference", datacenter="", datacenter_managed_object_id="datacenter-of-DC1"
    )
    scene.make_cloud("other", vcenter_url="other.example.com")
    scene.make_cloud("nowhere", datacenter="")
    scene.make_cloud("no-access", privilege="NO_ACCESS")
    await scene.bridge.look()
    clouds = ("vc", "by-reference", "other", "nowhere", "no-access")
    assert {name: scene.networks(name) for name in clouds} == {
        "vc": ["web", "trunk"],
        "by-reference": ["far"],
        "other": [],
        "nowhere": [],
        "no-access": [],
    }
    scene.make_cloud("later")
    await scene.bridge.look()
    assert scene.networks("later") == ["web", "trunk"]


async def test_a_vcenter_that_does_not_answer_changes_nothing() -> None:
    scene = Scene(group(1, "web"))
    await scene.bridge.look()
    scene.source.answers = False
    scene.source.groups = []
    await scene.bridge.look()
    assert scene.networks() == ["web"]


def test_a_broken_bridge_is_heard_of(avisim: avisim_.RunningAvi) -> None:
    broken = bridge.Bridge(avisim.controller, {ADDRESS: typing.cast("typing.Any", None)})
    with (
        pytest.raises(AttributeError),
        bridge.running(broken, avisim.loop, seconds=0.0) as running,
    ):
        avisim.run(_looked(running))


async def _looked(running: bridge.Bridge) -> None:
    """The bridge's own look, made once more after it."""
    with pytest.raises(AttributeError):
        await running.look()


def networks(admin: admins.Client) -> dict[str, str]:
    """Names by uuid."""
    return {each["uuid"]: each["name"] for each in admin.get("network?page_size=200")["results"]}


@pytest.fixture
def avisim_options() -> avisim_.AviOptions:
    return avisim_.AviOptions(password=PASSWORD)


async def test_between_the_two(
    vcsim: plugin.RunningVcsim, avisim: avisim_.RunningAvi, client: typing.Any
) -> None:
    admin = admins.Client(avisim.controller, password=PASSWORD)
    address = vcsim.part.address
    settings = {"vcenter_url": address, "datacenter": "DC0"}
    cloud = {"name": "vc", "vtype": "CLOUD_VCENTER", "vcenter_configuration": settings}
    uuid = admin.post("cloud", cloud)["uuid"]
    made = client.add("edge", vlan=41)
    network = f"{made._moId}-{uuid}"
    between = bridge.Bridge(avisim.controller, {address: vcsim.control})

    async def known(name: str | None) -> None:
        async def check() -> bool:
            return networks(admin).get(network) == name

        await waiting.until(check, title=f"network {name}", seconds=10)

    with bridge.running(between, avisim.loop, seconds=0.02):
        await known("edge")
        runtime = admin.get(f"vimgrnwruntime/{network}")
        datacenter = client.named(vim.Datacenter, "DC0")
        assert (runtime["vlan"], runtime["datacenter_uuid"]) == (41, datacenter._moId)
        client.done(made.Rename_Task("renamed"))
        await known("renamed")
        client.done(made.Destroy_Task())
        await known(None)
