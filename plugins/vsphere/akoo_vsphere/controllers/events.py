"""Events about VSpherePortGroups: one for each change, none at rest."""

from __future__ import annotations

import hashlib
from typing import Final

from akoo_core.plugin import api, kube
from akoo_vsphere.spec import resources
from akoo_vsphere.spec.port_group import PortGroup

NAMESPACE: Final = "default"
"""For Events about an object without a namespace."""
NOTE_LIMIT: Final = 1024
REPORTER: Final = "akoo.io/akoo-core"


async def post(
    ctx: api.ControllerContext, group: PortGroup, reason: str, note: str, *, warning: bool = False
) -> None:
    """Post an Event. One that cannot be posted is logged only."""
    try:
        await ctx.kube.create(
            kube.EVENTS, _event(ctx, group, reason, note, warning=warning), NAMESPACE
        )
    except kube.AlreadyExistsError:
        return
    except kube.KubeError as error:
        ctx.log.warning("event dropped", extra={"reason": reason, "error": str(error)})


def _event(
    ctx: api.ControllerContext, group: PortGroup, reason: str, note: str, *, warning: bool
) -> kube.Object:
    now = ctx.clock.now()
    identity = f"{group.uid}/{reason}/{note}/{now.timestamp()}".encode()
    kind = resources.PORT_GROUPS
    return {
        "apiVersion": kube.EVENTS.api_version,
        "kind": kube.EVENTS.kind,
        "metadata": {
            "name": f"{group.name}.{hashlib.sha256(identity).hexdigest()[:16]}",
            "namespace": NAMESPACE,
        },
        "eventTime": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "reportingController": REPORTER,
        "reportingInstance": "akoo-vsphere",
        "action": reason,
        "reason": reason,
        "note": note[:NOTE_LIMIT],
        "type": "Warning" if warning else "Normal",
        "regarding": {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "name": group.name,
            "uid": group.uid,
        },
    }
