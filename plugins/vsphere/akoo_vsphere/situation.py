"""Input and output of the plan: what is known, and what is to be done. Pure."""

from __future__ import annotations

from akoo_core.plugin import structs
from akoo_vsphere.differences import Difference
from akoo_vsphere.marks import Mark
from akoo_vsphere.observed import Observed
from akoo_vsphere.spec.port_group import PortGroup
from akoo_vsphere.spec.settings import Leaves
from akoo_vsphere.suitable import Switch, VCenter


class Use(structs.Struct, frozen=True, kw_only=True):
    """Users of the port group. None: not readable, which counts as in use."""

    ports: int | None
    """Connected ports (``FetchDVPorts``)."""
    machines: int | None
    """Virtual machines (``vm``)."""

    @property
    def none(self) -> bool:
        """True only if nobody uses it for certain."""
        return self.ports == 0 and self.machines == 0

    @property
    def lowest(self) -> int | None:
        """Ports that must stay; None: not known."""
        if self.ports is None or self.machines is None:
            return None
        return max(self.ports, self.machines)

    def __str__(self) -> str:
        if self.ports is None or self.machines is None:
            return "its users cannot be read, so it counts as in use"
        return f"{self.ports} ports are connected, {self.machines} virtual machines are on it"


class Situation(structs.Struct, frozen=True, kw_only=True):
    """All that the plan goes by."""

    group: PortGroup
    management_id: str
    adopt: str = ""
    """The management id that the object or its connection hands over."""
    vcenter: VCenter
    switch: Switch
    observed: Observed | None
    """None: absent, proven by a session that is alive."""
    use: Use = Use(ports=None, machines=None)


class Announce(structs.Struct, frozen=True, kw_only=True):
    """Store a nonce in status; the create follows in the next plan."""

    why: tuple[str, ...]


class Create(structs.Struct, frozen=True, kw_only=True):
    """Make the port group, with its mark in the description."""

    settings: Leaves
    description: str
    why: tuple[str, ...]


class Reconfigure(structs.Struct, frozen=True, kw_only=True):
    """Change these fields and no other. Refused by vCenter if another config version is there."""

    changes: Leaves
    description: str | None
    """The whole text, with the mark; None: it stays."""
    config_version: str
    why: tuple[str, ...]


class SetAttribute(structs.Struct, frozen=True, kw_only=True):
    """Write the mark into the custom attribute."""

    value: str
    why: tuple[str, ...]


class Rename(structs.Struct, frozen=True, kw_only=True):
    """Rename the entity: a name in the configuration is not enough."""

    name: str
    why: tuple[str, ...]


Action = Announce | Create | Reconfigure | SetAttribute | Rename


class Stuck(structs.Struct, frozen=True, kw_only=True):
    """A difference that no change can mend."""

    difference: Difference
    message: str


class Plan(structs.Struct, frozen=True, kw_only=True):
    """Actions in their order, the differences that stay, and what is in force before them."""

    actions: tuple[Action, ...] = ()
    waiting: tuple[Difference, ...] = ()
    """Edits that wait until nobody uses the port group."""
    reported: tuple[Difference, ...] = ()
    """Drift that ``driftPolicy: Report`` leaves alone."""
    stuck: tuple[Stuck, ...] = ()
    in_force: Leaves
    """For ``status.applied``."""
    mark: Mark | None = None
    """The mark that the port group is to have."""
    taken_from: str = ""
    """The management id of the former owner; "" if it is ours already."""
