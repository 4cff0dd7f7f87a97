"""Waits until the management cluster is ready, and names in one line what is missing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from akoo_core import errors
from akoo_core.kube import client, crds, discovery, resource, rights
from akoo_core.kube import errors as kube_errors
from akoo_core.plugin import api

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 3.0

T = TypeVar("T")

_log = logging.getLogger(__name__)


async def management_id(kube: client.KubeClient) -> str:
    """The UID of kube-system: it identifies this management cluster."""
    system = await kube.get(resource.NAMESPACES, "kube-system")
    uid: str = system["metadata"]["uid"]
    return uid


async def cluster_kind(
    kube: client.KubeClient,
    rules: Iterable[api.RbacRule],
    *,
    own: Iterable[api.RbacRule] = (),
    namespace: str = "",
    plugins: Iterable[str],
) -> resource.Resource:
    """The Cluster kind, once API, CRDs, Cluster API and rights are all there. ``own`` are rules in
    the operator's ``namespace`` only.

    Raises PrerequisiteError in one line, or KubeError.
    """
    await crds.check_crds(kube)
    await rights.check_rights(
        kube,
        rules,
        own=own,
        namespace=namespace,
        command=f"akoo-core manifests rbac --plugins {','.join(plugins) or 'none'}",
    )
    try:
        return await discovery.clusters(kube)
    except kube_errors.NotFoundError as error:
        raise errors.PrerequisiteError(
            "ClusterAPIMissing",
            "the API server has no cluster.x-k8s.io. Install Cluster API: clusterctl init",
        ) from error


async def until_ready(ask: Callable[[], Awaitable[T]], say: Callable[[str], None]) -> T:
    """Call ``ask`` again, with growing pauses, until nothing is missing any more.

    Each problem is logged once in a row, and passed to ``say`` at every try.
    """
    pause, logged = FIRST_PAUSE_SECONDS, ""
    while True:
        try:
            return await ask()
        except (errors.PrerequisiteError, kube_errors.KubeError, TimeoutError) as error:
            missing = str(error) or "the API server does not answer in time"
        if missing != logged:
            _log.warning("akoo-core: %s", missing)
        say(missing)
        logged = missing
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
