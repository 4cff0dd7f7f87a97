"""The intended place of a cluster: the place that prepare found. Pure."""

from __future__ import annotations

from akoo_avi.client.access import refusal
from akoo_avi.spec import names, placement, resources, shared_name, wanted
from akoo_avi.spec.placement import AviTarget, Stored
from akoo_core.plugin import api, structs


def intend(view: api.View) -> api.Intent | api.Blocked | None:
    """The place found for the current config and facts, else nothing: it is still looked for.

    Until it is found the stored intent stays, and no plugin relocates. While leaving, or without a
    config, always the stored intent, except during an unconfirmed relocation: then a changed config
    counts.
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
        return kept if leaving is not None else api.Intent()
    return _intent(target.stored, view)


def _kept(view: api.View) -> api.Intent | None:
    before, stored = view.intent(names.PLUGIN), placement.stored(view)
    if before is None or stored is None:
        return None
    return structs.replace(_intent(stored, view), data=before.data)


def _intent(stored: Stored, view: api.View) -> api.Intent:
    return api.Intent(
        data=structs.to_object(stored),
        uses=_uses(stored),
        placement=stored.place.identity,
        conditions=shared_name.conditions(view),
    )


def _uses(stored: Stored) -> tuple[api.Use, ...]:
    ref = stored.controller
    controller = (resources.AVI_CONTROLLERS, ref.name, ref.uid) if ref else None
    pools = ((resources.AVI_IP_POOLS, pool.name, pool.uid) for pool in stored.pools)
    return tuple(
        api.Use(resource=resource, name=name, uid=uid)
        for resource, name, uid in (*((controller,) if controller else ()), *pools)
    )
