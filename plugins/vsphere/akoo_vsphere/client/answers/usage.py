"""The users of a port group, counted from ports, VMs and their names. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from akoo_vsphere.client import api
from akoo_vsphere.client.answers.properties import Row, items
from akoo_vsphere.client.wire import Ref

NAMES: Final = 5
"""Names in a report."""
READ: Final = 500
"""Users whose names are read; the others count as seen without a name."""


def machines(value: Any) -> tuple[Ref, ...]:
    """Virtual machines of the property ``vm``."""
    return tuple(ref for ref in items(value) if isinstance(ref, Ref))


def entities(ports: Iterable[Any], on_it: Iterable[Ref]) -> tuple[Ref, ...]:
    """Everything that is connected and named, sorted."""
    connected = {entity for port in ports if (entity := _entity(port)) is not None}
    return tuple(sorted({*connected, *on_it}, key=lambda ref: (ref.type, ref.value)))


def users(
    ports: tuple[Any, ...] | None,
    on_it: tuple[Ref, ...] | None,
    asked: tuple[Ref, ...],
    rows: Iterable[Row],
) -> api.Users:
    """The report. ``on_it``: virtual machines. ``rows``: names of ``asked``; what has no name there
    cannot be seen by the account."""
    names = {row.ref: str(row.fields["name"]) for row in rows if "name" in row.fields}
    nameless = sum(entity not in names for entity in asked)
    without_entity = sum(_entity(port) is None for port in ports or ())
    return api.Users(
        ports=None if ports is None else len(ports),
        machines=None if on_it is None else len(on_it),
        names=tuple(sorted(names.values())[:NAMES]),
        unseen=nameless + without_entity,
    )


def _entity(port: Any) -> Ref | None:
    connectee = port.get("connectee") if isinstance(port, dict) else None
    entity = connectee.get("connectedEntity") if isinstance(connectee, dict) else None
    return entity if isinstance(entity, Ref) else None
