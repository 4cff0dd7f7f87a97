"""The settings lose a row that a cluster runs, and get it back: the life of that AKO goes on."""

from __future__ import annotations

from typing import Any

from akoo_ako import settings
from akoo_ako.plugin import AkoPlugin

from akoo_core import settings as core_settings
from akoo_core import testing
from akoo_core.kube import resource
from akoo_core.objects import conditions
from akoo_core.testing import builders, virtual_time

ROW = {
    "version": "2.1.9",
    "like": "2.1.1",
    "definitions": "Like",
    "kubernetes": {"min": "1.30", "max": "1.36"},
    "avi": {"min": "30.1.1", "max": "32.1.4"},
    "keys": {"add": [{"name": "enableAutogw", "env": "ENABLE_AUTOGW", "default": "false"}]},
}
ALLOWED = core_settings.Settings(allowed_secret_namespaces=("avi",))
SECRETS = (
    builders.secret("avi", "shop-avi", username="shop", password="x"),
    builders.secret("avi", "ca", certificateAuthorityData="PEM"),
)


def state(fleet: testing.Fleet, cluster: str, name: str) -> tuple[str, str, str]:
    """Status, reason and message of a condition of its record."""
    stored = fleet.record(cluster)
    condition = conditions.find(stored.status.conditions, name) if stored else None
    if condition is None:
        return ("", "", "")
    return (condition.status, condition.reason, condition.message)


def ako(fleet: testing.Fleet) -> tuple[int, dict[str, int]]:
    """The version of all that is in the workload cluster, and its Pods with their restarts."""
    server = fleet.workload("shop")
    assert server is not None
    pods = server.objects(resource.PODS, "avi-system")
    restarts = {
        pod["metadata"]["uid"]: pod["status"]["containerStatuses"][0]["restartCount"]
        for pod in pods
    }
    return server.store.version, restarts


def test_ako_is_neither_changed_nor_restarted(build: Any) -> None:
    rows: list[dict[str, Any]] = [ROW]

    def plugins() -> list[AkoPlugin]:
        """Those of a process that reads the settings at its start."""
        read = {"releases": list(rows)}
        return [AkoPlugin(core_settings.decode(read, settings.Settings, path="plugins.ako"))]

    async def story(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, plugins, settings=ALLOWED) as fleet:
            fleet.management.seed(*SECRETS)
            await fleet.create_config(build.adc({"plugins": {"ako": {"version": "2.1.9"}}})["spec"])
            await fleet.create_cluster("shop")
            await fleet.until_phase("shop", "Running")
            assert state(fleet, "shop", "ReleaseUnverified")[1] == "DescribedByRow"
            before = ako(fleet)
            assert list(before[1].values()) == [0]

            rows.clear()
            await fleet.restart()
            await fleet.until(
                lambda: state(fleet, "shop", "ReleaseUnverified")[1] == "RowRemoved", seconds=900
            )
            message = state(fleet, "shop", "ReleaseUnverified")[2]
            assert (
                "Put the row back, or name another release in spec.plugins.ako.version" in message
            )
            await fleet.create_cluster("other")
            await fleet.until(
                lambda: state(fleet, "other", "Ready")[1] == "AkoVersionUnsupported", seconds=900
            )
            assert state(fleet, "shop", "Ready")[0] == "True", "one record stops no other"
            assert ako(fleet) == before

            rows.append(ROW)
            await fleet.restart()
            await fleet.until(
                lambda: state(fleet, "shop", "ReleaseUnverified")[1] == "DescribedByRow",
                seconds=900,
            )
            await fleet.until_phase("other", "Running")
            assert ako(fleet) == before

    virtual_time.run(story)
