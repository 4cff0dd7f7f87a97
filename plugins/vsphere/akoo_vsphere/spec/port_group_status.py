"""``status`` of a VSpherePortGroup. Pure."""

from __future__ import annotations

import datetime
from typing import Literal

from akoo_core.plugin import conditions, structs
from akoo_vsphere.spec import applied, connection, vlan

Provenance = Literal["Created", "Adopted"]


class PortGroupFound(structs.Struct, frozen=True, kw_only=True):
    """The port group in vCenter: the contract for other plugins."""

    name: str
    """As people write it, without vCenter's escapes."""
    mo_ref: str
    """vCenter's id (``dvportgroup-12``)."""
    key: str = ""
    instance_uuid: str
    """Of the vCenter; the moRef means nothing in another."""
    datacenter: str
    """moRef of the datacenter."""
    switch_uuid: str
    inventory_path: str = ""
    config_version: str = ""
    vlan: vlan.Vlan | None = None


class Located(structs.Struct, frozen=True, kw_only=True):
    """An object of the inventory by moRef and path."""

    mo_ref: str
    path: str = ""


class Switch(structs.Struct, frozen=True, kw_only=True):
    """The distributed switch."""

    mo_ref: str
    uuid: str
    name: str
    folder_path: str = ""


class PendingCreate(structs.Struct, frozen=True, kw_only=True):
    """A create that was announced before the call: its nonce finds the port group again."""

    nonce: str
    started_at: datetime.datetime


class Task(structs.Struct, frozen=True, kw_only=True):
    """The task of vCenter that was started last."""

    mo_ref: str
    operation: str
    started_at: datetime.datetime


class Usage(structs.Struct, frozen=True, kw_only=True):
    """Users of the port group."""

    connected: int
    names: tuple[str, ...] = ()
    """At most five."""
    unseen: int = 0
    """Users that our account cannot see."""
    observed_at: datetime.datetime


class Drift(structs.Struct, frozen=True, kw_only=True):
    """A field whose value in vCenter is not the desired one."""

    field: str
    want: str
    have: str


class Status(structs.Struct, frozen=True, kw_only=True):
    """``status`` of a VSpherePortGroup."""

    observed_generation: int | None = None
    port_group: PortGroupFound | None = None
    datacenter: Located | None = None
    distributed_switch: Switch | None = None
    provenance: Provenance | None = None
    """Written once."""
    nonce: str = ""
    """Of the mark."""
    epoch: int | None = None
    """Of the mark; None: not known."""
    adopted_from: str = ""
    """The value of ``akoo.io/adopt`` that had its effect, as long as it stands there."""
    deletion_policy: Literal["Delete", "Retain"] | None = None
    """The effective one."""
    pending_create: PendingCreate | None = None
    last_task: Task | None = None
    applied: tuple[applied.Value, ...] = ()
    usage: Usage | None = None
    drift: tuple[Drift, ...] = ()
    """At most 16."""
    missing_privileges: tuple[connection.MissingPrivilege, ...] = ()
    conditions: tuple[conditions.Condition, ...] = ()
