"""An AKO that Helm deployed is adopted, changed, and removed: one life in virtual time."""

from __future__ import annotations

import asyncio
import base64
import copy
from typing import Any

import pytest
from akoo_ako.installs import kinds
from akoo_ako.plugin import AkoPlugin

from akoo_core import testing
from akoo_core.kube import resource as resources
from akoo_core.objects import names as core_names
from akoo_core.plugin.kube import Resource
from akoo_core.settings import Settings
from akoo_core.testing import virtual_time
from akoo_core.testing.memory import kubelet

SETTINGS = Settings(allowed_secret_namespaces=("avi",))
NAMESPACE = "balancers"
NAME = "my-cluster"
INSTANCE = "ako-1593523840"
SELECTOR = {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": INSTANCE}
KINDS: dict[str, Resource] = {kind.kind: kind for kind in kinds.OWN}
VALUES = {"username": "shop", "password": "a-password", "certificateAuthorityData": "a-ca"}
ADOPT = {"existing": "Adopt", "version": "1.13.4", "podSecurity": "Vendor"}


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    """AKO says that it works, whatever its container is called."""
    monkeypatch.setitem(kubelet.READY_EVENTS, f"ako-{NAME}", "AKOReady")


def install(build: Any) -> list[dict[str, Any]]:
    """The objects of AKO 1.13.4 as the vendor's chart makes them."""
    made: list[dict[str, Any]] = build.helm_install(NAMESPACE, NAME, SELECTOR, VALUES)
    return made


async def put(fleet: testing.Fleet, listed: list[dict[str, Any]], cluster: str = "shop") -> None:
    server = fleet.workload(cluster)
    assert server is not None
    helm = server.client(system="others", field_manager="helm")
    await helm.create(
        resources.NAMESPACES,
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    )
    for obj in listed:
        await helm.create(KINDS[obj["kind"]], obj)


async def prepared(
    fleet: testing.Fleet, build: Any, listed: list[dict[str, Any]], **section: Any
) -> None:
    """A cluster with these objects in it, and a config that adopts."""
    for name in ("shop-avi", "ca"):
        data = {key: base64.b64encode(value.encode()).decode() for key, value in VALUES.items()}
        metadata = {"name": name, "namespace": "avi"}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
        await fleet.user.create(resources.SECRETS, secret)
    await fleet.create_cluster("shop")
    await put(fleet, listed)
    spec = build.adc()["spec"] | {"plugins": {"ako": ADOPT | section}}
    await fleet.create_config(spec)


def objects_of(fleet: testing.Fleet, kind: str, cluster: str = "shop") -> list[dict[str, Any]]:
    server = fleet.workload(cluster)
    assert server is not None
    return server.objects(KINDS.get(kind, resources.PODS))


def pods(fleet: testing.Fleet) -> dict[str, int]:
    """UIDs of the Pods of AKO, each with its restarts."""
    server = fleet.workload("shop")
    assert server is not None
    return {
        pod["metadata"]["uid"]: pod["status"]["containerStatuses"][0]["restartCount"]
        for pod in server.objects(resources.PODS, NAMESPACE)
    }


def reason(fleet: testing.Fleet) -> str:
    record = fleet.record("shop")
    listed = record.status.conditions if record is not None else ()
    return next((each.reason for each in listed if each.type == "Ready"), "")


def message(fleet: testing.Fleet) -> str:
    record = fleet.record("shop")
    listed = record.status.conditions if record is not None else ()
    return next((each.message for each in listed if each.type == "Ready"), "")


async def until(fleet: testing.Fleet, wanted: str) -> None:
    """Wait for the reason of Ready."""
    try:
        await fleet.until(lambda: reason(fleet) == wanted, seconds=1200)
    except AssertionError as error:
        raise AssertionError(f"{reason(fleet)}: {message(fleet)}") from error


def ours(fleet: testing.Fleet, *listed: str) -> bool:
    """All objects of these kinds are ours, and no field is Helm's."""
    record = fleet.record("shop")
    assert record is not None
    return all(
        obj["metadata"]["labels"].get(core_names.RECORD_LABEL) == record.name
        and "helm" not in {entry["manager"] for entry in obj["metadata"]["managedFields"]}
        for kind in listed
        for obj in objects_of(fleet, kind)
    )


TAKEN = (
    *("StatefulSet", "ConfigMap", "Secret", "ServiceAccount"),
    *("ClusterRole", "ClusterRoleBinding", "IngressClass"),
)


def test_adopted_changed_and_removed(build: Any) -> None:
    async def main(now: virtual_time.LoopClock) -> None:
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            await prepared(fleet, build, install(build))
            await until(fleet, "Running")
            record = fleet.record("shop")
            assert record is not None
            assert record.spec.ako_cluster_name == NAME
            assert record.spec.adoption is not None
            assert record.spec.adoption.ended_at is not None
            before = pods(fleet)
            assert list(before.values()) == [0]
            assert record.spec.facts["AkoInstall"].data["pods"] == before, "the same Pods as before"
            assert ours(fleet, *TAKEN)
            (stateful_set,) = objects_of(fleet, "StatefulSet")
            assert stateful_set["metadata"]["generation"] == 1
            assert "akoo.io/config-hash" not in str(stateful_set["spec"])
            await fleet.restart()
            await fleet.until(lambda: now.monotonic() > 3000)
            assert pods(fleet) == before

            await fleet.change_config({"extraConfigs": {"ipFamily": "V4"}})
            await fleet.until(lambda: pods(fleet).keys() != before.keys(), seconds=600)
            await until(fleet, "Running")
            (stateful_set,) = objects_of(fleet, "StatefulSet")
            spec = stateful_set["spec"]
            assert spec["selector"] == {"matchLabels": SELECTOR}
            assert spec["podManagementPolicy"] == "OrderedReady"
            assert [c["name"] for c in spec["template"]["spec"]["containers"]] == ["ako"]
            assert "akoo.io/config-hash" in spec["template"]["metadata"]["annotations"]
            (config_map,) = objects_of(fleet, "ConfigMap")
            assert config_map["data"]["ipFamily"] == "V4"
            assert config_map["data"]["clusterName"] == NAME
            await fleet.change_config({"extraConfigs": None})
            await fleet.until(lambda: "V4" not in str(objects_of(fleet, "ConfigMap")), seconds=600)
            await until(fleet, "Running")
            (stateful_set,) = objects_of(fleet, "StatefulSet")
            names_of = [c["name"] for c in stateful_set["spec"]["template"]["spec"]["containers"]]
            assert names_of == ["ako"], "it does not go back to the shape of the install"

            await fleet.user.merge_patch(
                resources.AKO_DEPLOYMENTS,
                record.name,
                {"metadata": {"annotations": {core_names.LEAVE_ANNOTATION: "sweep"}}},
            )
            await fleet.until_phase("shop", "Finished")
            left = {kind for kind in TAKEN if objects_of(fleet, kind)}
            assert left == set()

    virtual_time.run(main)


@pytest.mark.parametrize(
    ("section", "part"),
    [
        ({"version": "2.1.1"}, "image of AKO"),
        ({"nodeSelector": {"disk": "ssd"}}, "nodeSelector"),
        ({"vrfName": "blue"}, "ConfigMap key vrfName"),
    ],
)
def test_a_config_that_means_something_else(build: Any, section: dict[str, Any], part: str) -> None:
    """Nothing is written, until the config means what is there."""

    async def main(now: virtual_time.LoopClock) -> None:
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            await prepared(fleet, build, install(build), **section)
            await until(fleet, "AdoptionWouldRestart")
            assert part in message(fleet)
            record = fleet.record("shop")
            assert record is not None
            assert record.spec.inventory == ()
            assert record.spec.adoption is not None
            assert record.spec.adoption.failure == "AdoptionWouldRestart"
            assert not ours(fleet, "StatefulSet")
            before = pods(fleet)
            await fleet.change_config({"plugins": {"ako": dict.fromkeys(section) | ADOPT}})
            await until(fleet, "Running")
            assert pods(fleet) == before

    virtual_time.run(main)


def test_another_password_is_not_written_by_an_adoption(build: Any) -> None:
    async def main(now: virtual_time.LoopClock) -> None:
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            listed = install(build)
            listed[-1]["data"]["password"] = base64.b64encode(b"another").decode()
            await prepared(fleet, build, listed)
            await until(fleet, "AdoptionWouldRestart")
            assert "Secret balancers/avi-secret: data.password" in message(fleet)
            assert "another" not in message(fleet).replace("another AKO", "")
            assert not ours(fleet, "StatefulSet")

    virtual_time.run(main)


def test_an_install_that_changes_before_it_is_written(build: Any) -> None:
    """The shape is read again, as long as nothing of it is written."""

    async def main(now: virtual_time.LoopClock) -> None:
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            listed = install(build)
            listed[-1]["data"]["password"] = base64.b64encode(b"another").decode()
            await prepared(fleet, build, listed)
            await until(fleet, "AdoptionWouldRestart")
            server = fleet.workload("shop")
            assert server is not None
            helm = server.client(system="others", field_manager="helm")
            note = {"spec": {"template": {"metadata": {"annotations": {"team": "a"}}}}}
            await helm.merge_patch(resources.STATEFUL_SETS, "ako", note, NAMESPACE)
            await asyncio.sleep(900)
            data = {"password": base64.b64encode(VALUES["password"].encode()).decode()}
            await helm.merge_patch(resources.SECRETS, "avi-secret", {"data": data}, NAMESPACE)
            await until(fleet, "Running")
            (stateful_set,) = objects_of(fleet, "StatefulSet")
            template = stateful_set["spec"]["template"]
            assert template["metadata"]["annotations"] == {"team": "a"}
            assert ours(fleet, "StatefulSet")

    virtual_time.run(main)


def test_a_release_that_nobody_knows_is_adopted_as_it_stands(build: Any) -> None:
    async def main(now: virtual_time.LoopClock) -> None:
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            listed = install(build)
            (stateful_set,) = [obj for obj in listed if obj["kind"] == "StatefulSet"]
            container = stateful_set["spec"]["template"]["spec"]["containers"][0]
            container["image"] = "registry.example.com/ako:9.9.9"
            await prepared(fleet, build, listed, version="")
            await until(fleet, "Running")
            before = pods(fleet)
            assert ours(fleet, *TAKEN)
            await fleet.change_config({"extraConfigs": {"ipFamily": "V4"}})
            await fleet.until(lambda: now.monotonic() > 6000)
            assert pods(fleet) == before, "nothing but the shape is rendered"
            await fleet.change_config({"plugins": {"ako": {"version": "1.13.4"}}})
            await fleet.until(lambda: pods(fleet).keys() != before.keys(), seconds=600)
            await until(fleet, "Running")

    virtual_time.run(main)


def test_a_cluster_without_an_ako_gets_one(build: Any) -> None:
    async def main(now: virtual_time.LoopClock) -> None:
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            await prepared(fleet, build, [])
            await until(fleet, "Running")
            record = fleet.record("shop")
            assert record is not None
            assert record.spec.ako_cluster_name == record.name
            (stateful_set,) = objects_of(fleet, "StatefulSet")
            assert stateful_set["metadata"]["namespace"] == "avi-system"

    virtual_time.run(main)


def second(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The StatefulSet and ConfigMap once more, in another namespace."""
    more = [copy.deepcopy(obj) for obj in listed if obj["kind"] in ("StatefulSet", "ConfigMap")]
    for obj in more:
        obj["metadata"]["namespace"] = "another"
    return [*listed, *more]


def with_secret(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A password in the Pod template."""
    (stateful_set,) = [obj for obj in listed if obj["kind"] == "StatefulSet"]
    env = stateful_set["spec"]["template"]["spec"]["containers"][0]["env"]
    env.append({"name": "PROXY_PASSWORD", "value": "hunter2"})
    return listed


def large(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """More than a record takes."""
    (stateful_set,) = [obj for obj in listed if obj["kind"] == "StatefulSet"]
    env = stateful_set["spec"]["template"]["spec"]["containers"][0]["env"]
    env.append({"name": "LONG", "value": "x" * 40_000})
    return listed


def deleting(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """It is told to delete its objects."""
    (config_map,) = [obj for obj in listed if obj["kind"] == "ConfigMap"]
    config_map["data"]["deleteConfig"] = "true"
    return listed


def of_argo(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Argo CD has marked it."""
    for obj in listed:
        obj["metadata"].setdefault("annotations", {})["argocd.argoproj.io/tracking-id"] = "ako:x"
    return listed


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (second, "SecondAko"),
        (with_secret, "ShapeHoldsSecret"),
        (large, "ShapeTooLarge"),
        (deleting, "DeleteConfigSet"),
        (of_argo, "ManagedByOther"),
    ],
)
def test_an_install_that_cannot_be_adopted(build: Any, change: Any, why: str) -> None:
    async def main(now: virtual_time.LoopClock) -> None:
        async with testing.Fleet(now, lambda: [AkoPlugin()], settings=SETTINGS) as fleet:
            await prepared(fleet, build, change(install(build)))
            await until(fleet, why)
            record = fleet.record("shop")
            assert record is not None
            assert record.spec.observed
            assert "hunter2" not in str(record)
            cluster = fleet.cluster("shop")
            assert cluster is not None
            assert core_names.FINALIZER not in cluster["metadata"]["finalizers"]
            assert not ours(fleet, "ConfigMap")

    virtual_time.run(main)
