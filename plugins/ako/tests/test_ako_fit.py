"""AKO, Kubernetes and the Avi Controller fit each other, or nothing is changed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_ako import options, settings
from akoo_ako.plugin import AkoPlugin
from akoo_ako.releases import gates, loading
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from akoo_core import settings as core_settings
from akoo_core import testing
from akoo_core.kube import resource
from akoo_core.objects import conditions, record
from akoo_core.plugin import api
from akoo_core.reconcile.decide import facts
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time

TABLE = loading.table()
INSTALLED = (
    record.InventoryItem(
        plugin="ako",
        api_version="apps/v1",
        kind="StatefulSet",
        name="ako",
        namespace="avi-system",
        digest="d",
    ),
)


def cluster_of(
    build: Any,
    version: str,
    *,
    kubernetes: str = "",
    controller: str = "",
    runs: str = "",
) -> api.View:
    """A cluster whose config names a release. ``runs``: the release that was deployed."""
    topology = {"spec": {"topology": {"version": kubernetes}}} if kubernetes else {}
    placement = api.LoadBalancerPlacement(
        controller="avi.example.com",
        controller_version=controller,
        cloud="vc-01",
        tenant="admin",
        service_engine_group="seg",
    )
    more: dict[str, Any] = {}
    if runs:
        data = {"version": runs, "clusterName": build.record}
        more["intents"] = {"ako": record.StoredIntent(version=1, data=data)}
        more["inventory"] = INSTALLED
    if controller:
        more["facts"] = facts.stored("avi", (placement,))
    view: api.View = build.view(
        ako_options=options.Options(version=version), cluster=build.cluster(**topology), **more
    )
    return view


def refused(view: api.View, ours: settings.Settings | None = None) -> tuple[str, str]:
    """Reason and message of contribute; empty for a cluster that is deployed to."""
    answer = AkoPlugin(ours).contribute(view)
    if isinstance(answer, api.Contribution):
        return "", ""
    assert isinstance(answer, api.Blocked)
    return answer.reason, answer.message


@pytest.mark.parametrize(
    ("version", "kubernetes", "controller", "reason", "way"),
    [
        ("2.1.1", "v1.30.1", "30.2.2", "", ""),
        ("2.1.1", "v1.27.1", "30.2.2", "KubernetesVersionUnsupported", "AKO 1.13.4 "),
        ("2.1.1", "v1.27.1", "22.1.2", "KubernetesVersionUnsupported", ""),
        ("1.12.3", "v1.31.0", "30.2.2", "KubernetesVersionUnsupported", "AKO 1.13.1 "),
        ("1.12.3", "v1.34.0", "31.1.1", "KubernetesVersionUnsupported", "AKO 1.13.3 "),
        ("1.12.3", "v1.24.0", "31.1.1", "AviVersionUnsupported", "AKO 1.13.2 "),
        ("1.12.3", "", "31.1.1", "AviVersionUnsupported", "AKO 1.13.1 "),
        ("1.12.3", "", "30.2.9", "", ""),
        ("2.1.1", "", "31.1.2", "", ""),
        ("2.1.1", "", "31.2.1", "AviVersionUnsupported", ""),
        ("2.1.1", "", "22.1.2", "AviVersionUnsupported", ""),
        ("2.1.1", "", "22.1.3", "", ""),
        ("2.1.1", "", "unknown", "", ""),
        ("2.1.1", "v1.40.0", "", "KubernetesVersionUnsupported", ""),
    ],
)
def test_a_combination_outside_of_the_table_is_refused(
    build: Any, version: str, kubernetes: str, controller: str, reason: str, way: str
) -> None:
    view = cluster_of(build, version, kubernetes=kubernetes, controller=controller)
    answer = refused(view)
    assert answer[0] == reason
    if reason:
        named = f"Choose {way}(spec.plugins.ako.version)." if way else "No supported AKO does."
        assert answer[1].endswith(named)
        intent = AkoPlugin().intend(view)
        assert isinstance(intent, api.Blocked)
        assert intent.reason == reason


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.13.4", ""),
        ("1.12.3", "KubernetesVersionUnsupported"),
        ("1.11.9", "AkoVersionUnsupported"),
    ],
)
def test_a_downgrade_needs_a_row_that_allows_it(build: Any, version: str, reason: str) -> None:
    """2.1.1 runs on Kubernetes 1.34. A release that would not start there is not rendered."""
    view = cluster_of(build, version, kubernetes="v1.34.0", controller="30.2.2", runs="2.1.1")
    answer = refused(view)
    assert answer[0] == reason
    assert version in answer[1] or not reason
    intent = AkoPlugin().intend(view)
    assert (intent.reason if isinstance(intent, api.Blocked) else "") == reason


def test_a_release_of_a_row_is_the_way_out_if_no_other_is(build: Any) -> None:
    row = {
        "version": "2.2.1",
        "like": "2.1.1",
        "kubernetes": {"min": "1.33", "max": "1.36"},
        "avi": {"min": "30.1.1", "max": "31.1.1"},
    }
    ours = core_settings.decode({"releases": [row]}, settings.Settings, path="plugins.ako")
    _, beyond = refused(cluster_of(build, "2.1.1", kubernetes="v1.36.0"), ours)
    assert beyond.endswith("Choose AKO 2.2.1, which is not verified (spec.plugins.ako.version).")
    _, within = refused(cluster_of(build, "1.12.3", kubernetes="v1.34.0"), ours)
    assert within.endswith("Choose AKO 1.13.3 (spec.plugins.ako.version).")


def test_a_controller_that_was_upgraded_leaves_an_ako_that_runs_as_it_is(build: Any) -> None:
    assert refused(cluster_of(build, "2.1.1", controller="31.2.1", runs="2.1.1"))[0] == ""
    newer = refused(cluster_of(build, "2.1.1", controller="31.2.1", runs="1.13.4"))
    assert newer[0] == "AviVersionUnsupported"
    older = refused(cluster_of(build, "2.1.1", controller="21.1.1", runs="2.1.1"))
    assert older[0] == "AviVersionUnsupported"


def test_an_upgrade_that_breaks_ako(build: Any) -> None:
    view = cluster_of(build, "1.13.2", kubernetes="v1.33.1", runs="1.13.2")
    reason, message = refused(view)
    assert reason == "UpgradeBreaksAko"
    assert "Choose AKO 1.13.3 (spec.plugins.ako.version)." in message
    intent = AkoPlugin().intend(view)
    assert isinstance(intent, api.Intent)
    (condition,) = intent.conditions
    assert (condition.type, condition.message) == ("UpgradeBreaksAko", message)
    assert intent.data["version"] == "1.13.2"
    # The release that is to come is judged as one that does not run.
    way_out = cluster_of(build, "1.13.3", kubernetes="v1.33.1", runs="1.13.2")
    assert refused(way_out) == ("", "")
    worse = cluster_of(build, "1.13.1", kubernetes="v1.33.1", runs="1.13.2")
    assert refused(worse)[0] == "KubernetesVersionUnsupported"


MINORS = st.tuples(st.just(1), st.integers(20, 40))
CONTROLLERS = st.sampled_from(["", "21.1.1", "22.1.3", "30.2.2", "31.1.1", "31.2.1", "32.1.4"])


@given(version=st.sampled_from(TABLE.versions), minor=MINORS, controller=CONTROLLERS)
@hypothesis_settings(derandomize=True, deadline=None)
def test_the_nearest_release_fits_and_none_between_does(
    version: str, minor: tuple[int, int], controller: str
) -> None:
    release = TABLE.release(version, "test")
    fitting = [
        other
        for other in TABLE.releases
        if other != release
        and other.starts_on(minor)
        and (not controller or other.works_with(controller))
    ]
    nearest = gates.nearest(TABLE, release, minor, controller)
    if nearest is None:
        assert fitting == []
        return
    assert nearest in fitting
    here, there = TABLE.releases.index(release), TABLE.releases.index(nearest)
    between = TABLE.releases[min(here, there) + 1 : max(here, there)]
    assert not set(fitting) & set(between)


def test_the_cluster_and_its_record_say_that_an_upgrade_breaks_ako(build: Any) -> None:
    async def story(clock: virtual_time.LoopClock) -> None:
        ours = Settings(allowed_secret_namespaces=("avi",))
        async with testing.Fleet(clock, lambda: [AkoPlugin()], settings=ours) as fleet:
            for name, keys in (
                ("shop-avi", ("username", "password")),
                ("ca", ("certificateAuthorityData",)),
            ):
                secret = {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": name, "namespace": "avi"},
                    "data": dict.fromkeys(keys, "eA=="),
                }
                await fleet.user.create(resource.SECRETS, secret)
            await fleet.create_config(build.adc()["spec"])
            await fleet.create_cluster("shop")
            await fleet.until_phase("shop", "Running")
            await upgraded(fleet, "v1.99.0", "True")
            assert "UpgradeBreaksAko" in str(await events(fleet))
            await upgraded(fleet, "v1.34.0", "")

    async def upgraded(fleet: testing.Fleet, version: str, status: str) -> None:
        topology = {"class": "c", "version": version}
        await fleet.patch_cluster("shop", {"spec": {"topology": topology}})
        await fleet.until(lambda: condition(fleet) == status, seconds=600)

    def condition(fleet: testing.Fleet) -> str:
        stored = fleet.record("shop")
        assert stored is not None
        upgrade = conditions.find(stored.status.conditions, "UpgradeBreaksAko")
        return upgrade.status if upgrade is not None else ""

    async def events(fleet: testing.Fleet) -> list[Any]:
        await asyncio.sleep(5)
        return list(fleet.management.objects(resource.EVENTS))

    virtual_time.run(story)
