"""prepare: find the port group of the config, wait until it is in force, give it as a fact.

The controller of VSpherePortGroups makes it; no verb does. A cluster that has the fact keeps it
while the port group is there, whatever its conditions say: its traffic passes.
"""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api
from akoo_vsphere.spec.port_group import PortGroup
from akoo_vsphere.verbs import intend, reading
from akoo_vsphere.verbs.facts import PortGroupUsed

AGAIN_SECONDS: Final = 10.0
MISSING_SECONDS: Final = 60.0


async def prepare(ctx: api.VerbContext) -> api.Result:
    """One call of the verb. Raises Refusal and DecodeError."""
    view = ctx.view
    name = intend.wanted(view)
    if not name:
        return api.Done(declines=(api.PortGroup.fact_name,))
    group = await reading.group_of(ctx, name)
    if group is None and intend.made_by_template(view):
        return api.Wait(
            reason="PortGroupAwaited",
            message=f"VSpherePortGroup/{name} is made from the template of "
            "spec.plugins.vsphere. If it does not come, condition VsphereReady of the "
            "AKODeploymentConfig says why.",
            after=AGAIN_SECONDS,
        )
    if group is None:
        return api.Blocked(
            reason="PortGroupMissing",
            message=f"There is no VSpherePortGroup {name}. Create it, or correct "
            "spec.plugins.vsphere.portGroupRef.",
            after=MISSING_SECONDS,
        )
    used = PortGroupUsed(name=group.name, uid=group.uid)
    kept = intend.stored(view)
    if kept is None or (kept.name, kept.uid) != (used.name, used.uid):
        return _await_use(view, group, used)
    return await _give(ctx, group, used)


def _await_use(view: api.View, group: PortGroup, used: PortGroupUsed) -> api.Result:
    """Wait until the use is stored. One that is being deleted takes no new users."""
    if group.deleting:
        return api.Blocked(
            reason="PortGroupDeleting",
            message=f"VSpherePortGroup/{group.name} is being deleted and takes no new clusters. "
            "Name another in spec.plugins.vsphere.portGroupRef.",
            after=MISSING_SECONDS,
        )
    known = view.fact(PortGroupUsed) == used
    return api.Wait(
        reason="PortGroupFound",
        message=f"VSpherePortGroup/{group.name}.",
        after=AGAIN_SECONDS if known else 0.0,
        facts=(used,),
    )


async def _give(ctx: api.VerbContext, group: PortGroup, used: PortGroupUsed) -> api.Result:
    fact = await reading.fact(ctx, group)
    good, reason, message = reading.ready(group)
    before = ctx.view.fact(api.PortGroup)
    going_on = before is not None and before == fact
    if fact is None or not (good or going_on):
        return api.Wait(reason=reason, message=message, after=AGAIN_SECONDS, facts=(used,))
    return api.Done(facts=(fact, used), message=f"Port group {fact.name} ({fact.moref}).")
