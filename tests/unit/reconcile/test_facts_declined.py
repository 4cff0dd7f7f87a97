"""A provider that declines a fact: nobody waits for it, and nobody uses the former one again."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from akoo_core import testing
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


class Route(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Route"
    via: str


class Router(api.Plugin):
    """Gives a route where the config names one, else declines."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (Route,)

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.answer: api.Result | Exception = api.Done(facts=(Route(via="east"),))
        self.observed: api.Result = api.Done()

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        return self.observed


class Sender(api.Plugin):
    """Deploys the route. Keeps what each verb saw."""

    accepts: ClassVar[tuple[type[api.Fact], ...]] = (Route,)

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.seen: list[tuple[str, str, bool]] = []

    def _look(self, verb: str, view: api.View) -> str:
        route, awaited = view.fact(Route), "Route" in view.awaited
        via = route.via if route is not None else ""
        self.seen.append((verb, via, awaited))
        return via

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent:
        return api.Intent(data={"via": self._look("intend", view)})

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait:
        via = self._look("contribute", view)
        if "Route" in view.awaited:
            return api.Wait(reason="RouteAwaited", message="waits for its route", after=60)
        metadata = {"namespace": "kube-public", "name": "route"}
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {"via": via},
        }
        return api.Contribution(objects=(config_map,))


@pytest.fixture
def router() -> Router:
    return Router()


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def fleet(router: Router, sender: Sender) -> ReconcileFleet:
    return ReconcileFleet(sender, router)


DECLINE = api.Done(declines=("Route",))


def deployed(fleet: ReconcileFleet) -> str | None:
    obj = fleet.in_workload(resources.CONFIG_MAPS, "route")
    return obj["data"]["via"] if obj is not None else None


async def started(fleet: ReconcileFleet) -> str:
    await fleet.config()
    name = await fleet.cluster()
    await fleet.run(name)
    return name


async def test_nobody_waits_for_a_declined_fact(fleet: ReconcileFleet, router: Router) -> None:
    router.answer = DECLINE
    name = await started(fleet)
    assert deployed(fleet) == ""
    assert fleet.record(name).spec.declined["Route"].plugin == router.name
    assert fleet.condition(name, "AkoReady") == ("True", "Ready")


async def test_an_answer_without_fact_and_decline_is_waited_for(
    fleet: ReconcileFleet, router: Router
) -> None:
    router.answer = api.Done()
    name = await started(fleet)
    assert deployed(fleet) is None
    assert fleet.condition(name, "AkoReady") == ("False", "RouteAwaited")


async def test_the_former_fact_is_gone_before_contribute(
    fleet: ReconcileFleet, router: Router, sender: Sender
) -> None:
    name = await started(fleet)
    assert deployed(fleet) == "east"
    router.answer, sender.seen = DECLINE, []
    await fleet.run(name)
    after = sender.seen[sender.seen.index(("intend", "", False)) :]
    assert {via for _, via, _ in after} == {""}
    assert ("contribute", "", False) in after
    assert "contribute" not in {verb for verb, via, _ in sender.seen if via}
    spec = fleet.record(name).spec
    assert (spec.facts, spec.intents[sender.name].data) == ({}, {"via": ""})
    assert deployed(fleet) == ""


async def test_fact_and_decline_change_in_one_write(fleet: ReconcileFleet, router: Router) -> None:
    """A crash in between would leave a fact that counts as given and as declined."""
    name = await started(fleet)
    router.answer = DECLINE
    await fleet.run(name)
    specs = [
        change.object["spec"]
        for change in fleet.management.store.history
        if change.key.name == name and change.key.plural == resources.AKO_DEPLOYMENTS.plural
    ]
    both = [bool(spec.get("facts")) and bool(spec.get("declined")) for spec in specs]
    assert any(spec.get("declined") for spec in specs)
    assert not any(both)


async def test_a_decline_in_rest_writes_nothing(fleet: ReconcileFleet, router: Router) -> None:
    router.answer = DECLINE
    name = await started(fleet)
    await fleet.run(name)
    before = fleet.record(name).resource_version
    await fleet.run(name)
    assert fleet.record(name).resource_version == before


async def test_observe_may_decline(fleet: ReconcileFleet, router: Router) -> None:
    name = await started(fleet)
    router.answer, router.observed = api.Done(), DECLINE
    assert (await fleet.run(name)).requeue_after == 0.0, "for those that depend on it"
    await fleet.run(name)
    assert deployed(fleet) == ""


async def test_the_fact_withdraws_the_decline(fleet: ReconcileFleet, router: Router) -> None:
    router.answer = DECLINE
    name = await started(fleet)
    router.answer = api.Done(facts=(Route(via="west"),))
    await fleet.run(name)
    assert fleet.record(name).spec.declined == {}
    assert deployed(fleet) == "west"


@pytest.mark.parametrize(
    "answer",
    [
        api.Wait(reason="RouteAsked", message="soon", after=5),
        api.Blocked(reason="RouteInvalid", message="correct it"),
    ],
)
async def test_a_provider_that_waits_may_still_give_it(
    fleet: ReconcileFleet, router: Router, answer: api.Result
) -> None:
    """The config has changed: who accepts the fact waits again, and what runs stays."""
    router.answer = DECLINE
    name = await started(fleet)
    router.answer = answer
    await fleet.run(name)
    assert fleet.record(name).spec.declined == {}
    assert fleet.condition(name, "AkoReady") == ("False", "RouteAwaited")
    assert deployed(fleet) == ""


async def test_a_provider_that_fails_has_declined(fleet: ReconcileFleet, router: Router) -> None:
    router.answer = DECLINE
    name = await started(fleet)
    router.answer = RuntimeError("vanished")
    await fleet.run(name)
    assert fleet.record(name).spec.declined.keys() == {"Route"}
    assert fleet.condition(name, "AkoReady") == ("True", "Ready")


async def test_who_neither_gives_nor_declines_any_more_is_waited_for(
    fleet: ReconcileFleet, router: Router
) -> None:
    router.answer = DECLINE
    name = await started(fleet)
    router.answer = api.Done()
    await fleet.run(name)
    await fleet.run(name)
    assert fleet.record(name).spec.declined == {}
    assert fleet.condition(name, "AkoReady") == ("False", "RouteAwaited")


def test_a_world_takes_a_decline_like_the_engine() -> None:
    router, world = Router(), testing.World()
    router.name = "router"
    testing.run_verb(router, "prepare", world)
    assert world.spec.facts.keys() == {"Route"}
    router.answer = DECLINE
    assert testing.run_verb(router, "prepare", world).declines == ("Route",)
    assert world.spec.facts == {}
    sender = Sender()
    sender.name = "sender"
    awaiting = testing.World(awaited=[Route])
    assert isinstance(testing.run_verb(sender, "contribute", awaiting).result, api.Wait)
