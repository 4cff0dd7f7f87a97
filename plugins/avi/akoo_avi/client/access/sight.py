"""Rights of our own user on a controller, read back from its roles.

A user without a permission, or with it in some tenants only, gets shorter lists and no error; a
role filter hides single objects. So an empty list counts only for a user that is superuser, or has
for the kind a role in all tenants and without filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from akoo_avi.client import AviClient, errors
from akoo_core.plugin import structs

READING = ("READ_ACCESS", "WRITE_ACCESS")
WRITING = ("WRITE_ACCESS",)
REASON = "NoSight"
HIDDEN = (errors.ForbiddenError, errors.TenantMissingError)
"""Answers of a controller to a user who may not look."""


class Account(NamedTuple):
    """Our user on a controller, and its roles by UUID."""

    user: structs.JSON
    roles: Mapping[str, structs.JSON]


async def missing(client: AviClient, permissions: Iterable[str]) -> str:
    """The permissions (``PERMISSION_TENANT``) to read that our user lacks, as a sentence for
    whoever grants them; "" if it has all."""
    account = await own(client)
    if isinstance(account, str):
        return account
    return sentence(client.username, withheld(account, permissions, READING))


async def unwritable(client: AviClient, permissions: Iterable[str]) -> str:
    """The permissions to write that our user lacks, as a sentence; "" if it has all."""
    account = await own(client)
    if isinstance(account, str):
        return account
    lacking = withheld(account, permissions, WRITING)
    if not lacking:
        return ""
    return (
        f'user "{client.username}" may not write {", ".join(lacking)} in all tenants: give it a '
        "role with WRITE_ACCESS on them, for all tenants, without role filters"
    )


async def own(client: AviClient) -> Account | str:
    """Our own user as the controller shows it; the sentence that says why it does not."""
    who = client.username
    try:
        users = await client.list(
            "user",
            tenant="admin",
            params={"username": who, "include_service_accounts": "true", "include_name": "true"},
        )
        user = next((listed for listed in users if listed.get("username") == who), None)
        if user is None:
            return _unreadable(who, "it does not see itself in the list of users")
        if user.get("is_superuser") is True:
            return Account(user, {})
        roles = [await client.get(path) for path in _role_paths(user)]
    except (*HIDDEN, errors.NotFoundError) as error:
        return _unreadable(who, str(error))
    return Account(user, {str(role.get("uuid")): role for role in roles})


def withheld(
    account: Account, permissions: Iterable[str], types: tuple[str, ...]
) -> tuple[str, ...]:
    """The permissions that no role gives, with one of the types, in all tenants and without
    filters. Pure."""
    user, roles = account
    if user.get("is_superuser") is True:
        return ()
    sure = [
        roles[uuid]
        for entry in user.get("access") or ()
        if entry.get("all_tenants") is True
        and (uuid := _uuid_of(entry.get("role_ref"))) in roles
        and not _filters(roles[uuid])
    ]
    return tuple(
        permission
        for permission in permissions
        if not any(_gives(role, permission, types) for role in sure)
    )


def _filters(role: structs.JSON) -> list[Any]:
    """The filters that narrow a role, object by object, without disabled ones."""
    return [entry for entry in role.get("filters") or () if entry.get("enabled", True)]


def _gives(role: structs.JSON, permission: str, types: tuple[str, ...]) -> bool:
    for privilege in role.get("privileges") or ():
        if privilege.get("resource") == permission:
            narrowed = bool(privilege.get("subresource"))
            return privilege.get("type") in types and not narrowed
    return False


def _role_paths(user: structs.JSON) -> Iterable[str]:
    uuids = (_uuid_of(entry.get("role_ref")) for entry in user.get("access") or ())
    return dict.fromkeys(f"role/{uuid}" for uuid in uuids if uuid)


def _uuid_of(reference: Any) -> str:
    """The uuid of a role in a reference, which may carry the role's name; "" for none."""
    path = reference.partition("#")[0] if isinstance(reference, str) else ""
    return path.partition("/api/")[2].partition("?")[0].strip("/").rpartition("/")[2]


def sentence(who: str, permissions: tuple[str, ...]) -> str:
    """The missing permissions, as a sentence for whoever grants them; "" for none. Pure."""
    if not permissions:
        return ""
    return (
        f'user "{who}" does not see all tenants without a filter for {", ".join(permissions)}: '
        "give it a role with READ_ACCESS on them, for all tenants, without role filters"
    )


def _unreadable(who: str, problem: str) -> str:
    return (
        f'what user "{who}" may see cannot be read: {problem}. Give its role READ_ACCESS on '
        "PERMISSION_USER and PERMISSION_ROLE, or make it a superuser"
    )
