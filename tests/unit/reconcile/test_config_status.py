"""The status of an AKODeploymentConfig: usable or not, and the number of its clusters."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.objects.record import Orphaned, RecordSpec, StoredLetGo
from akoo_core.plugin import api
from akoo_core.reconcile.status import config_status
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile import reconcile_plugins
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet

CONFIGS = resources.AKO_DEPLOYMENT_CONFIGS
GOOD = {"clusterSelector": {"matchLabels": {"lb": "avi"}}}


async def status(fleet: ReconcileFleet, name: str = "default") -> dict[str, Any]:
    """The status after its controller has looked. It rests afterwards."""
    await fleet.configs.reconcile(name, 0)
    before = fleet.management.faults.calls.copy()
    assert (await fleet.configs.reconcile(name, 0)).changed is False
    assert fleet.management.faults.calls == before, "nothing is written at rest"
    written: dict[str, Any] = (await fleet.user.get(CONFIGS, name))["status"]
    return written


def ready(written: dict[str, Any]) -> tuple[str, str]:
    (condition,) = [
        condition for condition in written["conditions"] if condition["type"] == "Ready"
    ]
    return condition["status"], condition["reason"]


def counts(written: dict[str, Any]) -> tuple[int, int]:
    return written["clusters"], written["ready"]


async def test_it_counts_its_clusters(fleet: ReconcileFleet, ako: reconcile_plugins.Ako) -> None:
    await fleet.config()
    current = await status(fleet)
    assert (counts(current), ready(current)) == ((0, 0), ("True", "Usable"))
    shop, pay = await fleet.cluster("shop"), await fleet.cluster("pay")
    await fleet.run(shop)
    fleet.workloads.error = errors.UnreachableError("connection refused")
    await fleet.run(pay)
    assert counts(await status(fleet)) == (2, 1)
    await fleet.delete_cluster("pay")
    assert counts(await status(fleet)) == (2, 1)


async def test_those_that_are_not_served_any_more_do_not_count(
    fleet: ReconcileFleet, name: str
) -> None:
    assert counts(await status(fleet)) == (1, 1)
    await fleet.annotate(name, leave="orphan")
    await fleet.run(name)
    assert counts(await status(fleet)) == (0, 0)


async def test_a_config_of_the_ancestor_says_so(fleet: ReconcileFleet) -> None:
    await fleet.config()
    theirs = {"metadata": {"finalizers": [names.ANCESTOR_FINALIZER]}}
    await fleet.user.merge_patch(CONFIGS, "default", theirs)
    shop = await fleet.cluster("shop")
    await fleet.run(shop)
    current = await status(fleet)
    assert (counts(current), ready(current)) == ((0, 0), ("False", "TwoOperators"))


async def test_losing_is_no_mistake(fleet: ReconcileFleet, name: str) -> None:
    await fleet.config("better", priority=10)
    await fleet.run(name)
    current = await status(fleet)
    assert (counts(current), ready(current)) == ((0, 0), ("True", "Usable"))
    assert counts(await status(fleet, "better")) == (1, 1)


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"deadline": "soon"}, "spec.deadline: "),
        ({"clusterSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}, "spec.clust"),
        ({"priority": "high"}, "spec.priority: "),
    ],
)
async def test_one_that_cannot_be_used_says_what_is_wrong(
    fleet: ReconcileFleet, spec: dict[str, Any], path: str
) -> None:
    await fleet.config(**spec)
    current = await status(fleet)
    assert ready(current) == ("False", "ConfigInvalid")
    assert current["conditions"][0]["message"].startswith(path)
    assert current["observedGeneration"] == 1
    await fleet.user.merge_patch(CONFIGS, "default", {"spec": dict.fromkeys(spec)})
    current = await status(fleet)
    assert ready(current) == ("True", "Usable")
    assert current["observedGeneration"] == 2


async def test_one_that_is_deleted_says_what_it_waits_for(fleet: ReconcileFleet, name: str) -> None:
    await fleet.user.delete(CONFIGS, "default")
    current = await status(fleet)
    assert ready(current) == ("False", "ConfigDeleting")
    assert "now it serves 1" in current["conditions"][0]["message"]


async def test_one_that_cannot_be_used_goes_like_any_other(
    fleet: ReconcileFleet, name: str
) -> None:
    await fleet.annotate(name, leave="orphan")
    await fleet.run(name)
    await fleet.change_config(deadline="soon")
    await fleet.user.delete(CONFIGS, "default")
    await fleet.configs.reconcile("default", 0)
    assert fleet.management.objects(CONFIGS) == []


async def test_a_config_that_is_gone_or_another_is_none_of_our_business(
    fleet: ReconcileFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await fleet.configs.reconcile("default", 0) == (None, False)
    await fleet.config()
    stale = fleet.world.config_object("default")
    await fleet.user.delete(CONFIGS, "default")
    monkeypatch.setattr(fleet.world, "config_object", lambda name: stale)
    assert (await fleet.configs.reconcile("default", 0)).changed is False
    await fleet.config()
    assert (await fleet.configs.reconcile("default", 0)).changed is False
    assert "status" not in await fleet.user.get(CONFIGS, "default")


async def test_its_spec_and_what_others_say_there_are_left_alone(fleet: ReconcileFleet) -> None:
    await fleet.config()
    former = {"type": "Former", "status": "True", "severity": "Info"}
    old = {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    patch = {"status": {"conditions": [former, old]}}
    before = await fleet.user.merge_patch(CONFIGS, "default", patch, subresource="status")
    current = await status(fleet)
    assert former in current["conditions"]
    assert ready(current) == ("True", "Usable")
    after = await fleet.user.get(CONFIGS, "default")
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


async def test_a_transition_has_its_time(fleet: ReconcileFleet) -> None:
    await fleet.config()
    first = (await status(fleet))["conditions"][0]["lastTransitionTime"]
    fleet.clock.advance(60)
    await fleet.cluster()
    await fleet.change_config(priority=3)
    assert (await status(fleet))["conditions"][0]["lastTransitionTime"] == first
    await fleet.change_config(deadline="soon")
    assert (await status(fleet))["conditions"][0]["lastTransitionTime"] > first


SPECS = st.builds(
    builders.make_spec,
    finished_at=st.none() | st.just(builders.NOW),
    orphaned=st.none() | st.just(Orphaned(cause="Unmatched", at=builders.NOW)),
    leaving=st.none()
    | st.builds(
        builders.make_leaving,
        let_go=st.none() | st.just(StoredLetGo(at=builders.NOW, why="Proven")),
    ),
)


@given(SPECS)
def test_a_record_lives_by_its_config_until_it_is_orphaned_let_go_or_finished(
    spec: RecordSpec,
) -> None:
    gone = spec.leaving is not None and spec.leaving.let_go is not None
    lives = not (gone or spec.orphaned or spec.finished_at)
    assert config_status.config_needed(structs.to_object(spec)) == ("uid-default" if lives else "")


@given(
    clusters=st.integers(0, 3),
    share=st.integers(0, 3),
    seconds=st.integers(0, 9),
    spec=st.sampled_from([GOOD, {"deadline": "x"}, {"priority": "x"}]),
    generation=st.integers(1, 3),
)
def test_what_was_said_once_is_not_said_again(
    clusters: int, share: int, seconds: int, spec: dict[str, Any], generation: int
) -> None:
    metadata = {"name": "a", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    obj = {"metadata": {**metadata, "generation": generation}, "spec": spec}
    served = config_status.ServedCounts(clusters, min(share, clusters))
    first = config_status.status_of(obj, served, now=builders.NOW)
    assert config_status.differs(obj, first)
    written = {**obj, "status": structs.to_object(first)}
    later = builders.NOW + datetime.timedelta(seconds=seconds)
    again = config_status.status_of(written, served, now=later)
    assert again == first
    assert not config_status.differs(written, again)
    more = served._replace(clusters=clusters + 1)
    assert config_status.differs(written, config_status.status_of(written, more, now=later))


class Sized(api.Plugin):
    """A plugin with a section of its own in a config."""

    class Config(structs.StrictStruct, frozen=True, kw_only=True):
        size: int = 1

    config_type: ClassVar[Any] = Config


@pytest.mark.parametrize(
    ("sections", "reason", "words"),
    [
        ({"ako": {"size": 2}}, "Usable", ""),
        ({"ako": {"sise": 2}}, "ConfigInvalid", "spec.plugins.ako.sise: no such key; did you mean"),
        ({"ako": {"size": "large"}}, "ConfigInvalid", "spec.plugins.ako.size"),
        ({"akoo": {"size": 2}}, "PluginMissing", "spec.plugins.akoo: no such plugin is loaded"),
        ({"akoo": {"size": 2}}, "PluginMissing", 'Did you mean "ako"?'),
        ({"x": {"a": 1}, "y": {"a": 1}}, "PluginMissing", "spec.plugins.x, spec.plugins.y"),
        ({"x": {}}, "Usable", ""),
    ],
)
async def test_sections_of_plugins_are_told_on_the_config(
    sections: dict[str, Any], reason: str, words: str
) -> None:
    fleet = ReconcileFleet(Sized())
    await fleet.config(plugins=sections)
    condition = (await status(fleet))["conditions"][0]
    assert condition["reason"] == reason
    assert words in condition.get("message", "")


async def test_a_config_and_its_record_name_a_fault_in_the_same_words() -> None:
    fleet = ReconcileFleet(Sized())
    await fleet.config(plugins={"ako": {"sise": 2}})
    name = await fleet.cluster()
    await fleet.run(name)
    condition = (await status(fleet))["conditions"][0]
    assert fleet.condition(name, "AkoReady") == ("False", condition["reason"])
    assert fleet.message(name, "AkoReady") == condition["message"]


class Placing(api.Plugin):
    """A plugin that says where clusters are."""

    name = "avi"
    provides: ClassVar[tuple[type[api.Fact], ...]] = (api.LoadBalancerPlacement,)


class Deploying(api.Plugin):
    """A plugin that deploys AKO, by a placement where one is given."""

    name = "ako"
    accepts: ClassVar[tuple[type[api.Fact], ...]] = (api.LoadBalancerPlacement,)


def _said_of(conditions_: list[dict[str, Any]], *plugins: api.Plugin) -> tuple[str, str, str]:
    obj = {
        "metadata": {
            "name": "default",
            "uid": "u-1",
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": GOOD,
        "status": {"conditions": conditions_},
    }
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    judged = config_status.status_of(
        obj, config_status.ServedCounts(0, 0), now=now, plugins=plugins
    )
    (condition,) = judged.conditions
    return condition.status, condition.reason, condition.message


@pytest.mark.parametrize("status", ["True", "False", "Unknown"])
def test_it_is_not_usable_where_a_plugin_says_no(status: str) -> None:
    mine = {"type": "AviReady", "status": status, "reason": "CloudNotFound", "message": "no cloud"}
    shown = _said_of([mine], Placing(), Deploying())
    if status == "False":
        assert shown == ("False", "CloudNotFound", "AviReady: no cloud")
    else:
        assert shown == ("True", "Usable", "")


def test_a_condition_of_somebody_else_says_nothing() -> None:
    foreign = {"type": "OtherReady", "status": "False", "reason": "Broken"}
    assert _said_of([foreign], Placing(), Deploying()) == ("True", "Usable", "")


def test_where_nobody_checks_that_is_told() -> None:
    status, reason, message = _said_of([], Deploying())
    assert (status, reason) == ("True", "Usable")
    assert "Nobody checked" in message
    assert "LoadBalancerPlacement" in message
