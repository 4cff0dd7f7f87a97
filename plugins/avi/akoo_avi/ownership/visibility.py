"""Sight before absence: an empty list counts only if our user would see an existing object.

A user without a permission, or with it in some tenants only, gets shorter lists and no error; a
role filter hides single objects. So before zero counts, our own user and roles are read back. The
user must be superuser, or have for every kind a role in all tenants with READ and without filters.
And the same kind of query must find two things that exist: the claim, and objects that every
cloud has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from akoo_avi.client import AviClient
from akoo_avi.client.access import sight
from akoo_avi.ownership import kinds
from akoo_avi.ownership.judged import Inventory
from akoo_core.plugin import structs

REASON = sight.REASON
HIDDEN = sight.HIDDEN
PERMISSIONS = tuple(dict.fromkeys(kind.permission for kind in kinds.SEEN))
"""Permissions of the kinds that a clean-up sees."""


async def missing(client: AviClient) -> str:
    """The objects that our user may not see, and the permission to grant; "" if it sees all."""
    return await sight.missing(client, PERMISSIONS)


async def unwritable(client: AviClient, more: Iterable[str] = ()) -> str:
    """The permissions to grant for a clean-up and, with ``more``, for other writes; "" if our user
    may write all."""
    return await sight.unwritable(client, dict.fromkeys((*PERMISSIONS, *more)))


def hidden(user: structs.JSON, roles: Mapping[str, structs.JSON]) -> tuple[str, ...]:
    """The permissions to read that no role of the user gives in all tenants and without filters.
    Pure."""
    return sight.withheld(sight.Account(user, roles), PERMISSIONS, sight.READING)


def blind_spots(inventory: Inventory, *, claimed: bool) -> str:
    """The expected objects that the inventory lacks, in words; "" if it has all. Pure.

    ``claimed``: a claim was made, so the marker query for StringGroups must show it.
    """
    missed = [kind.model for kind in kinds.EDITED if kind.path not in inventory.visible]
    if missed:
        return f"the cloud shows no {' and no '.join(missed)}, and every cloud has one"
    if claimed and not inventory.claims:
        return "the claim is not found by the query that looks for the cluster's objects"
    return ""
