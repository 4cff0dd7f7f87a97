"""Finds who keeps an own object: what refers to it and is not own itself."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from akoo_avi.cleanup import order
from akoo_avi.cleanup.sweep_plan import Held, Holder
from akoo_avi.client import AviClient, errors
from akoo_avi.connect import bounded
from akoo_avi.ownership import kinds, marks, references, verdict
from akoo_avi.ownership.judged import Inventory, JudgedObject
from akoo_avi.ownership.references import Key
from akoo_core.plugin import structs

LIMIT = 100
"""Objects looked at; each costs a question per kind that can refer to it."""
WIDTH = 4
TOLD = 5
"""Held objects named in a message."""

_NOT_TO_BE_HAD = (errors.ForbiddenError, errors.InvalidError, errors.NotFoundError)
"""Our user may not read the kind, or this release has none: its objects cannot be named."""


async def find(
    client: AviClient,
    mark: marks.Mark,
    inventory: Inventory,
    only: Iterable[JudgedObject] | None = None,
) -> tuple[Held, ...]:
    """The own objects that others keep, with their holders; at most LIMIT are looked at.

    Of all own objects only those count that no own one refers to: the others go, or stay, with
    them. ``only``: look at these instead.
    """
    asked = list(order.roots(inventory.own) if only is None else only)[:LIMIT]
    work = [functools.partial(_held, client, mark, one) for one in asked]
    return tuple(one for one in await bounded.run(work, width=WIDTH) if one.by)


async def of_refused(
    client: AviClient,
    mark: marks.Mark,
    inventory: Inventory,
    refused: Mapping[Key, tuple[str, ...]],
) -> tuple[Held, ...]:
    """The same of objects whose DELETE was refused because others refer to them.

    ``refused``: the referrers in the controller's words, such as ``VirtualService web``. They are
    told where the holder itself cannot be found.
    """
    if not refused:
        return ()
    roots = {root.key for root in order.roots(inventory.own)}
    asked = [one for one in inventory.own if one.key in refused and one.key in roots]
    found = {one.object.key: one for one in await find(client, mark, inventory, asked)}
    ours = {f"{kinds.model_of(one.kind)} {one.name}" for one in inventory.own}
    for one in inventory.own:
        words = [text for text in refused.get(one.key, ()) if text.strip() not in ours]
        if words and one.key not in found:
            found[one.key] = Held(one, tuple(map(_told_by_controller, words)))
    return tuple(found.values())


async def _held(client: AviClient, mark: marks.Mark, one: JudgedObject) -> Held:
    found: list[Holder] = []
    for path in kinds.BY_PATH[one.kind].holders:
        for body in await _referrers(client, path, one):
            # A controller that does not know the question may answer with all there is.
            if one.key in references.targets(body):
                found += _holder(path, body, mark)
    return Held(one, tuple(found))


async def _referrers(client: AviClient, path: str, one: JudgedObject) -> tuple[structs.JSON, ...]:
    """Objects of a kind that may refer to this one; () where they cannot be read."""
    names = {"include_name": "true"}
    try:
        if path in kinds.SINGLE:
            return (await client.get(path, params=names),)
        question = {"refers_to": f"{one.kind}:{one.uuid}", **names}
        return (await client.seen(path, params=question)).objects
    except _NOT_TO_BE_HAD:
        return ()


def _holder(path: str, body: structs.JSON, mark: marks.Mark) -> list[Holder]:
    """The holder that a referrer is: none, if it is own and goes as well. Pure."""
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


def _told_by_controller(words: str) -> Holder:
    """``VirtualService web``, as a controller names what refers to an object. Pure."""
    kind, _, name = words.strip().partition(" ")
    return Holder(kind, name.strip(), whose="unknown")


def told(held: Iterable[Held]) -> str:
    """The first of them, for a message; "" for none."""
    all_ = [str(one) for one in held]
    more = f", and {len(all_) - TOLD} more" if len(all_) > TOLD else ""
    return "; ".join(all_[:TOLD]) + more
