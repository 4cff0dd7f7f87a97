"""Names that other people read: finalizers, annotations, labels, reserved names.

Also the derived names: of a record (objects outside carry it, too), and of a kubeconfig Secret.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

GROUP: Final = "akoo.io"
FINALIZER: Final = "akoo.io/cleanup"
"""On the Cluster, and on the ADC while records name it."""
ANCESTOR_FINALIZER: Final = "ako-operator.networking.tkg.tanzu.vmware.com"
"""Of AKOO, the Go ancestor, on Clusters and ADCs that it manages."""
ANCESTOR_LABEL: Final = "networking.tkg.tanzu.vmware.com/avi"
"""Of AKOO, on a Cluster: the name of the config that serves it. Kept as it would keep it."""
ANCESTOR_OPERATOR: Final = "ako-operator-controller-manager"
"""Deployment of AKOO."""
ANCESTOR_DEPLOYMENT: Final = f"tkg-system-networking/{ANCESTOR_OPERATOR}"
"""Its usual place."""
ANCESTOR_JOURNAL: Final = "akoo-migration-0"
"""ConfigMap in the operator's namespace: the beginning of the journal of a switch from AKOO."""
ANCESTOR_STOPPED: Final = "stopped"
"""Key in ANCESTOR_JOURNAL: AKOO was stopped by this switch, and its Pods have ended. The value is
the keys (``namespace/name``) of its Deployments, with commas between them."""
ANCESTOR_ACCOUNT_TYPE: Final = "avi.cluster.x-k8s.io/secret"
"""Type of the Secrets with accounts that AKOO made, beside their Clusters."""
RECORD_FINALIZER: Final = "akoo.io/record"
"""On the AKODeployment itself: it stays until everything it records is gone."""

RECORD_ANNOTATION: Final = "akoo.io/record"
"""On the Cluster: the name of its record. A copy for readers; it proves nothing."""
OPT_OUT_ANNOTATION: Final = "akoo.io/opt-out"
"""On the Cluster: select it by no ADC."""

PAUSED_ANNOTATION: Final = "akoo.io/paused"
LEAVE_ANNOTATION: Final = "akoo.io/leave"
CONFIRM_REMOVAL_ANNOTATION: Final = "akoo.io/confirm-removal"
UPGRADING_ANNOTATION: Final = "akoo.io/upgrading"
"""On the operator's namespace: "true" lets clusterctl stop the operator and delete its objects."""
ADOPT_ANNOTATION: Final = "akoo.io/adopt"
ABANDON_PLACEMENT_ANNOTATION: Final = "akoo.io/abandon-placement"
SWEEP_TENANTS_ANNOTATION: Final = "akoo.io/sweep-tenants"
LET_GO_ANNOTATION: Final = "akoo.io/let-go"

MOVE_LABEL: Final = "clusterctl.cluster.x-k8s.io/move"
"""clusterctl takes objects with this label along (value ignored)."""
DELETE_FOR_MOVE_ANNOTATION: Final = "clusterctl.cluster.x-k8s.io/delete-for-move"
CAPI_PAUSED_ANNOTATION: Final = "cluster.x-k8s.io/paused"
CAPI_CLUSTER_NAME_LABEL: Final = "cluster.x-k8s.io/cluster-name"

MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY: Final = "akoo-core"
"""On every object that is deployed to a workload cluster: the mark of ours."""
RECORD_LABEL: Final = "akoo.io/record"
"""On the same objects: the name of their record."""

ADOPTED_NAME_LABEL: Final = "akoo.io/adopted-name"
"""On a record: the start of a SHA-256 over the cluster name that it adopted, so that records of one
name are found by one list."""

KEPT_BY_LABEL: Final = "akoo.io/kept-by"
"""On Secrets that a plugin keeps in the operator's namespace: the name of the plugin."""
KEPT_TYPE: Final = "akoo.io/kept"
"""The type of these Secrets. No config may name one."""

LOAD_BALANCER_READY: Final = "akoo.io/LoadBalancerReady"
"""The one condition on the Cluster; usable in availabilityGates."""

INSTALL_FOR_ALL: Final = "install-ako-for-all"
INSTALL_FOR_MANAGEMENT: Final = "install-ako-for-management-cluster"
MANAGEMENT_NAMESPACE: Final = "tkg-system"
"""Every Cluster here is a management cluster (the ancestor's rule)."""

DEFAULT_INSTANCE: Final = "ako"


RECORD_PREFIX: Final = "akoo-"
_RECORD_NAME: Final = re.compile(r"akoo-[0-9a-f]{12}")
"""Of the names of records."""


def record_name(management_id: str, cluster_uid: str, instance: str = DEFAULT_INSTANCE) -> str:
    """The name of the record of one AKO in one Cluster: ``akoo-`` and 12 hex digits.

    Fixed length and free of ``--``, since AKO builds names of Avi objects from it with ``--`` as
    separator. A hash of the UIDs, so no two Clusters share it, whatever their names are.
    """
    identity = "\x00".join((management_id, cluster_uid, instance)).encode()
    return f"{RECORD_PREFIX}{hashlib.sha256(identity).hexdigest()[:12]}"


def is_record_name(name: str) -> bool:
    """The name has the form of those that :func:`record_name` makes."""
    return _RECORD_NAME.fullmatch(name) is not None


def adopted_name_label(cluster_name: str) -> str:
    """The value of ADOPTED_NAME_LABEL."""
    return hashlib.sha256(cluster_name.encode()).hexdigest()[:40]


def kubeconfig_secret_name(cluster_name: str) -> str:
    """The Secret in which Cluster API keeps the kubeconfig of a Cluster (key ``value``)."""
    return f"{cluster_name}-kubeconfig"
