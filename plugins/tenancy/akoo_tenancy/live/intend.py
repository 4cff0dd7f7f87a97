"""The intended place of an account: that which prepare found. Pure."""

from __future__ import annotations

from akoo_avi.client.access import avi_controller, refusal

from akoo_core.plugin import api, structs
from akoo_tenancy.spec import facts, names, wanted
from akoo_tenancy.spec.facts import Stored, TenancyPlace
from akoo_tenancy.spec.tenant import AVI_TENANTS


def intend(view: api.View) -> api.Intent | api.Blocked | None:
    """The place found for the current config, else the stored intent.

    A config that does not ask for an account keeps the intent, too: users and roles are there until
    AKO was seen without them, and leaving looks for them.
    """
    kept, leaving = _kept(view), view.spec.leaving
    if not view.config or (leaving is not None and leaving.cause != "Relocated"):
        return kept
    try:
        asked = wanted.of_view(view)
    except refusal.Refusal as error:
        return api.Blocked(reason=error.reason, message=str(error))
    place = view.fact(TenancyPlace)
    if asked.choice != "Tenancy" or place is None or place.asked != asked:
        return kept
    return _intent(place.stored)


def _kept(view: api.View) -> api.Intent | None:
    before, stored = view.intent(names.PLUGIN), facts.stored(view)
    if before is None or stored is None:
        return None
    return structs.replace(_intent(stored), data=before.data)


def _intent(stored: Stored) -> api.Intent:
    return api.Intent(
        data=structs.to_object(stored), uses=_uses(stored), placement=stored.placement
    )


def _uses(stored: Stored) -> tuple[api.Use, ...]:
    """The AviController and the AviTenant, which have to stay until the account is revoked."""
    needed = (
        (avi_controller.AVI_CONTROLLERS, stored.controller),
        (AVI_TENANTS, stored.avi_tenant),
    )
    return tuple(
        api.Use(resource=kind, name=ref.name, uid=ref.uid)
        for kind, ref in needed
        if ref is not None
    )


def secrets(view: api.View) -> tuple[api.SecretPair, ...]:
    """The Secrets that lead to the controller, by the config and by the stored intent."""
    kept = facts.stored(view)
    ways = kept.reach.secrets if kept is not None else ()
    try:
        asked = wanted.of_view(view) if view.config else None
    except refusal.Refusal:
        asked = None
    configured = asked.reach.secrets if asked is not None and asked.reach is not None else ()
    return tuple(sorted({*ways, *configured}))
