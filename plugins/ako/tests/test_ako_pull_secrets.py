"""A pull Secret that was copied goes with AKO; those of others stay."""

from __future__ import annotations

import base64
from typing import Any

from akoo_ako.plugin import AkoPlugin

from akoo_core import testing
from akoo_core.kube import resource
from akoo_core.kube.client import Object
from akoo_core.objects import conditions
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time

TYPE = "kubernetes.io/dockerconfigjson"
KEY = ".dockerconfigjson"


def secret(name: str, namespace: str, kind: str = "Opaque", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"name": name, "namespace": namespace},
        "data": {key: base64.b64encode(text.encode()).decode() for key, text in data.items()},
    }


async def started(fleet: testing.Fleet, build: Any) -> None:
    """A cluster whose config copies a Secret and names another one."""
    for made in (
        secret("shop-avi", "avi", username="u", password="p"),
        secret("ca", "avi", certificateAuthorityData="c"),
        secret("pull", "avi", TYPE, **{KEY: "{}"}),
    ):
        await fleet.user.create(resource.SECRETS, made)
    section = {
        "copiedPullSecrets": [{"namespace": "avi", "name": "pull"}],
        "imagePullSecrets": ["theirs"],
    }
    spec = build.adc({"plugins": {"ako": section}})["spec"]
    await fleet.create_config({**spec, "onUnmatch": "Remove"})
    await fleet.stop()
    await fleet.create_cluster("shop")


def secrets(fleet: testing.Fleet) -> dict[str, Object]:
    workload = fleet.workload("shop")
    assert workload is not None
    every = workload.objects(resource.SECRETS, "avi-system")
    return {str(obj["metadata"]["name"]): obj for obj in every}


def test_a_copy_goes_with_ako_and_a_secret_of_others_stays(build: Any) -> None:
    async def story(clock: virtual_time.LoopClock) -> None:
        ours = Settings(allowed_secret_namespaces=("avi",))
        async with testing.Fleet(clock, lambda: [AkoPlugin()], settings=ours) as fleet:
            await started(fleet, build)
            workload = fleet.workload("shop")
            assert workload is not None
            workload.seed(secret("theirs", "avi-system", TYPE, **{KEY: "{}"}))
            await fleet.restart()
            await fleet.until_phase("shop", "Running")
            copy = secrets(fleet)["pull"]
            assert (copy["type"], copy["data"]) == (TYPE, {KEY: base64.b64encode(b"{}").decode()})
            assert secrets(fleet).keys() == {"avi-secret", "pull", "theirs"}
            await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": None}}})
            await fleet.until_phase("shop", "Finished")
            assert secrets(fleet).keys() == {"theirs"}

    virtual_time.run(story)


def test_a_secret_of_others_is_not_taken_for_a_copy(build: Any) -> None:
    async def story(clock: virtual_time.LoopClock) -> None:
        ours = Settings(allowed_secret_namespaces=("avi",))
        async with testing.Fleet(clock, lambda: [AkoPlugin()], settings=ours) as fleet:
            await started(fleet, build)
            workload = fleet.workload("shop")
            assert workload is not None
            workload.seed(secret("pull", "avi-system", TYPE, **{KEY: "theirs"}))
            before = secrets(fleet)["pull"]
            await fleet.restart()
            await fleet.until(lambda: reason(fleet) == "ForeignObject", seconds=600)
            assert secrets(fleet) == {"pull": before}

    virtual_time.run(story)


def reason(fleet: testing.Fleet) -> str:
    stored = fleet.record("shop")
    condition = conditions.find(stored.status.conditions, "AkoReady") if stored else None
    return condition.reason if condition is not None else ""
