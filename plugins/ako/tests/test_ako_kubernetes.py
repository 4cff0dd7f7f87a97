"""The Kubernetes version of a cluster without a topology is judged before anything is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from akoo_ako.plugin import AkoPlugin

from akoo_core import testing
from akoo_core.kube import resource
from akoo_core.objects import conditions
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time

OURS = Settings(allowed_secret_namespaces=("avi",))


def play(build: Any, version: str, story: Callable[[testing.Fleet], Awaitable[None]]) -> None:
    """A fleet with one cluster, whose API server says this version from the start."""

    async def whole(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [AkoPlugin()], settings=OURS) as fleet:
            await fleet.stop()
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
            become(fleet, version)
            await fleet.restart()
            await story(fleet)

    virtual_time.run(whole)


def become(fleet: testing.Fleet, version: str) -> None:
    workload = fleet.workload("shop")
    assert workload is not None
    workload.served.kubernetes_version = version


def state(fleet: testing.Fleet, name: str = "AkoReady") -> tuple[str, str, str]:
    """Status, reason and message of a condition of the record."""
    stored = fleet.record("shop")
    condition = conditions.find(stored.status.conditions, name) if stored else None
    if condition is None:
        return "", "", ""
    return condition.status, condition.reason, condition.message


def written(fleet: testing.Fleet) -> list[str]:
    """The objects in the workload cluster that its API server did not make itself."""
    workload = fleet.workload("shop")
    assert workload is not None
    kinds = (resource.CONFIG_MAPS, resource.SECRETS, resource.STATEFUL_SETS, resource.NAMESPACES)
    every = [obj["metadata"]["name"] for kind in kinds for obj in workload.objects(kind)]
    definitions = workload.objects(resource.CUSTOM_RESOURCE_DEFINITIONS)
    return sorted({*every, *(obj["metadata"]["name"] for obj in definitions)} - {*SYSTEM})


SYSTEM = ("default", "kube-system")


@pytest.mark.parametrize(("version", "way"), [("v1.28.9", "AKO 1.13.4 "), ("v1.40.0", "")])
def test_nothing_is_written_to_a_cluster_on_which_ako_does_not_start(
    build: Any, version: str, way: str
) -> None:
    async def story(fleet: testing.Fleet) -> None:
        await fleet.until(lambda: state(fleet)[1] == "KubernetesVersionUnsupported", seconds=600)
        named = f"Choose {way}(spec.plugins.ako.version)." if way else "No supported AKO does."
        assert state(fleet)[2] == (
            "AKO 2.1.1 starts on Kubernetes 1.29 to 1.34 only, the cluster is (or is to become) "
            f"{version}. {named}"
        )
        stored = fleet.record("shop")
        assert stored is not None
        assert stored.spec.inventory == ()
        assert written(fleet) == []
        become(fleet, "v1.34.1")
        await fleet.until_phase("shop", "Running")
        assert "avi-k8s-config" in written(fleet)

    play(build, version, story)


def test_a_version_that_cannot_be_read_holds_the_first_write(build: Any) -> None:
    async def story(fleet: testing.Fleet) -> None:
        await fleet.until(lambda: state(fleet)[1] == "WorkloadUnreachable", seconds=600)
        assert written(fleet) == []
        become(fleet, "v1.34.1")
        await fleet.until_phase("shop", "Running")
        become(fleet, "")  # The version is known: what runs is kept up to date.
        await fleet.change_config({"extraConfigs": {"log": {"logLevel": "DEBUG"}}})
        await fleet.until(lambda: log_level(fleet) == "DEBUG", seconds=1200)

    play(build, "", story)


def log_level(fleet: testing.Fleet) -> str:
    workload = fleet.workload("shop")
    assert workload is not None
    (config_map,) = workload.objects(resource.CONFIG_MAPS, "avi-system")
    return str(config_map["data"]["logLevel"])


def test_an_upgrade_of_a_cluster_without_a_topology(build: Any) -> None:
    async def story(fleet: testing.Fleet) -> None:
        await fleet.until_phase("shop", "Running")
        become(fleet, "v1.40.0")
        await fleet.until(lambda: state(fleet, "UpgradeBreaksAko")[0] == "True", seconds=1800)
        assert state(fleet)[1] == "UpgradeBreaksAko"
        await fleet.change_config({"extraConfigs": {"log": {"logLevel": "DEBUG"}}})
        await fleet.restart()  # A new process knows no version until it asks.
        await fleet.until(lambda: "v1.40.0" in state(fleet)[2], seconds=1800)
        await fleet.user.merge_patch(
            resource.CLUSTERS, "shop", {"metadata": {"labels": {"a": "b"}}}, "demo"
        )
        await fleet.until(lambda: state(fleet, "UpgradeBreaksAko")[0] == "True", seconds=1800)
        assert log_level(fleet) != "DEBUG"
        become(fleet, "v1.34.1")
        await fleet.until(lambda: log_level(fleet) == "DEBUG", seconds=1800)
        await fleet.until(lambda: state(fleet)[0] == "True", seconds=1800)
        assert state(fleet, "UpgradeBreaksAko")[0] == ""

    play(build, "v1.33.0", story)
