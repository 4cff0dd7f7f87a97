"""Rotations over the fleet: a few at a time, and their metrics.

Observes records, and AviControllers so that verbs may read them; writes nothing. The rotations
under way are counted from the facts in the records, so that a restart counts the same. A turn that
was given and not used within some minutes is free again. Records of Clusters that the operator does
not watch have no turns and no metrics: their rotations rest, for as long as that takes.
"""

from __future__ import annotations

import datetime
from typing import Final

from akoo_avi.client.access import avi_controller

from akoo_core.plugin import api, clock, kube
from akoo_tenancy.controllers import figures
from akoo_tenancy.spec.facts import TenancyAccount

RECORDS: Final = kube.AKO_DEPLOYMENTS
UNUSED_SECONDS: Final = 300.0
FREE_SECONDS: Final = 1.0
"""Until a cluster that got no turn asks again: all records were read meanwhile, or will be soon."""
FULL_SECONDS: Final = 30.0
"""The same where others have all turns."""
_CONTROLLERS: Final = avi_controller.AVI_CONTROLLERS


class Rotations:
    """The limit: at most ``limit`` rotations under way. Nobody starts before all records were
    read."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._under_way: set[str] | None = None
        self._turns: dict[str, float] = {}
        self._figures = figures.Figures()

    def take(self, record: str, now: clock.Clock) -> bool:
        """True if this cluster may start a rotation now; then it counts as one under way."""
        under_way, at = self._under_way, now.monotonic()
        if under_way is None or not self._is_free(under_way, record, at):
            return False
        if record not in under_way:
            self._turns[record] = at
        return True

    def again_seconds(self, record: str, now: clock.Clock) -> float:
        """Time until a cluster that got no turn is to ask again."""
        under_way = self._under_way
        free = under_way is None or self._is_free(under_way, record, now.monotonic())
        return FREE_SECONDS if free else FULL_SECONDS

    def _is_free(self, under_way: set[str], record: str, at: float) -> bool:
        """There is a turn for this cluster, or it has its own."""
        self._turns = {
            name: since
            for name, since in self._turns.items()
            if at - since < UNUSED_SECONDS and name not in under_way
        }
        mine = record in under_way or record in self._turns
        return mine or len(under_way) + len(self._turns) < self._limit

    def note_age(self, config: str, every: datetime.timedelta) -> None:
        """Take the age at which a config has accounts rotated, for the metric."""
        self._figures.note_age(config, every)

    def registration(self) -> api.ControllerRegistration:
        """The registration for the operator."""
        return api.ControllerRegistration(
            name="rotations",
            subject=_CONTROLLERS,
            watches=(RECORDS, _CONTROLLERS),
            keys=_keys,
            reconcile=self.reconcile,
            goes_by=_goes_by,
            workers=1,
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Note the state of one record; of all of them at first."""
        if self._under_way is None:
            page = await ctx.kube.list(RECORDS)
            followed = [obj for obj in page.items if ctx.follows(obj)]
            for obj in followed:
                self._figures.note(str(obj["metadata"]["name"]), obj, ctx.clock)
            self._under_way = {
                str(obj["metadata"]["name"]) for obj in followed if is_under_way(obj)
            }
            return api.Done()
        try:
            obj = await ctx.kube.get(RECORDS, request.key)
        except kube.NotFoundError:
            self._under_way.discard(request.key)
            self._figures.note(request.key, None, ctx.clock)
            return api.Done()
        if not ctx.follows(obj):
            return api.Done()
        self._figures.note(request.key, obj, ctx.clock)
        if is_under_way(obj):
            self._under_way.add(request.key)
            self._turns.pop(request.key, None)
        else:
            self._under_way.discard(request.key)
        return api.Done()


def is_under_way(obj: kube.Object) -> bool:
    """The record has an account that AKO is to take instead of another. Pure."""
    spec = obj.get("spec") or {}
    fact = ((spec.get("facts") or {}).get(TenancyAccount.fact_name) or {}).get("data") or {}
    rotates = fact.get("phase") == "Pending" and fact.get("reason") != "First"
    return rotates and not spec.get("leaving")


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    return (str(obj["metadata"]["name"]),) if resource.kind == RECORDS.kind else ()


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    return (is_under_way(obj), figures.read(obj)) if resource.kind == RECORDS.kind else None
