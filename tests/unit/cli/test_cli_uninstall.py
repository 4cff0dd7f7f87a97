"""`akoo-core uninstall`: asks records to leave and waits, or lets go of all in a safe order."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import pytest

from akoo_core import clock, errors
from akoo_core.cli import fleet
from akoo_core.cli.annotate import write
from akoo_core.cli.uninstall import orphan, remove, running_operator
from akoo_core.election import installations
from akoo_core.kube import client, resource
from akoo_core.kube import errors as kube_errors
from akoo_core.objects import names, record
from akoo_core.testing import builders
from tests.unit.cli.commands_world import NOW, RECORDS, CommandWorld

LEAVING = record.Leaving(cause="UserWord", started_at=NOW)
HOUR = datetime.timedelta(hours=1)


def lease(
    world: CommandWorld, *, holder: str = "pod-1", ago: float = 5.0, watches: str = ""
) -> None:
    renewed = NOW - datetime.timedelta(seconds=ago)
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": 60,
        "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    metadata: dict[str, Any] = {"name": "akoo-core", "namespace": "akoo-system"}
    if watches:
        metadata["labels"] = {installations.WATCH_LABEL: watches}
    kind = resource.LEASES
    world.server.seed(
        {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
    )


async def finish(kube: client.KubeClient, name: str) -> None:
    """Finish a record that is to be swept, as the operator would."""
    stamp = NOW.isoformat()
    await kube.merge_patch(RECORDS, name, {"spec": {"finishedAt": stamp}})


def finalizers(world: CommandWorld) -> dict[str, list[str]]:
    finalizers = {}
    for kind in (resource.CLUSTERS, resource.AKO_DEPLOYMENT_CONFIGS, RECORDS):
        for obj in world.server.objects(kind):
            finalizers[obj["metadata"]["name"]] = obj["metadata"].get("finalizers") or []
    return finalizers


@pytest.mark.parametrize("flags", [(), ("--remove", "--orphan"), ("--remove", "--timeout", "x")])
def test_wrong_input(world: CommandWorld, flags: tuple[str, ...]) -> None:
    assert world("uninstall", "--yes", *flags)[0] == 2


@pytest.mark.parametrize(
    ("holder", "ago", "expected"),
    [("pod-1", 5, "pod-1"), ("pod-1", 59, "pod-1"), ("pod-1", 60, ""), ("", 1, "")],
)
async def test_a_lease_says_whether_an_operator_runs(
    world: CommandWorld, holder: str, ago: float, expected: str
) -> None:
    of = running_operator.Lease("akoo-system", "akoo-core")
    with pytest.raises(errors.InputError, match="--namespace, --lease"):
        await running_operator.holder(world.server.client(), of, NOW)
    lease(world, holder=holder, ago=ago)
    assert await running_operator.holder(world.server.client(), of, NOW) == expected


# --remove


def test_remove_without_an_operator_is_refused(world: CommandWorld) -> None:
    lease(world, holder="")
    world.record()
    code, _, err = world("uninstall", "--remove", "--yes")
    assert (code, "nothing would be removed" in err) == (2, True)
    assert world.annotations() == {}


@pytest.mark.parametrize("when", ["at the start", "during the question"])
def test_remove_names_records_that_the_operator_leaves_alone(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """It would wait for them until its timeout. Nothing is asked to leave."""
    lease(world, watches="team-a" if when == "at the start" else "")
    world.record("akoo-1", "team-a/shop")
    world.record("akoo-2", "team-b/pay", leaving=LEAVING)
    world.record("akoo-3", "team-c/old", finished_at=NOW)
    world.record("akoo-4", "team-d/new")

    def limited(*_: Any, **__: Any) -> None:
        labels = {"metadata": {"labels": {installations.WATCH_LABEL: "team-a"}}}
        kube = world.server.client()
        asyncio.run(kube.merge_patch(resource.LEASES, "akoo-core", labels, "akoo-system"))

    monkeypatch.setattr(write, "confirm", limited)
    code, out, err = world("uninstall", "--remove")
    assert code == 2
    assert (
        "the operator watches Clusters of namespace team-a only and leaves these alone: "
        "team-b/pay (akoo-2), team-d/new (akoo-4). Run it without --namespace and watchNamespace"
    ) in err
    assert ("AKO is removed from" in out) == (when == "during the question")
    assert [world.annotations(f"akoo-{number}") for number in range(1, 5)] == [{}] * 4


def test_remove_beside_an_operator_with_a_limit(world: CommandWorld) -> None:
    """Every record that is not finished is of the namespace that it watches."""
    lease(world, watches="team-a")
    world.record("akoo-1", "team-a/shop", leaving=LEAVING, finished_at=NOW)
    world.record("akoo-3", "team-c/old", finished_at=NOW)
    code, out, _ = world("uninstall", "--remove", "--yes")
    assert (code, "2 of 2 finished" in out) == (0, True)


def test_remove_asks_says_and_waits(world: CommandWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    lease(world)
    world.record("akoo-1", "team-a/shop")
    world.record("akoo-2", "team-b/pay", leaving=LEAVING, status=record.RecordStatus(left=7))
    world.record("akoo-3", "team-c/old", finished_at=NOW)
    rounds = 0

    async def operator(_: float) -> None:
        """One record is done each round; a new one appears in the first."""
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            world.record("akoo-4", "team-d/new")
        asked = [
            record["metadata"]["name"]
            for record in world.server.objects(RECORDS)
            if (record["metadata"].get("annotations") or {}).get(names.LEAVE_ANNOTATION) == "sweep"
            and "finishedAt" not in record["spec"]
        ]
        await finish(world.server.client(), asked[0])

    monkeypatch.setattr(remove, "rest_for", operator)
    code, out, _ = world("uninstall", "--remove", "--yes")
    assert code == 0
    assert "AKO is removed from 2 clusters" in out
    assert "1 of 3 finished; waiting for team-a/shop (Preparing), team-b/pay (Preparing, 7 l" in out
    assert "4 of 4 finished" in out
    assert "deploy/README.md" in out
    for name in ("akoo-1", "akoo-2", "akoo-4"):
        assert world.annotations(name) == {names.LEAVE_ANNOTATION: "sweep"}
    assert world.annotations("akoo-3") == {}


async def test_remove_ends_in_time_and_says_what_is_left(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.record(status=record.RecordStatus(phase="Draining"))
    time, lines = clock.ManualClock(), list[str]()

    async def later(_: float) -> None:
        time.advance(1800)

    monkeypatch.setattr(remove, "rest_for", later)
    with pytest.raises(errors.AkooError, match=r"team-a/shop \(Draining\)"):
        await remove.remove(world.server.client(), lines.append, within=HOUR, clock=time)
    assert lines == ["0 of 1 finished; waiting for team-a/shop (Draining)"]


async def test_remove_survives_trouble(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = [kube_errors.UnreachableError("silent"), TimeoutError(), fleet.Records()]

    async def records(_: object) -> fleet.Records:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        records: fleet.Records = answer
        return records

    monkeypatch.setattr(fleet, "records", records)
    monkeypatch.setattr(remove, "REFRESH_SECONDS", 0.0)
    lines = list[str]()
    kube = world.server.client()
    await remove.remove(kube, lines.append, within=HOUR, clock=clock.SystemClock())
    assert lines[0] == "silent; tried again"
    assert lines[-1] == "0 of 0 finished"


# --orphan


def seed_fleet(world: CommandWorld, **spec: Any) -> None:
    uid = world.cluster(annotations={names.RECORD_ANNOTATION: "akoo-1", "theirs": "x"})
    obj = builders.config(name="default")
    del obj["metadata"]["resourceVersion"]
    obj["metadata"]["finalizers"] = ["theirs", names.FINALIZER]
    world.server.seed(obj)
    world.record(uid=uid, **spec)


def test_orphan_takes_finalizers_off_and_nothing_else(world: CommandWorld) -> None:
    lease(world, holder="")
    seed_fleet(world)
    spec = world.server.objects(RECORDS)[0]["spec"]
    code, out, _ = world("uninstall", "--orphan", "--yes")
    assert code == 0
    assert finalizers(world) == {"shop": [], "default": ["theirs"], "akoo-1": []}
    metadata = world.server.objects(resource.CLUSTERS)[0]["metadata"]
    assert metadata["annotations"] == {"theirs": "x"}
    assert world.server.objects(RECORDS)[0]["spec"] == spec
    done = [line for line in out.splitlines() if line.endswith(": done")]
    assert done == [
        "Cluster team-a/shop: done",
        "AKODeploymentConfig default: done",
        "AKODeployment akoo-1: done",
    ]
    assert "team-a/shop: AKO and 0 objects" in out
    again, out, _ = world("uninstall", "--orphan", "--yes")
    assert (again, ": done" in out) == (0, False)


def test_orphan_takes_what_controllers_of_plugins_hold(world: CommandWorld) -> None:
    """An AviIPPool or AviController that nobody looks after could never be deleted."""
    lease(world, holder="")
    held = {
        "avi-ip-pool": resource.Resource(
            "akoo.io", "v1alpha1", "aviippools", "AviIPPool", namespaced=False
        ),
        "avi-controller": resource.Resource(
            "akoo.io", "v1alpha1", "avicontrollers", "AviController", namespaced=False
        ),
    }
    for ours, kind in held.items():
        world.server.served.serve(kind)
        metadata = {"name": "one", "finalizers": ["theirs", f"akoo.io/{ours}"]}
        about = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
        world.server.seed(about)
    code, out, _ = world("uninstall", "--orphan", "--yes", "--plugins", "avi")
    assert (code, out.count(": done")) == (0, 2)
    for kind in held.values():
        (obj,) = world.server.objects(kind)
        assert obj["metadata"]["finalizers"] == ["theirs"]


@pytest.mark.parametrize("way", ["--orphan", "--remove"])
def test_port_groups_are_listed_as_kept_or_deleted(world: CommandWorld, way: str) -> None:
    """Before anything is done; nothing of them is."""
    lease(world, holder="" if way == "--orphan" else "pod-1")
    kind = resource.Resource(
        "akoo.io", "v1alpha1", "vsphereportgroups", "VSpherePortGroup", namespaced=False
    )
    world.server.served.serve(kind)
    for name, status in (
        ("edge", {"portGroup": {"name": "edge", "moRef": "dvportgroup-12"}}),
        (
            "old",
            {"portGroup": {"name": "old", "moRef": "dvportgroup-7"}, "deletionPolicy": "Retain"},
        ),
        ("new", {}),
    ):
        about = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
        world.server.seed({**about, "status": status})
    code, out, _ = world("uninstall", way, "--yes", "--plugins", "vsphere")
    assert code == 0
    lines = out.splitlines()
    cure = "; to have it removed, delete this object first, while the operator runs"
    start = lines.index("Outside, by the objects of plugins:")
    assert lines[start + 1 : start + 4] == [
        f'  VSpherePortGroup edge: port group "edge" (dvportgroup-12) is kept in vCenter{cure}',
        "  VSpherePortGroup new: no port group is recorded in vCenter",
        '  VSpherePortGroup old: port group "old" (dvportgroup-7) is kept in vCenter',
    ]
    assert len(world.server.objects(kind)) == 3


def test_orphan_goes_on_where_our_condition_is_all_of_a_status(world: CommandWorld) -> None:
    """The API server does not store the status of null that would be left."""
    lease(world, holder="")
    seed_fleet(world)
    condition = {"type": names.LOAD_BALANCER_READY, "status": "True"}
    (obj,) = world.server.objects(resource.CLUSTERS)
    metadata = obj["metadata"]
    patch = {"status": {"conditions": [condition]}}
    kube = world.server.client()
    asyncio.run(
        kube.merge_patch(
            resource.CLUSTERS,
            metadata["name"],
            patch,
            metadata["namespace"],
            subresource="status",
        )
    )
    refusal = kube_errors.InvalidError('Cluster "shop" is invalid: status: null')
    world.server.faults.before("apply clusters/status", refusal)
    code, _, err = world("uninstall", "--orphan", "--yes")
    assert code == 0, err
    assert finalizers(world)["shop"] == []
    assert world.server.objects(resource.CLUSTERS)[0]["status"]["conditions"] == [condition]


def test_orphan_beside_an_operator_is_refused(world: CommandWorld) -> None:
    lease(world)
    seed_fleet(world)
    before = finalizers(world)
    code, _, err = world("uninstall", "--orphan", "--yes")
    assert (code, "pod-1 holds Lease akoo-system/akoo-core" in err) == (2, True)
    assert finalizers(world) == before


def test_orphan_stops_when_an_operator_starts(
    world: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease(world, holder="")
    seed_fleet(world)
    remove_mark = orphan.remove_mark

    async def started(kube: client.KubeClient, mark: orphan.Mark, say: Any) -> None:
        await remove_mark(kube, mark, say)
        now = {"holderIdentity": "pod-2", "renewTime": "2026-01-01T03:00:00.000000Z"}
        await kube.merge_patch(resource.LEASES, "akoo-core", {"spec": now}, "akoo-system")

    monkeypatch.setattr(orphan, "remove_mark", started)
    code, _, err = world("uninstall", "--orphan", "--yes")
    assert (code, "pod-2" in err) == (2, True)
    assert finalizers(world)["akoo-1"] == [names.RECORD_FINALIZER]


def test_orphan_while_something_leaves_is_refused(world: CommandWorld) -> None:
    lease(world, holder="")
    seed_fleet(world, leaving=LEAVING)
    before = finalizers(world)
    code, _, err = world("uninstall", "--orphan", "--yes")
    assert (code, "AKO is being removed from team-a/shop (akoo-1)" in err) == (2, True)
    assert finalizers(world) == before


async def test_what_is_being_deleted_is_a_problem(world: CommandWorld) -> None:
    seed_fleet(world)
    kube = world.server.client()
    await kube.delete(resource.CLUSTERS, "shop", "team-a")
    problems = list(orphan.problems(await orphan.marks(kube, ()), fleet.Records()))
    assert problems == ["Cluster team-a/shop is being deleted and waits for its cleanup"]
