"""The roles and the access of one AKO. Pure.

::

    tenant admin    infrastructure: reads cloud, networks, IPAM; routes if it keeps them
    all tenants     reads CONTROLLER and TENANT
    its tenants     write: only objects that carry its clustername
                    read: those, and objects without any marker

Roles of one user in one tenant add up, so that the two roles of a tenant give: write its own, read
its own and what is shared. VMware's single role lets objects without markers pass for writing,
too; it is the choice ``Vendor``, and the only one where roles do not add up.
"""

from __future__ import annotations

from typing import Final, Literal

from akoo_core.plugin import structs
from akoo_tenancy.roles import permissions
from akoo_tenancy.roles.permissions import READ, WRITE, Level, Release

ADMIN: Final = "admin"
MARKER_KEY: Final = "clustername"
"""Marker that AKO puts on everything it makes."""

Isolation = Literal["Marker", "Vendor"]


class Needs(structs.Struct, frozen=True, kw_only=True):
    """All that the roles of an AKO depend on."""

    record: str
    """Name of the record: begins the names of roles."""
    cluster: str = ""
    """The cluster's name on Avi, the marker of its objects; "": the name of the record."""
    ako: Release
    controller: Release
    tenants: tuple[str, ...]
    """Names of the tenants it works in; the first holds its objects unless a namespace is mapped
    to another."""
    static_routes: bool = False
    own_engines: bool = False
    """True: its first tenant has service engine groups and routing of its own."""
    isolation: Isolation = "Marker"


class Role(structs.Struct, frozen=True, kw_only=True):
    """A role on Avi."""

    name: str
    tenant: str
    """Name of the tenant that the role itself is in."""
    privileges: tuple[tuple[str, Level], ...]
    """(resource, level), sorted; without ``PERMISSION_``."""
    marker: str = ""
    """Value of the marker ``clustername`` that objects must carry; "": no filter."""
    unlabelled: bool = False
    """True: objects without markers pass the filter."""


class Access(structs.Struct, frozen=True, kw_only=True):
    """A role that the user has in a tenant."""

    role: str
    role_tenant: str
    tenant: str
    everywhere: bool = False
    """True: in all tenants."""


class Rights(structs.Struct, frozen=True, kw_only=True):
    """The roles of an AKO, and the access of its user."""

    roles: tuple[Role, ...]
    access: tuple[Access, ...]


def plan(needs: Needs) -> Rights:
    """Roles and access. Raises ValueError for needs without a tenant."""
    if not needs.tenants:
        raise ValueError("an AKO works in at least one tenant")
    roles = [_infrastructure(needs), _everywhere(needs)]
    for tenant in dict.fromkeys(needs.tenants):
        roles += _working(needs, tenant)
    return Rights(roles=tuple(roles), access=tuple(_access(role, needs) for role in roles))


def _infrastructure(needs: Needs) -> Role:
    """Rights on what belongs to the provider. Markers do not reach these kinds."""
    rights: dict[str, Level] = dict.fromkeys(permissions.PROVIDER, READ)
    rights |= _routed(needs, own=needs.own_engines and needs.tenants[0] != ADMIN)
    return _role(needs, "infrastructure", ADMIN, rights)


def _routed(needs: Needs, *, own: bool) -> dict[str, Level]:
    level = WRITE if needs.static_routes and not own else READ
    return dict.fromkeys(permissions.ROUTED, level)


def _everywhere(needs: Needs) -> Role:
    return _role(needs, "everywhere", ADMIN, {"CONTROLLER": READ, "TENANT": READ})


def _working(needs: Needs, tenant: str) -> list[Role]:
    readable = dict.fromkeys(permissions.readable(needs.controller), READ)
    writable = dict.fromkeys(permissions.writable(needs.ako), WRITE)
    own = tenant == needs.tenants[0] and needs.own_engines and tenant != ADMIN
    routed = _routed(needs, own=not own)
    if needs.isolation == "Vendor":
        return [
            _role(
                needs,
                "working",
                tenant,
                readable | writable | routed,
                marker=needs.cluster or needs.record,
                unlabelled=True,
            )
        ]
    return [
        _role(needs, "write", tenant, writable, marker=needs.cluster or needs.record),
        _role(
            needs, "read", tenant, readable, marker=needs.cluster or needs.record, unlabelled=True
        ),
        *([_role(needs, "routes", tenant, routed)] if own else []),
    ]


def _role(
    needs: Needs,
    part: str,
    tenant: str,
    rights: dict[str, Level],
    *,
    marker: str = "",
    unlabelled: bool = False,
) -> Role:
    # Every tenant has roles of its own: Avi refuses some resources outside of tenant admin, and
    # a role that is deleted with its tenant takes nothing from another one.
    return Role(
        name=f"{needs.record}-{part}",
        tenant=tenant,
        privileges=tuple(sorted(rights.items())),
        marker=marker,
        unlabelled=unlabelled,
    )


def _access(role: Role, needs: Needs) -> Access:
    return Access(
        role=role.name,
        role_tenant=role.tenant,
        tenant=role.tenant,
        everywhere=role.name == f"{needs.record}-everywhere",
    )
