"""The protocol of a client of one vCenter, and the values that it answers with.

Objects are named by moRef (``dvportgroup-12``). Port groups and config specs are plain dicts with
vCenter's own field names and ``_typeName``: :mod:`akoo_vsphere.observed` reads them,
:mod:`akoo_vsphere.config_spec` makes them. Names are decoded (``/``, not ``%2f``) but in plain
dicts, which stay as read.
"""

from __future__ import annotations

from typing import Final, Literal, Protocol

from akoo_core.plugin import structs
from akoo_core.plugin.structs import JSON
from akoo_vsphere.allocation import VlanUser
from akoo_vsphere.suitable import Switch

PRIVILEGES: Final = (
    "DVPortgroup.Create",
    "DVPortgroup.Modify",
    "DVPortgroup.PolicyOp",
    "DVPortgroup.Delete",
    "Global.SetCustomField",
)
"""Privileges that the plugin needs on the folder of a switch."""
DEFINE_PRIVILEGE: Final = "Global.ManageCustomFields"
"""Needed once, at the root folder, to define the custom attribute."""
MAX_WAIT_SECONDS: Final = 20
"""Longest wait for changes: an external call may last for 30 s, and the answer needs time."""


class About(structs.Struct, frozen=True, kw_only=True):
    """The vCenter that answers."""

    instance_uuid: str
    version: str
    """Release (``8.0.3``)."""
    build: str = ""
    api_version: str = ""
    """API version that client and server agreed on (``8.0.3.0``)."""
    root_folder: str = ""
    """moRef."""


class Datacenter(structs.Struct, frozen=True, kw_only=True):
    """A datacenter."""

    mo_ref: str
    name: str
    path: str
    """Inventory path (``/folder/DC0``); ``/`` in names stays escaped in it."""


class PlacedSwitch(structs.Struct, frozen=True, kw_only=True):
    """A distributed switch and its place in the inventory."""

    switch: Switch
    datacenter: str
    """moRef."""
    folder: str
    """moRef of the folder that holds the switch; its port groups are made there."""
    folder_path: str


class Inventory(structs.Struct, frozen=True, kw_only=True):
    """Datacenters and switches that the account can see. Objects that vanish meanwhile are left
    out."""

    datacenters: tuple[Datacenter, ...]
    switches: tuple[PlacedSwitch, ...]


class Listed(structs.Struct, frozen=True, kw_only=True):
    """A port group without its configuration: what the source keeps of each."""

    mo_ref: str
    name: str
    parent: str
    """moRef of its folder."""
    config_version: str
    values: dict[str, str]
    """Custom attributes: name of the definition to value."""


class Child(structs.Struct, frozen=True, kw_only=True):
    """An object of a folder."""

    mo_ref: str
    port_group: bool
    """False: it is a switch, a network or a folder."""


class Users(structs.Struct, frozen=True, kw_only=True):
    """Users of a port group. None: not readable, which counts as in use."""

    ports: int | None
    """Connected ports (``FetchDVPorts``)."""
    machines: int | None
    """Virtual machines on it (``vm``)."""
    names: tuple[str, ...] = ()
    """Names of users that the account can see, sorted, at most five."""
    unseen: int = 0
    """Users that the account cannot see."""


class Changes(structs.Struct, frozen=True, kw_only=True):
    """An answer of a waiting call. The first one of a wait (version "") has every port group."""

    version: str
    """For the next call."""
    changed: tuple[Listed, ...] = ()
    removed: tuple[str, ...] = ()
    """moRefs that left the collector's view. Not a proof of absence: a lost permission looks the
    same."""
    whole: bool = False
    """True: ``changed`` is the whole list, since the collector was made anew."""


class TaskState(structs.Struct, frozen=True, kw_only=True):
    """A task that was started earlier."""

    state: Literal["running", "success", "error", "unknown"]
    """``unknown``: vCenter does not remember it."""
    message: str = ""


class VCenterClient(Protocol):
    """A vCenter, as one account sees it. All methods raise errors of ``client.errors``.

    Only reads are repeated, once after a new login or a lost connection. A write is sent again
    only if vCenter refused it because its session had ended, so that it did nothing, and the same
    vCenter answers the new login. After OutcomeUnknownError and TaskRunningError the caller reads
    first. Each call ends within its deadline: 10 s for a read (30 s for ``inventory`` and
    ``port_groups``), 60 s for a write with its task.
    """

    @property
    def address(self) -> str:
        """``host`` or ``host:port``, for messages."""
        ...

    @property
    def silent(self) -> bool:
        """True while vCenter does not answer: of all requests one passes now and then, and takes
        its whole deadline. Nobody is to wait for it."""
        ...

    async def about(self) -> About:
        """Release, API version and instance UUID, read from a session that is alive."""
        ...

    async def inventory(self) -> Inventory:
        """Datacenters and switches."""
        ...

    async def port_groups(self, switch: str) -> tuple[Listed, ...]:
        """All port groups of a switch, uplinks included, with all pages. Raises UnreadableError
        if one could not be read: then absence is not known."""
        ...

    async def descriptions(self, switch: str) -> dict[str, str]:
        """Description of each port group of a switch, by moRef: to find what a lost create made."""
        ...

    async def vlans(self, switch: str) -> tuple[VlanUser, ...]:
        """The port groups of a switch that have a single VLAN. Reads all their settings: for the
        choice of a VLAN only. Raises UnreadableError."""
        ...

    async def port_group(self, mo_ref: str) -> JSON:
        """``moRef, name, parent, config, customValue, tag, vm``. Raises NotFoundError,
        UnreadableError."""
        ...

    async def port_group_at(self, path: str) -> str:
        """moRef of the port group at an inventory path. Raises NotFoundError without a moRef: none
        is there, or not for this account."""
        ...

    async def child(self, folder: str, name: str) -> Child | None:
        """The object of that name in a folder; None: there is none, or not for this account. Names
        are unique in a folder."""
        ...

    async def path(self, mo_ref: str) -> str:
        """Inventory path of an object."""
        ...

    async def users(self, mo_ref: str, switch: str) -> Users:
        """Users of a port group. Never raises ForbiddenError: what may not be read is None."""
        ...

    async def missing_privileges(
        self, mo_refs: tuple[str, ...], privileges: tuple[str, ...]
    ) -> tuple[tuple[str, str], ...]:
        """(moRef, privilege) that the account lacks. Raises UnsupportedError."""
        ...

    async def attributes(self) -> dict[int, str]:
        """Custom attributes that are defined for port groups: key to name."""
        ...

    async def define_attribute(self, name: str) -> int:
        """The key of a custom attribute for port groups, defined if it is not there."""
        ...

    async def create(self, switch: str, spec: JSON, folder: str = "") -> str:
        """Make one port group; its moRef. ``folder``: that of the switch, which saves a read.
        Raises NameTakenError."""
        ...

    async def reconfigure(self, mo_ref: str, spec: JSON) -> None:
        """Change a port group. Raises ChangedError for another ``configVersion``."""
        ...

    async def rename(self, mo_ref: str, name: str) -> None:
        """Rename the entity. Raises NameTakenError."""
        ...

    async def set_attribute(self, mo_ref: str, key: int, value: str) -> None:
        """Set the value of a custom attribute."""
        ...

    async def destroy(self, mo_ref: str) -> None:
        """Remove a port group. Raises InUseError, NotFoundError."""
        ...

    async def task(self, mo_ref: str) -> TaskState:
        """State of a task."""
        ...

    async def changes(self, version: str, seconds: int = MAX_WAIT_SECONDS) -> Changes:
        """Wait for changes of name, parent, config version and custom values of any port group.

        ``version``: "" for the first call. Returns without changes after ``seconds`` (at most
        MAX_WAIT_SECONDS). One waiting call at a time.
        """
        ...
