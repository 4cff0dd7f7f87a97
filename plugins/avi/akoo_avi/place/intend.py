"""Where a cluster will be on the outside: what prepare found, once it was found. Pure."""

from __future__ import annotations

from akoo_avi.spec import names, placement, refusal, resources, wanted
from akoo_avi.spec.placement import AviTarget, Stored
from akoo_core.plugin import api, structs


def intend(view: api.View) -> api.Intent | api.Blocked | None:
    """What was found for exactly what the config says now; else what was intended before.

    While leaving, and without a config, what was intended before holds, too; but one that is about
    to move is asked whether it still wants to.
    """
    kept, leaving = _kept(view), view.spec.leaving
    if not view.config or (leaving is not None and leaving.cause != "Relocated"):
        return kept
    try:
        asked = wanted.of_view(view)
    except refusal.Refusal as error:
        return api.Blocked(reason=error.reason, message=str(error))
    target = view.fact(AviTarget)
    if target is None or target.wanted != asked:
        return kept
    return _intent(target.found)


def _kept(view: api.View) -> api.Intent | None:
    before, stored = view.intent(names.PLUGIN), placement.stored(view)
    if before is None or stored is None:
        return None
    return structs.replace(_intent(stored), data=before.data)


def _intent(found: Stored) -> api.Intent:
    return api.Intent(
        data=structs.to_object(found), uses=_uses(found), placement=found.place.identity
    )


def _uses(found: Stored) -> tuple[api.Use, ...]:
    one = found.controller
    controller = (resources.AVI_CONTROLLERS, one.name, one.uid) if one else None
    pools = ((resources.AVI_IP_POOLS, pool.name, pool.uid) for pool in found.pools)
    return tuple(
        api.Use(resource=resource, name=name, uid=uid)
        for resource, name, uid in (*((controller,) if controller else ()), *pools)
    )
