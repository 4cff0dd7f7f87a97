"""A cluster whose tenant another plugin gives: awaited, declined, just made, and another one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

import pytest
from akoo_ako.plugin import AkoPlugin
from akoo_avi.testing import MemoryAvi

from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.testing import builders, verbs, virtual_time
from tests.avi import avi_fleet

World = Any
FACT = api.LoadBalancerTenant.fact_name
AWAITED = [api.LoadBalancerTenant]


def made(world: World, name: str, **settings: bool) -> api.LoadBalancerTenant:
    """A tenant on the controller, and the fact of the plugin that made it."""
    body = {"name": name, "config_settings": settings} if settings else {"name": name}
    row = world.do(lambda avi: avi.create("tenant", body, tenant="admin"))
    return api.LoadBalancerTenant(name=name, uuid=row["uuid"])


def gives(world: World, tenant: api.LoadBalancerTenant) -> None:
    """The other plugin gives this tenant now."""
    known = {**world.spec.facts, **builders.stored_facts("another", tenant)}
    world.spec = structs.replace(world.spec, facts=known)


def placement(answer: Any) -> api.LoadBalancerPlacement:
    """The place that AKO gets."""
    assert isinstance(answer, api.Done), answer
    (placed,) = (fact for fact in answer.facts if isinstance(fact, api.LoadBalancerPlacement))
    return placed


def test_the_tenant_that_is_given_counts_before_that_of_the_config(avi_world: World) -> None:
    world = avi_world({"tenant": {"name": "a-name-that-nobody-has"}})
    tenant = made(world, "shop")
    gives(world, tenant)
    assert placement(world.settled()).tenant == "shop"
    assert world.stored.place.tenant_uuid == tenant.uuid
    assert world.stored.tenant == "shop"


def test_the_uuid_decides_and_not_the_name(avi_world: World) -> None:
    world = avi_world()
    tenant, other = made(world, "shop"), made(world, "other")
    gives(world, structs.replace(tenant, uuid=other.uuid))
    world.settled()
    assert world.stored.place.tenant_uuid == other.uuid


def test_tenant_admin_may_be_given(avi_world: World) -> None:
    world = avi_world()
    gives(world, api.LoadBalancerTenant(name="admin", uuid="admin"))
    assert placement(world.settled()).tenant == "admin"


def test_the_tenant_is_awaited(avi_world: World) -> None:
    world = avi_world(awaited=AWAITED)
    before = len(world.avi.journal.entries())
    answer = world.call("prepare")
    assert isinstance(answer, api.Wait)
    assert answer.reason == "TenantAwaited"
    assert len(world.avi.journal.entries()) == before, "nothing is asked of Avi"


def test_a_running_cluster_keeps_its_place_while_the_tenant_is_awaited(avi_world: World) -> None:
    world = avi_world()
    world.settled()
    intent = world.spec.intents["avi"]
    world.awaited = (FACT,)
    assert world.call("prepare").reason == "TenantAwaited"
    assert world.spec.intents["avi"] == intent


def test_a_declined_tenant_leaves_the_config_alone(avi_world: World) -> None:
    world = avi_world()
    made(world, "shop")
    world.edit(tenant={"name": "shop"})
    assert placement(world.settled()).tenant == "shop"


def test_the_tenant_of_the_config_that_is_given_by_its_uuid_moves_nothing(avi_world: World) -> None:
    world = avi_world()
    tenant = made(world, "shop")
    world.edit(tenant={"name": "shop"})
    world.settled()
    intent = world.spec.intents["avi"]
    gives(world, tenant)
    assert isinstance(world.settled(), api.Done)
    assert world.spec.intents["avi"] == intent


def test_another_tenant_is_another_place(avi_world: World) -> None:
    world = avi_world()
    gives(world, made(world, "shop"))
    world.settled()
    before = world.spec.intents["avi"].placement
    gives(world, made(world, "other"))
    world.call("prepare")
    answer = verbs.run_verb(world.plugin(), "intend", world).result
    assert isinstance(answer, api.Intent)
    assert answer.placement != before


def test_a_tenant_that_is_gone_is_told_with_the_plugin_that_gave_it(avi_world: World) -> None:
    world = avi_world()
    gives(world, api.LoadBalancerTenant(name="shop", uuid="tenant-0"))
    answer = world.settled()
    assert isinstance(answer, api.Blocked)
    assert (answer.reason, answer.after) == ("TenantNotFound", 60.0)
    assert "tenant-0" in answer.message
    assert "another plugin gave it" in answer.message.lower()


@pytest.mark.parametrize("by_fact", [True, False])
def test_a_tenant_that_was_just_made_is_found_at_once(avi_world: World, by_fact: bool) -> None:
    world = avi_world()
    plugin = world.plugin()
    world.call("prepare", plugin)  # the catalog is read, and not a second old from now on
    tenant = made(world, "shop")
    if by_fact:
        gives(world, tenant)
    else:
        world.edit(tenant={"name": "shop"})
    answer = world.call("prepare", plugin)
    assert isinstance(answer, api.Wait)
    assert answer.reason in ("PlacementFound", "PlacementLeaving"), answer
    assert 'tenant "shop"' in answer.message


def test_a_tenant_with_engines_of_its_own_is_found_with_its_group(avi_world: World) -> None:
    """Avi makes the groups of a tenant with it, so the whole catalog is read again."""
    world = avi_world({"serviceEngineGroup": "Default-Group"})
    plugin = world.plugin()
    world.call("prepare", plugin)
    gives(world, made(world, "shop", se_in_provider_context=False, tenant_vrf=False))
    answer = world.call("prepare", plugin)
    assert isinstance(answer, api.Wait), answer
    assert answer.reason == "PlacementFound", answer


def test_a_tenant_that_was_made_again_under_its_name_is_found_at_once(avi_world: World) -> None:
    world = avi_world()
    plugin = world.plugin()
    former = made(world, "shop")
    world.call("prepare", plugin)
    world.do(lambda avi: avi.delete("tenant", former.uuid, tenant="admin"))
    gives(world, made(world, "shop"))
    answer = world.call("prepare", plugin)
    assert isinstance(answer, api.Wait), answer
    assert answer.reason == "PlacementFound"


def test_a_name_that_is_wrong_costs_one_short_request(avi_world: World) -> None:
    world = avi_world()
    plugin = world.plugin()
    world.call("prepare", plugin)
    world.edit(tenant={"name": "shpo"})
    run = verbs.run_verb(plugin, "prepare", world)
    assert isinstance(run.result, api.Blocked)
    assert run.result.reason == "TenantNotFound"
    operations = [call.operation for call in run.calls if call.system == "avi"]
    assert operations == ["GET tenant"]


# The whole operator, with a plugin that makes tenants.


class Options(structs.StrictStruct, frozen=True, kw_only=True):
    """``spec.plugins.tenants``."""

    tenant: str = ""


class Made(api.Fact, frozen=True, kw_only=True):
    """The tenant that was made last."""

    fact_name: ClassVar[str] = "Made"
    name: str


class Tenants(api.Plugin):
    """Makes the tenant that a config names; its objects there are its account."""

    name = "tenants"
    config_type: ClassVar[type[structs.StrictStruct] | None] = Options
    provides: ClassVar[tuple[type[api.Fact], ...]] = (api.LoadBalancerTenant, Made)

    def __init__(self, avi: MemoryAvi, calls: list[str]) -> None:
        super().__init__()
        self._avi = avi
        self._calls = calls

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | None:
        """The tenant that was given: the plugins that use it have looked at it then."""
        known, leaving = view.fact(Made), view.spec.leaving
        if known is None or (leaving is not None and leaving.cause != "Relocated"):
            stored = view.intent(self.name)
            return api.Intent(data=stored.data, placement=stored.placement) if stored else None
        return api.Intent(data={"tenant": known.name}, placement=known.name)

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        wanted, stored = _wanted(ctx.view), ctx.view.intent(self.name)
        if not wanted:
            return api.Done(declines=(FACT, Made.fact_name))
        rows = await self._avi.list("tenant", tenant="admin", params={"name": wanted})
        row = rows[0] if rows else None
        if row is None:
            row = await self._avi.create("tenant", {"name": wanted}, tenant="admin")
        known = (Made(name=wanted), api.LoadBalancerTenant(name=wanted, uuid=row["uuid"]))
        if stored is None or stored.placement != wanted:
            return api.Wait(reason="Made", message="Made.", after=0.0, facts=known)
        return api.Done(facts=known)

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced:
        self._calls.append(f"fence {self._at(ctx.view)}")
        return api.Fenced(grade="Revoked", evidence="No account is left.")

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result:
        self._calls.append(f"release {self._at(ctx.view)}")
        return api.Done()

    def _at(self, view: api.View) -> str:
        stored = view.intent(self.name)
        return stored.placement if stored is not None else ""


def _wanted(view: api.View) -> str:
    chosen = view.plugin_config
    return chosen.tenant if isinstance(chosen, Options) else ""


class TenantsFleet(avi_fleet.AviFleet):
    """A fleet with the plugin that makes tenants."""

    def __init__(self, clock: virtual_time.LoopClock, world: World) -> None:
        self.calls: list[str] = []
        super().__init__(clock, world)

    def plugins(self) -> Sequence[api.Plugin]:
        return [AkoPlugin(), self.world.plugin(), Tenants(self.avi, self.calls)]

    def tenant(self, data: dict[str, str] | None) -> str:
        return (data or {}).get("tenantName", "")

    def of(self, tenant: str) -> dict[str, Any]:
        """A config with that tenant."""
        return self.config(plugins={"tenants": {"tenant": tenant}} if tenant else {})


def play(world: World, story: Callable[[TenantsFleet], Awaitable[None]]) -> None:
    """The story in virtual time."""
    avi_fleet.play_on(lambda clock: TenantsFleet(clock, world), story)


@pytest.mark.parametrize("down", [False, True])
def test_another_tenant_is_one_relocation_of_both_plugins(avi_world: World, down: bool) -> None:
    """``down``: the controller cannot be asked about the new place for a while. Nobody leaves the
    old one before."""

    async def story(there: TenantsFleet) -> None:
        fleet = there.fleet
        await fleet.create_config(there.of("blue"))
        await fleet.create_cluster("shop")
        await fleet.until(lambda: there.tenant(there.config_map("shop")) == "blue")
        await fleet.until_phase("shop", "Running")
        await avi_fleet.ako_works(there)
        old = there.record("shop").spec.intents["avi"].placement
        state = there.world.avi.state
        if down:
            up, state.cluster_state = state.cluster_state, "CLUSTER_DOWN"
        await fleet.change_config(there.of("green"))
        if down:
            await fleet.until(lambda: there.reason("shop", "TenantsReady") == "RelocationWaits")
            await asyncio.sleep(300)
            assert there.record("shop").spec.leaving is None
            assert there.tenant(there.config_map("shop")) == "blue"
            assert there.calls == []
            state.cluster_state = up
        await fleet.until(lambda: there.tenant(there.config_map("shop")) == "green", seconds=900)
        await fleet.until_phase("shop", "Running")
        ended = there.record("shop").spec.ended_placements
        assert sorted((end.plugin, end.placement, end.how) for end in ended) == [
            ("avi", old, "Proved"),
            ("tenants", "blue", "Proved"),
        ]
        assert there.calls == ["fence blue", "release blue"]
        names = [obj["name"] for obj in there.left("shop")]
        assert names == [f"akoo-claim-{there.cluster_name('shop')}"], "nothing is left in blue"
        assert there.record("shop").spec.intents["tenants"].placement == "green"
        await fleet.delete_cluster("shop")
        await fleet.until_gone("shop")
        await fleet.until_phase("shop", "Finished")
        assert there.left("shop") == []

    play(avi_world(), story)


def test_a_config_without_a_tenant_of_that_plugin_goes_by_its_own(avi_world: World) -> None:
    async def story(there: TenantsFleet) -> None:
        fleet = there.fleet
        await fleet.create_config(there.of(""))
        await fleet.create_cluster("shop")
        await fleet.until(lambda: there.tenant(there.config_map("shop")) == "admin")
        await fleet.until_phase("shop", "Running")
        assert set(there.record("shop").spec.declined) >= {FACT}

    play(avi_world(), story)
