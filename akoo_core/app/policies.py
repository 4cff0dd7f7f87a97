"""Looks whether the admission policy that keeps records knows the operator's account.

The policy names a ServiceAccount in its text, so that an installation in another namespace may have
the policy of the first. Such an operator works, and cannot drop a record after a move.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from akoo_core.kube import errors as kube_errors
from akoo_core.kube.client import KubeClient
from akoo_core.kube.resource import AKO_DEPLOYMENTS

POLICY = "keep-records.akoo.io"
CHECK = "policies"
"""Name of the readiness check."""
RECORDS = 50
"""Records that are looked at: one that is not finished is enough."""
LOOK_SECONDS = 60.0
"""Seconds between two looks."""

_log = logging.getLogger(__name__)


async def follow(kube: KubeClient, command: str, say: Callable[[str], None]) -> None:
    """Pass the reason of not-ready to ``say``, until a record was tried and the policy knows us.

    A new installation has no record: the first one that comes is tried. ``command`` prints the
    policies.
    """
    logged = ""
    while True:
        with contextlib.suppress(kube_errors.KubeError, TimeoutError):
            refused = await refusal(kube, command)
            say(refused or "")
            if refused == "":
                return
            if refused is not None and refused != logged:
                _log.warning("akoo-core: %s", refused)
            logged = refused or logged
        await asyncio.sleep(LOOK_SECONDS)


async def refusal(kube: KubeClient, command: str) -> str | None:
    """The reason of not-ready, in one line; "" where the policy knows us; None where there is no
    record to try.

    The deletion of a record is tried, as a dry run. Raises KubeError.
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
    return None
