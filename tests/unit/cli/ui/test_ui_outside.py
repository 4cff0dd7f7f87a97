"""Systems outside on a cluster's page: no page waits for them; each plugin answers for itself."""

from __future__ import annotations

import asyncio
import datetime
import html
from typing import Literal

import pytest

from akoo_core import external, settings, structs
from akoo_core.cli import management, operating
from akoo_core.cli.check.ask import PluginFindings
from akoo_core.cli.explain import command as explain
from akoo_core.cli.explain.command import Facts
from akoo_core.cli.plan.ask import PluginPlan
from akoo_core.cli.ui import asking, outside, outside_page
from akoo_core.clock import ManualClock
from akoo_core.kube import client
from akoo_core.kube.access import kubefiles
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import SecretMissingError
from akoo_core.plugin_host import registry
from akoo_core.testing import builders
from akoo_core.testing.memory import MemoryServer
from tests.unit.cli.ui import ui_world

SECONDS = ui_world.SECONDS
AT = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)
POOL = api.PlannedAction(
    action="delete", kind="Pool", name="web", where="avi.example.com", why="our mark"
)
HOSTILE = api.PlannedAction(action="keep", kind="Pool", name=ui_world.HOSTILE, why="of others")


class PaperAsker:
    """Answers after ``gate`` is set, and counts questions."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.asked: list[str] = []
        self.answers: tuple[PluginPlan, ...] | Exception = (
            PluginPlan(plugin="avi", actions=(POOL, HOSTILE)),
        )

    async def objects(self, facts: Facts, record: record.Record) -> tuple[PluginPlan, ...]:
        self.asked.append(f"{facts.key} {record.name}")
        await self.gate.wait()
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers

    async def systems(
        self, configs: tuple[structs.JSON, ...], records: tuple[record.Record, ...]
    ) -> tuple[PluginFindings, ...]:
        self.asked.append(f"systems of {len(records)}")
        await self.gate.wait()
        late = "VSphereConnection/vc: Reachable"
        return (
            PluginFindings(plugin="avi", problem="no answer within 20 s"),
            PluginFindings(plugin="vsphere", findings=(finding(late, "wrong", "No route."),)),
        )


def finding(subject: str, state: api.FindingState, message: str = "") -> api.Finding:
    return api.Finding(
        system="vc.example.com", subject=subject, state=state, message=message, version="8.0"
    )


async def shown(world: ui_world.UiWorld, path: str = "/cluster/team-a/shop-0") -> str:
    """The page as it is now, as HTML."""
    async with world.visitor() as visitor, visitor.get(f"{world.base}{path}") as answer:
        assert answer.status == 200
        return await answer.text()


async def shown_with(world: ui_world.UiWorld, *texts: str) -> str:
    """The page, as soon as it has these texts."""
    async with asyncio.timeout(SECONDS):
        while True:
            version = world.sight.version
            page = await shown(world)
            if all(text in html.unescape(page) for text in texts):
                return page
            await world.sight.after(version)


async def test_a_page_does_not_wait_and_the_answer_is_a_change() -> None:
    asker = PaperAsker()
    async with ui_world.opened(asker=asker) as world:
        page = await shown(world)
        assert "Objects: being asked for." in page
        asker.gate.set()
        row = '<td>Pool</td><th scope="row">web</th><td>avi.example.com</td>'
        page = await shown_with(world, row)
        assert "Objects: being asked for." not in page


async def test_a_live_update_asks_nobody_until_the_answer_is_old() -> None:
    asker, clock = PaperAsker(), ManualClock()
    asker.gate.set()
    async with ui_world.opened(asker=asker, clock=clock) as world:
        for _ in range(3):
            await shown(world)
        questions = ["team-a/shop-0 akoo-0", "systems of 3"]
        assert asker.asked == questions
        clock.advance(outside.AGAIN_SECONDS - 1)
        await shown(world)
        assert asker.asked == questions
        clock.advance(1)
        await shown(world)
        assert asker.asked == questions * 2
        await shown(world, "/")
        assert asker.asked == questions * 2


async def test_another_phase_is_asked_for_soon() -> None:
    asker, clock = PaperAsker(), ManualClock()
    asker.gate.set()
    async with ui_world.opened(asker=asker, clock=clock) as world:
        await shown(world)
        await world.set_status(0, phase="Sweeping", left=7)
        await shown_with(world, "Sweeping")
        questions = ["team-a/shop-0 akoo-0", "systems of 3"]
        assert asker.asked == questions
        clock.advance(outside.CHANGED_SECONDS)
        await shown(world)
        assert asker.asked == [*questions, questions[0]]
        clock.advance(outside.CHANGED_SECONDS)
        await shown(world)
        assert asker.asked == [*questions, questions[0]]


async def test_a_question_that_runs_is_not_asked_again() -> None:
    asker, clock = PaperAsker(), ManualClock()
    async with ui_world.opened(asker=asker, clock=clock) as world:
        await shown(world)
        clock.advance(10 * outside.AGAIN_SECONDS)
        await shown(world)
        assert len(asker.asked) == 2


async def test_names_from_outside_are_text_and_problems_are_shown() -> None:
    asker = PaperAsker()
    asker.gate.set()
    async with ui_world.opened(asker=asker) as world:
        late, unreached = "avi: no answer within 20 s", "VSphereConnection/vc: Reachable: No route."
        page = await shown_with(world, ui_world.HOSTILE, late, unreached)
        assert "<script>alert" not in page


async def test_an_exception_is_shown_as_the_reason() -> None:
    asker = PaperAsker()
    asker.answers = RuntimeError("password=hunter2 was not taken")
    asker.gate.set()
    async with ui_world.opened(asker=asker) as world:
        reason = "No plugin could be asked: RuntimeError: password=*** was not taken"
        assert "hunter2" not in await shown_with(world, reason)


def test_only_things_of_this_cluster_are_listed() -> None:
    uses = (
        record.StoredUse(plugin="vsphere", group="g", kind="VSpherePortGroup", name="a", uid="u"),
    )
    obj = record.to_object("akoo-1", builders.record_spec(uses=uses))
    obj["metadata"] |= {
        "uid": "u",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    findings = (
        finding("VSphereConnection/vc: Reachable", "good"),
        finding("VSphereConnection/vc: Permitted", "unknown", "Not asked."),
        finding("VSpherePortGroup/a", "good", "It is as it is wanted."),
        finding("VSpherePortGroup/b", "wrong", "It is gone."),
    )
    page = outside_page.page_of(
        record.from_object(obj),
        outside.Seen(),
        outside.Seen((PluginFindings(plugin="vsphere", findings=findings),), AT),
    )
    (system,) = page.systems
    assert (system.name, system.version, system.good) == ("vc.example.com", "8.0", 2)
    assert system.findings == findings[1:3]
    assert (page.objects_at, page.systems_at) == ("", "2026-05-01 12:00:00 UTC")


def test_many_objects_are_cut_and_counted() -> None:
    obj = record.to_object("akoo-1", builders.record_spec())
    obj["metadata"] |= {
        "uid": "u",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    answer = PluginPlan(plugin="avi", actions=(POOL,) * (outside_page.SHOWN_OBJECTS + 3))
    page = outside_page.page_of(
        record.from_object(obj), outside.Seen((answer,), AT), outside.Seen()
    )
    (seen,) = page.objects
    assert (len(seen.objects), seen.total) == (outside_page.SHOWN_OBJECTS, 203)


class Answering(api.Plugin):
    """Answers at once, or never, or with an error."""

    name = "answering"

    async def plan_now(self) -> tuple[api.PlannedAction, ...]:
        return (POOL,)

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: Literal["prepare", "sweep"]
    ) -> tuple[api.PlannedAction, ...] | None:
        assert (verb, ctx.view.record_name) == ("sweep", "akoo-0")
        return await self.plan_now()

    @api.hookimpl
    async def check(self, ctx: api.CheckContext) -> tuple[api.Finding, ...] | None:
        await self.plan_now()
        return (finding("token", "good"),)


class Silent(Answering):
    name = "silent"

    async def plan_now(self) -> tuple[api.PlannedAction, ...]:
        await asyncio.Event().wait()
        raise AssertionError


class Refused(Answering):
    name = "refused"

    async def plan_now(self) -> tuple[api.PlannedAction, ...]:
        raise SecretMissingError("Secret ops/avi does not exist. Create it.")


class Writing(Answering):
    name = "writing"

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: Literal["prepare", "sweep"]
    ) -> tuple[api.PlannedAction, ...] | None:
        async with ctx.external.call("avi", "DELETE pool", write=True):
            raise AssertionError("it wrote")


async def test_each_plugin_answers_for_itself_and_only_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kube = MemoryServer()
    ui_world.seed(kube, 0)

    async def connect(
        choice: kubefiles.KubeconfigChoice | None, seam: external.External | None = None
    ) -> client.KubeClient:
        return kube.client(external=seam)

    monkeypatch.setattr(management, "connect", connect)
    monkeypatch.setattr(management, "chosen", lambda _: None)
    monkeypatch.setattr(asking, "SECONDS", 0.05)
    monkeypatch.setattr(asking, "SYSTEMS_SECONDS", 0.05)
    plugins = registry.PluginSet([Answering(), Silent(), Refused(), Writing()])
    loaded = operating.OperatorParts(settings.Settings(), plugins, ())
    seam = loaded.seam(external.ReadOnly())
    kubeclient = kube.client(external=seam)
    asker = asking.PluginAsker(kubeclient, loaded, seam, None)
    facts = await explain.ask(kubeclient, "team-a", "shop-0")
    try:
        (made,) = facts.records
        objects = await asker.objects(facts, made)
        systems = await asker.systems((), (made,))
    finally:
        await asker.close()
        await kubeclient.close()
    late = "no answer within 0 s. See akoo-core check silent"
    missing = "Secret ops/avi does not exist. Create it."
    assert {answer.plugin: answer.actions or answer.problem for answer in objects} == {
        "answering": (POOL,),
        "silent": late,
        "refused": f"SecretMissing: {missing}",
        "writing": "ReadOnlyError: it tried to write in a read-only call. Nothing was changed",
    }
    assert {answer.plugin: answer.good or answer.problem for answer in systems} == {
        "answering": True,
        "silent": late,
        "refused": f"SecretMissingError: {missing}",
        "writing": True,
    }
