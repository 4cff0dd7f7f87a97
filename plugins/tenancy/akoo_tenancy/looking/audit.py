"""audit and remove_stray: users, roles and records in the store without a living record. Tenants
without their AviTenant are in ``tenants``.

A user is ours by its name and its mark. A role has no mark: it counts by the form of its name, and
not where a user of that name has another management cluster's mark. The account of others that an
AKO had before ours is listed while it is there, and never removed from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from akoo_avi.client import AviClient
from akoo_avi.client import access as avi_access

from akoo_core.plugin import api, kube, records, structs
from akoo_tenancy.journal import record as journals
from akoo_tenancy.journal.record import Record
from akoo_tenancy.live import answers
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.looking import tenants, ways
from akoo_tenancy.roles import applying as roles
from akoo_tenancy.spec import names
from akoo_tenancy.spec.facts import Former
from akoo_tenancy.store import api as stores
from akoo_tenancy.takeover import former
from akoo_tenancy.users import applying as users

FORMER: Final = "FormerUser"
"""A user of others that an AKO had before ours. A person deletes it."""
RECORD_NAME: Final = re.compile(r"akoo-[0-9a-f]{12}")


async def audit(ctx: api.AuditContext, tools: Tools) -> api.Audit:
    """Look at all known controllers and at the store. A problem with one of them is listed."""
    known = await ways.ways(ctx)
    living = frozenset(record.name for record in ways.living(ctx.records))
    formers = _formers(ctx.records)
    unseen = [f"{title}: {problem}" for title, problem in known.unread]
    strays: dict[tuple[str, str, str], api.Stray] = {}
    owners = None
    try:
        owners = await tenants.owners(ctx)
    except (kube.KubeError, structs.DecodeError) as error:
        unseen.append(f"tenants: {error}")
    for reach in known.named_by:
        try:
            avi = await avi_access.open(ctx, tools.clients, reach)
            listed = await _on_avi(avi, living, ctx.management_id, formers)
            if owners is not None:
                listed += await tenants.listed(ctx, avi, owners)
        except answers.ANSWERED as error:
            unseen.append(f"{reach.address}: {answers.answer(error).message}")
            continue
        strays |= {(stray.where, stray.kind, stray.name): stray for stray in listed}
    kept, hidden = await _in_store(ctx, tools, living)
    strays |= {(stray.where, stray.kind, stray.name): stray for stray in kept}
    unseen += hidden
    return api.Audit(strays=tuple(strays[key] for key in sorted(strays)), unseen=tuple(unseen))


async def _on_avi(
    avi: AviClient,
    living: frozenset[str],
    management_id: str,
    formers: dict[str, tuple[str, Former]],
) -> tuple[api.Stray, ...]:
    listed = await users.every(avi)
    own, foreign = _owners(listed, management_id)
    strays = [
        api.Stray(
            owner=owner,
            kind="User",
            name=str(row.get("name")),
            where=avi.address,
            claim=str(row.get("full_name")).removeprefix("akoo-core ").replace(" ", "/"),
        )
        for owner, row in own
        if owner not in living
    ]
    for row in listed:
        owner, before = formers.get(str(row.get("uuid")), ("", None))
        if before is not None and before.username == row.get("name"):
            name = before.username
            strays.append(api.Stray(owner=owner, kind=FORMER, name=name, where=avi.address))
    for row in await avi.list(roles.KIND):
        owner = role_owner(str(row.get("name")))
        if owner and owner not in living and owner not in foreign:
            tenant = str(row.get("tenant_ref") or "").rpartition("#")[2]
            strays.append(
                api.Stray(
                    owner=owner,
                    kind="Role",
                    name=str(row.get("name")),
                    where=avi.address,
                    tenant=tenant,
                )
            )
    return tuple(strays)


def _formers(records: Iterable[records.Record]) -> dict[str, tuple[str, Former]]:
    """The accounts that AKOs had before ours, by UUID, with the record. Pure."""
    listed = ((record.name, former.of_facts(record)) for record in records)
    return {known.user_uuid: (name, known) for name, known in listed if known and known.user_uuid}


def _owners(
    listed: Iterable[structs.JSON], management_id: str
) -> tuple[list[tuple[str, structs.JSON]], set[str]]:
    """Users with our mark by their owner, and the owners whose users others made. Pure."""
    own: list[tuple[str, structs.JSON]] = []
    foreign: set[str] = set()
    for row in listed:
        owner = names.owner_of(str(row.get("name", "")))
        mark = names.read_mark(str(row.get("full_name", "")))
        if owner is None:
            continue
        if mark is not None and mark.management_id == management_id:
            own.append((owner, row))
        else:
            foreign.add(owner)
    return own, foreign


def role_owner(name: str) -> str:
    """The record that a role belongs to by its name; "" for a role of others. Pure."""
    owner, _, part = name.rpartition("-")
    return owner if part in roles.PARTS and RECORD_NAME.fullmatch(owner) else ""


async def _in_store(
    ctx: api.AuditContext, tools: Tools, living: frozenset[str]
) -> tuple[list[api.Stray], list[str]]:
    """Strays, and the problems of a store or of records that cannot be read."""
    strays: list[api.Stray] = []
    unseen: list[str] = []
    try:
        listed = await tools.stores.of(ctx).names(stores.RECORDS)
    except answers.ANSWERED as error:
        return strays, [f"store: {answers.answer(error).message}"]
    for name in listed:
        if name in living:
            continue
        try:
            current = await tools.journal(ctx, name).read(fresh=True)
        except answers.ANSWERED as error:
            unseen.append(f"store: {answers.answer(error).message}")
            continue
        if current is not None and _is_stray(current, ctx.management_id):
            owner = current.owner
            strays.append(
                api.Stray(
                    owner=name,
                    kind="Record",
                    name=str(stores.record_key(name)),
                    where="store",
                    claim=f"{owner.management_id}/{owner.epoch}",
                )
            )
    return strays, unseen


def _is_stray(current: Record, management_id: str) -> bool:
    """A tombstone is none: it holds no password."""
    return current.owner.management_id == management_id and current.state != "revoked"


async def remove(ctx: api.AuditContext, tools: Tools, owner: str) -> api.Result:
    """Remove users, roles and passwords of ``owner``; a tombstone stays. Never of a living record,
    nor of another management cluster. Raises the errors of ``answers``."""
    if owner in {record.name for record in ways.living(ctx.records)}:
        return api.Blocked(reason="OwnerLives", message=f"A living record manages {owner}.")
    if owner.startswith(tenants.PREFIX):
        return await tenants.remove(ctx, await _opened(ctx, tools), owner)
    if RECORD_NAME.fullmatch(owner) is None:
        message = f'"{owner}" is no name that akoo-core gave to a cluster.'
        return api.Blocked(reason="NotAName", message=message)
    journal = tools.journal(ctx, owner)
    current = await journal.read(fresh=True)
    if current is not None and current.owner.management_id != ctx.management_id:
        message = f"The record of {owner} belongs to {current.owner.management_id}."
        return api.Blocked(reason="ForeignRecord", message=message)
    opened = await _opened(ctx, tools)
    listed = [(avi, await users.of_record(avi, owner)) for avi in opened]
    for avi, rows in listed:
        users.check_ours(rows.values(), frozenset({ctx.management_id}), avi.address)
    if current is not None and current.state == "living":
        current = journals.revoking(current)
        await journal.write(current)  # from here on nobody gives an account any more
    removed = 0
    for avi, rows in listed:
        for row in rows.values():
            await users.remove(avi, row)
        removed += len(rows) + await roles.remove(avi, owner)
    if current is not None and current.state != "revoked":
        await journal.write(journals.revoked(current))
        await journal.destroy_all_older()
    return api.Done(message=f"{removed} users and roles of {owner} were removed.")


async def _opened(ctx: api.AuditContext, tools: Tools) -> list[AviClient]:
    known = await ways.ways(ctx)
    return [await avi_access.open(ctx, tools.clients, reach) for reach in known.named_by]
