"""The life of a cluster with a chart: deployed, put right, moved to a release and removed."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_ako import settings
from akoo_ako.helm import command
from akoo_ako.plugin import AkoPlugin

from akoo_core import testing
from akoo_core.kube import resource
from akoo_core.objects import conditions
from akoo_core.settings import Settings
from akoo_core.testing import memory, virtual_time
from tests.ako import ako_chart

DEFINITION = "things.ako.vmware.com"


def workload_of(fleet: testing.Fleet) -> memory.MemoryServer:
    workload = fleet.workload("shop")
    assert workload is not None
    return workload


def deployed(fleet: testing.Fleet) -> set[tuple[str, str]]:
    stored = fleet.record("shop")
    assert stored is not None
    return {(item.kind, item.name) for item in stored.spec.inventory}


def config_map(fleet: testing.Fleet) -> dict[str, Any]:
    (only,) = workload_of(fleet).objects(resource.CONFIG_MAPS, "avi-system")
    return dict(only["data"])


def ready(fleet: testing.Fleet) -> tuple[str, str]:
    stored = fleet.record("shop")
    condition = conditions.find(stored.status.conditions, "AkoReady") if stored else None
    return (condition.status, condition.reason) if condition is not None else ("", "")


def test_a_life_with_a_chart(workshop: Any, build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    output = [ako_chart.rendered()]

    async def template(*_: Any) -> str:
        return output[0]  # No process runs in virtual time.

    monkeypatch.setattr(command, "template", template)
    ours = settings.Settings(chart_folder=str(workshop.charts), helm=workshop.helm)

    async def story(clock: virtual_time.LoopClock) -> None:
        core = Settings(allowed_secret_namespaces=("avi",))
        async with testing.Fleet(clock, lambda: [AkoPlugin(ours)], settings=core) as fleet:
            for name, keys in (
                ("shop-avi", ("username", "password")),
                ("ca", ("certificateAuthorityData",)),
            ):
                await fleet.user.create(
                    resource.SECRETS,
                    {
                        "apiVersion": "v1",
                        "kind": "Secret",
                        "metadata": {"name": name, "namespace": "avi"},
                        "data": dict.fromkeys(keys, "eA=="),
                    },
                )
            section = {"ako": {"chart": workshop.chart}}
            spec = build.adc({"plugins": section})["spec"]
            await fleet.create_config({**spec, "onUnmatch": "Remove"})
            await fleet.create_cluster("shop")
            await fleet.until_phase("shop", "Running")
            assert deployed(fleet) == {
                ("Namespace", "avi-system"),
                ("CustomResourceDefinition", DEFINITION),
                ("ServiceAccount", "ako-sa"),
                ("ConfigMap", "avi-k8s-config"),
                ("Secret", "avi-secret"),
                ("StatefulSet", "ako"),
            }
            stored = fleet.record("shop")
            assert stored is not None
            assert config_map(fleet)["clusterName"] == stored.spec.ako_cluster_name

            # A change by others is put right, as with any release.
            user = workload_of(fleet).client(field_manager="kubectl")
            wrong = {"data": {"ofTheChart": "by hand"}}
            await user.merge_patch(resource.CONFIG_MAPS, "avi-k8s-config", wrong, "avi-system")
            await fleet.until(lambda: config_map(fleet)["ofTheChart"] == "none", seconds=3600)

            # A new process renders the chart anew; one that is refused changes nothing.
            output[0] += f"\n---\n{ako_chart.filled(ako_chart.ACCOUNT)}"
            workshop.forget()
            await fleet.restart()
            await fleet.until(lambda: ready(fleet)[1] == "ChartObjectRefused", seconds=900)
            assert config_map(fleet)["ofTheChart"] == "none"

            # A release that is built in follows, and what only the chart had goes.
            await fleet.change_config({"plugins": {"ako": {"chart": None}}})
            await fleet.until(lambda: ready(fleet)[0] == "True", seconds=900)
            assert "ofTheChart" not in config_map(fleet)
            assert ("CustomResourceDefinition", DEFINITION) not in deployed(fleet)
            assert ("IngressClass", "avi-lb") in deployed(fleet)

            await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": None}}})
            await fleet.until_phase("shop", "Finished")
            assert workload_of(fleet).objects(resource.STATEFUL_SETS) == []

    virtual_time.run(story)
