"""A plugin with places: names in the config are found outside first, then intended, then used."""

from __future__ import annotations

from typing import Any, ClassVar

from akoo_core.plugin import api


class Lookup(api.Fact, frozen=True, kw_only=True):
    """The meaning of a name at the time of the question."""

    fact_name: ClassVar[str] = "Lookup"
    name: str
    uuid: str


class Relocator(api.Plugin):
    """One cloud per cluster. ``outside``: by cloud UUID, the objects of each record in it."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (Lookup, api.LoadBalancerPlacement)

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.clouds = {"cloud-1": "uuid-1", "cloud-2": "uuid-2", "same-cloud": "uuid-1"}
        self.outside: dict[str, dict[str, set[str]]] = {}
        self.claims: dict[str, set[str]] = {}
        self.calls: list[str] = []
        self.fail: dict[str, Exception | api.Blocked] = {}
        self.held: set[str] = set()

    def _enter(self, verb: str, ctx: api.VerbContext) -> api.Blocked | None:
        self.calls.append(verb)
        answer = self.fail.get(verb)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _at(self, view: api.View) -> str:
        stored = view.intent(self.name)
        return stored.placement if stored is not None else ""

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        name, lookup = _wanted(view), view.fact(Lookup)
        if lookup is None or lookup.name != name:
            return api.Intent()
        return api.Intent(data={"cloud": name}, placement=lookup.uuid)

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result | None:
        answer = self._enter("prepare", ctx)
        name, known = _wanted(ctx.view), ctx.view.fact(Lookup)
        if answer is not None:
            return answer
        if known is None or known.name != name:
            if name not in self.clouds:
                return api.Blocked(reason="CloudNotFound", message=f'There is no cloud "{name}".')
            lookup = Lookup(name=name, uuid=self.clouds[name])
            return api.Wait(reason="LookedUp", message="Found.", after=0.0, facts=(lookup,))
        place = self._at(ctx.view)
        assert place == known.uuid, "the intent was stored before"
        self.claims.setdefault(place, set()).add(ctx.view.record_name)
        self.outside.setdefault(place, {}).setdefault(ctx.view.record_name, {"vs"})
        placement = api.LoadBalancerPlacement(
            controller="avi", cloud=name, tenant="admin", service_engine_group="seg"
        )
        return api.Done(facts=(known, placement))

    @api.hookimpl
    async def confirm(self, ctx: api.VerbContext) -> api.Result | None:
        return self._enter("confirm", ctx)

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result | None:
        answer = self._enter("sweep", ctx)
        here = self.outside.get(self._at(ctx.view), {})
        if answer is None and ctx.view.record_name in here:
            here[ctx.view.record_name] &= self.held
        return answer

    @api.hookimpl
    async def verify(
        self, ctx: api.VerbContext
    ) -> api.Proof | api.Unverified | api.Wait | api.Blocked | None:
        answer = self._enter("verify", ctx)
        left = self.outside.get(self._at(ctx.view), {}).get(ctx.view.record_name, set())
        return answer or api.Proof(own=len(left), held=len(left & self.held), queries=("vs",))

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result | None:
        answer = self._enter("release", ctx)
        if answer is None:
            place = self._at(ctx.view)
            self.claims.get(place, set()).discard(ctx.view.record_name)
            self.outside.get(place, {}).pop(ctx.view.record_name, None)
        return answer


def _wanted(view: api.View) -> str:
    name: str = (view.config.get("spec") or {}).get("cloudName", "cloud-1")
    return name
