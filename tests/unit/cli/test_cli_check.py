"""`akoo-core check`: the states of the systems outside, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar

import pytest

from akoo_core import structs
from akoo_core.kube import resource
from akoo_core.plugin import api
from akoo_core.plugin_host import loader, registry
from tests.unit.cli.commands_world import NOW, CommandWorld

Select = Callable[..., None]
ACCOUNT = api.Account(secret="ops/cloud", version="u/1", address="cloud.example.com")


def finding(state: api.FindingState, message: str = "", subject: str = "api") -> api.Finding:
    return api.Finding(system="cloud.example.com", subject=subject, state=state, message=message)


class Cloud(api.Plugin):
    name = "cloud"
    findings: ClassVar[list[api.Finding]] = []
    seen: ClassVar[list[api.CheckContext]] = []
    refused: ClassVar[list[api.RefusedLogin | None]] = []
    password: ClassVar[str] = "right"

    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...] | None:
        self.seen.append(ctx)
        assert ctx.logins is not None
        self.refused.append(await ctx.logins.refused(ACCOUNT))
        if self.password == "wrong" and self.refused[-1] is None:
            await ctx.logins.note(ACCOUNT)
        await ctx.kube.list(resource.CLUSTERS)
        return tuple(self.findings)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        async def reconcile(request: api.Request, ctx: api.ControllerContext) -> api.Result:
            raise AssertionError("a command runs no controller")

        return (
            api.ControllerRegistration(
                name="clusters",
                watches=(resource.CLUSTERS,),
                keys=lambda kind, obj: (),
                reconcile=reconcile,
            ),
        )


class Writer(api.Plugin):
    name = "writer"

    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...] | None:
        async with ctx.external.call("cloud", "POST probe", write=True):
            raise AssertionError("it wrote")


class Fails(api.Plugin):
    name = "fails"

    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...] | None:
        raise RuntimeError("no route to host")


class Quiet(api.Plugin):
    name = "quiet"


@pytest.fixture
def select(monkeypatch: pytest.MonkeyPatch) -> Select:
    """select(*plugins): these are what the settings select."""

    def select(*kinds: type[api.Plugin]) -> None:
        def load(loaded: object, **_: object) -> registry.PluginSet:
            return registry.PluginSet([kind() for kind in kinds])

        monkeypatch.setattr(loader, "load", load)

    for name in ("findings", "seen", "refused"):
        monkeypatch.setattr(Cloud, name, [])
    select(Cloud)
    return select


def test_all_is_good(world: CommandWorld, select: Select) -> None:
    Cloud.findings[:] = [finding("good", "It answers as release 7.2.")]
    code, out, _ = world("check")
    assert code == 0
    assert out.splitlines() == [
        "cloud: 1 good",
        "  SYSTEM             SUBJECT  STATE  MESSAGE",
        "  cloud.example.com  api      good   It answers as release 7.2.",
    ]


@pytest.mark.parametrize("state", ["wrong", "unknown"])
def test_any_other_state_is_a_failure(
    world: CommandWorld, select: Select, state: api.FindingState
) -> None:
    Cloud.findings[:] = [finding("good"), finding(state, "Grant it.", subject="rights")]
    code, out, _ = world("check", "cloud")
    assert code == 1
    assert out.splitlines()[0] == f"cloud: 1 good, 1 {state}"
    assert out.splitlines()[-1].split()[1:] == ["rights", state, "Grant", "it."]


def test_json_has_versions_and_settings(world: CommandWorld, select: Select) -> None:
    select(Cloud, Quiet)
    Cloud.findings[:] = [structs.replace(finding("good"), version="7.2", data={"vlan": 7})]
    code, out, _ = world("check", "--output", "json")
    assert code == 0
    answered = json.loads(out)
    assert answered["withoutCheck"] == ["quiet"]
    (plugin,) = answered["plugins"]
    (listed,) = plugin["findings"]
    assert (plugin["plugin"], listed["version"], listed["data"]) == ("cloud", "7.2", {"vlan": 7})


def test_a_plugin_that_fails_or_writes_is_named_and_the_others_are_asked(
    world: CommandWorld, select: Select
) -> None:
    select(Fails, Writer, Cloud, Quiet)
    code, out, _ = world("check")
    assert code == 1
    refused = "ReadOnlyError: it tried to write in a read-only call. Nothing was changed"
    assert out.splitlines() == [
        "fails: no check: RuntimeError: no route to host",
        f"writer: no check: {refused}",
        "cloud: nothing to check",
        "without a check: quiet",
    ]


def test_who_is_asked(world: CommandWorld, select: Select) -> None:
    select(Cloud, Quiet)
    assert world("check", "cloud") == (0, "cloud: nothing to check\n", "")
    for name, message in (
        ("quiet", "plugin quiet has no check"),
        ("clou", 'no plugin "clou" is selected (cloud, quiet). Did you mean "cloud"?'),
    ):
        assert world("check", name) == (2, "", f"akoo-core: {message}\n")
    select(Quiet)
    assert world("check") == (2, "", "akoo-core: no plugin has a check (quiet)\n")


def test_its_means(world: CommandWorld, select: Select) -> None:
    """Records and configs are there; no cluster is needed."""
    world.config("default")
    world.record("akoo-1", finished_at=NOW)
    assert world("check")[0] == 0
    (ctx,) = Cloud.seen
    assert [record.name for record in ctx.records] == ["akoo-1"]
    assert [config["metadata"]["name"] for config in ctx.configs] == ["default"]
    assert ctx.management_id


def test_a_refused_login_is_not_tried_again_unless_a_person_insists(
    world: CommandWorld, select: Select, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal is stored, although the command may not write anything else."""
    monkeypatch.setattr(Cloud, "password", "wrong")
    for arguments, tried in (((), True), ((), False), (("--login",), True)):
        Cloud.refused.clear()
        world("check", *arguments)
        (refused,) = Cloud.refused
        assert (refused is None) is tried
        assert refused is None or refused.by_command
