"""The number of calls to API servers: exact, so that no call is doubled unnoticed."""

from __future__ import annotations

import collections
from typing import Any

from akoo_core.kube import resource as resources
from akoo_core.reconcile.read import secret_reader
from tests.unit.reconcile import deploy_world
from tests.unit.reconcile.deploy_world import DeployWorld
from tests.unit.reconcile.reconcile_fleet import ReconcileFleet


def definition(number: int) -> dict[str, Any]:
    plural, kind = f"rules{number}", f"Rule{number}"
    spec = deploy_world.CRD["spec"] | {"names": {"plural": plural, "kind": kind}}
    return deploy_world.CRD | {"metadata": {"name": f"{plural}.ako.vmware.com"}, "spec": spec}


def reads_of_secrets(world: DeployWorld) -> int:
    return sum(call.operation == "get secrets" for call in world.management.faults.calls)


async def test_definitions_are_listed_twice_and_applied_once(world: DeployWorld) -> None:
    wanted = [definition(number) for number in range(11)]
    report = await world.deploy(*wanted, deploy_world.config_map())
    assert report.applied == 12
    assert collections.Counter(call.split()[0] for call in world.calls) == {
        "list": 3,  # The second finds that they are not Established yet.
        "apply": 12,
        "get": 1,  # The ConfigMap.
        "patch": 11,  # Not ours: the cluster's own controller establishes them meanwhile.
    }


async def test_definitions_of_others_are_looked_at_once_and_left(world: DeployWorld) -> None:
    for number in range(2):
        world.workload.seed(definition(number))
    await world.deploy(definition(0), definition(1))
    assert collections.Counter(call.split()[0] for call in world.calls) == {"list": 1, "get": 2}
    await world.deploy(definition(0), definition(1))
    assert world.calls == []


async def test_a_secret_is_read_once_for_all_its_keys(world: DeployWorld) -> None:
    await world.deploy(secrets=(deploy_world.SECRET,))
    assert reads_of_secrets(world) == 1
    assert [call for call in world.calls if "secrets" in call] == [
        "get secrets avi-system/avi-secret",
        "apply secrets avi-system/avi-secret",
    ]


async def test_a_secret_is_read_again_when_the_caches_show_another(world: DeployWorld) -> None:
    def version(namespace: str, name: str) -> str | None:
        copies = world.management.objects(resources.SECRETS, namespace)
        return secret_reader.version_of(copies[0]) if known else None

    known = True
    world.use(version)
    for _ in range(3):
        await world.deploy(secrets=(deploy_world.SECRET,))
    assert reads_of_secrets(world) == 1
    user = world.management.client(field_manager="kubectl")
    await user.merge_patch(resources.SECRETS, "avi", {"data": {"password": "AAAA"}}, "akoo")
    for _ in range(2):
        await world.deploy(secrets=(deploy_world.SECRET,))
    assert reads_of_secrets(world) == 2
    known = False
    await world.deploy(secrets=(deploy_world.SECRET,))
    assert reads_of_secrets(world) == 3, "caches that do not follow it prove nothing"


async def test_the_management_calls_of_an_onboarding(fleet: ReconcileFleet) -> None:
    await fleet.config()
    name = await fleet.cluster()
    await fleet.run(name)
    calls = collections.Counter(call.operation for call in fleet.management.faults.calls)
    assert calls == {
        "list akodeployments": 1,  # once in a process: are the caches behind?
        "get clusters": 1,
        "create akodeployments": 1,
        "get akodeploymentconfigs": 1,
        "patch akodeploymentconfigs": 1,
        "patch clusters": 1,  # Annotation and finalizer.
        "get secrets": 1,
        "patch akodeployments": 4,
        "patch akodeployments/status": 1,
        "apply clusters/status": 1,
    }
