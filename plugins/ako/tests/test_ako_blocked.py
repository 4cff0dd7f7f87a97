"""A config that turns wrong: what was deployed stays as it is, and still gets new passwords."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from akoo_ako import names
from akoo_ako.plugin import AkoPlugin

from akoo_core import testing
from akoo_core.kube import resource
from akoo_core.objects import conditions
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time

MISTAKES: dict[str, dict[str, Any]] = {
    "UpgradeBreaksAko": {"cluster": {"topology": {"class": "c", "version": "v1.99.0"}}},
    "misspelt": {"reason": "ConfigInvalid", "config": {"plugins": {"ako": {"vipNetwork": []}}}},
    "ConfigInvalid": {"config": {"extraConfigs": {"networksConfig": {"bgpPeerLabels": ["x"]}}}},
    "AkoVersionUnsupported": {"config": {"plugins": {"ako": {"version": "1.11.5"}}}},
    "CredentialMissing": {"config": {"workloadCredentialRef": None}},
}


def secret(name: str, **values: str) -> dict[str, Any]:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": name, "namespace": "avi"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def deployed(fleet: testing.Fleet, key: str) -> str:
    """A value of AKO's Secret in the workload cluster."""
    workload = fleet.workload("shop")
    assert workload is not None
    (secret,) = workload.objects(resource.SECRETS, names.NAMESPACE)
    return base64.b64decode(secret["data"][key]).decode()


def ako_condition(fleet: testing.Fleet) -> tuple[str, str]:
    """Reason and message of AKO's condition."""
    record = fleet.record("shop")
    assert record is not None
    condition = conditions.find(record.status.conditions, "AkoReady")
    assert condition is not None
    return condition.reason, condition.message


async def running(fleet: testing.Fleet, build: Any) -> None:
    """A cluster with AKO, whose account and CA are in Secrets of the management cluster."""
    await fleet.user.create(resource.SECRETS, secret("shop-avi", username="u", password="old"))
    await fleet.user.create(resource.SECRETS, secret("ca", certificateAuthorityData="old"))
    await fleet.create_config(build.adc()["spec"])
    await fleet.create_cluster("shop")
    await fleet.until_phase("shop", "Running")


async def mistake(fleet: testing.Fleet, reason: str) -> None:
    made = MISTAKES[reason]
    reason = made.get("reason", reason)
    if "cluster" in made:
        await fleet.patch_cluster("shop", {"spec": made["cluster"]})
    else:
        await fleet.change_config(made["config"])
    await fleet.until(lambda: ako_condition(fleet)[0] == reason, seconds=600)


async def rotate(fleet: testing.Fleet) -> None:
    new = base64.b64encode(b"new").decode()
    for name, key in (("shop-avi", "password"), ("ca", "certificateAuthorityData")):
        await fleet.user.merge_patch(resource.SECRETS, name, {"data": {key: new}}, "avi")
    keys = ("password", "certificateAuthorityData")
    await fleet.until(lambda: all(deployed(fleet, key) == "new" for key in keys), seconds=120)


SETTINGS = Settings(allowed_secret_namespaces=("avi",))

Story = Callable[[testing.Fleet], Awaitable[None]]


def play(story: Story) -> None:
    """Run it with an operator that has this plugin alone."""

    async def main(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            await story(fleet)

    virtual_time.run(main)


@pytest.mark.parametrize("reason", MISTAKES)
def test_a_rotated_password_reaches_ako(build: Any, reason: str) -> None:
    async def story(fleet: testing.Fleet) -> None:
        await running(fleet, build)
        await mistake(fleet, reason)
        await rotate(fleet)
        assert "stays as it is, with its Secrets" in ako_condition(fleet)[1]

    play(story)


@pytest.mark.parametrize("reason", ["misspelt", "UpgradeBreaksAko"])
def test_so_after_a_restart(build: Any, reason: str) -> None:
    async def story(fleet: testing.Fleet) -> None:
        await running(fleet, build)
        await mistake(fleet, reason)
        await fleet.restart()
        await asyncio.sleep(60)
        await rotate(fleet)
        assert "only the Secrets" in ako_condition(fleet)[1]

    play(story)


def test_drift_is_mended(build: Any) -> None:
    async def story(fleet: testing.Fleet) -> None:
        await running(fleet, build)
        await mistake(fleet, "ConfigInvalid")
        workload = fleet.workload("shop")
        assert workload is not None

        def level() -> str:
            (config_map,) = workload.objects(resource.CONFIG_MAPS, names.NAMESPACE)
            return str(config_map["data"]["logLevel"])

        patch = {"data": {"logLevel": "DEBUG"}}
        user = workload.client(field_manager="kubectl")
        await user.merge_patch(resource.CONFIG_MAPS, names.CONFIG_MAP, patch, names.NAMESPACE)
        await fleet.until(lambda: level() == "INFO", seconds=2400)
        assert ako_condition(fleet)[0] == "ConfigInvalid"

    play(story)


def test_a_source_that_went_is_told_beside_the_mistake(build: Any) -> None:
    async def story(fleet: testing.Fleet) -> None:
        await running(fleet, build)
        await mistake(fleet, "ConfigInvalid")
        await fleet.user.delete(resource.SECRETS, "shop-avi", "avi")
        await fleet.until(lambda: "avi/shop-avi" in ako_condition(fleet)[1], seconds=1200)
        assert ako_condition(fleet)[0] == "ConfigInvalid"
        assert deployed(fleet, "password") == "old"

    play(story)


def test_nothing_is_deployed_where_nothing_was(build: Any) -> None:
    async def story(fleet: testing.Fleet) -> None:
        config = build.adc({"extraConfigs.networksConfig.bgpPeerLabels": ["x"]})["spec"]
        await fleet.create_config(config)
        await fleet.create_cluster("shop")
        await fleet.until(lambda: fleet.record("shop") is not None)
        await asyncio.sleep(120)
        workload = fleet.workload("shop")
        assert workload is not None
        assert workload.objects(resource.CONFIG_MAPS, names.NAMESPACE) == []
        reason, message = ako_condition(fleet)
        assert reason == "ConfigInvalid"
        assert "deployed before" not in message

    play(story)
