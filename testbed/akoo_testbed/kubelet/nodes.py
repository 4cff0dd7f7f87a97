"""Nodes as values: how a fake machine registers, lives and is lost."""

import dataclasses
import datetime
import hashlib

from akoo_testbed.kubeapi import Object

CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"
UNREACHABLE_TAINT = "node.kubernetes.io/unreachable"
_AUTOMATIC_TAINTS = {"node.kubernetes.io/not-ready", UNREACHABLE_TAINT}
_HEALTHY = (
    ("MemoryPressure", "KubeletHasSufficientMemory"),
    ("DiskPressure", "KubeletHasNoDiskPressure"),
    ("PIDPressure", "KubeletHasSufficientPID"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class NodeSpec:
    """A machine that is to show itself as a Node."""

    name: str
    provider_id: str = ""
    version: str = "v1.34.4"
    control_plane: bool = False


def address_of(name: str) -> str:
    """A private IPv4 address that follows from a Node's or Pod's name."""
    first, two, three = hashlib.sha256(name.encode()).digest()[:3]
    return f"10.{first}.{two}.{1 + three % 254}"


def timestamp(now: datetime.datetime) -> str:
    """As Kubernetes writes it."""
    return now.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_manifest(spec: NodeSpec, now: datetime.datetime) -> Object:
    """The Node as its kubelet registers it."""
    labels = {"kubernetes.io/hostname": spec.name, "kubernetes.io/os": "linux"}
    taints = []
    if spec.control_plane:
        labels[CONTROL_PLANE_LABEL] = ""
        taints.append({"key": CONTROL_PLANE_LABEL, "effect": "NoSchedule"})
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": spec.name, "labels": labels},
        "spec": {"providerID": spec.provider_id, "taints": taints},
        "status": node_status(spec, now),
    }


def node_status(spec: NodeSpec, now: datetime.datetime) -> Object:
    """The status of a Node whose machine works."""
    room = {"cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "20Gi"}
    return {
        "capacity": room,
        "allocatable": room,
        "addresses": [
            {"type": "InternalIP", "address": address_of(spec.name)},
            {"type": "Hostname", "address": spec.name},
        ],
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": spec.name,
            "containerRuntimeVersion": "fake://1",
            "kernelVersion": "6.0.0-fake",
            "kubeProxyVersion": spec.version,
            "kubeletVersion": spec.version,
            "machineID": spec.name,
            "operatingSystem": "linux",
            "osImage": "fake",
            "systemUUID": spec.name,
        },
        "conditions": [
            *(_condition(kind, "False", reason, now) for kind, reason in _HEALTHY),
            _condition("Ready", "True", "KubeletReady", now),
        ],
    }


def lost_status(now: datetime.datetime) -> Object:
    """The status that the control plane writes for a Node that no longer reports."""
    kinds = [*(kind for kind, _ in _HEALTHY), "Ready"]
    return {"conditions": [_condition(kind, "Unknown", "NodeStatusUnknown", now) for kind in kinds]}


def working_taints(taints: list[Object]) -> list[Object]:
    """Without those that the API server and the control plane put on a Node that is not ready."""
    return [taint for taint in taints if taint["key"] not in _AUTOMATIC_TAINTS]


def lost_taints(taints: list[Object]) -> list[Object]:
    """With those of a Node that no longer reports."""
    ours = [{"key": UNREACHABLE_TAINT, "effect": e} for e in ("NoSchedule", "NoExecute")]
    return working_taints(taints) + ours


def _condition(kind: str, status: str, reason: str, now: datetime.datetime) -> Object:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": "written by the test bed's kubelet",
        "lastHeartbeatTime": timestamp(now),
        "lastTransitionTime": timestamp(now),
    }
