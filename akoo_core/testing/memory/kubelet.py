"""The work of a workload cluster's controller manager and kubelets for StatefulSets.

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
        wanted = {_key(pod): pod for stateful_set in sets for pod in _pods(stateful_set)}
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
        for stateful_set in sets:
            await self._report(stateful_set)

    async def _run(self, pod: Object) -> None:
        containers = [
            {
                "name": container["name"],
                "image": container.get("image", ""),
                "ready": True,
                "restartCount": 0,
            }
            | {"state": {"running": {}}}
            for container in pod["spec"].get("containers") or ()
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

    async def _report(self, stateful_set: Object) -> None:
        replicas = int(stateful_set["spec"].get("replicas", 1))
        status = {
            "observedGeneration": stateful_set["metadata"].get("generation", 1),
            **dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas"), replicas),
        }
        if stateful_set.get("status") != status:
            namespace, name = _key(stateful_set)
            await self._client.merge_patch(
                resources.STATEFUL_SETS, name, {"status": status}, namespace, subresource="status"
            )


def _pods(stateful_set: Object) -> list[Object]:
    """The Pods that a StatefulSet wants."""
    template: dict[str, Any] = stateful_set["spec"].get("template") or {}
    metadata = template.get("metadata") or {}
    revision = hashlib.sha256(structs.encode_json(template)).hexdigest()[:10]
    pods: list[Object] = []
    for number in range(int(stateful_set["spec"].get("replicas", 1))):
        name = f"{stateful_set['metadata']['name']}-{number}"
        labels = {**(metadata.get("labels") or {}), REVISION_LABEL: revision, POD_LABEL: name}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": stateful_set["metadata"]["namespace"],
                "labels": labels,
                "annotations": dict(metadata.get("annotations") or {}),
            },
            "spec": {**(template.get("spec") or {}), "nodeName": f"node-{number}"},
        }
        pods.append(pod)
    return pods


def _key(obj: Object) -> tuple[str, str]:
    metadata = obj["metadata"]
    return str(metadata["namespace"]), str(metadata["name"])


def _revision(pod: Object) -> str:
    return str(pod["metadata"]["labels"][REVISION_LABEL])
