"""The probe: do the roles mean on this controller what the plan says? Once per controller and
release.

A user with the roles of an AKO that does not exist tries three requests in a working tenant, and is
deleted::

    make a pool with the marker of that AKO     allowed by one of its roles
    read a pool of ours without any marker      allowed by another: the roles of a tenant add up
    make a pool without any marker              refused: the filter counts

Where one of them goes the other way, VMware's single role is used instead, and the condition
IsolationReduced says what it does not cover.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from akoo_avi.client import AviClient, ForbiddenError

from akoo_core.plugin import structs
from akoo_tenancy import passwords
from akoo_tenancy.roles import applying as roles
from akoo_tenancy.roles import plan
from akoo_tenancy.roles.plan import MARKER_KEY, Isolation, Needs
from akoo_tenancy.spec import names
from akoo_tenancy.users import applying as users
from akoo_tenancy.users import wire

KIND: Final = "pool"
SEQUENCE: Final = 1

Login = Callable[[str, str], Awaitable[AviClient]]
"""Logs in with user name and password."""


class Outcome(structs.Struct, frozen=True, kw_only=True):
    """The isolation to be used on a controller."""

    isolation: Isolation
    reduced: str = ""
    """The thing that is not covered, as a sentence; "": everything is."""


COVERED: Final = Outcome(isolation="Marker")


def record_name(needs: Needs, management_id: str) -> str:
    """The name of the AKO that does not exist: the same in every attempt, so that one that died is
    cleaned up by the next."""
    identity = "\x00".join((management_id, needs.tenants[0])).encode()
    return f"akoo-probe-{hashlib.sha256(identity).hexdigest()[:12]}"


async def probe(
    avi: AviClient,
    login: Login,
    needs: Needs,
    *,
    management_id: str,
    rules: passwords.Rules,
) -> Outcome:
    """Try it. Everything that it makes is deleted, also what an earlier try left."""
    name = record_name(needs, management_id)
    imagined = structs.replace(needs, record=name, cluster=name, isolation="Marker")
    rights = plan.plan(imagined)
    by_name = await roles.tenants(avi, needs.tenants)
    tenant = by_name[needs.tenants[0]]
    try:
        await _clean(avi, name, tenant)
        shape = wire.Shape(
            username=names.username(name, SEQUENCE),
            mark=names.mark(management_id, 0),
            access=await roles.apply(avi, rights, by_name),
            tenant=tenant,
            profile=(await users.profile(avi)).uuid,
            controller=needs.controller,
        )
        password = passwords.new(rules)
        owners = frozenset({management_id})
        await users.make(avi, shape, password=password, rules=rules, owners=owners)
        await avi.create(KIND, {"name": f"{name}-shared"}, tenant=tenant)
        return await _try(await login(shape.username, password), name, tenant)
    finally:
        await _clean(avi, name, tenant)


async def _try(ako: AviClient, name: str, tenant: str) -> Outcome:
    marked = {"markers": [{"key": MARKER_KEY, "values": [name]}]}
    creates = await _creates(ako, {"name": f"{name}-own", **marked}, tenant)
    # One role lets it write its own, the other read what carries no marker: it needs both.
    if not creates or not await _reads(ako, f"{name}-shared", tenant):
        return Outcome(
            isolation="Vendor",
            reduced="The roles of a user in one tenant do not add up on this controller, so AKO "
            "has VMware's single role: it can change and delete objects that carry no marker.",
        )
    if await _creates(ako, {"name": f"{name}-unlabelled"}, tenant):
        return Outcome(
            isolation="Vendor",
            reduced="Filters of roles have no effect on this controller, so AKO can change and "
            "delete all objects of its tenants.",
        )
    return COVERED


async def _creates(ako: AviClient, body: structs.JSON, tenant: str) -> bool:
    try:
        await ako.create(KIND, body, tenant=tenant)
    except ForbiddenError:
        return False
    return True


async def _reads(ako: AviClient, name: str, tenant: str) -> bool:
    try:
        rows = await ako.list(KIND, tenant=tenant, params={"name": name})
    except ForbiddenError:
        return False
    return any(row.get("name") == name for row in rows)


async def _clean(avi: AviClient, name: str, tenant: str) -> None:
    for row in await avi.list(KIND, tenant=tenant, params={"name.in": ",".join(_pools(name))}):
        if row.get("name") in _pools(name):
            await avi.delete(KIND, str(row["uuid"]), tenant=tenant)
    user = await users.find(avi, names.username(name, SEQUENCE))
    if user is not None:
        await users.remove(avi, user)
    await roles.remove(avi, name)


def _pools(name: str) -> tuple[str, ...]:
    return f"{name}-own", f"{name}-unlabelled", f"{name}-shared"
