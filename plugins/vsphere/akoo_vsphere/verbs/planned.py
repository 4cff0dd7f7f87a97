"""``akoo-core plan``: the port group of a cluster, which the verbs keep as it is."""

from __future__ import annotations

from akoo_core.plugin import api
from akoo_vsphere.spec.port_group import PortGroup
from akoo_vsphere.verbs import intend, reading

KIND = "VSpherePortGroup"


async def plan(ctx: api.VerbContext, verb: api.PlannedVerb) -> tuple[api.PlannedAction, ...]:
    """One line for the port group; () for none. Raises Refusal and DecodeError."""
    kept = intend.stored(ctx.view)
    name = kept.name if kept is not None else ""
    if verb == "prepare" and ctx.view.config:
        name = intend.wanted(ctx.view) or name
    if not name:
        return ()
    group = await reading.group_of(ctx, name)
    if group is None:
        why = "it is not there: the cluster waits for it"
        return (api.PlannedAction(action="keep", kind=KIND, name=name, why=why),)
    why = _ready(group) if verb == "prepare" else "this cluster only stops using it"
    return (api.PlannedAction(action="keep", kind=KIND, name=name, where=_where(group), why=why),)


def _where(group: PortGroup) -> str:
    known = group.status.port_group
    return known.inventory_path or known.mo_ref if known is not None else ""


def _ready(group: PortGroup) -> str:
    good, reason, message = reading.ready(group)
    return "it is in force" if good else f"{reason}: {message}"
