"""`akoo-core plan`: what each plugin would do, why, and who could not say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

import pytest

from akoo_core.kube import resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import SecretMissingError
from akoo_core.plugin_host import loader, registry
from tests.unit.cli.commands_world import NOW, CommandWorld

LEAVING = record.Leaving(cause="ClusterDeleted", started_at=NOW)
Seen = list[tuple[str, api.VerbContext]]


class Site(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Site"
    name: str


class Balancer(api.Plugin):
    """Plans what a test gives it, by verb."""

    name = "balancer"
    requires: ClassVar[tuple[type[api.Fact], ...]] = ()
    plans: ClassVar[dict[str, tuple[api.PlannedAction, ...] | Exception]] = {}
    seen: ClassVar[Seen] = []

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: Literal["prepare", "sweep"]
    ) -> tuple[api.PlannedAction, ...] | None:
        self.seen.append((verb, ctx))
        planned = self.plans.get(verb)
        if isinstance(planned, Exception):
            raise planned
        return planned

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
            raise AssertionError("a command runs no controller")

        return (
            api.ControllerRegistration(
                name="pools",
                watches=(resource.CLUSTERS,),
                keys=lambda kind, obj: (),
                reconcile=reconcile,
            ),
        )


class Needs(Balancer):
    name = "needs"
    requires: ClassVar[tuple[type[api.Fact], ...]] = (Site,)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return ()


class Giver(api.Plugin):
    name = "giver"
    provides: ClassVar[tuple[type[api.Fact], ...]] = (Site,)


class Writer(api.Plugin):
    name = "writer"

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: Literal["prepare", "sweep"]
    ) -> tuple[api.PlannedAction, ...] | None:
        async with ctx.external.call("avi", "DELETE pool", write=True):
            raise AssertionError("it wrote")


class Quiet(api.Plugin):
    name = "quiet"


Select = Callable[..., None]


@pytest.fixture
def select(monkeypatch: pytest.MonkeyPatch) -> Select:
    """select(*plugins): these are what the settings select."""

    def select(*kinds: type[api.Plugin]) -> None:
        def load(loaded: object, **_: object) -> registry.PluginSet:
            return registry.PluginSet([kind() for kind in kinds])

        monkeypatch.setattr(loader, "load", load)

    monkeypatch.setattr(Balancer, "plans", {})
    monkeypatch.setattr(Balancer, "seen", [])
    return select


def test_the_table_and_who_has_nothing_to_do(world: CommandWorld, select: Select) -> None:
    select(Balancer, Quiet)
    world.record()
    Balancer.plans["prepare"] = (
        api.PlannedAction(action="create", kind="StringGroup", name="akoo-claim", where="admin"),
        api.PlannedAction(action="keep", kind="Cloud", name="vc-01", why="it is there"),
    )
    code, out, err = world("plan", "team-a/shop")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "team-a/shop (record akoo-1): prepare would do this now",
        "balancer: 1 to create, 1 to keep",
        "  ACTION  KIND         NAME        WHERE  WHY",
        "  create  StringGroup  akoo-claim  admin",
        "  keep    Cloud        vc-01              it is there",
        "without a plan: quiet",
    ]
    Balancer.plans.clear()
    assert world("plan", "akoo-1")[1].splitlines()[1] == "balancer: nothing to do"


def test_what_leaves_is_swept_unless_said_otherwise(world: CommandWorld, select: Select) -> None:
    select(Balancer)
    world.record(leaving=LEAVING)
    world("plan", "team-a/shop")
    world("plan", "team-a/shop", "--verb", "prepare")
    assert [verb for verb, _ in Balancer.seen] == ["sweep", "prepare"]


def test_plugins_get_what_the_engine_gives_them(world: CommandWorld, select: Select) -> None:
    select(Balancer)
    uid = world.cluster()
    world.record(uid=uid)
    world("plan", "team-a/shop")
    ((_, ctx),) = Balancer.seen
    assert (ctx.view.record_name, ctx.plugin, ctx.workload) == ("akoo-1", "balancer", None)
    assert ctx.view.cluster is not None
    assert ctx.shared is not None


def test_json(world: CommandWorld, select: Select) -> None:
    select(Balancer, Quiet)
    world.record(leaving=LEAVING)
    action = api.PlannedAction(action="delete", kind="Pool", name="web", why="our mark")
    Balancer.plans["sweep"] = (action,)
    code, out, _ = world("plan", "team-a/shop", "--output", "json")
    assert code == 0
    assert json.loads(out) == {
        "cluster": "team-a/shop",
        "record": "akoo-1",
        "verb": "sweep",
        "plugins": [
            {
                "plugin": "balancer",
                "actions": [{"action": "delete", "kind": "Pool", "name": "web", "why": "our mark"}],
            }
        ],
        "withoutPlan": ["quiet"],
    }


def test_who_cannot_say_is_told_and_the_others_are_shown(
    world: CommandWorld, select: Select
) -> None:
    select(Writer, Balancer)
    world.record(leaving=LEAVING)
    code, out, _ = world("plan", "team-a/shop")
    assert code == 1
    refused = "it tried to write in a read-only call. Nothing was changed"
    assert out.splitlines()[1:] == [
        f"writer: no plan: ReadOnlyError: {refused}",
        "balancer: nothing to do",
    ]
    message = f"Secret ops/avi does not exist. {'Create it. ' * 40}".strip()
    Balancer.plans["sweep"] = SecretMissingError(message)
    assert f"balancer: no plan: SecretMissing: {message}\n" in world("plan", "akoo-1")[1]


def test_a_plugin_that_waits_for_a_fact_is_not_asked_what_it_prepares(
    world: CommandWorld, select: Select
) -> None:
    select(Giver, Needs)
    world.record()
    code, out, _ = world("plan", "team-a/shop")
    assert (code, Needs.seen) == (1, [])
    assert "needs: no plan: FactMissing: Waits for another plugin to provide Site." in out


def test_a_section_that_is_wrong_is_told(world: CommandWorld, select: Select) -> None:
    select(Balancer)
    world.config("default", plugins={"balancer": {"x": 1}})
    (config,) = world.server.objects(resource.AKO_DEPLOYMENT_CONFIGS)
    world.record(config_uid=config["metadata"]["uid"])
    code, out, _ = world("plan", "team-a/shop")
    assert code == 1
    assert "AKODeploymentConfig default: spec.plugins.balancer: plugin balancer has no" in out


def test_which_record(world: CommandWorld, select: Select) -> None:
    select(Balancer)
    world.record("akoo-1", finished_at=NOW)
    world.record("akoo-2")
    assert world("plan", "team-a/shop")[1].startswith("team-a/shop (record akoo-2)")
    code, _, err = world("plan", "akoo-1")
    assert (code, err) == (
        2,
        "akoo-core: akoo-1 of team-a/shop is finished; nothing is planned\n",
    )
    world.record("akoo-3")
    code, _, err = world("plan", "team-a/shop")
    assert (code, "several records, name one of them instead: akoo-2, akoo-3" in err) == (2, True)
    code, _, err = world("plan", "akoo-22")
    assert (code, 'Did you mean "akoo-2' in err) == (2, True)
    code, _, err = world("plan", "team-a/shap")
    assert (code, "there is no Cluster team-a/shap and no record of it" in err) == (2, True)


def test_nobody_has_a_plan(world: CommandWorld, select: Select) -> None:
    select(Quiet)
    world.record()
    code, _, err = world("plan", "team-a/shop")
    assert (code, err) == (2, "akoo-core: no plugin has a plan (quiet)\n")


class Tabled(Balancer):
    """Takes a ConfigMap, as the operator hands it out; it refuses one with the key ``wrong``."""

    name = "tabled"
    config_map = "rows"
    taken: ClassVar[list[object]] = []

    def take_config_map(
        self, texts: Mapping[str, str] | None, records: tuple[record.Record, ...]
    ) -> str:
        self.taken.append(texts)
        return "wrong: is no key." if "wrong" in (texts or {}) else ""

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return ()


@pytest.mark.parametrize(("data", "note"), [({"a": "1"}, ""), ({"wrong": ""}, "wrong: is no key.")])
def test_a_plugin_plans_with_the_config_map_that_it_follows(
    world: CommandWorld,
    select: Select,
    monkeypatch: pytest.MonkeyPatch,
    data: dict[str, str],
    note: str,
) -> None:
    select(Tabled)
    monkeypatch.setattr(Tabled, "taken", [])
    world.record()
    metadata = {"name": "rows", "namespace": "akoo-system"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    world.server.seed(body)
    code, _, error = world("plan", "team-a/shop")
    assert code == 0
    assert Tabled.taken == [data]
    where = "ConfigMap akoo-system/rows of plugin tabled is left out"
    assert error == (f"akoo-core: {where}: {note}\n" if note else "")


def test_a_config_map_that_is_not_there_is_left(
    world: CommandWorld, select: Select, monkeypatch: pytest.MonkeyPatch
) -> None:
    select(Tabled)
    monkeypatch.setattr(Tabled, "taken", [])
    world.record()
    assert world("plan", "team-a/shop")[::2] == (0, "")
    assert Tabled.taken == []
    world.server.served.deny("get", "configmaps")
    _, _, error = world("plan", "team-a/shop")
    assert "ConfigMap akoo-system/rows of plugin tabled is left out: " in error
