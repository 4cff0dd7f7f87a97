"""Mistakes that somebody could make, planted one at a time: the enumeration must find each.

Those with a site show only where a process dies there; the others without any crash.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest
from akoo_avi.client.access import refusal
from akoo_avi.connect import controller_hold
from akoo_avi.ownership import claim, claiming, verdict
from akoo_avi.pools import applying, marking
from akoo_avi.spec import names
from akoo_avi.spec.ip_pool import Pool

from akoo_core import structs


class Bug(NamedTuple):
    """``plant`` changes the product; ``message`` is part of what is wrong then."""

    plant: Callable[[pytest.MonkeyPatch], None]
    site: str
    """After which call the process dies; "" without."""
    message: str


def _replaced(where: Any, name: str, wrong: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(where, name, wrong)


async def _in_memory(
    ctx: Any, pool: Pool, scene: Any, planned: Any, *, opens: bool = False
) -> Pool:
    """Keep new objects in memory alone until they are written."""
    if not pool.has_something:
        await controller_hold.hold(ctx.kube, pool)
    added = pool.status.usable_added or opens
    return structs.replace(pool, status=structs.replace(pool.status, usable_added=added))


_texts = marking.texts


def _known_to_one_process(patch: pytest.MonkeyPatch) -> None:
    """Neither status nor the network's mark tells of the usable entry before it is made."""
    patch.setattr(applying, "_record", _in_memory)
    patch.setattr(marking, "texts", lambda ours: _texts(ours._replace(usable=False)))


_give_back = claiming.give_back


async def _only_once(avi: Any, spec: Any) -> str:
    if await claiming.find(avi, spec.ako_cluster_name) is None:
        raise refusal.Refusal("ClaimLost", "there is no claim to give back")
    return await _give_back(avi, spec)


_judge = verdict.judge


def _half_will_do(*arguments: Any) -> verdict.Verdict:
    judged = _judge(*arguments)
    return verdict.Verdict("own", judged.why) if judged.kind == "suspect" else judged


async def _without_a_look(avi: Any, spec: Any, *, make: bool = True, **more: Any) -> None:
    if make:
        body = claim.body(spec.ako_cluster_name, spec.management_id, spec.epoch)
        await avi.create(claim.KIND, body, tenant=names.ADMIN_TENANT)


BUGS: Final[dict[str, Bug]] = {
    "what is added is stored after it": Bug(
        _known_to_one_process,
        "avi PUT ipamdnsproviderprofile",
        "ipamdnsproviderprofile/ipam",
    ),
    "a claim can be given back only once": Bug(
        _replaced(claiming, "give_back", _only_once), "avi DELETE stringgroup", "no end"
    ),
    "a claim is made without a look": Bug(
        _replaced(claiming, "settle", _without_a_look), "avi POST stringgroup", "no end"
    ),
    "half of the marks will do": Bug(
        _replaced(verdict, "judge", _half_will_do), "", "which is not ours"
    ),
}
