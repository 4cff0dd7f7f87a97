"""Names of AKO's objects in a workload cluster, and of what AKO writes there.

They are AKO's own (its Helm chart, and what its binary looks up): none is ours to choose but the
two annotations.
"""

from __future__ import annotations

from typing import Final

PLUGIN: Final = "ako"
NAMESPACE: Final = "avi-system"
STATEFUL_SET: Final = "ako"
CONTAINER: Final = "ako"
GATEWAY_CONTAINER: Final = "ako-gateway-api"
ISTIO_PATH: Final = "/etc/istio-output-certs"
CONFIG_MAP: Final = "avi-k8s-config"
SECRET: Final = "avi-secret"  # noqa: S105 - a name
SERVICE_ACCOUNT: Final = "ako-sa"
CLUSTER_ROLE: Final = "ako-cr"
CLUSTER_ROLE_BINDING: Final = "ako-crb"
CLASS: Final = "avi-lb"
"""Of the IngressClass and of the GatewayClass."""
CONTROLLER: Final = "ako.vmware.com/avi-lb"

SELECTOR: Final = {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": "ako"}
"""Immutable in a StatefulSet, so the same for every release."""
POD_SELECTOR: Final = "app.kubernetes.io/name=ako"
"""For lists; looser than SELECTOR, so that a Pod of another install is seen, too."""

FAMILY: Final = ("ako", "ako-crd-operator", "amko")
"""Label app.kubernetes.io/name of what writes to Avi, as the vendor's charts set it."""

DELETE_CONFIG: Final = "deleteConfig"
"""The ConfigMap key; exactly the text ``true`` makes AKO delete its Avi objects, at once."""
DELETION_STATUS: Final = "AviObjectDeletionStatus"
"""AKO's annotation on its StatefulSet: Started, Done or Timeout; absent: it was not asked."""
GATEWAY_DELETION_STATUS: Final = "AviGatewayObjectDeletionStatus"

DELETE_CONFIG_LABEL: Final = "networking.tkg.tanzu.vmware.com/avi-config-delete"
"""On a Cluster, text ``true``: the user's word to clean Avi while the cluster lives on."""

CONFIG_HASH_ANNOTATION: Final = "akoo.io/config-hash"
"""On the Pod template: of every ConfigMap key that AKO reads only at its start."""
ASKED_AT_ANNOTATION: Final = "akoo.io/delete-config-asked-at"
"""On the ConfigMap: when deleteConfig was last set by drain."""
ANSWERED_AT_ANNOTATION: Final = "akoo.io/delete-config-answered-at"
"""On the ConfigMap: when drain first saw AKO's answer."""

LOG_VOLUME: Final = "ako-pv-storage"
ISTIO_VOLUME: Final = "istio-certs"
"""Volumes of the Pod."""
