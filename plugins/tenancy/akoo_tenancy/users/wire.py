"""Users in the form of the Avi Controller, and their differences from what it has. Pure."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import structs
from akoo_tenancy.roles.permissions import Release

PROFILE: Final = "No-Lockout-User-Account-Profile"
"""Profile that Avi brings along: nobody can lock an account by wrong passwords."""
SERVICE_USERS: Final[Release] = (30, 1, 1)
"""The first controller with users of services, which its lists leave out unless they are asked
for."""


class Granted(structs.Struct, frozen=True, kw_only=True):
    """A role in a tenant, by UUIDs."""

    role: str
    tenant: str
    everywhere: bool = False


class Shape(structs.Struct, frozen=True, kw_only=True):
    """Everything about a user but its password."""

    username: str
    mark: str
    access: tuple[Granted, ...]
    tenant: str
    """UUID of the tenant that it works in unless a request names another."""
    profile: str
    """UUID of the profile without a lock-out."""
    controller: Release


def locked(shape: Shape, *, password: str) -> structs.JSON:
    """The object for a POST: no access. ``password``: one that nobody keeps."""
    return {
        **_fields(shape),
        "username": shape.username,
        "password": password,
        "access": [],
        "local": True,
    }


def opened(shape: Shape, existing: structs.JSON, *, password: str | None) -> structs.JSON:
    """The existing object with access. ``password`` None: it keeps the one it has."""
    kept = {key: value for key, value in existing.items() if key != "password"}
    secret = {} if password is None else {"password": password}
    return {**kept, **_fields(shape), **secret, "access": _access(shape)}


def emptied(existing: structs.JSON) -> structs.JSON:
    """The existing object without access."""
    return {**{key: value for key, value in existing.items() if key != "password"}, "access": []}


def _fields(shape: Shape) -> structs.JSON:
    service = {"service_user": True} if shape.controller >= SERVICE_USERS else {}
    return {
        "name": shape.username,
        "full_name": shape.mark,
        "default_tenant_ref": f"/api/tenant/{shape.tenant}",
        "user_profile_ref": f"/api/useraccountprofile/{shape.profile}",
        **service,
    }


def _access(shape: Shape) -> list[structs.JSON]:
    return [
        {
            "role_ref": f"/api/role/{granted.role}",
            "tenant_ref": f"/api/tenant/{granted.tenant}",
            "all_tenants": granted.everywhere,
        }
        for granted in shape.access
    ]


def differences(shape: Shape, existing: structs.JSON) -> tuple[str, ...]:
    """Differences between a user and the object that the controller has, in words."""
    problems = []
    if existing.get("full_name") != shape.mark:
        problems.append("its full_name is not our mark")
    if uuid(existing.get("user_profile_ref")) != shape.profile:
        problems.append("its profile can lock it out")
    if access_of(existing) != _comparable(shape.access):
        problems.append("its access differs")
    if existing.get("is_active", True) is False:
        problems.append("it is suspended")
    return tuple(problems)


def has_access(existing: structs.JSON) -> bool:
    """The user has a role somewhere, or all rights."""
    return bool(existing.get("access")) or bool(existing.get("is_superuser"))


def access_of(existing: structs.JSON) -> frozenset[tuple[str, str, bool]]:
    """Role, tenant (both by UUID) and reach of each part of its access.

    A role for all tenants names one, too, which means nothing.
    """
    return _comparable(
        tuple(
            Granted(
                role=uuid(entry.get("role_ref")),
                tenant=uuid(entry.get("tenant_ref")),
                everywhere=bool(entry.get("all_tenants")),
            )
            for entry in existing.get("access") or ()
        )
    )


def _comparable(access: tuple[Granted, ...]) -> frozenset[tuple[str, str, bool]]:
    return frozenset(
        (granted.role, "" if granted.everywhere else granted.tenant, granted.everywhere)
        for granted in access
    )


def uuid(reference: object) -> str:
    """The UUID in a reference: ``https://.../api/role/role-1#name``."""
    return str(reference or "").partition("#")[0].rstrip("/").rpartition("/")[2]
