"""Finds who keeps an own object: what refers to it and is not own itself."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from akoo_avi import bounded, kinds, marks, order, ownership, references
from akoo_avi.client import AviClient, errors
from akoo_avi.found import Found, Inventory
from akoo_avi.sweepplan import Held, Holder
from akoo_core import structs

LIMIT = 100
"""Objects looked at; each costs a question per kind that can refer to it."""
WIDTH = 4
TOLD = 5
"""Held objects named in a message."""


async def find(
    client: AviClient, mark: marks.Mark, inventory: Inventory, only: Iterable[Found] | None = None
) -> tuple[Held, ...]:
    """The own objects that others keep, with their holders; at most LIMIT are looked at.

    Of all own objects only those count that no own one refers to: the others go, or stay, with
    them. ``only``: look at these instead.
    """
    asked = list(order.roots(inventory.own) if only is None else only)[:LIMIT]
    work = [functools.partial(_held, client, mark, one) for one in asked]
    return tuple(one for one in await bounded.run(work, width=WIDTH) if one.by)


async def _held(client: AviClient, mark: marks.Mark, one: Found) -> Held:
    found: list[Holder] = []
    for path in kinds.BY_PATH[one.kind].holders:
        params = {"refers_to": f"{one.kind}:{one.uuid}", "include_name": "true"}
        try:
            referrers = await client.list(path, params=params)
        except errors.ForbiddenError:
            continue  # it stays own, and so not clean; only its holder cannot be named
        for body in referrers:
            # A controller that does not know the question may answer with all there is.
            if one.key in references.targets(body):
                found += _holder(path, body, mark)
    return Held(one, tuple(found))


def _holder(path: str, body: structs.JSON, mark: marks.Mark) -> list[Holder]:
    """The holder that a referrer is: none, if it is own and goes as well. Pure."""
    whose = ownership.judge(path, body, mark).kind if path in kinds.BY_PATH else "foreign"
    if whose == "own":
        return []
    return [
        Holder(
            kinds.model_of(path),
            str(body.get("name") or ""),
            references.name_of(body.get("tenant_ref")),
            suspect=whose == "suspect",
        )
    ]


def told(held: Iterable[Held]) -> str:
    """The first of them, for a message; "" for none."""
    all_ = [str(one) for one in held]
    more = f", and {len(all_) - TOLD} more" if len(all_) > TOLD else ""
    return "; ".join(all_[:TOLD]) + more
