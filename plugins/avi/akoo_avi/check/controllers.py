"""One controller: the questions of an AviController's conditions, and the right to write."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi import client
from akoo_avi.client import access
from akoo_avi.client.access.reach import Reach
from akoo_avi.controllers import conditions, health
from akoo_avi.ownership import visibility
from akoo_core.plugin import api
from akoo_core.plugin.conditions import Condition

WRITES = "WritesPermitted"
FOR_POOLS = ("PERMISSION_NETWORK", "PERMISSION_IPAMDNSPROVIDERPROFILE")
"""Permissions to write that only address pools need."""

_STATES: dict[str, api.FindingState] = {"True": "good", "False": "wrong", "Unknown": "unknown"}


class Way(NamedTuple):
    """An address with an account, and the objects that name it."""

    reach: Reach
    titles: tuple[str, ...]

    @property
    def title(self) -> str:
        """``AviController/main``, and the number of further objects."""
        first, *more = self.titles
        return f"{first} and {len(more)} more" if more else first


class Looked(NamedTuple):
    """The findings about a controller."""

    findings: tuple[api.Finding, ...]
    usable: bool
    """It can be asked for more."""


async def look(
    ctx: api.CheckContext, clients: client.Controllers, way: Way, *, pools: bool
) -> Looked:
    """Ask one controller. ``pools``: there are address pools, which need more permissions."""
    try:
        avi = await access.open(ctx, clients, way.reach)
        state = await health.look(avi)
        writes = _writes(await visibility.unwritable(avi, FOR_POOLS if pools else ()))
    except access.ANSWERED as error:
        asked = conditions.of_error(error)
        return Looked(_findings(way, (*asked[1:], _writes(None)), ""), usable=False)
    asked = conditions.of_health(state)
    usable = state.state in health.USABLE_STATES
    return Looked(_findings(way, (*asked[1:], writes), state.version), usable=usable)


def _writes(lacking: str | None) -> Condition:
    """The answer to the question about writes; None: it was not asked."""
    if lacking is None:
        return Condition(type=WRITES, status="Unknown", reason="NotAsked")
    if lacking:
        message = f"{lacking[0].upper()}{lacking[1:]}."
        return Condition(type=WRITES, status="False", reason="PermissionMissing", message=message)
    message = "The account may write all that a clean-up deletes or edits."
    return Condition(type=WRITES, status="True", reason="Sufficient", message=message)


def _findings(way: Way, asked: tuple[Condition, ...], version: str) -> tuple[api.Finding, ...]:
    return tuple(
        api.Finding(
            system=way.reach.address,
            subject=f"{way.title}: {condition.type}",
            state=_STATES[condition.status],
            message=condition.message or "Not asked, since an earlier question has no good answer.",
            version=version,
            data={"objects": list(way.titles), "reason": condition.reason},
        )
        for condition in asked
    )
