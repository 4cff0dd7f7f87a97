"""Does an operator run? Its Lease says so, as long as it has one (leaderElection.enabled)."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from akoo_core import errors, structs
from akoo_core.kube import client, resource
from akoo_core.kube import errors as kube_errors

DURATION_SECONDS = 60


class Lease(NamedTuple):
    """Where the operator's Lease is."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


async def holder(kube: client.KubeClient, of: Lease, now: datetime.datetime) -> str:
    """Who holds the Lease now, or "". Raises InputError when there is no such Lease."""
    try:
        lease = await kube.get(resource.LEASES, of.name, of.namespace)
    except kube_errors.NotFoundError as error:
        raise errors.InputError(
            f"there is no Lease {of}, by which a running operator is known. Say "
            "where it is: --namespace, --lease (settings operatorNamespace, leaderElection)"
        ) from error
    return held_by(lease, now)


def held_by(lease: client.Object, now: datetime.datetime) -> str:
    """The holder, unless it gave the Lease back or let it run out. Pure."""
    spec = lease.get("spec") or {}
    who = spec.get("holderIdentity") or ""
    renewed = spec.get("renewTime")
    if not who or not renewed:
        return ""
    seconds = spec.get("leaseDurationSeconds") or DURATION_SECONDS
    until = structs.convert(renewed, datetime.datetime) + datetime.timedelta(seconds=seconds)
    return who if until > now else ""
