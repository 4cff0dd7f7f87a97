"""`akoo-core audit`: lists strays by owner, and removes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import ClassVar

import click
import pytest

from akoo_core import errors
from akoo_core.cli.audit import find, remove
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin_host import loader, registry
from tests.unit.cli.commands_world import NOW, RECORDS, CommandWorld

GONE, OTHER = "akoo-00000000dead", "akoo-00000000beef"


class Balancer(api.Plugin):
    """An outside that is a tuple of strays; ``answers`` come before the removal itself."""

    name = "balancer"
    strays: ClassVar[list[api.Stray]] = []
    unseen: ClassVar[list[str]] = []
    answers: ClassVar[list[api.Result | Exception | Callable[[], None]]] = []
    seen: ClassVar[list[api.AuditContext]] = []
    stubborn: ClassVar[bool] = False

    @api.hookimpl
    async def audit(self, ctx: api.AuditContext) -> api.Audit | None:
        self.seen.append(ctx)
        async with ctx.external.call("avi", "GET pool", write=False):
            return api.Audit(strays=tuple(self.strays), unseen=tuple(self.unseen))

    @api.hookimpl
    async def remove_stray(self, ctx: api.AuditContext, owner: str) -> api.Result | None:
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, api.Done | api.Wait | api.Blocked):
                return answer
            answer()
        async with ctx.external.call("avi", "DELETE pool", write=True):
            if not self.stubborn:
                self.strays[:] = [stray for stray in self.strays if stray.owner != owner]
        return None


class Looks(api.Plugin):
    name = "looks"

    @api.hookimpl
    async def audit(self, ctx: api.AuditContext) -> api.Audit | None:
        return api.Audit(strays=(stray(OTHER, "Zone", "z"),))


class Writer(api.Plugin):
    name = "writer"

    @api.hookimpl
    async def audit(self, ctx: api.AuditContext) -> api.Audit | None:
        async with ctx.external.call("avi", "DELETE pool", write=True):
            raise AssertionError("it wrote")


class Quiet(api.Plugin):
    name = "quiet"


def stray(
    owner: str, kind: str, name: str, *, age: float | None = None, claim: str = ""
) -> api.Stray:
    return api.Stray(
        owner=owner,
        kind=kind,
        name=name,
        where="avi-1",
        tenant="admin",
        age_seconds=age,
        claim=claim,
    )


Select = Callable[..., None]


@pytest.fixture
def select(monkeypatch: pytest.MonkeyPatch) -> Select:
    """select(*plugins): these are what the settings select."""

    def select(*kinds: type[api.Plugin]) -> None:
        def load(loaded: object, **_: object) -> registry.PluginSet:
            return registry.PluginSet([kind() for kind in kinds])

        monkeypatch.setattr(loader, "load", load)

    for name in ("strays", "unseen", "answers", "seen"):
        monkeypatch.setattr(Balancer, name, [])
    select(Balancer)
    return select


def left() -> None:
    """Two things of GONE, one of OTHER."""
    Balancer.strays[:] = [
        stray(GONE, "VirtualService", "web", age=86400.0 * 3),
        stray(OTHER, "Pool", "x", claim="mgmt-2/1"),
        stray(GONE, "Pool", "web"),
    ]


def test_nothing_is_left(world: CommandWorld, select: Select) -> None:
    assert world("audit") == (0, "balancer: nothing without a living record\n", "")


def test_what_is_left_by_owner_with_counts(world: CommandWorld, select: Select) -> None:
    left()
    code, out, _ = world("audit", "balancer")
    assert code == 1
    assert out.splitlines() == [
        "balancer: 3 without a living record, of 2 owners",
        "  OWNER              KIND            NAME  WHERE  TENANT  AGE  CLAIM",
        f"  {OTHER}  Pool            x     avi-1  admin        mgmt-2/1",
        f"  {GONE}  Pool            web   avi-1  admin",
        f"  {GONE}  VirtualService  web   avi-1  admin   3d",
        f"  {OTHER}: 1 Pool",
        f"  {GONE}: 1 Pool, 1 VirtualService",
    ]


def test_json(world: CommandWorld, select: Select) -> None:
    Balancer.strays[:] = [stray(GONE, "Pool", "web", age=5.0)]
    Balancer.unseen[:] = ["tenant b: not allowed"]
    code, out, _ = world("audit", "--output", "json")
    assert code == 1
    (plugin,) = json.loads(out)["plugins"]
    assert (plugin["plugin"], plugin["unseen"]) == ("balancer", ["tenant b: not allowed"])
    assert plugin["strays"][0]["ageSeconds"] == 5.0


def test_what_was_not_seen_is_no_proof(world: CommandWorld, select: Select) -> None:
    Balancer.unseen[:] = ["tenant b: user akoo has no role there"]
    code, out, _ = world("audit")
    assert code == 1
    assert out.splitlines() == [
        "balancer: nothing in the places it could read",
        "  not seen: tenant b: user akoo has no role there",
    ]


def test_a_plugin_that_fails_or_writes_is_told_and_the_others_are_shown(
    world: CommandWorld, select: Select
) -> None:
    select(Writer, Balancer)
    code, out, _ = world("audit")
    assert code == 1
    assert "  not seen: ReadOnlyError: it tried to write in a read-only call" in out
    assert out.splitlines()[-1] == "balancer: nothing without a living record"


def test_nothing_of_a_living_record_is_shown(world: CommandWorld, select: Select) -> None:
    left()
    world.record("akoo-1", ako_cluster_name=GONE)
    world.record("akoo-2", ako_cluster_name=OTHER, finished_at=NOW)
    _, out, _ = world("audit")
    assert (GONE in out, OTHER in out) == (False, True)
    (ctx,) = Balancer.seen
    assert [record.name for record in ctx.records] == ["akoo-1", "akoo-2"]


def test_a_cluster_that_the_operator_does_not_watch_is_no_stray(
    world: CommandWorld, select: Select, monkeypatch: pytest.MonkeyPatch
) -> None:
    """watchNamespace limits the operator, and nothing that an audit knows."""
    left()
    world.record("akoo-1", ako_cluster_name=GONE)
    monkeypatch.setenv("AKOO_WATCH_NAMESPACE", "nowhere")
    _, out, _ = world("audit")
    assert (GONE in out, OTHER in out) == (False, True)
    code, _, err = world("audit", "--sweep", GONE, "--yes")
    assert (code, f"{GONE} belongs to record akoo-1" in err) == (2, True)


def test_a_record_that_cannot_be_read_counts_as_living(world: CommandWorld, select: Select) -> None:
    left()
    broken = {
        "apiVersion": RECORDS.api_version,
        "kind": RECORDS.kind,
        "metadata": {"name": "akoo-x"},
        "spec": {"clusterRef": 7, "akoClusterName": GONE},
    }
    world.server.seed(broken)
    _, out, _ = world("audit")
    assert GONE not in out
    assert "  not seen: record akoo-x cannot be read: spec." in out
    code, _, err = world("audit", "--sweep", GONE, "--yes")
    assert (code, f"{GONE} belongs to record akoo-x" in err) == (2, True)


def test_who_is_asked(world: CommandWorld, select: Select) -> None:
    select(Balancer, Looks, Quiet)
    assert world("audit", "looks")[1].startswith("looks: 1 without a living record")
    for name, message in (
        ("quiet", "plugin quiet has no audit"),
        ("look", 'no plugin "look" is selected (balancer, looks, quiet). Did you mean "looks"?'),
    ):
        assert world("audit", name) == (2, "", f"akoo-core: {message}\n")
    select(Quiet)
    assert world("audit") == (2, "", "akoo-core: no plugin has an audit (quiet)\n")


# --sweep.


def test_the_tenants_that_a_person_names_reach_the_plugin(
    world: CommandWorld, select: Select
) -> None:
    tenants: list[tuple[str, ...]] = []

    class Named(Balancer):
        @api.hookimpl
        async def remove_stray(self, ctx: api.AuditContext, owner: str) -> api.Result | None:
            tenants.append(ctx.tenants)
            self.strays.clear()
            return None

    select(Named)
    Balancer.strays[:] = [stray(GONE, "Pool", "p")]
    code, out, _ = world("audit", "--sweep", GONE, "--tenants", " blue, red,,", "--yes")
    assert code == 0
    assert tenants == [("blue", "red")]
    assert "Only objects in tenant blue, red are removed; the rest stays." in out


def test_one_owner_is_taken_away_and_nobody_else(world: CommandWorld, select: Select) -> None:
    left()
    Balancer.answers[:] = [
        api.Wait(reason="Deleting", message="deleting pools", after=0.001, left=2)
    ]
    code, out, err = world("audit", "--sweep", GONE, "--yes")
    assert (code, err) == (0, "")
    assert [stray.owner for stray in Balancer.strays] == [OTHER]
    lines = out.splitlines()
    assert lines[0] == f"balancer: 2 objects of {GONE} will be removed:"
    assert not [line for line in lines if OTHER in line]
    assert f"make sure that no running AKO is called {GONE}." in lines[4]
    assert lines[5:] == [
        "balancer: deleting pools (2 left)",
        "balancer: done",
        f"nothing of {GONE} is left",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sweep", "akoo-1"], "akoo-1 belongs to record akoo-1, which is not finished"),
        (["--sweep", "shop-7"], "shop-7 belongs to record akoo-1, which is not finished"),
        (["--sweep", GONE + "x"], f'carries the name {GONE}x. Did you mean "{GONE}'),
        (["--sweep", OTHER], f"{OTHER} is claimed by mgmt-2/1, not by this management cluster"),
        (["--tenants", "blue"], "--tenants needs --sweep"),
        (["--sweep", GONE, "--output", "json"], "--output json does not go with --sweep"),
    ],
)
def test_what_is_refused(
    world: CommandWorld, select: Select, arguments: list[str], message: str
) -> None:
    left()
    world.record("akoo-1", ako_cluster_name="shop-7")
    before = list(Balancer.strays)
    code, _, err = world("audit", "--yes", *arguments)
    assert (code, message in err) == (2, True), err
    assert Balancer.strays == before


def test_a_claim_of_our_own_or_of_one_that_is_gone(world: CommandWorld, select: Select) -> None:
    left()
    assert world("audit", "--sweep", OTHER, "--claimed-elsewhere", "--yes")[0] == 0
    ours = Balancer.seen[0].management_id
    Balancer.strays[:] = [stray(OTHER, "Pool", "x", claim=f"{ours}/2")]
    assert world("audit", "--sweep", OTHER, "--yes")[0] == 0
    assert Balancer.strays == []


@pytest.mark.parametrize(
    ("claim", "ours"),
    [
        ("prod, epoch 3", True),
        ("prod/3", True),
        ("prod-2, epoch 1", False),
        ("old-prod, epoch 1", False),
        ("prod.example, epoch 1", False),
        ("PROD, epoch 1", False),
    ],
)
def test_whose_claim_it_is(claim: str, ours: bool) -> None:
    results = [find.Result(plugin="p", strays=(stray(GONE, "Pool", "web", claim=claim),))]
    if ours:
        assert remove.chosen(results, GONE, "prod", claimed_elsewhere=False)
    else:
        with pytest.raises(errors.InputError, match="not by this management cluster"):
            remove.chosen(results, GONE, "prod", claimed_elsewhere=False)
        assert remove.chosen(results, GONE, "prod", claimed_elsewhere=True)


def test_a_plugin_that_only_looks(world: CommandWorld, select: Select) -> None:
    select(Looks)
    code, _, err = world("audit", "--sweep", OTHER, "--yes")
    assert (code, err) == (2, "akoo-core: plugin looks cannot remove strays\n")


def test_it_is_confirmed_by_its_name(
    world: CommandWorld, select: Select, monkeypatch: pytest.MonkeyPatch
) -> None:
    left()
    code, _, err = world("audit", "--sweep", GONE)
    assert (code, "give --yes if you mean it" in err) == (2, True)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    typed = ["yes", GONE]
    monkeypatch.setattr(click, "prompt", lambda *_, **__: typed.pop(0))
    code, _, err = world("audit", "--sweep", GONE)
    assert (code, err) == (1, "akoo-core: not confirmed; nothing was changed\n")
    assert len(Balancer.strays) == 3
    assert world("audit", "--sweep", GONE)[0] == 0
    assert len(Balancer.strays) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            api.Blocked(reason="ForeignReference", message="legacy-lb uses Pool web."),
            "balancer: ForeignReference: legacy-lb uses Pool web.",
        ),
        (ValueError("odd"), "remove_stray of plugin balancer: ValueError: odd"),
        (
            api.Wait(reason="Slow", message="later", after=3600.0),
            f"balancer is not done with {GONE} within 0:10:00; the rest stays",
        ),
    ],
)
def test_what_cannot_be_finished(
    world: CommandWorld, select: Select, answer: api.Result | Exception, message: str
) -> None:
    left()
    Balancer.answers[:] = [answer]
    code, _, err = world("audit", "--sweep", GONE, "--yes")
    assert (code, message in err) == (1, True), err
    assert len(Balancer.strays) == 3


def test_done_is_not_believed(
    world: CommandWorld, select: Select, monkeypatch: pytest.MonkeyPatch
) -> None:
    left()
    monkeypatch.setattr(Balancer, "stubborn", True)
    code, _, err = world("audit", "--sweep", GONE, "--yes")
    assert code == 1
    assert f"2 objects of {GONE} are still there (VirtualService web, Pool web)" in err
    monkeypatch.setattr(Balancer, "stubborn", False)
    Balancer.unseen[:] = ["tenant b: not allowed"]
    code, _, err = world("audit", "--sweep", GONE, "--yes")
    assert (code, "but not all could: tenant b: not allowed" in err) == (1, True)


def test_a_record_that_comes_meanwhile_ends_it(world: CommandWorld, select: Select) -> None:
    left()
    wait = api.Wait(reason="Deleting", message="deleting", after=0.001)

    class Comes(Balancer):
        @api.hookimpl
        async def remove_stray(self, ctx: api.AuditContext, owner: str) -> api.Result | None:
            assert not ctx.records, "it is asked once"
            world.record("akoo-9", ako_cluster_name=GONE, leaving=LEAVING)
            return wait

    select(Comes)
    code, _, err = world("audit", "--sweep", GONE, "--yes")
    assert (code, f"{GONE} belongs to record akoo-9" in err) == (1, True)


LEAVING = record.Leaving(cause="ClusterDeleted", started_at=NOW)
