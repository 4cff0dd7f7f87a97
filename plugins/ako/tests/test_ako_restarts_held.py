"""Values of a cluster restart its AKO at most once in ten minutes."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import json
from collections.abc import Mapping
from typing import Any

import hypothesis
import pytest
from akoo_ako import names
from akoo_ako.chart import effective
from akoo_ako.chart.effective import PAUSE, AkoValues
from akoo_ako.plugin import AkoPlugin
from akoo_ako.refusals import refusal
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import testing
from akoo_core.kube import resource
from akoo_core.objects import cluster, conditions
from akoo_core.plugin import api, errors
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time

STEADY = hypothesis.settings(derandomize=True, deadline=None, max_examples=300)
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


def template(values: Mapping[str, Any], config: int = 0) -> str:
    """A template in which ``live`` has no part: AKO follows it while it runs."""
    return json.dumps([{k: v for k, v in values.items() if k != "live"}, config], sort_keys=True)


def settled(values: dict[str, Any], minutes: float = 0.0) -> AkoValues:
    """Values with which AKO started some minutes before START."""
    begun = START - minutes * MINUTE
    return AkoValues(values=values, template=template(values), restarted_at=begun)


def test_a_change_waits_for_the_rest_of_the_pause() -> None:
    before = settled({"a": 1, "b": 1}, minutes=4)
    after = effective.step(before, {"a": 2, "b": 1}, template, START)
    assert after.values == before.values
    assert after.held == effective.Held(paths=("a",), until=START + 6 * MINUTE)
    wait = effective.waiting(after, START)
    assert wait is not None
    assert (wait.reason, wait.after) == ("RestartHeld", 360.0)
    assert wait.message == (
        "a changed. That restarts AKO, and its last restart is less than 10 minutes old: it waits "
        "until 00:06:00 UTC. A change of the config does not wait."
    )
    early = effective.step(after, {"a": 2, "b": 1}, template, START + 6 * MINUTE - MINUTE / 60)
    assert early.values == before.values
    late = effective.step(after, {"a": 2, "b": 1}, template, START + 6 * MINUTE)
    assert late.values == {"a": 2, "b": 1}
    assert late.held is None
    assert late.restarted_at == START + 6 * MINUTE
    assert effective.waiting(late, START) is None


def test_a_change_back_is_no_change() -> None:
    before = settled({"a": 1})
    held = effective.step(before, {"a": 2}, template, START)
    assert held.held is not None
    assert effective.step(held, {"a": 1}, template, START + MINUTE) == before


def test_what_ako_follows_live_does_not_wait() -> None:
    after = effective.step(settled({"a": 1, "live": 1}), {"a": 1, "live": 2}, template, START)
    assert after == AkoValues(
        values={"a": 1, "live": 2}, template=template({"a": 1}), restarted_at=START
    )


@pytest.mark.parametrize("wanted", [{"a": 2}, {"a": 1}, {"a": 2, "b": 1}, {}])
def test_a_change_of_the_config_does_not_wait_and_takes_the_values_with_it(
    wanted: dict[str, Any],
) -> None:
    after = effective.step(
        settled({"a": 1}, minutes=4), wanted, lambda values: template(values, config=1), START
    )
    assert (after.values, after.held, after.restarted_at) == (wanted, None, START)


def test_a_config_in_which_the_values_so_far_are_wrong_does_not_wait() -> None:
    def of(values: Mapping[str, Any]) -> str:
        if values["a"] == 1:
            raise refusal.invalid("spec.a", "is wrong.")
        return template(values)

    assert effective.step(settled({"a": 1}), {"a": 2}, of, START).values == {"a": 2}


def test_nothing_waits_before_the_first_deployment() -> None:
    first = effective.step(AkoValues(), {"a": 1}, lambda _: "", START)
    second = effective.step(first, {"a": 2}, lambda _: "", START + MINUTE)
    assert (second.values, second.restarted_at, second.held) == ({"a": 2}, None, None)
    deployed = effective.step(second, {"a": 2}, template, START + 2 * MINUTE)
    assert (deployed.restarted_at, deployed.held) == (START + 2 * MINUTE, None)


def test_a_clock_that_was_set_back_holds_nothing_for_longer() -> None:
    before = settled({"a": 1}, minutes=-60)
    assert effective.step(before, {"a": 2}, template, START).values == {"a": 2}


STEPS = st.lists(
    st.tuples(st.integers(0, 15), st.sampled_from(["a", "b", "live"]), st.integers(0, 3)),
    max_size=30,
)


@STEADY
@given(steps=STEPS)
def test_any_changes_restart_at_most_once_in_the_pause_and_none_is_lost(
    steps: list[tuple[int, str, int]],
) -> None:
    now, wanted = START, {"a": 0, "b": 0, "live": 0}
    state = effective.step(AkoValues(), wanted, template, now)
    restarts = [now]
    for minutes, path, value in steps:
        now += minutes * MINUTE
        wanted = {**wanted, path: value}
        after = effective.step(state, wanted, template, now)
        if after.template != state.template:
            restarts.append(now)
        assert after.held is not None or after.values == wanted
        state = after
    assert all(later - sooner >= PAUSE for sooner, later in itertools.pairwise(restarts))
    assert effective.step(state, wanted, template, now + PAUSE).values == wanted


# The whole operator.

SETTINGS = Settings(allowed_secret_namespaces=("avi",))
SECTION = {
    "valuesFrom": [
        {
            "path": "AKOSettings.cniPlugin",
            "fieldRef": {"fieldPath": "metadata.labels['cni']"},
            "default": "calico",
        },
        {
            "path": "resources.limits.memory",
            "configMapKeyRef": {"name": "sizes", "key": "memory"},
            "default": "1Gi",
        },
    ],
    "overridable": [
        {"path": "AKOSettings.cniPlugin", "type": "text", "enum": ["antrea", "calico"]}
    ],
}


class Story:
    """One cluster whose AKO takes values from its labels and from a ConfigMap."""

    def __init__(self, fleet: testing.Fleet) -> None:
        self.fleet = fleet

    async def begin(self, build: Any) -> None:
        for name, keys in (("shop-avi", ("username", "password")), ("ca", (CA,))):
            secret = {"apiVersion": "v1", "kind": "Secret", "data": dict.fromkeys(keys, "YQ==")}
            metadata = {"name": name, "namespace": "avi"}
            await self.fleet.user.create(resource.SECRETS, {**secret, "metadata": metadata})
        await self.fleet.create_config(build.adc()["spec"], plugins={"ako": SECTION})
        await self.fleet.create_cluster("shop", labels={"lb": "avi", "cni": "antrea"})
        await self.fleet.until_phase("shop", "Running")
        await self.fleet.until(lambda: self.condition() == ("True", "Ready"), seconds=600)

    async def label(self, value: str | None) -> None:
        await self.fleet.patch_cluster("shop", {"metadata": {"labels": {"cni": value}}})

    def condition(self) -> tuple[str, str]:
        record = self.fleet.record("shop")
        assert record is not None
        condition = conditions.find(record.status.conditions, "AkoReady")
        assert condition is not None
        return condition.status, condition.reason

    def fact(self) -> dict[str, Any]:
        record = self.fleet.record("shop")
        assert record is not None
        return record.spec.facts["AkoValues"].data

    def cni(self) -> str:
        workload = self.fleet.workload("shop")
        assert workload is not None
        (config_map,) = workload.objects(resource.CONFIG_MAPS, names.NAMESPACE)
        return str(config_map["data"]["cniPlugin"])

    def memory(self) -> str:
        workload = self.fleet.workload("shop")
        assert workload is not None
        (stateful_set,) = workload.objects(resource.STATEFUL_SETS, names.NAMESPACE)
        container = stateful_set["spec"]["template"]["spec"]["containers"][0]
        return str(container["resources"]["limits"]["memory"])


CA = "certificateAuthorityData"


def play(story: Any, build: Any) -> None:
    async def main(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            there = Story(fleet)
            await there.begin(build)
            await story(there)

    virtual_time.run(main)


def test_a_label_reaches_ako_and_the_next_one_waits(build: Any) -> None:
    async def story(there: Story) -> None:
        fleet = there.fleet
        assert (there.cni(), there.memory()) == ("antrea", "1Gi")
        await asyncio.sleep(PAUSE.total_seconds())
        await there.label("calico")
        await fleet.until(lambda: there.cni() == "calico", seconds=60)
        changed = fleet.clock.monotonic()
        await fleet.until(lambda: there.condition() == ("True", "Ready"), seconds=600)
        await there.label("antrea")
        await fleet.until(lambda: there.condition() == ("False", "RestartHeld"), seconds=60)
        assert there.cni() == "calico"
        assert there.fact()["held"]["paths"] == ["AKOSettings.cniPlugin"]
        await fleet.restart()
        await fleet.until(lambda: there.cni() == "antrea", seconds=700)
        waited = fleet.clock.monotonic() - changed
        assert PAUSE.total_seconds() - 10 <= waited <= PAUSE.total_seconds() + 60
        await fleet.until(lambda: there.condition() == ("True", "Ready"), seconds=600)
        assert "held" not in there.fact()

    play(story, build)


def test_a_wrong_label_changes_nothing_and_is_named(build: Any) -> None:
    async def story(there: Story) -> None:
        await there.label("ncp")
        await there.fleet.until(lambda: there.condition() == ("False", "ValueInvalid"), seconds=60)
        await asyncio.sleep(2 * PAUSE.total_seconds())
        assert there.cni() == "antrea"
        await there.label(None)
        await there.fleet.until(lambda: there.cni() == "calico", seconds=60)

    play(story, build)


def test_a_configmap_is_read_again_without_a_watch(build: Any) -> None:
    async def story(there: Story) -> None:
        await asyncio.sleep(PAUSE.total_seconds())
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "sizes", "namespace": "akoo-system"},
            "data": {"memory": "2Gi"},
        }
        await there.fleet.user.create(resource.CONFIG_MAPS, body)
        await there.fleet.until(lambda: there.memory() == "2Gi", seconds=300)
        assert there.fact()["notes"] == [
            "AKOSettings.cniPlugin = antrea (label cni of Cluster demo/shop)",
            "resources.limits.memory = 2Gi (key memory of ConfigMap akoo-system/sizes)",
        ]

    play(story, build)


def test_a_cluster_at_rest_is_not_written(build: Any) -> None:
    async def story(there: Story) -> None:
        await asyncio.sleep(3 * PAUSE.total_seconds())
        record = there.fleet.record("shop")
        assert record is not None
        await asyncio.sleep(3 * PAUSE.total_seconds())
        later = there.fleet.record("shop")
        assert later is not None
        assert later.resource_version == record.resource_version

    play(story, build)


def test_a_config_change_within_the_pause_does_not_wait(build: Any) -> None:
    async def story(there: Story) -> None:
        fleet = there.fleet
        await there.label("calico")
        await fleet.until(lambda: there.condition() == ("False", "RestartHeld"), seconds=60)
        await fleet.change_config({"extraConfigs": {"enableEVH": True}})
        await fleet.until(lambda: there.cni() == "calico", seconds=60)

    play(story, build)


def test_the_plan_shows_each_value_with_its_source(build: Any) -> None:
    def world(cni: str) -> testing.World:
        section = {**SECTION, "values": {"logFile": "a.log"}}
        there = testing.World(config=build.adc({"plugins.ako": section}))
        assert there.cluster is not None
        raw = there.cluster.raw
        labels = {**there.cluster.labels, "cni": cni}
        raw = {**raw, "metadata": {**raw["metadata"], "labels": labels}}
        there.cluster = cluster.from_object(raw)
        return there

    run = testing.run_plan(AkoPlugin(), "prepare", world("antrea"))
    assert isinstance(run.result, tuple)
    planned = [row for row in run.result if isinstance(row, api.PlannedAction)]
    assert [(row.action, row.name, row.where, row.why) for row in planned] == [
        (
            "change",
            "AKOSettings.cniPlugin",
            "spec.extraConfigs.cniPlugin",
            "antrea, from label cni of Cluster team-a/shop",
        ),
        ("keep", "logFile", "spec.extraConfigs.log.logFile", "a.log, from spec.plugins.ako.values"),
        (
            "change",
            "resources.limits.memory",
            "spec.plugins.ako.resources.limits.memory",
            "1Gi, from default, for there is no key memory of ConfigMap akoo-system/sizes",
        ),
    ]
    assert testing.run_plan(AkoPlugin(), "sweep", world("antrea")).result == ()
    with pytest.raises(errors.VerbError, match="'ncp' is not one of antrea, calico") as caught:
        testing.run_plan(AkoPlugin(), "prepare", world("ncp"))
    assert isinstance(caught.value.__cause__, errors.BlockedError)
    assert caught.value.__cause__.reason == "ValueInvalid"
