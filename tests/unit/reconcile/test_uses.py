"""Uses of shared things: stored, then looked at, then confirmed or withdrawn."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

POOLS = Resource("akoo.io", "v1alpha1", "aviippools", "AviIPPool", namespaced=False)


class User(api.Plugin):
    """Uses one pool; its prepare tells what the record said then."""

    def __init__(self) -> None:
        super().__init__()
        self.uid = ""
        self.states: list[str] = []

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        return api.Intent(uses=(api.Use(resource=POOLS, name="pool-1", uid=self.uid),))

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result | None:
        self.states += [use.state for use in ctx.view.spec.uses]
        return None


@pytest.fixture
def user() -> User:
    return User()


@pytest.fixture
async def pooled(user: User) -> ReconcileFleet:
    fleet = ReconcileFleet(user)
    fleet.management.served.serve(POOLS)
    made = await fleet.user.create(POOLS, pool())
    user.uid = made["metadata"]["uid"]
    await fleet.config()
    return fleet


def pool(**metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": POOLS.api_version,
        "kind": POOLS.kind,
        "metadata": {"name": "pool-1"} | metadata,
    }


async def test_a_use_is_stored_before_it_is_looked_at(pooled: ReconcileFleet, user: User) -> None:
    name = await pooled.cluster()
    await pooled.run(name)
    order = [
        call.operation
        for call in pooled.management.faults.calls
        if call.operation in ("patch akodeployments", "get aviippools")
    ]
    assert order[:3] == ["patch akodeployments", "get aviippools", "patch akodeployments"]
    (use,) = pooled.record(name).spec.uses
    assert (use.plugin, use.name, use.state) == ("ako", "pool-1", "confirmed")
    assert user.states == ["confirmed"], "no verb before the use is confirmed"
    await pooled.run(name)
    assert pooled.writes == []
    assert not [call for call in pooled.management.faults.calls if call.resource == POOLS]


@pytest.mark.parametrize("fate", ["gone", "dying", "made again"])
async def test_a_use_of_a_thing_on_its_way_out_is_withdrawn(
    pooled: ReconcileFleet, user: User, fate: str
) -> None:
    if fate == "dying":
        held = {"metadata": {"finalizers": ["held"]}}
        await pooled.user.merge_patch(POOLS, "pool-1", held)
    await pooled.user.delete(POOLS, "pool-1")
    if fate == "made again":
        await pooled.user.create(POOLS, pool())
    name = await pooled.cluster()
    await pooled.run(name)
    assert pooled.record(name).spec.uses == ()
    assert pooled.condition(name, "AkoReady") == ("False", "UseWithdrawn")
    assert user.states == []


class Careless(api.Plugin):
    """Its config section has a type, and its pure verbs fail on order."""

    class Config(structs.StrictStruct, frozen=True, kw_only=True):
        size: int = 1

    config_type: ClassVar[Any] = Config

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        if self.error is not None:
            raise self.error
        return None


@pytest.mark.parametrize(
    ("error", "section", "reason"),
    [
        (None, {}, "Ready"),
        (None, {"size": "large"}, "ConfigInvalid"),
        (None, {"sise": 2}, "ConfigInvalid"),
        (ValueError("oops"), {}, "VerbFailed"),
        (BlockedError("Do this.", reason="DoThis"), {}, "DoThis"),
    ],
)
async def test_what_a_plugin_cannot_read_blocks_it(
    error: Exception | None, section: dict[str, Any], reason: str
) -> None:
    plugin = Careless()
    plugin.error = error
    fleet = ReconcileFleet(plugin)
    await fleet.config(plugins={"ako": section})
    name = await fleet.cluster()
    await fleet.run(name)
    assert fleet.condition(name, "AkoReady")[1] == reason
    if reason == "ConfigInvalid":
        assert "spec.plugins.ako" in fleet.message(name, "AkoReady")
    assert fleet.world.records_of_config("default")
    assert fleet.management.objects(resources.AKO_DEPLOYMENTS)
