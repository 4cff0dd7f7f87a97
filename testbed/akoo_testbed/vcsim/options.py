"""The state of a simulated vCenter when it starts, and again after each reset."""

import dataclasses
import json
import typing
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True)
class PortGroup:
    """A distributed port group with early binding and elastic ports."""

    name: str
    vlan: int = 0
    ports: int = 8
    nsx: bool = False
    """Backed by NSX."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Switch:
    """A distributed switch, of which every host of its datacenter is a member."""

    name: str
    folder: str = ""
    """Name of a folder below the datacenter's network folder; empty: that one itself."""
    uplinks: tuple[str, ...] = ("Uplink 1", "Uplink 2")
    mtu: int = 9000
    private_vlans: tuple[int, ...] = ()
    """Secondary ids; the first is the primary id, too."""
    extension_key: str = ""
    """The extension that owns the switch."""
    port_groups: tuple[PortGroup, ...] = ()
    more: int = 0
    """Number of further port groups, called SWITCH-pg-0 and so on."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Machine:
    """A VM with a NIC on a port group of its datacenter."""

    name: str
    port_group: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Datacenter:
    """A datacenter; hosts are called NAME-host0 and so on."""

    name: str
    folder: str = ""
    """Name of a folder below the root; empty: the root itself. Names may repeat in folders."""
    hosts: int = 1
    switches: tuple[Switch, ...] = ()
    machines: tuple[Machine, ...] = ()


DATACENTERS = (
    Datacenter(
        name="DC0",
        switches=(
            Switch(
                name="DVS0",
                private_vlans=(200, 201),
                port_groups=(
                    PortGroup(name="DC0-management", vlan=10),
                    PortGroup(name="DC0-free", vlan=20),
                    PortGroup(name="DC0-segment", nsx=True),
                ),
            ),
            Switch(name="DVS1", mtu=1500, port_groups=(PortGroup(name="DC0-storage", vlan=30),)),
        ),
        machines=(Machine(name="DC0-vm0", port_group="DC0-management"),),
    ),
    Datacenter(
        name="DC1",
        switches=(
            Switch(name="DVS0", port_groups=(PortGroup(name="DC1-management", vlan=10),)),
            Switch(name="DVS-extension", extension_key="com.example.network"),
        ),
    ),
)
"""Two datacenters whose switches share a name; a VM; a switch that belongs to an extension."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VcsimOptions:
    """The properties of the vCenter."""

    username: str = "operator@vsphere.local"
    password: str = dataclasses.field(default="Vcenter-simulated-1", repr=False)
    accounts: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """Further users and their passwords."""
    instance_uuid: str = "3f1c6c0e-5a51-4a5e-8d57-6a4c3d7e0b10"
    api_version: str = "8.0.3.0"
    lenient: tuple[str, ...] = ()
    """Strict rules that are off from the start."""
    datacenters: tuple[Datacenter, ...] = DATACENTERS

    def document(self, **process: str) -> str:
        """The file that the program reads, with what only the process knows; secret."""
        return json.dumps(
            {
                **process,
                "accounts": {**self.accounts, self.username: self.password},
                "instance_uuid": self.instance_uuid,
                "api_version": self.api_version,
                "lenient": self.lenient,
                "inventory": {"datacenters": [_fields(each) for each in self.datacenters]},
            }
        )


def _fields(datacenter: Datacenter) -> dict[str, typing.Any]:
    return dataclasses.asdict(datacenter)
