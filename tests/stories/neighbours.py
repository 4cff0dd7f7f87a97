"""Unmanaged AKOs that share an Avi Controller with a dying cluster, under names like its own.

All of them live on one API server: each in a namespace of its own, which is all that it serves.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from akoo_testbed import kubeapi, waiting
from akoo_testbed.kubelet import FakeKubelet, KubeletOptions, NodeSpec
from akoo_testbed.kubelet.options import AkoProgram

from tests.stories import avi as avis
from tests.stories import traffic

LABELS = {"app.kubernetes.io/name": "ako"}
SECONDS = 60.0


def names(cluster_name: str) -> tuple[str, str, str]:
    """A prefix, a suffix and an infix of a name; AKO itself confuses the second with it."""
    return cluster_name[:-4], cluster_name[5:], cluster_name[5:-4]


class Street:
    """The API server of all unmanaged neighbours, with a kubelet that runs their AKOs."""

    def __init__(self, kubeconfig: str) -> None:
        self.api = kubeapi.KubeApi(kubeconfig)
        options = KubeletOptions(ako_program=AkoProgram.AKOSIM, restart_seconds=0.05)
        self._kubelet = FakeKubelet(kubeconfig, [NodeSpec("street")], options=options)

    async def start(self) -> None:
        await self._kubelet.start()
        spec = {"controller": "ako.vmware.com/avi-lb"}
        await self.api.create(_manifest("networking.k8s.io/v1", "IngressClass", "avi-lb", spec))

    async def stop(self) -> None:
        await self._kubelet.stop()
        await self.api.close()

    async def settle(
        self, namespace: str, cluster_name: str, avi: avis.Avi, *, cloud: str = avis.CLOUD
    ) -> None:
        """An unmanaged AKO named ``cluster_name``, with an L4 and an L7 service on Avi."""
        labels = {"ako": namespace}
        home = {"apiVersion": "v1", "kind": "Namespace"}
        await self.api.create({**home, "metadata": {"name": namespace, "labels": labels}})
        account = f"ako-{namespace}"
        secret = {
            "username": account,
            "password": avi.account(account),
            "certificateAuthorityData": avi.ca_pem,
        }
        data = {key: base64.b64encode(value.encode()).decode() for key, value in secret.items()}
        await self.api.create(_manifest("v1", "Secret", "avi-secret", None, namespace, data=data))
        settings = _settings(namespace, cluster_name, avi) | {"cloudName": cloud}
        config = _manifest("v1", "ConfigMap", "avi-k8s-config", None, namespace, data=settings)
        await self.api.create(config)
        await traffic.serve(self.api, namespace, f"{namespace}.{traffic.HOST_SUFFIX}")
        await self.api.create(_stateful_set(namespace))
        await served(avi, cluster_name)

    async def leave(self, namespace: str) -> None:
        """Stop a neighbour's AKO; what it has on Avi stays there, as when a cluster is lost."""
        await self.api.delete("apps/v1/StatefulSet", namespace, "ako")
        await self.api.delete("v1/Pod", namespace, "ako-0", grace_seconds=0)


async def served(avi: avis.Avi, cluster_name: str) -> None:
    """Wait until a cluster's L4 and L7 services are on Avi."""

    async def there() -> bool:
        objects = avi.marked(cluster_name)
        kinds = [name.partition("/")[0] for name in objects]
        wanted = {"l4policyset", "httppolicyset", "sslkeyandcertificate", "stringgroup"}
        return kinds.count("virtualservice") >= 3 and wanted <= set(kinds)

    title = f"the services of {cluster_name} on Avi"
    try:
        await waiting.until(there, title=title, seconds=SECONDS)
    except TimeoutError as error:
        refused = [str(entry) for entry in avi.controller.journal if entry.status >= 400]
        error.add_note("\n".join(["there:", *avi.marked(cluster_name), "refused:", *refused[-20:]]))
        raise


async def routed(avi: avis.Avi, cluster_name: str) -> None:
    """Wait until a cluster's routes are in the VRF, and its label is on the SE group."""

    async def there() -> bool:
        names = avi.of(cluster_name)
        return any(" route" in name for name in names) and any(" label" in name for name in names)

    title = f"the routes of {cluster_name} and its label on Avi"
    await waiting.until(there, title=title, seconds=SECONDS)


def _settings(namespace: str, cluster_name: str, avi: avis.Avi) -> dict[str, str]:
    return {
        "clusterName": cluster_name,
        "controllerIP": avi.address,
        "cloudName": avis.CLOUD,
        "serviceEngineGroupName": avis.SE_GROUP,
        "vipNetworkList": json.dumps([{"networkName": avis.NETWORK, "cidr": avis.CIDR}]),
        "serviceType": "NodePort",
        "shardVSSize": "SMALL",
        "deleteConfig": "false",
        "disableStaticRouteSync": "true",
        "nsSyncLabelKey": "ako",
        "nsSyncLabelValue": namespace,
        "fullSyncFrequency": "1800",
    }


def _stateful_set(namespace: str) -> dict[str, Any]:
    containers = [{"name": "ako", "image": "registry.example.com/ako:2.1.1"}]
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": containers}}
    spec = {
        "serviceName": "ako",
        "replicas": 1,
        "selector": {"matchLabels": LABELS},
        "template": template,
    }
    return _manifest("apps/v1", "StatefulSet", "ako", spec, namespace)


def _manifest(
    version: str,
    kind: str,
    name: str,
    spec: dict[str, Any] | None,
    namespace: str = "",
    **parts: Any,
) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    optional = {"spec": spec} if spec is not None else {}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **optional, **parts}
