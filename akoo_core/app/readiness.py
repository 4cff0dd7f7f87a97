"""Waits until the management cluster is ready, and names in one line what is missing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from akoo_core import errors
from akoo_core.kube import client, crds, discovery, resource, rights
from akoo_core.kube import errors as kube_errors
from akoo_core.plugin import api

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 3.0

DEFAULT_NAMESPACE = "akoo-system"
"""The operator's namespace in commands that name none."""
NAMESPACE_PROBE = "akoo-core-probe"
"""Name of a Lease that is never stored."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


async def management_id(kube: client.KubeClient) -> str:
    """The UID of kube-system: it identifies this management cluster."""
    system = await kube.get(resource.NAMESPACES, "kube-system")
    uid: str = system["metadata"]["uid"]
    return uid


class Needs(NamedTuple):
    """The rights and kinds that an operator with its plugins cannot start without."""

    plugins: tuple[str, ...]
    """Names of the plugins, for the commands in messages."""
    rules: tuple[api.RbacRule, ...]
    own: tuple[api.RbacRule, ...] = ()
    """Rules in the operator's namespace only."""
    namespace: str = ""
    """The operator's namespace; "" for a process that needs none."""
    kinds: tuple[resource.Resource, ...] = ()
    """Kinds that controllers of plugins watch and cannot do without."""

    def command(self, part: str) -> str:
        """The command that prints what is missing."""
        words = f"akoo-core manifests {part}"
        if part not in {"namespace", "policies"}:
            words += f" --plugins {','.join(self.plugins) or 'none'}"
        if part != "crds" and self.namespace not in {"", DEFAULT_NAMESPACE}:
            words += f" --install-namespace {self.namespace}"
        return words


async def cluster_kind(kube: client.KubeClient, needs: Needs) -> resource.Resource:
    """The Cluster kind, once API, CRDs, namespace, Cluster API and rights are all there.

    Raises PrerequisiteError in one line, or KubeError.
    """
    await crds.check_crds(kube, more=needs.kinds, command=needs.command("crds"))
    if needs.namespace:
        await check_namespace(kube, needs)
    await rights.check_rights(
        kube,
        needs.rules,
        own=needs.own,
        namespace=needs.namespace,
        command=needs.command("rbac"),
    )
    try:
        return await discovery.clusters(kube)
    except kube_errors.NotFoundError as error:
        raise errors.PrerequisiteError(
            "ClusterAPIMissing",
            "the API server has no cluster.x-k8s.io. Install Cluster API: clusterctl init",
        ) from error


async def check_namespace(kube: client.KubeClient, needs: Needs) -> None:
    """Return when the operator's namespace is there. Raises PrerequisiteError, or KubeError.

    The operator may not read namespaces. It creates a Lease in a dry run: the server answers 404
    where the namespace is missing.
    """
    lease = {
        "apiVersion": resource.LEASES.api_version,
        "kind": resource.LEASES.kind,
        "metadata": {"name": NAMESPACE_PROBE, "namespace": needs.namespace},
    }
    try:
        await kube.create(resource.LEASES, lease, needs.namespace, dry_run=True)
    except kube_errors.NotFoundError as error:
        raise errors.PrerequisiteError(
            "NamespaceMissing",
            f'namespace "{needs.namespace}" of the operator does not exist. Create it: '
            f"{needs.command('namespace')} | kubectl apply --server-side -f -",
        ) from error
    except (kube_errors.ForbiddenError, kube_errors.AlreadyExistsError):
        return  # The check of rights names what is missing.


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
