"""observe: the state of the cluster's port group, drift included, as its controller wrote it."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api
from akoo_vsphere.verbs import intend, reading

AGAIN_SECONDS: Final = 60.0


async def observe(ctx: api.VerbContext) -> api.Result:
    """One call of the verb. Raises DecodeError."""
    kept = intend.stored(ctx.view)
    if kept is None:
        return api.Done(message="The config names no port group.")
    group = await reading.group_of(ctx, kept.name)
    if group is None or group.uid != kept.uid:
        return api.Blocked(
            reason="PortGroupMissing",
            message=f"VSpherePortGroup/{kept.name} is not there any more. Restore it, or name "
            "another in spec.plugins.vsphere.portGroupRef.",
            after=AGAIN_SECONDS,
        )
    good, reason, message = reading.ready(group)
    if not good:
        return api.Wait(reason=reason, message=message, after=AGAIN_SECONDS)
    known = group.status.port_group
    shown = f"{known.name} ({known.mo_ref})" if known is not None else group.name
    return api.Done(message=f"Port group {shown} is in force.", recheck_seconds=AGAIN_SECONDS)
