"""The inventory that the simulated vCenter of the test bed starts with, in memory."""

from __future__ import annotations

import dataclasses

from akoo_vsphere.testing.hand import Hand
from akoo_vsphere.testing.vcenter import SimulatedVCenter


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standard:
    """moRefs of the inventory."""

    datacenter: str
    """DC0"""
    switch: str
    """DVS0 in DC0, with private VLANs 200 and 201"""
    management: str
    """DC0-management, VLAN 10; the virtual machine DC0-vm0 is on it"""
    free: str
    """DC0-free, VLAN 20"""
    segment: str
    """DC0-segment, of NSX"""
    other_switch: str
    """DVS1 in DC0, MTU 1500, with DC0-storage"""
    other_datacenter: str
    """DC1, with another DVS0"""
    owned_switch: str
    """DVS-extension in DC1: an extension owns it"""


def standard(vcenter: SimulatedVCenter) -> Standard:
    """Build it."""
    hand = Hand(vcenter)
    first = hand.add_datacenter("DC0")
    switch = hand.add_switch(first, "DVS0", private_vlans=frozenset({200, 201}))
    management = hand.add_port_group(switch, "DC0-management", vlan=10)
    free = hand.add_port_group(switch, "DC0-free", vlan=20)
    segment = hand.add_port_group(switch, "DC0-segment", backingType="nsx")
    other_switch = hand.add_switch(first, "DVS1", max_mtu=1500)
    hand.add_port_group(other_switch, "DC0-storage", vlan=30)
    second = hand.add_datacenter("DC1")
    namesake = hand.add_switch(second, "DVS0")
    hand.add_port_group(namesake, "DC1-management", vlan=10)
    owned = hand.add_switch(second, "DVS-extension", extension="com.example.network")
    hand.attach(management, "DC0-vm0")
    return Standard(
        datacenter=first,
        switch=switch,
        management=management,
        free=free,
        segment=segment,
        other_switch=other_switch,
        other_datacenter=second,
        owned_switch=owned,
    )
