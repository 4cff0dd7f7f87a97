"""A World with an Avi Controller in it: cloud vc-01 with all that a cluster is placed in."""

from __future__ import annotations

import asyncio
import copy
import functools
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from akoo_avi.plugin import AviPlugin
from akoo_avi.spec import placement, resources
from akoo_avi.testing import MemoryAvi, memory_controllers
from akoo_testbed.avisim import Controller
from akoo_testbed.avisim.objects import discovery, store

from akoo_core import structs, testing
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders, verbs

ADDRESS = "avi.example.com"
PASSWORD = builders.canary("admin-password")
SPEC: dict[str, Any] = {
    "controller": ADDRESS,
    "cloudName": "vc-01",
    "serviceEngineGroup": "seg",
    "tenant": {"name": "admin"},
    "dataNetwork": {"name": "vip-edge-1", "cidr": "10.70.0.0/24"},
    "adminCredentialRef": {"name": "admin", "namespace": "avi"},
    "certificateAuthorityRef": {"name": "ca", "namespace": "avi"},
}
VCENTER = {
    "privilege": "READ_ACCESS",
    "vcenter_url": "vc.example.com",
    "datacenter": "dc-1",
    "datacenter_managed_object_id": "datacenter-2",
}
"""The vCenter of a vCenter cloud."""
VOLATILE = ("uuid", "_last_modified", "url", "configpb_attributes")


def subnet(address: str) -> dict[str, Any]:
    """A configured subnet of a network, /24."""
    prefix = {"ip_addr": {"addr": address, "type": "V4"}, "mask": 24}
    return {"prefix": prefix, "static_ip_ranges": []}


async def furnish(avi: MemoryAvi, cloud: str = "vc-01") -> None:
    """A cloud with an internal IPAM profile, an SE group and two networks; one is usable."""

    async def make(kind: str, name: str, **body: Any) -> str:
        made = await avi.create(kind, {"name": name, **body}, tenant="admin")
        return str(made["uuid"])

    ipam = await make(
        "ipamdnsproviderprofile",
        f"ipam-{cloud}",
        type="IPAMDNS_TYPE_INTERNAL",
        internal_profile={},
    )
    ref = f"/api/ipamdnsproviderprofile/{ipam}"
    uuid = await make("cloud", cloud, vtype="CLOUD_NONE", ipam_provider_ref=ref)
    mine = {"cloud_ref": f"/api/cloud/{uuid}"}
    await make("serviceenginegroup", "seg", **mine)
    usable = []
    for number, name in enumerate(("vip-edge-1", "vip-edge2")):
        fields = {"configured_subnets": [subnet(f"10.7{number}.0.0")], **mine}
        usable.append(await make("network", name, **fields))
    current = await avi.get(f"ipamdnsproviderprofile/{ipam}")
    internal = {"usable_networks": [{"nw_ref": f"/api/network/{usable[0]}"}]}
    changed = {**current, "internal_profile": internal}
    await avi.replace("ipamdnsproviderprofile", ipam, changed, tenant="admin")


def _furnished() -> Controller:
    made = Controller(password=PASSWORD, rng=random.Random(7))
    asyncio.run(furnish(MemoryAvi(made, password=PASSWORD)))
    return made


class AviWorld(testing.World):
    """One cluster that gets AKO, and the controllers by address."""

    def __init__(self, changes: Mapping[str, Any] | None = None, **more: Any) -> None:
        spec = copy.deepcopy(SPEC) | dict(changes or {})
        more.setdefault("config", builders.config(spec, plugins=more.pop("plugins", None)))
        more.setdefault("resources", (resources.AVI_CONTROLLERS, resources.AVI_IP_POOLS))
        keys = {"username": "admin", **more.pop("credential", {"password": PASSWORD})}
        super().__init__(
            secrets=(
                builders.secret("avi", "admin", **keys),
                builders.secret("avi", "ca", certificateAuthorityData=""),
            ),
            **more,
        )
        self.avi = Controller(password=PASSWORD, rng=random.Random(8))
        self.avi.restore(_template().snapshot())
        self.addresses = {ADDRESS: self.avi}

    def plugin(self) -> api.Plugin:
        """The plugin, as a new process makes it."""
        return verbs.named(AviPlugin(clients=memory_controllers(self.addresses)))

    def outside(self) -> object:
        """All objects but what comes with a controller."""
        return {
            f"{obj.kind}/{obj.name}": {k: v for k, v in obj.data.items() if k not in VOLATILE}
            for obj in self.avi.state.objects.everything().values()
            if not obj.builtin
        }

    def vcenter_cloud(self, name: str = "dc", **settings: str) -> str:
        """Make a vCenter cloud with the IPAM profile of vc-01; its UUID."""
        ipam = self.named("ipamdnsproviderprofile", "ipam-vc-01")[0]["uuid"]
        body = {
            "name": name,
            "vtype": "CLOUD_VCENTER",
            "vcenter_configuration": {**VCENTER, **settings},
            "ipam_provider_ref": f"/api/ipamdnsproviderprofile/{ipam}",
        }
        return str(self.do(lambda avi: avi.create("cloud", body, tenant="admin"))["uuid"])

    def discover(self, *groups: tuple[str, str], cloud: str = "dc", usable: bool = True) -> None:
        """The port groups (moref, name) of the cloud from now on. ``usable``: an AviIPPool has made
        the first one usable."""
        port_groups = [discovery.PortGroup(moref=moref, name=name) for moref, name in groups]
        self.avi.discover(cloud, port_groups)
        if usable:
            uuid = f"{groups[0][0]}-{self.named('cloud', cloud)[0]['uuid']}"
            state = self.avi.state
            (profile,) = state.objects.named("ipamdnsproviderprofile", "ipam-vc-01")
            internal = profile.data["internal_profile"]
            entries = [*internal.get("usable_networks", ()), {"nw_ref": uuid}]
            changed = {**internal, "usable_networks": entries}
            state.change(profile, {**profile.data, "internal_profile": changed})

    def named(self, kind: str, name: str) -> list[dict[str, Any]]:
        """Copies of the data of the objects of that kind and name."""
        return [copy.deepcopy(obj.data) for obj in self.avi.state.objects.named(kind, name)]

    @property
    def claims(self) -> list[dict[str, Any]]:
        """The claims of this cluster."""
        return self.claims_of(self.record_name)

    def claims_of(self, cluster_name: str) -> list[dict[str, Any]]:
        """The claims of that clusterName."""
        return self.named("stringgroup", f"akoo-claim-{cluster_name}")

    def do(self, work: Callable[[MemoryAvi], Any]) -> Any:
        """Somebody else does something on the controller."""
        return self.run(work(MemoryAvi(self.avi, password=PASSWORD)))

    def call(self, verb: str, plugin: api.Plugin | None = None) -> Any:
        """The answer of a verb, by a new process."""
        return verbs.run_verb(plugin or self.plugin(), verb, self).result

    def settled(self) -> Any:
        """Prepare until it says something final."""
        answer = self.call("prepare")
        for _ in range(3):
            if not (isinstance(answer, api.Wait) and answer.reason == "PlacementFound"):
                break
            answer = self.call("prepare")
        return answer

    def edit(self, **changes: Any) -> None:
        """The user edits spec."""
        self.config = copy.deepcopy(self.config)
        self.config["spec"] |= changes

    @property
    def stored(self) -> placement.Stored:
        """The intent."""
        intent = self.spec.intents["avi"]
        return structs.convert(intent.data, placement.Stored)

    def adopted(self, former: str, **changes: Any) -> None:
        """A person hands the record over, as the engine writes it."""
        handover = record.Handover(management_id=former, epoch=self.spec.epoch)
        changed = {"handover": handover, "epoch": self.spec.epoch + 1, **changes}
        self.spec = structs.replace(self.spec, **changed)


_made: list[Controller] = []


def _template() -> Controller:
    if not _made:
        _made.append(_furnished())
    return _made[0]


@functools.cache
def _as_made() -> Mapping[store.Key, store.Stored]:
    return copy.deepcopy(_template().snapshot().objects)


@pytest.fixture(autouse=True)
def template_intact() -> Iterator[None]:
    """A check after each test: the objects of the template, which all worlds share, are as they
    were made. A change in place of stored data shows in the test that makes it."""
    made = _as_made()
    yield
    changed = _template().snapshot().objects != made
    if changed:
        _made.clear()
        _as_made.cache_clear()
    assert not changed, "the test changed stored data in place"


@pytest.fixture(scope="session")
def avi_world() -> type[AviWorld]:
    return AviWorld
