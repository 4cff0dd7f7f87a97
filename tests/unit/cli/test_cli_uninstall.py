"""`akoo-core uninstall`: asks records to leave and waits, or lets go of all in a safe order."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from akoo_core import clock, errors
from akoo_core.cli import fleet
from akoo_core.cli.uninstall import orphan, remove, running_operator
from akoo_core.kube import client, resource
from akoo_core.kube import errors as kube_errors
from akoo_core.objects import names, record
from akoo_core.testing import builders
from tests.unit.cli.commands_bed import NOW, RECORDS, Bed

LEAVING = record.Leaving(cause="UserWord", started_at=NOW)
HOUR = datetime.timedelta(hours=1)


def lease(bed: Bed, *, holder: str = "pod-1", ago: float = 5.0) -> None:
    renewed = NOW - datetime.timedelta(seconds=ago)
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": 60,
        "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    metadata = {"name": "akoo-core", "namespace": "akoo-system"}
    kind = resource.LEASES
    bed.server.seed(
        {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
    )


async def finish(kube: client.KubeClient, name: str) -> None:
    """Finish a record that is to be swept, as the operator would."""
    stamp = NOW.isoformat()
    await kube.merge_patch(RECORDS, name, {"spec": {"finishedAt": stamp}})


def finalizers(bed: Bed) -> dict[str, list[str]]:
    finalizers = {}
    for kind in (resource.CLUSTERS, resource.AKO_DEPLOYMENT_CONFIGS, RECORDS):
        for obj in bed.server.objects(kind):
            finalizers[obj["metadata"]["name"]] = obj["metadata"].get("finalizers") or []
    return finalizers


@pytest.mark.parametrize("flags", [(), ("--remove", "--orphan"), ("--remove", "--timeout", "x")])
def test_wrong_input(bed: Bed, flags: tuple[str, ...]) -> None:
    assert bed("uninstall", "--yes", *flags)[0] == 2


@pytest.mark.parametrize(
    ("holder", "ago", "expected"),
    [("pod-1", 5, "pod-1"), ("pod-1", 59, "pod-1"), ("pod-1", 60, ""), ("", 1, "")],
)
async def test_a_lease_says_whether_an_operator_runs(
    bed: Bed, holder: str, ago: float, expected: str
) -> None:
    of = running_operator.Lease("akoo-system", "akoo-core")
    with pytest.raises(errors.InputError, match="--namespace, --lease"):
        await running_operator.holder(bed.server.client(), of, NOW)
    lease(bed, holder=holder, ago=ago)
    assert await running_operator.holder(bed.server.client(), of, NOW) == expected


# --remove


def test_remove_without_an_operator_is_refused(bed: Bed) -> None:
    lease(bed, holder="")
    bed.record()
    code, _, err = bed("uninstall", "--remove", "--yes")
    assert (code, "nothing would be removed" in err) == (2, True)
    assert bed.annotations() == {}


def test_remove_asks_says_and_waits(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    lease(bed)
    bed.record("akoo-1", "team-a/shop")
    bed.record("akoo-2", "team-b/pay", leaving=LEAVING, status=record.RecordStatus(left=7))
    bed.record("akoo-3", "team-c/old", finished_at=NOW)
    rounds = 0

    async def operator(_: float) -> None:
        """One record is done each round; a new one appears in the first."""
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            bed.record("akoo-4", "team-d/new")
        asked = [
            record["metadata"]["name"]
            for record in bed.server.objects(RECORDS)
            if (record["metadata"].get("annotations") or {}).get(names.LEAVE_ANNOTATION) == "sweep"
            and "finishedAt" not in record["spec"]
        ]
        await finish(bed.server.client(), asked[0])

    monkeypatch.setattr(remove, "rest_for", operator)
    code, out, _ = bed("uninstall", "--remove", "--yes")
    assert code == 0
    assert "AKO is removed from 2 clusters" in out
    assert "1 of 3 finished; waiting for team-a/shop (Preparing), team-b/pay (Preparing, 7 l" in out
    assert "4 of 4 finished" in out
    assert "deploy/README.md" in out
    for name in ("akoo-1", "akoo-2", "akoo-4"):
        assert bed.annotations(name) == {names.LEAVE_ANNOTATION: "sweep"}
    assert bed.annotations("akoo-3") == {}


async def test_remove_ends_in_time_and_says_what_is_left(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed.record(status=record.RecordStatus(phase="Draining"))
    time, lines = clock.ManualClock(), list[str]()

    async def later(_: float) -> None:
        time.advance(1800)

    monkeypatch.setattr(remove, "rest_for", later)
    with pytest.raises(errors.AkooError, match=r"team-a/shop \(Draining\)"):
        await remove.remove(bed.server.client(), lines.append, within=HOUR, clock=time)
    assert lines == ["0 of 1 finished; waiting for team-a/shop (Draining)"]


async def test_remove_survives_trouble(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
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
    kube = bed.server.client()
    await remove.remove(kube, lines.append, within=HOUR, clock=clock.SystemClock())
    assert lines[0] == "silent; tried again"
    assert lines[-1] == "0 of 0 finished"


# --orphan


def seed_fleet(bed: Bed, **spec: Any) -> None:
    uid = bed.cluster(annotations={names.RECORD_ANNOTATION: "akoo-1", "theirs": "x"})
    obj = builders.config(name="default")
    del obj["metadata"]["resourceVersion"]
    obj["metadata"]["finalizers"] = ["theirs", names.FINALIZER]
    bed.server.seed(obj)
    bed.record(uid=uid, **spec)


def test_orphan_takes_finalizers_off_and_nothing_else(bed: Bed) -> None:
    lease(bed, holder="")
    seed_fleet(bed)
    spec = bed.server.objects(RECORDS)[0]["spec"]
    code, out, _ = bed("uninstall", "--orphan", "--yes")
    assert code == 0
    assert finalizers(bed) == {"shop": [], "default": ["theirs"], "akoo-1": []}
    metadata = bed.server.objects(resource.CLUSTERS)[0]["metadata"]
    assert metadata["annotations"] == {"theirs": "x"}
    assert bed.server.objects(RECORDS)[0]["spec"] == spec
    done = [line for line in out.splitlines() if line.endswith(": done")]
    assert done == [
        "Cluster team-a/shop: done",
        "AKODeploymentConfig default: done",
        "AKODeployment akoo-1: done",
    ]
    assert "team-a/shop: AKO and 0 objects" in out
    again, out, _ = bed("uninstall", "--orphan", "--yes")
    assert (again, ": done" in out) == (0, False)


def test_orphan_takes_what_controllers_of_plugins_hold(bed: Bed) -> None:
    """An AviIPPool or AviController that nobody looks after could never be deleted."""
    lease(bed, holder="")
    held = {
        "avi-ip-pool": resource.Resource(
            "akoo.io", "v1alpha1", "aviippools", "AviIPPool", namespaced=False
        ),
        "avi-controller": resource.Resource(
            "akoo.io", "v1alpha1", "avicontrollers", "AviController", namespaced=False
        ),
    }
    for ours, kind in held.items():
        bed.server.served.serve(kind)
        metadata = {"name": "one", "finalizers": ["theirs", f"akoo.io/{ours}"]}
        about = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
        bed.server.seed(about)
    code, out, _ = bed("uninstall", "--orphan", "--yes", "--plugins", "avi")
    assert (code, out.count(": done")) == (0, 2)
    for kind in held.values():
        (obj,) = bed.server.objects(kind)
        assert obj["metadata"]["finalizers"] == ["theirs"]


def test_orphan_beside_an_operator_is_refused(bed: Bed) -> None:
    lease(bed)
    seed_fleet(bed)
    before = finalizers(bed)
    code, _, err = bed("uninstall", "--orphan", "--yes")
    assert (code, "pod-1 holds Lease akoo-system/akoo-core" in err) == (2, True)
    assert finalizers(bed) == before


def test_orphan_stops_when_an_operator_starts(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    lease(bed, holder="")
    seed_fleet(bed)
    remove_mark = orphan.remove_mark

    async def started(kube: client.KubeClient, mark: orphan.Mark, say: Any) -> None:
        await remove_mark(kube, mark, say)
        now = {"holderIdentity": "pod-2", "renewTime": "2026-01-01T03:00:00.000000Z"}
        await kube.merge_patch(resource.LEASES, "akoo-core", {"spec": now}, "akoo-system")

    monkeypatch.setattr(orphan, "remove_mark", started)
    code, _, err = bed("uninstall", "--orphan", "--yes")
    assert (code, "pod-2" in err) == (2, True)
    assert finalizers(bed)["akoo-1"] == [names.RECORD_FINALIZER]


def test_orphan_while_something_leaves_is_refused(bed: Bed) -> None:
    lease(bed, holder="")
    seed_fleet(bed, leaving=LEAVING)
    before = finalizers(bed)
    code, _, err = bed("uninstall", "--orphan", "--yes")
    assert (code, "AKO is being removed from team-a/shop (akoo-1)" in err) == (2, True)
    assert finalizers(bed) == before


async def test_what_is_being_deleted_is_a_problem(bed: Bed) -> None:
    seed_fleet(bed)
    kube = bed.server.client()
    await kube.delete(resource.CLUSTERS, "shop", "team-a")
    problems = list(orphan.problems(await orphan.marks(kube, ()), fleet.Records()))
    assert problems == ["Cluster team-a/shop is being deleted and waits for its cleanup"]
