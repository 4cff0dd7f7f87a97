"""run_verb, Worlds, recorded spans and builders, as plugin authors use them."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

import akoo_core.testing as package
from akoo_core import errors, structs, testing
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.testing import builders, spans
from tests.unit.testing.conformance_cloud import VOLUMES, CloudWorld, GoodPlugin, Region, Volume

POST = "cloud POST volume vol-" + builders.record_spec().ako_cluster_name


class Demo(api.Plugin):
    """Whatever a test sets."""

    name = "demo"


def made() -> tuple[CloudWorld, GoodPlugin]:
    world = CloudWorld()
    return world, GoodPlugin(world.cloud)


def test_the_public_names_are_all_there_and_no_others() -> None:
    private = {
        "calls",
        "chapters",
        "commands",
        "deploying",
        "fleet",
        "observing",
        "sources",
        "spans",
        "verbs",
        "world",
    }
    visible = {name for name in vars(package) if not name.startswith("_")}
    modules = {name for name in visible if name.startswith("memory")} | private
    modules -= set(package.__all__)
    assert visible - modules == set(package.__all__)


def test_a_run_tells_result_facts_calls_and_writes() -> None:
    world, plugin = made()
    run = testing.run_verb(plugin, "prepare", world)
    assert run.result == api.Done(facts=(Volume(name="vol-" + world.record_name),))
    assert run.facts == (Volume(name="vol-" + world.record_name),)
    assert [str(call) for call in run.calls] == [
        "kubernetes get secrets ops/cloud",
        POST.replace("POST", "GET"),
        POST,
    ]
    assert run.writes == (POST,)
    assert testing.run_verb(plugin, "prepare", world).writes == ()


def test_what_verbs_answer_is_stored_as_the_engine_does() -> None:
    world, plugin = made()
    testing.run_verb(plugin, "prepare", world)
    assert world.spec.intents["good"].data == {"volume": "vol-" + world.record_name}
    assert world.spec.facts["Volume"].plugin == "good"
    assert world.spec.plugins == ("good",)
    world.leave()
    assert world.cluster is not None
    assert world.cluster.deleting
    testing.run_verb(plugin, "sweep", world)
    assert world.spec.leaving is not None
    assert world.spec.leaving.swept_at == world.clock.now()


def test_contributions_are_deployed_into_the_workload_cluster() -> None:
    world, plugin = made()
    with pytest.raises(VerbError, match="NotFoundError"):
        testing.run_verb(plugin, "observe", world)
    run = testing.run_verb(plugin, "contribute", world)
    assert run.contribution is not None
    world.run(testing.deploy(run.contribution, plugin, world))
    (config_map,) = world.workload.objects(resource.CONFIG_MAPS)
    assert config_map["data"] == {"region": "north", "zone": "b"}
    assert config_map["metadata"]["labels"]["akoo.io/record"] == world.record_name
    (secret,) = world.workload.objects(resource.SECRETS)
    assert secret["data"] == {"token": world.secrets[0]["data"]["token"]}
    assert isinstance(testing.run_verb(plugin, "observe", world).result, api.Done)


def test_spans_of_core_and_plugin_are_recorded_with_their_parents() -> None:
    world, plugin = made()
    run = testing.run_verb(plugin, "prepare", world)
    parents = [(span.name, span.parent) for span in run.spans]
    assert parents == [
        ("intend good", ""),
        ("kubernetes get secrets", "prepare good"),
        ("cloud GET volume", "prepare good"),
        ("cloud POST volume", "prepare good"),
        ("prepare good", ""),
    ]
    assert run.spans[-1].attributes["akoo.record"] == world.record_name
    assert run.spans[-1].attributes["akoo.result"] == "done"


def test_nothing_is_recorded_outside_of_a_recording() -> None:
    with testing.recorded() as first:
        world, plugin = made()
        testing.run_verb(plugin, "verify", world)
    seen = len(first.spans)
    testing.run_verb(plugin, "verify", world)
    assert (seen, len(first.spans)) == (2, 2)


def test_a_missing_sdk_is_said_when_spans_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "available", lambda: False)
    world, plugin = made()
    run = testing.run_verb(plugin, "verify", world)
    assert isinstance(run.result, api.Proof)
    with pytest.raises(errors.InputError, match="pip install opentelemetry-sdk"):
        _ = run.spans


def test_errors_of_a_verb_come_out_as_in_the_operator() -> None:
    class Raises(Demo):
        @api.hookimpl
        async def observe(self, ctx: api.VerbContext) -> api.Result:
            raise ValueError("no such thing")

    with pytest.raises(VerbError, match="observe of plugin demo: ValueError: no such thing"):
        testing.run_verb(Raises(), "observe")


def test_time_is_virtual_and_goes_on_from_run_to_run() -> None:
    class Patient(Demo):
        @api.hookimpl
        async def prepare(self, ctx: api.VerbContext) -> api.Result:
            before = ctx.clock.now()
            await asyncio.sleep(45)
            return api.Done(message=str((ctx.clock.now() - before).total_seconds()))

        @api.hookimpl
        async def observe(self, ctx: api.VerbContext) -> api.Result:
            await asyncio.sleep(3600)
            return api.Done()

    world = testing.World()
    start = world.clock.now()
    assert testing.run_verb(Patient(), "prepare", world).result == api.Done(message="45.0")
    with pytest.raises(VerbError, match="longer than 30 s"):
        testing.run_verb(Patient(), "observe", world)
    assert (world.clock.now() - start).total_seconds() == 75
    world.clock.advance(5)
    assert (world.clock.now() - start).total_seconds() == 80


async def test_inside_a_loop_a_verb_is_awaited() -> None:
    world, plugin = made()
    with pytest.raises(TypeError, match="await call_verb"):
        testing.run_verb(plugin, "prepare", world)
    run = await testing.call_verb(plugin, "prepare", world)
    assert run.writes == (POST,)


def test_threads_are_called_at_once() -> None:
    class Blocking(Demo):
        @api.hookimpl
        async def observe(self, ctx: api.VerbContext) -> api.Result:
            return api.Done(version=await ctx.threads.run(str.upper, "v1"))

    assert testing.run_verb(Blocking(), "observe").result == api.Done(version="V1")


def test_secrets_are_read_from_the_given_ones_only() -> None:
    class Reads(Demo):
        source = api.SecretSource(namespace="ops", name="cloud", key="token")

        @api.hookimpl
        async def observe(self, ctx: api.VerbContext) -> api.Result:
            value = await ctx.secrets.read(self.source)
            return api.Done(version=str(value == b"c4nary-cloud-token"))

    world = testing.World(secrets=[builders.secret("ops", "cloud", "token")])
    assert testing.run_verb(Reads(), "observe", world).result == api.Done(version="True")
    blocked = testing.run_verb(Reads(), "observe", testing.World()).result
    assert isinstance(blocked, api.Blocked)
    assert blocked.reason == "SecretNamespaceNotAllowed"


@pytest.mark.parametrize(("moment", "volumes"), [("before", 0), ("after", 1)])
def test_calls_fail_on_order(moment: testing.calls.Moment, volumes: int) -> None:
    world, plugin = made()
    world.calls.fail(3, moment, kube_errors.UnreachableError("gone"))
    with pytest.raises(VerbError, match="UnreachableError: gone"):
        testing.run_verb(plugin, "prepare", world)
    assert len(world.cloud.volumes) == volumes
    world.calls.heal()
    testing.run_verb(plugin, "prepare", world)
    assert len(world.cloud.volumes) == 1


def test_a_crash_is_caught_by_nobody() -> None:
    world, plugin = made()
    world.calls.fail(1, "before", testing.Crash())
    with pytest.raises(testing.Crash):
        testing.run_verb(plugin, "prepare", world)


def test_controllers_get_their_kinds_only() -> None:
    world, plugin = made()
    run = testing.run_reconcile(plugin, "volumes", "shared", world)
    assert run.writes == ("kubernetes patch volumes/status shared",)
    assert testing.run_reconcile(plugin, "volumes", "shared", world).writes == ()


def test_verbs_read_the_kinds_of_their_controllers_and_write_none() -> None:
    class Looks(GoodPlugin):
        @api.hookimpl
        async def prepare(self, ctx: api.VerbContext) -> api.Result:
            assert ctx.shared is not None
            volume = await ctx.shared.get(VOLUMES, "shared")
            if self.cloud.volumes:
                await ctx.shared.merge_patch(VOLUMES, "shared", {})
            return api.Done(message=volume["metadata"]["name"])

    world = CloudWorld()
    plugin = Looks(world.cloud)
    run = testing.run_verb(plugin, "prepare", world)
    assert run.result == api.Done(message="shared")
    world.cloud.volumes.append("x")
    with pytest.raises(VerbError, match=r"good, outside of its controllers, may not write volumes"):
        testing.run_verb(plugin, "prepare", world)


def test_a_plugin_without_controllers_reads_nothing_shared() -> None:
    class Looks(Demo):
        @api.hookimpl
        async def observe(self, ctx: api.VerbContext) -> api.Result:
            return api.Done(version=str(ctx.shared))

    assert testing.run_verb(Looks(), "observe").result == api.Done(version="None")


def test_what_is_planned_is_done() -> None:
    world, plugin = made()
    testing.run_verb(plugin, "intend", world)
    (action,) = testing.run_plan(plugin, "prepare", world).actions
    assert (action.action, action.name) == ("create", f"vol-{world.record_name}")
    testing.run_verb(plugin, "prepare", world)
    assert testing.run_plan(plugin, "prepare", world).actions == ()
    world.leave()
    assert [action.action for action in testing.run_plan(plugin, "sweep", world).actions] == [
        "delete"
    ]


def test_what_is_left_behind_is_taken_away_by_name() -> None:
    world, plugin = made()
    world.cloud.volumes += ["vol-gone", f"vol-{world.record_name}"]
    run = testing.run_audit(plugin, world)
    assert [stray.owner for stray in run.strays] == ["gone"]
    assert len(testing.run_audit(plugin, world, records=()).strays) == 2
    run = testing.run_remove_stray(plugin, "gone", world)
    assert (run.result, run.writes) == (api.Done(), ("cloud DELETE volume vol-gone",))
    assert testing.run_audit(plugin, world).strays == ()
    world.spec = structs.replace(world.spec, finished_at=world.clock.now())
    assert len(testing.run_audit(plugin, world).strays) == 1, "its record is finished"


def test_what_looks_cannot_write_and_verbs_can_again() -> None:
    class Writes(GoodPlugin):
        @api.hookimpl
        async def audit(self, ctx: api.AuditContext) -> api.Audit | None:
            await self.remove_stray(ctx, "x")
            return None

    world = CloudWorld()
    plugin = Writes(world.cloud)
    with pytest.raises(VerbError, match="ReadOnlyError"):
        testing.run_audit(plugin, world)
    assert testing.run_remove_stray(plugin, "x", world).result == api.Done()


def test_prepare_and_release_do_not_get_to_the_workload_cluster() -> None:
    class Looks(Demo):
        @api.hookimpl
        async def prepare(self, ctx: api.VerbContext) -> api.Result:
            return api.Done(version=str(ctx.workload is None))

        @api.hookimpl
        async def observe(self, ctx: api.VerbContext) -> api.Result:
            return api.Done(version=str(ctx.workload is None))

        @api.hookimpl
        async def release(self, ctx: api.VerbContext) -> api.Result:
            return api.Done(version=str(ctx.workload is None))

    for verb, absent in {"prepare": "True", "observe": "False", "release": "True"}.items():
        assert testing.run_verb(Looks(), verb).result == api.Done(version=absent)


def test_a_plugin_without_a_name_must_be_installed() -> None:
    class Nameless(api.Plugin):
        """Has no entry point."""

    with pytest.raises(errors.InputError, match=r"set plugin\.name"):
        testing.run_verb(Nameless(), "observe")


def test_a_plugin_that_breaks_the_contract_is_refused() -> None:
    class Misspelt(Demo):
        @api.hookimpl
        async def prepair(self, ctx: api.VerbContext) -> api.Result:
            return api.Done()

    with pytest.raises(errors.InputError, match=r'test_run_verb\.py:\d+: .*did you mean "prepare"'):
        testing.run_verb(Misspelt(), "prepare")


def test_states_differ_by_content_and_not_by_time_or_version() -> None:
    first, other = CloudWorld(), CloudWorld()
    other.clock.advance(100)
    for world in (first, other):
        client = world.workload.client()
        body = {"metadata": {"annotations": {"at": world.clock.now().isoformat()}}}
        world.run(client.merge_patch(resource.NAMESPACES, "default", body))
    assert first.state() == other.state()
    other.cloud.volumes.append("more")
    assert first.state() != other.state()


def test_builders_make_what_the_core_reads() -> None:
    built = builders.record(plugins=("demo",), leaving=builders.leaving("UserWord"))
    again = record.from_object(
        {
            **record.to_object(built.name, built.spec),
            "metadata": {
                "name": built.name,
                "uid": built.uid,
                "resourceVersion": "1",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "labels": built.labels,
                "finalizers": list(built.finalizers),
            },
        }
    )
    assert again == built
    assert builders.cluster(ready=False).connectable is False
    assert builders.cluster(deleting=True).deleting
    stored = builders.stored_facts("cloud", Region(name="north"))
    assert stored == {
        "Region": record.StoredFact(plugin="cloud", version=1, data={"name": "north"})
    }


class Options(structs.StrictStruct, frozen=True, kw_only=True):
    size: int = 1


def test_the_config_of_the_plugin_is_decoded() -> None:
    class Configured(Demo):
        config_type: ClassVar[type[structs.StrictStruct] | None] = Options

        @api.hookimpl
        def intend(self, view: api.View) -> api.Intent:
            return api.Intent(data={"size": view.plugin_config.size})

    world = testing.World(config=builders.config(plugins={"demo": {"size": 3}}))
    assert testing.run_verb(Configured(), "intend", world).result == api.Intent(data={"size": 3})
    wrong = testing.World(config=builders.config(plugins={"demo": {"sice": 3}}))
    with pytest.raises(structs.DecodeError, match=r"spec\.plugins\.demo\.sice: .*size"):
        testing.run_verb(Configured(), "intend", wrong)
