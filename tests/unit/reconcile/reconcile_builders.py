"""Values for the tests of reconcile: short to write, complete to use."""

from __future__ import annotations

import datetime
from typing import Any

from akoo_core import structs
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Config, LabelSelector, Policies
from akoo_core.objects.record import (
    ClusterRef,
    ConfigRef,
    FenceGrade,
    FenceState,
    Leaving,
    Record,
    RecordSpec,
    StoredProof,
)
from akoo_core.reconcile.decide import selection, situation

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
MANAGEMENT = "mgmt-uid"
CLUSTER_UID = "11111111-aaaa"
RECORD = names.record_name(MANAGEMENT, CLUSTER_UID)


def seconds(amount: float) -> datetime.timedelta:
    return datetime.timedelta(seconds=amount)


def make_cluster(**changes: Any) -> Cluster:
    """Cluster demo/shop, alive, with our finalizer and labels lb=avi."""
    name = changes.get("name", "shop")
    namespace = changes.get("namespace", "demo")
    base = Cluster(
        namespace=namespace,
        name=name,
        uid=CLUSTER_UID,
        resource_version="1",
        labels={"lb": "avi"},
        annotations={},
        finalizers=(names.FINALIZER,),
        paused=False,
        deleting=False,
        moving=False,
        connectable=True,
        raw={
            "apiVersion": "cluster.x-k8s.io/v1beta2",
            "kind": "Cluster",
            "metadata": {"namespace": namespace, "name": name, "uid": CLUSTER_UID},
        },
    )
    return structs.replace(base, **changes)


def make_config(name: str = "default", **changes: Any) -> Config:
    """A config that selects lb=avi and carries our finalizer."""
    base = Config(
        name=name,
        uid=f"uid-{name}",
        created=NOW - seconds(3600),
        deleting=False,
        generation=1,
        selector=LabelSelector(match_labels={"lb": "avi"}),
        priority=0,
        policies=Policies(),
        raw={"metadata": {"name": name, "finalizers": [names.FINALIZER]}, "spec": {}},
    )
    return structs.replace(base, **changes)


def make_spec(**changes: Any) -> RecordSpec:
    base = RecordSpec(
        ako_cluster_name=RECORD,
        management_id=MANAGEMENT,
        cluster_ref=ClusterRef(namespace="demo", name="shop", uid=CLUSTER_UID),
        config_ref=ConfigRef(name="default", uid="uid-default"),
        plugins=("ako",),
    )
    return structs.replace(base, **changes)


def make_record(*, annotations: dict[str, str] | None = None, **changes: Any) -> Record:
    """A record of demo/shop; ``changes`` are of its spec."""
    return Record(
        name=RECORD,
        uid="record-uid",
        resource_version="7",
        created=NOW - seconds(3600),
        annotations=annotations or {},
        finalizers=(names.RECORD_FINALIZER,),
        spec=make_spec(**changes),
    )


def make_leaving(**changes: Any) -> Leaving:
    """Leaving that started a minute ago and has done nothing yet."""
    base = Leaving(cause="ClusterDeleted", started_at=NOW - seconds(60))
    return structs.replace(base, **changes)


def fence(grade: FenceGrade = "Stopped", ago: float = 40, settle: int = 0) -> Any:
    return FenceState(grade=grade, evidence="seen", at=NOW - seconds(ago), settle_seconds=settle)


def proof(own: int = 0, held: int = 0, ago: float = 1) -> StoredProof:
    return StoredProof(plugin="avi", at=NOW - seconds(ago), own=own, suspect=0, held=held)


def make_situation(**changes: Any) -> situation.Situation:
    """A record of a living, matched Cluster, with one plugin loaded that neither sweeps nor
    verifies."""
    config = make_config()
    base = situation.Situation(
        now=NOW,
        management_id=MANAGEMENT,
        name=RECORD,
        record=make_record(),
        cluster=make_cluster(),
        choice=selection.Choice(config=config, why="the only one that matches", current="Present"),
        loaded={"ako": situation.LoadedPlugin()},
    )
    return structs.replace(base, **changes)


NO_CONFIG = selection.Choice(why="no AKODeploymentConfig selects its labels", current="Present")
VERIFIER = {
    "avi": situation.LoadedPlugin(sweeps=True, verifies=True),
    "ako": situation.LoadedPlugin(),
}
