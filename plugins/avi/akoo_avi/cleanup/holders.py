"""The holders of an own object: objects that refer to it and are not own themselves."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from akoo_avi.cleanup import order
from akoo_avi.cleanup.sweep_plan import HeldObject, Holder
from akoo_avi.client import AviClient, errors
from akoo_avi.connect import bounded
from akoo_avi.ownership import kinds, marks, references, verdict
from akoo_avi.ownership.judged import Inventory, JudgedObject
from akoo_avi.ownership.references import Key
from akoo_core.plugin import structs

LIMIT = 100
"""Objects looked at; each costs a query per kind that can refer to it."""
WIDTH = 4
SHOWN = 5
"""Held objects named in a message."""

_NOT_TO_BE_HAD = (errors.ForbiddenError, errors.InvalidError, errors.NotFoundError)
"""Our user may not read the kind, or this release has none: its objects cannot be named."""


async def find(
    client: AviClient,
    mark: marks.Mark,
    inventory: Inventory,
    only: Iterable[JudgedObject] | None = None,
) -> tuple[HeldObject, ...]:
    """The own objects that others keep, with their holders; at most LIMIT are looked at.

    Only own objects that no own one refers to count: the others go, or stay, with them.
    ``only``: look at these instead.
    """
    asked = list(order.roots(inventory.own) if only is None else only)[:LIMIT]
    searches = [functools.partial(_held, client, mark, obj) for obj in asked]
    return tuple(held for held in await bounded.run(searches, width=WIDTH) if held.by)


async def of_refused(
    client: AviClient,
    mark: marks.Mark,
    inventory: Inventory,
    refused: Mapping[Key, tuple[str, ...]],
) -> tuple[HeldObject, ...]:
    """The same for objects whose DELETE was refused because others refer to them.

    ``refused``: the referrers as the controller names them, such as ``VirtualService web``. They
    stand in for a holder that cannot be found.
    """
    if not refused:
        return ()
    roots = {root.key for root in order.roots(inventory.own)}
    asked = [obj for obj in inventory.own if obj.key in refused and obj.key in roots]
    held_by_key = {held.object.key: held for held in await find(client, mark, inventory, asked)}
    ours = {f"{kinds.model_of(obj.kind)} {obj.name}" for obj in inventory.own}
    for obj in inventory.own:
        referrers = [text for text in refused.get(obj.key, ()) if text.strip() not in ours]
        if referrers and obj.key not in held_by_key:
            held_by_key[obj.key] = HeldObject(obj, tuple(map(_holder_named, referrers)))
    return tuple(held_by_key.values())


async def _held(client: AviClient, mark: marks.Mark, obj: JudgedObject) -> HeldObject:
    found_holders: list[Holder] = []
    for path in kinds.BY_PATH[obj.kind].holders:
        for body in await _referrers(client, path, obj):
            # A controller that does not know the query may answer with all objects.
            if obj.key in references.targets(body):
                found_holders += _holder(path, body, mark)
    return HeldObject(obj, tuple(found_holders))


async def _referrers(client: AviClient, path: str, obj: JudgedObject) -> tuple[structs.JSON, ...]:
    """Objects of a kind that may refer to this one; () if they cannot be read."""
    names = {"include_name": "true"}
    try:
        if path in kinds.SINGLE:
            return (await client.get(path, params=names),)
        question = {"refers_to": f"{obj.kind}:{obj.uuid}", **names}
        return (await client.seen(path, params=question)).objects
    except _NOT_TO_BE_HAD:
        return ()


def _holder(path: str, body: structs.JSON, mark: marks.Mark) -> list[Holder]:
    """The holder for a referrer; none for an own one, which goes as well. Pure."""
    whose = verdict.judge(path, body, mark).kind if path in kinds.BY_PATH else "foreign"
    if whose == "own":
        return []
    return [
        Holder(
            kinds.model_of(path),
            str(body.get("name") or ""),
            references.name_of(body.get("tenant_ref")),
            whose="suspect" if whose == "suspect" else "foreign",
        )
    ]


def _holder_named(referrer: str) -> Holder:
    """``VirtualService web``, as a controller names a referrer. Pure."""
    kind, _, name = referrer.strip().partition(" ")
    return Holder(kind, name.strip(), whose="unknown")


def described(held: Iterable[HeldObject]) -> str:
    """The first of them, for a message; "" for none."""
    descriptions = [str(each) for each in held]
    more = f", and {len(descriptions) - SHOWN} more" if len(descriptions) > SHOWN else ""
    return "; ".join(descriptions[:SHOWN]) + more
