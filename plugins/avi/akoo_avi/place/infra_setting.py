"""The AviInfraSetting that was there before akoo-core, in a cluster whose AKO was adopted. Thin.

The Go ancestor made it for the AKO of the management cluster, under the name that ours has, too.
"""

from __future__ import annotations

from akoo_avi.place import contribute
from akoo_avi.spec import placement
from akoo_core.plugin import api
from akoo_core.plugin.kube import ForbiddenError, NotFoundError, Resource

_SETTINGS = Resource(
    "ako.vmware.com", "v1beta1", "aviinfrasettings", contribute.KIND, namespaced=False
)


async def look(ctx: api.VerbContext, stored: placement.Stored) -> tuple[api.Fact, ...]:
    """Its UID, which is read once; () where none is wanted or it cannot be read. Raises
    KubeErrors."""
    view = ctx.view
    if stored.control_plane is None or view.spec.adoption is None:
        return ()
    known = view.fact(placement.AviSettingSeen)
    if known is not None or ctx.workload is None:
        return (known,) if known is not None else ()
    try:
        live = await ctx.workload.get(_SETTINGS, contribute.name(view))
    except NotFoundError:
        return (placement.AviSettingSeen(uid=""),)
    except ForbiddenError:
        return ()
    return (placement.AviSettingSeen(uid=str(live["metadata"]["uid"])),)
