"""Resolution of datacenter and switch: exactly one of each, never the first of several. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from akoo_core.plugin import structs
from akoo_vsphere.client.api import Datacenter, Inventory, PlacedSwitch
from akoo_vsphere.spec import refusal
from akoo_vsphere.spec.port_group import Spec
from akoo_vsphere.spec.port_group_status import Switch

MOREF: Final = "moref:"
NOT_SEEN: Final = "It is not there, or not for this account."


class Place(structs.Struct, frozen=True, kw_only=True):
    """The place of a port group."""

    datacenter: Datacenter
    placed: PlacedSwitch
    renamed_from: str = ""
    """The name in spec, where the recorded switch has another one by now."""


def resolve(spec: Spec, inventory: Inventory, recorded: Switch | None) -> Place:
    """The datacenter and the switch of ``spec``. Raises Refusal.

    ``recorded``: the switch that status names. It is meant, too, if nothing has the name in spec
    any more: somebody renamed it.
    """
    datacenter = _datacenter(spec.datacenter, inventory)
    within = [placed for placed in inventory.switches if placed.datacenter == datacenter.mo_ref]
    wanted = spec.distributed_switch
    if wanted.uuid:
        matching = [placed for placed in within if _same(placed.switch.uuid, wanted.uuid)]
    else:
        matching = [placed for placed in within if placed.switch.name == wanted.name]
    if len(matching) == 1:
        return Place(datacenter=datacenter, placed=matching[0])
    shown = f'"{wanted.name}"' if wanted.name else wanted.uuid
    where = f"in datacenter {datacenter.path}"
    if matching:
        places = ", ".join(f"{placed.folder_path} ({placed.switch.uuid})" for placed in matching)
        raise refusal.Refusal(
            "SwitchAmbiguous",
            f"spec.distributedSwitch: {len(matching)} switches {where} are called {shown}: "
            f"{places}. Name it by its uuid in a new object.",
        )
    known = [placed for placed in within if recorded and _same(placed.switch.uuid, recorded.uuid)]
    if not wanted.uuid and len(known) == 1:
        return Place(datacenter=datacenter, placed=known[0], renamed_from=wanted.name)
    names = [placed.switch.uuid if wanted.uuid else placed.switch.name for placed in within]
    raise refusal.Refusal(
        "SwitchNotFound",
        f"spec.distributedSwitch: no switch {shown} {where}. {NOT_SEEN}"
        f"{_listed('switches', wanted.uuid or wanted.name, names)}",
    )


def _datacenter(wanted: str, inventory: Inventory) -> Datacenter:
    known = inventory.datacenters
    if wanted.startswith(MOREF):
        mo_ref = wanted.removeprefix(MOREF)
        matching = [datacenter for datacenter in known if datacenter.mo_ref == mo_ref]
    elif "/" in wanted:
        path = wanted if wanted.startswith("/") else f"/{wanted}"
        matching = [datacenter for datacenter in known if datacenter.path == path.rstrip("/")]
    else:
        matching = [datacenter for datacenter in known if datacenter.name == wanted]
    if len(matching) == 1:
        return matching[0]
    if matching:
        places = ", ".join(f"{each.path} ({MOREF}{each.mo_ref})" for each in matching)
        raise refusal.Refusal(
            "DatacenterAmbiguous",
            f'spec.datacenter: {len(matching)} datacenters are called "{wanted}": {places}. Name '
            "it by its path or moRef in a new object.",
        )
    names = [each.path if "/" in wanted else each.name for each in known]
    raise refusal.Refusal(
        "DatacenterNotFound",
        f'spec.datacenter: there is no datacenter "{wanted}". {NOT_SEEN}'
        f"{_listed('datacenters', wanted, names)}",
    )


def _same(left: str, right: str) -> bool:
    """Equal UUIDs: vSphere writes the same one with spaces and with hyphens."""
    return _digits(left) == _digits(right)


def _digits(uuid: str) -> str:
    return "".join(uuid.lower().replace("-", " ").split())


def _listed(kind: str, wanted: str, names: Iterable[str]) -> str:
    """The nearest names; without a near one, some that the account sees."""
    known = sorted(set(names))
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    if near:
        return f" Did you mean {', '.join(near)}?"
    more = f" and {len(known) - 5} more" if len(known) > 5 else ""
    return f" It sees the {kind} {', '.join(known[:5])}{more}." if known else ""
