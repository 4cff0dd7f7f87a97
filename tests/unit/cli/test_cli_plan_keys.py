"""`akoo-core plan --kind KIND NAME`: what the controllers of plugins would do for an object."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import ClassVar

import pytest

from akoo_core.kube import resource
from akoo_core.kube.resource import Resource
from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError
from akoo_core.plugin_host import loader, registry
from tests.unit.cli.commands_world import CommandWorld

Select = Callable[..., None]
Plan = Callable[[api.Request, api.ControllerContext], Awaitable[tuple[api.PlannedAction, ...]]]
CLUSTERS, CONFIGS = resource.CLUSTERS, resource.AKO_DEPLOYMENT_CONFIGS
ACTION = api.PlannedAction(action="create", kind="Network", name="vip", where="dc1", why="wanted")


class Networks(api.Plugin):
    """Controllers keyed by config: one that watches Clusters, too, and one without a plan."""

    name = "nets"
    plans: ClassVar[dict[str, tuple[api.PlannedAction, ...] | Exception]] = {}
    seen: ClassVar[list[str]] = []

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (
            self._registration("configs", (CONFIGS,), plan=self.plan_key),
            self._registration("users", (CLUSTERS, CONFIGS), plan=self.plan_key),
            self._registration("quiet", (CONFIGS,)),
        )

    def _registration(
        self,
        name: str,
        watches: tuple[Resource, ...],
        plan: Plan | None = None,
    ) -> api.ControllerRegistration:
        def keys(kind: Resource, obj: dict[str, object]) -> tuple[str, ...]:
            return ("default", "default") if kind == CONFIGS else ()

        async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
            raise AssertionError("a command runs no controller")

        return api.ControllerRegistration(
            name=name,
            watches=watches,
            keys=keys,
            reconcile=reconcile,
            plan=plan,
        )

    async def plan_key(
        self, request: api.Request, ctx: api.ControllerContext
    ) -> tuple[api.PlannedAction, ...]:
        self.seen.append(request.key)
        await ctx.kube.get(CONFIGS, request.key)
        planned = self.plans.get(request.key, ())
        if isinstance(planned, Exception):
            raise planned
        return planned


class Writer(Networks):
    name = "writer"

    async def plan_key(
        self, request: api.Request, ctx: api.ControllerContext
    ) -> tuple[api.PlannedAction, ...]:
        async with ctx.external.call("avi", "DELETE pool", write=True):
            raise AssertionError("it wrote")


@pytest.fixture
def select(monkeypatch: pytest.MonkeyPatch) -> Select:
    """select(*plugins): these are what the settings select."""

    def select(*kinds: type[api.Plugin]) -> None:
        def load(loaded: object, **_: object) -> registry.PluginSet:
            return registry.PluginSet([kind() for kind in kinds])

        monkeypatch.setattr(loader, "load", load)

    monkeypatch.setattr(Networks, "plans", {})
    monkeypatch.setattr(Networks, "seen", [])
    select(Networks)
    return select


@pytest.mark.parametrize(
    "kind", ["AKODeploymentConfig", "akodeploymentconfig", CONFIGS.plural, CONFIGS.qualified]
)
def test_each_controller_with_a_plan_is_asked_once_for_each_key(
    world: CommandWorld, select: Select, kind: str
) -> None:
    world.config("default")
    Networks.plans["default"] = (ACTION,)
    code, out, err = world("plan", "--kind", kind, "default")
    assert (code, err) == (0, "")
    rows = ["  ACTION  KIND     NAME  WHERE  WHY", "  create  Network  vip   dc1    wanted"]
    assert out.splitlines() == [
        "AKODeploymentConfig default: the controllers would do this now",
        "nets-configs, key default: 1 to create",
        *rows,
        "nets-users, key default: 1 to create",
        *rows,
    ]
    assert Networks.seen == ["default", "default"]


def test_json(world: CommandWorld, select: Select) -> None:
    world.config("default")
    code, out, _ = world("plan", "--kind", "AKODeploymentConfig", "default", "--output", "json")
    assert code == 0
    answer = {"plugin": "nets", "key": "default"}
    assert json.loads(out) == {
        "kind": "AKODeploymentConfig",
        "name": "default",
        "controllers": [{**answer, "controller": "configs"}, {**answer, "controller": "users"}],
    }


def test_a_namespaced_object_that_concerns_no_key(world: CommandWorld, select: Select) -> None:
    world.cluster("team-a/shop")
    code, out, _ = world("plan", "--kind", "Cluster", "team-a/shop")
    assert (code, Networks.seen) == (0, [])
    assert out.splitlines()[1] == "it concerns no key of a controller that has a plan"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("AKODeploymentConfig", "defalt"), "there is no AKODeploymentConfig defalt. Did you mean"),
        (("Cluster", "shop"), "'shop' is not NAMESPACE/NAME"),
        (("Networ", "x"), "no selected plugin has a plan for Networ. Kinds with a plan: AKODepl"),
        (("Cluster", "a/b", "--verb", "sweep"), "--verb is for clusters, and does not go with"),
    ],
)
def test_wrong_input(
    world: CommandWorld, select: Select, arguments: tuple[str, ...], message: str
) -> None:
    world.config("default")
    code, out, err = world("plan", "--kind", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_controller_that_cannot_answer_is_named(world: CommandWorld, select: Select) -> None:
    world.config("default")
    Networks.plans["default"] = BlockedError("Create it.", reason="NetworkNotFound")
    code, out, _ = world("plan", "--kind", "AKODeploymentConfig", "default")
    assert code == 1
    assert out.splitlines()[1] == "nets-configs, key default: no plan: NetworkNotFound: Create it."


def test_nothing_can_be_written(world: CommandWorld, select: Select) -> None:
    select(Writer)
    world.config("default")
    code, out, _ = world("plan", "--kind", "AKODeploymentConfig", "default")
    assert code == 1
    assert "no plan: ReadOnlyError: it tried to write" in out
