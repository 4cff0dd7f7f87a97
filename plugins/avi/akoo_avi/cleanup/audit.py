"""audit: objects with AKO's marks on any known controller, and without a living record.

An AKO that this operator does not manage leaves the same marks. So a listed object is not proven to
be abandoned, and is removed only after a person looked at it and typed its name.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from akoo_avi.cleanup import ancestor_users, passes, sweep
from akoo_avi.client import AviClient, Controllers, access
from akoo_avi.client.access.reach import Reach
from akoo_avi.client.listing import ListedObjects
from akoo_avi.connect import bounded, known
from akoo_avi.ownership import claim, claiming, inventory, kinds, marks, strays, visibility
from akoo_avi.spec import names
from akoo_core.plugin import api, structs
from akoo_core.plugin.records import Record

WIDTH = 4
Question = tuple[kinds.AviKind, Mapping[str, str]]


class _Answering(NamedTuple):
    """The controllers that answered, each once, and the problems of the others."""

    clients: tuple[AviClient, ...]
    unseen: tuple[str, ...]


async def audit(ctx: api.AuditContext, controllers: Controllers) -> api.Audit:
    """Audit all controllers that configs, AviControllers and records name. A problem with one of
    them is listed and raises nothing."""
    seen = await _open(ctx, controllers)
    living = alive(ctx.records)
    of_ancestor = ancestor_users.expected(ctx.records)
    all_strays: list[api.Stray] = []
    unseen = list(seen.unseen)
    for client in seen.clients:
        try:
            new, moving = await _strays(ctx, client, living)
            all_strays += new
            unseen += moving
        except access.ANSWERED as error:
            unseen.append(f"{client.address}: {access.answer(error).message}")
            continue
        try:
            all_strays += await ancestor_users.left(client, of_ancestor)
        except access.ANSWERED as error:
            unseen.append(f"{client.address}, users of AKOO: {access.answer(error).message}")
    return api.Audit(strays=tuple(all_strays), unseen=tuple(unseen))


async def remove(ctx: api.AuditContext, controllers: Controllers, owner: str) -> api.Result:
    """Sweep the objects of ``owner`` on every controller, in all clouds, and its claim if it is
    ours. In the tenants that the person named; in all of them only under a name that we made.

    Takes what a sweep would take: suspects stay, and are named. The caller asks the person about
    foreign claims. Never for a name that a living record has.
    """
    if owner in alive(ctx.records):
        return api.Blocked(reason="OwnerLives", message=f"A living record manages {owner}.")
    try:
        mark = marks.of(owner, "", ctx.tenants)
    except ValueError as error:
        return api.Blocked(reason="NotAName", message=f"{error}.")
    if mark.tenants is not None and not mark.tenants:
        return api.Blocked(reason=sweep.SHARED, message=_not_ours(owner))
    seen = await _open(ctx, controllers)
    messages: list[str] = [f"not seen: {problem}" for problem in seen.unseen]
    for client in seen.clients:
        try:
            answer = await _remove(ctx, client, mark)
        except access.ANSWERED as error:
            return access.answer(error)
        if not isinstance(answer, api.Done):
            return answer
        messages.append(answer.message)
    return api.Done(message=" ".join(messages))


def _not_ours(owner: str) -> str:
    return (
        f'"{owner}" is no name that akoo-core gave: another AKO of that name may work in another '
        "tenant, and no mark tells the two apart. Name the tenants in which everything of this "
        "name is to be removed: --tenants a,b."
    )


async def _remove(ctx: api.AuditContext, client: AviClient, mark: marks.Mark) -> api.Result:
    first = await inventory.collect(client, mark)
    outcome = await passes.run(client, mark, first, clock=ctx.clock, log=ctx.log)
    answer = sweep.result(client.address, outcome)
    if not isinstance(answer, api.Done):
        return answer
    messages = [answer.message, await _take_claim(ctx, client, mark.cluster_name)]
    if suspects := first.suspects_listed():
        messages.append(f"These carry only some of its marks and stay: {'; '.join(suspects)}.")
    return api.Done(message=" ".join(message for message in messages if message))


async def _take_claim(ctx: api.AuditContext, client: AviClient, owner: str) -> str:
    existing = await claiming.find(client, owner)
    if isinstance(existing, claim.Claim) and existing.management_id == ctx.management_id:
        await client.delete(claim.KIND, existing.uuid, tenant=names.ADMIN_TENANT)
        return ""
    return "Its claim is not ours and stays." if existing is not None else ""


def alive(records: Iterable[Record]) -> frozenset[str]:
    """The cluster names of records that are not finished. Pure."""
    unfinished = (record for record in records if record.spec.finished_at is None)
    return frozenset(record.spec.ako_cluster_name for record in unfinished)


async def _strays(
    ctx: api.AuditContext, client: AviClient, living: frozenset[str]
) -> tuple[tuple[api.Stray, ...], list[str]]:
    """Strays on a controller, and a message for each list that changed while it was read."""
    asked = [*_questions(), (kinds.BY_PATH[claim.KIND], {"label_key": names.CLAIM_MARKER})]
    reads = [functools.partial(_list, client, *question) for question in asked]
    *answers, claims = read = await bounded.run(reads, width=WIDTH)
    seen: dict[tuple[str, str], tuple[kinds.AviKind, structs.JSON]] = {}
    for (kind, _), listed in zip(asked, answers, strict=False):
        bodies = listed.objects
        seen |= {(kind.path, str(body.get("uuid"))): (kind, body) for body in bodies}
    marked = [
        marked_object
        for kind, body in seen.values()
        for marked_object in strays.of_object(kind, body)
    ]
    listed_strays = strays.strays(
        client.address,
        marked,
        claims.objects,
        living=living,
        management_id=ctx.management_id,
        now=ctx.clock.now(),
    )
    moving = {
        kind.model for (kind, _), reading in zip(asked, read, strict=True) if not reading.still
    }
    return tuple(listed_strays), [_moved(client.address, model) for model in sorted(moving)]


def _moved(address: str, model: str) -> str:
    return (
        f"{address}: the list of {model} changed while it was read, so some may be missing. Run "
        "the audit again."
    )


def _questions() -> Iterator[Question]:
    for kind in kinds.KINDS:
        yield kind, {"label_key": names.CLUSTER_MARKER}
        if kind.has_created_by:
            yield kind, {"search": "(created_by,ako-)"}
        else:
            yield kind, {"name.contains": "akoo-"}
    yield kinds.BY_PATH[claim.KIND], {"label_key": marks.CREATED_BY_KEY}
    for kind in kinds.EDITED:
        yield kind, {}


async def _list(client: AviClient, kind: kinds.AviKind, params: Mapping[str, str]) -> ListedObjects:
    return await client.seen(kind.path, params={**params, "include_name": "true"})


async def _open(ctx: api.AuditContext, controllers: Controllers) -> _Answering:
    """Clients of all controllers.

    At each address the first credential that sees everything, else any that sees something. Of two
    addresses of one controller, the one that sees everything.
    """
    named = await known.ways(ctx)
    unseen = [f"{title}: {problem}" for title, problem in named.unread]
    clients: dict[str, AviClient] = {}
    by_address: dict[str, list[Reach]] = {}
    for reach in named.named_by:
        by_address.setdefault(reach.address, []).append(reach)
    for address, ways in by_address.items():
        some: _Sighted | None = None
        wrong: list[str] = []
        for reach in ways:
            try:
                sighted = await _sighted(ctx, controllers, reach)
            except access.ANSWERED as error:
                wrong.append(f"{address}: {access.answer(error).message}")
                continue
            if not sighted.blind:
                some, wrong = sighted, []
                break
            some = some or sighted
            wrong.append(f"{address}: {sighted.blind}")
        unseen += wrong
        if some is not None and (some.uuid not in clients or not some.blind):
            clients[some.uuid] = some.client
    return _Answering(tuple(clients.values()), tuple(unseen))


class _Sighted(NamedTuple):
    """A controller, and the objects there that our user may not see."""

    uuid: str
    client: AviClient
    blind: str


async def _sighted(ctx: api.AuditContext, controllers: Controllers, reach: Reach) -> _Sighted:
    client = await access.open(ctx, controllers, reach)
    uuid = str((await client.get("cluster")).get("uuid", ""))
    return _Sighted(uuid, client, await visibility.missing(client))
