"""Detects a running operator, and its limit, by its Lease, which it has if leaderElection.enabled
is true."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from akoo_core import errors, structs
from akoo_core.election import installations
from akoo_core.kube import client, resource
from akoo_core.kube import errors as kube_errors

DURATION_SECONDS = 60


class Lease(NamedTuple):
    """Namespace and name of the operator's Lease."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


async def holder(kube: client.KubeClient, of: Lease, now: datetime.datetime) -> str:
    """The current holder of the Lease, or "". Raises InputError when there is no such Lease."""
    return held_by(await _read(kube, of), now)


async def watched_namespace(kube: client.KubeClient, of: Lease) -> str:
    """The only namespace whose Clusters the last holder watches; "" for all. Raises InputError when
    there is no such Lease."""
    labels: dict[str, str] = (await _read(kube, of))["metadata"].get("labels") or {}
    return labels.get(installations.WATCH_LABEL, "")


async def _read(kube: client.KubeClient, of: Lease) -> client.Object:
    try:
        return await kube.get(resource.LEASES, of.name, of.namespace)
    except kube_errors.NotFoundError as error:
        raise errors.InputError(
            f"there is no Lease {of}, which a running operator holds. Name "
            "it: --namespace, --lease (settings operatorNamespace, leaderElection)"
        ) from error


def held_by(lease: client.Object, now: datetime.datetime) -> str:
    """The holder, unless it released the Lease or let it expire. Pure."""
    spec = lease.get("spec") or {}
    who = spec.get("holderIdentity") or ""
    renewed = spec.get("renewTime")
    if not who or not renewed:
        return ""
    seconds = spec.get("leaseDurationSeconds") or DURATION_SECONDS
    until = structs.convert(renewed, datetime.datetime) + datetime.timedelta(seconds=seconds)
    return who if until > now else ""
