"""drain and fence: AKO asked to clean up, then stopped; against an API server in memory."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from akoo_ako import drain, fence, names
from akoo_ako.plugin import AkoPlugin
from akoo_ako.running import workload
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import clock, structs
from akoo_core.kube import errors, resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders, memory

SOMEWHERE = record.Workload(kube_system_uid="u-3")
"""Something was deployed once."""
CLUSTER_IP = {
    "extraConfigs.ingress.serviceType": "ClusterIP",
    "extraConfigs.disableStaticRouteSync": False,
}


@dataclasses.dataclass
class World:
    """A workload cluster with AKO, and hands to play AKO's and the kubelet's part."""

    build: Any
    server: memory.MemoryServer
    clock: clock.ManualClock

    async def drain(self) -> api.Result:
        return await drain.drain(self.build.context(self.server.client(), now=self.clock))

    async def fence(self) -> api.Fenced | api.Wait:
        return await fence.fence(self.build.context(self.server.client(), now=self.clock))

    async def report(self, value: str | None, name: str = names.DELETION_STATUS) -> None:
        await self.server.client().merge_patch(
            resource.STATEFUL_SETS,
            names.STATEFUL_SET,
            {"metadata": {"annotations": {name: value}}},
            names.NAMESPACE,
        )

    async def kill(self, name: str = "ako-0") -> None:
        await self.server.client().delete(resource.PODS, name, names.NAMESPACE)

    @property
    def config_map(self) -> dict[str, Any]:
        return self.server.objects(resource.CONFIG_MAPS, names.NAMESPACE)[0]

    @property
    def stateful_set(self) -> dict[str, Any]:
        return self.server.objects(resource.STATEFUL_SETS, names.NAMESPACE)[0]

    def asked(self) -> bool:
        return bool(self.config_map["data"]["deleteConfig"] == "true")


@pytest.fixture
def world(build: Any) -> Callable[..., World]:
    def make(changes: dict[str, Any] | None = None, *others: dict[str, Any]) -> World:
        now = clock.ManualClock()
        server = memory.MemoryServer(clock=now)
        server.seed(*build.deployed(build.view(build.adc(changes))), *others or [build.pod()])
        return World(build, server, now)

    return make


def reason(answer: object) -> str:
    return answer.reason if isinstance(answer, api.Wait) else type(answer).__name__


def message(answer: object) -> str:
    assert isinstance(answer, api.Done)
    return answer.message


async def test_ako_is_asked_and_its_word_awaited(world: Callable[..., World]) -> None:
    ako = world()
    assert reason(await ako.drain()) == "AkoDeleting"
    assert ako.asked()
    await ako.report("Started")
    assert reason(await ako.drain()) == "AkoDeleting"
    await ako.report("Done")
    assert message(await ako.drain()) == "AKO says Done."


@pytest.mark.parametrize(
    ("use", "tenants", "asked"),
    [
        (None, (), False),
        (
            api.ClusterNameUse(name="my-cluster", exclusive=False, objects=("x",), count=1),
            (),
            False,
        ),
        (api.ClusterNameUse(name="my-cluster", exclusive=True), (), True),
        (None, ("admin",), True),
    ],
)
async def test_an_ako_whose_name_others_may_use_is_not_asked(
    world: Callable[..., World], use: api.Fact | None, tenants: tuple[str, ...], asked: bool
) -> None:
    ako = world()
    view = ako.build.view()
    facts = builders.stored_facts("avi", *([use] if use else []))
    spec = structs.replace(view.spec, ako_cluster_name="my-cluster", facts=facts)
    adopted = structs.replace(view, spec=spec, sweep_tenants=tenants)
    answer = await drain.drain(ako.build.context(ako.server.client(), now=ako.clock, of=adopted))
    assert ako.asked() is asked
    assert (reason(answer) == "AkoDeleting") is asked
    assert asked or 'its clusterName "my-cluster" was not shown' in message(answer)


async def test_an_old_done_is_not_believed(world: Callable[..., World]) -> None:
    ako = world()
    await ako.report("Done")
    assert reason(await ako.drain()) == "AkoDeleting"
    assert ako.asked()
    assert names.DELETION_STATUS not in ako.stateful_set["metadata"].get("annotations", {})
    assert reason(await ako.drain()) == "AkoDeleting"


async def test_a_crash_after_clearing_asks_in_the_next_call(world: Callable[..., World]) -> None:
    ako = world()
    await ako.report("Done")
    ako.server.faults.before("patch configmaps", errors.UnreachableError("gone"))
    with pytest.raises(errors.UnreachableError):
        await ako.drain()
    assert not ako.asked()
    await ako.drain()
    assert ako.asked()
    assert reason(await ako.drain()) == "AkoDeleting"


async def test_timeout_is_an_end_with_a_hint(world: Callable[..., World]) -> None:
    ako = world()
    await ako.drain()
    await ako.report("Timeout")
    assert "it gave up, something may be left" in message(await ako.drain())


async def test_both_containers_must_answer(world: Callable[..., World]) -> None:
    ako = world({"extraConfigs.featureGates.GatewayAPI": True})
    await ako.drain()
    await ako.report("Done")
    assert reason(await ako.drain()) == "AkoDeleting"
    await ako.report("Done", names.GATEWAY_DELETION_STATUS)
    assert message(await ako.drain()) == "AKO says Done, Done."


async def test_silence_is_asked_again_by_a_flip(world: Callable[..., World]) -> None:
    """AKO does nothing, for ever, when Avi did not answer at the moment of the question."""
    ako = world()
    await ako.drain()
    ako.clock.advance(59)
    before = ako.config_map["metadata"]["resourceVersion"]
    await ako.drain()
    assert ako.config_map["metadata"]["resourceVersion"] == before
    ako.clock.advance(1)
    seen = await written_values(ako)
    assert seen == ["false", "true"]


async def written_values(ako: World) -> list[str]:
    """deleteConfig after each write that one call of drain makes."""
    client, values = ako.server.client(), []
    merge_patch = client.merge_patch

    async def spy(*args: Any, **kwargs: Any) -> Any:
        obj = await merge_patch(*args, **kwargs)
        values.append(obj["data"]["deleteConfig"])
        return obj

    client.merge_patch = spy  # type: ignore[method-assign]
    await drain.drain(ako.build.context(client, now=ako.clock))
    return values


async def test_done_in_cluster_ip_mode_leaves_time_for_the_label(
    world: Callable[..., World],
) -> None:
    """AKO takes its label off the SE group only after Done; stopped at once it would stay."""
    ako = world(CLUSTER_IP)
    await ako.drain()
    await ako.report("Done")
    assert reason(await ako.drain()) == "AkoDeleting"
    ako.clock.advance(4)
    assert reason(await ako.drain()) == "AkoDeleting"
    ako.clock.advance(1)
    assert message(await ako.drain()) == "AKO says Done."


async def test_a_label_that_asked_before_counts(world: Callable[..., World]) -> None:
    ako = world()
    await ako.server.client().merge_patch(
        resource.CONFIG_MAPS, names.CONFIG_MAP, {"data": {"deleteConfig": "true"}}, names.NAMESPACE
    )
    await ako.report("Done")
    assert message(await ako.drain()) == "AKO says Done."


async def test_nobody_is_asked_where_nobody_runs(world: Callable[..., World], build: Any) -> None:
    waiting = {"name": "ako", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    crashed = world(None, build.pod(status={"containerStatuses": [waiting]}))
    dying = world(None, build.pod(metadata={"finalizers": ["example.com/hold"]}))
    await dying.kill()
    for ako in (crashed, dying):
        assert message(await ako.drain()) == "AKO is not running: it cannot delete its Avi objects."
        assert not ako.asked()


async def test_ako_that_dies_half_way_is_not_waited_for(world: Callable[..., World]) -> None:
    ako = world()
    await ako.drain()
    await ako.report("Started")
    await ako.kill()
    assert message(await ako.drain()).startswith("AKO is not running")


async def test_foreign_objects_are_not_touched(world: Callable[..., World]) -> None:
    ako = world()
    await ako.server.client().merge_patch(
        resource.CONFIG_MAPS,
        names.CONFIG_MAP,
        {"metadata": {"labels": {"akoo.io/record": "akoo-000000000000"}}},
        names.NAMESPACE,
    )
    assert message(await ako.drain()) == "ConfigMap of AKO was not made by us: AKO was not asked."
    assert not ako.asked()


async def test_nothing_to_drain(build: Any) -> None:
    empty = memory.MemoryServer()
    assert "not deployed" in message(await drain.drain(build.context(empty.client())))
    assert "does not answer" in message(await drain.drain(build.context(None)))


async def test_management_cluster_is_never_told(build: Any, world: Callable[..., World]) -> None:
    ako = world()
    reference = record.ClusterRef(namespace="tkg-system", name="mc", uid="u")
    view = build.view(cluster=None, cluster_ref=reference)
    answer = await drain.drain(build.context(ako.server.client(), of=view))
    assert message(answer) == "AKO of the management cluster is never told to delete."
    assert not ako.asked()


async def test_a_write_in_between_is_a_conflict(world: Callable[..., World]) -> None:
    ako = world()
    client = ako.server.client()
    config_map = await client.get(resource.CONFIG_MAPS, names.CONFIG_MAP, names.NAMESPACE)
    await client.merge_patch(
        resource.CONFIG_MAPS, names.CONFIG_MAP, {"data": {"logLevel": "WARN"}}, names.NAMESPACE
    )
    with pytest.raises(errors.ConflictError):
        await drain.patch_config_map(client, config_map, {"data": {"deleteConfig": "true"}})


STEADY = hypothesis.settings(derandomize=True, deadline=None, max_examples=300)
REPORTS = st.sampled_from(["", "Started", "Done", "Timeout"])
TIMES = st.none() | st.integers(0, 200).map(
    lambda age: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) - datetime.timedelta(seconds=age)
)


@STEADY
@given(
    st.builds(
        drain.State,
        asked=st.booleans(),
        asked_at=TIMES,
        answered_at=TIMES,
        reports=st.lists(REPORTS, min_size=1, max_size=2).map(tuple),
        removes_labels=st.booleans(),
    )
)
def test_drain_ends_only_on_an_answer_to_our_question(state: drain.State) -> None:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    step = drain.next_step(state, now)
    if step == "end":
        assert state.asked
        assert set(state.reports) <= {"Done", "Timeout"}
    if step == "clear":
        assert not state.asked
        cleared = state._replace(reports=("",) * len(state.reports))
        assert drain.next_step(cleared, now) == "ask"
    if step == "ask again":
        assert not any(state.reports)


# fence


async def test_fence_scales_to_zero_and_sees_no_pod(world: Callable[..., World]) -> None:
    ako = world()
    assert reason(await ako.fence()) == "AkoStopping"
    assert ako.stateful_set["spec"]["replicas"] == 0
    assert reason(await ako.fence()) == "AkoStopping"
    await ako.kill()
    answer = await ako.fence()
    assert isinstance(answer, api.Fenced)
    assert (answer.grade, "is at 0 replicas" in answer.evidence) == ("Stopped", True)


async def test_a_pod_of_another_install_counts(world: Callable[..., World], build: Any) -> None:
    stray = build.pod("other", metadata={"labels": {"app.kubernetes.io/name": "ako"}})
    ako = world(None, build.pod(), stray)
    await ako.fence()
    await ako.kill()
    answer = await ako.fence()
    assert isinstance(answer, api.Wait)
    assert answer.message == "Pods are ending: other."


async def test_a_pod_stuck_on_a_dead_node_is_named(world: Callable[..., World], build: Any) -> None:
    ako = world(None, build.pod(metadata={"finalizers": ["example.com/hold"]}))
    await ako.kill()
    await ako.fence()
    ako.clock.advance(30)
    assert reason(await ako.fence()) == "AkoStopping"
    ako.clock.advance(1)
    answer = await ako.fence()
    assert isinstance(answer, api.Wait)
    assert answer.reason == "AkoPodStuck"
    assert "Pod ako-0 should have been gone 31 s ago; its Node node-1" in answer.message


async def test_nothing_there_is_stopped(build: Any) -> None:
    answer = await fence.fence(build.context(memory.MemoryServer().client()))
    assert isinstance(answer, api.Fenced)
    assert (answer.grade, "is gone" in answer.evidence) == ("Stopped", True)


async def test_silence_and_foreign_installs_are_unfenced(
    build: Any, world: Callable[..., World]
) -> None:
    answer = await fence.fence(build.context(None, of=build.view(workload=SOMEWHERE)))
    assert isinstance(answer, api.Fenced)
    assert answer.grade == "Unfenced"
    ako = world()
    await ako.server.client().merge_patch(
        resource.STATEFUL_SETS,
        names.STATEFUL_SET,
        {"metadata": {"labels": {"akoo.io/record": None}}},
        names.NAMESPACE,
    )
    answer = await ako.fence()
    assert isinstance(answer, api.Fenced)
    assert answer.grade == "Unfenced"
    assert ako.stateful_set["spec"]["replicas"] == 1


async def test_an_ako_that_was_never_deployed_is_stopped(build: Any) -> None:
    answer = await fence.fence(build.context(None))
    assert isinstance(answer, api.Fenced)
    assert (answer.grade, "never deployed" in answer.evidence) == ("Stopped", True)
    answer = await fence.fence(build.context(None, of=build.view(history_unknown=True)))
    assert isinstance(answer, api.Fenced)
    assert answer.grade == "Unfenced"


@pytest.mark.parametrize(
    ("frequency", "silent", "foreign"),
    [(None, 1800, 1800), ("3600", 3600, 3600), ("60", 60, 1800), ("0", 0, 1800)],
)
async def test_an_unfenced_ako_is_waited_for_as_long_as_it_may_sleep(
    build: Any, frequency: str | None, silent: int, foreign: int
) -> None:
    changes = {"extraConfigs.fullSyncFrequency": frequency} if frequency else {}
    intent = AkoPlugin().intend(build.view(build.adc(changes)))
    assert isinstance(intent, api.Intent)
    stored = {"ako": record.StoredIntent(version=1, data=intent.data)}
    view = build.view({}, intents=stored, workload=SOMEWHERE)
    answer = await fence.fence(build.context(None, of=view))
    assert isinstance(answer, api.Fenced)
    assert (answer.grade, answer.settle_seconds) == ("Unfenced", silent)
    server = memory.MemoryServer()
    server.seed(strange_stateful_set())
    answer = await fence.fence(build.context(server.client(), of=view))
    assert isinstance(answer, api.Fenced)
    assert (answer.grade, answer.settle_seconds) == ("Unfenced", foreign)


def strange_stateful_set() -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"namespace": names.NAMESPACE, "name": names.STATEFUL_SET},
        "spec": {"replicas": 1},
    }


@given(st.none() | st.integers() | st.text(max_size=3))
def test_whatever_is_stored_is_a_time_to_wait(build: Any, interval: Any) -> None:
    stored = {"ako": record.StoredIntent(version=1, data={"fullSyncSeconds": interval})}
    seconds = fence.settle_seconds(build.view({}, intents=stored))
    assert 0 <= seconds <= fence.LONGEST_SETTLE_SECONDS
    if not isinstance(interval, int):
        assert seconds == 1800


def test_ours_is_by_record() -> None:
    obj = {"metadata": {"labels": {"akoo.io/record": "a"}}}
    assert workload.is_ours(obj, "a")
    assert not workload.is_ours(obj, "b")
