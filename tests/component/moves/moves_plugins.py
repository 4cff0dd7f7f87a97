"""A plugin that stands in for a claim outside, with a journal of every write; one that deploys."""

from __future__ import annotations

from typing import ClassVar

from akoo_core.plugin import api

Claim = tuple[str, int]
"""Management id and epoch."""


class Outside:
    """The system that all management clusters share."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}
        self.objects: dict[str, set[str]] = {}
        self.journal: list[str] = []

    def claim(self, name: str, by: Claim) -> None:
        self.claims[name] = by
        self.journal.append(f"claim {name} {by[0]}/{by[1]}")


class Claimed(api.Fact, frozen=True, kw_only=True):
    """The claim was made once: should it be missing, it was lost."""

    fact_name: ClassVar[str] = "Claimed"
    name: str


class Claimant(api.Plugin):
    """Claims, sweeps and counts as a load balancer's plugin does."""

    name = "avi"
    provides: ClassVar[tuple[type[api.Fact], ...]] = (Claimed,)

    def __init__(self, outside: Outside) -> None:
        super().__init__()
        self.outside = outside

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        return api.Intent(data={"claim": view.record_name})

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result | None:
        name, claim = ctx.view.record_name, self._claim(ctx)
        if claim is None:
            if ctx.view.fact(Claimed) is not None and not self._may_take(ctx, None):
                return _lost(name)
            self.outside.claim(name, _mine(ctx))
            self.outside.objects.setdefault(name, {"vs"})
        elif claim != _mine(ctx) and self._may_take(ctx, claim):
            self.outside.claim(name, _mine(ctx))
        return api.Done(facts=(Claimed(name=name),))

    @api.hookimpl
    async def confirm(self, ctx: api.VerbContext) -> api.Result | None:
        name, claim = ctx.view.record_name, self._claim(ctx)
        if claim == _mine(ctx):
            return api.Done()
        if self._may_take(ctx, claim):
            self.outside.claim(name, _mine(ctx))
            return api.Done()
        if claim is None:
            return _lost(name)
        if claim[1] > _mine(ctx)[1]:
            message = f"The claim is of epoch {claim[1]}: this record is older."
            return api.Wait(reason="NewerRecord", message=message, after=60.0)
        return api.Blocked(reason="ClaimedElsewhere", message=f"{claim[0]} claims {name}.")

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result | None:
        name = ctx.view.record_name
        self.outside.journal += [
            f"delete {name} {obj}" for obj in sorted(self.outside.objects.pop(name, set()))
        ]
        return api.Done()

    @api.hookimpl
    async def verify(
        self, ctx: api.VerbContext
    ) -> api.Proof | api.Unverified | api.Wait | api.Blocked | None:
        return api.Proof(own=len(self.outside.objects.get(ctx.view.record_name, ())))

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result | None:
        if self.outside.claims.get(ctx.view.record_name) == _mine(ctx):
            del self.outside.claims[ctx.view.record_name]
            self.outside.journal.append(f"release {ctx.view.record_name}")
        return api.Done()

    def _claim(self, ctx: api.VerbContext) -> Claim | None:
        return self.outside.claims.get(ctx.view.record_name)

    def _may_take(self, ctx: api.VerbContext, claim: Claim | None) -> bool:
        """A person has handed it over; a lost one only by our own id."""
        over = ctx.view.spec.handover
        if over is None:
            return False
        if claim is None:
            return over.management_id == ctx.view.spec.management_id
        return claim == (over.management_id, over.epoch)


def _mine(ctx: api.VerbContext) -> Claim:
    return ctx.view.spec.management_id, ctx.view.spec.epoch


def _lost(name: str) -> api.Blocked:
    return api.Blocked(reason="ClaimLost", message=f"The claim {name} is gone.")


class Deploys(api.Plugin):
    """One ConfigMap in the workload cluster."""

    name = "ako"
    after: ClassVar[tuple[str, ...]] = ("avi",)

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
        metadata = {"name": f"cm-{view.record_name}", "namespace": "default"}
        data = {"name": view.spec.ako_cluster_name}
        return api.Contribution(
            objects=({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data},)
        )

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        return api.Fenced(grade="Stopped", evidence="nothing of it runs")
