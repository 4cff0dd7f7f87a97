"""The tenant as an AviTenant wants it, compared with the tenant that is there. Pure.

::

    none of that name .............. create it, with the mark
    our mark ....................... bring it to the spec, or report the drift
    another mark, or none .......... use it as it is, adopt it, or refuse it: adoptionPolicy
    tenant admin ................... is used, or refused; it is never written
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from akoo_avi.client.access import refusal

from akoo_core.plugin import structs
from akoo_tenancy.spec.tenant import ADMIN, Provenance, Tenant
from akoo_tenancy.tenants import marks
from akoo_tenancy.tenants.marks import TenantMark

SETTINGS: Final = "config_settings"
_DEFAULTS: Final = {"se_in_provider_context": True, "tenant_vrf": False}
_WORDS: Final = {
    ("se_in_provider_context", True): "service engines of the provider",
    ("se_in_provider_context", False): "service engines of its own",
    ("tenant_vrf", True): "a VRF of its own",
    ("tenant_vrf", False): "the VRFs of the provider",
}


class Plan(NamedTuple):
    """The next write, and what it is for."""

    action: Literal["create", "write", "nothing"]
    provenance: Provenance
    body: structs.JSON = {}
    """The whole object to write."""
    differences: tuple[str, ...] = ()
    drifted: bool = False
    """The differences are only reported."""


def own_mark(tenant: Tenant, management_id: str, row: structs.JSON) -> TenantMark | None:
    """The mark on a tenant of the controller, if it is that of this AviTenant."""
    if str(row.get("uuid")) == ADMIN:
        return None
    read = marks.read(row.get("description"))
    owners = {(management_id, tenant.name)}
    if tenant.adopt:
        owners.add((tenant.adopt, tenant.name))
    if len(read) != 1 or (read[0].management_id, read[0].name) not in owners:
        return None
    return read[0]


def plan(tenant: Tenant, management_id: str, row: structs.JSON | None) -> Plan:
    """The plan for the tenant that is there, or None. Raises Refusal."""
    drift = tenant.status.applied_generation == tenant.generation
    report = drift and tenant.spec.drift_policy == "Report"
    if row is None:
        return _create(tenant, management_id, report=report)
    mark = own_mark(tenant, management_id, row)
    if mark is None:
        return _foreign(tenant, management_id, row)
    renamed = row.get("name") != tenant.avi_name
    differences = (
        *((f'its name is "{row.get("name")}"',) if renamed else ()),
        *settings_differ(tenant, row),
    )
    wanted = marks.marked(row.get("description"), TenantMark(management_id, tenant.name, mark.by))
    changes: structs.JSON = {"description": wanted}
    if not report:
        settings = {**(row.get(SETTINGS) or {}), **tenant.settings}
        changes |= {"name": tenant.avi_name, **({SETTINGS: settings} if differences else {})}
    body = {**row, **changes}
    return Plan(
        action="nothing" if body == row else "write",
        provenance=mark.by,
        body=body,
        differences=differences,
        drifted=report and bool(differences),
    )


def _create(tenant: Tenant, management_id: str, *, report: bool) -> Plan:
    if tenant.avi_name == ADMIN:
        raise refusal.Refusal("NoSight", f'Our account does not see tenant "{ADMIN}".')
    gone = (f'tenant "{tenant.avi_name}" is not there',)
    if report:
        return Plan("nothing", "Created", differences=gone, drifted=True)
    mark = TenantMark(management_id, tenant.name, "Created")
    body: structs.JSON = {"name": tenant.avi_name, "description": marks.text(mark)}
    if tenant.settings:
        body[SETTINGS] = tenant.settings
    return Plan("create", "Created", body, gone)


def _foreign(tenant: Tenant, management_id: str, row: structs.JSON) -> Plan:
    policy, name = tenant.spec.adoption_policy, str(row.get("name"))
    if name != tenant.avi_name:
        raise refusal.Refusal(
            "TenantRenamed",
            f'The tenant that AviTenant/{tenant.name} uses is called "{name}" now, and is not '
            "ours. Rename it on Avi, or delete this AviTenant and make another.",
        )
    others = marks.read(row.get("description"))
    owned = ", ".join(
        f"AviTenant/{mark.name} of management cluster {mark.management_id}" for mark in others
    )
    whose = f"belongs to {owned}" if owned else "has no mark"
    if policy == "Never":
        raise refusal.Refusal(
            "TenantNameTaken",
            f'Tenant "{name}" is there, and {whose}. Set spec.adoptionPolicy to Use, or name '
            "another in a new AviTenant.",
        )
    differences = settings_differ(tenant, row)
    if policy == "Use" or str(row.get("uuid")) == ADMIN:
        if differences:
            raise refusal.Refusal(
                "TenantDiffers",
                f'Tenant "{name}" {whose}, so it is used and not changed, but it has '
                f"{', '.join(differences)}. State the same in a new AviTenant, or leave the "
                "settings out.",
            )
        return Plan("nothing", "Used")
    if others:
        raise refusal.Refusal(
            "ForeignTenant",
            f'Tenant "{name}" {whose}. Set spec.adoptionPolicy to Use. If that management cluster '
            f"is gone, annotate AviTenant/{tenant.name} with akoo.io/adopt=<its id>.",
        )
    if differences:
        raise refusal.Refusal(
            "AdoptionWouldChange",
            f'Adopting tenant "{name}" would change it: it has {", ".join(differences)}. State '
            "the same in a new AviTenant, or leave the settings out.",
        )
    mark = TenantMark(management_id, tenant.name, "Adopted")
    body = {**row, "description": marks.marked(row.get("description"), mark)}
    return Plan("write", "Adopted", body)


def settings_differ(tenant: Tenant, row: structs.JSON) -> tuple[str, ...]:
    """The settings of a tenant that differ from the stated ones, in words."""
    there = row.get(SETTINGS) or {}
    return tuple(
        _WORDS[setting, not value]
        for setting, value in sorted(tenant.settings.items())
        if bool(there.get(setting, _DEFAULTS[setting])) != value
    )


def retained(tenant: Tenant, mark: TenantMark) -> bool:
    """The tenant stays when the object goes. An adopted one is deleted only by explicit policy;
    it counts as adopted unless mark and status both say that it was created."""
    if tenant.spec.deletion_policy is not None:
        return tenant.spec.deletion_policy == "Retain"
    return mark.by != "Created" or tenant.status.provenance not in (None, "Created")
