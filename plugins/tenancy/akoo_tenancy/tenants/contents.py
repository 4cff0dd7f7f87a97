"""The contents of a tenant: all kinds of objects that can be in one, and those that the controller
itself puts there. Pure.

Sources: the schema of the Avi API (kinds with a tenant), and Avi's documentation of tenants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from akoo_core.plugin import structs
from akoo_tenancy.roles.permissions import Release
from akoo_tenancy.users.wire import uuid as uuid_of


class TenantKind(NamedTuple):
    """A kind whose objects belong to a tenant."""

    path: str
    permission: str
    since: Release = ()


_SAME: Final = """
analyticsprofile applicationpersistenceprofile applicationprofile authprofile
certificatemanagementprofile cloud customipamdnsprofile dnspolicy errorpageprofile healthmonitor
httppolicyset ipaddrgroup ipamdnsproviderprofile l4policyset natpolicy network networkprofile
networksecuritypolicy pkiprofile pool poolgroup poolgroupdeploymentpolicy prioritylabels
protocolparser role securitypolicy serviceengine serviceenginegroup sslkeyandcertificate sslprofile
ssopolicy stringgroup trafficcloneprofile virtualservice vrfcontext vsdatascriptset wafpolicy
"""
"""Kinds with a permission of their own name."""
KINDS: Final = (
    *(TenantKind(path, f"PERMISSION_{path.upper()}") for path in _SAME.split()),
    TenantKind("cloudconnectoruser", "PERMISSION_USER_CREDENTIAL"),
    TenantKind("icapprofile", "PERMISSION_ICAPPROFILE", (20, 1, 1)),
    TenantKind("objectaccesspolicy", "PERMISSION_ROLE"),
    TenantKind("serverautoscalepolicy", "PERMISSION_AUTOSCALE"),
    TenantKind("tenantsystemconfiguration", "PERMISSION_TENANTSYSTEMCONFIGURATION", (30, 1, 1)),
    TenantKind("vcenterserver", "PERMISSION_CLOUD", (20, 1, 1)),
    TenantKind("vsvip", "PERMISSION_VIRTUALSERVICE"),
)
USERS: Final = "user"
"""Users are in no tenant, and those with access to one keep it."""
_ALWAYS: Final = ("PERMISSION_TENANT", "PERMISSION_USER")


class Made(NamedTuple):
    """An object that the controller puts into a new tenant."""

    kind: str
    name: str
    setting: str = ""
    """The setting of the tenant that decides; "" where none does."""
    value: bool = True
    """The value of the setting with which it is made."""
    since: Release = ()
    used: tuple[str, ...] = ()
    """Fields that somebody else has filled: then it counts as somebody's."""


MADE: Final = (
    Made(
        "serviceenginegroup",
        "Default-Group",
        "se_in_provider_context",
        value=False,
        used=("labels", "markers"),
    ),
    Made(
        "vrfcontext",
        "global",
        "tenant_vrf",
        used=("static_routes", "bgp_profile", "markers"),
    ),
    Made("tenantsystemconfiguration", "default", since=(30, 1, 1)),
)
_DEFAULTS: Final = {"se_in_provider_context": True, "tenant_vrf": False}


class Content(NamedTuple):
    """Something that is in a tenant, or has access to it."""

    kind: str
    name: str


def kinds(release: Release) -> tuple[TenantKind, ...]:
    """The kinds of a release; all of them for an unknown release."""
    return tuple(kind for kind in KINDS if not release or kind.since <= release)


def permissions(release: Release) -> tuple[str, ...]:
    """The permissions to read without which an empty tenant is not proven."""
    return tuple(dict.fromkeys((*_ALWAYS, *(kind.permission for kind in kinds(release)))))


def left(
    tenant: structs.JSON, release: Release, listed: Mapping[str, Iterable[structs.JSON]]
) -> tuple[Content, ...]:
    """Everything in the tenant that the controller did not put there itself, in order.

    ``listed``: by kind, rows as seen from the tenant, with those that others share with it.
    """
    settings = tenant.get("config_settings") or {}
    uuid = str(tenant["uuid"])
    contents = {
        Content(path, str(row.get("name", "")))
        for path, rows in listed.items()
        for row in rows
        if _belongs(path, row, uuid) and not _is_made(path, row, settings, release)
    }
    return tuple(sorted(contents))


def _belongs(path: str, row: structs.JSON, uuid: str) -> bool:
    return uuid in set(_tenants_of(path, row))


def _tenants_of(path: str, row: structs.JSON) -> Iterator[str]:
    if path != USERS:
        yield uuid_of(row.get("tenant_ref"))
        return
    yield uuid_of(row.get("default_tenant_ref"))
    for entry in row.get("access") or ():
        if not entry.get("all_tenants"):
            yield uuid_of(entry.get("tenant_ref"))


def _is_made(path: str, row: structs.JSON, settings: structs.JSON, release: Release) -> bool:
    return any(
        made.kind == path
        and made.name == row.get("name")
        and made.since <= (release or made.since)
        and (not made.setting or settings.get(made.setting, _DEFAULTS[made.setting]) == made.value)
        and not any(row.get(field) for field in made.used)
        for made in MADE
    )
