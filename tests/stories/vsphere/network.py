"""The means of a story about networks: a vCenter, its connection, port groups, and Avi's cloud."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from akoo_testbed import waiting
from akoo_testbed.vcsim import PortGroupState, VcsimOptions
from akoo_testbed.vcsim.bridge import Bridge

from akoo_core.sandbox import install
from tests.stories.scene import Scene
from tests.stories.setting import CONFIG, SECONDS, Object, condition
from tests.stories.vsphere.vcenter import DATACENTER, OPERATOR, SWITCH, VCenter

GROUP: Final = "akoo.io/v1alpha1"
CONNECTIONS: Final = f"{GROUP}/VSphereConnection"
GROUPS: Final = f"{GROUP}/VSpherePortGroup"
POOLS: Final = f"{GROUP}/AviIPPool"
CONTROLLERS: Final = f"{GROUP}/AviController"
SUBNET: Final = {
    "cidr": "10.71.0.0/24",
    "ranges": [{"begin": "10.71.0.10", "end": "10.71.0.99"}],
}
VLAN: Final = 112


class Network:
    """A vCenter and the objects that stand for it. All are named after the story."""

    def __init__(self, scene: Scene, vcenter: VCenter, name: str) -> None:
        self.scene = scene
        self.api = scene.api
        self.vcenter = vcenter
        self.name = name
        self.cloud = f"dc-{name}"
        self.with_avi = False

    # What is declared.

    async def connect(self) -> None:
        """Account, CA and VSphereConnection."""
        await self.store_password()
        await self.store_ca(self.vcenter.ca_pem)
        spec = {
            "address": self.vcenter.address,
            "credentialRef": _secret(f"{self.name}-vcenter"),
            "caRef": _secret(f"{self.name}-vcenter-ca"),
        }
        await self.api.apply(_object("VSphereConnection", self.name, spec))

    async def store_password(self) -> None:
        """The Secret has the password that vCenter has now."""
        values = {"username": OPERATOR, "password": self.vcenter.operator_password}
        await self.api.apply(install.secret(f"{self.name}-vcenter", **values))

    async def store_ca(self, pem: str) -> None:
        await self.api.apply(
            install.secret(f"{self.name}-vcenter-ca", certificateAuthorityData=pem)
        )

    def spec(self, **fields: Any) -> Object:
        """The spec of a port group, with fields changed; None leaves a field out."""
        whole = {
            "connection": self.name,
            "datacenter": DATACENTER,
            "distributedSwitch": {"name": SWITCH},
            "vlan": {"id": VLAN},
        }
        return {key: value for key, value in (whole | fields).items() if value is not None}

    async def declare(self, name: str = "", **fields: Any) -> None:
        """A VSpherePortGroup."""
        await self.api.apply(_object("VSpherePortGroup", name or self.name, self.spec(**fields)))

    async def made(self, name: str = "", **fields: Any) -> Object:
        """A VSpherePortGroup, once it is in force."""
        await self.declare(name, **fields)
        return await self.ready(name)

    def placed(self, **subnet: Any) -> Object:
        """The field ``avi`` of a port group in this network's cloud."""
        return {"controller": self.name, "cloud": self.cloud, "subnet": subnet or SUBNET}

    async def furnish_avi(self) -> None:
        """A vCenter cloud on the story's Avi Controller, which discovers the port groups; and the
        AviController that leads there."""
        avi, account = self.scene.avi, f"operator-net-{self.name}"
        profile = {"name": f"ipam-{self.cloud}", "type": "IPAMDNS_TYPE_INTERNAL"}
        ipam = avi.admin.post("ipamdnsproviderprofile", profile | {"internal_profile": {}})
        settings = {"vcenter_url": self.vcenter.address, "datacenter": DATACENTER}
        cloud = {"name": self.cloud, "vtype": "CLOUD_VCENTER", "ipam_provider_ref": ipam["url"]}
        avi.admin.post("cloud", cloud | {"vcenter_configuration": settings})
        secret = avi.account(account, superuser=True)
        await self.api.apply(install.secret(f"{self.name}-avi", username=account, password=secret))
        await self.api.apply(
            install.secret(f"{self.name}-avi-ca", certificateAuthorityData=avi.ca_pem)
        )
        spec = {
            "address": avi.address,
            "credentialRef": _secret(f"{self.name}-avi"),
            "caRef": _secret(f"{self.name}-avi-ca"),
        }
        await self.api.apply(_object("AviController", self.name, spec))
        self.with_avi = True

    async def configured(self, **fields: Any) -> None:
        """The story's config, whose clusters are on the port group of the story."""
        plugins = {"vsphere": {"portGroupRef": self.name}, "avi": {"controller": self.name}}
        whole = {"cloudName": self.cloud, "dataNetwork": None, "plugins": plugins}
        await self.scene.configured(**(whole | fields))

    async def lives(self, **fields: Any) -> Object:
        """The story's cluster works on the port group; the port group."""
        await self.furnish_avi()
        await self.declare(avi=self.placed())
        await self.configured(**fields)
        await self.scene.created()
        await self.scene.serves()
        return await self.ready()

    # What is seen.

    async def group(self, accept: Callable[[Object], object], name: str = "") -> Object:
        """A VSpherePortGroup, once ``accept`` says so."""
        return await self._until(GROUPS, name or self.name, accept)

    async def ready(self, name: str = "") -> Object:
        """A VSpherePortGroup, once its current generation is in force."""
        return await self.group(in_force, name)

    async def says(self, kind: str, reason: str, name: str = "") -> Object:
        """A VSpherePortGroup, once its condition of that type has that reason."""
        return await self.group(lambda group: condition(group, kind).get("reason") == reason, name)

    async def connection(self, kind: str, reason: str) -> Object:
        """The VSphereConnection, once its condition of that type has that reason."""
        return await self._until(
            CONNECTIONS,
            self.name,
            lambda connection: condition(connection, kind).get("reason") == reason,
        )

    async def gone(self, kind: str = GROUPS, name: str = "") -> None:
        """Wait until an object is gone."""
        await self.api.wait_for(kind, None, name or self.name, lambda obj: obj is None, SECONDS)

    async def pool(self, accept: Callable[[Object], object] = bool) -> Object:
        """The AviIPPool that was made for the port group."""
        return await self._until(POOLS, f"vspg-{self.name}", accept)

    async def in_vcenter(
        self, accept: Callable[[PortGroupState | None], object], name: str = ""
    ) -> PortGroupState:
        """The port group in vCenter, once ``accept`` says so (``gone_from_vcenter``: None)."""
        seen: dict[str, PortGroupState] = {}

        async def accepted() -> bool:
            seen.clear()
            seen.update(await self.vcenter.groups())
            return bool(accept(seen.get(name or self.name)))

        title = f"port group {name or self.name} in vCenter"
        try:
            await waiting.until(accepted, title=title, seconds=SECONDS, every=0.05)
        except TimeoutError as error:
            error.add_note(str(seen))
            raise
        return seen.get(name or self.name) or _NOWHERE

    async def events(self) -> list[str]:
        """Reasons of the Events about the story's port group."""
        listed = await self.api.list("events.k8s.io/v1/Event", "default")
        return [event["reason"] for event in listed if event["regarding"]["name"] == self.name]

    async def networks(self) -> str:
        """The networks that AKO is given, as its ConfigMap has them."""
        async with self.scene.workload() as workload:
            config = await workload.get("v1/ConfigMap", "avi-system", "avi-k8s-config")
        return str(config["data"]["vipNetworkList"])

    async def has_network(self, moref: str) -> None:
        """Wait until AKO is given the network of a port group."""

        async def has() -> bool:
            return f'"{moref}-' in await self.networks()

        await until(has, title=f"AKO's network of port group {moref}")

    async def ako_uid(self) -> str:
        """UID of AKO's Pod: another one after each restart by the operator."""
        async with self.scene.workload() as workload:
            pod = await workload.get("v1/Pod", "avi-system", "ako-0")
        return str(pod["metadata"]["uid"])

    # What is done.

    async def change(self, kind: str = GROUPS, name: str = "", **spec: Any) -> None:
        await self.api.patch(kind, None, name or self.name, {"spec": spec})

    async def annotate(self, kind: str = GROUPS, name: str = "", **words: str | None) -> None:
        """Annotate an object: ``accept_vcenter="<uuid>"`` is akoo.io/accept-vcenter."""
        annotations = {f"akoo.io/{key.replace('_', '-')}": value for key, value in words.items()}
        patch = {"metadata": {"annotations": annotations}}
        await self.api.patch(kind, None, name or self.name, patch)

    async def delete(self, kind: str = GROUPS, name: str = "") -> None:
        await self.api.delete(kind, None, name or self.name)

    async def everything_goes(self) -> None:
        """Cluster, config, port group and connection are deleted at once; all end by themselves."""
        await self.scene.delete()
        await self.api.delete(CONFIG, None, self.scene.config)
        for kind in (GROUPS, CONNECTIONS, CONTROLLERS):
            await self.delete(kind)
        await self.scene.gone()
        for kind in (GROUPS, CONNECTIONS, CONTROLLERS):
            await self.gone(kind)
        assert self.name not in await self.vcenter.groups()
        assert self.scene.avi.of(self.scene.x) == []

    async def clear(self) -> None:
        """Take away what is left, whatever came of the story. vCenter is not asked."""
        await self.scene.clear()
        await self.api.delete(CONFIG, None, self.scene.config)
        word = {"metadata": {"annotations": {"akoo.io/let-go": "the story is over"}}}
        for kind in (GROUPS, POOLS, CONNECTIONS, CONTROLLERS):
            for obj in await self._own(kind):
                name = obj["metadata"]["name"]
                if kind == GROUPS:
                    await self.api.patch(kind, None, name, word)
                await self.api.delete(kind, None, name)

    async def _own(self, kind: str) -> list[Object]:
        return [obj for obj in await self.api.list(kind) if self.owns(obj)]

    def owns(self, obj: Object) -> bool:
        """True for an object of this network, also for those that the operator made."""
        names = (self.name, f"vspg-{self.name}")
        return obj["metadata"]["name"] in names or self.name in obj["spec"].values()

    async def _until(self, kind: str, name: str, accept: Callable[[Object], object]) -> Object:
        stored = await self.api.wait_for(
            kind, None, name, lambda obj: obj is not None and accept(obj), SECONDS
        )
        return stored or {}


@contextlib.asynccontextmanager
async def opened(
    scene: Scene, options: VcsimOptions | None = None, name: str = ""
) -> AsyncIterator[Network]:
    """A vCenter and its connection, while the block lasts. What was made in it goes at the end."""
    vcenter = VCenter(scene.story_bed.bed.base, options)
    network = Network(scene, vcenter, name or scene.story)
    bridge = Bridge(scene.avi.controller, {vcenter.address: _Present(vcenter)})
    discovery = asyncio.create_task(bridge.run(), name=f"discovery of {network.name}")
    try:
        await vcenter.open()
        await network.connect()
        yield network
    except BaseException as error:
        error.add_note(await _situation(network))
        raise
    finally:
        discovery.cancel()
        await asyncio.gather(discovery, return_exceptions=True)
        try:
            await network.clear()
        finally:
            await vcenter.close()


class _Present:
    """The port groups of the vCenter that answers at an address now, for the bridge."""

    def __init__(self, vcenter: VCenter) -> None:
        self._vcenter = vcenter

    async def port_groups(self) -> dict[str, PortGroupState]:
        return await self._vcenter.control.port_groups()


async def _situation(network: Network) -> str:
    lines = [f"network {network.name}"]
    for kind in (CONNECTIONS, GROUPS, POOLS):
        for obj in await network.api.list(kind):
            if network.owns(obj):
                lines.append(f"{kind} {obj['metadata']['name']}: {obj.get('status')}")
    return "\n".join(lines)


async def until(accept: Callable[[], Awaitable[bool]], *, title: str) -> None:
    """Wait until something is so."""
    await waiting.until(accept, title=title, seconds=SECONDS, every=0.1)


def mo_ref(group: Object) -> str:
    """The recorded moref of a VSpherePortGroup; "" for none."""
    return str((group["status"].get("portGroup") or {}).get("moRef", ""))


def has_vlan(vlan: int) -> Callable[[PortGroupState | None], bool]:
    return lambda state: state is not None and state.vlan == vlan


def gone_from_vcenter(state: PortGroupState | None) -> bool:
    return state is None


def in_force(group: Object) -> bool:
    """The current generation is in force."""
    ready = condition(group, "Ready")
    return (
        ready.get("status") == "True"
        and group["status"].get("observedGeneration") == group["metadata"]["generation"]
    )


def _object(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": GROUP, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _secret(name: str) -> dict[str, str]:
    return {"namespace": install.NAMESPACE, "name": name}


_NOWHERE: Final = PortGroupState(
    reference="",
    name="",
    path="",
    datacenter="",
    datacenter_reference="",
    switch="",
    switch_uuid="",
    vlan=-1,
    version="",
    uplink=False,
    connected=(),
)
"""No port group."""
