"""Looks whether the admission policy that keeps records knows the operator's account.

The policy names a ServiceAccount in its text, so that an installation in another namespace may have
the policy of the first. Such an operator works, and cannot drop a record after a move.
"""

from __future__ import annotations

from akoo_core.kube import errors as kube_errors
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import AKO_DEPLOYMENTS

POLICY = "keep-records.akoo.io"
CHECK = "policies"
"""Name of the readiness check."""
RECORDS = 50
"""Records that are looked at: one that is not finished is enough."""


async def refusal(kube: KubeClient, command: str) -> str:
    """The reason of not-ready, in one line; "" where the policy knows us, or nothing tells.

    The deletion of a record is tried, as a dry run. ``command`` prints the policies.
    Raises KubeError.
    """
    page = await kube.list(AKO_DEPLOYMENTS, limit=RECORDS)
    for obj in page.items:
        if (obj.get("spec") or {}).get("finishedAt"):
            continue  # Everybody may delete it.
        try:
            await kube.delete(AKO_DEPLOYMENTS, obj["metadata"]["name"], dry_run=True)
        except kube_errors.NotFoundError:
            continue
        except kube_errors.ForbiddenError as error:
            if POLICY not in str(error):
                raise
            return (
                f"policy {POLICY} does not let this account delete records: it names another one. "
                f"Apply it: {command} | kubectl apply --server-side -f -"
            )
        return ""
    return ""
