"""The record on a real API server: what is written comes back, and identity does not change."""

from __future__ import annotations

import asyncio
import copy
import datetime
import pathlib
import subprocess
from typing import Any, Protocol

import pytest
from akoo_testbed import kubeapi, running
from akoo_testbed.building import build

from akoo_core import structs
from akoo_core.objects import conditions, config, record

Object = dict[str, Any]

AT = datetime.datetime(2026, 5, 4, 3, 2, 1, tzinfo=datetime.UTC)


class Server(Protocol):
    api: kubeapi.KubeApi

    async def try_create(self, obj: Object) -> Object: ...
    async def try_replace(self, obj: Object) -> Object: ...
    async def create(self, obj: Object) -> Object: ...


SMALL = record.RecordSpec(
    ako_cluster_name="akoo-0123456789ab",
    management_id="one",
    cluster_ref=record.ClusterRef(namespace="team-a", name="shop", uid="u-1"),
    config_ref=record.ConfigRef(name="default", uid="c-1"),
)

FULL = structs.replace(
    SMALL,
    instance="second",
    history_unknown=True,
    epoch=3,
    handover=record.Handover(management_id="other", epoch=2),
    policies=config.Policies(
        on_unmatch="Remove",
        on_deadline="Hold",
        deadline="2h",
        drain_timeout="1m",
        quiet_period="1s",
    ),
    plugins=("ako", "avi"),
    intents={
        "avi": record.StoredIntent(
            version=2, data={"any": {"depth": [1, True, None]}}, placement="cluster cloud"
        )
    },
    uses=(
        record.StoredUse(
            plugin="avi", group="akoo.io", kind="AviIPPool", name="p", uid="u", state="confirmed"
        ),
    ),
    declined={"Zone": record.DeclinedFact(plugin="vsphere")},
    facts={"Network": record.StoredFact(plugin="vsphere", version=1, data={"moref": "dvpg-1"})},
    inventory=(
        record.InventoryItem(
            plugin="ako",
            api_version="v1",
            kind="Secret",
            namespace="avi-system",
            name="avi-secret",
            digest="ab" * 32,
            secret=record.StoredSecret(
                data={
                    "password": record.StoredSource(
                        key="password",
                        namespace="avi",
                        name="admin",
                        plugin="avi",
                        optional=True,
                        single_line=True,
                        public=True,
                    )
                },
                type="kubernetes.io/basic-auth",
                labels={"app": "ako"},
                annotations={"made-by": "a test"},
            ),
            applied=record.AppliedSecret(
                uid="s-1", resource_version="7", sources={"avi/admin": "u-1/3"}
            ),
            note="It carries no label of ours.",
        ),
    ),
    workload=record.Workload(kube_system_uid="w-1"),
    observed=True,
    adoption=record.Adoption(
        started_at=AT, ended_at=AT, failure="AdoptionWouldRestart", config_generation=3
    ),
    foreign_akos=(
        record.ForeignAko(cluster_name="other", where="ConfigMap avi-system/avi-k8s-config"),
    ),
    orphaned=record.Orphaned(cause="Unmatched", at=AT),
    leaving=record.Leaving(
        cause="ClusterDeleted",
        started_at=AT,
        confirmed_at=AT,
        drained_at=AT,
        drain_outcome="Done",
        fence=record.FenceState(grade="Stopped", evidence="no Pod", at=AT, settle_seconds=1800),
        fences={
            "ako": record.FenceState(grade="Unfenced", evidence="", at=AT, settle_seconds=1800),
            "tenancy": record.FenceState(grade="Revoked", evidence="deleted", at=AT),
        },
        swept_at=AT,
        last_non_empty_at=AT,
        proof=record.StoredProof(
            plugin="avi",
            at=AT,
            own=1,
            suspect=2,
            held=3,
            queries=("GET pool",),
            held_by="VirtualService legacy",
            suspects=("VsVip old",),
            unseen=("Nobody looked in tenant team-b.",),
        ),
        undeployed_at=AT,
        let_go=record.StoredLetGo(at=AT, why="Deadline", message="after 1 h"),
        released_at=AT,
        attempted_at=AT,
        paused_at=AT,
        paused_seconds=60,
        moved=("avi",),
    ),
    ended_placements=(
        record.EndedPlacement(
            plugin="avi", placement="cluster old", how="Abandoned", at=AT, message="it burnt"
        ),
    ),
    finished_at=AT,
)

STATUS = record.RecordStatus(
    phase="Sweeping",
    observed_generation=1,
    config="default",
    version="2.1.1",
    left=7,
    last_trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    next_try_at=AT,
    retry_seconds=300,
    usual_until=AT,
    conditions=(
        conditions.Condition(
            type="Ready",
            status="False",
            reason="Sweeping",
            message="7 objects are left",
            last_transition_time=AT,
            observed_generation=1,
        ),
    ),
)


def plain(value: structs.Struct) -> Object:
    """As it is on the wire."""
    result: Object = structs.decode_json(structs.encode_json(value))
    return result


def _values_not_given(value: Any, path: str = "") -> list[str]:
    """Fields of a struct (and of structs in it) that are at their default."""
    plain = structs.to_plain(value)
    names = value.__struct_fields__
    missing = [f"{path}{name}" for name in names if getattr(value, name) in (None, (), {}, "")]
    assert len(plain) + len(missing) == len(names), path
    for name in names:
        inner = getattr(value, name)
        inner = inner[0] if isinstance(inner, tuple) and inner else inner
        if isinstance(inner, structs.Struct):
            missing += _values_not_given(inner, f"{path}{name}.")
    return missing


@pytest.mark.parametrize("spec", [SMALL, FULL], ids=["small", "full"])
async def test_what_is_written_comes_back(spec: record.RecordSpec, server: Server) -> None:
    stored = await server.create(record.to_object("akoo-0123456789ab", spec))
    assert stored["spec"] == plain(spec)
    assert record.from_object(stored).spec == spec

    status = plain(STATUS)
    kind = kubeapi.kind_of(stored)
    name = stored["metadata"]["name"]
    patched = await server.api.patch(kind, None, name, {"status": status}, subresource="status")
    assert patched["status"] == status
    assert record.from_object(patched).status == STATUS


def test_full_leaves_nothing_at_its_default() -> None:
    """Otherwise the test above would not show that the server keeps it."""
    assert _values_not_given(STATUS) == []
    assert _values_not_given(structs.replace(FULL, schema_version=2)) == []


async def test_columns(server: Server, crds: running.RunningServer, tmp_path: pathlib.Path) -> None:
    name = "akoo-0123456789ab"
    await server.create(record.to_object(name, SMALL))
    status = {"status": plain(STATUS)}
    await server.api.patch(
        "akoo.io/v1alpha1/AKODeployment", None, name, status, subresource="status"
    )
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(crds.kubeconfig)
    kubectl = build.ensure(["kubernetes"]).binary("kubectl")
    command = [str(kubectl), f"--kubeconfig={kubeconfig}", f"--cache-dir={tmp_path}", "get", "akod"]
    shown = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=True, timeout=60
    )
    head, row = (line.split() for line in shown.stdout.splitlines())
    assert head == [
        "NAME",
        "NAMESPACE",
        "CLUSTER",
        "CONFIG",
        "AKO",
        "PHASE",
        "READY",
        "REASON",
        "LEFT",
        "AGE",
    ]
    assert row[:-1] == f"{name} team-a shop default 2.1.1 Sweeping False Sweeping 7".split()


def changed(obj: Object, changes: dict[str, Any]) -> Object:
    """A copy with values set (or, for None, removed) at dotted paths below spec."""
    result = copy.deepcopy(obj)
    for path, value in changes.items():
        *parents, last = path.split(".")
        node = result["spec"]
        for key in parents:
            node = node.setdefault(key, {})
        if value is None:
            node.pop(last)
        else:
            node[last] = value
    return result


WORKLOAD = structs.replace(SMALL, workload=record.Workload(kube_system_uid="w-1"))
FINISHED = structs.replace(
    SMALL, epoch=3, workload=FULL.workload, leaving=FULL.leaving, finished_at=AT
)
UNFINISHED = structs.replace(FULL, finished_at=None)
OBSERVED = structs.replace(SMALL, observed=True)
NEXT = {"epoch": 2}
UID = {"clusterRef.uid": "u-2"}

REFUSED: dict[str, tuple[record.RecordSpec, dict[str, Any], str]] = {
    "name on Avi": (
        SMALL,
        {"akoClusterName": "akoo-0123456789ac"},
        "is immutable, since all objects on the Avi Controller are marked with it",
    ),
    "name while it observes": (
        OBSERVED,
        {"akoClusterName": "my-cluster"},
        "only the end of observing may set it",
    ),
    "name of one that begins to observe": (
        SMALL,
        {"akoClusterName": "my-cluster", "observed": True},
        "is immutable",
    ),
    "instance": (SMALL, {"instance": "two"}, "instance is immutable"),
    "epoch jumps": (SMALL, {"epoch": 3}, "epoch may stay as it is or rise by one, never fall"),
    "epoch falls": (UNFINISHED, {"epoch": 2}, "epoch may stay as it is or rise by one, never fall"),
    "epoch forgotten": (UNFINISHED, {"epoch": None}, "epoch may stay as it is or rise by one"),
    "other management cluster": (
        SMALL,
        {"managementId": "two"},
        (
            "may change only together with epoch + 1; to hand the record over to this management "
            "cluster annotate it with akoo.io/adopt and the id of the former one"
        ),
    ),
    "other namespace": (SMALL, NEXT | {"clusterRef.namespace": "b"}, "another Cluster has its own"),
    "other cluster": (SMALL, NEXT | {"clusterRef.name": "pay"}, "another Cluster has its own"),
    "other uid": (SMALL, UID, "may change only together with epoch + 1, or while the recorded"),
    "other uid and workload": (
        SMALL,
        UID | {"workload": {"kubeSystemUid": "w-2"}},
        "may change only together with epoch + 1, or while the recorded",
    ),
    "finished, and another name": (FINISHED, {"akoClusterName": "other"}, "is immutable"),
    "other workload": (
        WORKLOAD,
        NEXT | {"workload.kubeSystemUid": "w-2"},
        "workload is immutable once it is recorded",
    ),
    "workload forgotten": (WORKLOAD, {"workload": None}, "workload is immutable once it is"),
}


@pytest.mark.parametrize(("spec", "changes", "message"), REFUSED.values(), ids=REFUSED.keys())
async def test_identity_is_kept(
    spec: record.RecordSpec, changes: dict[str, Any], message: str, server: Server
) -> None:
    stored = await server.create(record.to_object("akoo-0123456789ab", spec))
    with pytest.raises(kubeapi.ApiError) as caught:
        await server.try_replace(changed(stored, changes))
    assert caught.value.status == 422
    assert message in str(caught.value)


ALLOWED: dict[str, tuple[record.RecordSpec, dict[str, Any]]] = {
    "adopted": (OBSERVED, {"akoClusterName": "my-cluster", "observed": None}),
    "default written out": (SMALL, {"instance": "ako", "epoch": 1, "schemaVersion": 1}),
    "handed over": (SMALL, NEXT | UID | {"managementId": "two"}),
    "same workload under a new uid": (WORKLOAD, UID),
    "workload recorded": (SMALL, {"workload": {"kubeSystemUid": "w-1"}}),
    "other config": (SMALL, {"configRef": {"name": "edge", "uid": "c-2"}}),
    "of a newer operator": (SMALL, {"schemaVersion": 9}),
    "started anew": (
        FINISHED,
        {"finishedAt": None, "leaving": None, "workload": None, "epoch": None},
    ),
}


@pytest.mark.parametrize(("spec", "changes"), ALLOWED.values(), ids=ALLOWED.keys())
async def test_what_may_change(
    spec: record.RecordSpec, changes: dict[str, Any], server: Server
) -> None:
    stored = await server.create(record.to_object("akoo-0123456789ab", spec))
    wanted = changed(stored, changes)
    assert (await server.try_replace(wanted))["spec"] == wanted["spec"]


@pytest.mark.parametrize("name", ["", "shop/web", "a" * 254])
async def test_names_that_ako_cannot_have(name: str, server: Server) -> None:
    wrong = structs.replace(SMALL, ako_cluster_name=name)
    with pytest.raises(kubeapi.ApiError, match=r"spec\.akoClusterName"):
        await server.try_create(record.to_object("akoo-0123456789ab", wrong))
