"""What the controller manager and the kubelets of a workload cluster do for StatefulSets.

One look at a time, when a test says so: Pods are made, replaced and ended by their template and
``replicas``, at once and always with success; the status follows. Deployments, DaemonSets and Jobs
are not known here.
"""

from __future__ import annotations

import hashlib
from typing import Any

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.testing.memory.server import MemoryServer
from akoo_core.testing.memory.store import Object

REVISION_LABEL = "controller-revision-hash"
POD_LABEL = "statefulset.kubernetes.io/pod-name"
OTHERS = "others"
"""The system under which calls that are not the operator's are traced."""


READY_EVENTS = {"ako": "AKOReady"}
"""By container, the Event by which its program says that it has started to work."""


class MemoryKubelet:
    """The Pods of one workload cluster."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server
        self._client = server.client(system=OTHERS, field_manager="kubelet")

    async def look(self) -> None:
        """Bring the Pods of all StatefulSets to what their templates say."""
        sets = [obj for _, obj in self._server.store.select(resources.STATEFUL_SETS, None)]
        wanted = {_key(pod): pod for one in sets for pod in _pods(one)}
        for _, pod in self._server.store.select(resources.PODS, None):
            if POD_LABEL not in (pod["metadata"].get("labels") or {}):
                continue  # Somebody else's.
            key = _key(pod)
            if key in wanted and _revision(wanted[key]) == _revision(pod):
                del wanted[key]
            else:
                await self._client.delete(resources.PODS, key[1], key[0])
        for pod in wanted.values():
            await self._client.create(resources.PODS, pod)
            await self._run(pod)
        for one in sets:
            await self._report(one)

    async def _run(self, pod: Object) -> None:
        containers = [
            {"name": one["name"], "image": one.get("image", ""), "ready": True, "restartCount": 0}
            | {"state": {"running": {}}}
            for one in pod["spec"].get("containers") or ()
        ]
        status = {"status": {"phase": "Running", "containerStatuses": containers}}
        namespace, name = _key(pod)
        await self._client.merge_patch(
            resources.PODS, name, status, namespace, subresource="status"
        )
        for container in containers:
            if container["name"] in READY_EVENTS:
                await self._say(namespace, name, READY_EVENTS[container["name"]])

    async def _say(self, namespace: str, pod_name: str, reason: str) -> None:
        pod = await self._client.get(resources.PODS, pod_name, namespace)
        uid = pod["metadata"]["uid"]
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{pod_name}.{uid}", "namespace": namespace},
            "involvedObject": {"kind": "Pod", "name": pod_name, "namespace": namespace, "uid": uid},
            "reason": reason,
        }
        await self._client.create(resources.CORE_EVENTS, event)

    async def _report(self, one: Object) -> None:
        replicas = int(one["spec"].get("replicas", 1))
        status = {
            "observedGeneration": one["metadata"].get("generation", 1),
            **dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas"), replicas),
        }
        if one.get("status") != status:
            namespace, name = _key(one)
            await self._client.merge_patch(
                resources.STATEFUL_SETS, name, {"status": status}, namespace, subresource="status"
            )


def _pods(one: Object) -> list[Object]:
    """The Pods that a StatefulSet wants."""
    template: dict[str, Any] = one["spec"].get("template") or {}
    metadata = template.get("metadata") or {}
    revision = hashlib.sha256(structs.encode_json(template)).hexdigest()[:10]
    found: list[Object] = []
    for number in range(int(one["spec"].get("replicas", 1))):
        name = f"{one['metadata']['name']}-{number}"
        labels = {**(metadata.get("labels") or {}), REVISION_LABEL: revision, POD_LABEL: name}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": one["metadata"]["namespace"],
                "labels": labels,
                "annotations": dict(metadata.get("annotations") or {}),
            },
            "spec": {**(template.get("spec") or {}), "nodeName": f"node-{number}"},
        }
        found.append(pod)
    return found


def _key(obj: Object) -> tuple[str, str]:
    metadata = obj["metadata"]
    return str(metadata["namespace"]), str(metadata["name"])


def _revision(pod: Object) -> str:
    return str(pod["metadata"]["labels"][REVISION_LABEL])
