"""The workload cluster of a record, and only of that record. Thin.

Another cluster may answer at a record's kubeconfig. So the UID of the kube-system namespace is
checked before anything is written.
"""

from __future__ import annotations

from typing import NamedTuple

from akoo_core.errors import LeadershipLostError
from akoo_core.kube import errors, workloads
from akoo_core.kube.client import KubeClient
from akoo_core.objects import names
from akoo_core.reconcile.read import pace, paced_client
from akoo_core.reconcile.read.caches import WorkloadAccess


class Reached(NamedTuple):
    """Result of ``reach``. ``client`` is None unless the right cluster answered."""

    client: KubeClient | None
    uid: str
    reason: str = ""
    message: str = ""


async def reach(
    access: WorkloadAccess,
    *,
    namespace: str,
    name: str,
    turn: pace.Turn,
    recorded: str = "",
) -> Reached:
    """Open the workload cluster. ``recorded`` "" accepts any cluster (the first contact).
    ``turn`` is the attempt's, for the Cluster of that UID.

    A kubeconfig that is not used for a tenant has its own reason: waiting does not help, the author
    of the Secret has to change it.
    """
    where = f"workload cluster {namespace}/{name}"
    try:
        inner = await access.client_for(namespace, name, turn.cluster_uid)
        client = paced_client.paced(inner, turn)
        uid = await workloads.kube_system_uid(client)
    except pace.SlowError as error:
        return Reached(None, "", "WorkloadSlow", f"The {where} is not called now: {error}.")
    except errors.NotFoundError as error:
        return Reached(None, "", "KubeconfigMissing", f"The {where} cannot be reached: {error}.")
    except errors.ForbiddenError as error:
        return Reached(None, "", "WorkloadForbidden", f"The {where} refuses: {error}.")
    except errors.KubeconfigError as error:
        secret = f"{namespace}/{names.kubeconfig_secret_name(name)}"
        text = f"Secret {secret} is not used to reach the {where}: {error.message}."
        return Reached(None, "", error.reason, text)
    except (errors.KubeError, TimeoutError) as error:
        text = str(error) or "it did not answer in time"
        return Reached(None, "", "WorkloadUnreachable", f"The {where} cannot be reached: {text}.")
    except LeadershipLostError:
        raise
    except Exception as error:  # noqa: BLE001 - what answers there may answer anything
        text = f"the answer is not from a Kubernetes API ({type(error).__name__})"
        return Reached(None, "", "WorkloadUnreachable", f"The {where} cannot be reached: {text}.")
    if recorded and uid != recorded:
        return Reached(
            None,
            uid,
            "WorkloadReplaced",
            f"Another cluster answers as {where}: its kube-system namespace is {uid}, the record "
            f"says {recorded}. It is not touched.",
        )
    return Reached(client, uid)
