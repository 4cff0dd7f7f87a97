"""A vCenter in the same process, for tests of users of akoo_vsphere.client.

It runs in virtual time. The README of the plugin lists what it does not show.
"""

from akoo_vsphere.testing.faults import NEVER, Fault
from akoo_vsphere.testing.hand import Hand
from akoo_vsphere.testing.memory import MemoryVCenter
from akoo_vsphere.testing.scenes import Standard, standard
from akoo_vsphere.testing.vcenter import SimulatedVCenter

__all__ = [
    "NEVER",
    "Fault",
    "Hand",
    "MemoryVCenter",
    "SimulatedVCenter",
    "Standard",
    "standard",
]
